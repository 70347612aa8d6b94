//! Arrow columns as rows of `COPY`: prepared column by column, written row by row.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::NullBuffer;
use bytes::{BufMut, BytesMut};

use super::storable::{self, Unstorable};
use super::{EPOCH_DAY, EPOCH_US};
use crate::schema::Kind;
use crate::store::TableColumns;

/// The length of a null.
const NULL: i32 = -1;

/// A batch, ready to be written.
pub(in crate::store::postgres) struct Encoded<'a> {
    columns: Vec<Column<'a>>,
    rows: usize,
    /// The number of columns, as each row begins with it.
    width: [u8; 2],
}

struct Column<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int64(&'a [i64]),
    Float64(&'a [f64]),
    Timestamp(&'a [i64]),
    Date(&'a [i32]),
    Bytes(&'a [i32], &'a [u8]),
}

impl<'a> Encoded<'a> {
    /// A batch that has the types of `columns`.
    ///
    /// # Errors
    /// The first value that PostgreSQL cannot keep exactly.
    pub(in crate::store::postgres) fn new<'c>(
        columns: &'c TableColumns,
        batch: &'a RecordBatch,
    ) -> Result<Self, Unstorable<'c>> {
        storable::check(columns, batch)?;
        let arrays = columns.iter().zip(batch.columns());
        let columns: Vec<_> = arrays
            .map(|(column, array)| Column::new(column.kind, array))
            .collect();
        // `prepare` refuses more columns than PostgreSQL has.
        let width = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        Ok(Encoded {
            rows: batch.num_rows(),
            width: width.to_be_bytes(),
            columns,
        })
    }

    /// Writes rows from `row` on until there are no more or `buffer` holds `enough` bytes, at least one. Gives the row
    /// that comes next.
    pub(in crate::store::postgres) fn write(
        &self,
        mut row: usize,
        buffer: &mut BytesMut,
        enough: usize,
    ) -> usize {
        while row < self.rows {
            buffer.put_slice(&self.width);
            for column in &self.columns {
                column.write(row, buffer);
            }
            row += 1;
            if buffer.len() >= enough {
                break;
            }
        }
        row
    }

    /// The number of rows.
    pub(in crate::store::postgres) fn rows(&self) -> usize {
        self.rows
    }
}

impl<'a> Column<'a> {
    fn new(kind: Kind, array: &'a ArrayRef) -> Self {
        let values = match kind {
            Kind::Boolean => Values::Boolean(array.as_boolean()),
            Kind::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
            Kind::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
            Kind::Timestamp => {
                Values::Timestamp(array.as_primitive::<TimestampMicrosecondType>().values())
            }
            Kind::Date => Values::Date(array.as_primitive::<Date32Type>().values()),
            Kind::Utf8 | Kind::Json => {
                let text = array.as_string::<i32>();
                Values::Bytes(text.value_offsets(), text.value_data())
            }
            Kind::Binary => {
                let bytes = array.as_binary::<i32>();
                Values::Bytes(bytes.value_offsets(), bytes.value_data())
            }
        };
        Column {
            nulls: array.nulls(),
            values,
        }
    }

    #[inline]
    fn write(&self, row: usize, buffer: &mut BytesMut) {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            buffer.put_i32(NULL);
            return;
        }
        match &self.values {
            Values::Boolean(values) => {
                buffer.put_slice(&[0, 0, 0, 1, u8::from(values.value(row))]);
            }
            Values::Int64(values) => put_eight(values[row].to_be_bytes(), buffer),
            Values::Float64(values) => put_eight(values[row].to_be_bytes(), buffer),
            Values::Timestamp(values) => {
                put_eight((values[row] - EPOCH_US).to_be_bytes(), buffer);
            }
            Values::Date(values) => {
                let [a, b, c, d] = (values[row] - EPOCH_DAY).to_be_bytes();
                buffer.put_slice(&[0, 0, 0, 4, a, b, c, d]);
            }
            Values::Bytes(offsets, data) => {
                let (from, to) = (offsets[row], offsets[row + 1]);
                buffer.put_i32(to - from);
                buffer.put_slice(&data[from as usize..to as usize]);
            }
        }
    }
}

/// A value of eight bytes, with its length.
#[inline]
fn put_eight(value: [u8; 8], buffer: &mut BytesMut) {
    let mut written = [0; 12];
    written[3] = 8;
    written[4..].copy_from_slice(&value);
    buffer.put_slice(&written);
}
