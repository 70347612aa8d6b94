//! Keys that follow a template: `{topic}/{yyyy}/{MM}/{dd}/{HH}/{partition}-{offset}.json`.
//!
//! | placeholder | matches |
//! |---|---|
//! | `{yyyy}` `{yy}` `{MM}` `{dd}` `{HH}` `{mm}` | a part of the time, with exactly this number of digits |
//! | `{topic}` | the topic |
//! | `{partition}` `{offset}` | the partition, and the offset of the object's first record: digits |
//! | `{*}` | any text within a name, also none |
//! | `{**}` | any number of folders, as few as possible so that the time after it matches; at the end, anything |
//! | `{any_name}` | a column of that name |
//!
//! A key that matches the template only up to some folder has the time that was read so far, and no other field.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::pattern::{Part, Pattern, Token};

/// A template, and the pattern that it was parsed into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    pattern: Pattern,
}

/// An error in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{template}` at character {at}: {problem}")]
pub struct TemplateFault {
    /// The template as written.
    pub template: String,
    /// The position of the error in characters, from 1.
    pub at: usize,
    /// What is wrong at this position.
    pub problem: String,
}

/// A position in a template, in characters from 1, and what is wrong there.
pub(super) type Fault = (usize, String);

/// The tokens of a template, each with its position in characters from 1.
pub(super) type Tokens = Vec<(usize, Token)>;

impl Template {
    /// Parses a template; `tokens` splits the text according to its syntax.
    pub(super) fn read(
        text: &str,
        tokens: impl Fn(&str) -> Result<Tokens, Fault>,
    ) -> Result<Self, TemplateFault> {
        let pattern = tokens(text).and_then(Pattern::new);
        let pattern = pattern.map_err(|(at, problem)| TemplateFault {
            template: text.to_owned(),
            at,
            problem,
        })?;
        Ok(Template {
            text: text.to_owned(),
            pattern,
        })
    }

    /// [`Template::read`] for a field that serde deserializes.
    pub(super) fn deserialize_as<'de, D: Deserializer<'de>>(
        deserializer: D,
        tokens: impl Fn(&str) -> Result<Tokens, Fault>,
    ) -> Result<Option<Self>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Template::read(&text, tokens)
            .map(Some)
            .map_err(serde::de::Error::custom)
    }

    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }
}

impl FromStr for Template {
    type Err = TemplateFault;

    fn from_str(text: &str) -> Result<Self, TemplateFault> {
        Template::read(text, |text| parse(text, "{", "}", token))
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateFault;

    fn try_from(text: String) -> Result<Self, TemplateFault> {
        text.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The token for a placeholder.
fn token(name: &str) -> Result<Token, String> {
    Ok(match name {
        "yyyy" => Token::Time(Part::Year),
        "yy" => Token::Time(Part::ShortYear),
        "MM" => Token::Time(Part::Month),
        "dd" => Token::Time(Part::Day),
        "HH" => Token::Time(Part::Hour),
        "mm" => Token::Time(Part::Minute),
        "topic" => Token::Topic,
        "partition" => Token::Partition,
        "offset" => Token::Offset,
        "*" => Token::Anything,
        "**" => Token::Folders,
        "" => return Err("a placeholder needs a name".to_owned()),
        "YYYY" | "hh" | "DD" => {
            return Err(format!(
                "`{{{name}}}` is not one of `{{yyyy}}`, `{{MM}}`, `{{dd}}`, `{{HH}}` and `{{mm}}`"
            ));
        }
        column => Token::Column(column.to_owned()),
    })
}

/// Splits a template into tokens; placeholders are enclosed by `open` and `close`.
pub(super) fn parse(
    text: &str,
    open: &str,
    close: &str,
    token: impl Fn(&str) -> Result<Token, String>,
) -> Result<Tokens, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let place = |at: usize| text[..at].chars().count() + 1;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(inside) = rest.strip_prefix(open) {
            let Some(end) = inside.find(close) else {
                return Err((place(at), format!("`{open}` is not closed by `{close}`")));
            };
            let name = &inside[..end];
            tokens.push((
                place(at),
                token(name).map_err(|problem| (place(at), problem))?,
            ));
            at += open.len() + end + close.len();
        } else if rest.starts_with('/') {
            tokens.push((place(at), Token::Slash));
            at += 1;
        } else if rest.starts_with(['{', '}']) {
            return Err((
                place(at),
                format!("`{}` is outside of a placeholder", &rest[..1]),
            ));
        } else {
            let open_at = rest.find(open).unwrap_or(rest.len());
            let end = rest
                .find(['/', '{', '}'])
                .unwrap_or(rest.len())
                .min(open_at);
            tokens.push((place(at), Token::Text(rest[..end].to_owned())));
            at += end;
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::layout::tests::{layout, shown, shown_named};

    /// A template, a key, the span of the key and its other fields.
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

    const HOUR: Option<&str> = Some("1h from 2026-01-31T05:00:00Z");
    const DAY: Option<&str> = Some("24h from 2026-01-31T00:00:00Z");

    fn check(cases: &[Case<'_>]) {
        for (template, key, time, expected) in cases {
            let layout = layout(json!({ "template": template }));
            assert_eq!(shown(&layout, key).as_deref(), *time, "{template} {key}");
            assert_eq!(shown_named(&layout, key), *expected, "{template} {key}");
        }
    }

    #[test]
    fn placeholders_are_read_from_a_key() {
        check(&[
            ("{yyyy}/{MM}/{dd}/{HH}/{*}", "2026/01/31/05/a.gz", HOUR, ""),
            (
                "{topic}/{yyyy}{MM}{dd}T{HH}{mm}/{*}.json",
                "clicks/20260131T0559/a.json",
                Some("1min from 2026-01-31T05:59:00Z"),
                "clicks",
            ),
            (
                "{region}/{topic}-{partition}-{offset}.{kind}",
                "eu/a-b-1-2.json",
                None,
                "a-b/1@2 kind=json region=eu",
            ),
            (
                "{**}/{yyyy}/{MM}/{dd}/{HH}/{*}",
                "a/b/2026/01/31/05/x",
                HOUR,
                "",
            ),
            (
                "{**}/{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/05/x",
                HOUR,
                "",
            ),
            (
                "{topic}/{**}/dt={yyyy}-{MM}-{dd}/{*}",
                "clicks/v2/eu/dt=2026-01-31/x",
                DAY,
                "clicks",
            ),
            ("{yyyy}-{MM}-{dd}/{**}", "2026-01-31/a/b/c", DAY, ""),
            ("logs-{yyyy}-{MM}-{dd}.gz", "logs-2026-01-31.gz", DAY, ""),
            (
                "{**}/logs-{yyyy}-{MM}-{dd}.gz",
                "a/b/logs-2026-01-31.gz",
                DAY,
                "",
            ),
            ("{**}/{topic}.json", "a/b/clicks.json", None, "clicks"),
        ]);
    }

    #[test]
    fn a_key_that_does_not_match_keeps_the_time_that_was_read_so_far() {
        check(&[
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/x5/a.gz",
                DAY,
                "nothing",
            ),
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}.gz",
                "2026/01/31/05/a.txt",
                HOUR,
                "nothing",
            ),
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/05/a/b.gz",
                HOUR,
                "nothing",
            ),
            ("{yyyy}/{MM}/{dd}/{HH}/{*}", "2026/01/31/05", DAY, "nothing"),
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}",
                "x/2026/01/31/05/a.gz",
                None,
                "nothing",
            ),
            ("{**}/{yyyy}/{MM}/{dd}/{*}", "a/b/c.gz", None, "nothing"),
            (
                "{**}/{yyyy}/{MM}/{dd}/{*}",
                "2026/01/31/2027/02/03/c.gz",
                DAY,
                "nothing",
            ),
            ("{topic}/{topic}-{*}", "clicks/views-1", None, "nothing"),
            ("{yyyy}/{**}", "2026", None, "nothing"),
        ]);
    }

    #[test]
    fn a_template_that_cannot_be_read_says_where() {
        let errors: Vec<String> = [
            "",
            "/a",
            "a//b",
            "a/",
            "é/{yyyy",
            "a}b",
            "{}",
            "{YYYY}/{*}",
            "{a}{b}",
            "{offset}{topic}",
            "{a}/{a}",
            "{offset}/{offset}",
            "a{**}/b",
            "{**}b",
            "{**}/a/{**}",
        ]
        .into_iter()
        .map(|text| text.parse::<Template>().expect_err(text).to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `` at character 1: the name of the object is missing
        `/a` at character 1: a name is missing before the `/`
        `a//b` at character 3: a name is missing before the `/`
        `a/` at character 2: the name of the object is missing
        `é/{yyyy` at character 3: `{` is not closed by `}`
        `a}b` at character 2: `}` is outside of a placeholder
        `{}` at character 1: a placeholder needs a name
        `{YYYY}/{*}` at character 1: `{YYYY}` is not one of `{yyyy}`, `{MM}`, `{dd}`, `{HH}` and `{mm}`
        `{a}{b}` at character 4: it is not clear where `{a}` ends and `{b}` starts
        `{offset}{topic}` at character 9: it is not clear where `{offset}` ends and `{topic}` starts
        `{a}/{a}` at character 5: `{a}` occurs twice
        `{offset}/{offset}` at character 10: `{offset}` occurs twice
        `a{**}/b` at character 2: `{**}` must be alone between two `/`
        `{**}b` at character 1: `{**}` must be alone between two `/`
        `{**}/a/{**}` at character 8: `{**}` occurs twice
        ");
    }
}
