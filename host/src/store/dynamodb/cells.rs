//! Items as rows. Attributes that are no columns are passed over.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::Fault;
use super::items::Item;
use super::keys::RangeCodec;
use super::names::RANGE;
use crate::schema::{Kind, Output};
use crate::store::datetime::{parse_date, parse_timestamp};
use crate::store::{StoreError, TableColumns};

/// Makes rows of the items of one table.
pub(super) struct Decoder {
    table: String,
    columns: TableColumns,
    schema: SchemaRef,
    range: Option<RangeCodec>,
}

impl Decoder {
    /// A decoder for the items of `table`.
    pub(super) fn new(table: &str, columns: &TableColumns) -> Result<Self, ArrowError> {
        Ok(Decoder {
            table: table.to_owned(),
            schema: columns.schema(),
            range: RangeCodec::of(columns)?,
            columns: columns.clone(),
        })
    }

    /// The rows of items.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an item that backfold did not write.
    pub(super) fn batch(&self, items: &[Item]) -> Result<RecordBatch, Fault> {
        let columns = self.columns.iter();
        let arrays: Result<Vec<_>, _> = columns.map(|column| self.array(items, column)).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays?)?;
        if let Some(range) = &self.range {
            let ranges = range.encode(&batch)?;
            for (item, expected) in items.iter().zip(&ranges) {
                match item.get(RANGE) {
                    Some(AttributeValue::B(found)) if found.as_ref() == expected.data() => {}
                    _ => return Err(self.damaged(RANGE)),
                }
            }
        }
        Ok(batch)
    }

    fn array(&self, items: &[Item], column: &Output) -> Result<ArrayRef, Fault> {
        let mut reader = Reader::new(column.kind, items.len());
        for item in items {
            let value = item.get(&column.name);
            let is_known = match value {
                None if !column.nullable => None,
                value => reader.push(value),
            };
            is_known.ok_or_else(|| self.damaged(&column.name))?;
        }
        Ok(reader.finish())
    }

    fn damaged(&self, column: &str) -> Fault {
        let table = &self.table;
        let what =
            format!("an item of `{table}` has a value in `{column}` that backfold did not write");
        StoreError::Damaged { what, source: None }.into()
    }
}

/// Builds a column of the values that are read.
enum Reader {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

impl Reader {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Boolean => Reader::Boolean(BooleanBuilder::with_capacity(rows)),
            Kind::Int64 => Reader::Int64(Int64Builder::with_capacity(rows)),
            Kind::Float64 => Reader::Float64(Float64Builder::with_capacity(rows)),
            Kind::Timestamp => Reader::Timestamp(
                TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"),
            ),
            Kind::Date => Reader::Date(Date32Builder::with_capacity(rows)),
            Kind::Utf8 | Kind::Json => Reader::Text(StringBuilder::new()),
            Kind::Binary => Reader::Bytes(BinaryBuilder::new()),
        }
    }

    /// Adds a value; `None` where backfold writes no such value.
    fn push(&mut self, value: Option<&AttributeValue>) -> Option<()> {
        use AttributeValue::{B, Bool, N, S};
        match (self, value) {
            (Reader::Boolean(column), None) => column.append_null(),
            (Reader::Boolean(column), Some(Bool(value))) => column.append_value(*value),
            (Reader::Boolean(column), Some(N(value))) => {
                column.append_value(match value.as_str() {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                })
            }
            (Reader::Int64(column), None) => column.append_null(),
            (Reader::Int64(column), Some(N(value))) => column.append_value(value.parse().ok()?),
            (Reader::Float64(column), None) => column.append_null(),
            (Reader::Float64(column), Some(N(value))) => column.append_value(value.parse().ok()?),
            (Reader::Timestamp(column), None) => column.append_null(),
            (Reader::Timestamp(column), Some(S(value))) => {
                column.append_value(parse_timestamp(value.as_bytes())?);
            }
            (Reader::Date(column), None) => column.append_null(),
            (Reader::Date(column), Some(S(value))) => {
                column.append_value(parse_date(value.as_bytes())?);
            }
            (Reader::Text(column), None) => column.append_null(),
            (Reader::Text(column), Some(S(value))) => column.append_value(value),
            (Reader::Bytes(column), None) => column.append_null(),
            (Reader::Bytes(column), Some(B(value))) => column.append_value(value.as_ref()),
            _ => return None,
        }
        Some(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Reader::Boolean(mut column) => Arc::new(column.finish()),
            Reader::Int64(mut column) => Arc::new(column.finish()),
            Reader::Float64(mut column) => Arc::new(column.finish()),
            Reader::Timestamp(mut column) => Arc::new(column.finish()),
            Reader::Date(mut column) => Arc::new(column.finish()),
            Reader::Text(mut column) => Arc::new(column.finish()),
            Reader::Bytes(mut column) => Arc::new(column.finish()),
        }
    }
}
