//! Columns under construction.
//!
//! A value that does not fit its column is refused with a [`Misfit`]. The caller then removes the row's values in other
//! columns with [`Column::truncate`].
//!
//! | file | content |
//! |---|---|
//! | `number` | int64 and float64 |
//! | `decimal` | numbers in decimal, exact |
//! | `time` | timestamps |
//! | `time_forms` | texts that mean one instant |
//! | `calendar` | dates |
//! | `binary` | base64, hexadecimal and text |
//! | `field` | values of formats in which every value is text, such as CSV |
//! | `other` | values that are not written as in JSON, where the job takes them |
//! | `value_objects` | objects that stand for one value |
//! | `unfit` | reasons for which a value is not converted |

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array};
use arrow_array::{StringArray, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;

use super::conversion::Conversion;
use super::json::{Span, unescape_into};
use crate::schema::{Encoding, Kind};

mod binary;
mod calendar;
mod decimal;
mod field;
mod number;
mod other;
mod time;
mod time_forms;
mod unfit;
mod value_objects;

pub(super) use value_objects::open as open_object;

use unfit::Unfit;

/// The reason for which a value is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) String);

/// The column of one input.
pub(super) struct Column {
    kind: Kind,
    encoding: Encoding,
    conversion: Conversion,
    values: Values,
    validity: NullBufferBuilder,
}

enum Values {
    Boolean(BooleanBufferBuilder),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Timestamp(Vec<i64>),
    Date(Vec<i32>),
    /// Text or binary: `offsets[n]..offsets[n + 1]` of the bytes.
    Bytes {
        offsets: Vec<i32>,
        bytes: Vec<u8>,
    },
}

impl Values {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Boolean => Values::Boolean(BooleanBufferBuilder::new(rows)),
            Kind::Int64 => Values::Int64(Vec::with_capacity(rows)),
            Kind::Float64 => Values::Float64(Vec::with_capacity(rows)),
            Kind::Timestamp => Values::Timestamp(Vec::with_capacity(rows)),
            Kind::Date => Values::Date(Vec::with_capacity(rows)),
            Kind::Utf8 | Kind::Binary | Kind::Json => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                Values::Bytes {
                    offsets,
                    bytes: Vec::new(),
                }
            }
        }
    }
}

/// Whether values of `kind` can have `encoding` in a text format.
pub(super) fn encodes(kind: Kind, encoding: Encoding) -> bool {
    match encoding {
        Encoding::Standard => true,
        Encoding::Hex => kind == Kind::Binary,
        Encoding::Text => matches!(kind, Kind::Binary | Kind::Utf8),
        _ => kind == Kind::Timestamp,
    }
}

impl Column {
    /// An empty column with room for `rows` rows.
    pub(super) fn new(kind: Kind, encoding: Encoding, rows: usize) -> Self {
        Column {
            kind,
            encoding,
            conversion: Conversion::default(),
            values: Values::new(kind, rows),
            validity: NullBufferBuilder::new(rows),
        }
    }

    /// Reads values as the job says.
    pub(super) fn converting(self, conversion: Conversion) -> Self {
        Column { conversion, ..self }
    }

    pub(super) fn push_null(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.append(false),
            Values::Int64(values) | Values::Timestamp(values) => values.push(0),
            Values::Float64(values) => values.push(0.0),
            Values::Date(values) => values.push(0),
            Values::Bytes { offsets, bytes } => offsets.push(bytes.len() as i32),
        }
        self.validity.append_null();
    }

    /// Appends an integer, to a timestamp column in microseconds.
    pub(super) fn push_integer(&mut self, value: i64) {
        match &mut self.values {
            Values::Int64(values) | Values::Timestamp(values) => {
                values.push(value);
                self.validity.append_non_null();
            }
            _ => self.push_null(),
        }
    }

    /// Appends bytes that are not JSON. In a column of text they have to be UTF-8.
    pub(super) fn push_bytes(&mut self, value: &[u8]) -> Result<(), Misfit> {
        let Values::Bytes { offsets, bytes } = &mut self.values else {
            return Err(self.refuse("bytes"));
        };
        if self.kind != Kind::Binary && simdutf8::basic::from_utf8(value).is_err() {
            return Err(Misfit("not UTF-8".to_owned()));
        }
        bytes.extend_from_slice(value);
        offsets.push(bytes.len() as i32);
        self.validity.append_non_null();
        Ok(())
    }

    /// Appends the JSON value at `span` of the text of a parsed record. The caller has to handle `null`. Appends nothing
    /// and returns false for an object that stands for null.
    #[inline]
    pub(super) fn push_json(&mut self, padded: &[u8], span: Span) -> Result<bool, Misfit> {
        let text = span.of(padded);
        let inside = unquote(text);
        let pushed = match (&mut self.values, inside) {
            (Values::Bytes { offsets, bytes }, _) => {
                let fits = match (self.kind, inside) {
                    (Kind::Utf8, Some(inside)) if !span.escaped => {
                        append(bytes, inside, &padded[span.start as usize + 1..]);
                        Ok(())
                    }
                    (Kind::Json, _) => {
                        bytes.extend_from_slice(text);
                        Ok(())
                    }
                    (Kind::Utf8, Some(inside)) if unescape_into(inside, bytes) => Ok(()),
                    (Kind::Utf8, Some(_)) => Err(Unfit::HALF_PAIR),
                    (_, Some(inside)) => {
                        binary::decode_into(inside, span.escaped, self.encoding, bytes)
                    }
                    (_, None) if self.encoding == Encoding::Text => {
                        bytes.extend_from_slice(text);
                        Ok(())
                    }
                    (_, None) => Err(Unfit::Kind),
                };
                fits.map(|()| offsets.push(bytes.len() as i32))
            }
            (Values::Boolean(values), None) if text == b"true" || text == b"false" => {
                values.append(text == b"true");
                Ok(())
            }
            (Values::Int64(values), None) => number::int64(text).map(|value| values.push(value)),
            (Values::Float64(values), None) => {
                number::float64(text).map(|value| values.push(value))
            }
            (Values::Timestamp(values), inside) => {
                let zone = self.conversion.time_zone;
                time::timestamp(text, inside, self.encoding, zone).map(|value| values.push(value))
            }
            (Values::Date(values), Some(inside)) => {
                calendar::date(inside).map(|value| values.push(value))
            }
            _ => Err(Unfit::Kind),
        };
        match pushed {
            Ok(()) => {
                self.validity.append_non_null();
                Ok(true)
            }
            Err(unfit) => self.push_other_json(padded, span, unfit),
        }
    }

    #[cold]
    fn refuse(&self, found: &str) -> Misfit {
        Misfit(format!(
            "found {found} where a value of kind {} is wanted",
            self.kind.name()
        ))
    }

    /// Removes all rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        match &mut self.values {
            Values::Boolean(values) => values.truncate(rows),
            Values::Int64(values) | Values::Timestamp(values) => values.truncate(rows),
            Values::Float64(values) => values.truncate(rows),
            Values::Date(values) => values.truncate(rows),
            Values::Bytes { offsets, bytes } => {
                offsets.truncate(rows + 1);
                // Offsets were lengths of `bytes`.
                bytes.truncate(offsets.last().map_or(0, |end| *end as usize));
            }
        }
        self.validity.truncate(rows);
    }

    /// The timestamp in the last row, in microseconds; `None` if it is null.
    pub(super) fn last_timestamp(&self) -> Option<i64> {
        let Values::Timestamp(values) = &self.values else {
            return None;
        };
        let row = values.len().checked_sub(1)?;
        self.validity.is_valid(row).then(|| values[row])
    }

    /// The integer in the last row; `None` if it is null.
    pub(super) fn last_integer(&self) -> Option<i64> {
        let Values::Int64(values) = &self.values else {
            return None;
        };
        let row = values.len().checked_sub(1)?;
        self.validity.is_valid(row).then(|| values[row])
    }

    /// Takes the column so far and begins an empty one with room for `rows` rows.
    pub(super) fn finish(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let nulls = self.validity.finish();
        let room = match &self.values {
            Values::Bytes { bytes, .. } => bytes.len(),
            _ => 0,
        };
        let mut next = Values::new(self.kind, rows);
        if let Values::Bytes { bytes, .. } = &mut next {
            bytes.reserve(room);
        }
        Ok(match std::mem::replace(&mut self.values, next) {
            Values::Boolean(mut values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Values::Int64(values) => Arc::new(Int64Array::try_new(values.into(), nulls)?),
            Values::Float64(values) => Arc::new(Float64Array::try_new(values.into(), nulls)?),
            Values::Timestamp(values) => Arc::new(
                TimestampMicrosecondArray::try_new(values.into(), nulls)?.with_timezone("UTC"),
            ),
            Values::Date(values) => Arc::new(Date32Array::try_new(values.into(), nulls)?),
            Values::Bytes { offsets, bytes } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let bytes = Buffer::from_vec(bytes);
                match self.kind {
                    Kind::Binary => Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?),
                    _ => Arc::new(StringArray::try_new(offsets, bytes, nulls)?),
                }
            }
        })
    }
}

/// Appends `text`, with which `ahead` begins. A short text is copied as 32 bytes and then cut: a copy of a fixed length
/// needs no call.
#[inline(always)]
fn append(out: &mut Vec<u8>, text: &[u8], ahead: &[u8]) {
    match ahead.first_chunk::<32>() {
        Some(chunk) if text.len() <= 32 => {
            let end = out.len() + text.len();
            out.extend_from_slice(chunk);
            out.truncate(end);
        }
        _ => out.extend_from_slice(text),
    }
}

/// The inside of a string; `None` for any other value.
#[inline(always)]
fn unquote(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn describe(text: &[u8]) -> &'static str {
    match text.first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

/// The most characters of a value that a reason shows.
const EXCERPT_CHARS: usize = 40;

fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of `text`.
    fn whole(text: &[u8]) -> Span {
        Span {
            start: 0,
            end: text.len() as u32,
            escaped: text.contains(&b'\\'),
        }
    }

    fn push(kind: Kind, encoding: Encoding, text: &str) -> Result<ArrayRef, String> {
        let mut column = Column::new(kind, encoding, 1);
        column
            .push_json(text.as_bytes(), whole(text.as_bytes()))
            .map_err(|misfit| misfit.0)?;
        Ok(column.finish(1).unwrap())
    }

    #[test]
    fn values_of_another_type_are_refused_with_the_reason() {
        let mut reasons = String::new();
        for (kind, text) in [
            (Kind::Utf8, "1"),
            (Kind::Utf8, r#""\ud800""#),
            (Kind::Int64, "\"1\""),
            (Kind::Int64, "1.0"),
            (Kind::Int64, "1e3"),
            (Kind::Int64, "9223372036854775808"),
            (Kind::Int64, "true"),
            (Kind::Float64, "1e400"),
            (Kind::Float64, "[]"),
            (Kind::Boolean, "0"),
            (Kind::Timestamp, "1"),
            (Kind::Timestamp, "\"2026-05-03T15:00:00\""),
            (Kind::Date, "\"2026-02-29\""),
            (Kind::Binary, "\"a\""),
        ] {
            let reason = push(kind, Encoding::Standard, text).unwrap_err();
            reasons += &format!("{reason}\n");
        }
        insta::assert_snapshot!(reasons, @r#"
found a number where a value of kind utf8 is wanted
`"\ud800"` is a string with half a surrogate pair
found a string where a value of kind int64 is wanted; a lenient `decode.numbers` takes it
`1.0` is not written as an integer; a lenient `decode.numbers` takes it
`1e3` is not written as an integer; a lenient `decode.numbers` takes it
`9223372036854775808` is beyond the range of an int64
found a boolean where a value of kind int64 is wanted
`1e400` is beyond the range of a float64
found an array where a value of kind float64 is wanted
found a number where a value of kind boolean is wanted
`1` is a number without a unit: the component has to declare one, such as epoch-milliseconds
`"2026-05-03T15:00:00"` is a time without an offset from UTC: set `decode.time_zone` to the zone of such times
`"2026-02-29"` is not a date `YYYY-MM-DD`
`"a"` is not base64
"#);
    }

    #[test]
    fn texts_of_all_lengths_are_copied_whole() {
        for length in 0..70 {
            let text = "x".repeat(length);
            let padded = format!("\"{text}\"and what follows it, longer than a chunk");
            let mut span = whole(padded.as_bytes());
            span.end = length as u32 + 2;
            let mut column = Column::new(Kind::Utf8, Encoding::Standard, 1);
            column.push_json(padded.as_bytes(), span).unwrap();
            let found = column.finish(0).unwrap();
            assert_eq!(found.to_data(), StringArray::from(vec![text]).into());
        }
    }

    #[test]
    fn a_truncated_column_is_as_if_the_rows_had_never_been() {
        for kind in [
            Kind::Boolean,
            Kind::Int64,
            Kind::Float64,
            Kind::Timestamp,
            Kind::Date,
            Kind::Utf8,
            Kind::Json,
        ] {
            let text: &[u8] = match kind {
                Kind::Boolean => b"true",
                Kind::Timestamp => b"\"2026-05-03T15:00:00Z\"",
                Kind::Date => b"\"2026-05-03\"",
                Kind::Utf8 => b"\"abc\"",
                _ => b"7",
            };
            let mut straight = Column::new(kind, Encoding::Standard, 4);
            let mut detour = Column::new(kind, Encoding::Standard, 4);
            for column in [&mut straight, &mut detour] {
                column.push_json(text, whole(text)).unwrap();
            }
            detour.push_null();
            detour.push_json(text, whole(text)).unwrap();
            detour.truncate(1);
            for column in [&mut straight, &mut detour] {
                column.push_null();
                column.push_json(text, whole(text)).unwrap();
            }
            assert_eq!(
                &straight.finish(0).unwrap(),
                &detour.finish(0).unwrap(),
                "{kind:?}"
            );
        }
    }
}
