//! What can go wrong in and around a component.

use crate::error::Code;

/// A failure of a component, or of loading one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {}

impl crate::error::Coded for GuestError {
    fn code(&self) -> &'static Code {
        match *self {}
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const ALL: &[&Code] = &[];
}
