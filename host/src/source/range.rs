//! `from` and `to` of a job: which stretch of history is folded.
//!
//! A bound is read when the job is, and turned into a moment when the build is planned: the plan keeps the
//! moment, so that a resumed run means the same stretch as the first.
//!
//! | written | as `from` | as `to` |
//! |---|---|---|
//! | `2026-01-01` | midnight UTC | midnight UTC: that day is outside |
//! | `2026-01-01T10:00Z`, `2026-01-01T12:00:00.5+02:00` | that moment | that moment |
//! | `-48h`, `-7d`, `-1h 30m` | so long before the plan | so long before the plan |
//! | `now` | the moment of the plan | the moment of the plan |
//! | `earliest` | no bound | |
//! | `latest` | | no bound: all that the plan finds, whatever its time |
//!
//! `latest` is not `now`, because events whose clocks are ahead belong to an input that has no end.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::source::SourceError;

mod partitions;

pub use partitions::{PartitionName, PartitionOffsets};

/// A half-open range of event time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRange {
    /// The first moment inside.
    pub from_us: Option<i64>,
    /// The first moment behind it.
    pub until_us: Option<i64>,
}

impl EventRange {
    /// Whether `at_us` lies inside.
    pub fn contains(&self, at_us: i64) -> bool {
        self.from_us.is_none_or(|from| from <= at_us)
            && self.until_us.is_none_or(|until| at_us < until)
    }

    /// Whether it has any bound.
    pub fn is_bounded(&self) -> bool {
        self.from_us.is_some() || self.until_us.is_some()
    }

    /// The range with each of its bounds moved outwards.
    pub fn widened(&self, by: Duration) -> Self {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        EventRange {
            from_us: self.from_us.map(|from| from.saturating_sub(by)),
            until_us: self.until_us.map(|until| until.saturating_add(by)),
        }
    }
}

/// The range as a job states it; everything where it states nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RangeConfig {
    /// The first moment inside.
    pub from: Bound,
    /// The first moment behind.
    pub to: Bound,
}

impl Default for RangeConfig {
    fn default() -> Self {
        RangeConfig {
            from: Bound::Earliest,
            to: Bound::Latest,
        }
    }
}

impl RangeConfig {
    /// The moments that are meant, where the present is `now`.
    ///
    /// # Errors
    /// [`SourceError::Range`] if nothing can lie inside.
    pub fn resolve(&self, now: DateTime<Utc>) -> Result<EventRange, SourceError> {
        let refused = |reason| SourceError::Range {
            from: self.from.to_string(),
            to: self.to.to_string(),
            reason,
        };
        if self.from == Bound::Latest {
            return Err(refused("begins behind all that there is"));
        }
        if self.to == Bound::Earliest {
            return Err(refused("ends before all that there is"));
        }
        let range = EventRange {
            from_us: self.from.moment_us(now),
            until_us: self.to.moment_us(now),
        };
        match (range.from_us, range.until_us) {
            (Some(from), Some(until)) if from == until => {
                Err(refused("is empty, since `to` is outside"))
            }
            (Some(from), Some(until)) if from > until => Err(refused("ends before it begins")),
            _ => Ok(range),
        }
    }
}

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
    /// An offset, of each partition of a log.
    Offset(i64),
    /// So many offsets behind the first that a partition has.
    AfterStart(u64),
    /// So many offsets before the end of a partition.
    BeforeEnd(u64),
    /// Offsets partition by partition.
    Offsets(Arc<PartitionOffsets>),
}

impl Bound {
    /// Whether only a log has what it names.
    pub fn is_of_log(&self) -> bool {
        !matches!(
            self,
            Bound::Earliest | Bound::Latest | Bound::At(_) | Bound::Ago(_)
        )
    }

    /// Whether it is a moment.
    pub fn is_time(&self) -> bool {
        matches!(self, Bound::At(_) | Bound::Ago(_))
    }

    fn moment_us(&self, now: DateTime<Utc>) -> Option<i64> {
        match self {
            Bound::At(us) => Some(*us),
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
        let refused = |reason: &str| SourceError::Bound {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        match text {
            "earliest" => return Ok(Bound::Earliest),
            "latest" => return Ok(Bound::Latest),
            "now" => return Ok(Bound::Ago(Duration::ZERO)),
            "" => return Err(refused("it is empty")),
            _ => {}
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let too_large = |_| refused("it is too large for an offset");
        if is_number(text) {
            return text.parse().map(Bound::Offset).map_err(too_large);
        }
        if let Some(count) = text.strip_prefix('+').filter(|rest| is_number(rest)) {
            return count.parse().map(Bound::AfterStart).map_err(too_large);
        }
        if let Some(count) = text.strip_prefix('-').filter(|rest| is_number(rest)) {
            return count.parse().map(Bound::BeforeEnd).map_err(too_large);
        }
        if text.contains('=') {
            let offsets = text.parse().map_err(|problem: String| refused(&problem))?;
            return Ok(Bound::Offsets(Arc::new(offsets)));
        }
        if let Some(age) = text.strip_prefix('-') {
            return humantime::parse_duration(age.trim())
                .map(Bound::Ago)
                .map_err(|_| refused("an age is written `-48h`, `-7d` or `-1h 30m`"));
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
                "write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`",
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

/// Shows a moment as RFC 3339 in UTC.
pub(crate) fn show_us(at_us: i64) -> String {
    match DateTime::from_timestamp_micros(at_us) {
        Some(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{at_us} µs"),
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Earliest => f.write_str("earliest"),
            Bound::Latest => f.write_str("latest"),
            Bound::At(us) => f.write_str(&show_us(*us)),
            Bound::Ago(Duration::ZERO) => f.write_str("now"),
            Bound::Ago(age) => write!(f, "-{}", humantime::format_duration(*age)),
            Bound::Offset(offset) => offset.fmt(f),
            Bound::AfterStart(count) => write!(f, "+{count}"),
            Bound::BeforeEnd(count) => write!(f, "-{count}"),
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
            expecting = "a time in quotes, such as \"2026-01-31\" or \"-48h\""
        )]
        enum Written {
            Text(String),
            Toml(toml::value::Datetime),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Toml(moment) => moment.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text)
            .expect("written in the test")
            .timestamp_micros()
    }

    fn resolve(from: &str, to: &str) -> Result<EventRange, SourceError> {
        let now = DateTime::from_timestamp_micros(at("2026-03-10T12:00:00Z")).expect("in range");
        RangeConfig {
            from: from.parse()?,
            to: to.parse()?,
        }
        .resolve(now)
    }

    #[test]
    fn bounds_are_read_as_people_write_them() {
        let range = |from: &str, until: &str| EventRange {
            from_us: Some(at(from)),
            until_us: Some(at(until)),
        };
        for (from, to, expected) in [
            (
                "2026-01-01",
                "2026-01-02",
                range("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ),
            (
                "2026-01-01T10Z",
                "2026-01-01T10:30Z",
                range("2026-01-01T10:00:00Z", "2026-01-01T10:30:00Z"),
            ),
            (
                "2026-01-01T10:00+02:00",
                "2026-01-01 10:00:00.25Z",
                range("2026-01-01T08:00:00Z", "2026-01-01T10:00:00.25Z"),
            ),
            (
                "1969-12-31",
                "1970-01-01",
                range("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"),
            ),
            (
                "-48h",
                "now",
                range("2026-03-08T12:00:00Z", "2026-03-10T12:00:00Z"),
            ),
            (
                "-7d",
                "-1h 30m",
                range("2026-03-03T12:00:00Z", "2026-03-10T10:30:00Z"),
            ),
        ] {
            assert_eq!(resolve(from, to).expect(from), expected, "{from} .. {to}");
        }
        assert_eq!(
            resolve("earliest", "latest").expect("open"),
            EventRange::default()
        );
    }

    #[test]
    fn what_is_no_time_says_why() {
        let errors: Vec<String> = [
            "yesterday",
            "2026-02-30",
            "2026-01-01T10:00",
            "2026-01-01T25:00Z",
            "2026-01-01x",
            "-48",
            "",
            "2026-1-1",
            "ééééé",
        ]
        .iter()
        .map(|text| text.parse::<Bound>().expect_err(text).to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `yesterday` is not a time: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`
        `2026-02-30` is not a time: there is no such day in the calendar
        `2026-01-01T10:00` is not a time: it has no zone: append `Z` for UTC, or an offset such as `+02:00`
        `2026-01-01T25:00Z` is not a time: there is no such time of day or no such zone: write `10:00Z` or `10:00:00+02:00`
        `2026-01-01x` is not a time: a `T` stands between the day and the hour, as in `2026-01-31T10:00Z`
        `-48` is not a time: an age is written `-48h`, `-7d` or `-1h 30m`
        `` is not a time: it is empty
        `2026-1-1` is not a time: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`
        `ééééé` is not a time: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`
        ");
    }

    #[test]
    fn a_range_that_holds_nothing_is_refused() {
        let errors: Vec<String> = [
            ("2026-01-02", "2026-01-01"),
            ("2026-01-01", "2026-01-01T00:00Z"),
            ("latest", "latest"),
            ("earliest", "earliest"),
            ("-1h", "-2h"),
        ]
        .iter()
        .map(|(from, to)| resolve(from, to).expect_err(from).to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        the range from `2026-01-02T00:00:00Z` to `2026-01-01T00:00:00Z` ends before it begins
        the range from `2026-01-01T00:00:00Z` to `2026-01-01T00:00:00Z` is empty, since `to` is outside
        the range from `latest` to `latest` begins behind all that there is
        the range from `earliest` to `earliest` ends before all that there is
        the range from `-1h` to `-2h` ends before it begins
        ");
    }

    #[test]
    fn toml_dates_need_no_quotes() {
        let quoted: RangeConfig =
            toml::from_str("from = \"2026-01-01\"\nto = \"2026-01-02T03:04:05Z\"").expect("valid");
        let bare: RangeConfig =
            toml::from_str("from = 2026-01-01\nto = 2026-01-02T03:04:05Z").expect("valid");
        assert_eq!(quoted, bare);
        let error =
            toml::from_str::<RangeConfig>("from = 2026-01-01T00:00:00").expect_err("no zone");
        assert!(error.to_string().contains("has no zone"), "{error}");
        assert!(toml::from_str::<RangeConfig>("from = 7").is_err());
    }

    proptest! {
        #[test]
        fn bounds_are_written_as_they_are_read(us in -10_000_000_000_000_000i64..100_000_000_000_000_000, age_us in 0u64..1 << 50) {
            for bound in [Bound::At(us), Bound::Ago(Duration::from_micros(age_us)), Bound::Earliest, Bound::Latest] {
                prop_assert_eq!(bound.to_string().parse::<Bound>().expect("written by Display"), bound);
            }
        }
    }
}
