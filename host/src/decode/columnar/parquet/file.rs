//! The ranges to read of a Parquet object.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow_schema::{Fields, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::footer::ParquetMetadata;
use super::prune::EventTimeLeaf;
use super::types::{arrow_metadata, with_views};
use super::{Footer, damaged, guarded, subject};
use crate::decode::columnar::way::Found;
use crate::decode::columnar::{Binding, ColumnPlan, Top};
use crate::decode::{DecodeError, DecodeOptions, EventRange, Projection};
use crate::source::Object;
use crate::units::ByteSize;

/// The largest gap between wanted ranges that are read as one.
const GAP_BYTES: u64 = 64 << 10;

/// Plans the ranges to read of Parquet objects for one projection.
pub struct ParquetPlanner {
    plan: Arc<ColumnPlan>,
    max_row_group: ByteSize,
}

/// A Parquet object with its metadata, planned for one projection.
pub struct ParquetFile {
    pub(super) object: Arc<Object>,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) mask: ProjectionMask,
    pub(super) binding: Arc<Binding>,
    plan: Arc<ColumnPlan>,
    /// Metadata and binding with strings as views; made once a row group needs it.
    viewed: OnceLock<Viewed>,
    /// Ordinal of the first row of each row group.
    pub(super) first_rows: Vec<i64>,
    /// Stored bytes of all row groups up to the end of each.
    stored_ends: Vec<u64>,
    /// Indices of the leaf columns that are read.
    leaves: Vec<usize>,
    event_time: Option<EventTimeLeaf>,
    range: EventRange,
    pub(super) max_row_group: ByteSize,
}

/// Metadata and binding of an object with strings as views.
#[derive(Clone)]
pub(super) struct Viewed {
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) binding: Arc<Binding>,
}

/// What to do with a row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Pass it over: all of its rows are out of range.
    PassOver,
    /// Read these ranges, which may be none.
    Read(Vec<Range<u64>>),
}

impl ParquetPlanner {
    /// A planner for `projection`.
    ///
    /// # Errors
    /// If the projection is not valid.
    pub fn new(projection: Projection, options: &DecodeOptions) -> Result<Self, DecodeError> {
        let plan = ColumnPlan::new(options.open(projection)?)?;
        Ok(ParquetPlanner {
            plan: Arc::new(plan.converting(options.conversion())),
            max_row_group: options.max_row_group,
        })
    }

    /// A reader of the footer of `object`.
    ///
    /// # Errors
    /// If the object is too short to be Parquet.
    pub fn footer(&self, object: &Object) -> Result<Footer, DecodeError> {
        Footer::new(object)
    }

    /// Plans the ranges to read of `object`, whose footer has `metadata`.
    ///
    /// # Errors
    /// If a column does not convert to its input or is encrypted, or the footer is not valid.
    pub fn plan(
        &self,
        object: Arc<Object>,
        metadata: ParquetMetadata,
    ) -> Result<ParquetFile, DecodeError> {
        let place = || "its schema".to_owned();
        let ParquetMetadata { parquet, encrypted } = metadata;
        let metadata = guarded(&object.key, place, || arrow_metadata(parquet))?;
        let parquet = metadata.parquet_schema();
        let leaves = self.leaves(&metadata);
        if let Some(leaf) = leaves.iter().find(|leaf| encrypted.contains(leaf)) {
            return Err(subject(&object.key).not_read(format!(
                "its column `{}` is encrypted. Write it anew without encryption, or let the component read other \
                 columns",
                parquet.column(*leaf).path().string()
            )));
        }
        let mask = ProjectionMask::leaves(parquet, leaves.iter().copied());
        let fields = metadata.schema().fields();
        let columns = Schema::new(fields.filter_leaves(|leaf, _| mask.leaf_included(leaf)));
        let binding = Binding::new(&self.plan, Top::Columns(columns.fields()), &object)?;
        let (mut first_rows, mut stored_ends) = (Vec::new(), Vec::new());
        let (mut next, mut stored) = (0i64, 0u64);
        for (number, group) in metadata.metadata().row_groups().iter().enumerate() {
            first_rows.push(next);
            let bytes = u64::try_from(group.compressed_size()).unwrap_or(0);
            stored = stored.saturating_add(bytes);
            stored_ends.push(stored);
            let end = next.checked_add(group.num_rows());
            next = end.filter(|end| *end >= next).ok_or_else(|| {
                let detail = format!("it says that it has {} rows", group.num_rows());
                damaged(&object.key, in_group(number), detail)
            })?;
        }
        let event_time = EventTimeLeaf::find(&self.plan, &columns, parquet);
        Ok(ParquetFile {
            mask,
            binding: Arc::new(binding),
            plan: self.plan.clone(),
            viewed: OnceLock::new(),
            first_rows,
            stored_ends,
            leaves,
            event_time,
            range: self.plan.record_plan.range,
            max_row_group: self.max_row_group,
            metadata,
            object,
        })
    }

    /// Indices of the leaf columns at and below the wanted paths; of a map on the way, all of them.
    fn leaves(&self, metadata: &ArrowReaderMetadata) -> Vec<usize> {
        let (parquet, fields) = (metadata.parquet_schema(), metadata.schema().fields());
        let paths: Vec<_> = self
            .plan
            .paths
            .iter()
            .map(|path| stem(path, fields))
            .collect();
        let is_wanted = |leaf: &usize| {
            let column = parquet.column(*leaf);
            paths
                .iter()
                .any(|path| column.path().parts().starts_with(path))
        };
        (0..parquet.num_columns()).filter(is_wanted).collect()
    }
}

/// The path, or its beginning up to the first map.
fn stem<'a>(path: &'a [String], fields: &Fields) -> &'a [String] {
    let names = Found::at(Top::Columns(fields), path).and_then(|found| found.names_to_map());
    names.map_or(path, |names| &path[..names])
}

impl ParquetFile {
    /// The object.
    pub fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Number of row groups.
    pub fn row_groups(&self) -> usize {
        self.first_rows.len()
    }

    /// The paths of all columns, wanted or not.
    pub fn column_paths(&self) -> Vec<String> {
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let columns = schema.columns().iter();
        let escaped = |name: &String| name.replace('\\', r"\\").replace('.', r"\.");
        columns
            .map(|column| {
                column
                    .path()
                    .parts()
                    .iter()
                    .map(escaped)
                    .collect::<Vec<_>>()
                    .join(".")
            })
            .collect()
    }

    /// Approximate bytes of the object that belong to a row group. The shares add up to the size of the object.
    pub(super) fn share_of(&self, number: usize) -> u64 {
        let all = u128::from(self.stored_ends.last().copied().unwrap_or(0).max(1));
        let upto =
            |stored: u64| (u128::from(self.object.size_bytes) * u128::from(stored) / all) as u64;
        let before = number
            .checked_sub(1)
            .map_or(0, |before| self.stored_ends[before]);
        upto(self.stored_ends[number]) - upto(before)
    }

    /// Number of rows of a row group.
    ///
    /// # Panics
    /// If there is no such row group.
    pub fn rows_of(&self, number: usize) -> u64 {
        // `plan` checked that it is not negative.
        self.group(number).num_rows().max(0) as u64
    }

    /// The wanted columns of a row group.
    pub(super) fn wanted_chunks(
        &self,
        number: usize,
    ) -> impl Iterator<Item = &ColumnChunkMetaData> {
        let chunks = self.group(number).columns();
        self.leaves.iter().filter_map(|leaf| chunks.get(*leaf))
    }

    pub(super) fn group(&self, number: usize) -> &RowGroupMetaData {
        self.metadata.metadata().row_group(number)
    }

    /// What to do with a row group.
    ///
    /// # Errors
    /// If the footer is not valid, or the row group is too large.
    ///
    /// # Panics
    /// If there is no such row group.
    pub fn step(&self, number: usize) -> Result<Step, DecodeError> {
        let group = self.group(number);
        let passed_over = self.event_time.as_ref();
        if passed_over.is_some_and(|leaf| leaf.is_outside(group, self.range)) {
            return Ok(Step::PassOver);
        }
        let (mut ranges, mut promised) = (Vec::new(), 0u64);
        for leaf in &self.leaves {
            let chunk = group.columns().get(*leaf).ok_or_else(|| {
                damaged(
                    &self.object.key,
                    in_group(number),
                    "it lacks columns of the schema",
                )
            })?;
            if chunk.compression() == Compression::LZO {
                return Err(subject(&self.object.key).not_read(
                    "its columns are compressed with LZO. Write it anew with zstd, snappy or gzip",
                ));
            }
            let range = self.chunk_range(chunk);
            let uncompressed = u64::try_from(chunk.uncompressed_size()).ok();
            let (range, uncompressed) = range
                .filter(|_| chunk.file_path().is_none())
                .zip(uncompressed)
                .ok_or_else(|| {
                    let column = chunk.column_path().string();
                    let detail = format!("column `{column}` does not lie within the object");
                    damaged(&self.object.key, in_group(number), detail)
                })?;
            promised = promised.saturating_add(uncompressed);
            ranges.push(range);
        }
        let stored = ranges.iter().map(|range| range.end - range.start);
        let size = promised.max(stored.fold(0, u64::saturating_add));
        self.check_size(number, size)?;
        Ok(Step::Read(joined(ranges)))
    }

    /// The range of a column chunk, if it is between the magic numbers at both ends of the object.
    pub(super) fn chunk_range(&self, chunk: &ColumnChunkMetaData) -> Option<Range<u64>> {
        // The library computes the beginning in the same way.
        let start = chunk.dictionary_page_offset();
        let start = u64::try_from(start.unwrap_or(chunk.data_page_offset())).ok()?;
        let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
        (start >= 4 && end <= self.object.size_bytes.saturating_sub(8)).then_some(start..end)
    }

    /// Metadata and binding with strings as views.
    ///
    /// # Errors
    /// If the library refuses the schema, which is valid for all columns that [`with_views`] selects.
    pub(super) fn viewed(&self) -> Result<Viewed, DecodeError> {
        if let Some(viewed) = self.viewed.get() {
            return Ok(viewed.clone());
        }
        let place = || "its schema".to_owned();
        let metadata = guarded(&self.object.key, place, || {
            with_views(self.metadata.metadata().clone(), self.metadata.schema())
        })?;
        let fields = metadata.schema().fields();
        let columns = Schema::new(fields.filter_leaves(|leaf, _| self.mask.leaf_included(leaf)));
        let top = Top::Columns(columns.fields());
        let binding = Arc::new(Binding::new(&self.plan, top, &self.object)?);
        let viewed = Viewed { metadata, binding };
        Ok(self.viewed.get_or_init(|| viewed).clone())
    }

    /// The error of a row that is too large to be decoded.
    pub(super) fn row_too_large(&self, number: usize, column: &str, bytes: u64) -> DecodeError {
        DecodeError::RowTooLarge {
            object: self.object.key.clone(),
            place: format!("{}, column `{column}`", in_group(number)),
            size: ByteSize(bytes),
            limit: self.max_row_group,
        }
    }

    /// Checks the bytes of a row group against the limit.
    pub(super) fn check_size(&self, number: usize, bytes: u64) -> Result<(), DecodeError> {
        if bytes <= self.max_row_group.0 {
            return Ok(());
        }
        Err(DecodeError::RowGroupTooLarge {
            object: self.object.key.clone(),
            group: number,
            size: ByteSize(bytes),
            limit: self.max_row_group,
        })
    }
}

pub(super) fn in_group(number: usize) -> String {
    format!("row group {number}")
}

/// Joins ranges with a gap of at most [`GAP_BYTES`].
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP_BYTES) => {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_lie_close_are_read_at_once() {
        let gap = GAP_BYTES;
        assert_eq!(joined(vec![]), Vec::<Range<u64>>::new());
        let ranges = vec![
            gap + 30..gap + 40,
            4..10,
            10..20,
            2 * gap + 41..2 * gap + 42,
        ];
        assert_eq!(
            joined(ranges),
            [4..20, gap + 30..gap + 40, 2 * gap + 41..2 * gap + 42]
        );
        let overlapping = joined(vec![0..100, 10..20, 90..gap + 100, 9 * gap..9 * gap + 1]);
        assert_eq!(overlapping, [0..gap + 100, 9 * gap..9 * gap + 1]);
    }
}
