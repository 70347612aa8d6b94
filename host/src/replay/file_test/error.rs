//! The errors of a file test, apart from those of a replay.

use std::path::PathBuf;

use crate::error::{Code, Coded};

/// A failure of a file test.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileTestError {
    /// Another table came of the input than was expected.
    #[error(
        "the table is not that of `{}`: {missing} rows are missing, {unexpected} unexpected, {different} different",
        path.display()
    )]
    Different {
        /// The file with the expected table.
        path: PathBuf,
        /// Rows that were expected.
        missing: usize,
        /// Rows that were not.
        unexpected: usize,
        /// Rows with other values than expected.
        different: usize,
    },
    /// The expected table cannot be read.
    #[error("`{}` does not say what to expect: {what}", path.display())]
    Expectation {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The expected table cannot be written.
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
    use crate::error::{Class, Code};

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
