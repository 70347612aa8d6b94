//! The search for the records on which a component fails.
//!
//! Rows are folded in order, part after part, each on an instance that holds nothing else. If a part fails, its front is
//! folded next. If that front succeeds, the rest is known to hold the culprit without being folded. A front that fails
//! costs a fresh instance; a front that succeeds counts, and costs little. So the front is a quarter of the rows, or the
//! first row of a few. If the fuel tells about where the culprit is, the front ends shortly before that row; the next one
//! ends shortly after it; and the rows near it are folded one by one.
//!
//! So a culprit costs a few failures, whatever the size of the batch, and `k` culprits cost `k` times as many.

use std::ops::Range;

/// A search in one batch: which rows to fold next.
///
/// In the end each row was folded by exactly one fold that succeeded, or is a culprit.
#[derive(Debug)]
pub(super) struct Search {
    /// The first row that is not settled yet.
    at: usize,
    /// The end of the rows from `at` that are known to fail together.
    failed: Option<usize>,
    /// The row that is probably the culprit.
    hint: Option<Hint>,
    /// The number of unknown rows to fold at a time: culprits are mostly as far apart as the last ones.
    stride: usize,
    /// The row after the last culprit.
    searched_from: usize,
    rows: usize,
}

#[derive(Clone, Copy, Debug)]
struct Hint {
    row: usize,
    /// Whether the rows before this one are settled.
    is_near: bool,
}

/// The most rows of a part that is folded row by row.
const SHORT_ROWS: usize = 16;

/// The fewest unknown rows to fold at a time.
const LEAST_STRIDE: usize = 256;

/// Rows to fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) rows: Range<usize>,
    /// Whether the probe is one row that is the culprit if it fails. Such a row must be folded on a fresh instance, with
    /// the fuel of the limits.
    pub(super) alone: bool,
}

/// The part of the rows that may have caused a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// At least one of them is at fault.
    Some,
    /// The rows may be too many at once.
    Size,
}

impl Search {
    /// A search in a batch of this many rows.
    pub(super) fn new(rows: usize) -> Self {
        Search {
            at: 0,
            failed: None,
            hint: None,
            stride: rows,
            searched_from: 0,
            rows,
        }
    }

    /// A search in a batch that failed when all of it was folded, without other batches.
    pub(super) fn of_failed(rows: usize) -> Self {
        Search {
            failed: Some(rows),
            ..Search::new(rows)
        }
    }

    /// A search in a batch whose rows may be too many at once.
    pub(super) fn of_too_many(rows: usize) -> Self {
        Search {
            stride: rows.div_ceil(2),
            ..Search::new(rows)
        }
    }

    /// The rows to fold next; `None` when all are settled.
    pub(super) fn next(&self) -> Option<Probe> {
        if self.at == self.rows {
            return None;
        }
        let length = match self.failed {
            None => self.stride.min(self.rows - self.at),
            Some(failed) => self.front(failed - self.at),
        };
        Some(Probe {
            rows: self.at..self.at + length,
            alone: self.failed == Some(self.at + 1),
        })
    }

    /// The number of rows to fold next, of `rows` rows that fail together.
    fn front(&self, rows: usize) -> usize {
        if rows <= SHORT_ROWS {
            return 1;
        }
        let quarter = rows.div_ceil(4);
        let Some(hint) = self.hint else {
            return quarter;
        };
        let before = hint.row.saturating_sub(self.at);
        let front = match hint.is_near {
            _ if before <= SHORT_ROWS => 1,
            false => before - before / 16,
            true => 2 * before + 2,
        };
        if front < rows { front } else { quarter }
    }

    /// Notes that `probe` succeeded. Returns whether rows that fail together have been folded one by one without a
    /// failure.
    pub(super) fn succeeded(&mut self, probe: &Probe) -> bool {
        self.at = probe.rows.end;
        if self.failed.is_none() {
            self.stride = self.stride.saturating_mul(2);
        }
        if self.failed == Some(self.at) {
            self.failed = None;
        }
        // Rows are folded one by one for a few rows after the place at which the culprit was expected.
        let is_row = probe.rows.len() == 1;
        self.hint = self
            .hint
            .filter(|hint| match is_row {
                true => self.at <= hint.row + SHORT_ROWS,
                false => !hint.is_near && self.at <= hint.row,
            })
            .map(|hint| Hint {
                is_near: true,
                ..hint
            });
        probe.alone
    }

    /// Notes that `probe` failed, after about this many rows if that is known. Returns the culprit if it was alone.
    pub(super) fn failed(
        &mut self,
        probe: &Probe,
        blame: Blame,
        after_rows: Option<usize>,
    ) -> Option<usize> {
        self.hint = after_rows.map(|rows| Hint {
            row: self.at + rows,
            is_near: false,
        });
        if probe.alone {
            self.stride = (2 * (self.at - self.searched_from)).max(LEAST_STRIDE);
            self.at = probe.rows.end;
            self.searched_from = self.at;
            self.failed = None;
            return Some(probe.rows.start);
        }
        let length = probe.rows.len();
        if blame == Blame::Size && length > 1 {
            self.stride = length.div_ceil(2);
            self.failed = None;
        } else {
            self.failed = Some(probe.rows.end);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Searches where exactly the rows of `poison` fail; the culprits, the rows folded, and how many folds failed.
    fn search(
        mut search: Search,
        poison: &BTreeSet<usize>,
        most_rows: usize,
        hint: impl Fn(usize) -> Option<usize>,
    ) -> (BTreeSet<usize>, Vec<usize>, usize) {
        let (mut culprits, mut folded, mut failures) = (BTreeSet::new(), Vec::new(), 0);
        while let Some(probe) = search.next() {
            assert!(!probe.rows.is_empty());
            let is_poisoned = poison.range(probe.rows.clone()).next().is_some();
            if is_poisoned || probe.rows.len() > most_rows {
                failures += 1;
                let blame = if is_poisoned {
                    Blame::Some
                } else {
                    Blame::Size
                };
                let first = poison.range(probe.rows.clone()).next();
                let after_rows = first.and_then(|row| hint(row - probe.rows.start));
                culprits.extend(search.failed(&probe, blame, after_rows));
            } else {
                assert!(!search.succeeded(&probe));
                folded.extend(probe.rows);
            }
        }
        (culprits, folded, failures)
    }

    #[test]
    fn one_culprit_among_many_is_found_by_few_folds() {
        for row in [0, 1, 4095, 4096, 8191] {
            type Guess = fn(usize) -> Option<usize>;
            let guesses: [(usize, Guess); 5] = [
                (10, |_| None),
                (4, Some),
                (4, |rows| Some(rows + 2)),
                (6, |rows| Some(rows + rows / 30)),
                (10, |rows| Some(rows + 10_000)),
            ];
            for (most_failures, guess) in guesses {
                let poison = BTreeSet::from([row]);
                let begun = Search::of_failed(8192);
                let (culprits, folded, failures) = search(begun, &poison, 8192, guess);
                assert_eq!((culprits, folded.len()), (poison, 8191));
                assert!(failures <= most_failures, "{failures} at {row}");
            }
        }
    }

    #[test]
    fn rows_that_fail_only_together_end_and_are_reported() {
        let mut search = Search::of_failed(100);
        let mut odd = 0;
        while let Some(probe) = search.next() {
            if probe.rows.contains(&50) && probe.rows.len() > 1 {
                assert_eq!(search.failed(&probe, Blame::Some, None), None);
            } else {
                odd += usize::from(search.succeeded(&probe));
            }
        }
        assert_eq!(odd, 1);
    }

    proptest! {
        #[test]
        fn each_row_is_folded_once_in_order_or_a_culprit(
            rows in 1_usize..300,
            poison in prop::collection::btree_set(0_usize..300, 0..20),
            most_rows in 1_usize..300,
            known in any::<bool>(),
            hints in prop::option::of(0_usize..400),
        ) {
            let poison: BTreeSet<_> = poison.into_iter().filter(|row| *row < rows).collect();
            let fails = !poison.is_empty() || rows > most_rows;
            let begun = match (known, fails) {
                (true, _) if !poison.is_empty() => Search::of_failed(rows),
                (true, true) => Search::of_too_many(rows),
                _ => Search::new(rows),
            };
            let (culprits, folded, failures) = search(begun, &poison, most_rows, |_| hints);
            prop_assert_eq!(&culprits, &poison);
            let others: Vec<_> = (0..rows).filter(|row| !poison.contains(row)).collect();
            prop_assert_eq!(folded, others);
            if most_rows >= rows {
                // A hint that is wrong costs a fold or two at each step.
                let each = 3 * (rows.ilog2() as usize + 3);
                prop_assert!(failures <= poison.len() * each, "{} failures", failures);
            }
            // What is known to be too many is not tried.
            prop_assert!(failures == 0 || fails);
            prop_assert!(failures > 0 || !fails || known);
        }
    }
}
