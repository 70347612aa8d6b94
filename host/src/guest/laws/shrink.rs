//! Fewer events that still break an equation.

use super::pool::Made;

/// The fixed cost of a call of `is_broken`, as a number of folded events.
const CALL_EVENTS: usize = 100;

/// Removes events from the operands as long as `is_broken` holds: halves first, then ever smaller parts, down to single
/// events. All calls of `is_broken` together cost about `budget` events.
pub(super) fn shrink(
    mut operands: Vec<Made>,
    mut budget: usize,
    mut is_broken: impl FnMut(&[Made]) -> bool,
) -> Vec<Made> {
    for at in 0..operands.len() {
        let mut length = operands[at].rows.len().div_ceil(2);
        while length > 0 {
            let mut from = 0;
            while from < operands[at].rows.len() {
                let events: usize = operands.iter().map(|operand| operand.rows.len()).sum();
                let Some(left) = budget.checked_sub(events + CALL_EVENTS) else {
                    return operands;
                };
                budget = left;
                let mut fewer = operands.clone();
                let end = (from + length).min(fewer[at].rows.len());
                fewer[at].rows.drain(from..end);
                if is_broken(&fewer) {
                    operands = fewer;
                } else {
                    from = end;
                }
            }
            length = if length == 1 { 0 } else { length.div_ceil(2) };
        }
    }
    operands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(rows: impl IntoIterator<Item = u32>) -> Made {
        Made {
            rows: rows.into_iter().collect(),
            key: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_needed_stays() {
        let whole = vec![made(0..1_000), made(1_000..2_000)];
        let mut tries = 0;
        let least = shrink(whole, 100_000, |operands| {
            tries += 1;
            operands[0].rows.contains(&17)
                && operands[0].rows.contains(&901)
                && operands[1].rows.len() >= 3
        });
        assert_eq!(least[0].rows, [17, 901]);
        assert_eq!(least[1].rows.len(), 3);
        assert!(tries < 150, "{tries}");
    }

    #[test]
    fn it_ends_with_what_it_has() {
        let least = shrink(vec![made(0..100)], 250, |operands| {
            !operands[0].rows.is_empty()
        });
        assert_eq!(least[0].rows.len(), 50);
    }
}
