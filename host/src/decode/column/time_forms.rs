//! Texts that mean one instant: RFC 3339 in full, and what programs write in its place.
//!
//! | part | forms |
//! |---|---|
//! | date | `2026-01-31`, `2026/01/31` |
//! | between date and time | `T`, `t`, or one blank |
//! | time | `10:00:00`, `10:00`; decimals of the second after a point or a comma, as many as there are |
//! | offset | `Z`, `z`, `UTC`, `GMT`, `+01:00`, `+0100`, `+01`; after one blank too |
//!
//! A time without an offset needs the zone that the job names. Where the clocks of that zone skip an hour or repeat
//! one, the times of that hour mean no instant, or two: they are refused. The leap second `:60` is refused as well,
//! since microseconds since 1970 do not tell it from the second after it.

use std::borrow::Cow;

use chrono::{DateTime, MappedLocalTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::calendar::{civil_date, pair, slashed_date};
use super::unfit::Unfit;
use crate::decode::json::unescape_into;

const SECOND_US: i64 = 1_000_000;
const NO_TIMESTAMP: Unfit = Unfit::Value("not an RFC 3339 timestamp with an offset");
const LEAP_SECOND: Unfit = Unfit::Value(
    "a leap second, which microseconds since 1970 do not tell from the second after it",
);
const NO_OFFSET: Unfit = Unfit::Value(
    "a time without an offset from UTC: set `decode.time_zone` to the zone of such times",
);
const SKIPPED: Unfit = Unfit::Value("a time that the clocks of `decode.time_zone` skip");
const REPEATED: Unfit = Unfit::Value(
    "a time that the clocks of `decode.time_zone` show twice, an hour or so apart, without an offset that tells which",
);

/// Microseconds since 1970-01-01T00:00:00Z of the time in a JSON string; `inside` is the text between its quotes.
#[inline(never)]
pub(super) fn read(inside: &[u8], zone: Option<Tz>) -> Result<i64, Unfit> {
    // Some writers escape slashes.
    let text = match inside.contains(&b'\\') {
        true => {
            let mut decoded = Vec::with_capacity(inside.len());
            if !unescape_into(inside, &mut decoded) {
                return Err(Unfit::HALF_PAIR);
            }
            Cow::Owned(decoded)
        }
        false => Cow::Borrowed(inside),
    };
    let clock = clock(&text).ok_or(NO_TIMESTAMP)?;
    if clock.is_leap_second {
        return Err(LEAP_SECOND);
    }
    let offset_seconds = match clock.offset_minutes {
        Some(minutes) => minutes * 60,
        None => offset_in(zone.ok_or(NO_OFFSET)?, clock.seconds)?,
    };
    Ok((clock.seconds - offset_seconds) * SECOND_US + clock.fraction_us)
}

/// What a clock shows.
struct Clock {
    /// Seconds from 1970-01-01T00:00:00 on the same clock.
    seconds: i64,
    fraction_us: i64,
    is_leap_second: bool,
    /// The offset from UTC, positive to the east; `None` if the text has none.
    offset_minutes: Option<i64>,
}

fn clock(text: &[u8]) -> Option<Clock> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let days = civil_date(date).or_else(|| slashed_date(date))?;
    let [b'T' | b't' | b' ', rest @ ..] = rest else {
        return None;
    };
    let (hour, rest) = (pair(rest, 0)?, rest.get(2..)?);
    let rest = rest.strip_prefix(b":")?;
    let (minute, mut rest) = (pair(rest, 0)?, rest.get(2..)?);
    let (mut second, mut fraction_us) = (0, 0);
    if let Some(after) = rest.strip_prefix(b":") {
        (second, rest) = (pair(after, 0)?, after.get(2..)?);
        if let [b'.' | b',', after @ ..] = rest {
            (fraction_us, rest) = fraction(after)?;
        }
    }
    let is_leap_second = second == 60 && minute == 59;
    if hour > 23 || minute > 59 || (second > 59 && !is_leap_second) {
        return None;
    }
    let minutes = i64::from(hour * 60 + minute);
    Some(Clock {
        seconds: i64::from(days) * 86_400 + minutes * 60 + i64::from(second),
        fraction_us,
        is_leap_second,
        offset_minutes: match rest {
            b"" => None,
            [b' ', offset @ ..] | offset => Some(self::offset_minutes(offset)?),
        },
    })
}

/// Microseconds of one decimal or more, and the text after them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (decimals, rest) = text.split_at(digits);
    let mut weight = SECOND_US;
    let fraction_us = decimals.iter().map(|digit| {
        weight /= 10;
        i64::from(digit - b'0') * weight
    });
    let fraction_us = fraction_us.sum();
    (digits > 0).then_some((fraction_us, rest))
}

fn offset_minutes(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [_, _] => (pair(digits, 0)?, 0),
        [_, _, b':', _, _] => (pair(digits, 0)?, pair(digits, 3)?),
        [_, _, _, _] => (pair(digits, 0)?, pair(digits, 2)?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then(|| sign * i64::from(hours * 60 + minutes))
}

/// The offset in seconds, positive to the east, of clocks in `zone` that show `seconds` from 1970-01-01T00:00:00.
fn offset_in(zone: Tz, seconds: i64) -> Result<i64, Unfit> {
    let shown = DateTime::from_timestamp(seconds, 0).ok_or(NO_TIMESTAMP)?;
    match zone.offset_from_local_datetime(&shown.naive_utc()) {
        MappedLocalTime::Single(offset) => Ok(i64::from(offset.fix().local_minus_utc())),
        MappedLocalTime::Ambiguous(..) => Err(REPEATED),
        MappedLocalTime::None => Err(SKIPPED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-31T10:00:00Z.
    const AT: i64 = 1_769_853_600_000_000;

    #[test]
    fn a_text_that_means_one_instant_is_read() {
        for (text, at_us) in [
            ("2026-01-31T10:00:00Z", AT),
            ("2026-01-31 10:00:00Z", AT),
            ("2026-01-31t10:00:00z", AT),
            ("2026-01-31T10:00:00+00:00", AT),
            ("2026-01-31T10:00:00-00:00", AT),
            ("2026-01-31T10:00:00+0000", AT),
            ("2026-01-31T10:00:00+00", AT),
            ("2026-01-31T12:30:00+02:30", AT),
            ("2026-01-31T12:30:00+0230", AT),
            ("2026-01-31T02:00:00-08", AT),
            ("2026-01-31T10:00Z", AT),
            ("2026-01-31 10:00:00 UTC", AT),
            ("2026-01-31 10:00:00.25 UTC", AT + 250_000),
            ("2026-01-31T10:00:00 Z", AT),
            ("2026-01-31 10:00:00 GMT", AT),
            ("2026/01/31 10:00:00 +0000", AT),
            ("2012/03/10 22:36:55 -0800", 1_331_447_815_000_000),
            (r"2012\/03\/10 22:36:55 -0800", 1_331_447_815_000_000),
            ("2026-01-31T10:00:00.123Z", AT + 123_000),
            ("2026-01-31T10:00:00,123Z", AT + 123_000),
            ("2026-01-31T10:00:00.123456789Z", AT + 123_456),
            ("2026-01-31T10:00:00.1234567890123Z", AT + 123_456),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] {
            assert_eq!(read(text.as_bytes(), None), Ok(at_us), "{text}");
        }
    }

    #[test]
    fn a_text_that_may_mean_two_instants_or_none_is_refused() {
        for (text, refusal) in [
            ("2016-12-31T23:59:60Z", LEAP_SECOND),
            ("2017-01-01T00:59:60.5+01:00", LEAP_SECOND),
            ("2026-01-31T10:00:00", NO_OFFSET),
            ("2026-01-31 10:00:00", NO_OFFSET),
            ("2026-01-31T10:00:00.123", NO_OFFSET),
            ("2026/01/31 10:00", NO_OFFSET),
            (r"2026-01-31T10:00:00\ud800", Unfit::HALF_PAIR),
        ] {
            assert_eq!(read(text.as_bytes(), None), Err(refusal), "{text}");
        }
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T",
            "2026-01-31T10",
            "2026-01-31T10Z",
            "2026-01-31T10:00:00.Z",
            "2026-01-31T10:00:0Z",
            "2026-01-31T10:00:61Z",
            "2026-01-31T10:30:60Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T10:60:00Z",
            "2026-02-29T10:00:00Z",
            "2026-01/31T10:00:00Z",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "Sat, 31 Jan 2026 10:00:00 GMT",
            "31/Jan/2026:10:00:00 +0000",
            r"2026-01-31T10:00:00\u221205:00",
            "2026-01-31T10:00:00\u{2212}05:00",
            " 2026-01-31T10:00:00Z",
            "2026-01-31T10:00:00Z ",
            "2026-01-31T10:00:00  Z",
            "2026-01-31  10:00:00Z",
            "20260131T100000Z",
            "2026-W05-6T10:00:00Z",
            "2026-01-31T10:00:00Z[UTC]",
            "2026-01-31T10:00:00 CET",
            "2026-01-31T10:00:00+24:00",
            "2026-01-31T10:00:00+01:60",
            "2026-01-31T10:00:00+1",
            "2026-01-31T10:00:00 ",
        ] {
            assert_eq!(read(text.as_bytes(), None), Err(NO_TIMESTAMP), "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_one_of_the_zone() {
        let read = |text: &str, zone| read(text.as_bytes(), Some(zone));
        let paris = |text| read(text, Tz::Europe__Paris);
        assert_eq!(paris("2026-01-31T11:00:00"), Ok(AT));
        assert_eq!(paris("2026-01-31 11:00:00.5"), Ok(AT + 500_000));
        assert_eq!(paris("2026/01/31 11:00"), Ok(AT));
        assert_eq!(paris("2026-07-31T12:00:00"), Ok(1_785_492_000_000_000));
        // An offset takes precedence over the zone.
        assert_eq!(paris("2026-01-31T10:00:00Z"), Ok(AT));
        assert_eq!(read("2026-01-31T10:00:00", Tz::UTC), Ok(AT));
        assert_eq!(read("2026-01-31T15:30:00", Tz::Asia__Kolkata), Ok(AT));
        // Before 1911, clocks in Paris were 9 minutes and 21 seconds ahead.
        assert_eq!(paris("1900-01-01T00:09:21"), Ok(-2_208_988_800_000_000));
    }

    #[test]
    fn hours_that_clocks_skip_or_repeat_are_refused() {
        let paris = |text: &str| read(text.as_bytes(), Some(Tz::Europe__Paris));
        assert_eq!(
            paris("2026-03-29T01:59:59.999999"),
            Ok(1_774_745_999_999_999)
        );
        assert_eq!(paris("2026-03-29T02:00:00"), Err(SKIPPED));
        assert_eq!(paris("2026-03-29T02:59:59.999999"), Err(SKIPPED));
        assert_eq!(paris("2026-03-29T03:00:00"), Ok(1_774_746_000_000_000));
        assert_eq!(paris("2026-10-25T01:59:59"), Ok(1_792_886_399_000_000));
        assert_eq!(paris("2026-10-25T02:30:00"), Err(REPEATED));
        assert_eq!(paris("2026-10-25T03:00:00"), Ok(1_792_893_600_000_000));
        // With an offset, the same hour means one instant.
        assert_eq!(
            paris("2026-10-25T02:30:00+02:00"),
            Ok(1_792_888_200_000_000)
        );
    }
}
