//! How large one row of an answer may be.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::{Call, GuestError};
use crate::units::ByteSize;

/// Checks that no row of these columns has more than `limit` bytes of text and binary.
///
/// # Errors
/// [`GuestError::RowTooLarge`] for the first that has.
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
    // All rows together are mostly smaller than one may be.
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
