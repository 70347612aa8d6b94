//! Rows of columns as JSON, for people to read and for tools to pass on.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta};
use serde_json::{Map, Value};

/// A row as an object: its columns by name, as a record would have them that the decoder makes the row of. Binary is
/// base64, a timestamp RFC 3339 in UTC, a date `YYYY-MM-DD`.
///
/// # Panics
/// Where the batch has no such row.
pub fn row(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    values(batch, row).collect()
}

fn values(batch: &RecordBatch, row: usize) -> impl Iterator<Item = (String, Value)> {
    let fields = batch.schema_ref().fields().iter();
    let named = fields.zip(batch.columns());
    named.map(move |(field, column)| (field.name().clone(), value(&**column, row)))
}

/// A row in words, for a message: `page "/a", day "2026-01-03"`. Long text is cut.
///
/// # Panics
/// Where the batch has no such row.
pub fn name(batch: &RecordBatch, row: usize) -> String {
    let named = values(batch, row).map(|(name, value)| {
        let value = value.to_string();
        match value.char_indices().nth(NAME_CHARS) {
            Some((end, _)) => format!("{name} {}…", &value[..end]),
            None => format!("{name} {value}"),
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

/// How much of a value a name shows.
const NAME_CHARS: usize = 100;

/// A value of a column; null where the column is of a type that is none of the contract's.
fn value(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Timestamp(..) => {
            timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Date32 => date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Binary => BASE64.encode(column.as_binary::<i32>().value(row)).into(),
        _ => Value::Null,
    }
}

/// Beyond the years that a calendar has, the number itself.
fn timestamp(micros: i64) -> Value {
    match DateTime::from_timestamp_micros(micros) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        None => micros.into(),
    }
}

fn date(days: i32) -> Value {
    let day = NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()));
    day.map_or(days.into(), |day| day.to_string().into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_is_shown_as_a_record_would_have_it() {
        let columns: [(&str, ArrayRef); 7] = [
            ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
            ("i", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
            ("f", Arc::new(Float64Array::from(vec![Some(0.5), None]))),
            (
                "t",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![Some(1_500), None]).with_timezone("UTC"),
                ),
            ),
            ("d", Arc::new(Date32Array::from(vec![Some(-1), None]))),
            (
                "s",
                Arc::new(StringArray::from(vec![Some("\u{1b}é"), None])),
            ),
            (
                "x",
                Arc::new(BinaryArray::from(vec![Some(&b"\xff\0"[..]), None])),
            ),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let first = json!({
            "b": true, "i": i64::MIN, "f": 0.5, "t": "1970-01-01T00:00:00.001500Z", "d": "1969-12-31",
            "s": "\u{1b}é", "x": "/wA=",
        });
        assert_eq!(Value::from(row(&batch, 0)), first);
        assert!(row(&batch, 1).values().all(Value::is_null));
    }

    #[test]
    fn a_name_is_one_short_line() {
        let texts = StringArray::from(vec!["a\n\u{1b}[2J".to_owned(), "é".repeat(1_000)]);
        let numbers = Int64Array::from(vec![None, Some(-1)]);
        let columns: [(&str, ArrayRef, bool); 2] = [
            ("page", Arc::new(texts), true),
            ("n", Arc::new(numbers), true),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        assert_eq!(name(&batch, 0), "page \"a\\n\\u001b[2J\", n null");
        assert_eq!(name(&batch, 1), format!("page \"{}…, n -1", "é".repeat(99)));
    }

    #[test]
    fn what_no_calendar_has_stays_a_number() {
        assert_eq!(
            (timestamp(i64::MAX), date(i32::MAX)),
            (json!(i64::MAX), json!(i32::MAX))
        );
    }
}
