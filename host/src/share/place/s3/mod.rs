//! A share in a bucket. A name is taken once by `If-None-Match: *`, and a large file is there when its last request has
//! been answered. Requests, their failures and their retries are those of the driver for archives.
//!
//! | file | idea |
//! |---|---|
//! | `put` | objects under names that are taken once |
//! | `parts` | a large file in parts |
//! | `read` | whole objects, ranges, files |

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::{Listed, Place, PlaceError, Put, Share, name};
use crate::fault_point::{after, before};
use crate::pace::RetryPolicy;
use crate::source::SourceError;
use crate::source::s3::S3Config;
use crate::source::s3::bucket::Bucket;
use crate::source::s3::failure::{self, Answer, Failure, Request};
use crate::source::s3::page::{self, Entry, Scope};
use crate::source::s3::retry::Attempts;

mod parts;
mod put;
mod read;
#[cfg(test)]
mod tests;

/// How long a request may deliver almost nothing before it is repeated; in this time, a part has to arrive at the store.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A share in a bucket.
#[derive(Debug)]
pub(super) struct S3Share {
    bucket: Bucket,
    /// Empty, or with `/` at its end.
    prefix: String,
    place: Place,
    /// Whether the store has shown that it heeds `If-None-Match`.
    heeds_conditions: AtomicBool,
    /// Permits to hold a range of a file in memory, for all downloads.
    ranges: Semaphore,
}

impl S3Share {
    /// Finds the bucket. Credentials, region and endpoint come from the environment.
    pub(super) async fn open(bucket: &str, prefix: &str) -> Result<Self, PlaceError> {
        let mut config = S3Config::new(bucket, prefix);
        config.requests.stall_timeout = STALL_TIMEOUT;
        let retries = RetryPolicy::new(config.requests.attempts);
        S3Share::with(&config, retries).await
    }

    async fn with(config: &S3Config, retries: RetryPolicy) -> Result<Self, PlaceError> {
        Ok(S3Share {
            bucket: Bucket::open_without_key(config, retries).await?,
            prefix: folder(&config.prefix),
            place: Place::S3 {
                bucket: config.bucket.clone(),
                prefix: config.prefix.clone(),
            },
            heeds_conditions: AtomicBool::new(false),
            ranges: Semaphore::new(read::RANGES_IN_MEMORY),
        })
    }

    /// The key of a file.
    fn key(&self, name: &str) -> Result<String, PlaceError> {
        name::check_file(&self.place, name)?;
        Ok(format!("{}{name}", self.prefix))
    }

    /// The prefix of the keys in a folder.
    fn keys_below(&self, name: &str) -> Result<String, PlaceError> {
        name::check_folder(&self.place, name)?;
        Ok(format!("{}{}", self.prefix, folder(name)))
    }

    /// Sends a request until its answer is a result.
    async fn retried<T, F>(
        &self,
        request: Request<'_>,
        send: impl Fn() -> F,
    ) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempts = Attempts::new(self.bucket.retries, request);
        loop {
            let permit = self.bucket.pace.permit().await;
            match send().await {
                Ok(done) => {
                    permit.succeeded();
                    return Ok(done);
                }
                Err(failure) => {
                    drop(permit);
                    if failure.is_throttled() {
                        self.bucket.pace.slow_down();
                    }
                    attempts.failed(failure).await?;
                }
            }
        }
    }

    /// All entries of a listing.
    async fn entries(&self, prefix: String, by_folder: bool) -> Result<Vec<Entry>, PlaceError> {
        let scope = Scope {
            prefix,
            by_folder,
            versions: false,
        };
        let (mut entries, mut next) = (Vec::new(), None);
        loop {
            let page = page::list(&self.bucket, &scope, next).await?;
            entries.extend(page.entries);
            next = page.next;
            if next.is_none() {
                return Ok(entries);
            }
        }
    }

    /// The error at a point where a test lets a request fail.
    fn fault(&self, what: &'static str, key: &str) -> impl Fn(std::io::Error) -> PlaceError {
        let file = self.bucket.place_of(key);
        move |source| PlaceError::Io {
            what,
            file: file.clone(),
            source,
        }
    }
}

#[async_trait]
impl Share for S3Share {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, PlaceError> {
        self.put_document(&self.key(name)?, bytes.into()).await
    }

    async fn upload(&self, name: &str, file: &Path) -> Result<Put, PlaceError> {
        self.put_file(&self.key(name)?, file).await
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        self.read_whole(&self.key(name)?).await
    }

    async fn get_range(&self, name: &str, bytes: Range<u64>) -> Result<Vec<u8>, PlaceError> {
        self.read_part(&self.key(name)?, bytes).await
    }

    async fn download(&self, name: &str, to: &Path) -> Result<(), PlaceError> {
        self.read_to_file(&self.key(name)?, to).await
    }

    async fn list(&self, below: &str) -> Result<Vec<Listed>, PlaceError> {
        let prefix = self.keys_below(below)?;
        let mut files = Vec::new();
        for entry in self.entries(prefix, false).await? {
            let Entry::Object(listed) = entry else {
                continue;
            };
            let object = listed.object;
            // Keys that end in `/` are made by tools that want to see folders.
            if let Some(name) = object.key.strip_prefix(&self.prefix)
                && name::check_file(&self.place, name).is_ok()
            {
                let since_1970 = u64::try_from(object.modified_us).unwrap_or(0);
                files.push(Listed {
                    name: name.to_owned(),
                    size_bytes: object.size_bytes,
                    modified: SystemTime::UNIX_EPOCH + Duration::from_micros(since_1970),
                });
            }
        }
        // A directory bucket lists in any order.
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    async fn folders(&self, below: &str) -> Result<Vec<String>, PlaceError> {
        let prefix = self.keys_below(below)?;
        let mut names = Vec::new();
        for entry in self.entries(prefix.clone(), true).await? {
            if let Entry::Folder(folder) = entry
                && let Some(name) = folder.strip_prefix(&prefix)
            {
                let name = name.trim_end_matches('/');
                if name::is_valid(name) {
                    names.push(name.to_owned());
                }
            }
        }
        names.sort();
        Ok(names)
    }

    async fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let key = self.key(name)?;
        let place = self.bucket.place_of(&key);
        let request = self.bucket.request("remove", &place);
        let fault = self.fault("remove", &key);
        before("delete an object of a share").map_err(&fault)?;
        self.retried(request, || async {
            let delete = self.bucket.client.delete_object();
            let delete = delete.bucket(&self.bucket.name).key(&key).send();
            match self.bucket.in_time(delete).await? {
                Ok(_) => Ok(()),
                Err(error) => match failure::read(error, request) {
                    Answer::NoSuchKey => Ok(()),
                    answer => Err(page::refused(answer, request)),
                },
            }
        })
        .await?;
        after("delete an object of a share").map_err(&fault)
    }
}

/// The beginning of the keys in a folder, which is empty for all keys.
fn folder(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!("{name}/"),
    }
}
