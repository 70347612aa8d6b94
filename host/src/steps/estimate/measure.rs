//! Decodes and folds probes, to measure how many records a plan holds and how long they take.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::EstimateError;
use super::outcome::Outcomes;
use crate::decode::{DecodeOptions, Decoding, Events, Piece, Projection, Schemas};
use crate::fold::{StateTable, drain};
use crate::guest::Window;
use crate::scan::{Probe, decode_piece};
use crate::source::{Chunk, Messages, Split, SplitInput};

/// How many bytes are decoded between two looks at the clock.
const PIECE_BYTES: usize = 64 << 10;

/// What a probe says about all of its object or split.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    /// The records in all of it.
    pub(super) records: f64,
    /// Whether the records were counted, or their number stands in a footer.
    pub(super) is_exact: bool,
    /// How long it takes to decode and fold all of it, if that was measured.
    pub(super) work_seconds: Option<f64>,
    /// How many bytes a run reads of it.
    pub(super) wanted_bytes: u64,
}

/// The rows of a table that records were folded into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folding {
    pub(super) records: u64,
    pub(super) rows: u64,
    /// The memory of their keys and states.
    pub(super) bytes: u64,
}

/// Folds probes as a worker would, into a table that is dropped.
pub(super) struct Measuring {
    pub(super) window: Window,
    pub(super) table: StateTable,
    pub(super) projection: Projection,
    pub(super) decode: DecodeOptions,
    /// The schemas of Avro messages.
    pub(super) schemas: Option<Schemas>,
    pub(super) deadline: Instant,
    batches: u64,
    /// The records folded.
    records: u64,
    /// What became of them.
    outcomes: Outcomes,
    /// The time spent on probes so far.
    spent: Duration,
}

/// Records that were folded, and the bytes that they were in.
#[derive(Default)]
struct Folded {
    records: u64,
    stored_bytes: u64,
    decoded_bytes: u64,
    /// Where the last of them begins, in the decoded bytes.
    last_byte: Option<u64>,
}

impl Folded {
    fn add(&mut self, events: &Events) {
        self.records += events.counts.records;
        self.stored_bytes += events.counts.stored_bytes;
        self.decoded_bytes += events.counts.decoded_bytes;
        let rows = events.provenance.rows();
        let event = rows
            .checked_sub(1)
            .map(|row| events.provenance.position(row));
        let rejected = events.rejected.last().map(|one| one.position.clone());
        let ends = event.into_iter().chain(rejected);
        self.last_byte = ends.filter_map(|end| end.byte).chain(self.last_byte).max();
    }

    /// The part of an object of `size_bytes` bytes that the records make up, from 0 to 1. Where the object is not read to
    /// its end, more was inflated than was decoded: the records after the last one wait for a whole block.
    fn part_of(&self, size_bytes: u64) -> f64 {
        let part = self.stored_bytes as f64 / size_bytes as f64;
        match self.last_byte {
            Some(last) if self.stored_bytes < size_bytes && last > 0 => {
                part * last as f64 / self.decoded_bytes.max(last) as f64
            }
            _ => part,
        }
    }
}

impl Measuring {
    pub(super) fn new(
        window: Window,
        table: StateTable,
        projection: Projection,
        decode: DecodeOptions,
        schemas: Option<Schemas>,
        deadline: Instant,
    ) -> Self {
        Measuring {
            window,
            table,
            projection,
            decode,
            schemas,
            deadline,
            batches: 0,
            records: 0,
            outcomes: Outcomes::default(),
            spent: Duration::ZERO,
        }
    }

    /// Decodes and folds a probe; `None` where it has too few bytes, or time is up.
    ///
    /// # Errors
    /// As for a run.
    pub(super) fn measure(&mut self, probe: Probe) -> Result<Option<Measured>, EstimateError> {
        match probe {
            Probe::Stream { object, bytes } => {
                let size_bytes = object.size_bytes;
                let is_whole = bytes.len() as u64 == size_bytes;
                let began = Instant::now();
                let folded = self.fold_stream(Chunk::Object(object), &bytes, is_whole)?;
                let seconds = self.spend(began);
                let is_exact = is_whole && folded.stored_bytes == size_bytes;
                if !is_exact && folded.records == 0 {
                    return Ok(None);
                }
                let part = folded.part_of(size_bytes);
                Ok(Some(Measured {
                    records: folded.records as f64 / part,
                    is_exact,
                    work_seconds: Some(seconds / part),
                    wanted_bytes: size_bytes,
                }))
            }
            Probe::Parquet {
                file,
                group,
                wanted_rows,
                wanted_bytes,
                ..
            } => {
                self.outcomes.add_columns(file.column_paths());
                let rows = (0..file.row_groups()).map(|number| file.rows_of(number));
                let mut work_seconds = (wanted_rows == 0).then_some(0.0);
                if let Some((group, rows)) = group
                    && !self.is_late()
                {
                    let began = Instant::now();
                    let mut folded = Folded::default();
                    let mut decoding = self.decoding()?;
                    self.fold_piece(&mut decoding, group, &mut folded)?;
                    self.fold_rest(&mut decoding, &mut folded)?;
                    let seconds = self.spend(began);
                    work_seconds = Some(seconds * wanted_rows as f64 / rows.max(1) as f64);
                }
                Ok(Some(Measured {
                    records: rows.sum::<u64>() as f64,
                    is_exact: true,
                    work_seconds,
                    wanted_bytes,
                }))
            }
            Probe::Messages {
                split,
                chunks,
                is_whole,
                ..
            } => self.measure_messages(&split, chunks, is_whole),
        }
    }

    fn measure_messages(
        &mut self,
        split: &Split,
        chunks: Vec<Messages>,
        is_whole: bool,
    ) -> Result<Option<Measured>, EstimateError> {
        let SplitInput::Offsets { start, .. } = split.input else {
            return Ok(None);
        };
        let began = Instant::now();
        let mut decoding = self.decoding()?;
        let (mut folded, mut bytes, mut next) = (Folded::default(), 0, start);
        let mut chunks = chunks.into_iter();
        while !self.is_late()
            && let Some(messages) = chunks.next()
        {
            bytes += messages.value_bytes();
            next = messages.iter().last().map_or(next, |last| last.offset + 1);
            self.fold_piece(&mut decoding, Chunk::Messages(messages), &mut folded)?;
        }
        self.fold_rest(&mut decoding, &mut folded)?;
        let seconds = self.spend(began);
        let is_exact = is_whole && chunks.next().is_none();
        if !is_exact && next == start {
            return Ok(None);
        }
        // Offsets without a record count like the others.
        let part = match is_exact {
            true => 1.0,
            false => (next - start) as f64 / split.offsets() as f64,
        };
        Ok(Some(Measured {
            records: folded.records as f64 / part,
            is_exact,
            work_seconds: Some(seconds / part),
            wanted_bytes: (bytes as f64 / part) as u64,
        }))
    }

    /// Drains the component, and returns the factor by which that makes the time longer that was spent on probes.
    pub(super) fn settle(&mut self) -> Result<f64, EstimateError> {
        let before = self.spent;
        let began = Instant::now();
        self.drain()?;
        self.spend(began);
        if before.is_zero() {
            return Ok(1.0);
        }
        Ok(self.spent.as_secs_f64() / before.as_secs_f64())
    }

    /// What became of the records, once they are drained.
    pub(super) fn take_outcomes(&mut self) -> Outcomes {
        std::mem::take(&mut self.outcomes)
    }

    /// The rows that the records made, once they are drained.
    pub(super) fn rows(&self) -> Folding {
        Folding {
            records: self.records,
            rows: self.table.rows() as u64,
            bytes: self.table.memory_bytes() as u64,
        }
    }

    fn decoding(&self) -> Result<Decoding, EstimateError> {
        let decoding = Decoding::new(self.projection.clone(), &self.decode)?;
        Ok(decoding.with_schemas(self.schemas.clone()))
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn spend(&mut self, began: Instant) -> f64 {
        let spent = began.elapsed();
        self.spent += spent;
        spent.as_secs_f64()
    }

    /// Folds the beginning of an object, as far as time allows.
    fn fold_stream(
        &mut self,
        begin: Chunk,
        bytes: &Bytes,
        is_whole: bool,
    ) -> Result<Folded, EstimateError> {
        let mut folded = Folded::default();
        let mut decoding = self.decoding()?;
        self.fold_piece(&mut decoding, begin, &mut folded)?;
        let mut at = 0;
        while at < bytes.len() && !self.is_late() {
            let end = bytes.len().min(at + PIECE_BYTES);
            let piece = Chunk::Bytes(bytes.slice(at..end));
            at = end;
            self.fold_piece(&mut decoding, piece, &mut folded)?;
        }
        if at < bytes.len() || !is_whole {
            self.fold(decoding.into_so_far(), &mut folded)?;
            return Ok(folded);
        }
        self.fold_piece(&mut decoding, Chunk::End, &mut folded)?;
        self.fold_rest(&mut decoding, &mut folded)?;
        Ok(folded)
    }

    fn fold_piece(
        &mut self,
        decoding: &mut Decoding,
        piece: impl Into<Piece>,
        folded: &mut Folded,
    ) -> Result<(), EstimateError> {
        decode_piece(decoding, piece, |events| self.fold(events, folded))
    }

    fn fold_rest(
        &mut self,
        decoding: &mut Decoding,
        folded: &mut Folded,
    ) -> Result<(), EstimateError> {
        match decoding.finish()? {
            Some(events) => self.fold(events, folded),
            None => Ok(()),
        }
    }

    fn fold(&mut self, events: Events, folded: &mut Folded) -> Result<(), EstimateError> {
        folded.add(&events);
        self.outcomes.add(&events, self.decode.csv.delimiter);
        self.records += events.counts.records;
        let refused = self.window.fold(0, self.batches, events)?;
        self.outcomes.refuse(&refused);
        self.batches += 1;
        if self.window.is_due() {
            self.drain()?;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), EstimateError> {
        let refused = drain(&mut self.window, |partials, instance| {
            self.table
                .absorb(partials, instance)
                .map_err(EstimateError::from)
        })?;
        self.outcomes.refuse(&refused);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_waits_for_a_whole_block_is_no_part_of_the_records() {
        let folded = Folded {
            records: 90,
            stored_bytes: 100,
            decoded_bytes: 1000,
            last_byte: Some(900),
        };
        assert!((folded.part_of(1000) - 0.09).abs() < 1e-12);
        assert!((folded.part_of(100) - 1.0).abs() < 1e-12, "all was read");
        let of_blocks = Folded {
            last_byte: None,
            ..folded
        };
        assert!((of_blocks.part_of(1000) - 0.1).abs() < 1e-12);
    }
}
