//! Conditions on columns: a mask for each.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::values::{self, Wish};
use crate::decode::plan::PlannedCondition;

/// How rows are judged by a condition.
pub(super) enum Test {
    /// All meet it: the object has no such column, and its key says so.
    Always,
    /// None meets it: the object has no such column and its key does not say so, or the column holds no scalars.
    Never,
    /// One of these strings.
    Text(Vec<Vec<u8>>),
    /// One of these numbers.
    Integers(Vec<i64>),
    /// The JSON text is one of these.
    Written(Vec<Vec<u8>>),
}

impl Test {
    /// The test of a column; where the object has none, `met_by_key` says whether its key meets the condition.
    pub(super) fn new(
        condition: &PlannedCondition,
        column: Option<&DataType>,
        met_by_key: bool,
    ) -> Self {
        let any_of = condition.any_of.clone();
        match column {
            None if met_by_key => Test::Always,
            None => Test::Never,
            Some(DataType::Utf8) => Test::Text(any_of),
            Some(DataType::Int32 | DataType::Int64) => {
                // `01` is no number's text.
                let numbers = any_of.iter().filter_map(|text| {
                    let text = std::str::from_utf8(text).ok()?;
                    let number: i64 = text.parse().ok()?;
                    (number.to_string() == text).then_some(number)
                });
                Test::Integers(numbers.collect())
            }
            Some(column) if column.is_nested() || !values::is_writable(column) => Test::Never,
            Some(_) => Test::Written(any_of),
        }
    }

    /// The rows that meet it.
    pub(super) fn mask(&self, column: Option<&ArrayRef>, rows: usize) -> BooleanBuffer {
        let Some(column) = column else {
            let is_met = matches!(self, Test::Always);
            return BooleanBuffer::collect_bool(rows, |_| is_met);
        };
        let held = match self {
            Test::Always | Test::Never => return BooleanBuffer::new_unset(rows),
            Test::Text(any_of) => {
                let texts = column.as_string::<i32>();
                BooleanBuffer::collect_bool(rows, |row| {
                    let value = texts.value(row).as_bytes();
                    any_of.iter().any(|text| text == value)
                })
            }
            Test::Integers(any_of) => match column.as_primitive_opt::<Int64Type>() {
                Some(numbers) => {
                    let numbers = numbers.values();
                    BooleanBuffer::collect_bool(rows, |row| any_of.contains(&numbers[row]))
                }
                None => {
                    let numbers = column.as_primitive::<Int32Type>().values();
                    BooleanBuffer::collect_bool(rows, |row| {
                        any_of.contains(&i64::from(numbers[row]))
                    })
                }
            },
            Test::Written(any_of) => {
                let mut out = Vec::new();
                BooleanBuffer::collect_bool(rows, |row| {
                    out.clear();
                    values::write(column, row, Wish::JSON, &mut out);
                    any_of.iter().any(|text| is_written_so(text, &out))
                })
            }
        };
        match column.nulls() {
            Some(nulls) => &held & nulls.inner(),
            None => held,
        }
    }
}

/// Whether a value is the string `text`, or another whose JSON text it is.
fn is_written_so(text: &[u8], written: &[u8]) -> bool {
    match written.first() {
        Some(b'"') => {
            serde_json::from_slice::<String>(written).is_ok_and(|inside| inside.as_bytes() == text)
        }
        _ => text == written,
    }
}
