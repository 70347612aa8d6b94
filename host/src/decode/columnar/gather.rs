//! Pieces combined into batches.
//!
//! A few stored bytes may convert to many, such as the entry of a dictionary that each row repeats, or the names in
//! JSON text. A piece that converts to too many bytes is cut in half, again and again, down to one row, which is
//! rejected if it still fails. The halves wait until there is room for them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;

use super::convert::{self, ColumnPiece, ConvertedPiece};
use super::plan::ColumnPlan;
use crate::decode::conversion::Conversion;
use crate::decode::offsets::{OffsetTracker, ReadOffsets};
use crate::decode::provenance::{ColumnRow, ColumnSource, Provenance};
use crate::decode::{Counts, Events, Presence, Rejected};

/// A batch closes once it refers to this many bytes of an object's columns, or of messages,
const KEPT_BYTES: usize = 64 << 20;
/// would hold more than this many bytes itself,
const BATCH_BYTES: usize = 64 << 20;
/// holds this many rejections,
const KEPT_REJECTIONS: usize = 1024;
/// or this many bytes of rejected records.
const KEPT_REJECTED_BYTES: usize = 16 << 20;

/// Combines the rows of pieces into batches of events.
pub(in crate::decode) struct Gathering {
    plan: ColumnPlan,
    batch_rows: usize,
    open: Gathered,
    /// A batch without room for the last piece.
    closed: Option<Gathered>,
    /// Pieces that are not yet converted, in the order of their rows.
    waiting: VecDeque<ColumnPiece>,
}

#[derive(Default)]
struct Gathered {
    batches: Vec<RecordBatch>,
    rows: Vec<ColumnRow>,
    sources: Vec<ColumnSource>,
    kept_bytes: usize,
    batch_bytes: usize,
    rejected: Vec<Rejected>,
    rejected_bytes: usize,
    counts: Counts,
    presence: Presence,
    /// Offsets read, for a closed batch; until a batch is closed, the tracker has them.
    offsets: Vec<ReadOffsets>,
}

impl Gathering {
    pub(in crate::decode) fn new(plan: ColumnPlan, batch_rows: usize) -> Self {
        Gathering {
            plan,
            batch_rows,
            open: Gathered::default(),
            closed: None,
            waiting: VecDeque::new(),
        }
    }

    /// Reads text as the job says.
    pub(in crate::decode) fn converting(self, conversion: Conversion) -> Self {
        let plan = self.plan.converting(conversion);
        Gathering { plan, ..self }
    }

    pub(in crate::decode) fn column_plan(&self) -> &ColumnPlan {
        &self.plan
    }

    /// Adds the rows of a piece: at most as many as a batch has. Must not be called while
    /// [`is_full`](Gathering::is_full).
    pub(in crate::decode) fn push(&mut self, piece: ColumnPiece, tracker: &mut OffsetTracker) {
        self.waiting.push_back(piece);
        self.work(tracker);
    }

    /// Converts waiting pieces until a batch is full.
    fn work(&mut self, tracker: &mut OffsetTracker) {
        while !self.has_batch() {
            let Some(piece) = self.waiting.pop_front() else {
                return;
            };
            let plan = &self.plan;
            let converted = catch_unwind(AssertUnwindSafe(|| convert::convert(plan, &piece)));
            let failure = match converted {
                Ok(Ok(outcome)) => {
                    self.add(outcome, &piece, tracker);
                    continue;
                }
                Ok(Err(error)) => error,
                Err(_) => ArrowError::ComputeError("the decoder panicked on it".to_owned()),
            };
            let rows = piece.rows.num_rows();
            if rows > 1 {
                let (first, second) = piece.halves();
                self.waiting.push_front(second);
                self.waiting.push_front(first);
            } else {
                tracker.see_without(1);
                self.reject(convert::refused(&piece, failure.to_string()));
            }
        }
    }

    fn add(&mut self, outcome: ConvertedPiece, piece: &ColumnPiece, tracker: &mut OffsetTracker) {
        let batch_bytes = outcome.batch.get_array_memory_size();
        if self.open.rows.len() + outcome.events.len() > self.batch_rows
            || (self.open.batch_bytes > 0 && self.open.batch_bytes + batch_bytes > BATCH_BYTES)
        {
            self.open.offsets = tracker.take();
            self.closed = Some(std::mem::take(&mut self.open));
        }
        outcome.track(self.open.rows.len(), self.open.rejected.len(), tracker);
        let open = &mut self.open;
        open.counts += outcome.counts;
        open.presence.add(&outcome.presence);
        open.rejected_bytes += outcome
            .rejected
            .iter()
            .map(Rejected::size_bytes)
            .sum::<usize>();
        open.rejected.extend(outcome.rejected);
        if outcome.events.is_empty() {
            return;
        }
        let source = piece.metadata.source(outcome.lines);
        // Pieces of one chunk of messages follow each other.
        if !open
            .sources
            .last()
            .is_some_and(|last| last.is_same(&source))
        {
            open.kept_bytes += source.size_bytes();
            open.sources.push(source);
        }
        let source = open.sources.len() as u32 - 1;
        open.rows.extend(outcome.events.iter().map(|row| ColumnRow {
            offset: piece.metadata.offset(*row),
            source,
            row: piece.metadata.place(*row),
        }));
        open.batch_bytes += batch_bytes;
        open.batches.push(outcome.batch);
    }

    /// Adds the rejection of a record that was not decoded.
    pub(in crate::decode) fn reject(&mut self, rejected: Rejected) {
        self.open.counts.records += 1;
        self.open.counts.rejected += 1;
        self.open.rejected_bytes += rejected.size_bytes();
        self.open.rejected.push(rejected);
    }

    /// Whether a batch has to be taken before the next piece.
    pub(in crate::decode) fn is_full(&self) -> bool {
        self.has_batch() || !self.waiting.is_empty()
    }

    fn has_batch(&self) -> bool {
        self.closed.is_some()
            || self.open.rows.len() >= self.batch_rows
            || self.open.kept_bytes >= KEPT_BYTES
            || self.open.rejected.len() >= KEPT_REJECTIONS
            || self.open.rejected_bytes >= KEPT_REJECTED_BYTES
    }

    /// Whether nothing was added since the batch before.
    pub(in crate::decode) fn is_idle(&self) -> bool {
        self.closed.is_none() && self.waiting.is_empty() && self.open.counts == Counts::default()
    }

    /// Adds counts that the rows do not have.
    pub(in crate::decode) fn count(&mut self, counts: Counts) {
        self.open.counts += counts;
    }

    /// Takes the next batch.
    pub(in crate::decode) fn take(&mut self, tracker: &mut OffsetTracker) -> Events {
        let closed = self.closed.take();
        let gathered = closed.unwrap_or_else(|| Gathered {
            offsets: tracker.take(),
            ..std::mem::take(&mut self.open)
        });
        let batch = match &gathered.batches[..] {
            [batch] => batch.clone(),
            batches => concat_batches(&self.plan.schema, batches)
                .expect("all have the component's columns, and far less than 2 GiB of text"),
        };
        let events = Events {
            batch,
            provenance: Provenance::of_columns(gathered.rows, gathered.sources),
            rejected: gathered.rejected,
            counts: gathered.counts,
            presence: gathered.presence,
            offsets: gathered.offsets,
        };
        self.work(tracker);
        events
    }
}
