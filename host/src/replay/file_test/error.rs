//! What a trial can end with, beside what a replay can.

use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A failure of a trial.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileTestError {
    /// Another table came of the input than was expected.
    #[error(
        "the table is not that of `{}`: {missing} rows are missing, {unexpected} unexpected, {different} different",
        path.display()
    )]
    Different {
        /// The file with what was expected.
        path: PathBuf,
        /// Rows that were expected.
        missing: usize,
        /// Rows that were not.
        unexpected: usize,
        /// Rows with other values than expected.
        different: usize,
    },
    /// What is expected cannot be read.
    #[error("`{}` does not say what to expect: {what}", path.display())]
    Expectation {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What came of the input cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Coded for FileTestError {
    fn code(&self) -> &'static Code {
        match self {
            FileTestError::Different { .. } => &codes::DIFFERENT,
            FileTestError::Expectation { .. } => &codes::EXPECTATION,
            FileTestError::Write { .. } => &codes::WRITE,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const DIFFERENT: Code = Code::new(
        801,
        Class::Gate,
        "Correct the component; or, where the new table is right, write it down with `--update`.",
    );
    pub(crate) const EXPECTATION: Code = Code::new(
        802,
        Class::Usage,
        "Write the file with `backfold test … --expect FILE --update`, and change it from there.",
    );
    pub(crate) const WRITE: Code = Code::new(803, Class::Usage, "Name a file that can be written.");

    pub(crate) const ALL: &[&Code] = &[&DIFFERENT, &EXPECTATION, &WRITE];
}
