//! The batch under construction: columns, rejections, counts.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};

use super::block::Block;
use super::column::{Column, Misfit};
use super::columnar::{ColumnPiece, ColumnPlan, Gathering};
use super::conversion::Conversion;
use super::json::{Fault, Processor, RecordParser};
use super::key_fields::PlannedKeyFields;
use super::offsets::{OffsetTracker, RecordPlace};
use super::plan::Plan;
use super::presence::Absences;
use super::provenance::{Provenance, Row, SourceBlock};
use super::record::{JsonValues, Record, Values};
use super::row_builder::{Outcome, Refusal, RowBuilder};
use super::{Counts, DecodeError, Events, Projection, Rejected, Spent};
use crate::schema::{Encoding, Kind};
use crate::source::{KeyFields, Object};

/// A batch closes once it refers to this many bytes of blocks.
const KEPT_BYTES: usize = 8 << 20;
/// A batch closes once it holds this many rejections,
const KEPT_REJECTIONS: usize = 1024;
/// or this many bytes of rejected records.
const KEPT_REJECTED_BYTES: usize = 4 << 20;

/// Collects rows until a batch is full.
pub(super) struct Rows {
    plan: Plan,
    schema: SchemaRef,
    parser: RecordParser,
    columns: Vec<Column>,
    absences: Absences,
    conversion: Conversion,
    /// The values of the key of the object being read.
    key_fields: Option<Box<PlannedKeyFields>>,
    batch_rows: usize,
    rows: Vec<Row>,
    blocks: Vec<SourceBlock>,
    kept_bytes: usize,
    rejected: Vec<Rejected>,
    rejected_bytes: usize,
    /// Rows from columnar formats; empty while there are rows from text.
    columnar: Gathering,
    tracker: OffsetTracker,
    /// Scratch column, in which the offset that a record carries is converted.
    offset: Column,
    pub(super) counts: Counts,
    pub(super) spent: Spent,
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
        let columnar = Gathering::new(ColumnPlan::new(projection.clone())?, batch_rows);
        let (plan, wanted) = Plan::new(projection)?;
        Ok(Rows {
            tracker: OffsetTracker::new(plan.offset.is_some()),
            absences: Absences::new(plan.inputs.len(), plan.only.len()),
            plan,
            parser: RecordParser::new(wanted, processor),
            schema: Arc::new(Schema::new(fields)),
            columns,
            conversion: Conversion::default(),
            key_fields: None,
            batch_rows,
            rows: Vec::with_capacity(batch_rows),
            blocks: Vec::new(),
            kept_bytes: 0,
            rejected: Vec::new(),
            rejected_bytes: 0,
            columnar,
            offset: Column::new(Kind::Int64, Encoding::Standard, 1),
            counts: Counts::default(),
            spent: Spent::default(),
        })
    }

    /// Reads values of text formats as the job says.
    pub(super) fn converting(mut self, conversion: Conversion) -> Self {
        let columns = self.columns.into_iter();
        self.columns = columns
            .map(|column| column.converting(conversion))
            .collect();
        self.offset = self.offset.converting(conversion);
        self.columnar = self.columnar.converting(conversion);
        Rows { conversion, ..self }
    }

    /// Prepares for the records of an object.
    pub(super) fn begin_object(&mut self, object: &Object) {
        self.key_fields = PlannedKeyFields::of(object.key_fields.as_deref(), &self.plan);
        self.tracker.begin(object.key_fields.as_deref());
    }

    /// Prepares for records that are not part of an object; `key_fields` are those of the object that they came from,
    /// if they did.
    pub(super) fn begin_log(&mut self, key_fields: Option<&KeyFields>) {
        self.key_fields = PlannedKeyFields::of(key_fields, &self.plan);
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

    /// Ends the last object of a split.
    pub(super) fn end_split(&mut self) {
        self.tracker.end();
    }

    /// Whether nothing was read since the batch before.
    pub(super) fn is_idle(&self) -> bool {
        self.columnar.is_idle() && self.counts == Counts::default() && self.tracker.is_empty()
    }

    /// The most rows of a batch.
    pub(super) fn batch_rows(&self) -> usize {
        self.batch_rows
    }

    /// The plan of the projection for columnar formats.
    pub(super) fn column_plan(&self) -> &ColumnPlan {
        self.columnar.column_plan()
    }

    /// Adds rows of a columnar format: at most [`batch_rows`](Rows::batch_rows).
    pub(super) fn push_columns(&mut self, piece: ColumnPiece) {
        self.columnar.push(piece, &mut self.tracker);
    }

    /// Rejects a record of a columnar format that was not decoded.
    pub(super) fn reject_columns(&mut self, rejected: Rejected) {
        self.columnar.reject(rejected);
    }

    /// Adds counts of a columnar object that its rows do not have: bytes, and records of row groups that were passed
    /// over.
    pub(super) fn count_columns(&mut self, counts: Counts) {
        self.columnar.count(counts);
        self.tracker.see_more(counts.records);
    }

    /// The distinct paths of inputs and conditions, in names.
    pub(super) fn paths(&self) -> impl Iterator<Item = Vec<String>> {
        self.parser.wanted().paths()
    }

    /// Whether the key of the object being read names a topic.
    pub(super) fn is_of_topic(&self) -> bool {
        let key = self.key_fields.as_ref();
        key.is_some_and(|key| key.topic.is_some())
    }

    /// Whether the key of the object being read has values for its records.
    pub(super) fn has_key(&self) -> bool {
        self.key_fields.is_some()
    }

    /// Prepares for the JSON records of another block. With `lines`, line feeds count as blanks within records.
    pub(super) fn begin(&mut self, block: &Block, lines: bool) {
        let began = Instant::now();
        self.parser.begin(block.padded(), lines);
        self.spent.index += began.elapsed();
    }

    /// Parses the record at `at` of the block for [`accept`](Rows::accept), and returns the position after it.
    #[inline]
    pub(super) fn parse(&mut self, block: &Block, at: usize) -> Result<usize, Fault> {
        self.parser.parse(block.padded(), at)
    }

    /// Parses the text at `at` of the block as a record, and returns the position after it. The values of the last
    /// [`parse`](Rows::parse) are lost.
    #[cold]
    pub(super) fn check(&mut self, block: &Block, at: usize, lines: bool) -> Result<usize, Fault> {
        self.parser.check(block.padded(), at, lines)
    }

    /// Passes over a JSON value of any type at `at` of the block, within `depth` open containers, and returns the
    /// position after it. The values of the last [`parse`](Rows::parse) are lost.
    pub(super) fn pass(&mut self, block: &Block, at: usize, depth: usize) -> Result<usize, Fault> {
        self.parser.pass(block.padded(), at, depth)
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn parser(&mut self) -> &mut RecordParser {
        &mut self.parser
    }

    /// Adds the record parsed last, which has to be valid UTF-8.
    pub(super) fn accept(&mut self, block: &Arc<Block>, record: &Record<'_>) {
        let values = JsonValues {
            parser: &self.parser,
            text: block.padded(),
            objects: self.conversion.objects,
        };
        let carried = match self.tracker.is_on() {
            true => carried(&values, &self.plan, &mut self.offset),
            false => None,
        };
        let builder = RowBuilder {
            plan: &self.plan,
            key_fields: self.key_fields.as_deref(),
            columns: &mut self.columns,
            absences: &mut self.absences,
            row: self.rows.len(),
        };
        let built = builder.build(&values, block.text(), record);
        self.settle(block, record, built, carried);
    }

    /// Adds a record with these values.
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
        let builder = RowBuilder {
            plan: &self.plan,
            key_fields: self.key_fields.as_deref(),
            columns: &mut self.columns,
            absences: &mut self.absences,
            row: self.rows.len(),
        };
        let built = builder.build(values, block.text(), record);
        self.settle(block, record, built, carried);
    }

    #[inline]
    fn settle(
        &mut self,
        block: &Arc<Block>,
        record: &Record<'_>,
        built: Result<Outcome, Refusal>,
        carried: Option<i64>,
    ) {
        match built {
            Ok(Outcome::Event) => {
                self.tracker.see(carried, RecordPlace::Row(self.rows.len()));
                let block = self.keep(block, record.block);
                // Blocks are far smaller than 4 GiB.
                let (start, end) = (record.start as u32, record.end as u32);
                self.rows.push(Row {
                    offset: record.offset,
                    block,
                    start,
                    end,
                });
                self.counts.records += 1;
                self.counts.events += 1;
            }
            Ok(Outcome::NotWanted) => {
                self.tracker.see(carried, RecordPlace::Nowhere);
                self.take_back();
                self.counts.records += 1;
                self.counts.not_wanted += 1;
            }
            Ok(Outcome::OutOfRange) => {
                self.tracker.see(carried, RecordPlace::Nowhere);
                self.take_back();
                self.counts.records += 1;
                self.counts.out_of_range += 1;
            }
            Err(refusal) => {
                let (path, Misfit(reason)) = *refusal;
                self.take_back();
                let text = &block.text()[record.start..record.end];
                let position = record.block.position(record.offset, record.start);
                let attached = record.block.attached(record.offset);
                let text = record.has_value.then_some(text);
                let rejected = Rejected::new(position, path, reason, text)
                    .below(record.block.header.clone())
                    .with(attached);
                self.reject(rejected, carried);
            }
        }
    }

    /// Adds a rejection; `carried` is the offset that the record carries, if it is known.
    #[cold]
    pub(super) fn reject(&mut self, rejected: Rejected, carried: Option<i64>) {
        let place = RecordPlace::Rejected(self.rejected.len());
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
        self.absences.take_back(rows);
    }

    fn keep(&mut self, block: &Arc<Block>, source: &SourceBlock) -> u32 {
        let known = self.blocks.last().and_then(|last| last.text.as_ref());
        if !known.is_some_and(|last| Arc::ptr_eq(last, block)) {
            self.kept_bytes += block.capacity();
            self.blocks.push(SourceBlock {
                text: Some(block.clone()),
                ..source.clone()
            });
        }
        (self.blocks.len() - 1) as u32
    }

    /// Takes the batch so far.
    pub(super) fn take(&mut self) -> Events {
        if !self.columnar.is_idle() {
            let mut events = self.columnar.take(&mut self.tracker);
            events.counts += std::mem::take(&mut self.counts);
            events.presence.add(&self.absences.take(0));
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
        let presence = self.absences.take(rows.len());
        Events {
            batch,
            provenance: Provenance::new(rows, std::mem::take(&mut self.blocks)),
            rejected: std::mem::take(&mut self.rejected),
            counts: std::mem::take(&mut self.counts),
            presence,
            offsets: self.tracker.take(),
        }
    }
}

/// The offset that a record carries, if it is valid.
fn carried(values: &impl Values, plan: &Plan, room: &mut Column) -> Option<i64> {
    let pushed = values.push(plan.offset?, room);
    let offset = match pushed {
        Some(Ok(true)) => room.last_integer(),
        _ => None,
    };
    room.truncate(0);
    offset.filter(|offset| *offset >= 0)
}
