//! One equation on many cases at a time.

use std::ops::Range;

use arrow_array::RecordBatch;

use super::equation::Equation;
use super::lab::{Lab, pick};
use super::pool::{Case, Pool};
use super::sides::evaluate;
use crate::guest::{Call, GuestError};

/// The number of failed calls that ends a search: each costs an instance.
const MOST_FAILURES: usize = 64;

/// The results of an equation on many cases.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// The number of cases whose both sides were calculated.
    pub(super) tried: u64,
    /// The number of cases that the component refused to combine, as it may.
    pub(super) refused: u64,
    /// The cases in which the equation does not hold.
    pub(super) broken: Vec<Case>,
}

/// Evaluates `equation` on all of `cases`.
///
/// With `may_refuse`, an error that `combine` returns means that the component cannot represent the case. On states of
/// different keys, which no run combines, `combine` may fail in any way.
pub(super) fn search(
    lab: &mut Lab<'_>,
    equation: Equation,
    pool: &Pool,
    cases: &[Case],
    may_refuse: bool,
) -> Result<Searched, GuestError> {
    let mut operands = Vec::new();
    for operand in 0..equation.operands().len() {
        let places: Vec<u32> = cases.iter().map(|case| case.states[operand]).collect();
        operands.push(pick(&pool.states, &places, Call::Combine)?);
    }
    let mut searched = Searched::default();
    let mut failures = 0;
    let mut ranges: Vec<_> = std::iter::once(0..cases.len()).collect();
    while let Some(range) = ranges.pop() {
        if range.is_empty() || failures >= MOST_FAILURES {
            continue;
        }
        match broken_rows(lab, equation, &operands, &range) {
            Ok(broken) => {
                searched.tried += range.len() as u64;
                searched
                    .broken
                    .extend(broken.into_iter().map(|row| cases[row]));
            }
            Err(error) => {
                failures += 1;
                if range.len() > 1 {
                    let middle = range.start + range.len() / 2;
                    ranges.push(middle..range.end);
                    ranges.push(range.start..middle);
                    continue;
                }
                let case = cases[range.start];
                let Some(call) = error.call() else {
                    return Err(error);
                };
                let refuses = equation == Equation::Associative
                    && (!case.same_key
                        || may_refuse && matches!(error, GuestError::Refused { .. }));
                if refuses || !equation.is_broken_by(call) {
                    searched.refused += 1;
                } else {
                    searched.tried += 1;
                    searched.broken.push(case);
                }
            }
        }
    }
    Ok(searched)
}

/// The rows of `range` in which the equation does not hold.
fn broken_rows(
    lab: &mut Lab<'_>,
    equation: Equation,
    operands: &[RecordBatch],
    range: &Range<usize>,
) -> Result<Vec<usize>, GuestError> {
    let operands: Vec<_> = operands
        .iter()
        .map(|operand| operand.slice(range.start, range.len()))
        .collect();
    let Some((left, right)) = evaluate(equation, lab, &operands)? else {
        return Ok(Vec::new());
    };
    let (left, right) = (lab.images(&left)?, lab.images(&right)?);
    let differs = |row: &usize| left.row(*row) != right.row(*row);
    Ok((0..range.len())
        .filter(differs)
        .map(|row| range.start + row)
        .collect())
}
