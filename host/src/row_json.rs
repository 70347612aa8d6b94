//! Rows of columns as JSON, and back.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta};
use serde_json::{Map, Value};

/// The values of a row, by the names of their columns.
pub type Row = Map<String, Value>;

/// A row as an object, with the columns in the form that the decoder reads: binary as base64, a timestamp as RFC 3339 in
/// UTC, a date as `YYYY-MM-DD`. Floats that JSON cannot write are `"NaN"`, `"inf"` or `"-inf"`.
///
/// # Panics
/// If the batch has no such row.
pub fn row(batch: &RecordBatch, row: usize) -> Row {
    values(batch, row).collect()
}

fn values(batch: &RecordBatch, row: usize) -> impl Iterator<Item = (String, Value)> {
    let fields = batch.schema_ref().fields().iter();
    let named = fields.zip(batch.columns());
    named.map(move |(field, column)| (field.name().clone(), value(&**column, row)))
}

/// A row as text for a message: `page "/a", day "2026-01-03"`. Long text is cut.
///
/// # Panics
/// If the batch has no such row.
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

/// The most characters of a value in such a text.
const NAME_CHARS: usize = 100;

/// A value of a column; null if the contract has no such type.
fn value(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(..) => {
            timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Date32 => date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Binary => BASE64.encode(column.as_binary::<i32>().value(row)).into(),
        _ => Value::Null,
    }
}

fn float(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// The number itself for a year that RFC 3339 does not have.
fn timestamp(micros: i64) -> Value {
    let time = DateTime::from_timestamp_micros(micros);
    match time.filter(|time| (0..=9999).contains(&time.year())) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        None => micros.into(),
    }
}

fn date(days: i32) -> Value {
    let day = NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()));
    day.map_or(days.into(), |day| day.to_string().into())
}

/// Rows in the form of [`row`] as a batch of `schema`, with the same bits except for NaN. Columns that a row lacks are
/// null.
///
/// # Errors
/// The first value that does not fit, with its row and column; a name that the schema does not have.
pub fn batch(schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch, String> {
    for (number, row) in rows.iter().enumerate() {
        if let Some(name) = row.keys().find(|name| schema.index_of(name).is_err()) {
            return Err(format!("row {number}: there is no column `{name}`"));
        }
    }
    let columns = (0..schema.fields().len())
        .map(|column| array(schema, column, rows))
        .collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
        .map_err(|error| error.to_string())
}

fn array(schema: &Schema, column: usize, rows: &[Row]) -> Result<ArrayRef, String> {
    let field = schema.field(column);
    let cells = rows.iter().map(|row| row.get(field.name()));
    /// Appends the result of `read` for each value, or names the value that does not fit.
    macro_rules! filled {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            let read = $read;
            for (number, cell) in cells.enumerate() {
                match cell {
                    None | Some(Value::Null) => builder.append_null(),
                    Some(value) => match read(value) {
                        Some(read) => builder.append_value(read),
                        None => return Err(misfit(number, field.name(), value)),
                    },
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Ok(match field.data_type() {
        DataType::Boolean => filled!(BooleanBuilder::new(), Value::as_bool),
        DataType::Int64 => filled!(Int64Builder::new(), Value::as_i64),
        DataType::Float64 => filled!(Float64Builder::new(), read_float),
        DataType::Timestamp(..) => filled!(
            TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            read_timestamp
        ),
        DataType::Date32 => filled!(Date32Builder::new(), read_date),
        DataType::Utf8 => filled!(StringBuilder::new(), |value: &Value| value
            .as_str()
            .map(str::to_owned)),
        DataType::Binary => filled!(BinaryBuilder::new(), |value: &Value| BASE64
            .decode(value.as_str()?)
            .ok()),
        other => return Err(format!("`{}` has the type {other}", field.name())),
    })
}

fn misfit(row: usize, column: &str, value: &Value) -> String {
    format!("row {row}: `{column}` cannot be {value}")
}

fn read_float(value: &Value) -> Option<f64> {
    match value.as_str() {
        None => value.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

fn read_timestamp(value: &Value) -> Option<i64> {
    match value.as_str() {
        None => value.as_i64(),
        Some(text) => Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros()),
    }
}

fn read_date(value: &Value) -> Option<i32> {
    match value.as_str() {
        None => value.as_i64()?.try_into().ok(),
        Some(text) => {
            let days = text.parse::<NaiveDate>().ok()? - NaiveDate::default();
            days.num_days().try_into().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow_schema::Field;
    use serde_json::json;

    use super::*;
    use crate::schema::Kind;

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

    fn schema() -> SchemaRef {
        let kinds = [
            Kind::Boolean,
            Kind::Int64,
            Kind::Float64,
            Kind::Timestamp,
            Kind::Date,
            Kind::Utf8,
            Kind::Binary,
        ];
        let fields = kinds.map(|kind| Field::new(kind.name(), kind.data_type(), true));
        Arc::new(Schema::new(fields.to_vec()))
    }

    fn rows() -> Vec<Row> {
        let rows = json!([
            { "boolean": true, "int64": i64::MIN, "float64": -0.0, "timestamp": "2026-01-31T23:59:59.000001Z",
              "date": "1969-12-31", "utf8": "ü\n", "binary": "AP8=" },
            { "boolean": null, "int64": i64::MAX, "float64": "NaN", "timestamp": i64::MAX, "date": i32::MIN,
              "utf8": "", "binary": "" },
            { "boolean": false, "int64": null, "float64": "-inf", "timestamp": null, "date": null, "utf8": null,
              "binary": null },
        ]);
        serde_json::from_value(rows).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let batch = batch(&schema(), &rows()).unwrap();
        let written: Vec<_> = (0..batch.num_rows()).map(|at| row(&batch, at)).collect();
        assert_eq!(written, rows());
        let zero = batch.column(2).as_primitive::<Float64Type>().value(0);
        assert!(zero.is_sign_negative());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let one = |value: Value| batch(&schema(), &[serde_json::from_value(value).unwrap()]);
        let said = one(json!({ "int64": 1.5 })).unwrap_err();
        assert_eq!(said, "row 0: `int64` cannot be 1.5");
        let said = one(json!({ "date": "2026-02-30" })).unwrap_err();
        assert_eq!(said, "row 0: `date` cannot be \"2026-02-30\"");
        assert!(one(json!({ "binary": "?" })).is_err());
        let said = one(json!({ "other": 1 })).unwrap_err();
        assert_eq!(said, "row 0: there is no column `other`");
        assert_eq!(one(json!({})).unwrap().num_rows(), 1);
    }
}
