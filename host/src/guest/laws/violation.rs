//! One equation on one case: the violation, if there is one.

use arrow_array::RecordBatch;

use super::equation::Equation;
use super::lab::{Folded, Lab, pick, unfit};
use super::pool::Made;
use super::sides::evaluate;
use crate::guest::{Call, GuestError};
use crate::row_json::{self, Row};

/// A violation of an equation.
#[derive(Debug)]
pub(super) struct Violation {
    /// The violation in a sentence.
    pub(super) what: String,
    /// The key at which the results differ, if the operands do not tell it.
    pub(super) key: Option<Row>,
    pub(super) left: Option<Row>,
    pub(super) right: Option<Row>,
    /// The states of the operands, if they are states.
    pub(super) states: Vec<Row>,
    /// The failure of a call, if one failed.
    pub(super) cause: Option<GuestError>,
}

/// Makes the operands anew and evaluates the equation. `None` if it holds, or if an operand cannot be made.
pub(super) fn violation(
    lab: &mut Lab<'_>,
    equation: Equation,
    operands: &[Made],
) -> Option<Violation> {
    match (equation, operands) {
        (Equation::FoldAgain, [events]) => fold_again(lab, &events.rows),
        (Equation::Halves, [first, second]) => halves(lab, &first.rows, &second.rows),
        (Equation::Batches, [first, second]) => batches(lab, &first.rows, &second.rows),
        _ => of_states(lab, equation, operands),
    }
}

fn of_states(lab: &mut Lab<'_>, equation: Equation, operands: &[Made]) -> Option<Violation> {
    let mut states = Vec::new();
    for operand in operands {
        states.push(lab.fold_whole(&operand.rows).ok()?.state(&operand.key)?);
    }
    let shown = states.iter().map(|state| row_json::row(state, 0)).collect();
    match evaluate(equation, lab, &states) {
        Ok(None) => None,
        Ok(Some((left, right))) => {
            let (left_image, right_image) = (lab.images(&left).ok()?, lab.images(&right).ok()?);
            (left_image.row(0) != right_image.row(0)).then(|| {
                let (left_text, right_text) = equation.sides();
                Violation {
                    states: shown,
                    ..differing(
                        format!("{left_text} is not {right_text}"),
                        &left,
                        0,
                        &right,
                        0,
                    )
                }
            })
        }
        Err(error) => equation.is_broken_by(error.call()?).then(|| Violation {
            states: shown,
            ..failed(format!("{} fails", equation.sides().0), error)
        }),
    }
}

/// Two fresh instances give the same result, and so does one of them several times.
fn fold_again(lab: &mut Lab<'_>, rows: &[u32]) -> Option<Violation> {
    lab.renew().ok()?;
    let first = lab.fold_whole(rows).ok()?;
    // With one event in between, to find a component that counts events modulo a number.
    for before in [&[][..], rows.get(..1)?] {
        lab.fold_whole(before).ok()?;
        let again = match lab.fold_whole(rows) {
            Ok(again) => again,
            Err(error) => {
                let what = "folding the same events once more fails".into();
                return Some(failed(what, error));
            }
        };
        let what = "folded once more by the same instance, the same events give something else";
        if let Some(violation) = difference(lab, what, &first, &again) {
            return Some(violation);
        }
    }
    lab.renew().ok()?;
    let other = match lab.fold_whole(rows) {
        Ok(other) => other,
        Err(error) => {
            let what = "folding the same events on another fresh instance fails".into();
            return Some(failed(what, error));
        }
    };
    let what = "folded by another fresh instance, the same events give something else";
    difference(lab, what, &first, &other)
}

/// Two halves, each drained and then combined, give the result of the whole.
fn halves(lab: &mut Lab<'_>, first: &[u32], second: &[u32]) -> Option<Violation> {
    let whole = lab.fold_whole(&[first, second].concat()).ok()?;
    let (left, right) = match (lab.fold_whole(first), lab.fold_whole(second)) {
        (Ok(left), Ok(right)) => (left, right),
        // A state may be unable to represent a part, though not the whole: a sum that leaves its range in between.
        (Err(GuestError::Refused { .. }), _) | (_, Err(GuestError::Refused { .. }))
            if lab.sample.is_made_up() =>
        {
            return None;
        }
        (Err(error), _) | (_, Err(error)) => {
            let what = "a part of events that fold together does not fold".into();
            return Some(failed(what, error));
        }
    };
    // A failure of `combine` breaks associativity, not this law.
    let joined = join(lab, &left, &right).ok()?;
    let what = "combine(fold(first), fold(second)) is not fold(first, second)";
    difference(lab, what, &joined, &whole)
}

/// Two batches, drained together a few rows at a time, give the result of the whole.
fn batches(lab: &mut Lab<'_>, first: &[u32], second: &[u32]) -> Option<Violation> {
    let whole = lab.fold_whole(&[first, second].concat()).ok()?;
    let drain_rows = (whole.keys.len() / 4).clamp(1, 1 << 12) as u32;
    let cut = match lab.fold(&[first, second], drain_rows) {
        Ok(cut) => cut,
        Err(error) => {
            return Some(failed(
                "events that fold in one batch do not fold in two".into(),
                error,
            ));
        }
    };
    let what = "folded in two batches, the same events give something else";
    difference(lab, what, &cut, &whole)
}

/// The states of both, combined for keys that are in both.
fn join(lab: &mut Lab<'_>, left: &Folded, right: &Folded) -> Result<Folded, GuestError> {
    let mut meeting = (Vec::new(), Vec::new());
    let mut keys: Vec<(&Vec<u8>, u32)> = Vec::new();
    // Rows of the states that follow one another below: those of `left`, of `right`, then the combined ones.
    let [lefts, rights] = [left, right].map(|folded| folded.keys.len() as u32);
    for (row, key) in left.keys.iter().enumerate() {
        let place = match right.find(key) {
            None => row as u32,
            Some(other) => {
                meeting.0.push(row as u32);
                meeting.1.push(other as u32);
                lefts + rights + meeting.0.len() as u32 - 1
            }
        };
        keys.push((key, place));
    }
    for (row, key) in right.keys.iter().enumerate() {
        if left.find(key).is_none() {
            keys.push((key, lefts + row as u32));
        }
    }
    let call = Call::Combine;
    let met = lab.combine(
        &pick(&left.states, &meeting.0, call)?,
        &pick(&right.states, &meeting.1, call)?,
    )?;
    let concat = |batches: &[&RecordBatch]| {
        arrow_select::concat::concat_batches(&batches[0].schema(), batches.iter().copied())
            .map_err(unfit(call))
    };
    let met_keys = pick(&left.key_columns, &meeting.0, call)?;
    let states = concat(&[&left.states, &right.states, &met])?;
    let key_columns = concat(&[&left.key_columns, &right.key_columns, &met_keys])?;
    keys.sort_unstable();
    let order: Vec<u32> = keys.iter().map(|(_, place)| *place).collect();
    let mut rejected = [left.rejected.as_slice(), &right.rejected].concat();
    rejected.sort_unstable();
    Ok(Folded {
        states: pick(&states, &order, call)?,
        key_columns: pick(&key_columns, &order, call)?,
        keys: keys.into_iter().map(|(key, _)| key.clone()).collect(),
        rejected,
    })
}

/// The first difference between two folds of the same events.
fn difference(lab: &Lab<'_>, what: &str, left: &Folded, right: &Folded) -> Option<Violation> {
    let is_in = |row: &u32, rows: &[u32]| rows.binary_search(row).is_ok();
    let only_one = left
        .rejected
        .iter()
        .find(|row| !is_in(row, &right.rejected))
        .or_else(|| {
            right
                .rejected
                .iter()
                .find(|row| !is_in(row, &left.rejected))
        });
    if let Some(row) = only_one {
        let event = serde_json::Value::Object(lab.sample.event(*row).columns);
        let what = format!("{what}: only one of them rejects {event}");
        return Some(Violation::of(what));
    }
    let lonely =
        |one: &Folded, other: &Folded| one.keys.iter().position(|key| other.find(key).is_none());
    if let Some(row) = lonely(left, right) {
        return Some(Violation {
            key: Some(row_json::row(&left.key_columns, row)),
            left: Some(row_json::row(&left.states, row)),
            ..Violation::of(format!("{what}: a key that the other does not have"))
        });
    }
    if let Some(row) = lonely(right, left) {
        return Some(Violation {
            key: Some(row_json::row(&right.key_columns, row)),
            right: Some(row_json::row(&right.states, row)),
            ..Violation::of(format!("{what}: a key that the other does not have"))
        });
    }
    let (left_images, right_images) = (
        lab.images(&left.states).ok()?,
        lab.images(&right.states).ok()?,
    );
    let row = (0..left.keys.len()).find(|row| left_images.row(*row) != right_images.row(*row))?;
    Some(Violation {
        key: Some(row_json::row(&left.key_columns, row)),
        ..differing(what.into(), &left.states, row, &right.states, row)
    })
}

impl Violation {
    pub(super) fn of(what: String) -> Violation {
        Violation {
            what,
            key: None,
            left: None,
            right: None,
            states: Vec::new(),
            cause: None,
        }
    }
}

fn differing(
    what: String,
    left: &RecordBatch,
    left_row: usize,
    right: &RecordBatch,
    right_row: usize,
) -> Violation {
    Violation {
        left: Some(row_json::row(left, left_row)),
        right: Some(row_json::row(right, right_row)),
        ..Violation::of(what)
    }
}

fn failed(what: String, error: GuestError) -> Violation {
    Violation {
        cause: Some(error),
        ..Violation::of(what)
    }
}
