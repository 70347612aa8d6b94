//! What stops decoding altogether, as opposed to the records it rejects.

use crate::error::Code;

/// A failure that condemns the object, not a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {}

impl crate::error::Coded for DecodeError {
    fn code(&self) -> &'static Code {
        match *self {}
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const ALL: &[&Code] = &[];
}
