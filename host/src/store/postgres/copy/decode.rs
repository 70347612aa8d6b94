//! Rows of `COPY` as Arrow columns.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};

use super::{EPOCH_DAY, EPOCH_US, HEADER, TRAILER};
use crate::schema::Kind;
use crate::store::TableColumns;

/// Decodes a stream, whatever its pieces are.
pub(in crate::store::postgres) struct Decoder {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// The rest of a piece that ends within a row, or within the header.
    rest: Vec<u8>,
    state: State,
    rows: usize,
    bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    Ended,
}

enum Column {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

/// The reason why bytes are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) enum Undecodable {
    /// They do not have the form of the format.
    Form,
    /// The value of the column at this place is none of its kind.
    Value(usize),
}

impl Decoder {
    /// A decoder for rows of these columns, with room for `rows`.
    pub(in crate::store::postgres) fn new(columns: &TableColumns, rows: usize) -> Self {
        Decoder {
            schema: columns.schema(),
            columns: columns
                .iter()
                .map(|column| Column::new(column.kind, rows))
                .collect(),
            rest: Vec::new(),
            state: State::Header,
            rows: 0,
            bytes: 0,
        }
    }

    /// Takes in a piece of the stream.
    pub(in crate::store::postgres) fn take(&mut self, piece: &[u8]) -> Result<(), Undecodable> {
        if self.rest.is_empty() {
            let used = self.take_whole(piece)?;
            self.rest.extend_from_slice(&piece[used..]);
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(piece);
        let used = self.take_whole(&all)?;
        all.drain(..used);
        self.rest = all;
        Ok(())
    }

    /// The rows that wait to be given as a batch.
    pub(in crate::store::postgres) fn rows(&self) -> usize {
        self.rows
    }

    /// The bytes of their values.
    pub(in crate::store::postgres) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the end of the stream has come, with nothing after it.
    pub(in crate::store::postgres) fn has_ended(&self) -> bool {
        self.state == State::Ended && self.rest.is_empty()
    }

    /// The rows that wait.
    ///
    /// # Errors
    /// Where a null stands in a column that has none.
    pub(in crate::store::postgres) fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new(self.schema.clone(), arrays)
    }

    /// Decodes whole rows from the beginning of `bytes`, and gives the number of bytes that they take.
    fn take_whole(&mut self, bytes: &[u8]) -> Result<usize, Undecodable> {
        let mut used = 0;
        if self.state == State::Header {
            if bytes.len() < HEADER.len() {
                return Ok(0);
            }
            if !bytes.starts_with(HEADER) {
                return Err(Undecodable::Form);
            }
            (self.state, used) = (State::Rows, HEADER.len());
        }
        while self.state == State::Rows {
            let rest = &bytes[used..];
            if rest.starts_with(&TRAILER) {
                self.state = State::Ended;
                return Ok(used + TRAILER.len());
            }
            match row_length(rest, self.columns.len())? {
                Some(length) => {
                    self.take_row(&rest[2..length])?;
                    used += length;
                }
                None => return Ok(used),
            }
        }
        match used == bytes.len() {
            true => Ok(used),
            false => Err(Undecodable::Form),
        }
    }

    /// Takes the values of one row, which are all there.
    fn take_row(&mut self, mut values: &[u8]) -> Result<(), Undecodable> {
        self.bytes += values.len();
        for (place, column) in self.columns.iter_mut().enumerate() {
            let (length, rest) = values.split_first_chunk().ok_or(Undecodable::Form)?;
            let value = match usize::try_from(i32::from_be_bytes(*length)) {
                Ok(length) => {
                    let (value, rest) = rest.split_at_checked(length).ok_or(Undecodable::Form)?;
                    values = rest;
                    Some(value)
                }
                Err(_) => {
                    values = rest;
                    None
                }
            };
            column.push(value).ok_or(Undecodable::Value(place))?;
        }
        self.rows += 1;
        Ok(())
    }
}

/// The bytes of the row that `bytes` begins with; `None` where it is not all there.
fn row_length(bytes: &[u8], columns: usize) -> Result<Option<usize>, Undecodable> {
    let Some((width, _)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    if usize::from(u16::from_be_bytes(*width)) != columns {
        return Err(Undecodable::Form);
    }
    let mut length = 2;
    for _ in 0..columns {
        let Some(value) = bytes.get(length..).and_then(|rest| rest.first_chunk()) else {
            return Ok(None);
        };
        length += 4;
        match i32::from_be_bytes(*value) {
            -1 => {}
            bytes => length += usize::try_from(bytes).map_err(|_| Undecodable::Form)?,
        }
    }
    Ok((length <= bytes.len()).then_some(length))
}

impl Column {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Boolean => Column::Boolean(BooleanBuilder::with_capacity(rows)),
            Kind::Int64 => Column::Int64(Int64Builder::with_capacity(rows)),
            Kind::Float64 => Column::Float64(Float64Builder::with_capacity(rows)),
            Kind::Timestamp => Column::Timestamp(
                TimestampMicrosecondBuilder::with_capacity(rows)
                    .with_data_type(Kind::Timestamp.data_type()),
            ),
            Kind::Date => Column::Date(Date32Builder::with_capacity(rows)),
            Kind::Utf8 | Kind::Json => Column::Text(StringBuilder::with_capacity(rows, 0)),
            Kind::Binary => Column::Bytes(BinaryBuilder::with_capacity(rows, 0)),
        }
    }

    /// Adds a value; `None` if it is not one of the column's kind.
    fn push(&mut self, value: Option<&[u8]>) -> Option<()> {
        let Some(value) = value else {
            self.push_null();
            return Some(());
        };
        match self {
            Column::Boolean(column) => match value {
                [0] => column.append_value(false),
                [1] => column.append_value(true),
                _ => return None,
            },
            Column::Int64(column) => {
                column.append_value(i64::from_be_bytes(value.try_into().ok()?));
            }
            Column::Float64(column) => {
                column.append_value(f64::from_be_bytes(value.try_into().ok()?));
            }
            Column::Timestamp(column) => {
                let us = i64::from_be_bytes(value.try_into().ok()?);
                column.append_value(us.checked_add(EPOCH_US)?);
            }
            Column::Date(column) => {
                let days = i32::from_be_bytes(value.try_into().ok()?);
                column.append_value(days.checked_add(EPOCH_DAY)?);
            }
            Column::Text(column) => column.append_value(std::str::from_utf8(value).ok()?),
            Column::Bytes(column) => column.append_value(value),
        }
        Some(())
    }

    fn push_null(&mut self) {
        match self {
            Column::Boolean(column) => column.append_null(),
            Column::Int64(column) => column.append_null(),
            Column::Float64(column) => column.append_null(),
            Column::Timestamp(column) => column.append_null(),
            Column::Date(column) => column.append_null(),
            Column::Text(column) => column.append_null(),
            Column::Bytes(column) => column.append_null(),
        }
    }

    /// The column so far; the next begins empty.
    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Boolean(column) => Arc::new(column.finish()),
            Column::Int64(column) => Arc::new(column.finish()),
            Column::Float64(column) => Arc::new(column.finish()),
            Column::Timestamp(column) => Arc::new(column.finish()),
            Column::Date(column) => Arc::new(column.finish()),
            Column::Text(column) => Arc::new(column.finish()),
            Column::Bytes(column) => Arc::new(column.finish()),
        }
    }
}
