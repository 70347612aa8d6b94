//! A worker: splits in, checkpoints out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

use super::checkpoint::{Checkpoint, CheckpointSink, FoldedSplit};
use super::error::FoldError;
use super::offsets::Claims;
use super::quarantine::SplitQuarantine;
use super::run::{RunFile, write_run};
use super::table::StateTable;
use crate::decode::{DecodeError, Decoding, Events, Piece, Provenance, Rejected};
use crate::guest::{Drained, GuestError, Refused, Suspect, Window};
use crate::progress::Progress;
use crate::scan::ScanError;

/// How much is taken from the feed at once, so that whoever feeds is woken once for all of it.
const FED_AT_ONCE: usize = 8;

/// What a worker is fed.
#[derive(Debug)]
pub enum Feed {
    /// The split with this number begins.
    Split(u64),
    /// A piece of the split.
    Piece(Piece),
    /// The split was delivered whole.
    SplitEnd,
    /// The split could not be delivered.
    Failed(ScanError),
}

impl From<Piece> for Feed {
    fn from(piece: Piece) -> Self {
        Feed::Piece(piece)
    }
}

/// What a worker works with.
pub struct Worker {
    decoding: Decoding,
    window: Window,
    table: StateTable,
    settings: WorkerSettings,
    sink: Arc<dyn CheckpointSink>,
    progress: Arc<Progress>,
    split: Option<OpenSplit>,
    checkpoint: Checkpoint,
    since_checkpoint: Instant,
    /// The digest of the component.
    component: Arc<str>,
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Where runs go.
    pub runs: PathBuf,
    /// Where rejected records go.
    pub quarantine: PathBuf,
    /// Memory for states.
    pub budget_bytes: usize,
    /// What a batch of a run may take.
    pub run_batch_bytes: usize,
    /// How long to fold before a run is written.
    pub checkpoint_interval: Duration,
    /// The job's limit on rejected records, of all workers together.
    pub stop_after_rejected: u64,
    /// Whether states may be combined in any order. Where not, each split becomes a run of its own.
    pub commutative: bool,
    /// What all workers of the build have read of topics.
    pub claims: Arc<Claims>,
}

/// The split at hand.
struct OpenSplit {
    folded: FoldedSplit,
    quarantine: SplitQuarantine,
    began: Instant,
    batches: u64,
}

impl Worker {
    /// A worker with nothing done.
    pub fn new(
        decoding: Decoding,
        mut window: Window,
        table: StateTable,
        settings: WorkerSettings,
        sink: Arc<dyn CheckpointSink>,
        progress: Arc<Progress>,
    ) -> Self {
        Worker {
            component: window.instance().component().digest().into(),
            decoding,
            window,
            table,
            settings,
            sink,
            progress,
            split: None,
            checkpoint: Checkpoint::default(),
            since_checkpoint: Instant::now(),
        }
    }

    /// Folds what it is fed until the feed ends, checkpointing on the way and at the end.
    ///
    /// # Errors
    /// After an error nothing since the last checkpoint is of use. A feed that ends within a split is
    /// [`FoldError::Interrupted`].
    pub fn run(mut self, mut feed: Receiver<Feed>) -> Result<(), FoldError> {
        let mut fed = Vec::with_capacity(FED_AT_ONCE);
        loop {
            let waiting = Instant::now();
            if feed.blocking_recv_many(&mut fed, FED_AT_ONCE) == 0 {
                break;
            }
            self.checkpoint.times.wait += micros_since(waiting);
            for next in fed.drain(..) {
                self.take(next)?;
            }
        }
        if self.split.is_some() {
            return Err(FoldError::Interrupted);
        }
        self.write_checkpoint()
    }

    fn take(&mut self, fed: Feed) -> Result<(), FoldError> {
        let pushed = match fed {
            Feed::Split(number) => {
                self.begin_split(number);
                return Ok(());
            }
            Feed::SplitEnd => return self.end_split(),
            Feed::Piece(piece) => self.push(piece),
            Feed::Failed(error) => return Err(FoldError::in_split(self.split_number(), error)),
        };
        self.decode(pushed)
    }

    fn push(&mut self, piece: Piece) -> Result<(), DecodeError> {
        match &piece {
            Piece::Chunk(_) => {}
            Piece::Inflated(inflated) => self.checkpoint.times.inflate += micros(inflated.spent()),
            Piece::RowGroup(group) => {
                let unread = group.unread_bytes();
                self.progress
                    .bytes_done
                    .fetch_add(unread, Ordering::Relaxed);
            }
        }
        self.decoding.push(piece)
    }

    /// Decodes and folds what was pushed, as far as it reaches.
    fn decode(&mut self, pushed: Result<(), DecodeError>) -> Result<(), FoldError> {
        pushed.map_err(|source| self.cannot_decode(source))?;
        loop {
            let began = Instant::now();
            let events = self.decoding.next();
            self.count_decoding(began);
            match events.map_err(|source| self.cannot_decode(source))? {
                Some(events) => self.fold(events)?,
                None => return Ok(()),
            }
        }
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
        let times = &mut self.checkpoint.times;
        times.inflate += micros(spent.inflate);
        times.index += micros(spent.index);
        times.decode += micros(all.saturating_sub(spent.inflate + spent.index));
    }

    fn split_number(&self) -> u64 {
        self.split.as_ref().map_or(0, |split| split.folded.split)
    }

    fn begin_split(&mut self, number: u64) {
        self.split = Some(OpenSplit {
            folded: FoldedSplit {
                split: number,
                ..FoldedSplit::default()
            },
            quarantine: self.quarantine(number),
            began: Instant::now(),
            batches: 0,
        });
    }

    fn quarantine(&self, split: u64) -> SplitQuarantine {
        SplitQuarantine::new(&self.settings.quarantine, split, self.component.clone())
    }

    /// Folds a batch of the split at hand.
    fn fold(&mut self, mut events: Events) -> Result<(), FoldError> {
        let claims = &self.settings.claims;
        claims.take_out_repeated(&mut events, &mut self.checkpoint.offsets)?;
        let Some(split) = &mut self.split else {
            return Ok(());
        };
        self.progress.add(&events.counts);
        split.folded.counts += events.counts;
        for rejected in &events.rejected {
            split.quarantine.add(rejected)?;
        }
        let (number, batch) = (split.folded.split, split.batches);
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
        self.checkpoint.times.fold += micros_since(began);
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
                Some(split) if split.folded.split == one.split => {
                    split.quarantine.add_refused(one)?;
                    split.folded.rejected_by_component += 1;
                }
                _ => self.keep_late(one)?,
            }
            self.progress.rejected.fetch_add(1, Ordering::Relaxed);
        }
        match refused.last() {
            Some(last) => self.check_rejected(&last.record),
            None => Ok(()),
        }
    }

    /// Keeps a refused record of a split that was read to its end, but is in no checkpoint yet.
    fn keep_late(&mut self, refused: &Refused) -> Result<(), FoldError> {
        let mut quarantine = self.quarantine(refused.split);
        let mut ended = self.checkpoint.splits.iter_mut().rev();
        if let Some(folded) = ended.find(|folded| folded.split == refused.split) {
            if folded.counts.rejected + folded.rejected_by_component > 0 {
                quarantine = quarantine.going_on();
            }
            folded.rejected_by_component += 1;
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

    /// Moves what the component accumulated into the table, and the table into a run where it is full.
    fn drain(&mut self) -> Result<(), FoldError> {
        loop {
            let began = Instant::now();
            let drained = self.window.drain();
            let took = micros_since(began);
            match drained.map_err(|source| self.cannot_drain(source))? {
                Some(Drained::Partials(partials)) => {
                    self.checkpoint.times.drain += took;
                    let began = Instant::now();
                    self.table.absorb(&partials, self.window.instance())?;
                    self.checkpoint.times.absorb += micros_since(began);
                    if self.table.memory_bytes() >= self.settings.budget_bytes {
                        self.spill()?;
                    }
                }
                Some(Drained::Refused(refused)) => {
                    self.checkpoint.times.fold += took;
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
        let first_split = self
            .checkpoint
            .splits
            .first()
            .map_or(self.split_number(), |first| first.split);
        let name = run_name(first_split, self.checkpoint.runs.len());
        let schema = self.window.instance().descriptor().state_schema();
        let (folder, batch_bytes) = (&self.settings.runs, self.settings.run_batch_bytes);
        let run: RunFile = write_run(folder, &name, &mut self.table, &schema, batch_bytes)?;
        self.progress
            .rows_total
            .fetch_add(run.rows, Ordering::Relaxed);
        self.checkpoint.runs.push(run);
        self.checkpoint.times.write += micros_since(began);
        Ok(())
    }

    fn end_split(&mut self) -> Result<(), FoldError> {
        let began = Instant::now();
        let rest = self.decoding.finish();
        self.count_decoding(began);
        if let Some(events) = rest.map_err(|source| self.cannot_decode(source))? {
            self.fold(events)?;
        }
        let Some(mut split) = self.split.take() else {
            return Ok(());
        };
        split.folded.micros = micros_since(split.began);
        split.quarantine.finish()?;
        self.checkpoint.splits.push(split.folded);
        self.progress.splits_done.fetch_add(1, Ordering::Relaxed);
        let due = self.since_checkpoint.elapsed() >= self.settings.checkpoint_interval;
        if due || !self.settings.commutative {
            self.write_checkpoint()
        } else {
            Ok(())
        }
    }

    /// Makes all that was folded since the checkpoint before durable.
    fn write_checkpoint(&mut self) -> Result<(), FoldError> {
        self.drain()?;
        self.spill()?;
        let checkpoint = std::mem::take(&mut self.checkpoint);
        self.since_checkpoint = Instant::now();
        if checkpoint.splits.is_empty() {
            return Ok(());
        }
        tracing::debug!(
            splits = checkpoint.splits.len(),
            runs = checkpoint.runs.len(),
            "checkpoint"
        );
        self.sink.commit(checkpoint)
    }
}

/// The name of a run: names sort as the source does, by the first split and then by the part of what came of it. Neither
/// has more digits than these on any machine.
fn run_name(first_split: u64, part: usize) -> String {
    format!("{first_split:010}-{part:010}.arrow")
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

fn micros_since(began: Instant) -> u64 {
    micros(began.elapsed())
}

fn micros(time: Duration) -> u64 {
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
