//! The table of the sample, as unit tests name its values.

use backfold_declaration::{Aggregate, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, NaiveDate};
use serde_json::Value;

use super::outline::Outline;
use crate::row_json::Row;

/// What comes of the sample.
pub(super) struct Seen {
    /// The number of keys.
    pub(super) keys: usize,
    /// The number of rejected records.
    pub(super) rejected: u64,
    /// The number of records that are passed over.
    pub(super) passed_over: u64,
    /// The first row; `None` where a unit test cannot have the same.
    pub(super) row: Option<SeenRow>,
}

/// A row of the table.
pub(super) struct SeenRow {
    /// The values of the key columns.
    pub(super) key: Vec<Cell>,
    /// The values of states that are read as they are stored, each with the number of its state.
    pub(super) states: Vec<(usize, Cell)>,
    /// The values of the view columns, each with its number.
    pub(super) views: Vec<(usize, Cell)>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Int64(i64),
    Float64(f64),
    /// Microseconds since 1970.
    Timestamp(i64),
    /// Year, month and day.
    Date(i32, u32, u32),
    Utf8(String),
    Binary(Vec<u8>),
}

impl SeenRow {
    /// The values of a row; `None` where they depend on the file of the sample, or cannot be written.
    pub(super) fn of(outline: &Outline<'_>, row: &Row) -> Option<SeenRow> {
        let declaration = outline.declaration;
        let mut key = Vec::new();
        for (column, of) in declaration.key_columns().iter().zip(&declaration.keys) {
            if !outline.is_of_record(of.input) {
                return None;
            }
            key.push(Cell::of(column.kind, row.get(&column.name)?)?);
        }
        let mut states = Vec::new();
        for (number, kept) in declaration.keep.iter().enumerate() {
            let is_plain = match kept.aggregate {
                Aggregate::Sum(input) => outline.input(input).kind == Kind::Int64,
                Aggregate::Count(_)
                | Aggregate::Min(_)
                | Aggregate::Max(_)
                | Aggregate::Any(_)
                | Aggregate::All(_) => true,
                _ => false,
            };
            let [column, ..] = &declaration.state_columns(kept)[..] else {
                continue;
            };
            if is_plain && is_of_record(outline, &outline.values(kept)) {
                states.push((number, Cell::of(column.kind, row.get(&column.name)?)?));
            }
        }
        let mut views = Vec::new();
        for (number, (kept, _, column)) in outline.views().into_iter().enumerate() {
            if is_of_record(outline, &outline.values(kept)) {
                views.push((number, Cell::of(column.kind, row.get(&column.name)?)?));
            }
        }
        Some(SeenRow { key, states, views })
    }
}

fn is_of_record(outline: &Outline<'_>, inputs: &[usize]) -> bool {
    inputs.iter().all(|input| outline.is_of_record(*input))
}

impl Cell {
    /// The value of a column, as a row has it.
    fn of(kind: Kind, value: &Value) -> Option<Cell> {
        if value.is_null() {
            return Some(Cell::Null);
        }
        Some(match kind {
            Kind::Boolean => Cell::Boolean(value.as_bool()?),
            Kind::Int64 => Cell::Int64(value.as_i64()?),
            Kind::Float64 => Cell::Float64(value.as_f64()?),
            Kind::Timestamp => Cell::Timestamp(microseconds(value)?),
            Kind::Date => {
                let day: NaiveDate = value.as_str()?.parse().ok()?;
                Cell::Date(day.year(), day.month(), day.day())
            }
            Kind::Utf8 | Kind::Json => Cell::Utf8(value.as_str()?.to_owned()),
            Kind::Binary => Cell::Binary(BASE64.decode(value.as_str()?).ok()?),
        })
    }
}

/// The instant of a timestamp in RFC 3339.
pub(super) fn microseconds(value: &Value) -> Option<i64> {
    let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(at.timestamp_micros())
}
