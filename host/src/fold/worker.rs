//! A worker: splits in, checkpoints out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;

use super::checkpoint::{Checkpoint, CheckpointSink, FoldedSplit, TableCheckpoint};
use super::claims::{Claims, SplitClaims};
use super::error::FoldError;
use super::lane::{Lane, micros, micros_since};
use crate::decode::{DecodeOptions, Inflating, Piece};
use crate::progress::Progress;
use crate::scan::ScanError;

/// How many pieces are taken from the feed at once, so that the feeding task is woken once for all of it.
const FED_AT_ONCE: usize = 8;

/// An item of a worker's feed.
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

/// Folds splits by all of its lanes, one for each table, and makes them durable with one checkpoint for all: a split is
/// folded by all lanes or by none.
pub struct Worker {
    lanes: Vec<Lane>,
    settings: WorkerSettings,
    sink: Arc<dyn CheckpointSink>,
    progress: Arc<Progress>,
    split: Option<OpenSplit>,
    /// The splits, offsets and times since the checkpoint before, without the parts of the lanes.
    checkpoint: Checkpoint,
    since_checkpoint: Instant,
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// How long to fold before runs are written.
    pub checkpoint_interval: Duration,
    /// How objects are inflated, where several lanes share their content.
    pub decode: DecodeOptions,
    /// The offsets of topics that all workers of the build have read.
    pub claims: Arc<Claims>,
}

/// The split at hand.
struct OpenSplit {
    number: u64,
    claims: SplitClaims,
    /// Inflates for all lanes; where there is one, its decoder inflates.
    inflating: Option<Inflating>,
    began: Instant,
}

impl Worker {
    /// A worker with nothing done. Checkpoints list tables in the order of `lanes`.
    pub fn new(
        mut lanes: Vec<Lane>,
        settings: WorkerSettings,
        sink: Arc<dyn CheckpointSink>,
        progress: Arc<Progress>,
    ) -> Self {
        for (number, lane) in lanes.iter_mut().enumerate() {
            lane.set_number(number);
        }
        Worker {
            lanes,
            settings,
            sink,
            progress,
            split: None,
            checkpoint: Checkpoint::default(),
            since_checkpoint: Instant::now(),
        }
    }

    /// Folds the splits of `feed` until it ends, checkpointing on the way and at the end.
    ///
    /// # Errors
    /// After an error, of any lane, nothing since the last checkpoint is of use. A feed that ends within a split is
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
        match fed {
            Feed::Split(number) => {
                self.begin_split(number);
                Ok(())
            }
            Feed::Piece(piece) => self.share(piece),
            Feed::SplitEnd => self.end_split(),
            Feed::Failed(error) => Err(FoldError::in_split(self.split_number(), error)),
        }
    }

    fn split_number(&self) -> u64 {
        self.split.as_ref().map_or(0, |split| split.number)
    }

    fn begin_split(&mut self, number: u64) {
        let shares = self.lanes.len() > 1;
        self.split = Some(OpenSplit {
            number,
            claims: self.settings.claims.split(self.lanes.len()),
            inflating: shares.then(|| Inflating::new(&self.settings.decode)),
            began: Instant::now(),
        });
        for lane in &mut self.lanes {
            lane.begin(number);
        }
    }

    /// Gives a piece of the split at hand to all lanes, inflated where there are several.
    fn share(&mut self, piece: Piece) -> Result<(), FoldError> {
        let Some(split) = &mut self.split else {
            return Ok(());
        };
        let (lanes, claims) = (&mut self.lanes, &mut split.claims);
        let (times, progress) = (&mut self.checkpoint.times, &self.progress);
        let mut give = |piece: Piece| {
            match &piece {
                Piece::Chunk(_) => {}
                Piece::Inflated(inflated) => times.inflate += micros(inflated.spent()),
                Piece::RowGroup(group) => {
                    let unread = group.unread_bytes();
                    progress.bytes_done.fetch_add(unread, Ordering::Relaxed);
                }
            }
            give_all(lanes, piece, claims)
        };
        let (chunk, inflating) = match (piece, &mut split.inflating) {
            (Piece::Chunk(chunk), Some(inflating)) => (chunk, inflating),
            (piece, _) => return give(piece),
        };
        let mut given = Ok(());
        let inflated = inflating.push(chunk, |inflated| {
            given = give(Piece::Inflated(inflated));
            given.is_ok()
        });
        // An error of a lane comes before those of later bytes.
        given?;
        inflated.map(drop).map_err(|source| FoldError::Decode {
            split: split.number,
            source,
        })
    }

    fn end_split(&mut self) -> Result<(), FoldError> {
        let Some(mut split) = self.split.take() else {
            return Ok(());
        };
        for lane in &mut self.lanes {
            lane.end(&mut split.claims)?;
        }
        self.checkpoint.offsets.add(&split.claims.finish());
        self.checkpoint.splits.push(FoldedSplit {
            split: split.number,
            micros: micros_since(split.began),
            tables: Vec::new(),
        });
        self.progress.splits_done.fetch_add(1, Ordering::Relaxed);
        let due = self.since_checkpoint.elapsed() >= self.settings.checkpoint_interval;
        if due || !self.lanes.iter().all(Lane::is_commutative) {
            self.write_checkpoint()
        } else {
            Ok(())
        }
    }

    /// Makes all that was folded since the checkpoint before durable.
    fn write_checkpoint(&mut self) -> Result<(), FoldError> {
        let mut checkpoint = std::mem::take(&mut self.checkpoint);
        for lane in &mut self.lanes {
            let folded = lane.checkpoint()?;
            checkpoint.times += folded.times;
            let counts = folded.splits.into_iter().map(|(_, counts)| counts);
            for (split, counts) in checkpoint.splits.iter_mut().zip(counts) {
                split.tables.push(counts);
            }
            checkpoint
                .tables
                .push(TableCheckpoint { runs: folded.runs });
        }
        self.since_checkpoint = Instant::now();
        if checkpoint.splits.is_empty() {
            return Ok(());
        }
        let runs = checkpoint.tables.iter().map(|table| table.runs.len());
        tracing::debug!(
            splits = checkpoint.splits.len(),
            runs = runs.sum::<usize>(),
            "checkpoint"
        );
        self.sink.commit(checkpoint)
    }
}

/// Gives a piece to each lane; the last one gets it without a copy.
fn give_all(lanes: &mut [Lane], piece: Piece, claims: &mut SplitClaims) -> Result<(), FoldError> {
    let Some((last, others)) = lanes.split_last_mut() else {
        return Ok(());
    };
    for lane in others {
        lane.take(piece.clone(), claims)?;
    }
    last.take(piece, claims)
}

#[cfg(test)]
mod tests;
