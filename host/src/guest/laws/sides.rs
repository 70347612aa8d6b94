//! The two sides of an equation on states, evaluated by a component.

use arrow_array::RecordBatch;

use super::equation::Equation;
use super::lab::{Lab, pick};
use crate::guest::{Call, GuestError};

/// Evaluates both sides of an equation on states, row by row. `None` if the calls only have to succeed.
pub(super) fn evaluate(
    equation: Equation,
    lab: &mut Lab<'_>,
    operands: &[RecordBatch],
) -> Result<Option<(RecordBatch, RecordBatch)>, GuestError> {
    let rows = operands.first().map_or(0, RecordBatch::num_rows);
    let sides = match (equation, operands) {
        (Equation::LeftIdentity, [a]) => {
            let identity = lab.identities(rows)?;
            (lab.combine(&identity, a)?, a.clone())
        }
        (Equation::RightIdentity, [a]) => {
            let identity = lab.identities(rows)?;
            (lab.combine(a, &identity)?, a.clone())
        }
        (Equation::CombineAgain, [a, b]) => (lab.combine(a, b)?, lab.combine(a, b)?),
        (Equation::PresentAgain, [a]) => (lab.present(a)?, lab.present(a)?),
        (Equation::Associative, [a, b, c]) => {
            let (ab, bc) = (lab.combine(a, b)?, lab.combine(b, c)?);
            (lab.combine(&ab, c)?, lab.combine(a, &bc)?)
        }
        (Equation::Commutative, [a, b]) => (lab.combine(a, b)?, lab.combine(b, a)?),
        (Equation::Settled, [a, b]) => {
            let (ab, identity) = (lab.combine(a, b)?, lab.identities(rows)?);
            (lab.combine(&identity, &ab)?, ab)
        }
        (Equation::RowByRow, [a, b]) => {
            let backwards: Vec<u32> = (0..rows as u32).rev().collect();
            let turn = |batch: &RecordBatch| pick(batch, &backwards, Call::Combine);
            let turned = lab.combine(&turn(a)?, &turn(b)?)?;
            (lab.combine(a, b)?, turn(&turned)?)
        }
        (Equation::Presented, [a]) => {
            lab.present(a)?;
            return Ok(None);
        }
        (Equation::PresentedCombined, [a, b]) => {
            let ab = lab.combine(a, b)?;
            lab.present(&ab)?;
            return Ok(None);
        }
        _ => unreachable!(
            "{equation:?} is not an equation on {} states",
            operands.len()
        ),
    };
    Ok(Some(sides))
}
