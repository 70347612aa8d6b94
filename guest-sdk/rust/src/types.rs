//! The value types that Rust has no own word for.

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

    /// The day that it falls on, in UTC.
    pub const fn date(self) -> Date {
        // The quotient of an i64 by microseconds per day is below 2^27 in size.
        Date {
            days: self.microseconds.div_euclid(MICROSECONDS_PER_DAY) as i32,
        }
    }

    /// The start of the period of `seconds` that it falls in, periods counted from 1970-01-01T00:00:00Z;
    /// `truncated(3600)` is its hour. The instant itself where the start lies before the first timestamp.
    ///
    /// # Panics
    /// Where `seconds` is zero.
    pub const fn truncated(self, seconds: u32) -> Timestamp {
        let into_period = self.microseconds.rem_euclid(seconds as i64 * 1_000_000);
        match self.microseconds.checked_sub(into_period) {
            Some(microseconds) => Timestamp { microseconds },
            None => self,
        }
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

    /// A day of the Gregorian calendar; months and days count from 1. None where there is no such day.
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
}
