//! The reader of Avro messages: each is a datum after the ID of its schema.
//!
//! Consecutive messages of one schema are decoded together. If that fails, the content of the decoder is unknown: it is
//! dropped, and the messages before the one at fault, that one, and the messages after it are decoded again,
//! separately. So a bad message costs itself alone, and no message is decoded more often than there are bad ones near
//! it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Fields, Schema};

use super::cut::Cut;
use super::datum::Datums;
use super::header::Cursor;
use super::shape::{VALUES_BYTES, check_items};
use crate::decode::columnar::{Binding, ColumnPiece, ColumnPlan, RowMetadata, Top};
use crate::decode::reader::Paused;
use crate::decode::rows::Rows;
use crate::decode::schemas::{Known, Schemas, split_prefix};
use crate::decode::{DecodeOptions, Position, Rejected};
use crate::source::Messages;
use crate::units::ByteSize;

/// The most decoders that are kept. With more schemas, all are dropped and made again as needed.
const KEPT_DECODERS: usize = 64;

/// Decoders by the IDs of schemas, kept from chunk to chunk.
pub(in crate::decode) struct Decoders {
    schemas: Schemas,
    ready: HashMap<u32, Result<Ready, String>>,
}

/// An empty decoder.
struct Ready {
    datums: Datums,
    binding: Arc<Binding>,
}

impl Decoders {
    pub(in crate::decode) fn new(schemas: Schemas) -> Self {
        Decoders {
            schemas,
            ready: HashMap::new(),
        }
    }

    /// Takes the decoder of an ID; or the reason why there is none.
    fn take(&mut self, id: u32, rows: &Rows) -> Result<Ready, String> {
        match self.ready.remove(&id) {
            Some(Ok(ready)) => return Ok(ready),
            Some(Err(reason)) => {
                self.give(id, Err(reason.clone()));
                return Err(reason);
            }
            None => {}
        }
        let made = match self.schemas.known(id) {
            Some(Known::Schema(schema)) => {
                guarded(|| Ready::new(&schema, rows.column_plan(), rows.batch_rows()))
                    .map_err(|why| format!("schema {id} is unusable: {why}"))
            }
            Some(Known::Unusable(reason)) => return Err(reason.to_string()),
            None => return Err(format!("schema {id} is not known")),
        };
        if let Err(reason) = &made {
            self.give(id, Err(reason.clone()));
        }
        made
    }

    /// Puts a decoder back, or the reason why there is none.
    fn give(&mut self, id: u32, ready: Result<Ready, String>) {
        if self.ready.len() >= KEPT_DECODERS {
            self.ready.clear();
        }
        self.ready.insert(id, ready);
    }
}

impl Ready {
    fn new(schema: &str, plan: &ColumnPlan, batch_rows: usize) -> Result<Self, String> {
        let datums = Datums::new(schema, plan, batch_rows).map_err(|fault| fault.to_string())?;
        let binding = Binding::of_messages(plan, datums.columns());
        Ok(Ready {
            datums,
            binding: Arc::new(binding),
        })
    }
}

/// Reads the Avro messages of one chunk.
pub(in crate::decode) struct AvroMessages {
    messages: Arc<Messages>,
    max_record: usize,
    max_decoded: ByteSize,
    /// Index of the first message that is not yet part of a run.
    next: usize,
    /// Runs still to be decoded, the last one first: the parts of a run that failed.
    runs: Vec<Run>,
    has_begun: bool,
}

/// Consecutive messages of one schema.
struct Run {
    places: Range<usize>,
    /// ID of the schema; `None` for tombstones.
    id: Option<u32>,
}

/// The failure of a run, of which no row was passed on.
struct Failed {
    /// Index of the message at fault, if it is known.
    at: Option<usize>,
    reason: String,
}

impl AvroMessages {
    pub(in crate::decode) fn new(messages: Messages, options: &DecodeOptions) -> Self {
        AvroMessages {
            messages: Arc::new(messages),
            max_record: options.max_record.bytes(),
            max_decoded: ByteSize(options.max_row_group.0.max(VALUES_BYTES)),
            next: 0,
            runs: Vec::new(),
            has_begun: false,
        }
    }

    /// Reads messages until the batch is full or all are read.
    pub(in crate::decode) fn advance(
        &mut self,
        rows: &mut Rows,
        decoders: &mut Decoders,
    ) -> Paused {
        if !self.has_begun {
            let value_bytes = self.messages.value_bytes();
            rows.counts.stored_bytes += value_bytes;
            rows.counts.decoded_bytes += value_bytes;
            self.has_begun = true;
        }
        loop {
            if rows.is_full_for_columns() {
                return Paused::Full;
            }
            let mut run = match self.runs.pop() {
                Some(run) => run,
                None if self.next == self.messages.len() => return Paused::Done,
                None => match self.next_run(rows.batch_rows()) {
                    Ok(run) => run,
                    Err(reason) => {
                        self.reject(self.next, reason, rows);
                        self.next += 1;
                        continue;
                    }
                },
            };
            if let Err(failed) = self.decode(&mut run, rows, decoders) {
                self.cut(run, failed, rows);
            }
        }
    }

    /// The next run: at most `most` messages of one schema. `Err` with the reason if the next message has no schema.
    fn next_run(&mut self, most: usize) -> Result<Run, String> {
        let id = self.id(self.next)?;
        let start = self.next;
        let end = self.messages.len().min(start + most);
        self.next = (start + 1..end)
            .find(|at| self.id(*at).as_ref() != Ok(&id))
            .unwrap_or(end);
        Ok(Run {
            places: start..self.next,
            id,
        })
    }

    /// ID of the schema of a message; `None` for a tombstone. `Err` with the reason to reject the message.
    fn id(&self, at: usize) -> Result<Option<u32>, String> {
        let Some(value) = self.messages.get(at).value else {
            return Ok(None);
        };
        if value.len() > self.max_record {
            let most = self.max_record;
            return Err(format!(
                "longer than {most} bytes, the limit `decode.max_record`"
            ));
        }
        let (id, _) = split_prefix(value)?;
        Ok(Some(id))
    }

    /// Decodes a run and passes all of its rows on, or none. A run that would become too large is cut first; its rest
    /// is the next run.
    fn decode(
        &mut self,
        run: &mut Run,
        rows: &mut Rows,
        decoders: &mut Decoders,
    ) -> Result<(), Failed> {
        let Some(id) = run.id else {
            let binding = Binding::of_messages(rows.column_plan(), Top::Columns(&Fields::empty()));
            self.hand_over(run, tombstones(run.places.len()), Arc::new(binding), rows);
            return Ok(());
        };
        let mut ready = decoders
            .take(id, rows)
            .map_err(|reason| Failed { at: None, reason })?;
        let end = match self.end_of(run, id, &ready.datums) {
            Ok(end) => end,
            Err(failed) => {
                decoders.give(id, Ok(ready));
                return Err(failed);
            }
        };
        if end < run.places.end {
            self.runs.push(Run {
                places: end..run.places.end,
                id: run.id,
            });
            run.places.end = end;
        }
        let batch = self.batch(run, id, &mut ready.datums)?;
        let binding = ready.binding.clone();
        decoders.give(id, Ok(ready));
        self.hand_over(run, batch, binding, rows);
        Ok(())
    }

    /// Index after the messages of a run that are decoded together: at least one.
    fn end_of(&self, run: &Run, id: u32, datums: &Datums) -> Result<usize, Failed> {
        let mut all = 0u64;
        for place in run.places.clone() {
            let value = self.messages.get(place).value.unwrap_or_default();
            let bytes = self.weigh(value, datums).map_err(|why| Failed {
                at: Some(place),
                reason: format!("not a record of schema {id}: {why}"),
            })?;
            all = all.saturating_add(bytes);
            if all > VALUES_BYTES && place > run.places.start {
                return Ok(place);
            }
        }
        Ok(run.places.end)
    }

    /// Size in memory of a message, in bytes; `Err` with the reason to reject it.
    fn weigh(&self, value: &[u8], datums: &Datums) -> Result<u64, String> {
        let (_, datum) = split_prefix(value)?;
        let (shape, datum) = (&datums.shape, datum_of(datum, datums.cut.as_ref())?);
        if let Some(gain) = shape.gain() {
            return Ok(gain.saturating_mul(datum.len() as u64));
        }
        let weight = shape.weigh(&datum)?;
        check_items(weight.free_items, datum.len())?;
        let (bytes, most) = (ByteSize(weight.bytes), self.max_decoded);
        match bytes > most {
            true => Err(format!(
                "it becomes {bytes}, more than {most}, the limit `decode.max_row_group`"
            )),
            false => Ok(bytes.0),
        }
    }

    /// The datums of a run as columns.
    fn batch(&self, run: &Run, id: u32, datums: &mut Datums) -> Result<RecordBatch, Failed> {
        let Datums { decoder, cut, .. } = datums;
        let mut at = run.places.start;
        let decoded = guarded(|| {
            for place in run.places.clone() {
                at = place;
                let value = self.messages.get(place).value.unwrap_or_default();
                let (_, datum) = split_prefix(value)?;
                let datum = datum_of(datum, cut.as_ref())?;
                let read = decoder.decode(&datum).map_err(|error| error.to_string())?;
                match datum.len() - read {
                    0 => {}
                    left => return Err(format!("{left} bytes follow it")),
                }
            }
            Ok(())
        });
        let misfit = |why| format!("not a record of schema {id}: {why}");
        decoded.map_err(|why| Failed {
            at: Some(at),
            reason: misfit(why),
        })?;
        // `flush` validates text.
        let flushed = guarded(|| decoder.flush().map_err(|error| error.to_string()));
        let batch = flushed.and_then(|batch| batch.ok_or_else(|| "it has no rows".to_owned()));
        batch.map_err(|why| Failed {
            at: None,
            reason: misfit(why),
        })
    }

    fn hand_over(&self, run: &Run, batch: RecordBatch, binding: Arc<Binding>, rows: &mut Rows) {
        rows.push_columns(ColumnPiece {
            rows: batch,
            binding,
            metadata: RowMetadata::Log {
                messages: self.messages.clone(),
                first: run.places.start,
                is_tombstone: run.id.is_none(),
            },
        });
    }

    /// Cuts a run that failed: around the message at fault, or in the middle. A single message is rejected.
    fn cut(&mut self, run: Run, failed: Failed, rows: &mut Rows) {
        let Run { places, id } = run;
        if places.len() == 1 {
            return self.reject(places.start, failed.reason, rows);
        }
        let (first, second) = match failed.at {
            Some(at) => (at, at + 1),
            None => {
                let middle = places.start + places.len() / 2;
                (middle, middle)
            }
        };
        let parts = [second..places.end, first..second, places.start..first];
        let parts = parts.into_iter().filter(|places| !places.is_empty());
        self.runs.extend(parts.map(|places| Run { places, id }));
    }

    #[cold]
    fn reject(&self, at: usize, reason: String, rows: &mut Rows) {
        let message = self.messages.get(at);
        let position = Position {
            source: self.messages.topic.clone(),
            partition: self.messages.partition,
            offset: message.offset,
            byte: None,
        };
        let rejected = Rejected::new(position, None, reason, message.value);
        rows.reject_columns(rejected.with(Some(message.attached())));
    }
}

/// The datum, or what is kept of it. `Err` with the reason if it is not one.
fn datum_of<'a>(datum: &'a [u8], cut: Option<&Cut>) -> Result<Cow<'a, [u8]>, String> {
    let Some(cut) = cut else {
        return Ok(Cow::Borrowed(datum));
    };
    let (mut cursor, mut kept) = (Cursor { bytes: datum }, Vec::new());
    let read = cut.datum(&mut cursor, &mut kept);
    read.map_err(|unread| unread.detail().to_owned())?;
    match cursor.bytes.len() {
        0 => Ok(Cow::Owned(kept)),
        left => Err(format!("{left} bytes follow it")),
    }
}

/// A batch of `rows` rows without columns.
fn tombstones(rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
        .expect("no column has another length")
}

/// Runs a library on untrusted bytes. A panic of the library counts as an error.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("the decoder panicked on it".to_owned()))
}
