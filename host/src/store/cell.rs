//! Values and keys as text for messages and reports: one line, no control characters.

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;

use crate::store::datetime::DateTimeText;

/// The value at `row`.
pub(crate) fn cell_text(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Timestamp(..) => {
            let us = column.as_primitive::<TimestampMicrosecondType>().value(row);
            DateTimeText::new()
                .timestamp(us)
                .map_or_else(|| format!("{us} us"), |text| short_time(&text))
        }
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            DateTimeText::new()
                .date(days)
                .map_or_else(|| format!("day {days}"), |text| ascii(&text))
        }
        DataType::Utf8 => column
            .as_string::<i32>()
            .value(row)
            .escape_debug()
            .to_string(),
        DataType::Binary => {
            column
                .as_binary::<i32>()
                .value(row)
                .iter()
                .fold("0x".to_owned(), |mut text, byte| {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{byte:02x}");
                    text
                })
        }
        other => other.to_string(),
    }
}

/// The key at `row`, of a batch whose first `keys` columns are the key: `page=/a day=2026-01-31`.
pub(crate) fn key_text(batch: &RecordBatch, keys: usize, row: usize) -> String {
    let schema = batch.schema();
    let named = schema.fields().iter().zip(batch.columns()).take(keys);
    let pairs: Vec<_> = named
        .map(|(field, column)| format!("{}={}", field.name(), cell_text(column, row)))
        .collect();
    pairs.join(" ")
}

/// A timestamp without the trailing zeros of its fraction.
fn short_time(text: &[u8]) -> String {
    format!(
        "{}Z",
        ascii(text)
            .trim_end_matches('Z')
            .trim_end_matches('0')
            .trim_end_matches('.')
    )
}

fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
