//! Pieces of objects gathered into batches.

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;

use super::bind::Wants;
use super::convert::{self, Piece};
use crate::decode::logged::{LoggedStretch, Tracker};
use crate::decode::provenance::{ColumnRow, ColumnSource, Provenance};
use crate::decode::{Counts, Events, Rejected};

/// A batch closes once it refers to this many bytes of an object's columns, or of messages,
const KEPT_BYTES: usize = 64 << 20;
/// would hold more than this many bytes itself,
const BATCH_BYTES: usize = 256 << 20;
/// or holds this many rejections.
const KEPT_REJECTIONS: usize = 1024;

/// Makes batches of events of the rows of columns.
pub(in crate::decode) struct Gathering {
    wants: Wants,
    batch_rows: usize,
    open: Gathered,
    /// A batch that the last piece did not fit in any more.
    closed: Option<Gathered>,
}

#[derive(Default)]
struct Gathered {
    batches: Vec<RecordBatch>,
    rows: Vec<ColumnRow>,
    sources: Vec<ColumnSource>,
    kept_bytes: usize,
    batch_bytes: usize,
    rejected: Vec<Rejected>,
    counts: Counts,
    /// Of a batch that is closed: until then the tracker has it.
    logged: Vec<LoggedStretch>,
}

impl Gathering {
    pub(in crate::decode) fn new(wants: Wants, batch_rows: usize) -> Self {
        Gathering {
            wants,
            batch_rows,
            open: Gathered::default(),
            closed: None,
        }
    }

    pub(in crate::decode) fn wants(&self) -> &Wants {
        &self.wants
    }

    /// Takes in the rows of a piece, as many as a batch has at most. Not while it [`is_full`](Gathering::is_full).
    pub(in crate::decode) fn push(
        &mut self,
        piece: &Piece<'_>,
        tracker: &mut Tracker,
    ) -> Result<(), ArrowError> {
        let outcome = convert::convert(&self.wants, piece)?;
        let batch_bytes = outcome.batch.get_array_memory_size();
        if self.open.rows.len() + outcome.events.len() > self.batch_rows
            || (self.open.batch_bytes > 0 && self.open.batch_bytes + batch_bytes > BATCH_BYTES)
        {
            self.open.logged = tracker.take();
            self.closed = Some(std::mem::take(&mut self.open));
        }
        outcome.track(self.open.rows.len(), self.open.rejected.len(), tracker);
        let open = &mut self.open;
        open.counts += outcome.counts;
        open.rejected.extend(outcome.rejected);
        if outcome.events.is_empty() {
            return Ok(());
        }
        let source = piece.beside.source(outcome.lines);
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
            offset: piece.beside.offset(*row),
            source,
            row: piece.beside.place(*row),
        }));
        open.batch_bytes += batch_bytes;
        open.batches.push(outcome.batch);
        Ok(())
    }

    /// Takes in a record that no row was made of.
    pub(in crate::decode) fn reject(&mut self, rejected: Rejected) {
        self.open.counts.records += 1;
        self.open.counts.rejected += 1;
        self.open.rejected.push(rejected);
    }

    /// Whether a batch has to be taken before the next piece.
    pub(in crate::decode) fn is_full(&self) -> bool {
        self.closed.is_some()
            || self.open.rows.len() >= self.batch_rows
            || self.open.kept_bytes >= KEPT_BYTES
            || self.open.rejected.len() >= KEPT_REJECTIONS
    }

    /// Whether nothing was taken in since the batch before.
    pub(in crate::decode) fn is_idle(&self) -> bool {
        self.closed.is_none() && self.open.counts == Counts::default()
    }

    /// Counts what was read beside the rows.
    pub(in crate::decode) fn count(&mut self, counts: Counts) {
        self.open.counts += counts;
    }

    /// The next batch.
    pub(in crate::decode) fn take(&mut self, tracker: &mut Tracker) -> Events {
        let closed = self.closed.take();
        let gathered = closed.unwrap_or_else(|| Gathered {
            logged: tracker.take(),
            ..std::mem::take(&mut self.open)
        });
        let batch = match &gathered.batches[..] {
            [batch] => batch.clone(),
            batches => concat_batches(&self.wants.schema, batches)
                .expect("all have the component's columns, and far less than 2 GiB of text"),
        };
        Events {
            batch,
            provenance: Provenance::of_columns(gathered.rows, gathered.sources),
            rejected: gathered.rejected,
            counts: gathered.counts,
            logged: gathered.logged,
        }
    }
}
