//! Timestamps, with a resolution of a microsecond. A finer value is cut: rounded towards the past.
//!
//! A timestamp of the standard encoding is RFC 3339, or another form that can mean one instant only, as
//! [`time_forms`](super::time_forms) lists them. A number has a declared unit, and may have a fraction and an exponent;
//! it may stand in a string.

use chrono_tz::Tz;

use super::calendar::{civil_date, pair, three_pairs};
use super::decimal::{is_number, scaled};
use super::number::int64;
use super::time_forms;
use super::unfit::Unfit;
use crate::schema::Encoding;

const SECOND_US: i64 = 1_000_000;
const BEYOND: Unfit = Unfit::Value("beyond the range of a timestamp");
const NO_NUMBER: Unfit =
    Unfit::Value("not a number, and the component declares that the time is one");
const NO_UNIT: Unfit = Unfit::Value(
    "a number without a unit: the component has to declare one, such as epoch-milliseconds",
);

/// Microseconds since 1970-01-01T00:00:00Z of the JSON value `text`; `inside` is the text between its quotes if it is a
/// string. A time without an offset is one of `zone`.
#[inline]
pub(super) fn timestamp(
    text: &[u8],
    inside: Option<&[u8]>,
    encoding: Encoding,
    zone: Option<Tz>,
) -> Result<i64, Unfit> {
    let decimals = match encoding {
        Encoding::EpochSeconds => 6,
        Encoding::EpochMilliseconds => 3,
        Encoding::EpochMicroseconds => 0,
        Encoding::EpochNanoseconds => -3,
        _ => {
            return match inside {
                Some(inside) => match rfc3339(inside) {
                    Some(at_us) => Ok(at_us),
                    None => time_forms::read(inside, zone),
                },
                None if is_number(text) => Err(NO_UNIT),
                None => Err(Unfit::Kind),
            };
        }
    };
    match inside {
        None => epoch(text, decimals),
        Some(inside) if is_number(inside) => epoch(inside, decimals),
        Some(_) => Err(NO_NUMBER),
    }
}

/// Microseconds of a number of units of 10^`decimals` microseconds. `text` is a number as JSON writes it, or another
/// JSON value that is not a string.
#[inline]
fn epoch(text: &[u8], decimals: i8) -> Result<i64, Unfit> {
    match int64(text) {
        Ok(whole) if decimals >= 0 => whole
            .checked_mul(10i64.pow(u32::from(decimals.unsigned_abs())))
            .ok_or(BEYOND),
        Ok(whole) => Ok(whole.div_euclid(10i64.pow(u32::from(decimals.unsigned_abs())))),
        Err(Unfit::Kind) => Err(Unfit::Kind),
        Err(Unfit::Value(_)) => {
            let scaled = scaled(text, i64::from(decimals));
            scaled.map(|scaled| scaled.floor).ok_or(BEYOND)
        }
    }
}

/// `YYYY-MM-DDThh:mm:ss`, with a space allowed for the `T`, up to nine decimals, then `Z` or an offset `±hh:mm`: the
/// forms that most records have. [`time_forms`](super::time_forms) reads all.
#[inline]
fn rfc3339(text: &[u8]) -> Option<i64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let days = civil_date(head.first_chunk()?)?;
    let [hour, minute, second] = three_pairs(*head.last_chunk()?, b"00:00:00")?;
    if !matches!(head[10], b'T' | b' ') || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_us, rest) = fraction(rest)?;
    let offset_minutes = offset(rest)?;
    let minutes = i64::from(hour * 60 + minute) - offset_minutes;
    let seconds = i64::from(days) * 86_400 + minutes * 60 + i64::from(second);
    Some(seconds * SECOND_US + fraction_us)
}

#[inline(always)]
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let mut weight = SECOND_US;
    let mut fraction_us = 0;
    for digit in &text[..digits] {
        weight /= 10;
        fraction_us += i64::from(digit - b'0') * weight;
    }
    Some((fraction_us, &text[digits..]))
}

/// The offset from UTC in minutes, positive to the east.
#[inline(always)]
fn offset(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), offset @ ..] if offset.len() == 5 && offset[2] == b':' => {
            let (hours, minutes) = (pair(offset, 0)?, pair(offset, 3)?);
            let east = i64::from(hours * 60 + minutes);
            (hours <= 23 && minutes <= 59).then_some(if *sign == b'-' { -east } else { east })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_that_of_chrono() {
        for text in [
            "2026-05-03T15:00:00.562Z",
            "2024-02-29T23:59:59.123456789+02:30",
            "1969-12-31 23:59:59.9999999-23:59",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999+00:00",
        ] {
            let expected = chrono::DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_micros();
            assert_eq!(rfc3339(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "2026-05-03T15:00:00",
            "2026-05-03T15:00:60Z",
            "2026-05-03T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-05-03T15:00:00.Z",
            "2026-05-03T15:00:00.0123456789Z",
            "2026-05-03T15:00:00+0200",
            "2026-05-03T15:00:00+24:00",
            "2026-05-03T15:00:00Zx",
            "2026-05-03X15:00:00Z",
            "2026-05-03T15;00:00Z",
            "2026-05-03T15:00800Z",
            "2026/05-03T15:00:00Z",
            "2026-05,03T15:00:00Z",
            "2026-05-03T15:60:00Z",
            "2026-05-03T15:00:00+00:60",
            "2026-05-03T15:00:00+0::00",
            "+026-05-03T15:00:00Z",
            "",
        ] {
            assert_eq!(rfc3339(text.as_bytes()), None, "{text}");
        }
    }

    fn number(text: &str, encoding: Encoding) -> Result<i64, Unfit> {
        timestamp(text.as_bytes(), None, encoding, None)
    }

    #[test]
    fn epochs_are_exact_or_cut_towards_the_past() {
        for (text, encoding, at_us) in [
            ("1700000000", Encoding::EpochSeconds, 1_700_000_000_000_000),
            (
                "1700000000.25",
                Encoding::EpochSeconds,
                1_700_000_000_250_000,
            ),
            // As Python writes `time.time()`.
            (
                "1767225600.1234567",
                Encoding::EpochSeconds,
                1_767_225_600_123_456,
            ),
            (
                "1769853600.123456789",
                Encoding::EpochSeconds,
                1_769_853_600_123_456,
            ),
            // As Jackson writes an `Instant`.
            (
                "1.769853600123E9",
                Encoding::EpochSeconds,
                1_769_853_600_123_000,
            ),
            ("1.7e9", Encoding::EpochSeconds, 1_700_000_000_000_000),
            ("1e9", Encoding::EpochSeconds, 1_000_000_000_000_000),
            ("1.5E9", Encoding::EpochSeconds, 1_500_000_000_000_000),
            ("-0.5", Encoding::EpochSeconds, -500_000),
            ("-0.0000001", Encoding::EpochSeconds, -1),
            ("1.1234560", Encoding::EpochSeconds, 1_123_456),
            ("1.5", Encoding::EpochMilliseconds, 1_500),
            (
                "1767225600123.4567",
                Encoding::EpochMilliseconds,
                1_767_225_600_123_456,
            ),
            (
                "1.767225600123E12",
                Encoding::EpochMilliseconds,
                1_767_225_600_123_000,
            ),
            ("7.0", Encoding::EpochMicroseconds, 7),
            ("7.9", Encoding::EpochMicroseconds, 7),
            ("-7.1", Encoding::EpochMicroseconds, -8),
            ("1999", Encoding::EpochNanoseconds, 1),
            ("1999.9", Encoding::EpochNanoseconds, 1),
            ("-1", Encoding::EpochNanoseconds, -1),
            (
                "1.7698536001234567E18",
                Encoding::EpochNanoseconds,
                1_769_853_600_123_456,
            ),
        ] {
            assert_eq!(number(text, encoding), Ok(at_us), "{text}");
            let in_string = timestamp(b"", Some(text.as_bytes()), encoding, None);
            assert_eq!(in_string, Ok(at_us), "{text} in a string");
        }
    }

    #[test]
    fn values_that_are_no_epochs_are_refused() {
        for (text, refusal) in [
            ("9300000000000", BEYOND),
            ("93000000000000000000000", BEYOND),
            ("1e400", BEYOND),
            ("true", Unfit::Kind),
            ("{}", Unfit::Kind),
        ] {
            assert_eq!(number(text, Encoding::EpochSeconds), Err(refusal), "{text}");
        }
        for text in [
            "",
            " 1",
            "1 ",
            "01",
            "+1",
            "0x1",
            "NaN",
            "1_000",
            "2026-01-31T10:00:00Z",
        ] {
            let refused = timestamp(b"", Some(text.as_bytes()), Encoding::EpochSeconds, None);
            assert_eq!(refused, Err(NO_NUMBER), "{text}");
        }
        assert_eq!(number("1769853600", Encoding::Standard), Err(NO_UNIT));
        assert_eq!(number("false", Encoding::Standard), Err(Unfit::Kind));
    }
}
