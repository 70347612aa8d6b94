//! A range of event time.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

/// A half-open range of event time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRange {
    /// The first moment inside; `None` for no lower bound.
    pub from_us: Option<i64>,
    /// The first moment after the range; `None` for no upper bound.
    pub until_us: Option<i64>,
}

impl EventRange {
    /// Whether `at_us` lies inside.
    pub fn contains(&self, at_us: i64) -> bool {
        self.from_us.is_none_or(|from| from <= at_us)
            && self.until_us.is_none_or(|until| at_us < until)
    }

    /// Whether the range has a bound.
    pub fn is_bounded(&self) -> bool {
        self.from_us.is_some() || self.until_us.is_some()
    }

    /// The range with each bound moved outwards by `by`.
    pub fn widened(&self, by: Duration) -> Self {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        EventRange {
            from_us: self.from_us.map(|from| from.saturating_sub(by)),
            until_us: self.until_us.map(|until| until.saturating_add(by)),
        }
    }
}

/// A moment in microseconds since 1970-01-01T00:00:00Z, as RFC 3339 in UTC.
pub(crate) fn show_us(at_us: i64) -> String {
    match DateTime::from_timestamp_micros(at_us) {
        Some(at) => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{at_us} µs"),
    }
}
