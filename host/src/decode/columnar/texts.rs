//! Single values as JSON text.

use std::io::Write as _;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_schema::{DataType, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta};
use serde::de::IgnoredAny;

use super::target::TargetType;
use crate::schema::{Encoding, Kind};

pub(super) const DAY_MS: i64 = 86_400_000;

pub(super) fn number(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Nothing fails to be written into memory.
    let _ = write!(out, "{value}");
}

pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(out, text);
}

/// The shortest digits of `written`, which is `value` in its own width.
pub(super) fn float(out: &mut Vec<u8>, value: f64, written: impl serde::Serialize) {
    match value {
        value if value.is_finite() => {
            let _ = serde_json::to_writer(out, &written);
        }
        value if value.is_nan() => string(out, "NaN"),
        value if value > 0.0 => string(out, "inf"),
        _ => string(out, "-inf"),
    }
}

pub(super) fn decimal(out: &mut Vec<u8>, array: &dyn Array, row: usize, target: TargetType) {
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

/// A count of `unit`s since 1970-01-01T00:00:00Z.
fn raw_timestamp(array: &dyn Array, unit: TimeUnit, row: usize) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

/// RFC 3339 in UTC, or a number if the encoding is one; microseconds if RFC 3339 does not have the year. A local
/// timestamp has no zone; an input of kind timestamp takes it as UTC, unless the job sets a zone.
pub(super) fn timestamp(
    out: &mut Vec<u8>,
    array: &dyn Array,
    unit: TimeUnit,
    row: usize,
    target: TargetType,
) {
    let is_local = matches!(array.data_type(), DataType::Timestamp(_, None));
    let value = raw_timestamp(array, unit, row);
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
        Some(time) => {
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let is_in_utc = target.kind == Kind::Timestamp && target.conversion.time_zone.is_none();
            let is_zoned = !is_local || is_in_utc;
            string(
                out,
                if is_zoned {
                    &text
                } else {
                    text.trim_end_matches('Z')
                },
            );
        }
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

pub(super) fn date(out: &mut Vec<u8>, days: i64) {
    let day =
        TimeDelta::try_days(days).and_then(|days| NaiveDate::default().checked_add_signed(days));
    match day {
        Some(day) => string(out, &day.to_string()),
        None => number(out, days),
    }
}

/// Nanoseconds since midnight of a time of day.
pub(super) fn nanoseconds_of_day(array: &dyn Array, row: usize) -> i64 {
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
pub(super) fn time(out: &mut Vec<u8>, nanos: i64) {
    let (seconds, rest) = (
        nanos.div_euclid(1_000_000_000),
        nanos.rem_euclid(1_000_000_000),
    );
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    push_decimals(&mut text, rest);
    string(out, &text);
}

/// A point and the decimals of a number of nanoseconds below a second, if it is not zero.
fn push_decimals(text: &mut String, nanos: i64) {
    if nanos != 0 {
        let decimals = format!(".{nanos:09}");
        text.push_str(decimals.trim_end_matches('0'));
    }
}

/// A duration in ISO 8601, such as `P1M2DT3.5S`. Months, days and seconds are not converted into one another.
pub(super) fn duration(out: &mut Vec<u8>, months: u32, days: u32, nanos: i64) {
    let mut text = "P".to_owned();
    if months != 0 {
        text.push_str(&format!("{months}M"));
    }
    if days != 0 {
        text.push_str(&format!("{days}D"));
    }
    if nanos != 0 || text.len() == 1 {
        text.push_str(&format!("T{}", nanos / 1_000_000_000));
        push_decimals(&mut text, nanos % 1_000_000_000);
        text.push('S');
    }
    string(out, &text);
}

/// The duration in the 12 bytes of an interval of Parquet.
pub(super) fn interval(out: &mut Vec<u8>, bytes: &[u8]) {
    let (words, _) = bytes.as_chunks::<4>();
    if let [months, days, millis] = words {
        let [months, days, millis] = [months, days, millis].map(|word| u32::from_le_bytes(*word));
        duration(out, months, days, i64::from(millis) * 1_000_000);
    } else {
        out.extend_from_slice(b"null");
    }
}

/// A UUID in groups of hexadecimal digits, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
pub(super) fn uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend(hex(*byte));
    }
    out.push(b'"');
}

/// The two hexadecimal digits of a byte.
pub(super) fn hex(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 15)],
    ]
}

/// The text of a JSON value, on one line. Text that is not JSON is written as a string.
pub(super) fn document(out: &mut Vec<u8>, text: &str) {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return string(out, text);
    }
    // In JSON, ends of lines stand between tokens alone.
    let bytes = text.trim_ascii().bytes();
    out.extend(bytes.map(|byte| {
        if matches!(byte, b'\n' | b'\r') {
            b' '
        } else {
            byte
        }
    }));
}

/// Text for kind utf8 and encoding `text`; otherwise in the encoding of the input.
pub(super) fn binary(out: &mut Vec<u8>, bytes: &[u8], target: TargetType) {
    if target.kind == Kind::Utf8 || target.encoding == Encoding::Text {
        return string(out, &String::from_utf8_lossy(bytes));
    }
    if target.encoding == Encoding::Hex {
        out.push(b'"');
        bytes.iter().for_each(|byte| out.extend(hex(*byte)));
        return out.push(b'"');
    }
    string(out, &BASE64.encode(bytes));
}
