//! The number of rows of a row group that can be decoded at a time within bounded memory.
//!
//! A few stored bytes may become many: an entry of a dictionary for each row that repeats it, a prefix for each string
//! that shares it, a run of levels for the items of a list. So the longest of each is found before a row is decoded. A
//! column of strings with a long dictionary is decoded as views, which refer to the entries.

use std::sync::Arc;

use parquet::basic::{ConvertedType, Encoding, LogicalType, Type as Physical};
use parquet::column::page::{Page as Decompressed, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;

use super::levels::{Deltas, RowLengths};
use super::pages::{Page, PageKind, lacks_dictionary};

/// The most bytes in memory, approximately, of the rows that are decoded at a time.
const ROWS_BYTES: u64 = 64 << 20;

/// Bytes in memory of any value: its slot in a column or its view, and its levels.
const VALUE_BYTES: u64 = 20;

/// The sizes of a column of a row group that bound its memory.
pub(super) struct Column {
    /// Its path.
    pub(super) name: String,
    /// Whether its strings can be read as views.
    has_views: bool,
    /// Number of values, including nulls and items of lists.
    values: u64,
    /// The most values of some consecutive rows; `None` if each row has one value, or may have all.
    lengths: Option<RowLengths>,
    is_repeated: bool,
    /// Bytes in memory of any value.
    value_bytes: u64,
    /// Length of the longest entry of its dictionary.
    entry_bytes: u64,
    /// Length of the longest value that shares a prefix with the one before.
    shared_bytes: u64,
    /// Total length of all values that share a prefix.
    all_shared_bytes: u64,
}

/// How to decode a row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Rows at a time.
    pub(super) rows: usize,
    /// Whether strings are read as views.
    pub(super) has_views: bool,
}

/// A row may take more than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge<'a> {
    /// The column that takes most of the row.
    pub(super) column: &'a str,
    pub(super) bytes: u64,
}

impl Column {
    /// Reads the pages of a column, if they may become large.
    ///
    /// # Errors
    /// If the pages are damaged.
    pub(super) fn new(
        chunk: &ColumnChunkMetaData,
        pages: &[Page],
        reader: Arc<impl ChunkReader + 'static>,
    ) -> Result<Self, ParquetError> {
        let descriptor = chunk.column_descr();
        let mut column = Column {
            name: chunk.column_path().string(),
            has_views: has_views(descriptor),
            values: u64::try_from(chunk.num_values()).unwrap_or_default(),
            lengths: None,
            is_repeated: descriptor.max_rep_level() > 0,
            value_bytes: VALUE_BYTES + type_length(descriptor),
            entry_bytes: 0,
            shared_bytes: 0,
            all_shared_bytes: 0,
        };
        let is_bytes = descriptor.physical_type() == Physical::BYTE_ARRAY;
        let is_number = !is_bytes && descriptor.physical_type() != Physical::FIXED_LEN_BYTE_ARRAY;
        // Without a dictionary, decoders of bytes return an error, but those of numbers panic.
        if is_number && lacks_dictionary(pages) {
            let what = "a page has values of a dictionary that is missing";
            return Err(ParquetError::General(what.to_owned()));
        }
        let of_dictionary = |page: &&Page| page.kind == PageKind::Dictionary && is_bytes;
        let dictionary = pages.iter().find(of_dictionary);
        let longest = dictionary.map_or(0, |page| page.uncompressed_bytes);
        // A few thousand values of several columns are decoded at a time.
        let has_long_entry = column.values.min(1 << 13).saturating_mul(longest) > ROWS_BYTES / 8;
        let has_shared = pages.iter().any(has_lengths);
        let has_long_rows = column.is_repeated
            && column.values.saturating_mul(column.value_bytes + longest) > ROWS_BYTES;
        if !(has_long_entry || has_shared || has_long_rows) {
            column.entry_bytes = longest;
            return Ok(column);
        }
        let mut lengths = has_long_rows.then(RowLengths::default);
        let mut reader = SerializedPageReader::new(reader, chunk, 0, None)?;
        let mut found = 0;
        while found < column.values {
            let Some(page) = reader.get_next_page()? else {
                break;
            };
            if !page.is_data_page() {
                if is_bytes {
                    let longest = longest_entry(page.buffer());
                    column.entry_bytes = longest.ok_or_else(|| damaged("dictionary"))?;
                }
                if !has_shared && !has_long_rows {
                    break;
                }
                continue;
            }
            found += u64::from(page.num_values());
            let levels = Levels::of(&page, descriptor).ok_or_else(|| damaged("levels"))?;
            if let Some(lengths) = &mut lengths {
                let added = levels.repetition.and_then(|levels| {
                    lengths.add(levels, descriptor.max_rep_level(), page.num_values())
                });
                added.ok_or_else(|| damaged("levels"))?;
            }
            column
                .share(page.encoding(), levels.values, page.num_values())
                .ok_or_else(|| damaged("lengths"))?;
        }
        column.lengths = lengths.map(RowLengths::end);
        Ok(column)
    }

    /// Updates the longest value from a page that stores lengths apart; `None` if the page is damaged.
    fn share(&mut self, encoding: Encoding, values: &[u8], most: u32) -> Option<()> {
        let mut at = values;
        match encoding {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                Deltas::new(&mut at, most)?.for_each(|length| (length >= 0).then_some(()))
            }
            Encoding::DELTA_BYTE_ARRAY => {
                let mut prefixes = Vec::new();
                let deltas = Deltas::new(&mut at, most)?;
                deltas.for_each(|length| {
                    prefixes.push(u32::try_from(length).ok()?);
                    Some(())
                })?;
                let (mut prefixes, mut last) = (prefixes.into_iter(), 0u64);
                Deltas::new(&mut at, most)?.for_each(|length| {
                    let prefix = u64::from(prefixes.next()?).min(last);
                    last = prefix + u64::try_from(length).ok()?;
                    self.shared_bytes = self.shared_bytes.max(last);
                    self.all_shared_bytes = self.all_shared_bytes.saturating_add(last);
                    Some(())
                })
            }
            _ => Some(()),
        }
    }

    /// The most bytes in memory of `rows` rows that are decoded together.
    fn most_bytes(&self, rows: usize, has_views: bool) -> u64 {
        let values = match &self.lengths {
            Some(lengths) => lengths.most(rows),
            None if self.is_repeated => self.values,
            None => self.values.min(rows as u64),
        };
        let entry_bytes = match has_views && self.has_views {
            true => 0,
            false => self.entry_bytes,
        };
        let shared = values.saturating_mul(self.shared_bytes);
        values
            .saturating_mul(self.value_bytes.saturating_add(entry_bytes))
            .saturating_add(shared.min(self.all_shared_bytes))
    }
}

/// How to decode rows of these columns, at most `most` at a time.
///
/// # Errors
/// If a single row may take more than `limit`.
pub(super) fn reading(
    columns: &[Column],
    most: usize,
    limit: u64,
) -> Result<Reading, TooLarge<'_>> {
    let bytes = |rows, has_views| {
        let bytes = columns
            .iter()
            .map(|column| column.most_bytes(rows, has_views));
        bytes.fold(0, u64::saturating_add)
    };
    let has_views = bytes(most, false) > ROWS_BYTES
        && columns
            .iter()
            .any(|column| column.has_views && column.entry_bytes > 0);
    let mut rows = most;
    while rows > 1 && bytes(rows, has_views) > ROWS_BYTES {
        // `RowLengths` is exact for windows of powers of two.
        rows = ((rows - 1).next_power_of_two() / 2).max(1);
    }
    let row_bytes = bytes(1, has_views);
    if rows == 1 && row_bytes > limit.max(ROWS_BYTES) {
        let largest = columns
            .iter()
            .max_by_key(|column| column.most_bytes(1, has_views));
        return Err(TooLarge {
            column: largest.map_or("", |column| &column.name),
            bytes: row_bytes,
        });
    }
    Ok(Reading { rows, has_views })
}

/// Whether a page stores the lengths of its values apart from them.
pub(super) fn has_lengths(page: &Page) -> bool {
    const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
    const DELTA_BYTE_ARRAY: i64 = 7;
    page.kind == PageKind::Data
        && matches!(page.encoding, DELTA_LENGTH_BYTE_ARRAY | DELTA_BYTE_ARRAY)
}

/// The least bytes of a value in a dictionary.
pub(super) fn entry_bytes(descriptor: &ColumnDescriptor) -> u64 {
    match descriptor.physical_type() {
        Physical::BOOLEAN => 1,
        Physical::INT64 | Physical::DOUBLE => 8,
        Physical::INT96 => 12,
        Physical::FIXED_LEN_BYTE_ARRAY => type_length(descriptor).max(1),
        Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
    }
}

/// Length in bytes of each value, for a type of fixed length; otherwise 0.
fn type_length(descriptor: &ColumnDescriptor) -> u64 {
    match descriptor.physical_type() {
        Physical::FIXED_LEN_BYTE_ARRAY => u64::try_from(descriptor.type_length()).unwrap_or(0),
        _ => 0,
    }
}

/// Whether the values of a column can be read as views: strings and bytes, not decimals.
pub(super) fn has_views(descriptor: &ColumnDescriptor) -> bool {
    let is_decimal = descriptor.converted_type() == ConvertedType::DECIMAL
        || matches!(
            descriptor.logical_type_ref(),
            Some(LogicalType::Decimal { .. })
        );
    descriptor.physical_type() == Physical::BYTE_ARRAY && !is_decimal
}

/// Length of the longest string of a dictionary; `None` if it is damaged.
fn longest_entry(mut bytes: &[u8]) -> Option<u64> {
    let mut longest = 0;
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length);
        longest = longest.max(u64::from(length));
        bytes = rest.get(usize::try_from(length).ok()?..)?;
    }
    Some(longest)
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(format!("the {what} of a page are damaged"))
}

/// The parts of a decompressed data page.
struct Levels<'a> {
    /// Repetition levels, if they are encoded as runs.
    repetition: Option<&'a [u8]>,
    values: &'a [u8],
}

impl<'a> Levels<'a> {
    fn of(page: &'a Decompressed, descriptor: &ColumnDescriptor) -> Option<Self> {
        match page {
            Decompressed::DataPageV2 {
                buf,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let (repetition, rest) =
                    buf.split_at_checked(usize::try_from(*rep_levels_byte_len).ok()?)?;
                let values = rest.get(usize::try_from(*def_levels_byte_len).ok()?..)?;
                Some(Levels {
                    repetition: Some(repetition),
                    values,
                })
            }
            Decompressed::DataPage {
                buf,
                num_values,
                def_level_encoding,
                rep_level_encoding,
                ..
            } => {
                let mut rest = &buf[..];
                let most = descriptor.max_rep_level();
                let repetition = levels(&mut rest, *rep_level_encoding, most, *num_values)?;
                let most = descriptor.max_def_level();
                levels(&mut rest, *def_level_encoding, most, *num_values)?;
                Some(Levels {
                    repetition: (*rep_level_encoding == Encoding::RLE).then_some(repetition),
                    values: rest,
                })
            }
            Decompressed::DictionaryPage { .. } => None,
        }
    }
}

/// Takes levels with values up to `most` from the front of a page.
fn levels<'a>(
    bytes: &mut &'a [u8],
    encoding: Encoding,
    most: i16,
    values: u32,
) -> Option<&'a [u8]> {
    if most == 0 {
        return Some(&[]);
    }
    let length = match encoding {
        Encoding::RLE => {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            *bytes = rest;
            u64::from(u32::from_le_bytes(*length))
        }
        // Each level in as many bits as the highest level has.
        _ => (u64::from(values) * u64::from(16 - most.leading_zeros())).div_ceil(8),
    };
    let (levels, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, entry_bytes: u64, has_views: bool) -> Column {
        Column {
            name: name.to_owned(),
            has_views,
            values: 1 << 20,
            lengths: None,
            is_repeated: false,
            value_bytes: VALUE_BYTES,
            entry_bytes,
            shared_bytes: 0,
            all_shared_bytes: 0,
        }
    }

    #[test]
    fn rows_are_as_many_as_fit_and_views_are_read_where_that_helps() {
        let small = [column("a", 100, true), column("b", 0, true)];
        let usual = Reading {
            rows: 8192,
            has_views: false,
        };
        assert_eq!(reading(&small, 8192, 1 << 20), Ok(usual));
        let long = [column("a", 100, true), column("b", 400_000, true)];
        let viewed = Reading {
            has_views: true,
            ..usual
        };
        assert_eq!(reading(&long, 8192, 1 << 20), Ok(viewed));
        // No view helps a decimal.
        let fixed = [column("a", 400_000, false)];
        let found = reading(&fixed, 8192, 1 << 20).unwrap();
        assert_eq!(found.rows, 128);
        let huge = [column("a", 100, false), column("b", 1 << 30, false)];
        let error = reading(&huge, 8192, 512 << 20).unwrap_err();
        assert_eq!(error.column, "b");
        assert!(reading(&huge, 8192, 2 << 30).is_ok());
    }

    #[test]
    fn shared_prefixes_count_for_each_value_that_has_them() {
        // Blocks of 128 in one part: a length, zigzag, and others that differ by nothing.
        let lengths = |first: u8, count: u8| [0x80, 0x01, 1, count, first, 0, 0];
        let mut found = column("a", 0, true);
        let page = [&lengths(100, 3)[..], &lengths(100, 3)].concat();
        found.share(Encoding::DELTA_BYTE_ARRAY, &page, 3).unwrap();
        assert_eq!(
            (found.shared_bytes, found.all_shared_bytes),
            (100, 50 + 100 + 100)
        );
        assert_eq!(found.most_bytes(2, true), 2 * (VALUE_BYTES + 100));
        let too_many = found.share(Encoding::DELTA_BYTE_ARRAY, &page, 2);
        assert_eq!(too_many, None);
    }
}
