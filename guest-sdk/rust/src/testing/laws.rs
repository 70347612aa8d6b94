//! The laws that a rebuild rests on, to be checked with proptest.
//!
//! [`check`] tests a whole pipeline on rows of a strategy; [`monoid`] tests a monoid of your own on three states.
//! States are compared by the bytes of their columns. Sums that overflow do not obey the laws: keep the numbers in the
//! rows small.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestRunner};
use serde_json::Value as JsonValue;

use super::{Cells, Folded, Rejected, fold_cut};
use crate::column::Batch;
use crate::monoid::Monoid;
use crate::pipeline::Pipeline;
use crate::value::{BatchBuilder, RowReader};

/// Checks, for rows of this strategy, that the states do not depend on how the rows were cut into batches, drains
/// and parts, that identity and associativity hold, and commutativity where the pipeline claims it.
///
/// # Panics
/// If a law does not hold, with the smallest rows for which it does not.
pub fn check<P: Pipeline>(params: &[(&str, &str)], row: impl Strategy<Value = JsonValue>) {
    let rows = (
        prop::collection::vec(row, 0..48),
        any::<[Index; 2]>(),
        1..9_usize,
        1..5_usize,
    );
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&rows, |(rows, cuts, batch_rows, drain_rows)| {
        let cuts = cuts.map(|cut| cut.index(rows.len() + 1));
        pipeline::<P>(params, &rows, cuts, batch_rows, drain_rows)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Checks these rows as [`check`] does, cut at two places into three parts: for a proptest of your own.
///
/// # Errors
/// If a law does not hold.
pub fn pipeline<P: Pipeline>(
    params: &[(&str, &str)],
    rows: &[JsonValue],
    cuts: [usize; 2],
    batch_rows: usize,
    drain_rows: usize,
) -> TestCaseResult {
    let whole = fold_cut::<P>(params, rows, rows.len().max(1), usize::MAX);
    let in_batches = fold_cut::<P>(params, rows, batch_rows, drain_rows);
    same(
        &whole.states,
        &in_batches.states,
        "states, folded in smaller batches",
    )?;
    same(
        &whole.rejections,
        &in_batches.rejections,
        "rejections, folded in smaller batches",
    )?;

    let [first, second] = [cuts[0].min(cuts[1]), cuts[0].max(cuts[1])];
    let ranges = [0..first, first..second, second..rows.len()];
    let parts = ranges
        .clone()
        .map(|range| fold_cut::<P>(params, &rows[range], batch_rows, drain_rows));
    let rejections: Vec<Rejected> = ranges
        .iter()
        .zip(&parts)
        .flat_map(|(range, part)| shifted(part, range.start))
        .collect();
    same(
        &whole.rejections,
        &rejections,
        "rejections, folded in parts",
    )?;

    let keys: BTreeSet<&Cells> = parts.iter().flat_map(|part| part.states.keys()).collect();
    same(
        &whole.states.keys().collect(),
        &keys,
        "keys, folded in parts",
    )?;
    for key in keys {
        let [a, b, c] = parts.each_ref().map(|part| part.states.get(key));
        let [a, b, c] = [
            load_or_identity(a)?,
            load_or_identity(b)?,
            load_or_identity(c)?,
        ];
        let combined = monoid::<P::State>(&a, &b, &c)?;
        same(
            &whole.states[key],
            &combined,
            "state, folded in parts and combined",
        )?;
    }
    if P::State::COMMUTATIVE {
        let reversed: Vec<JsonValue> = rows.iter().rev().cloned().collect();
        let reversed = fold_cut::<P>(params, &reversed, batch_rows, drain_rows);
        same(&whole.states, &reversed.states, "states, folded in reverse")?;
    }
    Ok(())
}

/// Checks that identity and associativity hold for three states, and commutativity where it is claimed, and that
/// each is read back as it was saved. Returns the columns of all three combined.
///
/// # Errors
/// If a law does not hold. A sum that overflows rejects the case.
pub fn monoid<M: Monoid>(a: &M, b: &M, c: &M) -> Result<Batch, TestCaseError> {
    for state in [a, b, c] {
        let saved = save(state);
        same(
            &saved,
            &save(&combined(&M::identity(), state)?),
            "state, combined with the identity on its left",
        )?;
        same(
            &saved,
            &save(&combined(state, &M::identity())?),
            "state, combined with the identity on its right",
        )?;
    }
    let left = save(&combined(&combined(a, b)?, c)?);
    let right = save(&combined(a, &combined(b, c)?)?);
    same(
        &left,
        &right,
        "combine(combine(a, b), c) and combine(a, combine(b, c))",
    )?;
    if M::COMMUTATIVE {
        same(
            &save(&combined(a, b)?),
            &save(&combined(b, a)?),
            "combine(a, b) and combine(b, a)",
        )?;
    }
    Ok(left)
}

fn same<T: PartialEq + Debug + ?Sized>(left: &T, right: &T, what: &str) -> TestCaseResult {
    if left == right {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{what}, differ:\n  left:  {left:?}\n  right: {right:?}"
    )))
}

fn shifted<P: Pipeline>(part: &Folded<P>, by: usize) -> impl Iterator<Item = Rejected> {
    part.rejections.iter().map(move |rejected| Rejected {
        row: rejected.row + by,
        reason: rejected.reason.clone(),
    })
}

fn load_or_identity<M: Monoid>(saved: Option<&Batch>) -> Result<M, TestCaseError> {
    saved.map_or_else(|| Ok(M::identity()), load)
}

fn save<M: Monoid>(state: &M) -> Batch {
    let mut builder = BatchBuilder::new(&M::columns("state"), 1);
    state.save(&mut builder.row());
    builder.finish(1)
}

fn load<M: Monoid>(saved: &Batch) -> Result<M, TestCaseError> {
    let loaded = M::load(&mut RowReader::new(&saved.columns, 0));
    loaded.map_err(|malformed| {
        TestCaseError::fail(format!("a saved state is not read back: {malformed}"))
    })
}

/// `left` followed by `right`, neither of which changes.
fn combined<M: Monoid>(left: &M, right: &M) -> Result<M, TestCaseError> {
    let mut combined: M = load(&save(left))?;
    combined
        .combine(right)
        .and_then(|()| combined.fits())
        .map_err(|fault| TestCaseError::reject(fault.to_string()))?;
    Ok(combined)
}
