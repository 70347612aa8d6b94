//! The rejected records of a build, as a source for another one.

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::error::BuildError;
use super::folder::BuildFolder;
use crate::source::{Chunk, Frozen, KeyFields, ReplayDriver, SourceError, Split, SplitInput};

/// Records of a split.
const SPLIT_RECORDS: u64 = 10_000;

/// Delivers the rejected records of a build that is folded to its end. Records that were not kept whole fail when they
/// are to be delivered; a plan may look for them before.
///
/// Each keeps its place in the source; one of a log is delivered with its key, headers and time, one of an archive is a line, a
/// CSV record with the header of its object, or a row of columns as a line of JSON. A split is a range of the records'
/// numbers, which begin with 1.
pub struct QuarantineDriver {
    base: BuildFolder,
    key_fields: KeyReader,
}

/// What the key of an object says of its records.
pub(crate) type KeyReader = Box<dyn Fn(&str) -> Option<KeyFields> + Send + Sync>;

impl QuarantineDriver {
    /// The rejected records of `base`; `key_fields` reads the keys of the objects that they were in.
    pub(crate) fn new(base: BuildFolder, key_fields: KeyReader) -> Self {
        QuarantineDriver { base, key_fields }
    }

    fn failed(&self, error: BuildError) -> SourceError {
        SourceError::Driver {
            driver: self.name().to_owned(),
            source: Box::new(error),
        }
    }
}

#[async_trait]
impl ReplayDriver for QuarantineDriver {
    fn name(&self) -> &str {
        "rejected records"
    }

    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError> {
        let build = &self.base.manifest.build;
        let mut count = 0;
        for next in self.base.rejected().map_err(|error| self.failed(error))? {
            (count, _) = next.map_err(|error| self.failed(error))?;
        }
        let standing = self.base.peek().map_err(|error| self.failed(error))?;
        let mut frozen = Frozen {
            // The input of the base is in this build too.
            handoff: self.base.manifest.input.handoff(&standing.offsets()),
            notes: vec![format!(
                "the rejected records of build {build}, on top of its states"
            )],
            ..Frozen::default()
        };
        for first in (1..=count).step_by(SPLIT_RECORDS as usize) {
            let until = (first + SPLIT_RECORDS).min(count + 1);
            let split = Split {
                number: frozen.splits,
                size_bytes: 0,
                input: SplitInput::Offsets {
                    topic: build.clone(),
                    partition: 0,
                    start: first as i64,
                    end: until as i64,
                },
            };
            splits
                .send(split)
                .await
                .map_err(|_| SourceError::Cancelled)?;
            frozen.splits += 1;
        }
        Ok(frozen)
    }

    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let SplitInput::Offsets { start, end, .. } = split.input else {
            return Ok(());
        };
        for next in self.base.rejected().map_err(|error| self.failed(error))? {
            let (number, record) = next.map_err(|error| self.failed(error))?;
            if number >= end as u64 {
                break;
            }
            if number < start as u64 {
                continue;
            }
            if cancel.is_cancelled() {
                return Err(SourceError::Cancelled);
            }
            let build = self.base.manifest.build.clone();
            let chunk = record
                .chunk(&self.base.manifest.input.decode, &self.key_fields)
                .ok_or(BuildError::NotKept { build, number });
            let chunk = chunk.map_err(|error| self.failed(error))?;
            out.send(chunk).await.map_err(|_| SourceError::Cancelled)?;
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        Ok(())
    }
}
