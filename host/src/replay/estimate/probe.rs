//! Reads the beginning of an object or of a range of offsets, or a row group of an object that is Parquet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use super::pick::Piece;
use crate::decode::{DecodeOptions, ParquetFile, Projection, RowGroup, Step};
use crate::replay::row_groups::{Failure, Part, RowGroups};
use crate::replay::schemas::MessageSchemas;
use crate::source::{Chunk, Messages, Object, RangeReader, ReplayDriver, Split, SplitInput};

/// The most that is read of a Parquet object beside its footer.
const ROW_GROUP_BYTES: u64 = 16 << 20;

/// How long messages are waited for: what came so far is a sample, too, where a topic is read at a limited rate.
const MESSAGES_PATIENCE: Duration = Duration::from_secs(1);

/// What was read of a piece.
pub(super) enum Probe {
    /// Its beginning, or all of it.
    Stream { object: Arc<Object>, bytes: Bytes },
    /// Its footer, and a row group unless all are too large.
    Parquet {
        file: Arc<ParquetFile>,
        group: Option<(RowGroup, u64)>,
        /// How many rows are decoded in a run: those of the row groups that are not passed over.
        wanted_rows: u64,
        /// How many bytes are read in a run.
        wanted_bytes: u64,
        /// How many bytes were read.
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
    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Probe::Stream { bytes, .. } => bytes.len() as u64,
            Probe::Parquet { bytes, .. } => *bytes,
            Probe::Messages { chunks, .. } => chunks.iter().map(Messages::value_bytes).sum(),
        }
    }

    /// When its first bytes came, where that is known: what came before was spent on connections.
    pub(super) fn began(&self) -> Option<Instant> {
        match self {
            Probe::Messages { began, .. } => *began,
            Probe::Stream { .. } | Probe::Parquet { .. } => None,
        }
    }
}

/// Reads probes of a source.
pub(super) struct Prober<'a> {
    pub(super) driver: &'a dyn ReplayDriver,
    /// Of a source of objects.
    pub(super) ranges: Option<&'a dyn RangeReader>,
    /// Of messages that have any.
    pub(super) schemas: Option<&'a MessageSchemas>,
    pub(super) projection: Projection,
    pub(super) decode: &'a DecodeOptions,
}

impl Prober<'_> {
    /// Reads a piece, about `most_bytes` of one that is no Parquet; `None` where nothing came.
    pub(super) async fn read(
        &self,
        piece: Piece,
        most_bytes: u64,
    ) -> Result<Option<Probe>, Failure> {
        match (piece, self.ranges) {
            (Piece::Offsets(split), _) => self.read_messages(split, most_bytes).await,
            (Piece::Object(object), Some(ranges)) => {
                let probe = self.read_object(ranges, object, most_bytes);
                probe.await.map(Some)
            }
            (Piece::Object(_), None) => Ok(None),
        }
    }

    /// Reads the first messages of a split, as its driver delivers them.
    async fn read_messages(&self, split: Split, most_bytes: u64) -> Result<Option<Probe>, Failure> {
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
                            let learned = schemas.learn(&chunk).await;
                            learned.map_err(|error| Failure::Schemas(Box::new(error)))?;
                        }
                        if let Chunk::Messages(messages) = chunk {
                            bytes += messages.value_bytes();
                            chunks.push(messages);
                        }
                    }
                    Ok(None) => return Ok::<_, Failure>((chunks, began, true)),
                    Err(_) => break,
                }
            }
            stop.cancel();
            Ok((chunks, began, false))
        };
        let taking = async { taking.await.inspect_err(|_: &Failure| cancel.cancel()) };
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

    async fn read_object(
        &self,
        ranges: &dyn RangeReader,
        object: Object,
        most_bytes: u64,
    ) -> Result<Probe, Failure> {
        // One of each object, since it gives no more row groups than are let go of again.
        let row_groups = RowGroups::new(self.projection.clone(), self.decode)?;
        let split = Split {
            number: 0,
            size_bytes: object.size_bytes,
            input: SplitInput::Objects(vec![object.clone()]),
        };
        let never = CancellationToken::new();
        let parts = row_groups.parts(self.driver, &split, &never).await?;
        if let Some(Part::Parquet(object)) = parts.into_iter().next() {
            return self.read_parquet(ranges, &row_groups, object).await;
        }
        let most_bytes = most_bytes.min(object.size_bytes);
        let bytes = ranges.read(&object, 0..most_bytes).await?;
        let object = Arc::new(object);
        Ok(Probe::Stream { object, bytes })
    }

    /// Reads the footer, which tells the rows, and the largest row group that is not too large.
    async fn read_parquet(
        &self,
        ranges: &dyn RangeReader,
        row_groups: &RowGroups,
        object: Arc<Object>,
    ) -> Result<Probe, Failure> {
        let file = row_groups.open(ranges, object).await?;
        let (mut largest, mut wanted_rows, mut wanted_bytes) = (None, 0, 0);
        for number in 0..file.row_groups() {
            let Step::Read(wanted) = file.step(number)? else {
                continue;
            };
            let bytes: u64 = wanted.iter().map(|range| range.end - range.start).sum();
            let rows = file.rows_of(number);
            wanted_rows += rows;
            wanted_bytes += bytes;
            let is_larger = largest.as_ref().is_none_or(|(_, most, _)| rows > *most);
            if bytes <= ROW_GROUP_BYTES && is_larger {
                largest = Some((number, rows, wanted));
            }
        }
        let (mut group, mut bytes) = (None, 0);
        if let Some((number, rows, wanted)) = largest {
            bytes = wanted.iter().map(|range| range.end - range.start).sum();
            let read = row_groups.row_group(ranges, &file, number, wanted);
            group = Some((read.await?, rows));
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
