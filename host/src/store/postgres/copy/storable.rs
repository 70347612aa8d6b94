//! The values that PostgreSQL cannot keep exactly, or not in a key, column by column.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use serde::de::IgnoredAny;

use crate::schema::{Kind, Output};
use crate::store::TableColumns;

/// The first and the last microsecond of the years 0001 to 9999.
const MICROSECONDS: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);
/// The first and the last day of these years.
const DAYS: (i32, i32) = (-719_162, 2_932_896);
/// The longest value: PostgreSQL's limit is one GiB, with a few bytes of its own.
const VALUE_BYTES: i32 = (1 << 30) - 1024;
/// The most levels of a JSON value: the server's stack bears more, the less the more it is asked for.
const JSON_LEVELS: usize = 1000;
/// The most bytes that a key takes in an index. PostgreSQL's own limit is 2,704, and says so only after all rows are there.
const KEY_BYTES: usize = 2600;
/// The most that a value of fixed length takes in an index, and the most that one of variable length takes beyond itself.
const ALIGNED_BYTES: usize = 8;

/// A value that PostgreSQL cannot keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) struct Unstorable<'a> {
    pub(in crate::store::postgres) column: &'a Output,
    pub(in crate::store::postgres) row: usize,
    pub(in crate::store::postgres) why: &'static str,
}

/// Refuses the first value of a batch that cannot be kept.
pub(super) fn check<'a>(
    columns: &'a TableColumns,
    batch: &RecordBatch,
) -> Result<(), Unstorable<'a>> {
    for (column, array) in columns.iter().zip(batch.columns()) {
        let found = match column.kind {
            Kind::Boolean | Kind::Int64 | Kind::Float64 => None,
            Kind::Timestamp => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                outside(array, values, MICROSECONDS)
                    .map(|row| (row, "a moment outside the years 0001 to 9999"))
            }
            Kind::Date => {
                let values = array.as_primitive::<Date32Type>().values();
                outside(array, values, DAYS)
                    .map(|row| (row, "a day outside the years 0001 to 9999"))
            }
            Kind::Utf8 => too_long(array, lengths(array)).or_else(|| with_nul(array)),
            Kind::Binary => too_long(array, lengths(array)),
            Kind::Json => too_long(array, lengths(array)).or_else(|| no_json(array)),
        };
        if let Some((row, why)) = found {
            return Err(Unstorable { column, row, why });
        }
    }
    check_keys(&columns.keys, batch)
}

fn outside<T: Copy + PartialOrd>(
    array: &ArrayRef,
    values: &[T],
    (first, last): (T, T),
) -> Option<usize> {
    let is_outside = |value: &T| *value < first || *value > last;
    // Nearly always there is none, which is quickly seen without a look at the nulls.
    if !values
        .iter()
        .fold(false, |any, value| any | is_outside(value))
    {
        return None;
    }
    (0..values.len()).find(|&row| is_outside(&values[row]) && array.is_valid(row))
}

/// The offsets of text or bytes.
fn lengths(array: &ArrayRef) -> &[i32] {
    match array.as_binary_opt::<i32>() {
        Some(bytes) => bytes.value_offsets(),
        None => array.as_string::<i32>().value_offsets(),
    }
}

fn longest(offsets: &[i32]) -> i32 {
    offsets
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap_or(0)
}

fn too_long(array: &ArrayRef, offsets: &[i32]) -> Option<(usize, &'static str)> {
    if longest(offsets) <= VALUE_BYTES {
        return None;
    }
    let is_long =
        |&row: &usize| offsets[row + 1] - offsets[row] > VALUE_BYTES && array.is_valid(row);
    let row = (0..array.len()).find(is_long)?;
    Some((row, "a value of one GiB, and PostgreSQL keeps none"))
}

fn with_nul(array: &ArrayRef) -> Option<(usize, &'static str)> {
    let text = array.as_string::<i32>();
    let offsets = text.value_offsets();
    let all = &text.value_data()[offsets[0] as usize..offsets[text.len()] as usize];
    memchr::memchr(0, all)?;
    let has_nul = |&row: &usize| {
        text.is_valid(row) && memchr::memchr(0, text.value(row).as_bytes()).is_some()
    };
    let row = (0..text.len()).find(has_nul)?;
    Some((row, "U+0000, which text in PostgreSQL cannot have"))
}

fn no_json(array: &ArrayRef) -> Option<(usize, &'static str)> {
    let text = array.as_string::<i32>();
    (0..text.len())
        .filter(|&row| text.is_valid(row))
        .find_map(|row| {
            let value = text.value(row);
            if serde_json::from_str::<IgnoredAny>(value).is_err() {
                return Some((row, "text that is no JSON"));
            }
            let is_deep = value.len() > 2 * JSON_LEVELS && levels(value) > JSON_LEVELS;
            is_deep.then_some((row, "JSON of more than 1000 levels"))
        })
}

/// The most brackets that are open at once in a JSON value.
fn levels(json: &str) -> usize {
    let (mut open, mut most, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => open += 1,
            b']' | b'}' if !is_text => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// Refuses keys that may be too long for an index. The column named is the longest of the key.
fn check_keys<'a>(keys: &'a [Output], batch: &RecordBatch) -> Result<(), Unstorable<'a>> {
    let sizes = |bytes: &dyn Fn(&ArrayRef) -> i32| -> Vec<usize> {
        let arrays = keys.iter().zip(batch.columns());
        let size = |(key, array): (&Output, &ArrayRef)| match key.kind {
            Kind::Utf8 | Kind::Binary | Kind::Json => {
                ALIGNED_BYTES + usize::try_from(bytes(array)).unwrap_or(0)
            }
            _ => ALIGNED_BYTES,
        };
        arrays.map(size).collect()
    };
    let most: usize = sizes(&|array| longest(lengths(array))).iter().sum();
    if most <= KEY_BYTES {
        return Ok(());
    }
    for row in 0..batch.num_rows() {
        let sizes = sizes(&|array| match array.is_null(row) {
            true => 0,
            false => lengths(array)[row + 1] - lengths(array)[row],
        });
        let longest = keys.iter().zip(&sizes).max_by_key(|(_, size)| **size);
        if let Some((column, _)) = longest
            && sizes.iter().sum::<usize>() > KEY_BYTES
        {
            let why = "so much that the key is longer than 2,600 bytes, and no index of PostgreSQL takes it";
            return Err(Unstorable { column, row, why });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_text_open_no_level() {
        assert_eq!(levels(r#"{"[[[": ["\"[", {}]}"#), 3);
        assert_eq!(levels("1"), 0);
    }
}
