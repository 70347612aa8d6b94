//! Keys that Amazon Data Firehose writes: `<prefix>YYYY/MM/dd/HH/<name>`, or `year=YYYY/month=MM/day=dd/hour=HH/`.
//!
//! The prefix need not end with a slash (`clicks2026/01/31/…`), and folders of dynamic partitioning may come before or
//! after the date. The first three folders that form a date count, and the hour if it is the next folder. Without an
//! hour, the span of the key is the day.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::folders;
use super::hive;
use super::key::Key;
use super::key_fields::KeyFields;
use crate::source::EventRange;

/// The settings of the layout `firehose`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Firehose {
    /// The time zone of the hours: the custom time zone of the stream, or UTC.
    #[serde(skip_serializing_if = "super::calendar::is_utc")]
    pub time_zone: Tz,
}

impl Firehose {
    pub(super) fn span(&self, key: &Key<'_>) -> Option<EventRange> {
        folders::plain_date(&key.folders).span(self.time_zone)
    }

    /// The columns of the key: with dynamic partitioning, a prefix may contain folders `name=value`, as in Hive.
    pub(super) fn key_fields(key: &Key<'_>) -> KeyFields {
        KeyFields {
            columns: hive::columns(key),
            ..KeyFields::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::source::layout::{Layout, Narrowing, tests};
    use crate::source::range::show_us;

    const NAME: &str = "clicks-3-2026-01-02-03-04-05-8c1a4b52-6f0e-4a54-9d43-0c5c2b1f7a90.gz";
    const HOUR_US: i64 = 3_600_000_000;

    fn shown(key: &str) -> Option<String> {
        tests::shown(&Layout::firehose(), key)
    }

    #[test]
    fn the_hour_is_found_after_any_prefix() {
        for folders in [
            "2026/01/02/03",
            "clicks/2026/01/02/03",
            "raw/clicks2026/01/02/03",
            "year=2026/month=01/day=02/hour=03",
            // Dynamic partitioning, before the date and after it.
            "region=eu/2026/01/02/03",
            "customer_id=2025/device=17/year=2026/month=01/day=02/hour=03",
            "2026/01/02/03/region=eu/04",
            // The first date counts.
            "2026/01/02/03/2019/12/31/23",
        ] {
            let key = format!("{folders}/{NAME}");
            assert_eq!(
                shown(&key).as_deref(),
                Some("1h from 2026-01-02T03:00:00Z"),
                "{key}"
            );
        }
    }

    #[test]
    fn without_an_hour_the_span_is_the_day() {
        for folders in [
            "2026/01/02",
            "2026/01/02/24",
            "2026/01/02/region=eu/03",
            "clicks/2026/01/02/3",
        ] {
            let key = format!("{folders}/{NAME}");
            assert_eq!(
                shown(&key).as_deref(),
                Some("24h from 2026-01-02T00:00:00Z"),
                "{key}"
            );
        }
    }

    #[test]
    fn a_key_without_a_date_has_no_span() {
        for key in [
            NAME.to_owned(),
            format!("clicks/{NAME}"),
            format!("2026/01/{NAME}"),
            format!("2026/13/02/03/{NAME}"),
            format!("2026/02/30/03/{NAME}"),
            format!("1066/10/14/09/{NAME}"),
            format!("2026/1/2/3/{NAME}"),
            format!("+026/01/02/03/{NAME}"),
            format!("2026/+1/02/03/{NAME}"),
            "2026/01/02".to_owned(),
            "é026/01/02/03/x".to_owned(),
            String::new(),
        ] {
            assert_eq!(shown(&key), None, "{key}");
        }
    }

    #[test]
    fn hours_are_in_the_time_zone_of_the_stream() {
        let layout = Layout::Firehose(Firehose {
            time_zone: Tz::America__New_York,
        });
        let span = layout
            .span(&format!("2026/07/01/20/{NAME}"))
            .expect("an hour");
        assert_eq!(
            show_us(span.from_us.expect("bounded")),
            "2026-07-02T00:00:00Z"
        );
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
            // The smallest lateness that includes this event.
            let outside = (hour_begins - event_us).max(event_us - (hour_begins + HOUR_US - 1)).max(0);
            let range = EventRange {
                from_us: from.map(|before| event_us - before),
                until_us: length.map(|length| event_us + length),
            };
            prop_assume!(range.contains(event_us));
            let lateness = Duration::from_micros(outside.unsigned_abs());
            let at = chrono::DateTime::from_timestamp_micros(hour_begins).expect("in range");
            let key = format!("{}/{NAME}", at.format("clicks/%Y/%m/%d/%H"));
            prop_assert!(Narrowing::new(&Layout::firehose(), "", lateness, range).wants(&key));
        }
    }
}
