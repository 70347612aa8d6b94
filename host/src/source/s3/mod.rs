//! The driver for an archive in Amazon S3, or in a store with the same protocol.
//!
//! | file | content |
//! |---|---|
//! | `config` | the settings of a job |
//! | `connect`, `bucket`, `sse` | the client of the SDK, the region of the bucket, encryption with a customer key |
//! | `list`, `page`, `complete` | listing the keys in order, by folder where that saves requests |
//! | `archived` | objects that must be restored before they can be read |
//! | `read`, `get` | reading objects, several requests ahead, each response checked against the plan |
//! | `etag` | comparison of ETags |
//! | `failure`, `retry` | temporary and permanent errors, and retries |
//!
//! What a share in a bucket has in common with an archive is visible to it: requests, their failures, listings and ranges.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::types::BucketVersioningStatus;
use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::pace::RetryPolicy;
use crate::source::archive::Freezing;
use crate::source::feed::Feed;
use crate::source::{
    Chunk, EventRange, Frozen, Object, RangeReader, ReplayDriver, SourceError, Split, SplitInput,
};

mod archived;
pub(crate) mod bucket;
mod complete;
mod config;
mod connect;
mod etag;
pub(crate) mod failure;
pub(crate) mod get;
mod list;
pub(crate) mod page;
mod read;
pub(crate) mod retry;
mod sse;
#[cfg(test)]
mod tests;

pub use config::{RequestOptions, S3Config, Versions};

use archived::Archived;
use bucket::Bucket;
use list::Listing;

/// The name of this driver.
const NAME: &str = "s3";

/// Reads an archive in a bucket.
#[derive(Debug)]
pub struct S3Driver {
    config: S3Config,
    range: EventRange,
    retries: RetryPolicy,
    bucket: OnceCell<Arc<Bucket>>,
}

impl S3Driver {
    /// A driver for the objects that may hold events of `range`. Nothing is sent to the store yet.
    pub fn new(config: S3Config, range: EventRange) -> Self {
        S3Driver {
            retries: RetryPolicy::new(config.requests.attempts),
            config,
            range,
            bucket: OnceCell::new(),
        }
    }

    async fn bucket(&self) -> Result<&Arc<Bucket>, SourceError> {
        self.bucket
            .get_or_try_init(|| async {
                let bucket = Bucket::open(&self.config, self.retries).await?;
                Ok(Arc::new(bucket))
            })
            .await
    }

    async fn freeze(&self, feed: &Feed<Split>) -> Result<Frozen, SourceError> {
        let bucket = self.bucket().await?;
        let mut notes = Vec::new();
        let versions = self.lists_versions(bucket, &mut notes).await?;
        let prefix = &self.config.prefix;
        let mut freezing = Freezing::new(NAME, &self.config.archive(), self.range);
        let mut listing = Listing::new(bucket.clone(), prefix, versions);
        let mut archived = Archived::default();
        let mut hidden = 0u64;
        loop {
            let mut below = |folder: &str| freezing.below(folder);
            let Some(listed) = listing.next(&mut below).await? else {
                break;
            };
            let object = listed.object;
            let name = object.key.strip_prefix(prefix.as_str()).unwrap_or_default();
            if name.split('/').any(|name| name.starts_with(['_', '.'])) {
                hidden += 1;
                continue;
            }
            let is_folder = object.size_bytes == 0 && object.key.ends_with('/');
            if is_folder || !freezing.wants(&object.key) {
                continue;
            }
            if listed.is_archived {
                archived.add(&object);
                continue;
            }
            if let Some(split) = freezing.push(object) {
                feed.send(split).await?;
            }
        }
        if hidden > 0 {
            notes.push(format!(
                "Objects that were skipped because a name in their key starts with `.` or `_`: {hidden}."
            ));
        }
        notes.extend(archived.note_or_error(&self.config)?);
        let (last, frozen) = freezing.finish(&self.config.place(), notes)?;
        feed.send(last).await?;
        Ok(frozen)
    }

    /// Whether to list versions: the bucket keeps them, and the settings do not switch it off.
    async fn lists_versions(
        &self,
        bucket: &Bucket,
        notes: &mut Vec<String>,
    ) -> Result<bool, SourceError> {
        if self.config.versions == Versions::Never {
            return Ok(false);
        }
        match bucket.versioning(&self.config.place()).await {
            Ok(Some(BucketVersioningStatus::Enabled | BucketVersioningStatus::Suspended)) => {
                Ok(true)
            }
            Ok(_) if self.config.versions == Versions::Auto => Ok(false),
            Ok(_) => Err(SourceError::NoVersions {
                place: self.config.place(),
            }),
            // This request needs another permission than listing and reading.
            Err(error) if self.config.versions == Versions::Auto => {
                tracing::debug!(%error, "cannot find out whether the bucket keeps versions");
                notes.push(
                    "Objects are read without their versions, because the store does not say whether the bucket \
                     keeps versions: an object that is overwritten stops the run."
                        .to_owned(),
                );
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ReplayDriver for S3Driver {
    fn name(&self) -> &str {
        NAME
    }

    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError> {
        let feed = Feed::new(splits, CancellationToken::new());
        feed.unless_gone(self.freeze(&feed)).await?
    }

    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let SplitInput::Objects(objects) = &split.input else {
            return Err(SourceError::ForeignSplit {
                driver: NAME.to_owned(),
                split: split.number,
                reason: "it covers offsets of a topic".to_owned(),
            });
        };
        let feed = Feed::new(out, cancel);
        feed.check()?;
        let bucket = feed.unless_gone(self.bucket()).await??;
        read::deliver(bucket, objects, self.config.requests.read_ahead.0, &feed).await
    }

    fn ranges(&self) -> Option<&dyn RangeReader> {
        Some(self)
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        Ok(())
    }
}

#[async_trait]
impl RangeReader for S3Driver {
    async fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes, SourceError> {
        SourceError::check_range(object, &range)?;
        let pieces = get::read_range(self.bucket().await?, object, range).await?;
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([piece]) => piece,
            Err(pieces) => pieces.concat().into(),
        })
    }
}
