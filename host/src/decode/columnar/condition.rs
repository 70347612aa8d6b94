//! Conditions on columns: a mask for each.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::form::Form;
use super::target::TargetType;
use super::values;
use super::way::Found;
use crate::decode::plan::PlannedCondition;

/// A condition bound to a column.
pub(super) enum ColumnCondition {
    /// No row meets it: neither the object nor its key has such a column, or its values are not scalars.
    Never,
    /// All rows meet it, by the key of the object.
    Always,
    /// The string is one of these.
    Text(Vec<Vec<u8>>),
    /// The integer is one of these.
    Integers(Vec<i64>),
    /// The JSON text of values of the form is one of these.
    Written(Vec<Vec<u8>>, Form),
}

impl ColumnCondition {
    /// Binds a condition to a column.
    pub(super) fn new(condition: &PlannedCondition, column: &Found) -> Self {
        let (any_of, form) = (condition.any_of.clone(), column.form.clone());
        match &column.data_type {
            DataType::Utf8 | DataType::Utf8View if form == Form::Plain => {
                ColumnCondition::Text(any_of)
            }
            DataType::Int32 | DataType::Int64 => {
                // `01` is no number's text.
                let numbers = any_of.iter().filter_map(|text| {
                    let text = std::str::from_utf8(text).ok()?;
                    let number: i64 = text.parse().ok()?;
                    (number.to_string() == text).then_some(number)
                });
                ColumnCondition::Integers(numbers.collect())
            }
            column if !values::is_writable(column) => ColumnCondition::Never,
            DataType::Union(..) => ColumnCondition::Written(any_of, form),
            column if column.is_nested() => ColumnCondition::Never,
            _ => ColumnCondition::Written(any_of, form),
        }
    }

    /// A mask of the rows that meet it.
    pub(super) fn mask(&self, column: Option<&ArrayRef>, rows: usize) -> BooleanBuffer {
        let Some(column) = column else {
            let all = matches!(self, ColumnCondition::Always);
            return BooleanBuffer::collect_bool(rows, |_| all);
        };
        let held = match self {
            ColumnCondition::Never => return BooleanBuffer::new_unset(rows),
            ColumnCondition::Always => return BooleanBuffer::new_set(rows),
            ColumnCondition::Text(any_of) => {
                let is_one = |value: &str| any_of.iter().any(|text| text == value.as_bytes());
                match column.as_string_view_opt() {
                    Some(texts) => {
                        BooleanBuffer::collect_bool(rows, |row| is_one(texts.value(row)))
                    }
                    None => {
                        let texts = column.as_string::<i32>();
                        BooleanBuffer::collect_bool(rows, |row| is_one(texts.value(row)))
                    }
                }
            }
            ColumnCondition::Integers(any_of) => match column.as_primitive_opt::<Int64Type>() {
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
            ColumnCondition::Written(any_of, form) => {
                let mut out = Vec::new();
                BooleanBuffer::collect_bool(rows, |row| {
                    out.clear();
                    values::write(column, form, row, TargetType::JSON, &mut out);
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

/// Whether the JSON text `written` is the string `text`, or another scalar with this JSON text.
fn is_written_so(text: &[u8], written: &[u8]) -> bool {
    match written {
        [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => text == inside,
        [b'"', ..] => {
            serde_json::from_slice::<String>(written).is_ok_and(|inside| inside.as_bytes() == text)
        }
        [b'{' | b'[', ..] | b"null" => false,
        _ => text == written,
    }
}
