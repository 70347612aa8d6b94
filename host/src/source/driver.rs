//! The contract of a driver: [`ReplayDriver`], and [`RangeReader`] for formats that are read by byte ranges.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::chunk::Chunk;
use super::error::SourceError;
use super::frozen::Frozen;
use super::split::{Object, Split};

/// Delivers historical records, and only those that were planned.
///
/// # Contract
/// - All workers share one driver: [`replay`](ReplayDriver::replay) runs for several splits at the same time.
/// - The records of a split depend on the split alone: a second delivery gives the same records, although the chunk
///   boundaries may differ.
/// - A driver that cannot deliver exactly the planned records returns an error. It never delivers other records or
///   fewer.
#[async_trait]
pub trait ReplayDriver: Send + Sync {
    /// A short name for logs and metrics, such as `files`.
    fn name(&self) -> &str;

    /// Plans the input: cuts it into splits, which are sent in the order of the source with numbers 0, 1, 2, …
    ///
    /// Called once for a build. The receiver writes each split down as it arrives, so an input of any size is planned
    /// in bounded memory. No record is opened.
    ///
    /// # Errors
    /// [`SourceError::Cancelled`] if the receiver was dropped; any other error of the source.
    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError>;

    /// Checks that the source is still the one that `frozen` was planned from.
    ///
    /// Called before the first split of a run is read and after the last one, so that a change in between is found
    /// before the records are used. Sources that check each object while they read it need not implement it.
    ///
    /// # Errors
    /// An error that names the part of the source that has changed.
    async fn verify(&self, _frozen: &Frozen) -> Result<(), SourceError> {
        Ok(())
    }

    /// Sends the records of `split` to `out`, in the order of the source.
    ///
    /// `Ok` means that all planned records were sent. After an error the receiver drops everything that it got from
    /// this call.
    ///
    /// # Errors
    /// [`SourceError::Cancelled`] soon after `cancel` fires or `out` closes; any other error of the source.
    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError>;

    /// The reader of byte ranges, if the source has objects and can read parts of them. Formats that are read from
    /// their end, such as Parquet, need it.
    fn ranges(&self) -> Option<&dyn RangeReader> {
        None
    }

    /// Releases connections and files. It is not called after a crash, so nothing may depend on it.
    ///
    /// # Errors
    /// Any error of the source.
    async fn close(self: Box<Self>) -> Result<(), SourceError>;
}

/// Reads byte ranges of objects.
///
/// # Contract
/// - A call returns exactly the bytes of the range, from the object that was planned, or an error: never fewer bytes,
///   and never bytes of another content under the same key, whichever range is read.
/// - A range that ends after the planned size is an error. An empty range within the object returns no bytes.
/// - Several ranges of several objects may be read at the same time. If the caller drops the future, reading stops.
#[async_trait]
pub trait RangeReader: Send + Sync {
    /// Reads the bytes `range` of `object`.
    ///
    /// # Errors
    /// [`SourceError::BeyondEnd`] for a range that ends after the object; any other error of the source.
    async fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes, SourceError>;
}

/// The parts of a Kafka record that a driver reads in addition to the value, the timestamp and the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Whether to read the key.
    pub keys: bool,
    /// Whether to read the headers.
    pub headers: bool,
}

impl Parts {
    /// Key and headers.
    pub const ALL: Parts = Parts {
        keys: true,
        headers: true,
    };
}
