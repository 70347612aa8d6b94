//! The customer key with which the store decrypts objects (SSE-C). It is read from a file or the environment, and is
//! never shown.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::source::SourceError;

/// The variable that holds the key as base64, if there is no file.
pub(super) const VARIABLE: &str = "BACKFOLD_SSE_C_KEY";

const KEY_BYTES: usize = 32;

pub(super) struct CustomerKey([u8; KEY_BYTES]);

impl CustomerKey {
    /// The only algorithm that S3 supports.
    pub(super) const ALGORITHM: &'static str = "AES256";

    /// The key from the file, or from the environment; `None` if neither is set.
    ///
    /// # Errors
    /// [`SourceError::CustomerKey`] if the file or the variable does not hold a key.
    pub(super) fn of(file: Option<&Path>) -> Result<Option<Self>, SourceError> {
        if let Some(path) = file {
            let place = path.display().to_string();
            let content = std::fs::read(path).map_err(|error| SourceError::CustomerKey {
                place: place.clone(),
                problem: error.to_string(),
            })?;
            return Self::parse(&content, place).map(Some);
        }
        match std::env::var(VARIABLE) {
            Ok(text) => Self::parse(text.as_bytes(), VARIABLE.to_owned()).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn parse(content: &[u8], place: String) -> Result<Self, SourceError> {
        if let Ok(key) = content.try_into() {
            return Ok(CustomerKey(key));
        }
        STANDARD
            .decode(content.trim_ascii())
            .ok()
            .and_then(|key| key.try_into().ok())
            .map(CustomerKey)
            .ok_or_else(|| SourceError::CustomerKey {
                place,
                problem: "expected 32 bytes or the base64 of 32 bytes".to_owned(),
            })
    }

    pub(super) fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    pub(super) fn md5(&self) -> String {
        STANDARD.encode(Md5::digest(self.0))
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_or_their_base64() {
        let key = [7; KEY_BYTES];
        let written = format!("{}\n", STANDARD.encode(key));
        for content in [&key[..], written.as_bytes()] {
            let parsed = CustomerKey::parse(content, String::new()).expect("a key");
            assert_eq!(parsed.0, key);
            assert_eq!(format!("{parsed:?}"), "CustomerKey");
        }
        let error = CustomerKey::parse(b"c2hvcnQ=", "key.txt".to_owned()).expect_err("short");
        assert_eq!(
            error.to_string(),
            "`key.txt` does not hold a key for SSE-C: expected 32 bytes or the base64 of 32 bytes"
        );
    }
}
