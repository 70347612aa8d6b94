//! Dates in keys, and the time span of a date in a time zone.

use chrono::{Duration, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::source::EventRange;

/// The parts of a date and a time of day that a key has. A part counts only if all larger parts are present and the
/// result is a date: for the 30th of February only the year and the month count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: Option<u32>,
    pub(super) month: Option<u32>,
    pub(super) day: Option<u32>,
    pub(super) hour: Option<u32>,
    pub(super) minute: Option<u32>,
}

impl Date {
    /// A date with a day; `None` if the calendar has no such day.
    pub(super) fn day(year: u32, month: u32, day: u32) -> Option<Self> {
        first_of(year, month, day)?;
        Some(Date {
            year: Some(year),
            month: Some(month),
            day: Some(day),
            ..Date::default()
        })
    }

    /// The time span of the date in `zone`; `None` without a year.
    pub(super) fn span(&self, zone: Tz) -> Option<EventRange> {
        let (begin, end) = self.local_span()?;
        Some(EventRange {
            from_us: Some(first_moment_us(zone, begin)),
            until_us: Some(moment_after_us(zone, end)),
        })
    }

    /// The first moment of the date and the first moment after it, in local time.
    fn local_span(&self) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let midnight = |date: NaiveDate| date.and_hms_opt(0, 0, 0);
        let year = self.year?;
        let Some((month, first)) = self
            .month
            .and_then(|month| Some((month, first_of(year, month, 1)?)))
        else {
            return Some((
                midnight(first_of(year, 1, 1)?)?,
                midnight(first_of(year + 1, 1, 1)?)?,
            ));
        };
        let Some(day) = self.day.and_then(|day| first_of(year, month, day)) else {
            let next = first.checked_add_months(chrono::Months::new(1))?;
            return Some((midnight(first)?, midnight(next)?));
        };
        let Some(hour) = self.hour.and_then(|hour| day.and_hms_opt(hour, 0, 0)) else {
            return Some((midnight(day)?, midnight(day.succ_opt()?)?));
        };
        let Some(minute) = self.minute.filter(|minute| *minute < 60) else {
            return Some((hour, hour + Duration::hours(1)));
        };
        let begin = hour + Duration::minutes(minute.into());
        Some((begin, begin + Duration::minutes(1)))
    }
}

/// The years that a key may have; other numbers of four digits are not taken for a year.
const YEARS: std::ops::Range<u32> = 1970..2200;

fn first_of(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    // The span of the last year ends with the first day of the year after it.
    (YEARS.start..=YEARS.end)
        .contains(&year)
        .then(|| NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day))?
}

/// The value of `text`, if it is exactly `digits` ASCII digits.
pub(super) fn fixed(text: &str, digits: usize) -> Option<u32> {
    (text.len() == digits).then(|| number(text))?
}

/// The value of `text`, if it is ASCII digits only.
pub(super) fn number(text: &str) -> Option<u32> {
    // `parse` would accept a sign.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// The value of `text`, if it is a year.
pub(super) fn year(text: &str) -> Option<u32> {
    fixed(text, 4).filter(|year| YEARS.contains(year))
}

/// The first moment at which the clocks of `zone` show `local`. If they skip it, the earlier of two moments: with the
/// UTC offset before the change, or with the one after it.
fn first_moment_us(zone: Tz, local: NaiveDateTime) -> i64 {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => at.timestamp_micros(),
        MappedLocalTime::None => {
            let (before, after) = offsets_s(zone, local);
            utc_us(local, before.max(after))
        }
    }
}

/// The moment after the last one at which the clocks of `zone` show a time before `local`. If they skip it, the later
/// of the two moments.
fn moment_after_us(zone: Tz, local: NaiveDateTime) -> i64 {
    let last = local - Duration::microseconds(1);
    let last_us = match zone.from_local_datetime(&last) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(_, at) => at.timestamp_micros(),
        MappedLocalTime::None => {
            let (before, after) = offsets_s(zone, last);
            utc_us(last, before.min(after))
        }
    };
    last_us + 1
}

/// The UTC offsets of `zone` in seconds, before and after the clock change around `local`.
fn offsets_s(zone: Tz, local: NaiveDateTime) -> (i32, i32) {
    let at = |utc| zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    (at(local - Duration::days(2)), at(local + Duration::days(2)))
}

/// Whether a time zone is UTC, which is the default of all layouts.
pub(super) fn is_utc(zone: &Tz) -> bool {
    *zone == Tz::UTC
}

fn utc_us(local: NaiveDateTime, offset_s: i32) -> i64 {
    local.and_utc().timestamp_micros() - i64::from(offset_s) * 1_000_000
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, Timelike};
    use chrono_tz::{America::New_York, Australia::Lord_Howe, Europe::Paris, Pacific::Apia, UTC};
    use proptest::prelude::*;

    use super::*;
    use crate::source::range::show_us;

    fn shown(date: Date, zone: Tz) -> String {
        let span = date.span(zone).expect("a year");
        format!(
            "{} .. {}",
            show_us(span.from_us.expect("bounded")),
            show_us(span.until_us.expect("bounded"))
        )
    }

    fn hour(year: u32, month: u32, day: u32, hour: u32) -> Date {
        Date {
            hour: Some(hour),
            ..Date::day(year, month, day).expect("a day")
        }
    }

    #[test]
    fn a_date_has_a_span_in_its_zone() {
        let year = Date {
            year: Some(2024),
            ..Date::default()
        };
        let month = Date {
            month: Some(2),
            ..year
        };
        let no_day = Date {
            day: Some(30),
            hour: Some(3),
            ..month
        };
        let minute = Date {
            minute: Some(59),
            ..hour(2026, 1, 2, 3)
        };
        let spans = [
            shown(year, UTC),
            shown(month, UTC),
            shown(no_day, UTC),
            shown(hour(2026, 1, 2, 3), UTC),
            shown(minute, UTC),
            shown(hour(2026, 1, 2, 3), Paris),
            // An hour that comes twice, a skipped hour, half an hour that comes twice, a skipped day.
            shown(hour(2026, 10, 25, 2), Paris),
            shown(hour(2026, 3, 29, 2), Paris),
            shown(hour(2026, 4, 5, 1), Lord_Howe),
            shown(Date::day(2011, 12, 30).expect("a day"), Apia),
            shown(Date::day(2026, 11, 1).expect("a day"), New_York),
        ];
        insta::assert_snapshot!(spans.join("\n"), @r"
        2024-01-01T00:00:00Z .. 2025-01-01T00:00:00Z
        2024-02-01T00:00:00Z .. 2024-03-01T00:00:00Z
        2024-02-01T00:00:00Z .. 2024-03-01T00:00:00Z
        2026-01-02T03:00:00Z .. 2026-01-02T04:00:00Z
        2026-01-02T03:59:00Z .. 2026-01-02T04:00:00Z
        2026-01-02T02:00:00Z .. 2026-01-02T03:00:00Z
        2026-10-25T00:00:00Z .. 2026-10-25T02:00:00Z
        2026-03-29T00:00:00Z .. 2026-03-29T02:00:00Z
        2026-04-04T14:00:00Z .. 2026-04-04T15:30:00Z
        2011-12-29T10:00:00Z .. 2011-12-31T10:00:00Z
        2026-11-01T04:00:00Z .. 2026-11-02T05:00:00Z
        ");
    }

    #[test]
    fn a_number_beyond_all_years_is_no_year() {
        for text in [
            "1969",
            "2200",
            "0000",
            "9999",
            "026",
            "+026",
            "２０２６",
            "",
        ] {
            assert_eq!(year(text), None, "{text}");
        }
        assert_eq!(Date::default().span(UTC), None);
        assert!(
            shown(Date::day(2199, 12, 31).expect("a day"), UTC).ends_with("2200-01-01T00:00:00Z")
        );
    }

    proptest! {
        /// The span of a date that was written at some moment contains that moment.
        #[test]
        fn the_span_of_a_date_contains_the_moment_it_was_written(
            at_s in 0i64..4_000_000_000,
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            parts in 1usize..=5,
        ) {
            let at = DateTime::from_timestamp(at_s, 0).expect("in range");
            let local = at.with_timezone(&zone);
            let part = |number: usize, value| (number <= parts).then_some(value);
            let date = Date {
                year: part(1, local.year().unsigned_abs()),
                month: part(2, local.month()),
                day: part(3, local.day()),
                hour: part(4, local.hour()),
                minute: part(5, local.minute()),
            };
            prop_assume!(local.year() >= 1970);
            let span = date.span(zone).expect("a year");
            prop_assert!(span.contains(at.timestamp_micros()), "{local} in {span:?}");
        }
    }
}
