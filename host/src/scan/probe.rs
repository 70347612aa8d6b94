//! Probes: the beginning of an object or of a range of offsets, or a row group of an object that is Parquet.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::parquet::read_ranges;
use super::{Part, Scan, ScanError};
use crate::decode::{ParquetFile, RowGroup, Step};
use crate::source::{Chunk, Messages, Object, RangeReader, Split, SplitInput};

/// The most that is read of a Parquet object in addition to its footer.
const ROW_GROUP_BYTES: u64 = 16 << 20;

/// How long to wait for messages: those that came until then are a sample, too, where a topic is read at a limited rate.
const MESSAGES_PATIENCE: Duration = Duration::from_secs(1);

/// The beginning of an object or of a range of offsets, as it was read.
pub(crate) enum Probe {
    /// The first bytes of an object, or all of them.
    Stream { object: Arc<Object>, bytes: Bytes },
    /// The footer of a Parquet object, and a row group with its rows unless all are too large.
    Parquet {
        file: Arc<ParquetFile>,
        group: Option<(RowGroup, u64)>,
        /// The rows that a run decodes: those of the row groups that are not passed over.
        wanted_rows: u64,
        /// The bytes that a run reads.
        wanted_bytes: u64,
        /// The bytes that were read.
        bytes: u64,
    },
    /// The first messages of a split, or all of them.
    Messages {
        split: Split,
        chunks: Vec<Messages>,
        is_whole: bool,
        /// When the first of them came.
        began: Option<Instant>,
    },
}

impl Probe {
    /// The bytes that were read.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Probe::Stream { bytes, .. } => bytes.len() as u64,
            Probe::Parquet { bytes, .. } => *bytes,
            Probe::Messages { chunks, .. } => chunks.iter().map(Messages::value_bytes).sum(),
        }
    }

    /// When the first bytes came, where that is known: the time before was spent on connections.
    pub(crate) fn began(&self) -> Option<Instant> {
        match self {
            Probe::Messages { began, .. } => *began,
            Probe::Stream { .. } | Probe::Parquet { .. } => None,
        }
    }
}

impl Scan<'_> {
    /// Reads the beginning of `split`, which is one object or a range of offsets: about `most_bytes` bytes, unless it is a
    /// Parquet object. `None` where nothing came, or where objects of the source cannot be read by ranges.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) async fn probe(
        &self,
        split: Split,
        most_bytes: u64,
    ) -> Result<Option<Probe>, ScanError> {
        match (&split.input, self.driver.ranges()) {
            (SplitInput::Offsets { .. }, _) => self.probe_messages(split, most_bytes).await,
            (SplitInput::Objects(_), Some(ranges)) => {
                self.probe_object(ranges, split, most_bytes).await
            }
            (SplitInput::Objects(_), None) => Ok(None),
        }
    }

    /// Reads the first messages of a split, as its driver delivers them.
    async fn probe_messages(
        &self,
        split: Split,
        most_bytes: u64,
    ) -> Result<Option<Probe>, ScanError> {
        let (sender, mut delivered) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let until = (Instant::now() + MESSAGES_PATIENCE).into();
        let stop = cancel.clone();
        // It owns the receiver, which goes away with it: then the driver, which waits for room, stops.
        let taking = async move {
            let (mut chunks, mut began, mut bytes) = (Vec::new(), None, 0);
            while bytes < most_bytes {
                match timeout_at(until, delivered.recv()).await {
                    Ok(Some(chunk)) => {
                        began.get_or_insert_with(Instant::now);
                        if let Some(schemas) = self.schemas {
                            schemas.learn(&chunk).await?;
                        }
                        if let Chunk::Messages(messages) = chunk {
                            bytes += messages.value_bytes();
                            chunks.push(messages);
                        }
                    }
                    Ok(None) => return Ok::<_, ScanError>((chunks, began, true)),
                    Err(_) => break,
                }
            }
            stop.cancel();
            Ok((chunks, began, false))
        };
        let taking = async { taking.await.inspect_err(|_: &ScanError| cancel.cancel()) };
        let reading = self.driver.replay(&split, sender, cancel.clone());
        let (taken, read) = tokio::join!(taking, reading);
        let (chunks, began, is_whole) = taken?;
        if is_whole {
            read?;
        }
        let probe = Probe::Messages {
            split,
            chunks,
            is_whole,
            began,
        };
        Ok((is_whole || began.is_some()).then_some(probe))
    }

    async fn probe_object(
        &self,
        ranges: &dyn RangeReader,
        split: Split,
        most_bytes: u64,
    ) -> Result<Option<Probe>, ScanError> {
        let never = CancellationToken::new();
        let parts = self.row_groups.parts(self.driver, &split, &never).await?;
        let object = match parts.into_iter().next() {
            Some(Part::Parquet(object)) => {
                return self.probe_parquet(ranges, object).await.map(Some);
            }
            Some(Part::Stream(Split {
                input: SplitInput::Objects(objects),
                ..
            })) => objects.into_iter().next(),
            Some(Part::Stream(_)) | None => None,
        };
        let Some(object) = object else {
            return Ok(None);
        };
        let most_bytes = most_bytes.min(object.size_bytes);
        let bytes = ranges.read(&object, 0..most_bytes).await?;
        let object = Arc::new(object);
        Ok(Some(Probe::Stream { object, bytes }))
    }

    /// Reads the footer, which has the number of rows, and the row group with most rows that is not too large.
    async fn probe_parquet(
        &self,
        ranges: &dyn RangeReader,
        object: Arc<Object>,
    ) -> Result<Probe, ScanError> {
        let file = self.row_groups.open(ranges, object).await?;
        let (mut largest, mut wanted_rows, mut wanted_bytes) = (None, 0, 0);
        for number in 0..file.row_groups() {
            let Step::Read(wanted) = file.step(number)? else {
                continue;
            };
            let (rows, bytes) = (file.rows_of(number), bytes_of(&wanted));
            wanted_rows += rows;
            wanted_bytes += bytes;
            let is_larger = largest.as_ref().is_none_or(|(_, most, _)| rows > *most);
            if bytes <= ROW_GROUP_BYTES && is_larger {
                largest = Some((number, rows, wanted));
            }
        }
        let (mut group, mut bytes) = (None, 0);
        if let Some((number, rows, wanted)) = largest {
            bytes = bytes_of(&wanted);
            let parts = read_ranges(ranges, &file, wanted).await?;
            group = Some((RowGroup::read(file.clone(), number, parts, ()), rows));
        }
        Ok(Probe::Parquet {
            file,
            group,
            wanted_rows,
            wanted_bytes,
            bytes,
        })
    }
}

/// The bytes in ranges of an object.
fn bytes_of(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}
