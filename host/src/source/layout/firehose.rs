//! Keys with their hour in them: `<prefix>YYYY/MM/dd/HH/<name>`, or `year=YYYY/month=MM/day=dd/hour=HH/`.
//!
//! The prefix may end without a slash (`clicks2026/01/31/…`). Where a key holds several such runs of four
//! folders, the last counts: it is the one that was appended to a prefix. Hours are taken as UTC.

use chrono::NaiveDate;

use crate::source::EventRange;

const HOUR_US: i64 = 3_600_000_000;

/// The hour that the folders of `key` name.
pub(super) fn span(key: &str) -> Option<EventRange> {
    let (folders, _name) = key.rsplit_once('/')?;
    let folders: Vec<&str> = folders.split('/').collect();
    let from_us = folders.windows(4).rev().find_map(hour_us)?;
    Some(EventRange {
        from_us: Some(from_us),
        until_us: Some(from_us + HOUR_US),
    })
}

fn hour_us(folders: &[&str]) -> Option<i64> {
    let [year, month, day, hour] = folders else {
        return None;
    };
    // Only the year may be glued to what stands before it.
    let year = year.get(year.len().checked_sub(4)?..)?;
    let date = NaiveDate::from_ymd_opt(
        number(year)?.try_into().ok()?,
        number(two_digits(month)?)?,
        number(two_digits(day)?)?,
    )?;
    let hour = date.and_hms_opt(number(two_digits(hour)?)?, 0, 0)?;
    Some(hour.and_utc().timestamp_micros())
}

/// The value of `MM` or `name=MM`.
fn two_digits(folder: &str) -> Option<&str> {
    let value = folder.rsplit_once('=').map_or(folder, |(_, value)| value);
    (value.len() == 2).then_some(value)
}

fn number(digits: &str) -> Option<u32> {
    // `parse` alone would take a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::source::layout::{Layout, Narrowing};
    use crate::source::range::{RangeConfig, show_us};

    const NAME: &str = "clicks-3-2026-01-02-03-04-05-8c1a4b52-6f0e-4a54-9d43-0c5c2b1f7a90.gz";

    fn begins(key: &str) -> Option<String> {
        span(key).map(|span| show_us(span.from_us.expect("both bounds")))
    }

    #[test]
    fn the_hour_is_found_behind_any_prefix() {
        for folders in [
            "2026/01/02/03",
            "clicks/2026/01/02/03",
            "raw/clicks2026/01/02/03",
            "year=2026/month=01/day=02/hour=03",
            "region=eu/2026/01/02/03",
            // A date in the prefix is not the one that was appended.
            "copied/2019/12/31/23/2026/01/02/03",
        ] {
            let key = format!("{folders}/{NAME}");
            assert_eq!(
                begins(&key).as_deref(),
                Some("2026-01-02T03:00:00Z"),
                "{key}"
            );
        }
    }

    #[test]
    fn a_key_without_an_hour_names_none() {
        for key in [
            NAME.to_owned(),
            format!("clicks/{NAME}"),
            format!("2026/01/02/{NAME}"),
            format!("2026/13/02/03/{NAME}"),
            format!("2026/02/30/03/{NAME}"),
            format!("2026/01/02/24/{NAME}"),
            format!("2026/1/2/3/{NAME}"),
            format!("+026/01/02/03/{NAME}"),
            format!("2026/+1/02/03/{NAME}"),
            "2026/01/02/03".to_owned(),
            "é026/01/02/03/x".to_owned(),
            String::new(),
        ] {
            assert_eq!(begins(&key), None, "{key}");
        }
    }

    fn narrowing(from: &str, to: &str, lateness: Duration) -> Narrowing {
        let range = RangeConfig {
            from: from.parse().expect("a bound"),
            to: to.parse().expect("a bound"),
        };
        let range = range
            .resolve(chrono::DateTime::UNIX_EPOCH)
            .expect("a range");
        Narrowing::new(Layout::Firehose, lateness, range)
    }

    fn wanted_hours(narrowing: &mut Narrowing) -> Vec<String> {
        (1..=5)
            .flat_map(|day| (0..24).map(move |hour| format!("2026/01/{day:02}/{hour:02}")))
            .filter(|hour| narrowing.wants(&format!("clicks/{hour}/{NAME}")))
            .collect()
    }

    #[test]
    fn both_bounds_are_widened_by_the_lateness() {
        let mut narrowing = narrowing(
            "2026-01-03T06:00Z",
            "2026-01-03T08:30Z",
            Duration::from_secs(2 * 3600),
        );
        assert_eq!(
            wanted_hours(&mut narrowing),
            ["04", "05", "06", "07", "08", "09", "10"].map(|hour| format!("2026/01/03/{hour}"))
        );
        assert!(narrowing.wants("clicks/backfill.gz"));
        insta::assert_snapshot!(narrowing.notes().join("\n"), @r"
        Objects passed over because the hour in their keys is more than 2h outside the range: 113. Raise `lateness` if events may lie further from the hour of their object.
        Objects read whatever the range is, since there is no hour in their keys: 1.
        ");
    }

    #[test]
    fn an_open_bound_narrows_nothing_on_its_side() {
        let mut until = narrowing("earliest", "2026-01-02", Duration::ZERO);
        assert_eq!(wanted_hours(&mut until).len(), 24);
        let mut from = narrowing("2026-01-05", "latest", Duration::ZERO);
        assert_eq!(wanted_hours(&mut from).len(), 24);
        let mut all = narrowing("earliest", "latest", Duration::ZERO);
        assert_eq!(wanted_hours(&mut all).len(), 5 * 24);
        assert!(all.notes().is_empty());
    }

    proptest! {
        /// No event within the range is lost that lies within the lateness of its object's hour.
        #[test]
        fn no_event_within_the_lateness_is_lost(
            hour in 0i64..1_000_000,
            within in 0..HOUR_US,
            shift in -1_000i64 * HOUR_US..1_000 * HOUR_US,
            from in prop::option::of(0i64..1000),
            length in prop::option::of(1i64..1000),
        ) {
            let hour_begins = hour * HOUR_US;
            let event_us = hour_begins + within + shift;
            // The tightest lateness that still promises this event.
            let outside = (hour_begins - event_us).max(event_us - (hour_begins + HOUR_US - 1)).max(0);
            let range = EventRange {
                from_us: from.map(|before| event_us - before),
                until_us: length.map(|behind| event_us + behind),
            };
            prop_assume!(range.contains(event_us));
            let lateness = Duration::from_micros(outside.unsigned_abs());
            let at = chrono::DateTime::from_timestamp_micros(hour_begins).expect("in range");
            let key = format!("{}/{NAME}", at.format("clicks/%Y/%m/%d/%H"));
            prop_assert!(Narrowing::new(Layout::Firehose, lateness, range).wants(&key));
        }
    }
}
