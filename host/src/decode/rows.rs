//! From records to the rows of a batch: columns, rejections, counts.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};

use super::block::Block;
use super::column::{Column, Misfit};
use super::columnar::{Gathering, Piece, Wants};
use super::json::{Fault, Processor, RecordParser};
use super::judge::{JsonValues, Judge, Refusal, Verdict};
pub(super) use super::judge::{NoValues, Values};
use super::key_fields::PlannedKeyFields;
use super::plan::Plan;
use super::provenance::{Provenance, Row, Stretch};
use super::stretches::{Became, Tracker};
use super::{Counts, DecodeError, Events, Projection, Rejected, Spent};
use crate::schema::{Encoding, Kind};
use crate::source::{Headers, KeyFields, Object};

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
    key_says: Option<Box<PlannedKeyFields>>,
    batch_rows: usize,
    rows: Vec<Row>,
    stretches: Vec<Stretch>,
    kept_bytes: usize,
    rejected: Vec<Rejected>,
    rejected_bytes: usize,
    /// What came of columns; nothing while there is something that came of text.
    columnar: Gathering,
    tracker: Tracker,
    /// Holds the offset that a record carries while it is looked at.
    offset: Column,
    pub(super) counts: Counts,
    pub(super) spent: Spent,
}

/// A record, and what its source says of it beside its text.
pub(super) struct Record<'a> {
    pub(super) stretch: &'a Stretch,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is no tombstone.
    pub(super) has_value: bool,
    pub(super) offset: i64,
    pub(super) time_us: Option<i64>,
    pub(super) key: Option<&'a [u8]>,
    pub(super) headers: Headers<'a>,
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
            tracker: Tracker::default(),
            offset: Column::new(Kind::Int64, Encoding::Standard, 1),
            counts: Counts::default(),
            spent: Spent::default(),
        })
    }

    /// Makes ready for the records of an object.
    pub(super) fn begin_object(&mut self, object: &Object) {
        self.key_says = PlannedKeyFields::of(object.key_fields.as_deref(), &self.plan);
        self.tracker.begin(object.key_fields.as_deref());
    }

    /// Makes ready for records that are no part of an object, of which a key may say something nevertheless.
    pub(super) fn begin_log(&mut self, key_fields: Option<&KeyFields>) {
        self.key_says = PlannedKeyFields::of(key_fields, &self.plan);
        self.tracker.begin(None);
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
    pub(super) fn push_columns(&mut self, piece: Piece) {
        self.columnar.push(piece, &mut self.tracker);
    }

    /// Refuses a record that holds columns, of which no row was made.
    pub(super) fn reject_columns(&mut self, rejected: Rejected) {
        self.columnar.reject(rejected);
    }

    /// Counts what was read of such an object beside its rows.
    pub(super) fn count_columns(&mut self, counts: Counts) {
        self.columnar.count(counts);
        self.tracker.see_more(counts.records);
    }

    /// What inputs and conditions look at.
    pub(super) fn paths(&self) -> impl Iterator<Item = Vec<String>> {
        self.parser.wanted().paths()
    }

    /// Whether the key of the object at hand says something of its records.
    pub(super) fn has_key(&self) -> bool {
        self.key_says.is_some()
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

    /// Whether a record stands at `at` of the block: the position after it, or why not. What
    /// [`parse`](Rows::parse) found before is lost.
    #[cold]
    pub(super) fn check(&mut self, block: &Block, at: usize) -> Result<usize, Fault> {
        self.parser.check(block.padded(), at)
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn parser(&mut self) -> &mut RecordParser {
        &mut self.parser
    }

    /// Takes in the record parsed last, which is valid JSON in valid UTF-8.
    pub(super) fn accept(&mut self, block: &Arc<Block>, record: &Record<'_>) {
        let values = JsonValues {
            parser: &self.parser,
            text: block.padded(),
        };
        let carried = match self.tracker.is_on() {
            true => carried(&values, &self.plan, &mut self.offset),
            false => None,
        };
        let judge = Judge {
            plan: &self.plan,
            key_says: self.key_says.as_deref(),
            columns: &mut self.columns,
        };
        let judged = judge.judge(&values, block.text(), record);
        self.settle(block, record, judged, carried);
    }

    /// Takes in a record of which these are the values.
    pub(super) fn accept_values(
        &mut self,
        block: &Arc<Block>,
        record: &Record<'_>,
        values: &impl Values,
    ) {
        let carried = match self.tracker.is_on() {
            true => carried(values, &self.plan, &mut self.offset),
            false => None,
        };
        let judge = Judge {
            plan: &self.plan,
            key_says: self.key_says.as_deref(),
            columns: &mut self.columns,
        };
        let judged = judge.judge(values, block.text(), record);
        self.settle(block, record, judged, carried);
    }

    #[inline]
    fn settle(
        &mut self,
        block: &Arc<Block>,
        record: &Record<'_>,
        judged: Result<Verdict, Refusal>,
        carried: Option<i64>,
    ) {
        match judged {
            Ok(Verdict::Event) => {
                self.tracker.see(carried, Became::Row(self.rows.len()));
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
                self.tracker.see(carried, Became::Nothing);
                self.take_back();
                self.counts.records += 1;
                self.counts.not_wanted += 1;
            }
            Ok(Verdict::OutOfRange) => {
                self.tracker.see(carried, Became::Nothing);
                self.take_back();
                self.counts.records += 1;
                self.counts.out_of_range += 1;
            }
            Err(refusal) => {
                let (path, Misfit(reason)) = *refusal;
                self.take_back();
                let text = &block.text()[record.start..record.end];
                let position = record.stretch.position(record.offset, record.start);
                let attached = record.stretch.attached(record.offset);
                let text = record.has_value.then_some(text);
                let rejected = Rejected::new(position, path, reason, text)
                    .below(record.stretch.header.clone())
                    .with(attached);
                self.reject(rejected, carried);
            }
        }
    }

    /// Refuses a record, of which the offset that it carries may be known.
    #[cold]
    pub(super) fn reject(&mut self, rejected: Rejected, carried: Option<i64>) {
        let place = Became::Rejected(self.rejected.len());
        self.tracker.see(carried, place);
        self.rejected_bytes += rejected.size_bytes();
        self.counts.records += 1;
        self.counts.rejected += 1;
        self.counts.swallowed_bytes += rejected.swallowed_bytes;
        self.counts.swallowed_places += u64::from(rejected.swallowed_bytes > 0);
        self.rejected.push(rejected);
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

    /// The batch so far.
    pub(super) fn take(&mut self) -> Events {
        if !self.columnar.is_idle() {
            let mut events = self.columnar.take(&mut self.tracker);
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
            logged: self.tracker.take(),
        }
    }
}

/// The offset that a record carries.
fn carried(values: &impl Values, plan: &Plan, room: &mut Column) -> Option<i64> {
    let pushed = values.push(plan.offset?, room);
    let offset = match pushed {
        Some(Ok(true)) => room.last_integer(),
        _ => None,
    };
    room.truncate(0);
    offset.filter(|offset| *offset >= 0)
}
