//! An archive in Amazon S3, or in a store that speaks its protocol.
//!
//! | file | idea |
//! |---|---|
//! | `config` | what a job says |
//! | `connect`, `bucket`, `sse` | the client of the SDK, where the bucket is, how it is asked |
//! | `list`, `page`, `complete` | the keys in order, folder by folder where a range allows it |
//! | `read`, `get` | the bytes, several requests ahead, each checked against the plan |
//! | `etag` | the same ETag, however it is spelled |
//! | `failure`, `retry` | what passes and is tried again, what is told |
//! | `pace` | how fast the store is asked |

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::BucketVersioningStatus;
use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::source::archive::Freezing;
use crate::source::feed::Feed;
use crate::source::{
    Chunk, EventRange, Frozen, Object, RangeReader, ReplayDriver, SourceError, Split, SplitInput,
};

mod archived;
mod bucket;
mod complete;
mod config;
mod connect;
mod etag;
mod failure;
mod get;
mod list;
mod pace;
mod page;
mod read;
mod retry;
mod sse;
#[cfg(test)]
mod tests;

pub use config::{RequestOptions, S3Config, Versions};

use archived::Archived;
use bucket::Bucket;
use list::Listing;
use retry::Patience;

/// The name of this driver.
const NAME: &str = "s3";

/// Reads an archive in a bucket.
#[derive(Debug)]
pub struct S3Driver {
    config: S3Config,
    range: EventRange,
    patience: Patience,
    bucket: OnceCell<Arc<Bucket>>,
}

impl S3Driver {
    /// A driver over the objects that may hold events of `range`. Sends nothing yet.
    pub fn new(config: S3Config, range: EventRange) -> Self {
        S3Driver {
            patience: Patience::new(config.requests.attempts),
            config,
            range,
            bucket: OnceCell::new(),
        }
    }

    async fn bucket(&self) -> Result<&Arc<Bucket>, SourceError> {
        self.bucket
            .get_or_try_init(|| async {
                let bucket = Bucket::open(&self.config, self.patience).await?;
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
                archived.saw(&object);
                continue;
            }
            if let Some(split) = freezing.push(object) {
                feed.send(split).await?;
            }
        }
        if hidden > 0 {
            notes.push(format!(
                "Objects passed over because a name in their key begins with `.` or `_`: {hidden}."
            ));
        }
        notes.extend(archived.judge(&self.config)?);
        let (last, frozen) = freezing.finish(&self.config.place(), notes)?;
        feed.send(last).await?;
        Ok(frozen)
    }

    /// Whether the bucket keeps versions, and they are wanted.
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
            // To know it is another permission than to list and to read.
            Err(error) if self.config.versions == Versions::Auto => {
                tracing::debug!(%error, "cannot tell whether the bucket keeps versions");
                notes.push(
                    "Objects are read without their versions, since the store does not tell whether the bucket \
                     keeps them: one that is overwritten stops the run."
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
        let pieces = get::stretch(self.bucket().await?, object, range).await?;
        Ok(match <[Bytes; 1]>::try_from(pieces) {
            Ok([piece]) => piece,
            Err(pieces) => pieces.concat().into(),
        })
    }
}

/// A moment in microseconds since 1970-01-01T00:00:00Z; 0 where the store does not tell it.
fn instant(at: Option<&DateTime>) -> i64 {
    at.and_then(|at| i64::try_from(at.as_nanos().div_euclid(1000)).ok())
        .unwrap_or(0)
}
