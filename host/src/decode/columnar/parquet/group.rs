//! Decoding of a row group.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::file::in_group;
use super::pages::{Page, pages};
use super::weight::{self, Reading};
use super::{ParquetFile, damaged, guarded};
use crate::decode::columnar::{Binding, ColumnPiece, RowMetadata};
use crate::decode::reader::Paused;
use crate::decode::rows::Rows;
use crate::decode::{Counts, DecodeError};
use crate::source::Object;

/// Approximate bytes of rows that are decoded at a time.
const PIECE_BYTES: u64 = 16 << 20;

/// A row group with its bytes, to be decoded. Clones share the bytes.
#[derive(Clone)]
pub struct RowGroup {
    file: Arc<ParquetFile>,
    number: usize,
    /// The ranges read of it, by their offset; `None` if it is passed over.
    parts: Option<Vec<(u64, Bytes)>>,
    /// Dropped once the row group is decoded by all lanes.
    _held: Option<Arc<dyn Send + Sync>>,
}

impl RowGroup {
    /// A row group that is passed over.
    pub fn passed_over(file: Arc<ParquetFile>, number: usize) -> Self {
        RowGroup {
            file,
            number,
            parts: None,
            _held: None,
        }
    }

    /// A row group with the ranges of [`ParquetFile::step`]. `held` is dropped once the row group is decoded.
    pub fn read(
        file: Arc<ParquetFile>,
        number: usize,
        parts: impl IntoIterator<Item = (Range<u64>, Bytes)>,
        held: impl Send + Sync + 'static,
    ) -> Self {
        let parts = parts.into_iter();
        RowGroup {
            file,
            number,
            parts: Some(parts.map(|(range, bytes)| (range.start, bytes)).collect()),
            _held: Some(Arc::new(held)),
        }
    }

    /// Whether it is the first of its object.
    pub(in crate::decode) fn is_first(&self) -> bool {
        self.number == 0
    }

    /// The object of the row group.
    pub(in crate::decode) fn object(&self) -> &Object {
        &self.file.object
    }
}

impl RowGroup {
    /// Bytes of its share of the object that are not read: those of unwanted columns, or all of them.
    pub fn unread_bytes(&self) -> u64 {
        let parts = self.parts.iter().flatten();
        let read = parts.map(|(_, bytes)| bytes.len() as u64).sum();
        self.file.share_of(self.number).saturating_sub(read)
    }
}

impl fmt::Debug for RowGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row group {} of {}", self.number, self.file.object.key)
    }
}

/// Decodes a row group.
pub(in crate::decode) struct GroupReader {
    group: RowGroup,
    source: Arc<str>,
    reader: Option<ParquetRecordBatchReader>,
    binding: Arc<Binding>,
    rows: u64,
    rows_read: u64,
}

impl GroupReader {
    pub(in crate::decode) fn new(group: RowGroup) -> Self {
        GroupReader {
            source: group.file.object.key.as_str().into(),
            rows: group.file.rows_of(group.number),
            reader: None,
            binding: group.file.binding.clone(),
            rows_read: 0,
            group,
        }
    }

    /// Decodes until a batch has to be taken.
    ///
    /// # Errors
    /// If the row group is damaged or too large.
    pub(in crate::decode) fn advance(&mut self, rows: &mut Rows) -> Result<Paused, DecodeError> {
        if rows.is_full_for_columns() {
            return Ok(Paused::Full);
        }
        let Some(parts) = &self.group.parts else {
            rows.count_columns(Counts {
                records: self.rows,
                out_of_range: self.rows,
                ..Counts::default()
            });
            return Ok(Paused::Done);
        };
        let (file, number) = (self.group.file.clone(), self.group.number);
        let key = &file.object.key;
        let place = || in_group(number);
        if self.reader.is_none() {
            let pages = self.check_pages(parts)?;
            let reading = self.reading(parts, &pages, self.batch_rows(rows.batch_rows()))?;
            rows.count_columns(self.sizes(parts));
            let mut metadata = file.metadata.clone();
            if reading.has_views {
                let viewed = file.viewed()?;
                (metadata, self.binding) = (viewed.metadata, viewed.binding);
            }
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.parts(parts), metadata);
            let builder = builder
                .with_projection(file.mask.clone())
                .with_row_groups(vec![number])
                .with_batch_size(reading.rows);
            self.reader = Some(guarded(key, place, || builder.build())?);
        }
        while let Some(reader) = &mut self.reader {
            if rows.is_full_for_columns() {
                return Ok(Paused::Full);
            }
            let Some(batch) = guarded(key, place, || reader.next().transpose())? else {
                break;
            };
            let first = file.first_rows[number] + self.rows_read as i64;
            self.rows_read += batch.num_rows() as u64;
            let piece = ColumnPiece {
                rows: batch,
                binding: self.binding.clone(),
                metadata: RowMetadata::Object {
                    source: self.source.clone(),
                    time_us: file.object.modified_us,
                    first,
                },
            };
            rows.push_columns(piece);
        }
        if self.rows_read != self.rows {
            let detail = format!("it has {} rows instead of {}", self.rows_read, self.rows);
            return Err(damaged(key, place(), detail));
        }
        Ok(Paused::Done)
    }

    /// Checks the headers of pages against the footer and the limit; returns the pages of each wanted column.
    fn check_pages(&self, parts: &[(u64, Bytes)]) -> Result<Vec<Vec<Page>>, DecodeError> {
        let (file, number) = (&self.group.file, self.group.number);
        let (mut all, mut size) = (Vec::new(), 0u64);
        for chunk in file.wanted_chunks(number) {
            let bytes = file.chunk_range(chunk).and_then(|range| part(parts, range));
            let values = u64::try_from(chunk.num_values()).ok();
            let (bytes, values) = bytes.zip(values).unwrap_or_default();
            let entry_bytes = weight::entry_bytes(chunk.column_descr());
            let pages = pages(&bytes, values, entry_bytes).map_err(|detail| {
                let place = format!("{}, column `{}`", in_group(number), chunk.column_path());
                damaged(&file.object.key, place, detail)
            })?;
            let promised = pages.iter().map(|page| {
                // The library unpacks two lengths per value at once.
                let lengths = if weight::has_lengths(page) {
                    page.values
                } else {
                    0
                };
                page.uncompressed_bytes + 8 * u64::from(lengths)
            });
            size = promised.fold(size, u64::saturating_add);
            all.push(pages);
        }
        file.check_size(number, size)?;
        Ok(all)
    }

    /// How to decode the rows, at most `most` at a time.
    fn reading(
        &self,
        parts: &[(u64, Bytes)],
        pages: &[Vec<Page>],
        most: usize,
    ) -> Result<Reading, DecodeError> {
        let (file, number) = (&self.group.file, self.group.number);
        let reader = Arc::new(self.parts(parts));
        let columns = file.wanted_chunks(number).zip(pages).map(|(chunk, pages)| {
            let place = || format!("{}, column `{}`", in_group(number), chunk.column_path());
            guarded(&file.object.key, place, || {
                weight::Column::new(chunk, pages, reader.clone())
            })
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        weight::reading(&columns, most, file.max_row_group.0)
            .map_err(|large| file.row_too_large(number, large.column, large.bytes))
    }

    /// The ranges read, as the library reads them.
    fn parts(&self, parts: &[(u64, Bytes)]) -> Parts {
        Parts {
            parts: parts.into(),
            size_bytes: self.group.file.object.size_bytes,
        }
    }

    fn sizes(&self, parts: &[(u64, Bytes)]) -> Counts {
        let chunks = self.group.file.wanted_chunks(self.group.number);
        Counts {
            stored_bytes: parts.iter().map(|(_, bytes)| bytes.len() as u64).sum(),
            decoded_bytes: chunks
                .map(|chunk| chunk.uncompressed_size().max(0) as u64)
                .sum(),
            ..Counts::default()
        }
    }

    /// The number of rows to decode at a time by their average length, at most `most`.
    fn batch_rows(&self, most: usize) -> usize {
        let chunks = self.group.file.wanted_chunks(self.group.number);
        let bytes: u64 = chunks
            .map(|chunk| chunk.uncompressed_size().max(0) as u64)
            .sum();
        let row_bytes = (bytes / self.rows.max(1)).max(1);
        usize::try_from(PIECE_BYTES / row_bytes)
            .unwrap_or(most)
            .clamp(1, most)
    }
}

/// The bytes of a range within one of the `parts`.
fn part(parts: &[(u64, Bytes)], range: Range<u64>) -> Option<Bytes> {
    parts.iter().find_map(|(begin, bytes)| {
        let start = usize::try_from(range.start.checked_sub(*begin)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(*begin)?).ok()?;
        (end <= bytes.len()).then(|| bytes.slice(start..end))
    })
}

/// The ranges of an object that were read.
struct Parts {
    parts: Arc<[(u64, Bytes)]>,
    size_bytes: u64,
}

impl Parts {
    /// The bytes from `start` to the end of the range that contains it.
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let mut parts = self.parts.iter();
        parts
            .find_map(|(begin, bytes)| {
                let at = usize::try_from(start.checked_sub(*begin)?).ok()?;
                (at < bytes.len()).then(|| bytes.slice(at..))
            })
            .ok_or_else(|| outside(start))
    }
}

fn outside(at: u64) -> ParquetError {
    ParquetError::General(format!("byte {at} belongs to none of the wanted columns"))
}

impl Length for Parts {
    fn len(&self) -> u64 {
        self.size_bytes
    }
}

impl ChunkReader for Parts {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(outside(start.saturating_add(bytes.len() as u64)));
        }
        Ok(bytes.slice(..length))
    }
}
