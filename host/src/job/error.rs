//! What can be wrong with a job file, a command line, or what they name.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A job or a command that cannot be run as it is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The command line does not make sense.
    #[error("{message}")]
    CommandLine {
        /// What is wrong with it.
        message: String,
    },
    /// The job file cannot be read.
    #[error("cannot read the job file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The job file is not TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// Where it stops being TOML.
        place: Place,
        /// Why.
        message: String,
    },
    /// A key that no job has.
    #[error(
        "{place}: unknown key `{key}`{}: {}",
        in_section(section),
        known(key, expected)
    )]
    UnknownKey {
        /// Where it stands.
        place: Place,
        /// The key.
        key: String,
        /// The table that it stands in, as `source.files`; empty at the top.
        section: String,
        /// The known keys.
        expected: Vec<String>,
    },
    /// A key that every job must have.
    #[error("{place}: `{key}` is missing{}", in_section(section))]
    Missing {
        /// Where it should stand.
        place: Place,
        /// The key.
        key: String,
        /// The table that it belongs to; empty at the top.
        section: String,
    },
    /// A value of the wrong type or out of its range.
    #[error("{origin}: `{key}`: {problem}")]
    Value {
        /// Where the value was set.
        origin: Origin,
        /// Its key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No source, several, or no target.
    #[error("{place}: a job has exactly one {what}, this one has {has} of {}", quoted(*known))]
    OneOf {
        /// Where it should stand.
        place: Place,
        /// `source` or `target`.
        what: &'static str,
        /// How many it has: `none` or `several`.
        has: &'static str,
        /// The tables that there are for it.
        known: &'static [&'static str],
    },
    /// A name that a table cannot have.
    #[error("{place}: `table`: {problem}")]
    TableName {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        problem: String,
    },
    /// A range in time, for a component that does not tell the time of an event.
    #[error("the job has a range of event time, but `{}` names no input as `event-time`", component.display())]
    RangeWithoutTime {
        /// The component.
        component: PathBuf,
    },
    /// A flag that is of no use for the job's source.
    #[error("{flag} goes with `{table}` alone, and the job has another source")]
    FlagOfSource {
        /// The flag.
        flag: &'static str,
        /// The table of the source that it is for.
        table: &'static str,
    },
    /// The system refused something that every command needs.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// `explain` was asked for a code that does not exist.
    #[error("there is no error code `{code}`")]
    UnknownCode {
        /// What was asked for.
        code: String,
    },
}

/// A line of the job file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The line, from 1; `None` where it concerns the whole file.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the job file.
    File(Place),
    /// By a flag, or the environment variable that stands for it.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(place) => place.fmt(f),
            Origin::Flag(flag) => flag.fmt(f),
        }
    }
}

fn in_section(section: &str) -> String {
    if section.is_empty() {
        String::new()
    } else {
        format!(" in [{section}]")
    }
}

fn known(key: &str, expected: &[String]) -> String {
    match nearest(key, expected) {
        Some(name) => format!("did you mean `{name}`?"),
        None if expected.is_empty() => "this table has no keys".into(),
        None => format!("known here: {}", quoted(expected)),
    }
}

/// The known name that `name` was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate.as_str()))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn quoted(names: impl IntoIterator<Item = impl fmt::Display>) -> String {
    names
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Coded for JobError {
    fn code(&self) -> &'static Code {
        match self {
            JobError::CommandLine { .. } => &codes::COMMAND_LINE,
            JobError::Unreadable { .. } => &codes::UNREADABLE,
            JobError::Syntax { .. } => &codes::SYNTAX,
            JobError::UnknownKey { .. } => &codes::UNKNOWN_KEY,
            JobError::Missing { .. } => &codes::MISSING,
            JobError::Value { .. } => &codes::VALUE,
            JobError::OneOf { .. } => &codes::ONE_OF,
            JobError::TableName { .. } => &codes::TABLE_NAME,
            JobError::RangeWithoutTime { .. } => &codes::RANGE_WITHOUT_TIME,
            JobError::FlagOfSource { .. } => &codes::FLAG_OF_SOURCE,
            JobError::System { .. } => &codes::SYSTEM,
            JobError::UnknownCode { .. } => &codes::UNKNOWN_CODE,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const COMMAND_LINE: Code = Code::new(
        1,
        Class::Usage,
        "Look at `backfold --help`, or at `--help` behind the command.",
    );
    pub(crate) const UNREADABLE: Code = Code::new(
        2,
        Class::Usage,
        "Name the job file as the command's first argument, or run it where `backfold.toml` is.",
    );
    pub(crate) const SYNTAX: Code = Code::new(
        3,
        Class::Usage,
        "Correct the line: strings stand in quotes, a table begins with its [name].",
    );
    pub(crate) const UNKNOWN_KEY: Code =
        Code::new(4, Class::Usage, "Correct the key, or take the line out.");
    pub(crate) const MISSING: Code = Code::new(5, Class::Usage, "Add the key to the job file.");
    pub(crate) const VALUE: Code =
        Code::new(6, Class::Usage, "Correct the value where it was set.");
    pub(crate) const ONE_OF: Code = Code::new(
        7,
        Class::Usage,
        "Add one of the tables named: where history comes from, or where the rebuilt table goes.",
    );
    pub(crate) const TABLE_NAME: Code = Code::new(
        8,
        Class::Usage,
        "Take at most 40 letters, digits and underscores, with a letter or an underscore first.",
    );
    pub(crate) const SYSTEM: Code = Code::new(
        9,
        Class::Retry,
        "Look at the cause: the system refused this, not the job.",
    );
    pub(crate) const UNKNOWN_CODE: Code = Code::new(
        10,
        Class::Usage,
        "Take the code as an error shows it, such as BF0603; `backfold explain` without one lists them all.",
    );
    pub(crate) const RANGE_WITHOUT_TIME: Code = Code::new(
        11,
        Class::Usage,
        "Leave `[range]`, `--range`, `--from` and `--to` out, or let the component name the input that is its `event-time`.",
    );
    pub(crate) const FLAG_OF_SOURCE: Code = Code::new(
        12,
        Class::Usage,
        "Leave the flag out: what it sets, this source does not have.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &COMMAND_LINE,
        &UNREADABLE,
        &SYNTAX,
        &UNKNOWN_KEY,
        &MISSING,
        &VALUE,
        &ONE_OF,
        &TABLE_NAME,
        &SYSTEM,
        &UNKNOWN_CODE,
        &RANGE_WITHOUT_TIME,
        &FLAG_OF_SOURCE,
    ];
}
