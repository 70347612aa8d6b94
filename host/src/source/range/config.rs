//! The range of a job, in a table or in one string.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::bound::Bound;
use super::event::EventRange;
use crate::source::SourceError;

/// The range of a job. The default is all of history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RangeConfig {
    /// The first moment or offset inside.
    pub from: Bound,
    /// The first moment or offset after the range.
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
    /// Whether a bound is an offset, which only a log has.
    pub fn is_of_log(&self) -> bool {
        self.from.is_of_log() || self.to.is_of_log()
    }

    /// Whether a bound is a time.
    pub fn is_in_time(&self) -> bool {
        self.from.is_time() || self.to.is_time()
    }

    /// The range in event time if the current time is `now`. A bound that is an offset gives no bound here.
    ///
    /// # Errors
    /// [`SourceError::Range`] if the bounds alone show that the range is empty.
    pub fn resolve(&self, now: DateTime<Utc>) -> Result<EventRange, SourceError> {
        let refused = |reason| SourceError::Range {
            from: self.from.to_string(),
            to: self.to.to_string(),
            reason,
        };
        if self.from == Bound::Latest {
            return Err(refused("begins at the end of the input"));
        }
        if self.to == Bound::Earliest {
            return Err(refused("ends at the start of the input"));
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

/// Reads a range from a table or a string. An untagged enum would try both, and lose the place and the cause of an
/// error.
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
        the range from `latest` to `latest` begins at the end of the input
        the range from `earliest` to `earliest` ends at the start of the input
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
        cannot read `yesterday`: write `2026-01-31`, `2026-01-31T10:00Z`, `-48h`, `now`, `earliest` or `latest`, or a Kafka offset
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
    fn a_range_is_serialized_as_its_bounds() {
        let range: RangeConfig = "@2026-01-01T10:00Z:now".parse().expect("valid");
        let written = serde_json::to_string(&range).expect("serializable");
        assert_eq!(written, r#"{"from":"2026-01-01T10:00:00Z","to":"now"}"#);
    }
}
