//! A counterexample, described with all that it was made from.

use super::equation::Equation;
use super::lab::Lab;
use super::pool::Made;
use super::report::{Checked, Counterexample, Operand};
use super::violation::Violation;
use crate::guest::Instance;
use crate::row_json;

/// A broken case, with the events that its states were made from.
pub(super) fn describe(
    lab: &mut Lab<'_>,
    params: &[(String, String)],
    equation: Equation,
    made: &[Made],
    violation: Violation,
) -> Counterexample {
    let mut states = violation.states.into_iter();
    let mut operands = Vec::new();
    for (name, made) in equation.operands().iter().zip(made) {
        operands.push(Operand {
            name: (*name).into(),
            key: key_of(lab, made),
            state: states.next(),
            events: made.rows.iter().map(|row| lab.sample.event(*row)).collect(),
        });
    }
    Counterexample {
        backfold: env!("CARGO_PKG_VERSION").into(),
        component: checked(lab.instance()),
        params: params.iter().cloned().collect(),
        law: equation.law(),
        equation,
        what: violation.what,
        operands,
        key: violation.key,
        left: violation.left,
        right: violation.right,
        error: violation.cause.as_ref().map(ToString::to_string),
        cause: violation.cause,
    }
}

/// The key of a state as JSON; `None` for events.
fn key_of(lab: &mut Lab<'_>, made: &Made) -> Option<row_json::Row> {
    if made.key.is_empty() {
        return None;
    }
    let folded = lab.fold_whole(&made.rows).ok()?;
    let row = folded.find(&made.key)?;
    Some(row_json::row(&folded.key_columns, row))
}

/// The component of `instance`, for a report.
pub(super) fn checked(instance: &Instance) -> Checked {
    let descriptor = instance.descriptor();
    Checked {
        name: descriptor.name.clone(),
        version: descriptor.version.clone(),
        digest: instance.component().digest(),
    }
}
