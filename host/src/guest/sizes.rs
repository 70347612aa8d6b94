//! The sizes of rows, and the check of the largest row of an answer.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::{Call, GuestError};
use crate::units::ByteSize;

/// The bytes of the values in each row: those of text and binary, and the widths of other columns.
pub(crate) struct RowBytes {
    /// The bytes of a row without its text and binary.
    fixed: usize,
    /// The bytes of text and binary in each row; empty if there are no such columns.
    varying: Vec<u32>,
    rows: usize,
}

impl RowBytes {
    /// The sizes of the rows of these columns.
    pub(crate) fn of(columns: &[ArrayRef]) -> Self {
        let rows = columns.first().map_or(0, |column| column.len());
        let (mut fixed, mut varying) = (0, Vec::new());
        for column in columns {
            let Some(offsets) = offsets(column) else {
                fixed += column.data_type().primitive_width().unwrap_or(1);
                continue;
            };
            fixed += size_of::<i32>();
            varying.resize(rows, 0_u32);
            for (bytes, ends) in varying.iter_mut().zip(offsets.windows(2)) {
                *bytes = bytes.saturating_add((ends[1] - ends[0]) as u32);
            }
        }
        RowBytes {
            fixed,
            varying,
            rows,
        }
    }

    /// The bytes of `row`.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> usize {
        self.fixed + self.varying.get(row).map_or(0, |bytes| *bytes as usize)
    }

    /// The bytes of all rows.
    pub(crate) fn all(&self) -> usize {
        let varying: usize = self.varying.iter().map(|bytes| *bytes as usize).sum();
        self.fixed * self.rows + varying
    }
}

/// Cuts rows into ranges of at most `most_rows` rows and `most_bytes` bytes; a larger row is a range of its own.
pub(crate) fn cuts(
    rows: usize,
    most_rows: usize,
    most_bytes: usize,
    bytes: impl Fn(usize) -> usize,
) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from == rows {
            return None;
        }
        let (mut until, mut taken) = (from + 1, bytes(from));
        while until < rows && until - from < most_rows {
            taken = taken.saturating_add(bytes(until));
            if taken > most_bytes {
                break;
            }
            until += 1;
        }
        let range = from..until;
        from = until;
        Some(range)
    })
}

/// Checks that no row of these columns has more than `limit` bytes of text and binary.
///
/// # Errors
/// [`GuestError::RowTooLarge`] for the first row that is larger.
pub(super) fn check(
    call: Call,
    what: &'static str,
    columns: &[ArrayRef],
    limit: ByteSize,
    key: impl Fn(usize) -> Option<String>,
) -> Result<(), GuestError> {
    let offsets: Vec<_> = columns.iter().filter_map(offsets).collect();
    let all: usize = offsets
        .iter()
        .map(|offsets| span(offsets, 0, offsets.len() - 1))
        .sum();
    // All rows together are mostly smaller than the limit of one row.
    if all as u64 <= limit.0 {
        return Ok(());
    }
    let rows = columns.first().map_or(0, |column| column.len());
    let size = |row| {
        offsets
            .iter()
            .map(|offsets| span(offsets, row, row + 1))
            .sum::<usize>() as u64
    };
    let Some(row) = (0..rows).find(|row| size(*row) > limit.0) else {
        return Ok(());
    };
    Err(GuestError::RowTooLarge {
        call,
        what,
        size: ByteSize(size(row)),
        limit,
        key: key(row).map(String::into_boxed_str),
    })
}

fn offsets(column: &ArrayRef) -> Option<&[i32]> {
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value_offsets()),
        DataType::Binary => Some(column.as_binary::<i32>().value_offsets()),
        _ => None,
    }
}

fn span(offsets: &[i32], from: usize, until: usize) -> usize {
    (offsets[until] - offsets[from]) as usize
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BinaryArray, Int64Array, StringArray};

    use super::*;

    #[test]
    fn the_values_of_a_row_are_weighed() {
        let columns: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec!["x", "aaaa", "", "a"])),
            Arc::new(Int64Array::from(vec![0, 1, 2, 3])),
            Arc::new(BinaryArray::from(vec![&b"x"[..], b"bb", b"b", b""])),
        ];
        let sliced: Vec<_> = columns.iter().map(|column| column.slice(1, 3)).collect();
        let bytes = RowBytes::of(&sliced);
        let rows: Vec<_> = (0..3).map(|row| bytes.row(row)).collect();
        assert_eq!((rows, bytes.all()), (vec![22, 17, 17], 56));
        let numbers = RowBytes::of(&sliced[1..2]);
        assert_eq!((numbers.row(2), numbers.all()), (8, 24));
        assert_eq!(RowBytes::of(&[]).all(), 0);
    }

    #[test]
    fn rows_are_cut_by_number_and_by_bytes() {
        let sizes = [3, 3, 3, 20, 1, 1, 1, 1, 0];
        let cut = |most_rows, most_bytes| {
            cuts(sizes.len(), most_rows, most_bytes, |row| sizes[row]).collect::<Vec<_>>()
        };
        assert_eq!(cut(100, 100).first(), Some(&(0..9)));
        assert_eq!(cut(100, 6), [0..2, 2..3, 3..4, 4..9]);
        assert_eq!(cut(3, 10), [0..3, 3..4, 4..7, 7..9]);
        assert_eq!(cut(1, 0).len(), 9);
        assert_eq!(cuts(0, 1, 1, |_| 1).count(), 0);
    }

    #[test]
    fn the_columns_of_a_row_count_together_and_rows_do_not() {
        let columns: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec!["aaaa", "aaaaa", "a"])),
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            Arc::new(BinaryArray::from(vec![&b"bbbb"[..], b"bbbb", b""])),
        ];
        let check = |limit| {
            check(Call::Drain, "state", &columns, ByteSize(limit), |row| {
                Some(format!("row {row}"))
            })
        };
        assert!(check(9).is_ok());
        assert_eq!(
            check(8).unwrap_err().to_string(),
            "the component's answer to `drain` has a state of 9 B at row 1, and `limits.state` is 8 B"
        );
        assert!(super::check(Call::Drain, "key", &[], ByteSize(0), |_| None).is_ok());
    }
}
