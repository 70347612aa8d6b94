//! The checks of the difference to the live table: shares of keys that are removed, changed or added, and the drift of
//! columns.
//!
//! Zero denominators: where the live table has no rows, all of these checks hold. Where no key is in both tables, none
//! has changed; where the new table has no rows, none is added. A sum or a mean that was 0, or was not there, has changed
//! without bounds, unless it is so still; and so has a sum that is not finite. The share of nulls in no rows is 0.

use super::diff::{ColumnFigures, Diff, number};
use super::options::{DriftLimits, GateOptions};
use super::verdict::Check;
use crate::store::TableColumns;
use crate::units::count;

/// The checks of all limits that are set. `diff` is the comparison with the live table, whose new build has `columns`, or
/// why there is none.
pub(super) fn checks(
    diff: Result<&Diff, &str>,
    columns: &TableColumns,
    options: &GateOptions,
) -> Vec<Check> {
    let diff = diff.and_then(|diff| match &diff.old {
        Some(old) if old.rows == 0 => Err("there are no live rows to compare with"),
        _ => Ok(diff),
    });
    let shares = Share::ALL.iter();
    let mut checks: Vec<_> = shares
        .filter_map(|share| Some(share.check(diff, (share.limit)(options)?)))
        .collect();
    for (column, limits) in &options.drift {
        checks.extend(drift(diff, columns, column, limits));
    }
    checks
}

/// A share of keys that has a limit.
struct Share {
    name: &'static str,
    limit: fn(&GateOptions) -> Option<f64>,
    /// The keys that count, and all of which they are a share.
    keys: fn(&Diff) -> (u64, u64),
    /// These keys in words, after their number.
    words: &'static str,
    setting: &'static str,
}

impl Share {
    const ALL: [Share; 3] = [
        Share {
            name: "removed",
            limit: |options| options.max_removed_ratio,
            keys: |diff| {
                let counts = diff.counts;
                (counts.only_old, counts.only_old + counts.both)
            },
            words: "live keys are gone",
            setting: "max_removed_ratio",
        },
        Share {
            name: "changed",
            limit: |options| options.max_changed_ratio,
            keys: |diff| (diff.counts.both - diff.counts.equal, diff.counts.both),
            words: "keys in both tables have another row",
            setting: "max_changed_ratio",
        },
        Share {
            name: "added",
            limit: |options| options.max_added_ratio,
            keys: |diff| {
                let counts = diff.counts;
                (counts.only_new, counts.only_new + counts.both)
            },
            words: "keys of the new table are not in the live one",
            setting: "max_added_ratio",
        },
    ];

    fn check(&self, diff: Result<&Diff, &str>, limit: f64) -> Check {
        let wanted = format!("at most {}", shown(limit));
        let diff = match diff {
            Ok(diff) => diff,
            Err(why) => return nothing(self.name.to_owned(), why, wanted),
        };
        let (part, all) = (self.keys)(diff);
        let share = match all {
            0 => 0.0,
            all => part as f64 / all as f64,
        };
        let found = format!("{} ({} of {})", shown(share), count(part), count(all));
        Check {
            name: self.name.to_owned(),
            passed: share <= limit,
            text: format!(
                "{} of {} {}, a share of {}, and `gate.{}` is {limit}",
                count(part),
                count(all),
                self.words,
                shown(share),
                self.setting
            ),
            found,
            wanted,
        }
    }
}

/// The checks of the limits of one column.
fn drift(
    diff: Result<&Diff, &str>,
    columns: &TableColumns,
    column: &str,
    limits: &DriftLimits,
) -> Vec<Check> {
    let figures: [(&str, Option<f64>); 3] = [
        ("sum", limits.sum),
        ("mean", limits.mean),
        ("nulls", limits.nulls),
    ];
    let set = figures
        .into_iter()
        .filter_map(|(figure, limit)| Some((figure, limit?)));
    set.map(|(figure, limit)| {
        let name = format!("drift.{column}.{figure}");
        let wanted = match figure {
            "nulls" => format!("a share of nulls within {}", shown(limit)),
            _ => format!("within {} of the live {figure}", percent(limit)),
        };
        if !columns.values.iter().any(|value| value.name == column) {
            let text = format!(
                "`gate.drift` names `{}`, which is no column of the table but its keys",
                column.escape_debug()
            );
            let found = "no such column".to_owned();
            return Check {
                name,
                passed: false,
                text,
                found,
                wanted,
            };
        }
        let diff = match diff {
            Ok(diff) => diff,
            Err(why) => return nothing(name, why, wanted),
        };
        match diff.columns.iter().find(|one| one.name == column) {
            Some(one) => measured(name, figure, limit, &one.drift.old, &one.drift.new, wanted),
            None => {
                let why = "the live table has no such column to compare with";
                nothing(name, why, wanted)
            }
        }
    })
    .collect()
}

/// The check of one figure of a column.
fn measured(
    name: String,
    figure: &str,
    limit: f64,
    old: &ColumnFigures,
    new: &ColumnFigures,
    wanted: String,
) -> Check {
    let (change, before, after, found) = match figure {
        "nulls" => {
            let (before, after) = (old.null_share(), new.null_share());
            let found = format!("{} -> {}", shown(before), shown(after));
            ((after - before).abs(), shown(before), shown(after), found)
        }
        _ => {
            let (before, after) = match figure {
                "sum" => (old.sum, new.sum),
                _ => (old.mean, new.mean),
            };
            let is_empty = |figures: &ColumnFigures| figures.rows == figures.nulls;
            let change = match is_empty(old) && is_empty(new) {
                true => 0.0,
                false => relative(before, after),
            };
            let (before, after) = (number(before), number(after));
            let by = match change.is_finite() {
                true => percent(change),
                false => "without bounds".to_owned(),
            };
            let found = format!("{by}: {before} -> {after}");
            (change, before, after, found)
        }
    };
    let of = match figure {
        "nulls" => "share of nulls",
        other => other,
    };
    Check {
        passed: change <= limit,
        text: format!(
            "the {of} of the column went from {before} to {after}, and `gate.{name}` is {limit}"
        ),
        name,
        found,
        wanted,
    }
}

/// A relative change, without its sign.
fn relative(old: Option<f64>, new: Option<f64>) -> f64 {
    match (old, new) {
        (Some(old), Some(new)) if old == new => 0.0,
        (Some(old), Some(new)) if old != 0.0 => ((new - old) / old).abs(),
        _ => f64::INFINITY,
    }
}

/// A check that holds, since there is nothing to compare with.
fn nothing(name: String, why: &str, wanted: String) -> Check {
    Check {
        name,
        passed: true,
        text: why.to_owned(),
        found: why.to_owned(),
        wanted,
    }
}

/// A share, with as many digits as tell it from the next limit.
fn shown(share: f64) -> String {
    number(Some(share))
}

/// A relative change in percent.
fn percent(change: f64) -> String {
    format!("{} %", number(Some(change * 100.0)))
}

#[cfg(test)]
mod tests;
