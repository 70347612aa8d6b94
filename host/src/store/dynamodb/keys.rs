//! The key columns of a table as DynamoDB's hash key and range key.
//!
//! | key columns | hash key | range key |
//! |---|---|---|
//! | one | the column | none |
//! | two | the first | the second |
//! | more | the first | `backfold_range`: bytes that sort as the other columns do |
//!
//! A key column is `N` for `int64` and `boolean` (0 or 1), `B` for `binary`, otherwise `S`: DynamoDB compares numbers by
//! value and the others byte by byte, so keys are equal exactly if their values are.

use arrow_array::RecordBatch;
use arrow_row::Rows;
use arrow_schema::ArrowError;
use aws_sdk_dynamodb::types::ScalarAttributeType;

use super::names::RANGE;
use crate::keys::KeyCodec;
use crate::schema::{Kind, Output};
use crate::store::TableColumns;

/// An attribute of a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyAttribute {
    pub(super) name: String,
    pub(super) scalar: ScalarAttributeType,
}

impl KeyAttribute {
    pub(super) fn new(name: impl Into<String>, scalar: ScalarAttributeType) -> Self {
        KeyAttribute {
            name: name.into(),
            scalar,
        }
    }

    fn of(column: &Output) -> Self {
        let scalar = match column.kind {
            Kind::Int64 | Kind::Boolean | Kind::Float64 => ScalarAttributeType::N,
            Kind::Binary => ScalarAttributeType::B,
            Kind::Utf8 | Kind::Json | Kind::Timestamp | Kind::Date => ScalarAttributeType::S,
        };
        KeyAttribute::new(&column.name, scalar)
    }
}

/// The key of a table: of DynamoDB's, not of the job's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) hash: KeyAttribute,
    pub(super) range: Option<KeyAttribute>,
}

impl Shape {
    /// The key of a table of these columns; `None` where there is no key column.
    pub(super) fn of(columns: &TableColumns) -> Option<Self> {
        let range = match columns.keys.as_slice() {
            [] => return None,
            [_] => None,
            [_, second] => Some(KeyAttribute::of(second)),
            _ => Some(KeyAttribute::new(RANGE, ScalarAttributeType::B)),
        };
        Some(Shape {
            hash: KeyAttribute::of(&columns.keys[0]),
            range,
        })
    }
}

/// The encoding of the key columns from the second on, where there are three or more.
pub(super) struct RangeCodec {
    codec: KeyCodec,
    columns: Vec<usize>,
}

impl RangeCodec {
    /// The codec for a table of these columns; `None` where its range key is a column.
    pub(super) fn of(columns: &TableColumns) -> Result<Option<Self>, ArrowError> {
        if columns.keys.len() < 3 {
            return Ok(None);
        }
        let types = columns.keys[1..].iter().map(|key| key.kind.data_type());
        Ok(Some(RangeCodec {
            codec: KeyCodec::new(types)?,
            columns: (1..columns.keys.len()).collect(),
        }))
    }

    /// The range keys of a batch.
    pub(super) fn encode(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        self.codec.encode(&batch.project(&self.columns)?)
    }
}
