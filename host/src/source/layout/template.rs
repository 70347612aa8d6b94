//! Keys as a template describes them: `{topic}/{yyyy}/{MM}/{dd}/{HH}/{partition}-{offset}.json`.
//!
//! | placeholder | stands for |
//! |---|---|
//! | `{yyyy}` `{yy}` `{MM}` `{dd}` `{HH}` `{mm}` | a part of the time, always of that many digits |
//! | `{topic}` | the topic |
//! | `{partition}` `{offset}` | its partition, and the offset of the object's first record: digits |
//! | `{*}` | anything within a name, or nothing |
//! | `{**}` | any folders, as few as let the time behind it be read; at the end, anything |
//! | `{any_name}` | a column of that name |
//!
//! A key that leaves the template is placed by the time that was read until then, and says nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::pattern::{Part, Pattern, Token};

/// A template and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    pattern: Pattern,
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{template}` at character {at}: {problem}")]
pub struct TemplateFault {
    /// The template as written.
    pub template: String,
    /// The place, from 1.
    pub at: usize,
    /// What is wrong there.
    pub problem: String,
}

/// A place in a template, in characters from 1, and what is wrong there.
pub(super) type Fault = (usize, String);

/// The tokens of a template, each with its place.
pub(super) type Tokens = Vec<(usize, Token)>;

impl Template {
    /// Reads a template of the dialect that `tokens` cuts.
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

    /// [`Template::read`] of a setting.
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

/// The token of a placeholder.
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
        "" => return Err("a placeholder has a name".to_owned()),
        "YYYY" | "hh" | "DD" => {
            return Err(format!(
                "`{{{name}}}` is none of `{{yyyy}}`, `{{MM}}`, `{{dd}}`, `{{HH}}` and `{{mm}}`"
            ));
        }
        column => Token::Column(column.to_owned()),
    })
}

/// Cuts a template whose placeholders stand between `open` and `close` into tokens, each with its place in
/// characters from 1.
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
                format!("`{}` stands outside of a placeholder", &rest[..1]),
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

    #[test]
    fn a_key_says_what_stands_in_the_place_of_each_placeholder() {
        let hour = Some("1h from 2026-01-31T05:00:00Z");
        let day = Some("24h from 2026-01-31T00:00:00Z");
        for (template, key, time, expected) in [
            ("{yyyy}/{MM}/{dd}/{HH}/{*}", "2026/01/31/05/a.gz", hour, ""),
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
                hour,
                "",
            ),
            (
                "{**}/{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/05/x",
                hour,
                "",
            ),
            (
                "{topic}/{**}/dt={yyyy}-{MM}-{dd}/{*}",
                "clicks/v2/eu/dt=2026-01-31/x",
                day,
                "clicks",
            ),
            ("{yyyy}-{MM}-{dd}/{**}", "2026-01-31/a/b/c", day, ""),
            ("logs-{yyyy}-{MM}-{dd}.gz", "logs-2026-01-31.gz", day, ""),
            (
                "{**}/logs-{yyyy}-{MM}-{dd}.gz",
                "a/b/logs-2026-01-31.gz",
                day,
                "",
            ),
            ("{**}/{topic}.json", "a/b/clicks.json", None, "clicks"),
            // What does not fit is placed by what was read until then, or not at all.
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/x5/a.gz",
                day,
                "nothing",
            ),
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}.gz",
                "2026/01/31/05/a.txt",
                hour,
                "nothing",
            ),
            (
                "{yyyy}/{MM}/{dd}/{HH}/{*}",
                "2026/01/31/05/a/b.gz",
                hour,
                "nothing",
            ),
            ("{yyyy}/{MM}/{dd}/{HH}/{*}", "2026/01/31/05", day, "nothing"),
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
                day,
                "nothing",
            ),
            ("{topic}/{topic}-{*}", "clicks/views-1", None, "nothing"),
            ("{yyyy}/{**}", "2026", None, "nothing"),
        ] {
            let layout = layout(json!({ "template": template }));
            assert_eq!(shown(&layout, key).as_deref(), time, "{template} {key}");
            assert_eq!(shown_named(&layout, key), expected, "{template} {key}");
        }
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
        `/a` at character 1: there is no name before the `/`
        `a//b` at character 3: there is no name before the `/`
        `a/` at character 2: the name of the object is missing
        `é/{yyyy` at character 3: `{` is not closed by `}`
        `a}b` at character 2: `}` stands outside of a placeholder
        `{}` at character 1: a placeholder has a name
        `{YYYY}/{*}` at character 1: `{YYYY}` is none of `{yyyy}`, `{MM}`, `{dd}`, `{HH}` and `{mm}`
        `{a}{b}` at character 4: nothing says where `{a}` ends and `{b}` begins
        `{offset}{topic}` at character 9: nothing says where `{offset}` ends and `{topic}` begins
        `{a}/{a}` at character 5: `{a}` stands there twice
        `{offset}/{offset}` at character 10: `{offset}` stands there twice
        `a{**}/b` at character 2: `{**}` stands alone between two `/`
        `{**}b` at character 1: `{**}` stands alone between two `/`
        `{**}/a/{**}` at character 8: `{**}` stands there twice
        ");
    }
}
