//! The value types that Rust has no type for.

use std::fmt;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
    pub microseconds: i64,
}

impl Timestamp {
    /// The instant that many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_microseconds(microseconds: i64) -> Timestamp {
        Timestamp { microseconds }
    }

    /// The day of this instant, in UTC.
    pub const fn date(self) -> Date {
        // The quotient of an i64 by microseconds per day is below 2^27 in size.
        Date {
            days: self.microseconds.div_euclid(MICROSECONDS_PER_DAY) as i32,
        }
    }

    /// The start of the period of this instant, where a period has `seconds` seconds and the first one begins at
    /// 1970-01-01T00:00:00Z: `truncated(3600)` is the hour. If the start is before the first timestamp, the instant itself.
    ///
    /// # Panics
    /// If `seconds` is zero.
    pub const fn truncated(self, seconds: u32) -> Timestamp {
        let into_period = self.microseconds.rem_euclid(seconds as i64 * 1_000_000);
        match self.microseconds.checked_sub(into_period) {
            Some(microseconds) => Timestamp { microseconds },
            None => self,
        }
    }
}

/// The form of RFC 3339, in UTC, with microseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let within_day = self.microseconds.rem_euclid(MICROSECONDS_PER_DAY);
        let (seconds, microseconds) = (within_day / 1_000_000, within_day % 1_000_000);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(
            f,
            "{}T{hours:02}:{minutes:02}:{:02}.{microseconds:06}Z",
            self.date(),
            seconds % 60
        )
    }
}

/// A day of the calendar, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since 1970-01-01; negative before it.
    pub days: i32,
}

impl Date {
    /// The day that many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Date {
        Date { days }
    }

    /// A day of the Gregorian calendar; months and days count from 1. `None` if there is no such day.
    pub const fn from_ymd(year: i32, month: u32, day: u32) -> Option<Date> {
        if year < -5_000_000
            || year > 5_000_000
            || month < 1
            || month > 12
            || day < 1
            || day > days_in_month(year, month)
        {
            return None;
        }
        // Years that begin in March put the leap day at their end; 400 of them have 146,097 days.
        let shifted = if month > 2 { year } else { year - 1 };
        let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let month_from_march = (month as i32 + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Date {
            days: era * 146_097 + day_of_era - 719_468,
        })
    }
}

/// The form of ISO 8601: `2026-01-03`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The inverse of `from_ymd`, from the same years that begin in March.
        let days = i64::from(self.days) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

const fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The text of one JSON value, as it stood in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(pub &'a str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_utc_day() {
        assert_eq!(Timestamp::from_microseconds(0).date(), Date::from_days(0));
        assert_eq!(Timestamp::from_microseconds(-1).date(), Date::from_days(-1));
        assert_eq!(
            Timestamp::from_microseconds(MICROSECONDS_PER_DAY - 1).date(),
            Date::from_days(0)
        );
        assert_eq!(
            Timestamp::from_microseconds(MICROSECONDS_PER_DAY).date(),
            Date::from_days(1)
        );
        assert_eq!(
            Timestamp::from_microseconds(i64::MIN).date(),
            Date::from_days(-106_751_992)
        );
    }

    #[test]
    fn truncation_goes_down_on_both_sides_of_the_epoch() {
        let at = |seconds: i64| Timestamp::from_microseconds(seconds * 1_000_000);
        assert_eq!(
            Timestamp::from_microseconds(3_600_000_001).truncated(3600),
            at(3600)
        );
        assert_eq!(Timestamp::from_microseconds(-1).truncated(3600), at(-3600));
        assert_eq!(
            Timestamp::from_microseconds(i64::MIN).truncated(3600),
            Timestamp::from_microseconds(i64::MIN)
        );
    }

    #[test]
    fn calendar_days() {
        assert_eq!(Date::from_ymd(1970, 1, 1), Some(Date::from_days(0)));
        assert_eq!(Date::from_ymd(1969, 12, 31), Some(Date::from_days(-1)));
        assert_eq!(Date::from_ymd(2000, 2, 29), Some(Date::from_days(11_016)));
        assert_eq!(Date::from_ymd(2026, 1, 3), Some(Date::from_days(20_456)));
        assert_eq!(Date::from_ymd(1900, 2, 29), None);
        assert_eq!(Date::from_ymd(2026, 13, 1), None);
        assert_eq!(Date::from_ymd(2026, 4, 31), None);
    }

    #[test]
    fn days_and_instants_are_written_as_iso_8601_has_them() {
        for (year, month, day) in [
            (1970, 1, 1),
            (1969, 12, 31),
            (2000, 2, 29),
            (2026, 3, 1),
            (1, 1, 1),
        ] {
            let date = Date::from_ymd(year, month, day).unwrap();
            assert_eq!(date.to_string(), format!("{year:04}-{month:02}-{day:02}"));
        }
        for days in (-800_000..800_000).step_by(13) {
            let text = Date::from_days(days).to_string();
            let numbers: Vec<i32> = text
                .split('-')
                .rev()
                .take(2)
                .map(|n| n.parse().unwrap())
                .collect();
            let year = text[..text.len() - 6].parse().unwrap();
            let read = Date::from_ymd(year, numbers[1] as u32, numbers[0] as u32);
            assert_eq!(read, Some(Date::from_days(days)), "{text}");
        }
        assert_eq!(
            Timestamp::from_microseconds(-1).to_string(),
            "1969-12-31T23:59:59.999999Z"
        );
        assert_eq!(
            Timestamp::from_microseconds(1_767_441_600_000_007).to_string(),
            "2026-01-03T12:00:00.000007Z"
        );
    }
}
