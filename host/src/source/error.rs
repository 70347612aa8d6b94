//! What can go wrong while an input is frozen or read.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::Object;
use crate::error::{Code, Coded};
use crate::source::layout::narrowing::counted;
use crate::units::ByteSize;

pub(crate) mod codes;

/// A failure of a driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The receiver went away or the run was interrupted.
    #[error("reading was cancelled")]
    Cancelled,
    /// The configured path leads nowhere.
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
        /// What was found there and is not an object.
        passed_over: Vec<String>,
    },
    /// The archive has objects, and the times in their keys all lie outside the range.
    #[error(
        "`{place}` holds {}, but by their keys none is within {lateness} of the range",
        counted(*objects, *folders)
    )]
    NothingInRange {
        /// The folder, the pattern or the bucket with its prefix.
        place: String,
        /// How many objects were looked at.
        objects: u64,
        /// How many folders were not looked into.
        folders: u64,
        /// How far an event may lie outside the time in its key.
        lateness: String,
    },
    /// A folder or a file may not be read.
    #[error("`{path}` may not be read")]
    Denied {
        /// The folder or file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A name is not UTF-8, so that no key can stand for it.
    #[error("the name of `{path}` is not UTF-8")]
    Name {
        /// The path, with U+FFFD for what cannot be shown.
        path: String,
    },
    /// A symbolic link leads to a folder that it is in.
    #[error("`{path}` leads back to a folder that it is in")]
    Loop {
        /// The folder, by the path on which it was met again.
        path: String,
    },
    /// The pattern cannot be read.
    #[error("`{pattern}` is not a pattern of paths")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// A range or a bound of it cannot be read.
    #[error("cannot read `{text}`: {reason}")]
    Bound {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The two bounds do not enclose anything.
    #[error("the range from `{from}` to `{to}` {reason}")]
    Range {
        /// The first bound as written.
        from: String,
        /// The second bound as written.
        to: String,
        /// Why.
        reason: &'static str,
    },
    /// An object is not what the plan froze.
    #[error("`{object}` has changed since the plan: planned {planned}; found {found}")]
    Changed {
        /// Its path or its key.
        object: String,
        /// What the plan found.
        planned: String,
        /// What was found now.
        found: String,
    },
    /// An object is gone.
    #[error("`{object}` has vanished since the plan, which found {planned}")]
    Vanished {
        /// Its path or its key.
        object: String,
        /// What the plan found.
        planned: String,
    },
    /// A folder or a file could not be read.
    #[error("`{path}` could not be read")]
    Io {
        /// The folder or file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no such bucket.
    #[error("there is no bucket for `{place}` at {endpoint}")]
    NoSuchBucket {
        /// The archive as configured.
        place: String,
        /// Where the store is.
        endpoint: String,
    },
    /// The store does not let us.
    #[error("the store at {endpoint} does not let us {what} `{place}`: {detail}")]
    NotAllowed {
        /// What was tried, as a verb.
        what: &'static str,
        /// The archive or the object.
        place: String,
        /// Where the store is.
        endpoint: String,
        /// What the store said.
        detail: String,
    },
    /// There are no credentials to sign a request with.
    #[error("there are no credentials for `{place}`")]
    Credentials {
        /// The archive or the object.
        place: String,
        /// What was tried to find them.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key of a customer cannot be had.
    #[error("`{place}` is no key for SSE-C: {problem}")]
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
        /// How many.
        objects: u64,
        /// How large they are together, as stored.
        size_bytes: u64,
        /// The keys of the first.
        examples: Vec<String>,
    },
    /// The bucket keeps no versions.
    #[error("the bucket of `{place}` keeps no versions")]
    NoVersions {
        /// The archive as configured.
        place: String,
    },
    /// The store's listing is not one.
    #[error("the listing of the store is out of order at `{place}`: {problem}")]
    Listing {
        /// The object.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store failed, again and again where that could help.
    #[error("cannot {what} `{place}` at {endpoint}, tried {}", Times(*attempts))]
    Store {
        /// What was tried, as a verb.
        what: &'static str,
        /// The archive or the object.
        place: String,
        /// Where the store is.
        endpoint: String,
        /// How often.
        attempts: u32,
        /// What happened the last time.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store cannot be reached.
    #[error("the store at {endpoint} cannot be reached for `{place}`: {problem}")]
    Unreachable {
        /// Where the store should be.
        endpoint: String,
        /// The archive or the object.
        place: String,
        /// What happened.
        problem: String,
    },
    /// The certificate of the store is not trusted.
    #[error("the certificate of the store at {endpoint} is not trusted: {problem}")]
    Untrusted {
        /// Where the store is.
        endpoint: String,
        /// Why.
        problem: String,
    },
    /// A file of certificates cannot be used.
    #[error("`{path}`, which {setting} names, cannot be used: {problem}")]
    Certificates {
        /// The file.
        path: String,
        /// The setting or the variable.
        setting: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Something answers that is no store.
    #[error(
        "{endpoint} answers with a web page ({detail}) when asked for `{place}`: it is no store"
    )]
    NotAStore {
        /// Where a store should be.
        endpoint: String,
        /// The archive or the object.
        place: String,
        /// The status and the title of the page.
        detail: String,
    },
    /// An object does not come as it is stored.
    #[error("`{object}` does not come from {endpoint} as it is stored: {problem}")]
    Transcoded {
        /// Its key.
        object: String,
        /// Where the store is.
        endpoint: String,
        /// What was done to it.
        problem: String,
    },
    /// A range reaches beyond the object.
    #[error("bytes {start} to {end} of `{object}` were asked for, which has {size_bytes}")]
    BeyondEnd {
        /// Its path or its key.
        object: String,
        /// The first byte asked for.
        start: u64,
        /// The byte behind the last.
        end: u64,
        /// The size that was planned.
        size_bytes: u64,
    },
    /// An object is in a format that is read by ranges, and the driver has none.
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
    #[error("split {split} is none of the driver `{driver}`: {reason}")]
    ForeignSplit {
        /// The driver's name.
        driver: String,
        /// The split's number.
        split: u64,
        /// Why.
        reason: String,
    },
    /// The Kafka driver failed.
    #[cfg(not(fuzzing))]
    #[error(transparent)]
    Kafka(Box<super::kafka::KafkaError>),
    /// A driver that knows its failures by other names failed.
    #[error("the driver `{driver}` failed")]
    Driver {
        /// The driver's name.
        driver: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SourceError {
    /// Fails where `range` reaches beyond `object`.
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

    /// What the system said about a path that is known to have been there.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::PermissionDenied => SourceError::Denied { path, source },
            _ => SourceError::Io { path, source },
        }
    }
}

/// Shows remarks behind a colon, and nothing for none.
struct Listed<'a>(&'a [String]);

impl std::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [] => Ok(()),
            remarks => write!(f, ": {}", remarks.join(" ").trim_end_matches('.')),
        }
    }
}

/// How many objects.
struct Objects(u64);

impl std::fmt::Display for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("1 object"),
            objects => write!(f, "{objects} objects"),
        }
    }
}

/// How often something was done.
struct Times(u32);

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("once"),
            times => write!(f, "{times} times"),
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
