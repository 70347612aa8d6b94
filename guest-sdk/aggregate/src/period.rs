//! The period in which an instant lies, in UTC.

use backfold_declaration::Period;
use backfold_guest::{Date, Timestamp};

/// The timestamp at which the minute or the hour of an instant begins.
pub(crate) fn beginning(instant: Timestamp, period: Period) -> Timestamp {
    match period {
        Period::Minute => instant.truncated(60),
        _ => instant.truncated(3600),
    }
}

/// The first day of the day, week, month or year of a day.
pub(crate) fn first_day(day: Date, period: Period) -> Date {
    let since = match period {
        Period::Minute | Period::Hour | Period::Day => 0,
        // 1970-01-01 was a Thursday.
        Period::Week => (day.days + 3).rem_euclid(7),
        Period::Month => Calendar::of(day).into_month,
        Period::Year => Calendar::of(day).into_year,
    };
    Date::from_days(day.days - since)
}

/// Where a day stands in the Gregorian calendar.
struct Calendar {
    /// Days since the first of the month.
    into_month: i32,
    /// Days since the first of January.
    into_year: i32,
}

impl Calendar {
    fn of(day: Date) -> Calendar {
        // Years that begin in March have the leap day at their end; 400 of them have 146,097 days.
        let day_of_era = (i64::from(day.days) + 719_468).rem_euclid(146_097);
        let year =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let since_march = day_of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * since_march + 2) / 153;
        let into_month = since_march - (153 * month + 2) / 5;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let into_year = match month {
            // January and February end the year that began in March.
            10.. => since_march - 306,
            _ => since_march + 59 + i64::from(is_leap),
        };
        Calendar {
            into_month: into_month as i32,
            into_year: into_year as i32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        for year in [
            -4, 1, 1582, 1899, 1900, 1970, 1999, 2000, 2024, 2026, 2100, 2400,
        ] {
            for (month, last) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
                .into_iter()
                .enumerate()
            {
                let month = month as u32 + 1;
                let of = |month, day| Date::from_ymd(year, month, day).unwrap();
                for day in 1..=last {
                    let date = of(month, day);
                    assert_eq!(first_day(date, Period::Month), of(month, 1), "{date}");
                    assert_eq!(first_day(date, Period::Year), of(1, 1), "{date}");
                }
            }
            if let Some(leap_day) = Date::from_ymd(year, 2, 29) {
                let january = Date::from_ymd(year, 1, 1).unwrap();
                assert_eq!(first_day(leap_day, Period::Year), january);
            }
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        let monday = Date::from_ymd(2026, 1, 5).unwrap();
        for day in 0..7 {
            let date = Date::from_days(monday.days + day);
            assert_eq!(first_day(date, Period::Week), monday);
        }
        let before = Date::from_days(-4);
        assert_eq!(
            first_day(before, Period::Week),
            Date::from_ymd(1969, 12, 22).unwrap()
        );
    }

    #[test]
    fn minutes_and_hours_are_cut() {
        let instant = Timestamp::from_microseconds(3_725_000_001);
        assert_eq!(
            beginning(instant, Period::Minute).microseconds,
            3_720_000_000
        );
        assert_eq!(beginning(instant, Period::Hour).microseconds, 3_600_000_000);
    }
}
