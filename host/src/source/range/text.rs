//! Helpers for parsing bounds.

use crate::source::SourceError;

/// The error for `text`, which cannot be parsed for `reason`.
pub(super) fn unreadable(text: &str, reason: impl Into<String>) -> SourceError {
    SourceError::Bound {
        text: text.to_owned(),
        reason: reason.into(),
    }
}

/// Whether `text` consists of one or more ASCII digits.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
