//! Errors in a job file or a command line.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A job or a command that cannot be run as it is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The command line is not valid.
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
        /// The line where parsing failed.
        place: Place,
        /// Why.
        message: String,
    },
    /// A key that does not exist.
    #[error(
        "{place}: unknown key `{key}`{}: {}",
        in_section(section),
        known(key, expected)
    )]
    UnknownKey {
        /// The line with the key.
        place: Place,
        /// The key.
        key: String,
        /// The table that contains it, such as `source.files`; empty for the top level.
        section: String,
        /// The keys that exist in this table.
        expected: Vec<String>,
    },
    /// A required key is missing.
    #[error("{place}: `{key}` is missing{}", in_section(section))]
    Missing {
        /// The line of the table that lacks the key.
        place: Place,
        /// The key.
        key: String,
        /// The table that lacks it; empty for the top level.
        section: String,
    },
    /// A value of the wrong type, or outside of the allowed range.
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
        /// The line of `[source]` or `[target]`.
        place: Place,
        /// `source` or `target`.
        what: &'static str,
        /// The number that the job has: `none` or `several`.
        has: &'static str,
        /// The tables that exist for it.
        known: &'static [&'static str],
    },
    /// The name of the table is not valid.
    #[error("{place}: `table`: {problem}")]
    TableName {
        /// The line with the name.
        place: Place,
        /// What is wrong with it.
        problem: String,
    },
    /// The job has a range of event time, but the component declares no event time.
    #[error("the job has a range of event time, but `{}` names no input as `event-time`", component.display())]
    RangeWithoutTime {
        /// The component.
        component: PathBuf,
    },
    /// `gate.allow_absent` names no input of the component.
    #[error(
        "`gate.allow_absent` names `{name}`, which is no input of the component: {}",
        known_inputs(name, inputs)
    )]
    NoInput {
        /// The name.
        name: String,
        /// The inputs of the component.
        inputs: Vec<String>,
    },
    /// `gate.drift` limits what a column of the table does not have.
    #[error("`gate.drift.{column}`: {problem}")]
    DriftColumn {
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A flag that does not apply to the source of the job.
    #[error("{flag} applies to `{table}` only, but the job has another source")]
    FlagOfSource {
        /// The flag.
        flag: &'static str,
        /// The table of the source to which it applies.
        table: &'static str,
    },
    /// The operating system refused a request that every command needs.
    #[error("cannot {what}")]
    System {
        /// The action that failed, as a verb.
        what: &'static str,
        /// The error of the system.
        #[source]
        source: io::Error,
    },
    /// The argument of `explain` is not an error code.
    #[error("there is no error code `{code}`")]
    UnknownCode {
        /// The argument.
        code: String,
    },
}

/// A line of the job file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as given.
    pub path: PathBuf,
    /// The line, from 1; `None` for the whole file.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// The place where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the job file.
    File(Place),
    /// By a flag, or by the environment variable for it.
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

fn known_inputs(name: &str, inputs: &[String]) -> String {
    match nearest(name, inputs) {
        Some(input) => format!("did you mean `{input}`?"),
        None => format!("its inputs are {}", quoted(inputs)),
    }
}

/// The name in `known` that is most similar to `name`, if it is similar enough for a suggestion.
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

impl JobError {
    /// The error for a column in `gate.drift` that the table does not have; `columns` are those that it has.
    pub(crate) fn no_drift_column(column: &str, columns: &[String]) -> Self {
        let problem = match nearest(column, columns) {
            Some(meant) => format!("there is no such state or view: did you mean `{meant}`?"),
            None => format!(
                "there is no such state or view: there are {}",
                quoted(columns)
            ),
        };
        JobError::DriftColumn {
            column: column.to_owned(),
            problem,
        }
    }
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
            JobError::NoInput { .. } => &codes::NO_INPUT,
            JobError::DriftColumn { .. } => &codes::DRIFT_COLUMN,
            JobError::System { .. } => &codes::SYSTEM,
            JobError::UnknownCode { .. } => &codes::UNKNOWN_CODE,
        }
    }
}

/// The error codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const COMMAND_LINE: Code = Code::new(
        1,
        Class::Usage,
        "Run `backfold --help`, or the command with `--help`.",
    );
    pub(crate) const UNREADABLE: Code = Code::new(
        2,
        Class::Usage,
        "Give the job file as the first argument of the command, or run it in the folder with `job.toml`.",
    );
    pub(crate) const SYNTAX: Code = Code::new(
        3,
        Class::Usage,
        "Correct the line: strings need quotes, and a table starts with its [name].",
    );
    pub(crate) const UNKNOWN_KEY: Code =
        Code::new(4, Class::Usage, "Correct the key, or remove the line.");
    pub(crate) const MISSING: Code = Code::new(5, Class::Usage, "Add the key to the job file.");
    pub(crate) const VALUE: Code =
        Code::new(6, Class::Usage, "Correct the value where it was set.");
    pub(crate) const ONE_OF: Code = Code::new(
        7,
        Class::Usage,
        "Keep exactly one of these tables in the job file.",
    );
    pub(crate) const TABLE_NAME: Code = Code::new(
        8,
        Class::Usage,
        "Use at most 40 letters, digits and underscores, and start with a letter or an underscore.",
    );
    pub(crate) const SYSTEM: Code = Code::new(
        9,
        Class::Retry,
        "Remove the cause, which is in the system and not in the job, then run the same command again.",
    );
    pub(crate) const UNKNOWN_CODE: Code = Code::new(
        10,
        Class::Usage,
        "Copy the code from an error, such as BF0603; `backfold explain` without a code lists all of them.",
    );
    pub(crate) const RANGE_WITHOUT_TIME: Code = Code::new(
        11,
        Class::Usage,
        "Remove `[range]`, `--range`, `--from` and `--to`, or declare one of the component's inputs as `event-time`.",
    );
    pub(crate) const FLAG_OF_SOURCE: Code = Code::new(
        12,
        Class::Usage,
        "Remove the flag: the source of this job has no such setting.",
    );

    pub(crate) const NO_INPUT: Code = Code::new(
        13,
        Class::Usage,
        "Name inputs of the component as it declares them: `backfold inspect` lists them.",
    );

    pub(crate) const DRIFT_COLUMN: Code = Code::new(
        14,
        Class::Usage,
        "Name states and views of the component, and limit `sum` and `mean` of numbers only: `backfold inspect` lists them.",
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
        &NO_INPUT,
        &DRIFT_COLUMN,
    ];
}
