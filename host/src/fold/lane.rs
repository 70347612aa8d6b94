//! A lane: the fold of one table within a worker.
//!
//! A lane decodes pieces of a split for its component, folds the events, keeps the partials in a state table and the
//! rejected records in the quarantine, and counts. Lanes of a worker share the bytes of a split, which are read and
//! inflated once, and nothing else: each has its own conditions, range and rejections.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::checkpoint::{SplitCounts, StageTimes};
use super::claims::SplitClaims;
use super::error::FoldError;
use super::quarantine::SplitQuarantine;
use super::run::{RunFile, write_run};
use super::table::StateTable;
use crate::decode::{DecodeError, Decoding, Events, Piece, Provenance, Rejected};
use crate::guest::{Drained, GuestError, Refused, Suspect, Window};
use crate::progress::Progress;

/// How a lane works.
#[derive(Clone, Debug)]
pub struct LaneSettings {
    /// The folder for the runs of the table.
    pub runs: PathBuf,
    /// The folder for the rejected records of the table.
    pub quarantine: PathBuf,
    /// Memory for the states of the lane, in bytes.
    pub budget_bytes: usize,
    /// Memory for a batch of a run, in bytes.
    pub run_batch_bytes: usize,
    /// The job's limit on rejected records, of all lanes of all workers together.
    pub stop_after_rejected: u64,
    /// Whether states may be combined in any order. Where not, each split becomes a run of its own, and a record that
    /// two objects hold is folded twice.
    pub commutative: bool,
}

/// The fold of one table within a worker.
pub struct Lane {
    decoding: Decoding,
    window: Window,
    table: StateTable,
    settings: LaneSettings,
    progress: Arc<Progress>,
    /// The digest of the component.
    component: Arc<str>,
    /// The place of the lane among those of its worker.
    number: usize,
    split: Option<OpenSplit>,
    folded: LaneCheckpoint,
}

/// The split at hand.
struct OpenSplit {
    number: u64,
    counts: SplitCounts,
    quarantine: SplitQuarantine,
    batches: u64,
}

/// The part of a lane in a checkpoint.
#[derive(Debug, Default)]
pub(super) struct LaneCheckpoint {
    /// The splits that were read to their end, in the order in which they were folded.
    pub(super) splits: Vec<(u64, SplitCounts)>,
    /// The runs, in the order of the source.
    pub(super) runs: Vec<RunFile>,
    /// Where the lane's time went.
    pub(super) times: StageTimes,
}

impl Lane {
    /// A lane that has folded nothing.
    pub fn new(
        decoding: Decoding,
        mut window: Window,
        table: StateTable,
        settings: LaneSettings,
        progress: Arc<Progress>,
    ) -> Self {
        Lane {
            component: window.instance().component().digest().into(),
            decoding,
            window,
            table,
            settings,
            progress,
            number: 0,
            split: None,
            folded: LaneCheckpoint::default(),
        }
    }

    /// Sets the place of the lane among those of its worker. The first one counts the records and bytes that are read.
    pub(super) fn set_number(&mut self, number: usize) {
        self.number = number;
    }

    /// Whether the states of the table may be combined in any order.
    pub(super) fn is_commutative(&self) -> bool {
        self.settings.commutative
    }

    /// Begins a split.
    pub(super) fn begin(&mut self, split: u64) {
        self.split = Some(OpenSplit {
            number: split,
            counts: SplitCounts::default(),
            quarantine: self.quarantine(split),
            batches: 0,
        });
    }

    /// Decodes a piece of the split at hand, and folds the events.
    pub(super) fn take(&mut self, piece: Piece, claims: &mut SplitClaims) -> Result<(), FoldError> {
        let pushed = self.decoding.push(piece);
        pushed.map_err(|source| self.cannot_decode(source))?;
        loop {
            let began = Instant::now();
            let events = self.decoding.next();
            self.count_decoding(began);
            match events.map_err(|source| self.cannot_decode(source))? {
                Some(events) => self.fold(events, claims)?,
                None => return Ok(()),
            }
        }
    }

    /// Folds the rest of the split at hand, which was delivered whole.
    pub(super) fn end(&mut self, claims: &mut SplitClaims) -> Result<(), FoldError> {
        let began = Instant::now();
        let rest = self.decoding.finish();
        self.count_decoding(began);
        if let Some(events) = rest.map_err(|source| self.cannot_decode(source))? {
            self.fold(events, claims)?;
        }
        if let Some(split) = self.split.take() {
            split.quarantine.finish()?;
            self.folded.splits.push((split.number, split.counts));
        }
        Ok(())
    }

    /// Writes the states since the checkpoint before as runs, and gives the lane's part of a checkpoint.
    pub(super) fn checkpoint(&mut self) -> Result<LaneCheckpoint, FoldError> {
        self.drain()?;
        self.spill()?;
        Ok(std::mem::take(&mut self.folded))
    }

    fn cannot_decode(&self, source: DecodeError) -> FoldError {
        FoldError::Decode {
            split: self.split_number(),
            source,
        }
    }

    /// Counts the time of a call of the decoder.
    fn count_decoding(&mut self, began: Instant) {
        let (all, spent) = (began.elapsed(), self.decoding.take_spent());
        let times = &mut self.folded.times;
        times.inflate += micros(spent.inflate);
        times.index += micros(spent.index);
        times.decode += micros(all.saturating_sub(spent.inflate + spent.index));
    }

    fn split_number(&self) -> u64 {
        self.split.as_ref().map_or(0, |split| split.number)
    }

    fn quarantine(&self, split: u64) -> SplitQuarantine {
        SplitQuarantine::new(&self.settings.quarantine, split, self.component.clone())
    }

    /// Folds a batch of the split at hand.
    fn fold(&mut self, mut events: Events, claims: &mut SplitClaims) -> Result<(), FoldError> {
        claims.take_out_repeated(self.number, self.settings.commutative, &mut events)?;
        let Some(split) = &mut self.split else {
            return Ok(());
        };
        match self.number {
            0 => self.progress.add(&events.counts),
            // The first lane counts the records and bytes that are read.
            _ => add_rejected(&self.progress, events.counts.rejected),
        }
        split.counts.counts += events.counts;
        split.counts.presence.add(&events.presence);
        for rejected in &events.rejected {
            split.quarantine.add(rejected)?;
        }
        let (number, batch) = (split.number, split.batches);
        split.batches += 1;
        if let Some(last) = events.rejected.last() {
            self.check_rejected(last)?;
        }
        let (provenance, began) = (events.provenance.clone(), Instant::now());
        let refused = self.window.fold(number, batch, events).map_err(|source| {
            let suspect = Suspect {
                split: number,
                batch,
                provenance: provenance.clone(),
            };
            failed_batch(&suspect, source)
        })?;
        drop(provenance);
        self.folded.times.fold += micros_since(began);
        self.keep_refused(&refused)?;
        if self.window.is_due() {
            self.drain()
        } else {
            Ok(())
        }
    }

    /// Puts records that the component refused into the quarantine of their splits.
    fn keep_refused(&mut self, refused: &[Refused]) -> Result<(), FoldError> {
        for one in refused {
            match &mut self.split {
                Some(split) if split.number == one.split => {
                    split.quarantine.add_refused(one)?;
                    split.counts.rejected_by_component += 1;
                }
                _ => self.keep_late(one)?,
            }
            add_rejected(&self.progress, 1);
        }
        match refused.last() {
            Some(last) => self.check_rejected(&last.record),
            None => Ok(()),
        }
    }

    /// Keeps a refused record of a split that was read to its end, but is in no checkpoint yet.
    fn keep_late(&mut self, refused: &Refused) -> Result<(), FoldError> {
        let mut quarantine = self.quarantine(refused.split);
        let mut ended = self.folded.splits.iter_mut().rev();
        if let Some((_, counts)) = ended.find(|(split, _)| *split == refused.split) {
            if counts.rejected() > 0 {
                quarantine = quarantine.going_on();
            }
            counts.rejected_by_component += 1;
        }
        quarantine.add_refused(refused)?;
        quarantine.finish()
    }

    fn check_rejected(&self, last: &Rejected) -> Result<(), FoldError> {
        let rejected = self.progress.rejected.load(Ordering::Relaxed);
        let limit = self.settings.stop_after_rejected;
        if rejected <= limit {
            return Ok(());
        }
        let last = format!("{}: {}", last.position, last.reason);
        Err(FoldError::TooManyRejected {
            rejected,
            limit,
            last,
        })
    }

    /// Moves the partials of the component into the table, and the table into a run where it is full.
    fn drain(&mut self) -> Result<(), FoldError> {
        loop {
            let began = Instant::now();
            let drained = self.window.drain();
            let took = micros_since(began);
            match drained.map_err(|source| self.cannot_drain(source))? {
                Some(Drained::Partials(partials)) => {
                    self.folded.times.drain += took;
                    let began = Instant::now();
                    self.table.absorb(&partials, self.window.instance())?;
                    self.folded.times.absorb += micros_since(began);
                    if self.table.memory_bytes() >= self.settings.budget_bytes {
                        self.spill()?;
                    }
                }
                Some(Drained::Refused(refused)) => {
                    self.folded.times.fold += took;
                    self.keep_refused(&refused)?;
                }
                None => return Ok(()),
            }
        }
    }

    fn cannot_drain(&self, source: GuestError) -> FoldError {
        match self.window.suspect() {
            Some(suspect) => failed_batch(&suspect, source),
            None => FoldError::Merge {
                doing: "while it was drained",
                key: None,
                source,
            },
        }
    }

    /// Writes the table as a run. It counts only with the checkpoint that names it.
    fn spill(&mut self) -> Result<(), FoldError> {
        if self.table.rows() == 0 {
            return Ok(());
        }
        let began = Instant::now();
        let first = self.folded.splits.first();
        let first_split = first.map_or(self.split_number(), |(split, _)| *split);
        let name = run_name(first_split, self.folded.runs.len());
        let schema = self.window.instance().descriptor().state_schema();
        let (folder, batch_bytes) = (&self.settings.runs, self.settings.run_batch_bytes);
        let run: RunFile = write_run(folder, &name, &mut self.table, &schema, batch_bytes)?;
        self.progress
            .rows_total
            .fetch_add(run.rows, Ordering::Relaxed);
        self.folded.runs.push(run);
        self.folded.times.write += micros_since(began);
        Ok(())
    }
}

/// The name of a run: names sort as the source does, by the first split and then by the part. Neither number
/// has more digits than these on any machine.
pub(crate) fn run_name(first_split: u64, part: usize) -> String {
    format!("{first_split:010}-{part:010}.arrow")
}

fn add_rejected(progress: &Progress, records: u64) {
    progress.rejected.fetch_add(records, Ordering::Relaxed);
}

fn failed_batch(suspect: &Suspect, source: GuestError) -> FoldError {
    FoldError::Fold {
        split: suspect.split,
        batch: suspect.batch,
        records: records(&suspect.provenance).into(),
        source,
    }
}

/// The first and the last record of a batch.
fn records(provenance: &Provenance) -> String {
    match provenance.rows() {
        0 => "no records".into(),
        rows => format!(
            "{} to {}",
            provenance.position(0),
            provenance.position(rows - 1)
        ),
    }
}

pub(super) fn micros_since(began: Instant) -> u64 {
    micros(began.elapsed())
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_runs_sort_as_the_source_does() {
        let numbers = [0, 9, 10, 9_999, 10_000, 9_999_999_999];
        let parts = |split: usize| numbers.map(|part| run_name(split as u64, part));
        let names: Vec<_> = numbers.into_iter().flat_map(parts).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
