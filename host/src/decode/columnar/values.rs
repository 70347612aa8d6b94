//! Values of columns as JSON text.
//!
//! The text is that of the same value in JSON Lines. It is the reference for conversions that are not plain copies, the
//! text that conditions compare, and the form of a row in the quarantine.

use std::io::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait, StructArray};
use arrow_schema::{DataType, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta};

use crate::schema::{Encoding, Kind};

/// Kind and encoding to which a value is converted; they decide between several ways of writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TargetType {
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
}

impl TargetType {
    /// JSON, for values without an input and within other values.
    pub(super) const JSON: TargetType = TargetType {
        kind: Kind::Json,
        encoding: Encoding::Standard,
    };

    /// An offset in a topic.
    pub(super) const OFFSET: TargetType = TargetType {
        kind: Kind::Int64,
        encoding: Encoding::Standard,
    };
}

/// Whether values of this type can be written.
pub(super) fn is_writable(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Null | Boolean | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => true,
        Float16 | Float32 | Float64 | Timestamp(..) | Date32 | Date64 => true,
        Time32(TimeUnit::Second | TimeUnit::Millisecond) => true,
        Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => true,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => {
            true
        }
        Decimal32(_, scale) | Decimal64(_, scale) => *scale >= 0,
        Decimal128(_, scale) | Decimal256(_, scale) => *scale >= 0,
        List(item) | LargeList(item) | FixedSizeList(item, _) => is_writable(item.data_type()),
        Struct(fields) => fields.iter().all(|field| is_writable(field.data_type())),
        Map(entries, _) => is_writable(entries.data_type()),
        Dictionary(_, value) => is_writable(value),
        _ => false,
    }
}

/// The most bytes of a value's text.
pub(super) const MAX_TEXT_BYTES: usize = 256 << 20;

/// Appends the value in `row`, of a type that [`is_writable`]. Nulls are written as `null`, also within a struct. Stops
/// soon after `out` has more than [`MAX_TEXT_BYTES`]; `out` is then incomplete.
pub(super) fn write(array: &dyn Array, row: usize, target: TargetType, out: &mut Vec<u8>) {
    use DataType::*;
    if out.len() > MAX_TEXT_BYTES {
        return;
    }
    if array.is_null(row) {
        return out.extend_from_slice(b"null");
    }
    match array.data_type() {
        Boolean if array.as_boolean().value(row) => out.extend_from_slice(b"true"),
        Boolean => out.extend_from_slice(b"false"),
        Int8 => number(out, array.as_primitive::<Int8Type>().value(row)),
        Int16 => number(out, array.as_primitive::<Int16Type>().value(row)),
        Int32 => number(out, array.as_primitive::<Int32Type>().value(row)),
        Int64 => number(out, array.as_primitive::<Int64Type>().value(row)),
        UInt8 => number(out, array.as_primitive::<UInt8Type>().value(row)),
        UInt16 => number(out, array.as_primitive::<UInt16Type>().value(row)),
        UInt32 => number(out, array.as_primitive::<UInt32Type>().value(row)),
        UInt64 => number(out, array.as_primitive::<UInt64Type>().value(row)),
        Float16 => {
            let value = array.as_primitive::<Float16Type>().value(row).to_f32();
            float(out, value.into(), value);
        }
        Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            float(out, value.into(), value);
        }
        Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            float(out, value, value);
        }
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
            decimal(out, array, row, target);
        }
        Timestamp(unit, _) => timestamp(out, raw_timestamp(array, *unit, row), *unit, target),
        Date32 => date(out, array.as_primitive::<Date32Type>().value(row).into()),
        Date64 => {
            let millis = array.as_primitive::<Date64Type>().value(row);
            date(out, millis.div_euclid(DAY_MS));
        }
        Time32(_) | Time64(_) => time(out, nanoseconds_of_day(array, row)),
        Utf8 => string(out, array.as_string::<i32>().value(row)),
        LargeUtf8 => string(out, array.as_string::<i64>().value(row)),
        Utf8View => string(out, array.as_string_view().value(row)),
        Binary => binary(out, array.as_binary::<i32>().value(row), target),
        LargeBinary => binary(out, array.as_binary::<i64>().value(row), target),
        BinaryView => binary(out, array.as_binary_view().value(row), target),
        FixedSizeBinary(_) => binary(out, array.as_fixed_size_binary().value(row), target),
        List(_) => list(out, array.as_list::<i32>(), row),
        LargeList(_) => list(out, array.as_list::<i64>(), row),
        FixedSizeList(..) => items(out, &array.as_fixed_size_list().value(row)),
        Struct(_) => object(out, array.as_struct(), row),
        Map(..) => map(out, &array.as_map().value(row)),
        Dictionary(..) => {
            let one = array.slice(row, 1);
            let dictionary = one.as_any_dictionary();
            let key = dictionary.normalized_keys()[0];
            write(dictionary.values(), key, target, out);
        }
        _ => out.extend_from_slice(b"null"),
    }
}

const DAY_MS: i64 = 86_400_000;

/// A count of `unit`s since 1970-01-01T00:00:00Z.
fn raw_timestamp(array: &dyn Array, unit: TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

fn number(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Nothing fails to be written into memory.
    let _ = write!(out, "{value}");
}

/// The shortest digits of `written`, which is `value` in its own width.
fn float(out: &mut Vec<u8>, value: f64, written: impl serde::Serialize) {
    match value {
        value if value.is_finite() => {
            let _ = serde_json::to_writer(out, &written);
        }
        value if value.is_nan() => string(out, "NaN"),
        value if value > 0.0 => string(out, "inf"),
        _ => string(out, "-inf"),
    }
}

fn decimal(out: &mut Vec<u8>, array: &dyn Array, row: usize, target: TargetType) {
    let digits = match array.data_type() {
        DataType::Decimal32(..) => array.as_primitive::<Decimal32Type>().value_as_string(row),
        DataType::Decimal64(..) => array.as_primitive::<Decimal64Type>().value_as_string(row),
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        _ => array.as_primitive::<Decimal256Type>().value_as_string(row),
    };
    match target.kind {
        Kind::Utf8 => string(out, &digits),
        _ => out.extend_from_slice(digits.as_bytes()),
    }
}

/// RFC 3339 in UTC, or a number if the encoding is one; microseconds if RFC 3339 does not have the year.
fn timestamp(out: &mut Vec<u8>, value: i64, unit: TimeUnit, target: TargetType) {
    let per_second: i64 = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let nanos = i128::from(value) * i128::from(1_000_000_000 / per_second);
    let epoch_ns = match target.encoding {
        Encoding::EpochSeconds => Some(1_000_000_000),
        Encoding::EpochMilliseconds => Some(1_000_000),
        Encoding::EpochMicroseconds => Some(1000),
        Encoding::EpochNanoseconds => Some(1),
        Encoding::Standard | Encoding::Hex | Encoding::Text => None,
    };
    if let Some(epoch_ns) = epoch_ns.filter(|_| target.kind == Kind::Timestamp) {
        return number(out, Fraction(nanos, epoch_ns));
    }
    let nanos_of_second = (value.rem_euclid(per_second) * (1_000_000_000 / per_second)) as u32;
    let time = DateTime::from_timestamp(value.div_euclid(per_second), nanos_of_second);
    match time.filter(|time| (0..=9999).contains(&time.year())) {
        Some(time) => string(out, &time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => number(out, nanos.div_euclid(1000)),
    }
}

/// A number of nanoseconds in a larger unit, as an exact decimal.
struct Fraction(i128, i128);

impl std::fmt::Display for Fraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Fraction(nanos, unit) = *self;
        let (whole, rest) = (nanos.abs() / unit, nanos.abs() % unit);
        let sign = if nanos < 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

fn date(out: &mut Vec<u8>, days: i64) {
    let day =
        TimeDelta::try_days(days).and_then(|days| NaiveDate::default().checked_add_signed(days));
    match day {
        Some(day) => string(out, &day.to_string()),
        None => number(out, days),
    }
}

/// Nanoseconds since midnight of a time of day.
fn nanoseconds_of_day(array: &dyn Array, row: usize) -> i64 {
    match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            let seconds = array.as_primitive::<Time32SecondType>().value(row);
            i64::from(seconds) * 1_000_000_000
        }
        DataType::Time32(_) => {
            let millis = array.as_primitive::<Time32MillisecondType>().value(row);
            i64::from(millis) * 1_000_000
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(row);
            micros.saturating_mul(1000)
        }
        _ => array.as_primitive::<Time64NanosecondType>().value(row),
    }
}

/// `hh:mm:ss`, with decimals if there are any.
fn time(out: &mut Vec<u8>, nanos: i64) {
    let (seconds, rest) = (
        nanos.div_euclid(1_000_000_000),
        nanos.rem_euclid(1_000_000_000),
    );
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if rest != 0 {
        let decimals = format!(".{rest:09}");
        text.push_str(decimals.trim_end_matches('0'));
    }
    string(out, &text);
}

pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

/// Text for kind utf8 and encoding `text`; otherwise in the encoding of the input.
fn binary(out: &mut Vec<u8>, bytes: &[u8], target: TargetType) {
    if target.kind == Kind::Utf8 || target.encoding == Encoding::Text {
        return string(out, &String::from_utf8_lossy(bytes));
    }
    if target.encoding == Encoding::Hex {
        out.push(b'"');
        bytes
            .iter()
            .for_each(|byte| number(out, format_args!("{byte:02x}")));
        return out.push(b'"');
    }
    string(out, &BASE64.encode(bytes));
}

fn list<O: OffsetSizeTrait>(out: &mut Vec<u8>, lists: &GenericListArray<O>, row: usize) {
    items(out, &lists.value(row));
}

fn items(out: &mut Vec<u8>, values: &ArrayRef) {
    out.push(b'[');
    for row in 0..values.len() {
        if out.len() > MAX_TEXT_BYTES {
            return;
        }
        if row > 0 {
            out.push(b',');
        }
        write(values, row, TargetType::JSON, out);
    }
    out.push(b']');
}

fn object(out: &mut Vec<u8>, members: &StructArray, row: usize) {
    out.push(b'{');
    for (place, (field, column)) in members.fields().iter().zip(members.columns()).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        string(out, field.name());
        out.push(b':');
        write(column, row, TargetType::JSON, out);
    }
    out.push(b'}');
}

/// An object with the entries in stored order. The name of a key that is not a string is its JSON text.
fn map(out: &mut Vec<u8>, entries: &StructArray) {
    out.push(b'{');
    let (keys, values) = (entries.column(0), entries.column(1));
    for row in 0..entries.len() {
        if out.len() > MAX_TEXT_BYTES {
            return;
        }
        if row > 0 {
            out.push(b',');
        }
        let mut key = Vec::new();
        write(keys, row, TargetType::JSON, &mut key);
        match key.first() {
            Some(b'"') => out.extend_from_slice(&key),
            _ => string(out, &String::from_utf8_lossy(&key)),
        }
        out.push(b':');
        write(values, row, TargetType::JSON, out);
    }
    out.push(b'}');
}
