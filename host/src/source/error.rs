//! The errors of drivers.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::counted::{Objects, ObjectsAndFolders, Times};
use super::split::Object;
use crate::error::{Code, Coded};
use crate::units::ByteSize;

pub(crate) mod codes;

/// An error of a driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The receiver was dropped or the run was interrupted.
    #[error("reading was cancelled")]
    Cancelled,
    /// The configured path does not exist.
    #[error("there is no folder or file `{path}`")]
    NoSuchPath {
        /// The path as configured.
        path: String,
    },
    /// The archive has no objects at all.
    #[error("`{place}` holds no objects{}", Listed(.passed_over))]
    Empty {
        /// The folder, the pattern or the bucket with its prefix.
        place: String,
        /// Notes about the names that were found there and skipped, one sentence each.
        passed_over: Vec<String>,
    },
    /// The archive has objects, but the times in their keys are all outside the range.
    #[error(
        "`{place}` has no object whose key is within {lateness} of the range; outside it: {}",
        ObjectsAndFolders { objects: *objects, folders: *folders }
    )]
    NothingInRange {
        /// The folder, the pattern or the bucket with its prefix.
        place: String,
        /// The number of objects that were listed.
        objects: u64,
        /// The number of folders that were not listed.
        folders: u64,
        /// How far the time of an event may be from the time in the key, as text.
        lateness: String,
    },
    /// The system denied access to a folder or a file.
    #[error("no permission to read `{path}`")]
    Denied {
        /// The folder or file.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// A name is not UTF-8, so it cannot become a key.
    #[error("the name of `{path}` is not UTF-8")]
    Name {
        /// The path, with U+FFFD in place of the bytes that are not UTF-8.
        path: String,
    },
    /// A symbolic link leads to a folder that contains it.
    #[error("`{path}` leads back to a folder that contains it")]
    Loop {
        /// The folder, by the path on which it was reached the second time.
        path: String,
    },
    /// The configured path is not a valid pattern.
    #[error("`{pattern}` is not a valid pattern of paths")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The error of the pattern parser.
        source: globset::Error,
    },
    /// A range or one of its bounds cannot be parsed.
    #[error("cannot read `{text}`: {reason}")]
    Bound {
        /// The text of the range or the bound.
        text: String,
        /// What is wrong with it, and how to write it.
        reason: String,
    },
    /// The range is empty.
    #[error("the range from `{from}` to `{to}` {reason}")]
    Range {
        /// The first bound as written.
        from: String,
        /// The second bound as written.
        to: String,
        /// Why the range is empty, as the end of the sentence.
        reason: &'static str,
    },
    /// An object is not the one that was planned.
    #[error("`{object}` has changed since the plan: planned {planned}; found {found}")]
    Changed {
        /// Its path or its key.
        object: String,
        /// Size, time, tag or version that were planned.
        planned: String,
        /// Size, time, tag or version that were found now.
        found: String,
    },
    /// An object that was planned no longer exists.
    #[error("`{object}` no longer exists; the plan found {planned}")]
    Vanished {
        /// Its path or its key.
        object: String,
        /// Size and time that were planned.
        planned: String,
    },
    /// The system could not read a folder or a file.
    #[error("cannot read `{path}`")]
    Io {
        /// The folder or file.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The bucket does not exist.
    #[error("the bucket of `{place}` does not exist at {endpoint}")]
    NoSuchBucket {
        /// The archive as configured.
        place: String,
        /// The URL of the store.
        endpoint: String,
    },
    /// The store refused a request: the credentials lack a permission, or the bucket is in another region.
    #[error("the store at {endpoint} refused to {what} `{place}`: {detail}")]
    NotAllowed {
        /// The refused action, as a verb.
        what: &'static str,
        /// The archive or the object.
        place: String,
        /// The URL of the store.
        endpoint: String,
        /// The answer of the store.
        detail: String,
    },
    /// There are no credentials to sign a request with.
    #[error("no credentials were found for `{place}`")]
    Credentials {
        /// The archive or the object.
        place: String,
        /// The places that were searched for credentials.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The customer key (SSE-C) cannot be read.
    #[error("`{place}` does not hold a key for SSE-C: {problem}")]
    CustomerKey {
        /// The file or the variable.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Objects have to be restored before they can be read.
    #[error(
        "{} of `{place}` ({}) {} archived and not restored{}",
        Objects(*objects),
        ByteSize(*size_bytes),
        if *objects == 1 { "is" } else { "are" },
        Listed(examples)
    )]
    Archived {
        /// The archive, or the one object.
        place: String,
        /// The number of archived objects.
        objects: u64,
        /// Their total size as stored.
        size_bytes: u64,
        /// The keys of the first few.
        examples: Vec<String>,
    },
    /// The bucket keeps no versions.
    #[error("the bucket of `{place}` keeps no versions")]
    NoVersions {
        /// The archive as configured.
        place: String,
    },
    /// The store listed keys twice or out of order.
    #[error("the listing of the store is out of order at `{place}`: {problem}")]
    Listing {
        /// The object.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A request to the store failed, and so did its repetitions.
    #[error("cannot {what} `{place}` at {endpoint}, tried {}", Times(*attempts))]
    Store {
        /// The action that failed, as a verb.
        what: &'static str,
        /// The archive or the object.
        place: String,
        /// The URL of the store.
        endpoint: String,
        /// The number of attempts.
        attempts: u32,
        /// The error of the last attempt.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No connection to the store could be made.
    #[error("cannot reach the store at {endpoint} for `{place}`: {problem}")]
    Unreachable {
        /// The configured URL of the store.
        endpoint: String,
        /// The archive or the object.
        place: String,
        /// The error of the connection.
        problem: String,
    },
    /// The certificate of the store is not trusted.
    #[error("the certificate of the store at {endpoint} is not trusted: {problem}")]
    Untrusted {
        /// The URL of the store.
        endpoint: String,
        /// The error of the TLS library.
        problem: String,
    },
    /// A file of trusted certificates cannot be read.
    #[error("the file of certificates `{path}`, named by {setting}, cannot be used: {problem}")]
    Certificates {
        /// The file.
        path: String,
        /// The setting or the variable that names it.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The server at the endpoint answered with a web page instead of XML.
    #[error(
        "{endpoint} is not the API of a store: it answered the request for `{place}` with a web page ({detail})"
    )]
    NotAStore {
        /// The configured URL of the store.
        endpoint: String,
        /// The archive or the object.
        place: String,
        /// The status and the title of the page.
        detail: String,
    },
    /// The store or a proxy compressed or decompressed an object while it was sent.
    #[error("`{object}` does not arrive from {endpoint} as it is stored: {problem}")]
    Transcoded {
        /// Its key.
        object: String,
        /// The URL of the store.
        endpoint: String,
        /// How the response differs from the stored object.
        problem: String,
    },
    /// A byte range ends after the object.
    #[error("cannot read bytes {start} to {end} of `{object}`, which has {size_bytes} bytes")]
    BeyondEnd {
        /// Its path or its key.
        object: String,
        /// The first byte of the range.
        start: u64,
        /// The byte after the last one of the range.
        end: u64,
        /// The size that was planned.
        size_bytes: u64,
    },
    /// An object is in a format that is read by byte ranges, and the driver cannot read them.
    #[error("`{object}` is {format}, and the driver `{driver}` cannot read parts of an object")]
    NoRanges {
        /// The driver's name.
        driver: String,
        /// The object's key.
        object: String,
        /// The format.
        format: &'static str,
    },
    /// The split was not made by this driver.
    #[error("split {split} was not planned by the driver `{driver}`: {reason}")]
    ForeignSplit {
        /// The driver's name.
        driver: String,
        /// The split's number.
        split: u64,
        /// How the split differs from those of the driver.
        reason: String,
    },
    /// The Kafka driver failed.
    #[cfg(not(fuzzing))]
    #[error(transparent)]
    Kafka(Box<super::kafka::KafkaError>),
    /// A driver failed with an error of its own type.
    #[error("the driver `{driver}` failed")]
    Driver {
        /// The driver's name.
        driver: String,
        /// The error of the driver.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SourceError {
    /// Checks that `range` is within `object`.
    ///
    /// # Errors
    /// [`SourceError::BeyondEnd`] if it is not.
    pub(crate) fn check_range(object: &Object, range: &Range<u64>) -> Result<(), Self> {
        if range.start <= range.end && range.end <= object.size_bytes {
            return Ok(());
        }
        Err(SourceError::BeyondEnd {
            object: object.key.clone(),
            start: range.start,
            end: range.end,
            size_bytes: object.size_bytes,
        })
    }

    /// The error of the system for a path that exists.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::PermissionDenied => SourceError::Denied { path, source },
            _ => SourceError::Io { path, source },
        }
    }
}

/// Notes after a colon; nothing if there are none.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            notes => write!(f, ": {}", notes.join(" ").trim_end_matches('.')),
        }
    }
}

impl Coded for SourceError {
    fn code(&self) -> &'static Code {
        match self {
            SourceError::Cancelled => &codes::CANCELLED,
            SourceError::NoSuchPath { .. } => &codes::NO_SUCH_PATH,
            SourceError::Empty { .. } => &codes::EMPTY,
            SourceError::NothingInRange { .. } => &codes::NOTHING_IN_RANGE,
            SourceError::Denied { .. } => &codes::DENIED,
            SourceError::Name { .. } => &codes::NAME,
            SourceError::Loop { .. } => &codes::LOOP,
            SourceError::Pattern { .. } => &codes::PATTERN,
            SourceError::Bound { .. } => &codes::BOUND,
            SourceError::Range { .. } => &codes::RANGE,
            SourceError::Changed { .. } => &codes::CHANGED,
            SourceError::Vanished { .. } => &codes::VANISHED,
            SourceError::Io { .. } => &codes::IO,
            SourceError::NoSuchBucket { .. } => &codes::NO_SUCH_BUCKET,
            SourceError::NotAllowed { .. } => &codes::NOT_ALLOWED,
            SourceError::Credentials { .. } => &codes::CREDENTIALS,
            SourceError::CustomerKey { .. } => &codes::CUSTOMER_KEY,
            SourceError::Archived { .. } => &codes::ARCHIVED,
            SourceError::NoVersions { .. } => &codes::NO_VERSIONS,
            SourceError::Listing { .. } => &codes::LISTING,
            SourceError::Store { .. } => &codes::STORE,
            SourceError::Unreachable { .. } => &codes::UNREACHABLE,
            SourceError::Untrusted { .. } => &codes::UNTRUSTED,
            SourceError::Certificates { .. } => &codes::CERTIFICATES,
            SourceError::NotAStore { .. } => &codes::NOT_A_STORE,
            SourceError::Transcoded { .. } => &codes::TRANSCODED,
            SourceError::BeyondEnd { .. } => &codes::BEYOND_END,
            SourceError::NoRanges { .. } => &codes::NO_RANGES,
            SourceError::ForeignSplit { .. } => &codes::FOREIGN_SPLIT,
            #[cfg(not(fuzzing))]
            SourceError::Kafka(error) => error.code(),
            SourceError::Driver { .. } => &codes::DRIVER,
        }
    }
}
