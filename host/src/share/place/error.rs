//! What can be wrong with a place or a file of a share.

use std::fmt;
use std::io;
use std::ops::Range;

use crate::error::{Class, Code, Coded};
use crate::source::SourceError;

/// A failure of a share.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// A text is neither the path of a folder nor the URL of a bucket.
    #[error("`{text}` is not a place of a share: {problem}")]
    NotAPlace {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that must be there is not.
    #[error("{file} is missing")]
    Missing {
        /// The file, with its place.
        file: String,
    },
    /// A file is not what was written, or a document names a file that no share can have.
    #[error("{file} is damaged: {problem}")]
    Damaged {
        /// The file, or the share.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {file}")]
    Io {
        /// The action, as a verb.
        what: &'static str,
        /// The file or folder.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// A request to a bucket failed.
    #[error(transparent)]
    Bucket(Box<SourceError>),
    /// The process ends.
    #[error("the work on a share was cancelled")]
    Cancelled,
    /// Two writers of one name could both win there.
    #[error("{place} cannot hold a share: {problem}")]
    NoConditions {
        /// The share.
        place: String,
        /// What it lacks.
        problem: String,
    },
}

impl PlaceError {
    /// A file that ends before a range of it does.
    pub(super) fn too_short(file: impl fmt::Display, range: &Range<u64>) -> Self {
        PlaceError::Damaged {
            file: file.to_string(),
            problem: format!("it ends before byte {}", range.end),
        }
    }
}

impl From<SourceError> for PlaceError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Vanished { object, .. } => PlaceError::Missing { file: object },
            SourceError::Cancelled => PlaceError::Cancelled,
            error => PlaceError::Bucket(Box::new(error)),
        }
    }
}

impl Coded for PlaceError {
    fn code(&self) -> &'static Code {
        match self {
            PlaceError::NotAPlace { .. } => &codes::NOT_A_PLACE,
            PlaceError::Missing { .. } | PlaceError::Damaged { .. } => &codes::DAMAGED,
            PlaceError::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::NotADirectory
                // A file where a folder has to be.
                | io::ErrorKind::AlreadyExists => &codes::NOT_ALLOWED,
                _ => &codes::UNAVAILABLE,
            },
            PlaceError::Bucket(error) => match **error {
                SourceError::NoSuchBucket { .. } => &codes::NO_BUCKET,
                SourceError::NotAllowed { .. } => &codes::NOT_ALLOWED,
                SourceError::Credentials { .. } => &codes::CREDENTIALS,
                SourceError::Certificates { .. }
                | SourceError::Untrusted { .. }
                | SourceError::NotAStore { .. } => &codes::NOT_A_STORE,
                SourceError::Changed { .. } | SourceError::Transcoded { .. } => &codes::DAMAGED,
                _ => &codes::UNAVAILABLE,
            },
            PlaceError::Cancelled => &codes::UNAVAILABLE,
            PlaceError::NoConditions { .. } => &codes::NO_CONDITIONS,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const NOT_A_PLACE: Code = Code::new(
        1301,
        Class::Usage,
        "Give the path of a folder, or `s3://bucket/prefix`.",
    );
    pub(crate) const UNAVAILABLE: Code = Code::new(
        1302,
        Class::Retry,
        "Look whether the share is reachable and has space, then run the same command again.",
    );
    pub(crate) const NOT_ALLOWED: Code = Code::new(
        1303,
        Class::Usage,
        "Allow this process to list, read, write and remove files of the share, then run the same command again.",
    );
    pub(crate) const NO_CONDITIONS: Code = Code::new(
        1304,
        Class::Usage,
        "Use a share in which a name can be taken once: a folder with hard links, or a store with `If-None-Match`.",
    );
    pub(crate) const NO_BUCKET: Code = Code::new(
        1305,
        Class::Usage,
        "Correct the name of the bucket; for a compatible store, set AWS_ENDPOINT_URL_S3.",
    );
    pub(crate) const CREDENTIALS: Code = Code::new(
        1306,
        Class::Usage,
        "Give this process credentials: a role of its machine or pod, AWS_PROFILE, or the AWS variables.",
    );
    pub(crate) const NOT_A_STORE: Code = Code::new(
        1307,
        Class::Usage,
        "Correct AWS_ENDPOINT_URL_S3, or name the certificates to trust with AWS_CA_BUNDLE.",
    );

    pub(crate) const DAMAGED: Code = Code::new(
        1313,
        Class::Permanent,
        "Something changed or removed a file of the share: stage the build again with `--fresh`.",
    );
    pub(crate) const ALL: &[&Code] = &[
        &DAMAGED,
        &NOT_A_PLACE,
        &UNAVAILABLE,
        &NOT_ALLOWED,
        &NO_CONDITIONS,
        &NO_BUCKET,
        &CREDENTIALS,
        &NOT_A_STORE,
    ];
}
