//! The rows that are compared: those with certain values in key columns.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};
use arrow_select::filter::filter_record_batch;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::cutover::CutoverError;
use crate::keys::KeyCodec;
use crate::row_json;
use crate::schema::{Kind, Output};
use crate::store::TableColumns;

/// A key column and its value, as a person writes it: `page=/a`.
///
/// A value is written as [`Diff`](super::Diff) shows it: a number, `true`, `2026-01-31`, `2026-01-31T23:59:59Z`,
/// `0x00ff`, `null`; text as it is, so that there is no null of a column of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
}

impl FromStr for KeyValue {
    type Err = String;

    /// # Errors
    /// Where there is no `=`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (column, value) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` has no `=`: write `COLUMN=VALUE`"))?;
        Ok(KeyValue {
            column: column.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.column, self.value)
    }
}

/// Keeps the rows that have all of some values.
pub(super) struct Filter {
    wanted: Vec<Wanted>,
}

/// A value of a column.
struct Wanted {
    column: usize,
    codec: KeyCodec,
    /// The encoded value.
    bytes: Vec<u8>,
}

impl Filter {
    /// The filter for a table; `None` if all rows are wanted.
    ///
    /// # Errors
    /// A column that is no key, a value that is none of its kind.
    pub(super) fn new(
        columns: &TableColumns,
        only: &[KeyValue],
    ) -> Result<Option<Self>, CutoverError> {
        if only.is_empty() {
            return Ok(None);
        }
        let wanted = only.iter().map(|pair| {
            Wanted::new(columns, pair).map_err(|problem| CutoverError::DiffOption {
                option: format!("--where {pair}"),
                problem,
            })
        });
        Ok(Some(Filter {
            wanted: wanted.collect::<Result<_, _>>()?,
        }))
    }

    /// The rows of a batch that are wanted.
    pub(super) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut kept = vec![true; batch.num_rows()];
        for wanted in &self.wanted {
            let values = wanted.codec.encode(&batch.project(&[wanted.column])?)?;
            for (kept, value) in kept.iter_mut().zip(values.iter()) {
                *kept &= value.data() == wanted.bytes;
            }
        }
        filter_record_batch(batch, &BooleanArray::from(kept))
    }
}

impl Wanted {
    fn new(columns: &TableColumns, pair: &KeyValue) -> Result<Self, String> {
        let found = columns.keys.iter().position(|key| key.name == pair.column);
        let column = found.ok_or_else(|| {
            let names = columns.keys.iter().map(|key| format!("`{}`", key.name));
            let names = names.collect::<Vec<_>>().join(", ");
            let is_value = columns.values.iter().any(|one| one.name == pair.column);
            match is_value {
                true => format!("`{}` is no key; the keys are {names}", pair.column),
                false => format!("there is no column `{}`; the keys are {names}", pair.column),
            }
        })?;
        let key = &columns.keys[column];
        let misfit = || {
            format!(
                "`{}` is no value of a key of kind {}: {}",
                pair.value,
                key.kind.name(),
                form(key.kind)
            )
        };
        let value = json(key, &pair.value).ok_or_else(misfit)?;
        let schema = Schema::new(vec![Field::new(&key.name, key.kind.data_type(), true)]);
        let row = row_json::Row::from_iter([(key.name.clone(), value)]);
        let batch = row_json::batch(&Arc::new(schema), &[row]).map_err(|_| misfit())?;
        let fault = |error: ArrowError| error.to_string();
        let codec = KeyCodec::new([key.kind.data_type()]).map_err(fault)?;
        let bytes = codec.encode(&batch).map_err(fault)?.row(0).data().to_vec();
        Ok(Wanted {
            column,
            codec,
            bytes,
        })
    }
}

/// The value of a column as [`row_json`] takes it.
fn json(column: &Output, text: &str) -> Option<Value> {
    let is_text = matches!(column.kind, Kind::Utf8 | Kind::Json);
    if text == "null" && !is_text {
        return Some(Value::Null);
    }
    Some(match column.kind {
        Kind::Boolean => text.parse::<bool>().ok()?.into(),
        Kind::Int64 => text.parse::<i64>().ok()?.into(),
        Kind::Float64 => text.parse::<f64>().ok()?.into(),
        Kind::Binary => BASE64.encode(bytes(text)?).into(),
        Kind::Timestamp | Kind::Date | Kind::Utf8 | Kind::Json => text.into(),
    })
}

/// The bytes of `0x00ff`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|place| u8::from_str_radix(&digits[place..place + 2], 16).ok())
        .collect()
}

/// How a value is written.
fn form(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "write `true`, `false` or `null`",
        Kind::Int64 | Kind::Float64 => "write a number or `null`",
        Kind::Timestamp => "write `2026-01-31T23:59:59Z` or `null`",
        Kind::Date => "write `2026-01-31` or `null`",
        Kind::Binary => "write `0x00ff` or `null`",
        Kind::Utf8 | Kind::Json => "write the text",
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn columns() -> TableColumns {
        let column = |name: &str, kind| Output {
            name: name.to_owned(),
            kind,
            nullable: true,
        };
        TableColumns {
            keys: vec![
                column("b", Kind::Boolean),
                column("i", Kind::Int64),
                column("t", Kind::Timestamp),
                column("d", Kind::Date),
                column("s", Kind::Utf8),
                column("x", Kind::Binary),
            ],
            values: vec![column("total", Kind::Int64)],
        }
    }

    /// Two rows: one of nulls, but for an empty text, and one of values.
    fn batch() -> RecordBatch {
        let times = TimestampMicrosecondArray::from(vec![None, Some(1_500_000)]);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(BooleanArray::from(vec![None, Some(true)])),
            Arc::new(Int64Array::from(vec![None, Some(-7)])),
            Arc::new(times.with_timezone("UTC")),
            Arc::new(Date32Array::from(vec![None, Some(1)])),
            Arc::new(StringArray::from(vec![Some(""), Some("a=b")])),
            Arc::new(BinaryArray::from(vec![None, Some(&b"\x00\xff"[..])])),
            Arc::new(Int64Array::from(vec![1, 2])),
        ];
        RecordBatch::try_new(columns().schema(), arrays).unwrap()
    }

    fn filter(only: &[&str]) -> Result<Option<Filter>, CutoverError> {
        let only: Vec<_> = only.iter().map(|pair| pair.parse().unwrap()).collect();
        Filter::new(&columns(), &only)
    }

    #[test]
    fn values_of_every_kind_are_found_as_the_diff_shows_them() {
        for (pairs, total) in [
            (["b=true", "i=-7"], 2),
            (["t=1970-01-01T00:00:01.5Z", "d=1970-01-02"], 2),
            (["s=a=b", "x=0x00ff"], 2),
            (["b=null", "s="], 1),
            (["x=null", "d=null"], 1),
        ] {
            let filter = filter(&pairs).unwrap().unwrap();
            let kept = filter.apply(&batch()).unwrap();
            assert_eq!(kept.num_rows(), 1, "{pairs:?}");
            let expected = batch().slice(total - 1, 1);
            assert_eq!(kept, expected, "{pairs:?}");
        }
        let none = filter(&["i=-7", "b=null"]).unwrap().unwrap();
        assert_eq!(none.apply(&batch()).unwrap().num_rows(), 0);
        assert!(filter(&[]).unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_the_form_that_can() {
        let problems = [
            "total=1",
            "page=/a",
            "i=x",
            "b=1",
            "d=2026-02-30",
            "t=today",
            "x=ff",
            "x=0xf",
        ];
        let problems = problems.map(|pair| filter(&[pair]).err().unwrap().to_string());
        insta::assert_snapshot!(problems.join("\n"), @r"
        `--where total=1`: `total` is no key; the keys are `b`, `i`, `t`, `d`, `s`, `x`
        `--where page=/a`: there is no column `page`; the keys are `b`, `i`, `t`, `d`, `s`, `x`
        `--where i=x`: `x` is no value of a key of kind int64: write a number or `null`
        `--where b=1`: `1` is no value of a key of kind boolean: write `true`, `false` or `null`
        `--where d=2026-02-30`: `2026-02-30` is no value of a key of kind date: write `2026-01-31` or `null`
        `--where t=today`: `today` is no value of a key of kind timestamp: write `2026-01-31T23:59:59Z` or `null`
        `--where x=ff`: `ff` is no value of a key of kind binary: write `0x00ff` or `null`
        `--where x=0xf`: `0xf` is no value of a key of kind binary: write `0x00ff` or `null`
        ");
        assert!("page".parse::<KeyValue>().is_err());
    }
}
