//! Failures of a page.

use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A failure of a page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The page cannot be written.
    #[error("cannot write the page {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Coded for PageError {
    fn code(&self) -> &'static Code {
        match self {
            PageError::Write { .. } => &codes::WRITE,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const WRITE: Code = Code::new(
        1201,
        Class::Usage,
        "Name a file in a folder that exists and that you may write to, with `--out`.",
    );

    pub(crate) const ALL: &[&Code] = &[&WRITE];
}
