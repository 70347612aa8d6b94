//! From records to the rows of a batch: conditions, range, columns, rejections, counts.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use bytes::Bytes;

use super::block::Block;
use super::column::{Column, Misfit};
use super::columnar::{Gathering, Piece, Wants};
use super::json::{Fault, Processor, RecordParser};
use super::named::{KeySays, whole};
use super::plan::{Place, Plan};
use super::provenance::{Provenance, Row, Stretch};
use super::{Counts, DecodeError, Events, Position, Projection, QUARANTINE_BYTES, Rejected, Spent};
use crate::source::Object;

/// A batch closes once it refers to this many bytes of blocks.
const KEPT_BYTES: usize = 8 << 20;
/// A batch closes once it holds this many rejections,
const KEPT_REJECTIONS: usize = 1024;
/// or this many bytes of rejected records.
const KEPT_REJECTED_BYTES: usize = 4 << 20;

/// Gathers rows until a batch is full.
pub(super) struct Rows {
    plan: Plan,
    schema: SchemaRef,
    parser: RecordParser,
    columns: Vec<Column>,
    /// What the key of the object being read says.
    key_says: Option<Box<KeySays>>,
    batch_rows: usize,
    rows: Vec<Row>,
    stretches: Vec<Stretch>,
    kept_bytes: usize,
    rejected: Vec<Rejected>,
    rejected_bytes: usize,
    /// What came of columns; nothing while there is something that came of text.
    columnar: Gathering,
    pub(super) counts: Counts,
    pub(super) spent: Spent,
}

/// A record, and what its source says of it beside its text.
pub(super) struct Record<'a> {
    pub(super) stretch: &'a Stretch,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) offset: i64,
    pub(super) time_us: Option<i64>,
    pub(super) key: Option<&'a Bytes>,
    pub(super) headers: &'a [(String, Option<Bytes>)],
}

/// What becomes of a record.
enum Verdict {
    Event,
    NotWanted,
    OutOfRange,
}

impl Rows {
    pub(super) fn new(
        projection: Projection,
        batch_rows: usize,
        processor: Processor,
    ) -> Result<Self, DecodeError> {
        let fields: Vec<_> = projection
            .inputs
            .iter()
            .map(|input| Field::new(&input.name, input.kind.data_type(), input.nullable))
            .collect();
        let columns = projection
            .inputs
            .iter()
            .map(|input| Column::new(input.kind, input.encoding, batch_rows));
        let columns = columns.collect();
        let columnar = Gathering::new(Wants::new(projection.clone())?, batch_rows);
        let (plan, wanted) = Plan::new(projection)?;
        Ok(Rows {
            plan,
            parser: RecordParser::new(wanted, processor),
            schema: Arc::new(Schema::new(fields)),
            columns,
            key_says: None,
            batch_rows,
            rows: Vec::with_capacity(batch_rows),
            stretches: Vec::new(),
            kept_bytes: 0,
            rejected: Vec::new(),
            rejected_bytes: 0,
            columnar,
            counts: Counts::default(),
            spent: Spent::default(),
        })
    }

    /// Makes ready for the records of an object.
    pub(super) fn begin_object(&mut self, object: &Object) {
        self.key_says = KeySays::of(object, &self.plan);
    }

    /// Makes ready for records that the source itself tells apart.
    pub(super) fn begin_log(&mut self) {
        self.key_says = None;
    }

    /// Whether the batch has to be taken before the next record of text.
    pub(super) fn is_full(&self) -> bool {
        !self.columnar.is_idle() || self.is_full_of_text()
    }

    fn is_full_of_text(&self) -> bool {
        self.rows.len() >= self.batch_rows
            || self.rejected.len() >= KEPT_REJECTIONS
            || self.rejected_bytes >= KEPT_REJECTED_BYTES
    }

    /// Whether the batch has to be taken before the next piece of columns.
    pub(super) fn is_full_for_columns(&self) -> bool {
        self.columnar.is_full() || !self.rows.is_empty() || !self.rejected.is_empty()
    }

    /// Whether the batch has to be taken, whatever comes next.
    pub(super) fn is_due(&self) -> bool {
        self.columnar.is_full() || self.is_full_of_text()
    }

    /// Whether the batch has to be taken before the next block.
    pub(super) fn is_heavy(&self) -> bool {
        self.kept_bytes >= KEPT_BYTES
    }

    /// Whether nothing was read since the batch before.
    pub(super) fn is_idle(&self) -> bool {
        self.columnar.is_idle() && self.counts == Counts::default()
    }

    /// The most rows of a batch.
    pub(super) fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    /// What is wanted of an object that holds columns.
    pub(super) fn wants(&self) -> &Wants {
        self.columnar.wants()
    }

    /// Takes in rows of an object that holds columns, as many as a batch has at most.
    pub(super) fn push_columns(&mut self, piece: &Piece<'_>) -> Result<(), ArrowError> {
        self.columnar.push(piece)
    }

    /// Counts what was read of such an object beside its rows.
    pub(super) fn count_columns(&mut self, counts: Counts) {
        self.columnar.count(counts);
    }

    /// Whether a record without a value can become a row.
    pub(super) fn needs_value(&self) -> bool {
        self.plan.needs_value
    }

    /// Makes ready for the records of another block. With `lines`, line feeds are blanks within them.
    pub(super) fn begin(&mut self, block: &Block, lines: bool) {
        let began = Instant::now();
        self.parser.begin(block.padded(), lines);
        self.spent.index += began.elapsed();
    }

    /// Parses the record at `at` of the block for [`accept`](Rows::accept).
    #[inline]
    pub(super) fn parse(&mut self, block: &Block, at: usize) -> Result<usize, Fault> {
        self.parser.parse(block.padded(), at)
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn parser(&mut self) -> &mut RecordParser {
        &mut self.parser
    }

    /// Takes in the record parsed last, which is valid JSON in valid UTF-8.
    pub(super) fn accept(&mut self, block: &Arc<Block>, record: &Record<'_>) {
        match self.push(block.padded(), record) {
            Ok(Verdict::Event) => {
                let stretch = self.keep(block, record.stretch);
                // Blocks are far smaller than 4 GiB.
                let (start, end) = (record.start as u32, record.end as u32);
                self.rows.push(Row {
                    offset: record.offset,
                    stretch,
                    start,
                    end,
                });
                self.counts.records += 1;
                self.counts.events += 1;
            }
            Ok(Verdict::NotWanted) => {
                self.take_back();
                self.counts.records += 1;
                self.counts.not_wanted += 1;
            }
            Ok(Verdict::OutOfRange) => {
                self.take_back();
                self.counts.records += 1;
                self.counts.out_of_range += 1;
            }
            Err((path, Misfit(reason))) => {
                self.take_back();
                let text = &block.text()[record.start..record.end];
                let position = record.stretch.position(record.offset, record.start);
                self.reject(position, path, reason, text, text.len() as u64);
            }
        }
    }

    /// Refuses a record; `text` may be its beginning alone.
    #[cold]
    pub(super) fn reject(
        &mut self,
        position: Position,
        path: Option<String>,
        reason: String,
        text: &[u8],
        length_bytes: u64,
    ) {
        let bytes = Bytes::copy_from_slice(&text[..text.len().min(QUARANTINE_BYTES)]);
        self.rejected_bytes += bytes.len();
        self.rejected.push(Rejected {
            position,
            path,
            reason,
            bytes,
            length_bytes,
        });
        self.counts.records += 1;
        self.counts.rejected += 1;
    }

    #[cold]
    fn take_back(&mut self) {
        let rows = self.rows.len();
        self.columns
            .iter_mut()
            .for_each(|column| column.truncate(rows));
    }

    fn keep(&mut self, block: &Arc<Block>, stretch: &Stretch) -> u32 {
        let known = self.stretches.last().and_then(|last| last.block.as_ref());
        if !known.is_some_and(|last| Arc::ptr_eq(last, block)) {
            self.kept_bytes += block.capacity();
            self.stretches.push(Stretch {
                block: Some(block.clone()),
                ..stretch.clone()
            });
        }
        (self.stretches.len() - 1) as u32
    }

    /// Judges a record and appends its values; the caller takes them back unless it is an event.
    #[inline]
    fn push(
        &mut self,
        text: &[u8],
        record: &Record<'_>,
    ) -> Result<Verdict, (Option<String>, Misfit)> {
        for (at, condition) in self.plan.only.iter().enumerate() {
            let held = match (self.parser.get(condition.slot), &self.key_says) {
                (Some(span), _) => condition.holds(span.of(text), span.escaped),
                (None, Some(key)) => key.conditions[at]
                    .as_deref()
                    .is_some_and(|json| condition.holds(json, whole(json).escaped)),
                (None, None) => false,
            };
            if !held {
                return Ok(Verdict::NotWanted);
            }
        }
        // The event time comes first: a record outside the range is passed over, whatever else is wrong with it.
        let event_time = self.plan.bounded_event_time;
        if let Some(input) = event_time {
            self.push_input(input, text, record)?;
            match self.columns[input].last_timestamp() {
                Some(at_us) if self.plan.range.contains(at_us) => {}
                Some(_) => return Ok(Verdict::OutOfRange),
                None => {
                    let misfit = Misfit(
                        "null as the event time, which the job's range is cut on".to_owned(),
                    );
                    return Err((self.plan.path(input), misfit));
                }
            }
        }
        for input in 0..self.columns.len() {
            if event_time != Some(input) {
                self.push_input(input, text, record)?;
            }
        }
        Ok(Verdict::Event)
    }

    #[inline(always)]
    fn push_input(
        &mut self,
        input: usize,
        text: &[u8],
        record: &Record<'_>,
    ) -> Result<(), (Option<String>, Misfit)> {
        let (column, plan) = (&mut self.columns[input], &self.plan.inputs[input]);
        let pushed = if let Place::Value(slot) = &plan.place {
            match self.parser.get(*slot) {
                Some(span) if span.of(text) != b"null" => {
                    column.push_json(text, span).map(|()| true)
                }
                None if self.key_says.is_some() => {
                    push_from_key(column, self.key_says.as_deref(), input)
                }
                _ => Ok(false),
            }
        } else {
            push_origin(column, &plan.place, text, record, self.key_says.as_deref())
        };
        match pushed {
            Ok(true) => Ok(()),
            Ok(false) if plan.nullable => {
                column.push_null();
                Ok(())
            }
            Ok(false) => Err((self.plan.path(input), Misfit(self.plan.lacks(input)))),
            Err(misfit) => Err((self.plan.path(input), misfit)),
        }
    }

    /// The batch so far.
    pub(super) fn take(&mut self) -> Events {
        if !self.columnar.is_idle() {
            let mut events = self.columnar.take();
            events.counts += std::mem::take(&mut self.counts);
            return events;
        }
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(self.batch_rows));
        let columns = self
            .columns
            .iter_mut()
            .map(|column| column.finish(self.batch_rows));
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = columns
            .collect::<Result<Vec<_>, _>>()
            .and_then(|columns| {
                RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            })
            .expect("all columns have a value of their type for each row, and text was validated");
        self.kept_bytes = 0;
        self.rejected_bytes = 0;
        Events {
            batch,
            provenance: Provenance::new(rows, std::mem::take(&mut self.stretches)),
            rejected: std::mem::take(&mut self.rejected),
            counts: std::mem::take(&mut self.counts),
        }
    }
}

/// Pushes what is not within the value; says whether there was something.
#[inline(never)]
fn push_origin(
    column: &mut Column,
    place: &Place,
    text: &[u8],
    record: &Record<'_>,
    key_says: Option<&KeySays>,
) -> Result<bool, Misfit> {
    let bytes = match place {
        // The caller's, who has it from the parser.
        Place::Value(_) => None,
        Place::Payload => Some(&text[record.start..record.end]),
        Place::Key => record.key.map(|key| &key[..]),
        Place::Header(name) => {
            // As Kafka's clients do: the last header of a name counts.
            let header = record.headers.iter().rev().find(|(known, _)| known == name);
            header.and_then(|(_, value)| value.as_deref())
        }
        Place::SourceName => {
            let topic = key_says.and_then(|key| key.topic.as_deref());
            Some(topic.unwrap_or(&record.stretch.source).as_bytes())
        }
        Place::Time => return Ok(push_integer(column, record.time_us)),
        Place::Partition => {
            let named = key_says.and_then(|key| key.partition);
            let partition = record.stretch.partition.or(named);
            return Ok(push_integer(column, partition.map(i64::from)));
        }
        Place::Offset => {
            let first = key_says.and_then(|key| key.offset).unwrap_or(0);
            let offset = record.offset.checked_add(first);
            return Ok(push_integer(column, offset));
        }
    };
    match bytes {
        Some(bytes) => column.push_bytes(bytes).map(|()| true),
        None => Ok(false),
    }
}

/// Pushes what the key of the record's object has for an input; says whether there was something.
#[inline(never)]
fn push_from_key(
    column: &mut Column,
    key_says: Option<&KeySays>,
    input: usize,
) -> Result<bool, Misfit> {
    let json = key_says.and_then(|key| key.inputs[input].as_deref());
    let Some(json) = json.filter(|json| *json != b"null") else {
        return Ok(false);
    };
    match column.push_json(json, whole(json)) {
        Ok(()) => Ok(true),
        Err(Misfit(reason)) => Err(Misfit(format!("in the key of its object: {reason}"))),
    }
}

fn push_integer(column: &mut Column, value: Option<i64>) -> bool {
    value.map(|value| column.push_integer(value)).is_some()
}
