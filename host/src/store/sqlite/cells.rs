//! Arrow columns as SQLite's values, and back.

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, StringArray};
use arrow_buffer::NullBuffer;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::schema::Kind;
use crate::store::datetime::{
    DATE_BYTES, DateTimeText, TIMESTAMP_BYTES, parse_date, parse_timestamp,
};

/// A column of a batch, ready to be bound row by row.
pub(super) struct Cells<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int64(&'a [i64]),
    Float64(&'a [f64]),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Timestamp(Vec<[u8; TIMESTAMP_BYTES]>),
    Date(Vec<[u8; DATE_BYTES]>),
}

/// A value that SQLite cannot keep exactly.
pub(super) struct Unstorable {
    pub(super) row: usize,
    pub(super) why: &'static str,
}

impl<'a> Cells<'a> {
    /// The cells of `column`, whose type must be that of `kind`.
    ///
    /// # Errors
    /// The first value that SQLite cannot keep exactly.
    pub(super) fn new(column: &'a ArrayRef, kind: Kind) -> Result<Self, Unstorable> {
        let values = match kind {
            Kind::Boolean => Values::Boolean(column.as_boolean()),
            Kind::Int64 => Values::Int64(column.as_primitive::<Int64Type>().values()),
            Kind::Utf8 | Kind::Json => Values::Text(column.as_string()),
            Kind::Binary => Values::Bytes(column.as_binary()),
            Kind::Float64 => {
                let values = column.as_primitive::<Float64Type>().values();
                check_floats(column, values)?;
                Values::Float64(values)
            }
            Kind::Timestamp => {
                let mut text = DateTimeText::new();
                let values = column.as_primitive::<TimestampMicrosecondType>().values();
                let why = "a moment outside the years 0000 to 9999";
                Values::Timestamp(written(column, values, [0; TIMESTAMP_BYTES], why, |us| {
                    text.timestamp(us)
                })?)
            }
            Kind::Date => {
                let mut text = DateTimeText::new();
                let values = column.as_primitive::<Date32Type>().values();
                let why = "a day outside the years 0000 to 9999";
                Values::Date(written(column, values, [0; DATE_BYTES], why, |days| {
                    text.date(days)
                })?)
            }
        };
        Ok(Cells {
            nulls: column.nulls(),
            values,
        })
    }

    /// The value at `row`.
    pub(super) fn at(&self, row: usize) -> Cell<'_> {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return Cell(ValueRef::Null);
        }
        Cell(match &self.values {
            Values::Boolean(values) => ValueRef::Integer(values.value(row).into()),
            Values::Int64(values) => ValueRef::Integer(values[row]),
            Values::Float64(values) => ValueRef::Real(values[row]),
            Values::Text(values) => ValueRef::Text(values.value(row).as_bytes()),
            Values::Bytes(values) => ValueRef::Blob(values.value(row)),
            Values::Timestamp(texts) => ValueRef::Text(&texts[row]),
            Values::Date(texts) => ValueRef::Text(&texts[row]),
        })
    }
}

/// Refuses values that SQLite would change: NaN into null, -0.0 into 0.0.
fn check_floats(column: &ArrayRef, values: &[f64]) -> Result<(), Unstorable> {
    let bad = |value: &f64| value.is_nan() || (*value == 0.0 && value.is_sign_negative());
    let Some(row) = (0..values.len()).find(|&row| bad(&values[row]) && column.is_valid(row)) else {
        return Ok(());
    };
    Err(Unstorable {
        row,
        why: if values[row].is_nan() {
            "NaN, which SQLite takes for null"
        } else {
            "-0.0"
        },
    })
}

fn written<V: Copy, T: Copy>(
    column: &ArrayRef,
    values: &[V],
    null: T,
    why: &'static str,
    mut write: impl FnMut(V) -> Option<T>,
) -> Result<Vec<T>, Unstorable> {
    let text = |(row, &value)| {
        if column.is_null(row) {
            Ok(null)
        } else {
            write(value).ok_or(Unstorable { row, why })
        }
    };
    values.iter().enumerate().map(text).collect()
}

/// A value that is bound without a copy.
pub(super) struct Cell<'a>(ValueRef<'a>);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

/// Builds a column of the values that are read.
pub(super) enum Reader {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

impl Reader {
    /// An empty column of a kind, with room for `rows` rows.
    pub(super) fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Boolean => Reader::Boolean(BooleanBuilder::with_capacity(rows)),
            Kind::Int64 => Reader::Int64(Int64Builder::with_capacity(rows)),
            Kind::Float64 => Reader::Float64(Float64Builder::with_capacity(rows)),
            Kind::Timestamp => Reader::Timestamp(
                TimestampMicrosecondBuilder::with_capacity(rows)
                    .with_data_type(Kind::Timestamp.data_type()),
            ),
            Kind::Date => Reader::Date(Date32Builder::with_capacity(rows)),
            Kind::Utf8 | Kind::Json => Reader::Text(StringBuilder::with_capacity(rows, 0)),
            Kind::Binary => Reader::Bytes(BinaryBuilder::with_capacity(rows, 0)),
        }
    }

    /// Adds a value; `None` if it is not one that [`Cells`] writes.
    pub(super) fn push(&mut self, value: ValueRef<'_>) -> Option<()> {
        match (self, value) {
            (Reader::Boolean(column), ValueRef::Null) => column.append_null(),
            (Reader::Int64(column), ValueRef::Null) => column.append_null(),
            (Reader::Float64(column), ValueRef::Null) => column.append_null(),
            (Reader::Timestamp(column), ValueRef::Null) => column.append_null(),
            (Reader::Date(column), ValueRef::Null) => column.append_null(),
            (Reader::Text(column), ValueRef::Null) => column.append_null(),
            (Reader::Bytes(column), ValueRef::Null) => column.append_null(),
            (Reader::Boolean(column), ValueRef::Integer(value @ (0 | 1))) => {
                column.append_value(value == 1)
            }
            (Reader::Int64(column), ValueRef::Integer(value)) => column.append_value(value),
            (Reader::Float64(column), ValueRef::Real(value)) => column.append_value(value),
            (Reader::Timestamp(column), ValueRef::Text(text)) => {
                column.append_value(parse_timestamp(text)?)
            }
            (Reader::Date(column), ValueRef::Text(text)) => column.append_value(parse_date(text)?),
            (Reader::Text(column), ValueRef::Text(text)) => {
                column.append_value(std::str::from_utf8(text).ok()?)
            }
            (Reader::Bytes(column), ValueRef::Blob(bytes)) => column.append_value(bytes),
            _ => return None,
        }
        Some(())
    }

    /// The column so far; the next begins empty.
    pub(super) fn finish(&mut self) -> ArrayRef {
        use std::sync::Arc;
        match self {
            Reader::Boolean(column) => Arc::new(column.finish()),
            Reader::Int64(column) => Arc::new(column.finish()),
            Reader::Float64(column) => Arc::new(column.finish()),
            Reader::Timestamp(column) => Arc::new(column.finish()),
            Reader::Date(column) => Arc::new(column.finish()),
            Reader::Text(column) => Arc::new(column.finish()),
            Reader::Bytes(column) => Arc::new(column.finish()),
        }
    }
}
