//! Reads the beginning of an object, or a row group of one that is Parquet.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::decode::{DecodeOptions, ParquetFile, Projection, RowGroup, Step};
use crate::replay::row_groups::{Failure, Part, RowGroups};
use crate::source::{Object, RangeReader, ReplayDriver, Split, SplitInput};

/// The most that is read of a Parquet object beside its footer.
const ROW_GROUP_BYTES: u64 = 16 << 20;

/// What was read of an object.
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
}

impl Probe {
    /// How many bytes were read.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Probe::Stream { bytes, .. } => bytes.len() as u64,
            Probe::Parquet { bytes, .. } => *bytes,
        }
    }
}

/// Reads probes of a source.
pub(super) struct Prober<'a> {
    pub(super) driver: &'a dyn ReplayDriver,
    pub(super) ranges: &'a dyn RangeReader,
    pub(super) projection: Projection,
    pub(super) decode: &'a DecodeOptions,
}

impl Prober<'_> {
    /// Reads an object, at most `most_bytes` of one that is no Parquet.
    pub(super) async fn read(&self, object: Object, most_bytes: u64) -> Result<Probe, Failure> {
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
            return self.read_parquet(&row_groups, object).await;
        }
        let most_bytes = most_bytes.min(object.size_bytes);
        let bytes = self.ranges.read(&object, 0..most_bytes).await?;
        let object = Arc::new(object);
        Ok(Probe::Stream { object, bytes })
    }

    /// Reads the footer, which tells the rows, and the largest row group that is not too large.
    async fn read_parquet(
        &self,
        row_groups: &RowGroups,
        object: Arc<Object>,
    ) -> Result<Probe, Failure> {
        let file = row_groups.open(self.ranges, object).await?;
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
            let read = row_groups.row_group(self.ranges, &file, number, wanted);
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
