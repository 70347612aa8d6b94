//! What is said of bytes that make no sense.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::decode::DecodeError;

/// An object in a format, to say what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) object: &'a str,
    pub(super) format: &'static str,
}

impl Subject<'_> {
    pub(super) fn damaged(
        self,
        place: impl Into<String>,
        detail: impl Into<String>,
    ) -> DecodeError {
        DecodeError::Damaged {
            object: self.object.to_owned(),
            format: self.format,
            place: place.into(),
            detail: detail.into(),
        }
    }

    /// Runs what reads bytes that nobody vouches for. A library means to return an error for whatever is wrong with them;
    /// where it panics instead, that is one, too.
    pub(super) fn guarded<T, E: std::fmt::Display>(
        self,
        place: impl FnOnce() -> String,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        let detail = match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(read)) => return Ok(read),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the decoder panicked on it".to_owned(),
        };
        Err(self.damaged(place(), detail))
    }
}
