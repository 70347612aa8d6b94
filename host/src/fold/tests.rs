//! Tables, runs and merges against a `BTreeMap`, however they are cut.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::merge_plan::MergePlan;
use super::rows::merge_rows;
use super::run::write_run;
use super::{Algebra, FoldError, FoldOptions, RunFile, StateTable};
use crate::guest::{GuestError, Partials};
use crate::keys::{HashedKeys, KeyCodec};
use crate::schema::{Descriptor, Kind, Output};
use crate::units::ByteSize;

mod damage;
mod disjoint;
mod one_run;
mod slices;

/// Sums the numbers, and strings the texts together, which shows the order in which states were combined.
struct SumAndConcat;

impl Algebra for SumAndConcat {
    fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        let sums: ArrayRef = Arc::new(arrow_array::PrimitiveArray::<Int64Type>::from_iter(
            ints(left, 0)
                .zip(ints(right, 0))
                .map(|(a, b)| match (a, b) {
                    (Some(a), Some(b)) => Some(a + b),
                    (a, b) => a.or(b),
                }),
        ));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
            texts(left, 1)
                .zip(texts(right, 1))
                .map(|(a, b)| format!("{a}{b}")),
        ));
        Ok(RecordBatch::try_new(left.schema(), vec![sums, texts]).expect("columns of the schema"))
    }

    fn renew(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn name_key(&self, key: &[u8]) -> String {
        format!("{key:?}")
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        let lengths: ArrayRef = Arc::new(Int64Array::from_iter_values(
            texts(states, 1).map(|text| text.len() as i64),
        ));
        Ok(
            RecordBatch::try_new(descriptor().view_schema(), vec![lengths])
                .expect("columns of the schema"),
        )
    }
}

fn ints(batch: &RecordBatch, column: usize) -> impl Iterator<Item = Option<i64>> {
    batch.column(column).as_primitive::<Int64Type>().iter()
}

fn texts(batch: &RecordBatch, column: usize) -> impl Iterator<Item = &str> {
    batch
        .column(column)
        .as_string::<i32>()
        .iter()
        .map(|text| text.unwrap_or_default())
}

fn descriptor() -> Descriptor {
    let output = |name: &str, kind, nullable| Output {
        name: name.into(),
        kind,
        nullable,
    };
    Descriptor {
        name: "test".into(),
        version: "1.0.0".into(),
        inputs: vec![],
        only: vec![],
        event_time: None,
        keys: vec![
            output("page", Kind::Utf8, false),
            output("day", Kind::Int64, true),
        ],
        states: vec![
            output("sum", Kind::Int64, true),
            output("text", Kind::Utf8, false),
        ],
        views: vec![output("length", Kind::Int64, false)],
        commutative: false,
    }
}

type Key = (String, Option<i64>);
type State = (Option<i64>, String);

fn partials(rows: &BTreeMap<Key, State>) -> Result<Partials, FoldError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.keys().map(|key| &key.0))),
        Arc::new(Int64Array::from_iter(rows.keys().map(|key| key.1))),
        Arc::new(Int64Array::from_iter(rows.values().map(|state| state.0))),
        Arc::new(StringArray::from_iter_values(
            rows.values().map(|state| &state.1),
        )),
    ];
    let rows = RecordBatch::try_new(descriptor().partial_schema(), columns)?;
    let codec = KeyCodec::of(&descriptor().key_schema())?;
    let keys = Arc::new(HashedKeys::of(&rows, &codec)?);
    Ok(Partials { rows, keys })
}

/// The merged rows, in the order of the merge, and their digest.
type Merged = (Vec<(Key, State, i64)>, String);

fn options(fan_in: usize, workers: usize, budget: ByteSize) -> FoldOptions {
    FoldOptions {
        workers: Some(workers),
        merge_fan_in: fan_in,
        state_budget: budget,
        ..FoldOptions::default()
    }
}

/// Folds the partials, each group of them into a run, and merges the runs.
fn fold(
    groups: &[Vec<BTreeMap<Key, State>>],
    fan_in: usize,
    workers: usize,
) -> Result<Merged, FoldError> {
    fold_as(groups, &options(fan_in, workers, ByteSize::mib(128)))
}

/// The same with these options. Nothing but the runs is left in their folder.
fn fold_as(
    groups: &[Vec<BTreeMap<Key, State>>],
    options: &FoldOptions,
) -> Result<Merged, FoldError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = write_runs(folder.path(), groups, options)?;
    let names = names(folder.path());
    let merged = merge(folder.path(), runs, options)?;
    assert_eq!(self::names(folder.path()), names);
    Ok(merged)
}

/// Folds the partials, each group of them into a run.
fn write_runs(
    folder: &Path,
    groups: &[Vec<BTreeMap<Key, State>>],
    options: &FoldOptions,
) -> Result<Vec<RunFile>, FoldError> {
    let descriptor = descriptor();
    let mut table = StateTable::new(&descriptor)?;
    let mut runs = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        for rows in group {
            table.absorb(&partials(rows)?, &mut SumAndConcat)?;
        }
        let (name, states) = (format!("{number:04}"), descriptor.state_schema());
        let bytes = options.run_batch_bytes();
        runs.push(write_run(folder, &name, &mut table, &states, bytes)?);
        assert_eq!(table.rows(), 0);
    }
    Ok(runs)
}

/// A plan to merge these runs, which `cancel` stops.
fn plan<'a>(
    folder: &'a Path,
    runs: Vec<RunFile>,
    descriptor: &'a Descriptor,
    options: &'a FoldOptions,
    cancel: &CancellationToken,
) -> MergePlan<'a> {
    MergePlan {
        folder,
        runs,
        descriptor,
        options,
        stack_bytes: 1 << 20,
        cancel: cancel.clone(),
    }
}

/// Merges runs into rows.
fn merge(folder: &Path, runs: Vec<RunFile>, options: &FoldOptions) -> Result<Merged, FoldError> {
    merge_as(&descriptor(), folder, runs, options)
}

/// The same for a component that says so of itself.
fn merge_as(
    descriptor: &Descriptor,
    folder: &Path,
    runs: Vec<RunFile>,
    options: &FoldOptions,
) -> Result<Merged, FoldError> {
    let plan = plan(folder, runs, descriptor, options, &CancellationToken::new());
    let mut found = Vec::new();
    let merged = merge_rows(plan, &|| Ok(Box::new(SumAndConcat)), |batch| {
        for (((page, day), (sum, text)), length) in texts(&batch, 0)
            .zip(ints(&batch, 1))
            .zip(ints(&batch, 2).zip(texts(&batch, 3)))
            .zip(ints(&batch, 4))
        {
            found.push((
                (page.to_owned(), day),
                (sum, text.to_owned()),
                length.unwrap_or(-1),
            ));
        }
        Ok(())
    })?;
    assert_eq!(merged.rows, found.len() as u64);
    Ok((found, merged.digest))
}

/// The files of a folder.
fn names(folder: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<DirEntry>| entry.expect("an entry").file_name();
    entries.map(name).collect()
}

fn model(groups: &[Vec<BTreeMap<Key, State>>]) -> Vec<(Key, State, i64)> {
    let mut model: BTreeMap<Key, State> = BTreeMap::new();
    for rows in groups.iter().flatten() {
        for (key, (sum, text)) in rows {
            let state = model.entry(key.clone()).or_insert((None, String::new()));
            state.0 = match (state.0, *sum) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            };
            state.1.push_str(text);
        }
    }
    model
        .into_iter()
        .map(|(key, state)| {
            let length = state.1.len() as i64;
            (key, state, length)
        })
        .collect()
}

fn groups() -> impl Strategy<Value = Vec<Vec<BTreeMap<Key, State>>>> {
    let key = ("[ab\u{0}é]{0,20}", proptest::option::of(-2..2i64));
    let state = (proptest::option::of(-1000..1000i64), "[a-z]{0,3}");
    let rows = proptest::collection::btree_map(key, state, 0..40);
    proptest::collection::vec(proptest::collection::vec(rows, 0..4), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_are_those_of_a_map_however_they_are_cut(groups in groups(), fan_in in 2..6usize, workers in 1..4usize) {
        let (found, digest) = fold(&groups, fan_in, workers)?;
        prop_assert_eq!(&found, &model(&groups));
        let joined = vec![groups.into_iter().flatten().collect()];
        let (_, one_run) = fold(&joined, 32, 1)?;
        prop_assert_eq!(digest, one_run);
    }
}

#[test]
fn many_batches_are_merged_by_several_threads_in_order() -> Result<(), FoldError> {
    let rows = |from: i64, step: usize| -> BTreeMap<Key, State> {
        (from..60_000)
            .step_by(step)
            .map(|n| ((format!("page-{:06}", n), Some(n)), (Some(1), "x".into())))
            .collect()
    };
    let groups = vec![
        vec![rows(0, 1)],
        vec![rows(0, 2), rows(1, 2)],
        vec![rows(0, 3)],
    ];
    let expected = model(&groups);
    for workers in [1, 2, 5] {
        let (found, _) = fold(&groups, 32, workers)?;
        assert!(found == expected, "with {workers} workers");
    }
    Ok(())
}

/// Keys and states of all sizes: mostly a few bytes, some as long as a batch of a run and longer.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 1_usize..40, 2 => 1_000_usize..9_000, 1 => 30_000_usize..70_000, 1 => Just(300_000)]
}

/// Keys that are alike for as long as they are, or differ at once, or in between.
fn long_key() -> impl Strategy<Value = Key> {
    let key = |(length, differs, letter): (usize, usize, char)| {
        let mut key = "k".repeat(length);
        key.insert(differs.min(length), letter);
        (key, None)
    };
    let letter = prop::sample::select(vec!['a', 'k', 'z']);
    (
        lengths(),
        prop_oneof![Just(0), 0..300_000_usize, Just(usize::MAX)],
        letter,
    )
        .prop_map(key)
}

fn long_groups() -> impl Strategy<Value = Vec<Vec<BTreeMap<Key, State>>>> {
    let text = (lengths(), "[a-z]").prop_map(|(length, letter)| letter.repeat(length));
    let state = (proptest::option::of(0..10i64), text);
    let rows = proptest::collection::btree_map(long_key(), state, 0..12);
    proptest::collection::vec(proptest::collection::vec(rows, 0..3), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_of_all_sizes_go_through_tables_runs_and_merges(
        groups in long_groups(),
        fan_in in 2..6usize,
        workers in 1..5usize,
        budget_kib in prop_oneof![Just(0_u64), 1..4_096_u64],
    ) {
        let options = options(fan_in, workers, ByteSize::kib(budget_kib));
        let (found, _) = fold_as(&groups, &options)?;
        prop_assert!(found == model(&groups));
    }
}

/// Cancels the merge once it has combined a number of times.
struct Cancelling(CancellationToken, usize);

impl Algebra for Cancelling {
    fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        self.1 -= 1;
        if self.1 == 0 {
            self.0.cancel();
        }
        SumAndConcat.combine(left, right)
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        SumAndConcat.present(states)
    }

    fn renew(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn name_key(&self, key: &[u8]) -> String {
        SumAndConcat.name_key(key)
    }
}

#[test]
fn merging_in_passes_can_be_stopped_and_leaves_nothing() -> Result<(), FoldError> {
    let (folder, descriptor) = (tempfile::tempdir().expect("a folder"), descriptor());
    let options = options(2, 1, ByteSize::mib(1));
    let rows = |number| -> BTreeMap<Key, State> {
        (0..20_000)
            .map(|n| ((format!("{n:06}"), None), (Some(number), "x".into())))
            .collect()
    };
    let groups: Vec<_> = (0..9).map(|number| vec![rows(number)]).collect();
    let runs = write_runs(folder.path(), &groups, &options)?;
    let before = names(folder.path());
    for combined in [1, 7, 20] {
        let cancel = CancellationToken::new();
        let plan = plan(folder.path(), runs.clone(), &descriptor, &options, &cancel);
        let open = || Ok(Box::new(Cancelling(cancel.clone(), combined)) as Box<dyn Algebra + Send>);
        let stopped = merge_rows(plan, &open, |_| {
            panic!("it was to stop before the last pass")
        });
        assert!(
            matches!(stopped, Err(FoldError::Interrupted)),
            "{stopped:?}"
        );
        assert_eq!(names(folder.path()), before);
    }
    Ok(())
}
