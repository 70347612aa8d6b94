//! Differences between two rows, and their counts over all rows.

use std::cmp::Ordering;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef};

use super::outcome::{Change, ChangedRow, ColumnDiff, Counts, Samples, keys_differ};
use super::row::RowAt;
use super::sample::Sample;
use crate::schema::Kind;
use crate::store::TableColumns;
use crate::store::cell::{cell_text, key_text};

/// Counts and samples of the rows compared so far.
pub(super) struct Comparison {
    keys_differ: bool,
    old_keys: usize,
    new_keys: usize,
    counts: Counts,
    columns: Vec<Column>,
    only_old: Sample<String>,
    only_new: Sample<String>,
    changed: Sample<ChangedRow>,
}

/// A column of both sides.
struct Column {
    old_index: usize,
    new_index: usize,
    diff: ColumnDiff,
    /// The size of the largest change, in an order of its kind.
    largest: u64,
}

/// Counts, columns and samples of all rows.
pub(super) struct Compared {
    pub(super) counts: Counts,
    pub(super) columns: Vec<ColumnDiff>,
    pub(super) samples: Samples,
}

impl Comparison {
    pub(super) fn new(old: &TableColumns, new: &TableColumns, samples: usize) -> Self {
        Comparison {
            keys_differ: keys_differ(old, new),
            old_keys: old.keys.len(),
            new_keys: new.keys.len(),
            counts: Counts::default(),
            columns: common_columns(old, new),
            only_old: Sample::new(samples),
            only_new: Sample::new(samples),
            changed: Sample::new(samples),
        }
    }

    /// The order of two rows by key. Keys of other columns cannot be compared: all old rows come first then.
    pub(super) fn order(&self, old: &RowAt<'_>, new: &RowAt<'_>) -> Ordering {
        if self.keys_differ {
            Ordering::Less
        } else {
            old.key.cmp(&new.key)
        }
    }

    pub(super) fn only_old(&mut self, row: &RowAt<'_>) {
        self.counts.only_old += 1;
        self.only_old.offer(row.key.data(), || {
            key_text(row.batch, self.old_keys, row.row)
        });
    }

    pub(super) fn only_new(&mut self, row: &RowAt<'_>) {
        self.counts.only_new += 1;
        self.only_new.offer(row.key.data(), || {
            key_text(row.batch, self.new_keys, row.row)
        });
    }

    /// Compares two rows of the same key.
    pub(super) fn both(&mut self, old: &RowAt<'_>, new: &RowAt<'_>) {
        self.counts.both += 1;
        let mut equal = true;
        for column in &mut self.columns {
            let (before, after) = (
                old.batch.column(column.old_index),
                new.batch.column(column.new_index),
            );
            let size = match delta(column.diff.kind, before, old.row, after, new.row) {
                Delta::None => continue,
                Delta::Unmeasured => None,
                Delta::Of(size) => Some(size),
            };
            equal = false;
            column.diff.differ += 1;
            if size.is_some_and(|size| column.diff.largest.is_none() || size > column.largest) {
                column.largest = size.unwrap_or_default();
                column.diff.largest = Some(Change {
                    by: difference(column.diff.kind, before, old.row, after, new.row),
                    old: cell_text(before, old.row),
                    new: cell_text(after, new.row),
                    key: key_text(new.batch, self.new_keys, new.row),
                });
            }
        }
        if equal {
            self.counts.equal += 1;
        } else {
            self.changed.offer(new.key.data(), || {
                changed_row(&self.columns, self.new_keys, old, new)
            });
        }
    }

    pub(super) fn finish(self) -> Compared {
        Compared {
            counts: self.counts,
            columns: self.columns.into_iter().map(|column| column.diff).collect(),
            samples: Samples {
                only_old: self.only_old.finish(),
                only_new: self.only_new.finish(),
                changed: self.changed.finish(),
            },
        }
    }
}

/// The columns of the same name and kind that are not part of a common key, in the new order.
fn common_columns(old: &TableColumns, new: &TableColumns) -> Vec<Column> {
    let skipped = if keys_differ(old, new) {
        0
    } else {
        new.keys.len()
    };
    let common = new
        .iter()
        .enumerate()
        .skip(skipped)
        .filter_map(|(new_index, column)| {
            let same = |before: &crate::schema::Output| {
                before.name == column.name && before.kind == column.kind
            };
            let old_index = old.iter().position(same)?;
            let diff = ColumnDiff {
                name: column.name.clone(),
                kind: column.kind,
                differ: 0,
                largest: None,
            };
            Some(Column {
                old_index,
                new_index,
                diff,
                largest: 0,
            })
        });
    common.collect()
}

fn changed_row(columns: &[Column], keys: usize, old: &RowAt<'_>, new: &RowAt<'_>) -> ChangedRow {
    let changed = columns.iter().filter_map(|column| {
        let (before, after) = (
            old.batch.column(column.old_index),
            new.batch.column(column.new_index),
        );
        let differs = !matches!(
            delta(column.diff.kind, before, old.row, after, new.row),
            Delta::None
        );
        differs.then(|| {
            (
                column.diff.name.clone(),
                cell_text(before, old.row),
                cell_text(after, new.row),
            )
        })
    });
    ChangedRow {
        key: key_text(new.batch, keys, new.row),
        columns: changed.collect(),
    }
}

enum Delta {
    None,
    /// They differ, and their kind has no measure.
    Unmeasured,
    /// They differ by this size, which compares within a kind only.
    Of(u64),
}

fn delta(kind: Kind, old: &ArrayRef, i: usize, new: &ArrayRef, j: usize) -> Delta {
    let unmeasured = |equal| {
        if equal {
            Delta::None
        } else {
            Delta::Unmeasured
        }
    };
    let measured = |size| {
        if size == 0 {
            Delta::None
        } else {
            Delta::Of(size)
        }
    };
    if old.is_null(i) || new.is_null(j) {
        return unmeasured(old.is_null(i) && new.is_null(j));
    }
    match kind {
        Kind::Boolean => unmeasured(old.as_boolean().value(i) == new.as_boolean().value(j)),
        Kind::Utf8 | Kind::Json => {
            unmeasured(old.as_string::<i32>().value(i) == new.as_string::<i32>().value(j))
        }
        Kind::Binary => {
            unmeasured(old.as_binary::<i32>().value(i) == new.as_binary::<i32>().value(j))
        }
        Kind::Int64 | Kind::Timestamp => {
            measured(whole(kind, old, i).abs_diff(whole(kind, new, j)))
        }
        Kind::Date => {
            let day = |array: &ArrayRef, row| array.as_primitive::<Date32Type>().value(row);
            measured(u64::from(day(old, i).abs_diff(day(new, j))))
        }
        Kind::Float64 => {
            let (a, b) = (float(old, i), float(new, j));
            // The bits of floats that are not negative sort as they do.
            if a.to_bits() == b.to_bits() {
                Delta::None
            } else {
                Delta::Of((b - a).abs().to_bits())
            }
        }
    }
}

/// A measured difference as text.
fn difference(kind: Kind, old: &ArrayRef, i: usize, new: &ArrayRef, j: usize) -> String {
    match kind {
        Kind::Float64 => format!("{:+}", float(new, j) - float(old, i)),
        Kind::Timestamp => {
            let (a, b) = (whole(kind, old, i), whole(kind, new, j));
            let sign = if b < a { '-' } else { '+' };
            format!(
                "{sign}{}",
                humantime::format_duration(Duration::from_micros(a.abs_diff(b)))
            )
        }
        Kind::Date => {
            let day =
                |array: &ArrayRef, row| i64::from(array.as_primitive::<Date32Type>().value(row));
            format!("{:+} days", day(new, j) - day(old, i))
        }
        _ => format!(
            "{:+}",
            i128::from(whole(kind, new, j)) - i128::from(whole(kind, old, i))
        ),
    }
}

fn whole(kind: Kind, array: &ArrayRef, row: usize) -> i64 {
    match kind {
        Kind::Timestamp => array.as_primitive::<TimestampMicrosecondType>().value(row),
        _ => array.as_primitive::<Int64Type>().value(row),
    }
}

fn float(array: &ArrayRef, row: usize) -> f64 {
    array.as_primitive::<Float64Type>().value(row)
}
