//! One bound of a range, as a job writes it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::event::show_us;
use super::partitions::PartitionOffsets;
use super::text::{is_number, unreadable};
use crate::source::SourceError;

/// One bound of a range, as a job writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// The start of the input.
    Earliest,
    /// The end of the input.
    Latest,
    /// A moment, in microseconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// This long before the plan.
    Ago(Duration),
    /// This offset, in every partition.
    Offset(i64),
    /// This number of offsets after the first one that a partition has when it is planned.
    AfterStart(u64),
    /// This number of offsets before the end that a partition has when it is planned.
    BeforeEnd(u64),
    /// An offset for each partition.
    Offsets(Arc<PartitionOffsets>),
}

impl Bound {
    /// Whether the bound is a moment, which archives and logs both have.
    pub fn is_time(&self) -> bool {
        matches!(self, Bound::At(_) | Bound::Ago(_))
    }

    /// Whether the bound is in offsets, which only a log has.
    pub fn is_of_log(&self) -> bool {
        match self {
            Bound::Earliest | Bound::Latest | Bound::At(_) | Bound::Ago(_) => false,
            Bound::Offset(_) | Bound::AfterStart(_) | Bound::BeforeEnd(_) | Bound::Offsets(_) => {
                true
            }
        }
    }

    /// The moment in microseconds since 1970-01-01T00:00:00Z if the current time is `now`; `None` for a bound that is
    /// no moment.
    pub(super) fn moment_us(&self, now: DateTime<Utc>) -> Option<i64> {
        match *self {
            Bound::At(us) => Some(us),
            Bound::Ago(age) => {
                let age_us = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
                Some(now.timestamp_micros().saturating_sub(age_us))
            }
            _ => None,
        }
    }
}

impl FromStr for Bound {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let refused = |reason: &str| unreadable(text, reason);
        match text {
            "earliest" | "start" => return Ok(Bound::Earliest),
            "latest" | "end" => return Ok(Bound::Latest),
            "now" => return Ok(Bound::Ago(Duration::ZERO)),
            "" => return Err(refused("it is empty")),
            _ => {}
        }
        if text.contains('=') {
            return text
                .parse()
                .map(|offsets| Bound::Offsets(Arc::new(offsets)));
        }
        let too_large = |_| refused("an offset is at most 9223372036854775807");
        if is_number(text) {
            return text.parse().map(Bound::Offset).map_err(too_large);
        }
        if let Some(digits) = text.strip_prefix('+') {
            if !is_number(digits) {
                return Err(refused(
                    "write a number of offsets after the start as `+100`",
                ));
            }
            return digits.parse().map(Bound::AfterStart).map_err(too_large);
        }
        if let Some(back) = text.strip_prefix('-') {
            if is_number(back) {
                return back.parse().map(Bound::BeforeEnd).map_err(too_large);
            }
            return humantime::parse_duration(back.trim())
                .map(Bound::Ago)
                .map_err(|_| {
                    refused("write an age as `-48h`, `-7d` or `-1h 30m`, and a number of offsets before the end as `-100`")
                });
        }
        moment(text).map(Bound::At).map_err(refused)
    }
}

/// Parses a date or a timestamp into microseconds since 1970-01-01T00:00:00Z. Minutes and seconds may be left out, the
/// zone may not.
fn moment(text: &str) -> Result<i64, &'static str> {
    let is_date = |date: &str| {
        date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let (date, rest) = match text.split_at_checked(10) {
        Some((date, rest)) if is_date(date) => (date, rest),
        _ => {
            return Err(
                "write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset",
            );
        }
    };
    let day: NaiveDate = date
        .parse()
        .map_err(|_| "there is no such day in the calendar")?;
    if rest.is_empty() {
        return Ok(day
            .and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_micros());
    }
    let clock_and_zone = rest
        .strip_prefix(['T', 't', ' '])
        .ok_or("write a `T` between the day and the hour, as in `2026-01-31T10:00Z`")?;
    let zone_at = clock_and_zone
        .find(['Z', 'z', '+', '-'])
        .ok_or("it has no zone: append `Z` for UTC, or an offset such as `+02:00`")?;
    let (clock, zone) = clock_and_zone.split_at(zone_at);
    let missing = match clock.matches(':').count() {
        0 => ":00:00",
        1 => ":00",
        _ => "",
    };
    DateTime::parse_from_rfc3339(&format!("{date}T{clock}{missing}{zone}"))
        .map(|at| at.timestamp_micros())
        .map_err(|_| "the time of day or the zone is not valid: write `10:00Z` or `10:00:00+02:00`")
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Earliest => f.write_str("earliest"),
            Bound::Latest => f.write_str("latest"),
            Bound::At(us) => f.write_str(&show_us(*us)),
            Bound::Ago(Duration::ZERO) => f.write_str("now"),
            Bound::Ago(age) => write!(f, "-{}", humantime::format_duration(*age)),
            Bound::Offset(offset) => write!(f, "{offset}"),
            Bound::AfterStart(offsets) => write!(f, "+{offsets}"),
            Bound::BeforeEnd(offsets) => write!(f, "-{offsets}"),
            Bound::Offsets(offsets) => offsets.fmt(f),
        }
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // TOML has its own dates and timestamps, which need no quotes.
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a time in quotes, such as \"2026-01-31\" or \"-48h\", an offset, or a table of offsets"
        )]
        enum Written {
            Text(String),
            Number(i64),
            Toml(toml::value::Datetime),
            Table(BTreeMap<String, toml::Value>),
        }
        let read = match Written::deserialize(deserializer)? {
            Written::Text(text) => text.parse(),
            Written::Number(number) => number.to_string().parse(),
            Written::Toml(moment) => moment.to_string().parse(),
            Written::Table(table) => {
                PartitionOffsets::of_table(&table).map(|offsets| Bound::Offsets(Arc::new(offsets)))
            }
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_are_digits_and_ages_have_a_unit() {
        for (text, expected) in [
            ("100", Bound::Offset(100)),
            ("2026", Bound::Offset(2026)),
            ("+100", Bound::AfterStart(100)),
            ("-100", Bound::BeforeEnd(100)),
            ("-0", Bound::BeforeEnd(0)),
            ("-48h", Bound::Ago(Duration::from_secs(48 * 3600))),
            ("start", Bound::Earliest),
            ("end", Bound::Latest),
        ] {
            let bound: Bound = text.parse().expect(text);
            assert_eq!(bound, expected, "{text}");
            let of_log = !matches!(bound, Bound::Earliest | Bound::Latest | Bound::Ago(_));
            assert_eq!(bound.is_of_log(), of_log, "{text}");
        }
        assert_eq!(Bound::Earliest.to_string(), "earliest");
        assert_eq!(Bound::Latest.to_string(), "latest");
    }

    #[test]
    fn an_unreadable_bound_gives_the_reason() {
        let errors: Vec<String> = [
            "yesterday",
            "2026-02-30",
            "2026-01-01T10:00",
            "2026-01-01T25:00Z",
            "2026-01-01x",
            "-48x",
            "+1h",
            "9223372036854775808",
            "0=1,0=2",
            "",
            "2026-1-1",
            "ééééé",
        ]
        .iter()
        .map(|text| text.parse::<Bound>().expect_err(text).to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
        cannot read `2026-02-30`: there is no such day in the calendar
        cannot read `2026-01-01T10:00`: it has no zone: append `Z` for UTC, or an offset such as `+02:00`
        cannot read `2026-01-01T25:00Z`: the time of day or the zone is not valid: write `10:00Z` or `10:00:00+02:00`
        cannot read `2026-01-01x`: write a `T` between the day and the hour, as in `2026-01-31T10:00Z`
        cannot read `-48x`: write an age as `-48h`, `-7d` or `-1h 30m`, and a number of offsets before the end as `-100`
        cannot read `+1h`: write a number of offsets after the start as `+100`
        cannot read `9223372036854775808`: an offset is at most 9223372036854775807
        cannot read `0=2`: the partition is given twice
        cannot read ``: it is empty
        cannot read `2026-1-1`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
        cannot read `ééééé`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
        ");
    }

    #[test]
    fn toml_has_numbers_and_tables_of_its_own() {
        #[derive(Deserialize)]
        struct Written {
            from: Bound,
        }
        let read = |text: &str| toml::from_str::<Written>(text).map(|written| written.from);
        assert_eq!(read("from = 100"), Ok(Bound::Offset(100)));
        assert_eq!(read("from = -100"), Ok(Bound::BeforeEnd(100)));
        assert_eq!(
            read("from = { \"clicks/0\" = 100, 1 = 250 }").map(|from| from.to_string()),
            Ok("1=250,clicks/0=100".to_owned())
        );
        let errors = [
            "from = { 0 = -1 }",
            "from = { 0 = 1, 00 = 2 }",
            "from = { clicks = 1 }",
            "from = { 0 = 1.5 }",
            "from = {}",
            "from = [1]",
        ]
        .map(|text| read(text).expect_err(text).message().to_owned());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        cannot read `0=-1`: an offset is a whole number, at least 0
        cannot read `00=2`: the partition is given twice
        cannot read `clicks=1`: write a partition as `clicks/0`, or as `0` if there is only one topic
        cannot read `0=1.5`: an offset is a whole number, at least 0
        cannot read `{}`: it has no partition
        a time in quotes, such as "2026-01-31" or "-48h", an offset, or a table of offsets
        "#);
    }

    proptest! {
        #[test]
        fn bounds_are_written_as_they_are_read(
            us in -10_000_000_000_000_000i64..100_000_000_000_000_000,
            age_us in 0u64..1 << 50,
            offset in 0..i64::MAX,
            count in 0..u64::MAX,
            partitions in prop::collection::btree_map((prop::option::of("[a-zA-Z0-9._-]{1,9}"), 0..i32::MAX), 0..i64::MAX, 1..5),
        ) {
            let offsets = PartitionOffsets::new(partitions).expect("valid");
            for bound in [
                Bound::At(us), Bound::Ago(Duration::from_micros(age_us)), Bound::Earliest, Bound::Latest,
                Bound::Offset(offset), Bound::AfterStart(count), Bound::BeforeEnd(count),
                Bound::Offsets(Arc::new(offsets)),
            ] {
                prop_assert_eq!(bound.to_string().parse::<Bound>().expect("written by Display"), bound);
            }
        }
    }
}
