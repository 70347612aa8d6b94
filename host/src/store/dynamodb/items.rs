//! Rows as items.
//!
//! | kind | attribute |
//! |---|---|
//! | `boolean` | `BOOL`; `N`, 0 or 1, where it is a key of DynamoDB |
//! | `int64` | `N` |
//! | `float64` | `N`, within 1e-130 and 1e126; others are refused |
//! | `timestamp`, `date` | `S`, as in SQLite: `2026-01-31T23:59:59.000001Z`, `2026-01-31` |
//! | `utf8`, `json` | `S` |
//! | `binary` | `B` |
//!
//! A null is an attribute that is not there.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, RecordBatch, StringArray};
use arrow_row::Rows;
use arrow_schema::ArrowError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::Fault;
use super::keys::RangeCodec;
use super::names::RANGE;
use super::number;
use crate::schema::Kind;
use crate::store::cell::key_text;
use crate::store::datetime::DateTimeText;
use crate::store::{RowCheck, StoreError, TableColumns};

/// The most bytes of an item, with the names of its attributes.
pub(super) const ITEM_BYTES: usize = 400 << 10;
/// The most bytes of a hash key.
const HASH_BYTES: usize = 2048;
/// The most bytes of a range key.
const RANGE_BYTES: usize = 1024;

/// The attributes of an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// An item with its size as DynamoDB counts it, at least.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) item: Item,
    pub(super) bytes: usize,
}

impl Encoded {
    /// The write units that it takes to put it: one for each KiB that it begins.
    pub(super) fn units(&self) -> f64 {
        units_of(self.bytes as u64) as f64
    }
}

/// The write units of an item of so many bytes.
pub(super) fn units_of(bytes: u64) -> u64 {
    bytes.div_ceil(1024).max(1)
}

/// The part that a column plays in an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Hash,
    Range,
    Other,
}

impl Role {
    fn of(column: usize, columns: &TableColumns) -> Self {
        match (column, columns.keys.len()) {
            (0, _) => Role::Hash,
            (1, 2) => Role::Range,
            _ => Role::Other,
        }
    }

    /// The most bytes, and the refusal of more.
    fn limit(self) -> Option<(usize, &'static str)> {
        match self {
            Role::Hash => Some((HASH_BYTES, "a hash key of more than 2,048 bytes")),
            Role::Range => Some((RANGE_BYTES, "a range key of more than 1,024 bytes")),
            Role::Other => None,
        }
    }
}

/// Makes items of the rows of one table.
pub(super) struct Encoder {
    columns: TableColumns,
    range: Option<RangeCodec>,
}

impl Encoder {
    /// An encoder for a table of these columns.
    pub(super) fn new(columns: &TableColumns) -> Result<Self, ArrowError> {
        Ok(Encoder {
            range: RangeCodec::of(columns)?,
            columns: columns.clone(),
        })
    }

    /// The items of a batch, one after another.
    pub(super) fn batch<'a>(&'a self, batch: &'a RecordBatch) -> Result<Items<'a>, ArrowError> {
        let arrays = self.columns.iter().zip(batch.columns());
        Ok(Items {
            columns: &self.columns,
            batch,
            cells: arrays
                .map(|(column, array)| Values::of(array, column.kind))
                .collect(),
            ranges: match &self.range {
                Some(range) => Some(range.encode(batch)?),
                None => None,
            },
            text: DateTimeText::new(),
        })
    }
}

/// The items of a batch.
pub(super) struct Items<'a> {
    columns: &'a TableColumns,
    batch: &'a RecordBatch,
    cells: Vec<Values<'a>>,
    ranges: Option<Rows>,
    text: DateTimeText,
}

impl Items<'_> {
    /// The item of a row.
    ///
    /// # Errors
    /// [`StoreError::Unstorable`] where DynamoDB cannot keep the row.
    pub(super) fn at(&mut self, row: usize) -> Result<Encoded, StoreError> {
        let mut item = Item::with_capacity(self.cells.len() + 1);
        let (mut bytes, mut largest) = (0, (0, 0));
        for (place, column) in self.columns.iter().enumerate() {
            if self.batch.column(place).is_null(row) {
                continue;
            }
            let role = Role::of(place, self.columns);
            let cell = self.cells[place].at(row, role, &mut self.text);
            let (value, length) = cell.map_err(|why| self.unstorable(place, row, why))?;
            if let Some((most, why)) = role.limit() {
                if length > most {
                    return Err(self.unstorable(place, row, why));
                }
                if length == 0 {
                    return Err(self.unstorable(place, row, "an empty value, which no key is"));
                }
            }
            bytes += column.name.len() + length;
            largest = largest.max((length, place));
            item.insert(column.name.clone(), value);
        }
        if let Some(ranges) = &self.ranges {
            let range = ranges.row(row).data().to_vec();
            if range.len() > RANGE_BYTES {
                let why = "a key whose columns after the first take more than 1,024 bytes";
                return Err(self.unstorable(1, row, why));
            }
            bytes += RANGE.len() + range.len();
            item.insert(RANGE.to_owned(), AttributeValue::B(Blob::new(range)));
        }
        if bytes > ITEM_BYTES {
            let why = "the largest value of an item of more than 400 KB, which is the most";
            return Err(self.unstorable(largest.1, row, why));
        }
        Ok(Encoded { item, bytes })
    }

    fn unstorable(&self, column: usize, row: usize, why: &'static str) -> StoreError {
        let column = self.columns.iter().nth(column);
        StoreError::Unstorable {
            column: column.map(|column| column.name.clone()).unwrap_or_default(),
            key: key_text(self.batch, self.columns.keys.len(), row),
            why,
        }
    }
}

/// The values of a column.
enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int64(&'a [i64]),
    Float64(&'a [f64]),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Timestamp(&'a [i64]),
    Date(&'a [i32]),
}

impl<'a> Values<'a> {
    /// The values of `array`, whose type must be that of `kind`.
    fn of(array: &'a ArrayRef, kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Values::Boolean(array.as_boolean()),
            Kind::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
            Kind::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
            Kind::Utf8 | Kind::Json => Values::Text(array.as_string()),
            Kind::Binary => Values::Bytes(array.as_binary()),
            Kind::Timestamp => {
                Values::Timestamp(array.as_primitive::<TimestampMicrosecondType>().values())
            }
            Kind::Date => Values::Date(array.as_primitive::<Date32Type>().values()),
        }
    }

    /// A value with its size in bytes, or why it cannot be kept.
    fn at(
        &self,
        row: usize,
        role: Role,
        text: &mut DateTimeText,
    ) -> Result<(AttributeValue, usize), &'static str> {
        let number = |digits: String| {
            let bytes = number::bytes(&digits);
            (AttributeValue::N(digits), bytes)
        };
        let string = |text: &[u8]| {
            let string = String::from_utf8_lossy(text).into_owned();
            (AttributeValue::S(string), text.len())
        };
        Ok(match self {
            Values::Boolean(values) if role == Role::Other => {
                (AttributeValue::Bool(values.value(row)), 1)
            }
            Values::Boolean(values) => number(u8::from(values.value(row)).to_string()),
            Values::Int64(values) => number(values[row].to_string()),
            Values::Float64(values) => number(number::of_float(values[row])?),
            Values::Text(values) => {
                let text = values.value(row);
                (AttributeValue::S(text.to_owned()), text.len())
            }
            Values::Bytes(values) => {
                let bytes = values.value(row);
                (AttributeValue::B(Blob::new(bytes)), bytes.len())
            }
            Values::Timestamp(values) => {
                let why = "a moment outside the years 0000 to 9999";
                string(&text.timestamp(values[row]).ok_or(why)?)
            }
            Values::Date(values) => {
                let why = "a day outside the years 0000 to 9999";
                string(&text.date(values[row]).ok_or(why)?)
            }
        })
    }
}

/// The check of the rows of a build: they are encoded as they will be for the load.
pub(super) struct ItemCheck {
    columns: TableColumns,
    /// `None` before the first rows.
    encoder: Option<Encoder>,
}

impl ItemCheck {
    /// A check for a table of these columns.
    pub(super) fn new(columns: &TableColumns) -> Self {
        ItemCheck {
            columns: columns.clone(),
            encoder: None,
        }
    }

    fn check_rows(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let encoder = match &self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(Encoder::new(&self.columns)?),
        };
        let mut items = encoder.batch(batch)?;
        for row in 0..batch.num_rows() {
            items.at(row)?;
        }
        Ok(())
    }
}

impl RowCheck for ItemCheck {
    fn check(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let checked = self.check_rows(batch);
        checked.map_err(|fault| fault.explain("DynamoDB", "checking rows".to_owned()))
    }
}

#[cfg(test)]
mod tests;
