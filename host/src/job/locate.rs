//! Errors of the TOML parser, translated into errors with the line, the key and a suggestion.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::{JobError, Origin, Place, nearest};

/// The text of a job file, or of another TOML file, for errors with line numbers.
pub(crate) struct Text<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl Text<'_> {
    /// Parses the text.
    ///
    /// # Errors
    /// Where it is no TOML, or has other keys or values than `T`.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        self.text
            .parse::<toml::Table>()
            .map_err(|error| JobError::Syntax {
                place: self.place(error.span()),
                message: error.message().lines().collect::<Vec<_>>().join(", "),
            })?;
        toml::from_str(self.text).map_err(|error| self.explain(&error))
    }

    /// The line on which `span` starts.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> Place {
        Place {
            path: self.path.to_owned(),
            line: span.map(|span| self.line(span.start)),
        }
    }

    /// The place of a setting in this file.
    pub(super) fn origin(&self, span: Range<usize>) -> Origin {
        Origin::File(self.place(Some(span)))
    }

    /// Translates an error of the TOML parser.
    pub(super) fn explain(&self, error: &toml::de::Error) -> JobError {
        let message = error.message();
        let names = backticked(message);
        let place = self.place(error.span());
        let (section, key) = error
            .span()
            .map(|span| self.key_at(span.start))
            .unwrap_or_default();
        match names.split_first() {
            Some((name, expected)) if message.starts_with("unknown field") => {
                JobError::UnknownKey {
                    place,
                    key: name.clone(),
                    section: if key.is_empty() {
                        String::new()
                    } else {
                        section
                    },
                    expected: expected.to_vec(),
                }
            }
            Some((name, _)) if message.starts_with("missing field") => {
                // The span is that of the table that lacks the key, which starts at its header, or of the whole file.
                JobError::Missing {
                    place,
                    key: name.clone(),
                    section,
                }
            }
            Some((name, expected)) if message.starts_with("unknown variant") => {
                let meant = nearest(name, expected).map(|name| format!(": did you mean `{name}`?"));
                let problem = format!(
                    "`{name}` is not one of {}{}",
                    listed(expected),
                    meant.unwrap_or_default()
                );
                JobError::Value {
                    origin: Origin::File(place),
                    key: path_of(&section, &key),
                    problem,
                }
            }
            _ => JobError::Value {
                origin: Origin::File(place),
                key: path_of(&section, &key),
                problem: message.lines().collect::<Vec<_>>().join(" "),
            },
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.before(offset).matches('\n').count() + 1
    }

    fn before(&self, offset: usize) -> &str {
        self.text.get(..offset).unwrap_or(self.text)
    }

    /// The table that contains a line, and the key that the line sets; the key is empty for the header of a table.
    fn key_at(&self, offset: usize) -> (String, String) {
        let start = self
            .before(offset)
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or("").trim();
        if let Some(header) = header(line) {
            return (header.to_owned(), String::new());
        }
        let section = self.text[..start]
            .lines()
            .rev()
            .find_map(|line| header(line.trim()))
            .unwrap_or("");
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        (section.to_owned(), key.to_owned())
    }
}

/// The name in the header of a table.
fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?.split_once(']')?.0;
    Some(inner.trim_start_matches('[').trim())
}

fn path_of(section: &str, key: &str) -> String {
    match (section, key) {
        ("", key) => key.to_owned(),
        (section, "") => section.to_owned(),
        (section, key) => format!("{section}.{key}"),
    }
}

/// The names between backticks in a message of serde, in order.
fn backticked(message: &str) -> Vec<String> {
    message
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn listed(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
