//! `from` and `to` of a job: which stretch of history is folded.
//!
//! A bound is read when the job is, and turned into a moment or into offsets when the build is planned: the plan keeps
//! those, so that a resumed run means the same stretch as the first.
//!
//! | written | as `from` | as `to` |
//! |---|---|---|
//! | `2026-01-01` | midnight UTC | midnight UTC: that day is outside |
//! | `2026-01-01T10:00Z`, `2026-01-01T12:00:00.5+02:00` | that moment | that moment |
//! | `-48h`, `-7d`, `-1h 30m` | so long before the plan | so long before the plan |
//! | `now` | the moment of the plan | the moment of the plan |
//! | `earliest`, `start` | no bound | |
//! | `latest`, `end` | | no bound: all that the plan finds, whatever its time |
//!
//! `latest` is not `now`, because events whose clocks are ahead belong to an input that has no end.
//!
//! A log, which is Kafka, knows offsets too. An offset as `to` is outside.
//!
//! | written | means |
//! |---|---|
//! | `100` | this offset, in every partition |
//! | `+100` | so many offsets behind the first of each partition; in TOML in quotes, or it is `100` |
//! | `-100` | so many offsets before the end of each partition |
//! | `clicks/0=100,clicks/1=250` | an offset a partition; without `clicks/` where there is one topic |
//! | `{ "clicks/0" = 100, 1 = 250 }` | the same as a table of TOML |
//!
//! The whole range can be one string, `range = "@-48h:-24h"`, as `rpk topic consume --offset` has it:
//!
//! | written | means |
//! |---|---|
//! | `100:200` | from the one offset to before the other, in every partition |
//! | `100:`, `100` | from this offset on |
//! | `:200` | up to before this offset |
//! | `start:end`, `:end` | all that there is |
//! | `+10:`, `-10:` | from the 10th offset behind the start on; the last 10 offsets |
//! | `@2026-01-01:2026-01-31` | from the one time to before the other, both as bounds have them |
//! | `@1767225600:1767225601500` | the same in seconds (10 digits) and milliseconds (13 digits) since 1970 |
//! | `@-48h:-24h`, `@-1h:end` | from so long ago to before so long ago, or to the end |
//! | `@2026-02-14:1h`, `@-48h:1h` | so long, from that time on |
//! | `@:-1h` | up to so long ago |
//! | `@2026-01-01`, `@2026-01-01:` | from this time on |
//!
//! What differs from rpk: a range is closed by the plan, so one without an end goes to the end that the plan finds, and
//! `end` alone, which waits for what is still to come, is refused. Both sides may be relative to the partition
//! (`+10:-10`) or name an offset a partition. A span behind an age counts from the start (`@-48h:1h`), not from now;
//! an age behind a timestamp counts back from now (`@2026-02-14:-1h`), not from the start; a start in the future is
//! refused. Times may have any zone. Spans are those of `-1h 30m`: whole numbers, also of days.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::source::SourceError;

mod bound;
mod partitions;
mod rpk;

pub use bound::Bound;
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RangeConfig {
    /// The first moment inside, or the first offset.
    pub from: Bound,
    /// The first moment behind, or the offset behind the last.
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
    /// Whether a bound is one that only a log knows.
    pub fn is_of_log(&self) -> bool {
        self.from.is_of_log() || self.to.is_of_log()
    }

    /// Whether a bound is a time.
    pub fn is_in_time(&self) -> bool {
        self.from.is_time() || self.to.is_time()
    }

    /// The moments that are meant, where the present is `now`. What is no time is no bound of these.
    ///
    /// # Errors
    /// [`SourceError::Range`] if nothing can lie inside, as far as the bounds alone tell.
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
        let ordering = match (&self.from, &self.to) {
            (Bound::Offset(from), Bound::Offset(to)) => Some(from.cmp(to)),
            (Bound::AfterStart(from), Bound::AfterStart(to)) => Some(from.cmp(to)),
            (Bound::BeforeEnd(from), Bound::BeforeEnd(to)) => Some(to.cmp(from)),
            _ => range
                .from_us
                .zip(range.until_us)
                .map(|(from, to)| from.cmp(&to)),
        };
        match ordering {
            Some(Ordering::Equal) => Err(refused("is empty, since `to` is outside")),
            Some(Ordering::Greater) => Err(refused("ends before it begins")),
            Some(Ordering::Less) | None => Ok(range),
        }
    }
}

impl<'de> Deserialize<'de> for RangeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Reads a range from a table or a string; not by trying both, which would lose what is wrong and where.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = RangeConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a range in quotes, such as \"@-48h:-24h\", or a table with `from` and `to`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RangeConfig, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RangeConfig, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            from: Option<Bound>,
            to: Option<Bound>,
        }
        let Table { from, to } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RangeConfig {
            from: from.unwrap_or(Bound::Earliest),
            to: to.unwrap_or(Bound::Latest),
        })
    }
}

/// Shows a moment as RFC 3339 in UTC.
pub(crate) fn show_us(at_us: i64) -> String {
    match DateTime::from_timestamp_micros(at_us) {
        Some(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{at_us} µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_range_that_holds_nothing_is_refused() {
        let errors: Vec<String> = [
            ("2026-01-02", "2026-01-01"),
            ("2026-01-01", "2026-01-01T00:00Z"),
            ("latest", "latest"),
            ("earliest", "earliest"),
            ("-1h", "-2h"),
            ("200", "100"),
            ("100", "100"),
            ("+10", "+9"),
            ("-9", "-10"),
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
        the range from `200` to `100` ends before it begins
        the range from `100` to `100` is empty, since `to` is outside
        the range from `+10` to `+9` ends before it begins
        the range from `-9` to `-10` ends before it begins
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
    }

    #[test]
    fn a_range_is_a_table_or_a_string() {
        #[derive(Deserialize)]
        struct Job {
            range: RangeConfig,
        }
        let read = |text: &str| toml::from_str::<Job>(text).map(|job| job.range);
        let expected = RangeConfig {
            from: "-48h".parse().expect("valid"),
            to: "-24h".parse().expect("valid"),
        };
        for text in [
            "range = \"@-48h:-24h\"",
            "range = { from = \"-48h\", to = \"-24h\" }",
            "[range]\nto = \"-24h\"\nfrom = \"-48h\"",
        ] {
            assert_eq!(read(text).expect(text), expected, "{text}");
        }
        assert_eq!(read("range = {}").expect("empty"), RangeConfig::default());
        let errors = ["range = 7", "range = { form = 1 }", "range = \"yesterday\""]
            .map(|text| read(text).expect_err(text).message().to_owned());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        invalid type: integer `7`, expected a range in quotes, such as "@-48h:-24h", or a table with `from` and `to`
        unknown field `form`, expected `from` or `to`
        cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or an offset of Kafka
        "#);
    }

    #[test]
    fn offsets_give_no_moment_and_keep_those_that_are_there() {
        assert_eq!(
            resolve("100", "0=200").expect("offsets"),
            EventRange::default()
        );
        let mixed = resolve("+100", "2026-01-01").expect("an offset and a time");
        assert_eq!(
            (mixed.from_us, mixed.until_us),
            (None, Some(at("2026-01-01T00:00:00Z")))
        );
        let of_log = |from: &str| RangeConfig {
            from: from.parse().expect(from),
            ..RangeConfig::default()
        };
        assert!(of_log("100").is_of_log() && !of_log("100").is_in_time());
        assert!(!of_log("-1h").is_of_log() && of_log("-1h").is_in_time());
    }

    #[test]
    fn what_a_job_said_before_is_written_as_it_was() {
        let range: RangeConfig = "@2026-01-01T10:00Z:now".parse().expect("valid");
        let written = serde_json::to_string(&range).expect("serializable");
        assert_eq!(written, r#"{"from":"2026-01-01T10:00:00Z","to":"now"}"#);
    }
}
