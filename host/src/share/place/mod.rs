//! Where shares are: a folder, or a prefix in a bucket, as files under names that are taken once.
//!
//! | file | idea |
//! |---|---|
//! | `name` | which names files may have |
//! | `folder`, `local` | a share in a folder; work that may block |
//! | `s3` | a share in a bucket |
//! | `conformance` | the tests that every share has to pass; with the feature `conformance` |
//! | `error` | what can be wrong |

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::SystemTime;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod folder;
mod local;
mod name;
mod s3;

pub use error::PlaceError;
pub(crate) use error::codes;

use folder::Folder;
use s3::S3Share;

/// The beginning of the URL of a bucket.
const S3: &str = "s3://";

/// A place of shares: a folder, or a prefix in a bucket. As text it is a path, or `s3://bucket/prefix`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// The keys of a bucket that begin with a prefix.
    S3 {
        /// The name of the bucket, or the ARN of an access point.
        bucket: String,
        /// The prefix, without `/` at its ends; empty for the whole bucket.
        prefix: String,
    },
}

impl Place {
    /// The place below this one, under a name of one or more folders.
    pub fn join(&self, name: &str) -> Place {
        match self {
            Place::Folder(folder) => Place::Folder(folder.join(name)),
            Place::S3 { bucket, prefix } => Place::S3 {
                bucket: bucket.clone(),
                prefix: match &**prefix {
                    "" => name.to_owned(),
                    prefix => format!("{prefix}/{name}"),
                },
            },
        }
    }

    /// The same place, whatever the current folder of a process is.
    pub fn absolute(&self) -> Place {
        match self {
            // Only the current folder could be missing, and then no file can be opened either.
            Place::Folder(folder) => {
                Place::Folder(std::path::absolute(folder).unwrap_or_else(|_| folder.clone()))
            }
            Place::S3 { .. } => self.clone(),
        }
    }

    /// The share at this place. A folder need not exist; a bucket is not asked for anything but its region.
    ///
    /// # Errors
    /// If the bucket cannot be found or accessed.
    pub async fn open(&self) -> Result<Box<dyn Share>, PlaceError> {
        match self {
            Place::Folder(path) => Ok(Box::new(Folder::new(path))),
            Place::S3 { bucket, prefix } => Ok(Box::new(S3Share::open(bucket, prefix).await?)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(path) => path.display().fmt(f),
            Place::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "{S3}{bucket}"),
            Place::S3 { bucket, prefix } => write!(f, "{S3}{bucket}/{prefix}"),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let not_a_place = |problem: &str| PlaceError::NotAPlace {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        let Some(rest) = text.strip_prefix(S3) else {
            return match text.split_once("://") {
                _ if text.is_empty() => Err(not_a_place("it is empty")),
                Some((scheme, _)) => Err(not_a_place(&format!(
                    "shares are folders or begin with `{S3}`, not with `{scheme}://`"
                ))),
                None => Ok(Place::Folder(PathBuf::from(text))),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(not_a_place("it names no bucket"));
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.is_empty() && !name::is_valid(prefix) {
            return Err(not_a_place(
                "a part of its prefix is empty, `.` or `..`, or has a control character",
            ));
        }
        Ok(Place::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

/// Files under names, of which none changes once it is there.
///
/// # Contract
/// - A name is one or more parts with `/` between them, such as `rounds/1/0000000017/done.json`. The last part does not end
///   in `.part`. Any other name is [`PlaceError::Damaged`], as only a faulty document has one.
/// - A file is there whole or not at all, for all readers at once. Of several writers of one name exactly one wins, on
///   whichever machines they are; the file has what that one wrote.
/// - A call that has returned without an error has lasted: a crash of this machine does not undo it.
/// - A call that fails may be repeated. Temporary failures of a bucket are retried within a call.
/// - Only [`remove`](Share::remove) takes a file away.
#[async_trait]
pub trait Share: Send + Sync + fmt::Debug {
    /// Where it is.
    fn place(&self) -> &Place;

    /// Puts a small document under a name that is not taken. [`Put::Taken`] may also mean that an earlier try of this very
    /// call succeeded and its answer was lost: read what is there.
    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, PlaceError>;

    /// Puts a copy of a file of any size under a name that is not taken, in bounded memory; otherwise as
    /// [`put_new`](Share::put_new).
    async fn upload(&self, name: &str, file: &Path) -> Result<Put, PlaceError>;

    /// The content of a document; `None` if there is no such file.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError>;

    /// Exactly these bytes of a file.
    ///
    /// # Errors
    /// [`PlaceError::Missing`] if there is no such file, [`PlaceError::Damaged`] if it ends before the range does.
    async fn get_range(&self, name: &str, bytes: Range<u64>) -> Result<Vec<u8>, PlaceError>;

    /// Makes `to` a copy of a file, whole and durable, in bounded memory; after a failure `to` is as before. In a share that
    /// is a folder, both may be the same file by a hard link: nothing may be written to `to`.
    ///
    /// # Errors
    /// [`PlaceError::Missing`] if there is no such file.
    async fn download(&self, name: &str, to: &Path) -> Result<(), PlaceError>;

    /// All files at any depth below the folder `below`, sorted by name; empty for all files of the share. A folder that is
    /// not there has none.
    async fn list(&self, below: &str) -> Result<Vec<Listed>, PlaceError>;

    /// The names of the folders in the folder `below` that hold files at any depth, sorted; empty for the share itself. A store
    /// over a file system may name some that held files once, too.
    async fn folders(&self, below: &str) -> Result<Vec<String>, PlaceError>;

    /// Removes a file, which need not be there.
    async fn remove(&self, name: &str) -> Result<(), PlaceError>;
}

/// Whether a file got its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It did.
    New,
    /// A file had the name already, and was not touched.
    Taken,
}

/// A file of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name within the share.
    pub name: String,
    /// The size.
    pub size_bytes: u64,
    /// When it was written, by the clock of the share.
    pub modified: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_they_are_read() {
        for (text, shown) in [
            ("s3://events/backfold/", "s3://events/backfold"),
            ("s3://events", "s3://events"),
            ("s3://events/a/b", "s3://events/a/b"),
            ("/mnt/share", "/mnt/share"),
            ("share", "share"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert_eq!(shown.parse::<Place>().unwrap(), place);
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
            let below = place.join("page_views").join("01K");
            assert_eq!(below.to_string(), format!("{shown}/page_views/01K"));
        }
    }

    #[test]
    fn what_is_not_a_place_is_refused() {
        let problem = |text: &str| text.parse::<Place>().unwrap_err().to_string();
        insta::assert_snapshot!(problem(""), @"`` is not a place of a share: it is empty");
        insta::assert_snapshot!(problem("s3:///a"), @"`s3:///a` is not a place of a share: it names no bucket");
        insta::assert_snapshot!(problem("gs://b/a"), @"`gs://b/a` is not a place of a share: shares are folders or begin with `s3://`, not with `gs://`");
        insta::assert_snapshot!(problem("s3://b/a//c"), @"`s3://b/a//c` is not a place of a share: a part of its prefix is empty, `.` or `..`, or has a control character");
    }
}
