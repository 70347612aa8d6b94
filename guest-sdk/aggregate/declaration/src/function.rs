//! The functions of a declaration.
//!
//! In `key`, of a timestamp and in UTC: `minute_of`, `hour_of` (timestamps), `day_of`, `week_of`, `month_of`, `year_of`
//! (dates: the first day of the period; a week begins on Monday).
//!
//! In `keep`, with the columns of a state called `n`; a missing value counts for none of them:
//!
//! | function | keeps | state columns | view columns |
//! |---|---|---|---|
//! | `count`, `count(x?)` | the records, those that have `x` | `n` int64 | |
//! | `sum(x)` | the sum of integers | `n` int64 | |
//! | `sum(x: float64)` | the exact sum of floats | `n` binary | `n_value` float64 |
//! | `min(x)`, `max(x)` | the extremes of an int64, float64, timestamp or date | `n` of that type | |
//! | `any(x)`, `all(x)` | whether a boolean is true in any record, in all | `n` boolean | |
//! | `first(x)`, `last(x)` | the value at the earliest, the latest event time; `last(x, at)` by another time | `n`, `n_at` | |
//! | `distinct(x)` | the number of distinct values, estimated | `n` binary | `n_estimate` int64 |
//! | `quantile(x, 0.95)` | a quantile, within 1 % | `n` binary | `n_estimate` float64 |
//! | `quantile(x, 0.5, 0.99)` | several of them | `n` binary | `n_p50`, `n_p99` float64 |

use crate::field::Kind;
use crate::{Column, Input};

/// A period of time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The minute, as the timestamp at which it begins.
    Minute,
    /// The hour, as the timestamp at which it begins.
    Hour,
    /// The day.
    Day,
    /// The week, as its Monday.
    Week,
    /// The month, as its first day.
    Month,
    /// The year, as its first day.
    Year,
}

const PERIODS: [(&str, Period); 6] = [
    ("minute_of", Period::Minute),
    ("hour_of", Period::Hour),
    ("day_of", Period::Day),
    ("week_of", Period::Week),
    ("month_of", Period::Month),
    ("year_of", Period::Year),
];

impl Period {
    /// The type of a period in a key.
    pub fn kind(self) -> Kind {
        match self {
            Period::Minute | Period::Hour => Kind::Timestamp,
            Period::Day | Period::Week | Period::Month | Period::Year => Kind::Date,
        }
    }

    /// The name of its function.
    pub fn name(self) -> &'static str {
        PERIODS
            .iter()
            .find(|(_, period)| *period == self)
            .map_or("", |(name, _)| name)
    }

    pub(crate) fn named(name: &str) -> Result<Period, String> {
        let found = PERIODS.iter().find(|(known, _)| *known == name);
        found.map(|(_, period)| *period).ok_or_else(|| {
            let known: Vec<_> = PERIODS.iter().map(|(known, _)| *known).collect();
            format!(
                "`{name}` is no function of a key; these are: {}",
                known.join(", ")
            )
        })
    }
}

/// What is kept of the values of a field; numbers are those of the inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Aggregate {
    /// The number of records, or of those that have the field.
    Count(Option<usize>),
    /// The sum.
    Sum(usize),
    /// The least value.
    Min(usize),
    /// The greatest value.
    Max(usize),
    /// Whether any value is true.
    Any(usize),
    /// Whether all values are true.
    All(usize),
    /// The value at the earliest time.
    First {
        /// The value.
        value: usize,
        /// The time.
        at: usize,
    },
    /// The value at the latest time.
    Last {
        /// The value.
        value: usize,
        /// The time.
        at: usize,
    },
    /// The number of distinct values.
    Distinct(usize),
    /// Quantiles of the values.
    Quantile {
        /// The values.
        value: usize,
        /// Which quantiles, each from 0 to 1.
        quantiles: Vec<f64>,
    },
}

/// The names of all functions of `keep`.
pub(crate) const AGGREGATES: [&str; 10] = [
    "count", "sum", "min", "max", "any", "all", "first", "last", "distinct", "quantile",
];

impl Aggregate {
    /// The name of its function.
    pub fn name(&self) -> &'static str {
        match self {
            Aggregate::Count(_) => "count",
            Aggregate::Sum(_) => "sum",
            Aggregate::Min(_) => "min",
            Aggregate::Max(_) => "max",
            Aggregate::Any(_) => "any",
            Aggregate::All(_) => "all",
            Aggregate::First { .. } => "first",
            Aggregate::Last { .. } => "last",
            Aggregate::Distinct(_) => "distinct",
            Aggregate::Quantile { .. } => "quantile",
        }
    }
}

/// The columns of a state.
pub(crate) fn state_columns(name: &str, aggregate: &Aggregate, inputs: &[Input]) -> Vec<Column> {
    let own = |kind, nullable| Column {
        name: name.to_owned(),
        kind,
        nullable,
    };
    match aggregate {
        Aggregate::Count(_) => vec![own(Kind::Int64, false)],
        Aggregate::Sum(input) if inputs[*input].kind == Kind::Int64 => {
            vec![own(Kind::Int64, false)]
        }
        Aggregate::Min(input) | Aggregate::Max(input) => vec![own(inputs[*input].kind, true)],
        Aggregate::Any(_) | Aggregate::All(_) => vec![own(Kind::Boolean, false)],
        Aggregate::First { value, .. } | Aggregate::Last { value, .. } => vec![
            own(inputs[*value].kind, true),
            Column {
                name: format!("{name}_at"),
                kind: Kind::Timestamp,
                nullable: true,
            },
        ],
        Aggregate::Sum(_) | Aggregate::Distinct(_) | Aggregate::Quantile { .. } => {
            vec![own(Kind::Binary, false)]
        }
    }
}

/// The columns that are derived from a state.
pub(crate) fn view_columns(name: &str, aggregate: &Aggregate, inputs: &[Input]) -> Vec<Column> {
    let column = |suffix: &str, kind, nullable| Column {
        name: format!("{name}_{suffix}"),
        kind,
        nullable,
    };
    match aggregate {
        Aggregate::Sum(input) if inputs[*input].kind == Kind::Float64 => {
            vec![column("value", Kind::Float64, false)]
        }
        Aggregate::Distinct(_) => vec![column("estimate", Kind::Int64, false)],
        Aggregate::Quantile { quantiles, .. } => match quantiles.as_slice() {
            [_] => vec![column("estimate", Kind::Float64, true)],
            several => several
                .iter()
                .map(|quantile| column(&percentile(*quantile), Kind::Float64, true))
                .collect(),
        },
        _ => vec![],
    }
}

/// `p95` for 0.95, `p99_9` for 0.999.
fn percentile(quantile: f64) -> String {
    // Rounded, since 0.07 * 100 is not 7.
    let percent = (quantile * 1e8).round() / 1e6;
    format!("p{percent}").replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_named_by_percent() {
        let names = [0.0, 0.07, 0.5, 0.95, 0.999, 1.0].map(percentile);
        assert_eq!(names, ["p0", "p7", "p50", "p95", "p99_9", "p100"]);
    }
}
