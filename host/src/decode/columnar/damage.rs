//! Errors for bytes of an object that are not valid, or that cannot be read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::decode::DecodeError;

/// An object and its format, for errors.
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

    /// The error of a valid object that cannot be read, from the `situation` and the way out of it.
    pub(super) fn not_read(self, situation: impl Into<String>) -> DecodeError {
        DecodeError::NotRead {
            object: self.object.to_owned(),
            format: self.format,
            situation: situation.into(),
        }
    }

    /// Runs a library on untrusted bytes. A panic of the library counts as an error, as it would return for invalid
    /// bytes.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] if `read` fails or panics.
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
