//! What can go wrong while an input is frozen or read.

use crate::error::{Class, Code, Coded};

/// A failure of a driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The receiver went away or the run was interrupted.
    #[error("reading was cancelled")]
    Cancelled,
}

impl Coded for SourceError {
    fn code(&self) -> &'static Code {
        match self {
            SourceError::Cancelled => &codes::CANCELLED,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const CANCELLED: Code =
        Code::new(201, Class::Interrupted, "Run the same command again: it goes on from the last checkpoint.");

    pub(crate) const ALL: &[&Code] = &[&CANCELLED];
}
