//! The parsed form of all templates: a pattern for each name of a key, from left to right.
//!
//! The time is read folder by folder, as long as the folders match, so the time of a folder is also that of all keys
//! below it. The other fields are read only if the whole key matches.

use chrono_tz::Tz;

use super::calendar::{self, Date};
use super::key::Key;
use super::key_fields::KeyFields;
use crate::source::EventRange;

/// The largest number of tokens in a name.
const MAX_TOKENS: usize = 64;

/// A pattern for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The names before `{**}`. Without `{**}`, all names; the last one is the object's.
    head: Vec<Name>,
    /// The names after `{**}`, of which the last one is the object's; empty if `{**}` is at the end, `None` without
    /// `{**}`.
    tail: Option<Vec<Name>>,
}

/// A pattern for one name.
type Name = Vec<Token>;

/// An element of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Literal text.
    Text(String),
    /// A part of the time.
    Time(Part),
    /// The name of a topic.
    Topic,
    /// The number of a partition: digits.
    Partition,
    /// An offset: digits.
    Offset,
    /// The value of the column with this name: one character or more.
    Column(String),
    /// Any text within a name, also none.
    Anything,
    /// Nothing, or a dot and any text: the extensions of a file.
    Ending,
    /// Any number of folders; at the end of a template, also any name.
    Folders,
    /// The end of a folder's name.
    Slash,
}

/// A part of a date with a fixed number of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    /// The last two digits of a year from 2000 on.
    ShortYear,
    Month,
    Day,
    Hour,
    Minute,
}

impl Token {
    /// The token as it is written in a template.
    fn shown(&self) -> String {
        match self {
            Token::Text(text) => return text.clone(),
            Token::Time(Part::Year) => "{yyyy}",
            Token::Time(Part::ShortYear) => "{yy}",
            Token::Time(Part::Month) => "{MM}",
            Token::Time(Part::Day) => "{dd}",
            Token::Time(Part::Hour) => "{HH}",
            Token::Time(Part::Minute) => "{mm}",
            Token::Topic => "{topic}",
            Token::Partition => "{partition}",
            Token::Offset => "{offset}",
            Token::Column(name) => return format!("{{{name}}}"),
            Token::Anything => "{*}",
            Token::Folders => "{**}",
            Token::Ending => ".…",
            Token::Slash => "/",
        }
        .to_owned()
    }

    /// Whether the token has no fixed length, so that only its neighbours determine where it ends.
    fn is_open(&self) -> bool {
        matches!(
            self,
            Token::Topic
                | Token::Partition
                | Token::Offset
                | Token::Column(_)
                | Token::Anything
                | Token::Ending
        )
    }
}

impl Pattern {
    /// Builds a pattern from tokens, each with its position in the template, from 1.
    ///
    /// # Errors
    /// The position, and what is wrong there.
    pub(super) fn new(tokens: Vec<(usize, Token)>) -> Result<Self, (usize, String)> {
        let mut pattern = Pattern {
            head: vec![Name::new()],
            tail: None,
        };
        let mut seen: Vec<Token> = Vec::new();
        // The first token of a name comes after a slash, and so does the first token of all.
        let (mut before, mut last_at) = (Token::Slash, 1);
        let mut tokens = tokens.into_iter().peekable();
        while let Some((at, token)) = tokens.next() {
            last_at = at;
            let names = pattern.tail.as_mut().unwrap_or(&mut pattern.head);
            let last = names.last_mut().map_or(0, |name| name.len());
            if last >= MAX_TOKENS {
                return Err((at, format!("a name can have at most {MAX_TOKENS} parts")));
            }
            // A number ends at the first character that is not a digit.
            let has_known_start = token == Token::Ending
                || token == Token::Anything && matches!(before, Token::Partition | Token::Offset);
            if before.is_open() && token.is_open() && !has_known_start {
                let problem = format!(
                    "it is not clear where `{}` ends and `{}` starts",
                    before.shown(),
                    token.shown()
                );
                return Err((at, problem));
            }
            let is_once = matches!(
                token,
                Token::Partition | Token::Offset | Token::Column(_) | Token::Folders
            );
            if is_once && seen.contains(&token) {
                return Err((at, format!("`{}` occurs twice", token.shown())));
            }
            match &token {
                Token::Slash if before == Token::Slash => {
                    return Err((at, "a name is missing before the `/`".to_owned()));
                }
                Token::Slash => names.push(Name::new()),
                Token::Folders => {
                    let is_alone = before == Token::Slash
                        && tokens.peek().is_none_or(|(_, next)| *next == Token::Slash);
                    if !is_alone {
                        return Err((at, "`{**}` must be alone between two `/`".to_owned()));
                    }
                    names.pop();
                    pattern.tail = Some(Vec::new());
                }
                _ => {
                    if let Some(name) = names.last_mut() {
                        name.push(token.clone());
                    }
                }
            }
            before = token.clone();
            seen.push(token);
        }
        if before == Token::Slash {
            return Err((last_at, "the name of the object is missing".to_owned()));
        }
        Ok(pattern)
    }

    /// Whether keys that match may have a time.
    pub(super) fn has_time(&self) -> bool {
        self.names().any(|name| has_time(name))
    }

    /// The time span of a key or a folder.
    pub(super) fn span(&self, key: &Key<'_>, zone: Tz) -> Option<EventRange> {
        self.date(key).span(zone)
    }

    /// The fields of a key; `None` if it does not match.
    pub(super) fn key_fields(&self, key: &Key<'_>) -> Option<KeyFields> {
        let mut key_fields = KeyFields::default();
        let names = key.names();
        let tail_at = match &self.tail {
            None if names.len() == self.head.len() => names.len(),
            None => return None,
            Some(tail) => names.len().checked_sub(tail.len())?,
        };
        let lacks_name =
            self.tail.as_ref().is_some_and(Vec::is_empty) && tail_at == self.head.len();
        if lacks_name
            || tail_at < self.head.len()
            || self.tail_begins(key).is_some_and(|begin| begin != tail_at)
        {
            return None;
        }
        let tail = self.tail.iter().flatten().zip(&names[tail_at..]);
        for (name, text) in self.head.iter().zip(&names).chain(tail) {
            add_fields(name, &fit(name, text)?, &mut key_fields)?;
        }
        Some(key_fields)
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        self.head.iter().chain(self.tail.iter().flatten())
    }

    /// The date from the names, up to the first one that does not match.
    fn date(&self, key: &Key<'_>) -> Date {
        let mut date = Date::default();
        let names = key.names();
        let folders = key.folders.len();
        // The pattern of a folder does not match the name of an object, nor the other way round.
        let is_object = |at: usize| at >= folders;
        let mut read = |patterns: &[Name], begin: usize, ends: bool| {
            for (at, name) in patterns.iter().enumerate() {
                let ends = ends && at + 1 == patterns.len();
                let Some(text) = names
                    .get(begin + at)
                    .filter(|_| ends == is_object(begin + at))
                else {
                    return false;
                };
                let Some(found) = fit(name, text) else {
                    return false;
                };
                add_time(name, &found, &mut date);
            }
            true
        };
        let Some(tail) = &self.tail else {
            read(&self.head, 0, true);
            return date;
        };
        if !read(&self.head, 0, false) {
            return date;
        }
        let begin = self.tail_begins(key).or_else(|| {
            // The tail has its time in the object's name, or has no time.
            key.name?;
            names
                .len()
                .checked_sub(tail.len())
                .filter(|begin| *begin >= self.head.len())
        });
        if let Some(begin) = begin {
            read(tail, begin, true);
        }
        date
    }

    /// The position of the first name after `{**}`, if the folders there contain the day or all parts of the time.
    /// `{**}` matches as few folders as possible, so the result does not depend on names further right.
    fn tail_begins(&self, key: &Key<'_>) -> Option<usize> {
        let tail = self.tail.as_ref()?;
        let (_, folders) = tail.split_last()?;
        let is_day = |name: &Name| name.contains(&Token::Time(Part::Day));
        let last = (folders.iter().position(is_day))
            .or_else(|| tail.iter().rposition(|name| has_time(name)))
            .filter(|last| *last < folders.len())?;
        let needed = &folders[..=last];
        if !needed.iter().any(|name| has_time(name)) {
            return None;
        }
        let head = self.head.len();
        let found = key.folders.get(head..)?;
        found
            .windows(needed.len())
            .position(|found| {
                needed
                    .iter()
                    .zip(found)
                    .all(|(name, text)| fit(name, text).is_some())
            })
            .map(|at| head + at)
    }
}

/// The fields of one name; `None` if it does not match.
pub(super) fn name_fields(name: &[Token], text: &str) -> Option<KeyFields> {
    let mut key_fields = KeyFields::default();
    add_fields(name, &fit(name, text)?, &mut key_fields)?;
    Some(key_fields)
}

fn has_time(name: &[Token]) -> bool {
    name.iter().any(|token| matches!(token, Token::Time(_)))
}

fn add_time(name: &[Token], found: &[&str], date: &mut Date) {
    for (token, text) in name.iter().zip(found) {
        let Token::Time(part) = token else {
            continue;
        };
        let value = calendar::number(text);
        let (place, value) = match part {
            Part::Year => (&mut date.year, value),
            Part::ShortYear => (&mut date.year, value.map(|year| 2000 + year)),
            Part::Month => (&mut date.month, value),
            Part::Day => (&mut date.day, value),
            Part::Hour => (&mut date.hour, value),
            Part::Minute => (&mut date.minute, value),
        };
        // The value of an earlier folder is kept.
        *place = place.or(value);
    }
}

/// Adds the fields of a name to `key_fields`; `None` if it contradicts an earlier name, or a number is too large.
fn add_fields(name: &[Token], found: &[&str], key_fields: &mut KeyFields) -> Option<()> {
    for (token, text) in name.iter().zip(found) {
        match token {
            Token::Topic => match &key_fields.topic {
                Some(topic) if topic != text => return None,
                _ => key_fields.topic = Some((*text).to_owned()),
            },
            Token::Partition => key_fields.partition = Some(text.parse().ok()?),
            Token::Offset => key_fields.offset = Some(text.parse().ok()?),
            Token::Column(column) => {
                key_fields
                    .columns
                    .insert(column.clone(), Some((*text).to_owned()));
            }
            _ => {}
        }
    }
    Some(())
}

/// The text that each token of a name matches; `None` if the name does not match. From left to right, each token
/// matches as much text as possible: a topic takes all hyphens except those that later tokens need.
fn fit<'a>(name: &[Token], text: &'a str) -> Option<Vec<&'a str>> {
    let mut fit = Fit {
        tokens: name,
        text,
        ends: Vec::with_capacity(name.len()),
        failed: Vec::new(),
    };
    if !fit.fits(0) {
        return None;
    }
    let mut begin = 0;
    Some(
        fit.ends
            .into_iter()
            .map(|end| &text[std::mem::replace(&mut begin, end)..end])
            .collect(),
    )
}

struct Fit<'n, 'a> {
    tokens: &'n [Token],
    text: &'a str,
    /// The end positions of the tokens that match so far.
    ends: Vec<usize>,
    /// For each position in the text, a bit set of the tokens that cannot start there; empty before the first is known.
    /// It keeps the search from trying the same position twice.
    failed: Vec<u64>,
}

impl Fit<'_, '_> {
    /// Whether the remaining tokens match the text from `at` on.
    fn fits(&mut self, at: usize) -> bool {
        let number = self.ends.len();
        let Some(token) = self.tokens.get(number) else {
            return at == self.text.len();
        };
        let bit = 1u64 << (number % MAX_TOKENS);
        if self.failed.get(at).is_some_and(|failed| failed & bit != 0) {
            return false;
        }
        let rest = &self.text[at..];
        let (shortest, longest) = match lengths(token, rest) {
            Some(lengths) => lengths,
            None => return false,
        };
        for length in (shortest..=longest).rev() {
            if !rest.is_char_boundary(length) {
                continue;
            }
            self.ends.push(at + length);
            if self.fits(at + length) {
                return true;
            }
            self.ends.truncate(number);
        }
        if token.is_open() {
            self.failed.resize(self.text.len() + 1, 0);
            self.failed[at] |= bit;
        }
        false
    }
}

/// The smallest and the largest number of bytes of `rest` that a token can match; `None` if it cannot match.
fn lengths(token: &Token, rest: &str) -> Option<(usize, usize)> {
    let digits = || rest.bytes().take_while(u8::is_ascii_digit).count();
    Some(match token {
        Token::Text(text) => {
            rest.starts_with(text.as_str()).then_some(())?;
            (text.len(), text.len())
        }
        Token::Time(part) => {
            let (length, values) = match part {
                Part::Year => (4, 1970..=2199),
                Part::ShortYear => (2, 0..=99),
                Part::Month => (2, 1..=12),
                Part::Day => (2, 1..=31),
                Part::Hour => (2, 0..=23),
                Part::Minute => (2, 0..=59),
            };
            let value = calendar::fixed(rest.get(..length)?, length)?;
            values.contains(&value).then_some((length, length))?
        }
        Token::Partition | Token::Offset => match digits() {
            0 => return None,
            digits => (1, digits),
        },
        Token::Topic | Token::Column(_) if rest.is_empty() => return None,
        Token::Topic | Token::Column(_) => (1, rest.len()),
        Token::Anything => (0, rest.len()),
        Token::Ending if rest.is_empty() || rest.starts_with('.') => (rest.len(), rest.len()),
        Token::Ending | Token::Folders | Token::Slash => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::layout::template::Template;

    fn found(template: &str, name: &str) -> Option<Vec<String>> {
        let template: Template = template.parse().expect(template);
        let name = fit(&template.pattern().head[0], name)?;
        Some(name.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn what_is_open_is_as_long_as_it_can_be() {
        for (template, name, expected) in [
            (
                "{topic}-{partition}-{offset}{*}",
                "a-1-2-3.gz",
                Some(vec!["a-1", "-", "2", "-", "3", ".gz"]),
            ),
            (
                "{*}.{a}.{b}",
                "x.y.z.gz",
                Some(vec!["x.y", ".", "z", ".", "gz"]),
            ),
            ("{a}é{b}", "éééé", Some(vec!["éé", "é", "é"])),
            ("x{*}", "x", Some(vec!["x", ""])),
            ("x{a}", "x", None),
            (
                "{yyyy}{MM}{dd}{*}",
                "20260131-x",
                Some(vec!["2026", "01", "31", "-x"]),
            ),
            ("{yyyy}{MM}", "202613", None),
        ] {
            let expected = expected.map(|texts| texts.into_iter().map(str::to_owned).collect());
            assert_eq!(found(template, name), expected, "{template} {name}");
        }
    }

    #[test]
    fn a_name_made_to_be_tried_in_all_ways_is_tried_once_each() {
        let template = format!(
            "{}x",
            (0..12).map(|n| format!("{{c{n}}}a")).collect::<String>()
        );
        // There are more than 10^18 ways to split the text; a search without memory would not end.
        assert_eq!(found(&template, &"a".repeat(250)), None);
    }
}
