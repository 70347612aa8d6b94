//! One end of a range, as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::partitions::PartitionOffsets;
use super::show_us;
use crate::source::SourceError;

/// One end of a range, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// Before everything.
    Earliest,
    /// Behind everything.
    Latest,
    /// A moment, in microseconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// So long before the plan.
    Ago(Duration),
    /// This offset, in every partition.
    Offset(i64),
    /// So many offsets behind the first that a partition has when it is planned.
    AfterStart(u64),
    /// So many offsets before the end that a partition has when it is planned.
    BeforeEnd(u64),
    /// An offset for each partition.
    Offsets(Arc<PartitionOffsets>),
}

impl Bound {
    /// Whether it is a moment, as an archive and a log both have them.
    pub fn is_time(&self) -> bool {
        matches!(self, Bound::At(_) | Bound::Ago(_))
    }

    /// Whether only a log knows what is meant: it has to do with offsets.
    pub fn is_of_log(&self) -> bool {
        match self {
            Bound::Earliest | Bound::Latest | Bound::At(_) | Bound::Ago(_) => false,
            Bound::Offset(_) | Bound::AfterStart(_) | Bound::BeforeEnd(_) | Bound::Offsets(_) => {
                true
            }
        }
    }

    /// The moment that is meant, where it is one and the present is `now`.
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

/// Why `text` cannot be read.
pub(super) fn unreadable(text: &str, reason: impl Into<String>) -> SourceError {
    SourceError::Bound {
        text: text.to_owned(),
        reason: reason.into(),
    }
}

/// Whether `text` is digits and nothing else.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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
        let too_large = |_| refused("no offset is as large as that");
        if is_number(text) {
            return text.parse().map(Bound::Offset).map_err(too_large);
        }
        if let Some(digits) = text.strip_prefix('+') {
            if !is_number(digits) {
                return Err(refused("so many offsets behind the start are `+100`"));
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
                    refused("an age is `-48h`, `-7d` or `-1h 30m`, so many offsets before the end are `-100`")
                });
        }
        moment(text).map(Bound::At).map_err(refused)
    }
}

/// Reads a date, or a timestamp whose minutes and seconds may be missing but whose zone may not.
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
                "write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or an offset of Kafka",
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
        .ok_or("a `T` stands between the day and the hour, as in `2026-01-31T10:00Z`")?;
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
        .map_err(
            |_| "there is no such time of day or no such zone: write `10:00Z` or `10:00:00+02:00`",
        )
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
        // TOML has dates and timestamps of its own, which people write without quotes.
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
    fn what_is_no_bound_says_why() {
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
        cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or an offset of Kafka
        cannot read `2026-02-30`: there is no such day in the calendar
        cannot read `2026-01-01T10:00`: it has no zone: append `Z` for UTC, or an offset such as `+02:00`
        cannot read `2026-01-01T25:00Z`: there is no such time of day or no such zone: write `10:00Z` or `10:00:00+02:00`
        cannot read `2026-01-01x`: a `T` stands between the day and the hour, as in `2026-01-31T10:00Z`
        cannot read `-48x`: an age is `-48h`, `-7d` or `-1h 30m`, so many offsets before the end are `-100`
        cannot read `+1h`: so many offsets behind the start are `+100`
        cannot read `9223372036854775808`: no offset is as large as that
        cannot read `0=2`: the partition comes twice
        cannot read ``: it is empty
        cannot read `2026-1-1`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or an offset of Kafka
        cannot read `ééééé`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or an offset of Kafka
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
        cannot read `0=-1`: an offset is a whole number from 0 on
        cannot read `00=2`: the partition comes twice
        cannot read `clicks=1`: a partition is written `clicks/0`, or `0` where there is one topic
        cannot read `0=1.5`: an offset is a whole number from 0 on
        cannot read `{}`: it names no partition
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
