//! The error of a declaration: the entry at fault, and why.

use std::fmt;

/// An entry of a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The declaration as a whole, or a part of it that is missing.
    Whole,
    /// A condition of `where`, by its path.
    Where(String),
    /// A condition of `reject`, as it is written.
    Reject(String),
    /// `event_time`.
    EventTime,
    /// A column of `key`, by its name.
    Key(String),
    /// A state of `keep`, by its name.
    Keep(String),
}

impl Entry {
    /// The section and, within it, the key of the entry as it is written; both empty for the whole.
    pub fn place(&self) -> (&'static str, Option<&str>) {
        match self {
            Entry::Whole => ("", None),
            Entry::Where(path) => ("where", Some(path)),
            Entry::Reject(condition) => ("reject", Some(condition)),
            Entry::EventTime => ("event_time", None),
            Entry::Key(name) => ("key", Some(name)),
            Entry::Keep(name) => ("keep", Some(name)),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, key) = self.place();
        f.write_str(section)?;
        match key {
            None => Ok(()),
            Some(key) if key.bytes().all(is_plain) && !key.is_empty() => write!(f, ".{key}"),
            Some(key) => write!(f, ".{key:?}"),
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A declaration that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The entry at fault.
    pub entry: Entry,
    /// What is wrong with it.
    pub problem: String,
}

impl Error {
    pub(crate) fn new(entry: Entry, problem: impl Into<String>) -> Error {
        Error {
            entry,
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Entry::Whole => f.write_str(&self.problem),
            ref entry => write!(f, "{entry}: {}", self.problem),
        }
    }
}

impl std::error::Error for Error {}
