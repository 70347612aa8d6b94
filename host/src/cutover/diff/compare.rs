//! Differences between two rows, and their counts over all rows.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};

use super::DiffOptions;
use super::figures::Figures;
use super::keys_file::{Class, KeysFile};
use super::outcome::{Change, ChangedRow, ColumnDiff, Counts, Drift, Samples, keys_differ};
use super::row::{RowAt, Sides};
use super::sample::Sample;
use crate::cutover::CutoverError;
use crate::schema::Kind;
use crate::store::cell::{cell_text, key_text};
use crate::store::{Loaded, TableColumns};

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
    keys: Option<KeysFile>,
}

/// A column of both sides.
struct Column {
    old_index: usize,
    new_index: usize,
    diff: ColumnDiff,
    /// The difference up to which two numbers count as equal.
    tolerance: f64,
    /// The size of the largest change, in an order of its kind.
    largest: u64,
    old: Figures,
    new: Figures,
}

/// Counts, columns and samples of all rows.
pub(super) struct Compared {
    pub(super) counts: Counts,
    pub(super) columns: Vec<ColumnDiff>,
    pub(super) samples: Samples,
    /// The file of keys, which has not got its name yet.
    pub(super) keys: Option<KeysFile>,
    /// All rows of the new build, and their digest, if they were read to their end.
    pub(super) stored: Option<Loaded>,
}

impl Comparison {
    /// A comparison of no rows yet.
    ///
    /// # Errors
    /// Where `options` name a column that cannot have a tolerance, or a file that cannot be written.
    pub(super) fn new(sides: &Sides<'_>, options: &DiffOptions) -> Result<Self, CutoverError> {
        let (old, new, samples) = (sides.old, sides.new, options.samples);
        let mut columns = common_columns(old, new);
        set_tolerances(sides, &options.tolerances, &mut columns)?;
        let keys = options.keys_file.as_deref();
        let keys = keys.map(|path| KeysFile::create(path, sides)).transpose()?;
        Ok(Comparison {
            keys_differ: keys_differ(old, new),
            old_keys: old.keys.len(),
            new_keys: new.keys.len(),
            counts: Counts::default(),
            columns,
            only_old: Sample::new(samples),
            only_new: Sample::new(samples),
            changed: Sample::new(samples),
            keys,
        })
    }

    /// The order of two rows by key. Keys of other columns cannot be compared: all old rows come first then.
    pub(super) fn order(&self, old: &RowAt<'_>, new: &RowAt<'_>) -> Ordering {
        if self.keys_differ {
            Ordering::Less
        } else {
            old.key.cmp(&new.key)
        }
    }

    /// Takes the figures of the next rows of the old build, before they are compared.
    pub(super) fn measure_old(&mut self, batch: &RecordBatch) {
        for column in &mut self.columns {
            column.old.add(batch.column(column.old_index));
        }
    }

    /// Takes the figures of the next rows of the new build, before they are compared.
    pub(super) fn measure_new(&mut self, batch: &RecordBatch) {
        for column in &mut self.columns {
            column.new.add(batch.column(column.new_index));
        }
    }

    pub(super) fn only_old(&mut self, row: &RowAt<'_>) -> Result<(), CutoverError> {
        self.counts.only_old += 1;
        self.only_old.offer(row.key.data(), || {
            key_text(row.batch, self.old_keys, row.row)
        });
        self.write_key(Class::Removed, row)
    }

    pub(super) fn only_new(&mut self, row: &RowAt<'_>) -> Result<(), CutoverError> {
        self.counts.only_new += 1;
        self.only_new.offer(row.key.data(), || {
            key_text(row.batch, self.new_keys, row.row)
        });
        self.write_key(Class::Added, row)
    }

    /// Compares two rows of the same key.
    pub(super) fn both(&mut self, old: &RowAt<'_>, new: &RowAt<'_>) -> Result<(), CutoverError> {
        self.counts.both += 1;
        let mut equal = true;
        for column in &mut self.columns {
            let size = match column.delta(old, new) {
                Delta::None => continue,
                Delta::Unmeasured => None,
                Delta::Of(size) => Some(size),
            };
            equal = false;
            column.diff.differ += 1;
            if size.is_some_and(|size| column.diff.largest.is_none() || size > column.largest) {
                column.largest = size.unwrap_or_default();
                let (before, after) = column.values(old, new);
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
            return Ok(());
        }
        self.changed.offer(new.key.data(), || {
            changed_row(&self.columns, self.new_keys, old, new)
        });
        self.write_key(Class::Changed, new)
    }

    fn write_key(&mut self, class: Class, row: &RowAt<'_>) -> Result<(), CutoverError> {
        match &mut self.keys {
            Some(keys) => keys.add(class, row),
            None => Ok(()),
        }
    }

    /// The outcome. `stored` is what the new build was read to hold.
    pub(super) fn finish(self, stored: Option<Loaded>) -> Compared {
        Compared {
            counts: self.counts,
            columns: self.columns.into_iter().map(Column::finish).collect(),
            samples: Samples {
                only_old: self.only_old.finish(),
                only_new: self.only_new.finish(),
                changed: self.changed.finish(),
            },
            keys: self.keys,
            stored,
        }
    }
}

impl Column {
    /// The values of the column in two rows.
    fn values<'a>(&self, old: &RowAt<'a>, new: &RowAt<'a>) -> (&'a ArrayRef, &'a ArrayRef) {
        (
            old.batch.column(self.old_index),
            new.batch.column(self.new_index),
        )
    }

    fn delta(&self, old: &RowAt<'_>, new: &RowAt<'_>) -> Delta {
        let (before, after) = self.values(old, new);
        let found = delta(self.diff.kind, before, old.row, after, new.row);
        match found {
            Delta::Of(size) if self.tolerates(size) => Delta::None,
            found => found,
        }
    }

    /// Whether a change of this size, as [`Delta`] measures it, counts for none.
    fn tolerates(&self, size: u64) -> bool {
        self.tolerance > 0.0
            && match self.diff.kind {
                Kind::Float64 => f64::from_bits(size) <= self.tolerance,
                _ => size as f64 <= self.tolerance,
            }
    }

    fn finish(self) -> ColumnDiff {
        ColumnDiff {
            drift: Drift {
                old: self.old.finish(),
                new: self.new.finish(),
            },
            ..self.diff
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
                drift: Drift::default(),
            };
            Some(Column {
                old_index,
                new_index,
                diff,
                tolerance: 0.0,
                largest: 0,
                old: Figures::new(column.kind),
                new: Figures::new(column.kind),
            })
        });
    common.collect()
}

/// Sets the tolerances of columns that both sides have.
fn set_tolerances(
    sides: &Sides<'_>,
    tolerances: &BTreeMap<String, f64>,
    columns: &mut [Column],
) -> Result<(), CutoverError> {
    for (name, &tolerance) in tolerances {
        let refused = |problem: String| CutoverError::DiffOption {
            option: format!("--tolerance {name}={tolerance}"),
            problem,
        };
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            return Err(refused("a tolerance is a number from 0 on".to_owned()));
        }
        let column = columns.iter_mut().find(|column| column.diff.name == *name);
        match column {
            Some(column) if matches!(column.diff.kind, Kind::Int64 | Kind::Float64) => {
                column.tolerance = tolerance;
            }
            Some(column) => {
                let kind = column.diff.kind.name();
                return Err(refused(format!(
                    "`{name}` is {kind}, and only numbers have a tolerance"
                )));
            }
            None => {
                let names = columns
                    .iter()
                    .map(|column| format!("`{}`", column.diff.name));
                return Err(refused(format!(
                    "`{name}` is no column but the keys that both builds of `{}` have; those are {}",
                    sides.table,
                    names.collect::<Vec<_>>().join(", ")
                )));
            }
        }
    }
    Ok(())
}

fn changed_row(columns: &[Column], keys: usize, old: &RowAt<'_>, new: &RowAt<'_>) -> ChangedRow {
    let changed = columns.iter().filter_map(|column| {
        let (before, after) = column.values(old, new);
        let differs = !matches!(column.delta(old, new), Delta::None);
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
