//! Folding a window again after a failure, so that every good record counts and every bad one is known.
//!
//! Each batch of the window is folded again in its order, whole if that works, and drained at once: what an
//! instance has accumulated when it fails is lost, so nothing is left in one that might. A batch that cannot be folded
//! or drained is [searched](super::search) for the records at fault. What a drain gave counts once all of it is there:
//! a record that is at fault for one of its keys must not be found under another.

use std::collections::VecDeque;

use super::drained::Partials;
use super::drainer::Drainer;
use super::refused::Refused;
use super::search::{Blame, Probe, Search};
use super::{Call, GuestError, Instance, RowRejection};
use crate::decode::Events;

/// How often a worker may meet a batch that fails, but of which every record can be folded when it is alone. Once is
/// bad luck that costs time only; a component that goes on so keeps something from record to record.
const MOST_TOGETHER: u32 = 16;

/// How many records in a row may each make a drain that goes on for ever: then it is the component that does so.
const MOST_ENDLESS: u32 = 4;

/// The fuel of a probe of many rows: so much, and so many times what a row took so far. A probe that needs more is
/// cut in half, which is cheaper than to wait for an endless loop to use up all that it may have; only a record that
/// is alone has that.
const PROBE_FUEL: u64 = 100_000_000;
const PROBE_FUEL_TIMES: u64 = 20;

/// The fuel of a row as long as nothing is known of it.
const USUAL_FUEL: u64 = 1_000;

/// A batch of a window.
pub(super) struct Kept {
    /// The split that it came from.
    pub(super) split: u64,
    /// Its number within the split.
    pub(super) number: u64,
    pub(super) events: Events,
    /// The rows that the component rejected when it folded the batch; `None` where it failed.
    pub(super) rejected: Option<Vec<u32>>,
}

/// The batches that are to be folded again.
pub(super) struct Isolation {
    batches: VecDeque<Kept>,
    search: Search,
    /// The first failure of the batch at hand.
    first: Option<String>,
    /// Whether rows failed for want of fuel that they would have had if they had been alone.
    is_starved: bool,
}

/// What became of the next rows.
pub(super) enum Step {
    /// They were folded and drained. Of them these were rejected, and were not before.
    Folded {
        refused: Vec<Refused>,
        partials: Vec<Partials>,
    },
    /// They failed, and the instance is gone. If it was one record alone, this is it.
    Failed(Option<Box<Refused>>),
}

/// What a worker learns from one isolation for the next.
#[derive(Debug, Default)]
pub(super) struct Experience {
    /// How often no record was at fault.
    together: u32,
    /// Records, one after the other, each of which made an endless drain.
    endless: u32,
    fuel: u64,
    rows: u64,
}

impl Experience {
    /// Notes how much fuel rows took that were folded.
    pub(super) fn folded(&mut self, rows: usize, fuel: u64) {
        self.rows += rows as u64;
        self.fuel = self.fuel.saturating_add(fuel);
    }

    /// What a row took so far.
    fn row_fuel(&self) -> Option<u64> {
        self.fuel.checked_div(self.rows)
    }

    /// About how many rows so much fuel is enough for.
    fn rows_folded(&self, fuel: u64) -> Option<usize> {
        let rows = fuel.checked_div(self.row_fuel()?)?;
        usize::try_from(rows).ok()
    }

    /// The fuel of a probe of so many rows.
    fn probe_fuel(&self, rows: usize) -> u64 {
        let row = self.row_fuel().unwrap_or(0).max(USUAL_FUEL);
        PROBE_FUEL
            + PROBE_FUEL_TIMES
                .saturating_mul(row)
                .saturating_mul(rows as u64)
    }
}

impl Isolation {
    /// To fold `batches` again, of which there is at least one. The last of them failed on an instance that had
    /// folded the others, or all of them when they were drained.
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

    /// The batch at hand.
    pub(super) fn batch(&self) -> Option<&Kept> {
        self.batches.front()
    }

    /// The next rows; `None` once all was folded again.
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

    /// Folds the rows of `probe`, which is [next](Self::next), and drains what came of them. The instance must hold
    /// nothing, and be fresh if the probe is a record alone; it is dead afterwards if the step is a failure.
    ///
    /// # Errors
    /// Those that cannot be laid on a record; and where no record is at fault too often.
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
                // Where a fold fails tells of the record, where a drain fails does not.
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

    /// Counts a batch none of whose records is at fault.
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

    /// The rows of `probe` that were rejected just now. Where the batch was folded before they were told then, and
    /// must be the same.
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
