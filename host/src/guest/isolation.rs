//! Folding a window again after a failure, so that each good record counts and each bad one is found.
//!
//! Each batch of the window is folded again, in order, and drained at once, since an instance that fails loses what it has
//! accumulated. A batch that cannot be folded or drained is [searched](super::search) for the records at fault. A drain
//! counts only if it is complete: a record at fault for one of its keys must not count under another.

use std::collections::VecDeque;

use super::drained::Partials;
use super::drainer::Drainer;
use super::refused::Refused;
use super::search::{Blame, Probe, Search};
use super::{Call, GuestError, Instance, RowRejection};
use crate::decode::Events;

/// The most batches of a worker that fail although each of their records can be folded alone. One such batch costs only
/// time; a component with more of them keeps data from record to record.
const MOST_TOGETHER: u32 = 16;

/// The most consecutive records after each of which a drain does not end. After that, the component is at fault.
const MOST_ENDLESS: u32 = 4;

/// The fuel of a probe of several rows: a base, plus a multiple of the fuel that a row took so far. A probe that needs
/// more is cut in half, which is cheaper than an endless loop that burns the whole limit. Only a probe of one record has
/// the fuel of the limits.
const PROBE_FUEL: u64 = 100_000_000;
const PROBE_FUEL_TIMES: u64 = 20;

/// The fuel of a row before any was measured.
const USUAL_FUEL: u64 = 1_000;

/// A batch of a window.
pub(super) struct Kept {
    /// The split that it came from.
    pub(super) split: u64,
    /// The number of the batch within the split.
    pub(super) number: u64,
    pub(super) events: Events,
    /// The rows that the component rejected when it folded the batch; `None` if it failed.
    pub(super) rejected: Option<Vec<u32>>,
}

/// The batches that are to be folded again.
pub(super) struct Isolation {
    batches: VecDeque<Kept>,
    search: Search,
    /// The first failure of the current batch.
    first: Option<String>,
    /// Whether rows ran out of fuel that each of them would have had alone.
    is_starved: bool,
}

/// The result of folding a probe.
pub(super) enum Step {
    /// The rows were folded and drained. These of them were rejected, and had not been before.
    Folded {
        refused: Vec<Refused>,
        partials: Vec<Partials>,
    },
    /// The rows failed, and the instance is dead. If the probe was one record alone, this is the record.
    Failed(Option<Box<Refused>>),
}

/// The figures that a worker keeps from one isolation to the next.
#[derive(Debug, Default)]
pub(super) struct Experience {
    /// The number of failed batches in which no record was at fault.
    together: u32,
    /// The number of consecutive records after each of which a drain did not end.
    endless: u32,
    fuel: u64,
    rows: u64,
}

impl Experience {
    /// Notes the fuel that some rows took.
    pub(super) fn folded(&mut self, rows: usize, fuel: u64) {
        self.rows += rows as u64;
        self.fuel = self.fuel.saturating_add(fuel);
    }

    /// The fuel that a row took so far.
    fn row_fuel(&self) -> Option<u64> {
        self.fuel.checked_div(self.rows)
    }

    /// About the number of rows for which this much fuel is enough.
    fn rows_folded(&self, fuel: u64) -> Option<usize> {
        let rows = fuel.checked_div(self.row_fuel()?)?;
        usize::try_from(rows).ok()
    }

    /// The fuel of a probe of this many rows.
    fn probe_fuel(&self, rows: usize) -> u64 {
        let row = self.row_fuel().unwrap_or(0).max(USUAL_FUEL);
        PROBE_FUEL
            + PROBE_FUEL_TIMES
                .saturating_mul(row)
                .saturating_mul(rows as u64)
    }
}

impl Isolation {
    /// An isolation that folds `batches` again, at least one. The last of them failed on an instance that had folded
    /// the others, or all of them failed when they were drained.
    pub(super) fn new(batches: Vec<Kept>, failure: &GuestError) -> Self {
        let batches = VecDeque::from(batches);
        let blame = failure.blame().filter(|_| batches.len() == 1);
        let rows = batches.front().map_or(0, Kept::rows);
        Isolation {
            batches,
            search: match blame {
                Some(Blame::Some) => Search::of_failed(rows),
                Some(Blame::Size) => Search::of_too_many(rows),
                None => Search::new(rows),
            },
            first: blame.map(|_| failure.to_string()),
            is_starved: false,
        }
    }

    /// The current batch.
    pub(super) fn batch(&self) -> Option<&Kept> {
        self.batches.front()
    }

    /// The next rows to fold; `None` after the last.
    pub(super) fn next(&mut self) -> Option<Probe> {
        loop {
            if let Some(probe) = self.search.next() {
                return Some(probe);
            }
            self.batches.pop_front()?;
            self.first = None;
            self.search = Search::new(self.batches.front()?.rows());
        }
    }

    /// Folds the rows of `probe`, which is [next](Self::next), and drains them. The accumulator of the instance must be
    /// empty, and the instance must be fresh if the probe is a record alone. After a failure the instance is dead.
    ///
    /// # Errors
    /// If no record can be at fault, or if there are too many batches without a record at fault.
    pub(super) fn step(
        &mut self,
        probe: &Probe,
        instance: &mut Instance,
        drainer: &mut Drainer,
        experience: &mut Experience,
    ) -> Result<Step, GuestError> {
        let Some(batch) = self.batches.front() else {
            return Ok(Step::Folded {
                refused: Vec::new(),
                partials: Vec::new(),
            });
        };
        let rows = probe.rows.len();
        let most_fuel = match probe.alone {
            true => u64::MAX,
            false => experience.probe_fuel(rows),
        };
        let used_before = instance.fuel_used();
        let events = batch.events.batch.slice(probe.rows.start, rows);
        let folded = instance.fold_within(&events, most_fuel);
        let fuel = instance.fuel_used() - used_before;
        let drained =
            folded.and_then(|rejections| Ok((rejections, drainer.drain(instance, most_fuel)?)));
        match drained {
            Ok((rejections, partials)) => {
                experience.folded(rows, fuel);
                experience.endless = 0;
                let refused = batch.new_rejections(probe, rejections)?;
                let is_odd = self.search.succeeded(probe);
                if is_odd && !std::mem::take(&mut self.is_starved) {
                    self.note_together(experience)?;
                }
                Ok(Step::Folded { refused, partials })
            }
            Err(error) => {
                let Some(blame) = error.blame() else {
                    return Err(error);
                };
                if probe.alone && matches!(error, GuestError::EndlessDrain { .. }) {
                    experience.endless += 1;
                    if experience.endless == MOST_ENDLESS {
                        return Err(error);
                    }
                }
                self.is_starved |= !probe.alone && matches!(error, GuestError::OutOfFuel { .. });
                // The fuel at which a fold fails points to the record; that of a drain does not.
                let is_fold = error.call() == Some(Call::Fold);
                let after_rows = experience.rows_folded(fuel).filter(|_| is_fold);
                let fuel = instance.fuel_used() - used_before;
                let culprit = self.search.failed(probe, blame, after_rows);
                let refused = culprit
                    .filter(|row| !batch.was_rejected(*row))
                    .map(|row| Box::new(batch.failed(row, &error, fuel)));
                if probe.alone {
                    self.is_starved = false;
                }
                self.first.get_or_insert_with(|| error.to_string());
                Ok(Step::Failed(refused))
            }
        }
    }

    /// Counts a failed batch without a record at fault.
    fn note_together(&self, experience: &mut Experience) -> Result<(), GuestError> {
        let first = self.first.clone().unwrap_or_default();
        tracing::warn!(
            failure = first,
            "the component failed on a batch, and on none of its records when they were alone"
        );
        experience.together += 1;
        if experience.together > MOST_TOGETHER {
            return Err(GuestError::OnlyTogether {
                times: experience.together,
                first,
            });
        }
        Ok(())
    }
}

impl Kept {
    fn rows(&self) -> usize {
        self.events.batch.num_rows()
    }

    fn was_rejected(&self, row: usize) -> bool {
        let rejected = self.rejected.as_deref().unwrap_or_default();
        rejected.binary_search(&(row as u32)).is_ok()
    }

    fn failed(&self, row: usize, error: &GuestError, fuel: u64) -> Refused {
        Refused::failed(self.split, &self.events, row, error, fuel)
    }

    /// The rows of `probe` that were rejected now and are not reported yet. If the batch was folded before, the same rows
    /// must have been rejected then, and are reported already.
    fn new_rejections(
        &self,
        probe: &Probe,
        rejections: Vec<RowRejection>,
    ) -> Result<Vec<Refused>, GuestError> {
        let first = probe.rows.start as u32;
        let again = rejections.into_iter().map(|one| RowRejection {
            row: one.row + first,
            reason: one.reason,
        });
        let Some(then) = &self.rejected else {
            return Ok(again
                .map(|one| Refused::rejected(self.split, &self.events, one))
                .collect());
        };
        let rejected_now: Vec<u32> = again.map(|one| one.row).collect();
        let within = |row: &&u32| probe.rows.contains(&(**row as usize));
        let rejected_then: Vec<u32> = then.iter().filter(within).copied().collect();
        if rejected_now != rejected_then {
            return Err(GuestError::Unstable {
                rejected_then,
                rejected_now,
            });
        }
        Ok(Vec::new())
    }
}
