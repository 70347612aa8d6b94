//! Why a split cannot be scanned.

use std::fmt;

use crate::decode::DecodeError;
use crate::error::{Code, Coded};
use crate::registry::RegistryError;
use crate::source::SourceError;

/// A failure that ends the scan of a split. Its code is that of its cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The source could not deliver the split.
    #[error(transparent)]
    Read(#[from] SourceError),
    /// An object of the split could not be inflated or decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The schemas of the split's messages could not be learned.
    #[error(transparent)]
    Schemas(#[from] SchemasError),
}

impl Coded for ScanError {
    fn code(&self) -> &'static Code {
        match self {
            ScanError::Read(error) => error.code(),
            ScanError::Decode(error) => error.code(),
            ScanError::Schemas(error) => error.code(),
        }
    }
}

/// A failure to learn the schemas of messages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemasError {
    /// The schema registry gives no answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A schema could not be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

impl Coded for SchemasError {
    fn code(&self) -> &'static Code {
        match self {
            SchemasError::Registry(error) => error.code(),
            SchemasError::Keep(error) => error.0.code(),
        }
    }
}

/// The error of a [`KeepSchemas`](super::KeepSchemas), of a module that a scan does not know.
#[derive(Debug)]
pub struct KeepError(Box<dyn Coded + Send + Sync>);

impl KeepError {
    /// Wraps an error; message, cause and code stay what they are.
    pub fn new(error: impl Coded + Send + Sync + 'static) -> Self {
        KeepError(Box::new(error))
    }
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for KeepError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
