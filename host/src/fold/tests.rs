//! Tables, runs and merges against a `BTreeMap`, however they are cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::rows::{MergePlan, merge_rows};
use super::run::write_run;
use super::{Algebra, FoldError, StateTable};
use crate::guest::{GuestError, Partials};
use crate::keys::{HashedKeys, KeyCodec};
use crate::schema::{Descriptor, Kind, Output};

/// Sums the numbers, and strings the texts together, which tells in which order states were combined.
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

/// Folds the partials, each group of them into a run, and merges the runs.
fn fold(
    groups: &[Vec<BTreeMap<Key, State>>],
    fan_in: usize,
    workers: usize,
) -> Result<Merged, FoldError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let descriptor = descriptor();
    let mut table = StateTable::new(&descriptor)?;
    let mut runs = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        for rows in group {
            table.absorb(&partials(rows)?, &mut SumAndConcat)?;
        }
        runs.push(write_run(
            folder.path(),
            &format!("{number:04}"),
            &mut table,
            &descriptor.state_schema(),
        )?);
        assert_eq!(table.rows(), 0);
    }
    let plan = MergePlan {
        folder: folder.path(),
        runs,
        descriptor: &descriptor,
        fan_in,
        workers,
        stack_bytes: 1 << 20,
        cancel: CancellationToken::new(),
    };
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
