//! Timestamps and dates.
//!
//! A timestamp has a resolution of a microsecond. RFC 3339 and epoch nanoseconds may be finer: they are rounded towards
//! the past. Epoch seconds, milliseconds and microseconds may have a fraction of whole microseconds; a finer fraction
//! is refused, and so is an exponent.

use super::unfit::Unfit;
use crate::schema::Encoding;

const SECOND_US: i64 = 1_000_000;
const BEYOND: Unfit = Unfit::Value("beyond the range of a timestamp");
const EXPONENT: Unfit = Unfit::Value("written with an exponent");
const TOO_FINE: Unfit = Unfit::Value("finer than a microsecond");
const NO_TIMESTAMP: Unfit = Unfit::Value("not an RFC 3339 timestamp with an offset");
const NO_DATE: Unfit = Unfit::Value("not a date `YYYY-MM-DD`");

/// Microseconds since 1970-01-01T00:00:00Z of the JSON value `text`; `inside` is the text between its quotes if it is a
/// string.
#[inline]
pub(super) fn timestamp(
    text: &[u8],
    inside: Option<&[u8]>,
    encoding: Encoding,
) -> Result<i64, Unfit> {
    match (encoding, inside) {
        (Encoding::Standard, Some(inside)) => rfc3339(inside).ok_or(NO_TIMESTAMP),
        (Encoding::EpochSeconds, None) => epoch(text, 6),
        (Encoding::EpochMilliseconds, None) => epoch(text, 3),
        (Encoding::EpochMicroseconds, None) => epoch(text, 0),
        (Encoding::EpochNanoseconds, None) => Ok(super::number::int64(text)?.div_euclid(1000)),
        _ => Err(Unfit::Kind),
    }
}

/// Microseconds of a number of units of 10^`decimals` microseconds.
fn epoch(text: &[u8], decimals: u32) -> Result<i64, Unfit> {
    let at = memchr::memchr(b'.', text);
    let (whole, fraction) = at.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]));
    if !text
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
    {
        return Err(Unfit::Kind);
    }
    if memchr::memchr2(b'e', b'E', text).is_some() {
        return Err(EXPONENT);
    }
    let unit = 10i64.pow(decimals);
    let whole_us = super::number::int64(whole)?
        .checked_mul(unit)
        .ok_or(BEYOND)?;
    let mut fraction_us = 0;
    let mut weight = unit;
    for digit in fraction {
        weight /= 10;
        if weight == 0 && *digit != b'0' {
            return Err(TOO_FINE);
        }
        fraction_us += i64::from(digit - b'0') * weight;
    }
    // A minus holds for the fraction as well, also of -0.5.
    let signed = if text.starts_with(b"-") {
        whole_us.checked_sub(fraction_us)
    } else {
        whole_us.checked_add(fraction_us)
    };
    signed.ok_or(BEYOND)
}

/// Two digits.
#[inline(always)]
fn pair(text: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (
        text.get(at)?.wrapping_sub(b'0'),
        text.get(at + 1)?.wrapping_sub(b'0'),
    );
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// `YYYY-MM-DDThh:mm:ss`, with a space allowed for the `T`, up to nine decimals, then `Z` or an offset `±hh:mm`.
/// The leap second `:60` is refused, since microseconds since 1970 cannot tell it from the next.
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

/// The three numbers of a text with two digits at the indices 0, 3 and 6 and the separators of `template` between them.
/// All eight bytes are checked in one word.
#[inline(always)]
fn three_pairs(text: [u8; 8], template: &[u8; 8]) -> Option<[u32; 3]> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Carries digits above nine, and separators that differ, to the high bit of their byte.
    const LIMITS: u64 = u64::from_le_bytes([0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f, 0x76, 0x76]);
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(*template);
    if (((digits & !HIGH) + LIMITS) | digits) & HIGH != 0 {
        return None;
    }
    // The first byte of each pair becomes ten times itself plus the second.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    Some([pairs, pairs >> 24, pairs >> 48].map(|pair| (pair & 0xff) as u32))
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

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub(super) fn date(text: &[u8]) -> Result<i32, Unfit> {
    text.try_into().ok().and_then(civil_date).ok_or(NO_DATE)
}

#[inline(always)]
fn civil_date(text: &[u8; 10]) -> Option<i32> {
    let century = pair(text, 0)?;
    let [year, month, day] = three_pairs(*text.last_chunk()?, b"00-00-00")?;
    let year = (century * 100 + year) as i32;
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    Some(days_since_epoch(year, month as i32, day as i32))
}

#[inline(always)]
fn days_in(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counted in years that begin in March, so that the leap day is the last day of a year.
#[inline(always)]
fn days_since_epoch(year: i32, month: i32, day: i32) -> i32 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_is_that_of_chrono() {
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let mut day = chrono::NaiveDate::from_ymd_opt(0, 1, 1).unwrap();
        while day <= chrono::NaiveDate::from_ymd_opt(9999, 12, 31).unwrap() {
            let expected = day.signed_duration_since(epoch).num_days() as i32;
            assert_eq!(date(day.to_string().as_bytes()), Ok(expected), "{day}");
            day += chrono::TimeDelta::days(1);
        }
    }

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in [
            "1900-02-29",
            "2100-02-29",
            "2026-04-31",
            "2026-01-32",
            "2026-00-01",
            "2026-13-01",
            "2026-01-00",
            "2:26-01-01",
            ":026-01-01",
            "2026-1-01",
            "2026-01-01T",
        ] {
            assert_eq!(date(text.as_bytes()), Err(NO_DATE), "{text}");
        }
    }

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

    #[test]
    fn epochs_are_exact_or_refused() {
        let timestamp = |text: &str, encoding| timestamp(text.as_bytes(), None, encoding);
        assert_eq!(
            timestamp("1700000000", Encoding::EpochSeconds),
            Ok(1_700_000_000_000_000)
        );
        assert_eq!(
            timestamp("1700000000.25", Encoding::EpochSeconds),
            Ok(1_700_000_000_250_000)
        );
        assert_eq!(timestamp("-0.5", Encoding::EpochSeconds), Ok(-500_000));
        assert_eq!(
            timestamp("1.1234560", Encoding::EpochSeconds),
            Ok(1_123_456)
        );
        assert_eq!(
            timestamp("1.1234567", Encoding::EpochSeconds),
            Err(TOO_FINE)
        );
        assert_eq!(timestamp("1.7e9", Encoding::EpochSeconds), Err(EXPONENT));
        assert_eq!(timestamp("1e9", Encoding::EpochSeconds), Err(EXPONENT));
        assert_eq!(timestamp("1.5E9", Encoding::EpochSeconds), Err(EXPONENT));
        assert_eq!(
            timestamp("9300000000000", Encoding::EpochSeconds),
            Err(BEYOND)
        );
        assert_eq!(timestamp("1.5", Encoding::EpochMilliseconds), Ok(1_500));
        assert_eq!(timestamp("7.0", Encoding::EpochMicroseconds), Ok(7));
        assert_eq!(timestamp("7.1", Encoding::EpochMicroseconds), Err(TOO_FINE));
        assert_eq!(timestamp("1999", Encoding::EpochNanoseconds), Ok(1));
        assert_eq!(timestamp("-1", Encoding::EpochNanoseconds), Ok(-1));
        assert_eq!(timestamp("true", Encoding::EpochSeconds), Err(Unfit::Kind));
    }
}
