//! Conditions, range and inputs applied to the rows of a piece, by the rules for records in `decode/mod.rs`.
//!
//! Conditions and range come first, as masks over all rows. The columns of the remaining rows are converted, and a last
//! mask removes the rows that were rejected.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_array::{UInt32Array, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use arrow_select::filter::FilterBuilder;
use arrow_select::take::take;

use super::bind::Binding;
use super::converted::{COLUMN_BYTES, Converted};
use super::lines::Lines;
use super::metadata::RowMetadata;
use super::plan::ColumnPlan;
use super::target::TargetType;
use crate::decode::offsets::{OffsetTracker, RecordPlace};
use crate::decode::plan::PlannedOrigin;
use crate::decode::row_builder::{TOMBSTONE, UNTIMED};
use crate::decode::{Counts, Presence, Rejected};

/// Some rows of an object or a log, with their binding and metadata.
pub(in crate::decode) struct ColumnPiece {
    pub(in crate::decode) rows: RecordBatch,
    pub(in crate::decode) binding: Arc<Binding>,
    pub(in crate::decode) metadata: RowMetadata,
}

impl ColumnPiece {
    /// The first half of the rows, and the second.
    pub(super) fn halves(self) -> (ColumnPiece, ColumnPiece) {
        let rows = self.rows.num_rows();
        let middle = rows / 2;
        let second = ColumnPiece {
            rows: self.rows.slice(middle, rows - middle),
            binding: self.binding.clone(),
            metadata: self.metadata.after(middle),
        };
        let first = ColumnPiece {
            rows: self.rows.slice(0, middle),
            ..self
        };
        (first, second)
    }
}

/// The events and rejections of a piece.
pub(super) struct ConvertedPiece {
    pub(super) batch: RecordBatch,
    /// Indices in the piece of the rows that became events.
    pub(super) events: Vec<u32>,
    pub(super) rejected: Vec<Rejected>,
    /// Indices in the piece of the rows that were rejected.
    refused: Vec<u32>,
    pub(super) counts: Counts,
    pub(super) presence: Presence,
    pub(super) lines: Arc<Lines>,
    /// The offsets that the rows of the piece carry, if there is such a column.
    carried: Option<ArrayRef>,
}

impl ConvertedPiece {
    /// Adds the offsets of the rows to `tracker`, after `rows` rows and `rejections` rejections of the batch.
    pub(super) fn track(&self, rows: usize, rejections: usize, tracker: &mut OffsetTracker) {
        if !tracker.is_on() {
            return;
        }
        let Some(carried) = &self.carried else {
            return tracker.see_without(self.counts.records);
        };
        let mut events = (rows..).zip(&self.events).peekable();
        let mut refused = (rejections..).zip(&self.refused).peekable();
        for (row, offset) in carried.as_primitive::<Int64Type>().iter().enumerate() {
            let event = events.next_if(|(_, place)| **place as usize == row);
            let rejection = refused.next_if(|(_, place)| **place as usize == row);
            let place = match (event, rejection) {
                (Some((row, _)), _) => RecordPlace::Row(row),
                (None, Some((at, _))) => RecordPlace::Rejected(at),
                (None, None) => RecordPlace::Nowhere,
            };
            tracker.see(offset.filter(|offset| *offset >= 0), place);
        }
    }
}

/// The path of the value at fault of a rejected row, and the reason.
type Refusal = (Option<String>, String);

/// Applies conditions, range and inputs to the rows of a piece.
///
/// # Errors
/// If the rows take more than [`COLUMN_BYTES`] or cannot be converted together. Fewer rows may succeed.
pub(super) fn convert(
    plan: &ColumnPlan,
    piece: &ColumnPiece,
) -> Result<ConvertedPiece, ArrowError> {
    let rows = piece.rows.num_rows();
    let key_values = &piece.binding.key_values;
    let lines = Arc::new(Lines {
        tree: plan.tree.clone(),
        in_key: key_values.paths.clone(),
        arrays: piece.binding.columns(&piece.rows)?,
        forms: piece.binding.forms.clone(),
        targets: plan.targets.clone(),
    });
    let carried = plan.record_plan.offset.zip(piece.binding.offset.as_ref());
    let carried = carried.and_then(|(slot, conversion)| {
        let column = lines.arrays[slot.index()].as_ref()?;
        let form = &lines.forms[slot.index()];
        Some(conversion.apply(column, form, TargetType::OFFSET))
    });
    let carried = carried.transpose()?.map(|converted| converted.array);
    let mut conversion = Conversion {
        plan,
        piece,
        arrays: Cow::Borrowed(&lines.arrays),
        places: (0..rows as u32).collect(),
        refused: BTreeMap::new(),
        counts: Counts {
            records: rows as u64,
            ..Counts::default()
        },
        presence: Presence::default(),
    };
    conversion.meet_conditions()?;
    let event_time = conversion.keep_range()?;
    let (batch, events) = conversion.convert_inputs(event_time)?;
    conversion.count_presence(&batch);
    let Conversion {
        refused,
        mut counts,
        presence,
        ..
    } = conversion;
    let places = refused.keys().copied().collect();
    let (mut all, mut bytes) = (Vec::new(), 0);
    for (row, refusal) in refused {
        let rejected = rejected(&piece.metadata, &lines, row, refusal);
        bytes += rejected.size_bytes();
        if bytes > COLUMN_BYTES && rows > 1 {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
        all.push(rejected);
    }
    let rejected = all;
    counts.events = events.len() as u64;
    counts.rejected = rejected.len() as u64;
    Ok(ConvertedPiece {
        batch,
        events,
        rejected,
        refused: places,
        counts,
        presence,
        lines,
        carried,
    })
}

/// The rejection of a piece of one row.
#[cold]
pub(super) fn refused(piece: &ColumnPiece, reason: String) -> Rejected {
    let position = piece.metadata.position(0);
    let message = piece.metadata.message(0);
    let value = message.as_ref().and_then(|message| message.value);
    let attached = message.as_ref().map(|message| message.attached());
    Rejected::new(position, None, reason, value).with(attached)
}

fn rejected(metadata: &RowMetadata, lines: &Lines, row: u32, (path, reason): Refusal) -> Rejected {
    let position = metadata.position(row);
    match metadata.message(row) {
        Some(message) => {
            Rejected::new(position, path, reason, message.value).with(Some(message.attached()))
        }
        None => Rejected::new(position, path, reason, Some(&lines.line(row as usize))),
    }
}

struct Conversion<'a> {
    plan: &'a ColumnPlan,
    piece: &'a ColumnPiece,
    /// The columns of the wanted paths, for the remaining rows.
    arrays: Cow<'a, [Option<ArrayRef>]>,
    /// Indices in the piece of the remaining rows.
    places: Vec<u32>,
    /// Rejections, by the index of the row in the piece.
    refused: BTreeMap<u32, Refusal>,
    counts: Counts,
    presence: Presence,
}

impl Conversion<'_> {
    /// Counts the events of `batch` without each input: all of them if the object has no such column.
    fn count_presence(&mut self, batch: &RecordBatch) {
        self.presence.events = batch.num_rows() as u64;
        let key_values = &self.piece.binding.key_values;
        for (input, planned) in self.plan.record_plan.inputs.iter().enumerate() {
            let absent = match &planned.origin {
                PlannedOrigin::Value(slot) => {
                    let is_there =
                        self.arrays[slot.index()].is_some() || key_values.has_input(input);
                    if is_there { 0 } else { batch.num_rows() }
                }
                PlannedOrigin::Header(_) => batch.column(input).null_count(),
                _ => 0,
            };
            self.presence.add_absent(input, absent as u64);
        }
    }

    /// The reason to reject a row without a value for an input.
    fn lacks(&self, input: usize) -> String {
        let plan = &self.plan.record_plan;
        match plan.inputs[input].origin {
            PlannedOrigin::Value(_) | PlannedOrigin::Payload
                if self.piece.metadata.is_tombstone() =>
            {
                TOMBSTONE.to_owned()
            }
            _ => plan.lacks(input),
        }
    }

    fn meet_conditions(&mut self) -> Result<(), ArrowError> {
        let (rows, only) = (self.places.len(), &self.plan.record_plan.only);
        let key_values = &self.piece.binding.key_values;
        let mut kept: Option<BooleanBuffer> = None;
        for (at, (condition, test)) in only.iter().zip(&self.piece.binding.conditions).enumerate() {
            let column = self.arrays[condition.slot.index()].as_ref();
            if column.is_none() && !key_values.has_condition(at) {
                let lacking = kept.as_ref().map_or(rows, BooleanBuffer::count_set_bits);
                self.presence.add_lacking(at, lacking as u64);
            }
            let mask = test.mask(column, rows);
            kept = Some(kept.map_or(mask.clone(), |kept| &kept & &mask));
        }
        if let Some(kept) = kept {
            self.counts.not_wanted = (rows - kept.count_set_bits()) as u64;
            self.keep(kept)?;
        }
        Ok(())
    }

    /// Keeps the rows within the range; returns their event times if the range applies to them.
    fn keep_range(&mut self) -> Result<Option<ArrayRef>, ArrowError> {
        let plan = &self.plan.record_plan;
        let Some(input) = plan.bounded_event_time else {
            return self.keep_record_times().map(|()| None);
        };
        let Converted { array, misfits } = self.converted(input)?;
        let times = array.as_primitive::<TimestampMicrosecondType>();
        let values = times.values();
        let mut kept =
            BooleanBuffer::collect_bool(times.len(), |row| plan.range.contains(values[row]));
        let nulls = times.null_count();
        if let Some(valid) = times.nulls() {
            kept = &kept & valid.inner();
            let mut misfits = misfits.into_iter().peekable();
            for row in (!valid.inner()).set_indices() {
                let reason = match misfits.next_if(|(at, _)| *at as usize == row) {
                    Some((_, reason)) => reason,
                    None if plan.inputs[input].nullable => {
                        "null as the event time, to which the job's range applies".to_owned()
                    }
                    None => self.lacks(input),
                };
                self.refused
                    .insert(self.places[row], (plan.path(input), reason));
            }
        }
        self.counts.out_of_range = (times.len() - nulls - kept.count_set_bits()) as u64;
        let left = self.keep(kept)?;
        left.map_or(Ok(array.clone()), |left| filtered(&left, &array))
            .map(Some)
    }

    /// Keeps the rows whose record has a timestamp within the range, if the range applies to timestamps.
    fn keep_record_times(&mut self) -> Result<(), ArrowError> {
        let plan = &self.plan.record_plan;
        if !plan.is_cut_by_record_time {
            return Ok(());
        }
        let (metadata, places) = (&self.piece.metadata, &self.places);
        let times: Vec<_> = places.iter().map(|row| metadata.time_us(*row)).collect();
        let kept = BooleanBuffer::collect_bool(times.len(), |row| {
            times[row].is_some_and(|at_us| plan.range.contains(at_us))
        });
        let untimed = places.iter().zip(&times);
        let untimed = untimed.filter(|(_, time)| time.is_none());
        let refused: Vec<_> = untimed.map(|(row, _)| (*row, untimed_refusal())).collect();
        let outside = times.len() - refused.len() - kept.count_set_bits();
        self.counts.out_of_range = outside as u64;
        self.refused.extend(refused);
        self.keep(kept).map(|_| ())
    }

    /// The columns of the component, and the indices in the piece of their rows.
    fn convert_inputs(
        &mut self,
        event_time: Option<ArrayRef>,
    ) -> Result<(RecordBatch, Vec<u32>), ArrowError> {
        let (plan, refused_before) = (&self.plan.record_plan, self.refused.len());
        let mut columns = Vec::with_capacity(plan.inputs.len());
        for (input, planned) in plan.inputs.iter().enumerate() {
            let converted = match &event_time {
                Some(times) if plan.bounded_event_time == Some(input) => times.clone().into(),
                _ => self.converted(input)?,
            };
            // The reason of a rejection is that of the first input that does not fit.
            for (row, reason) in converted.misfits {
                let refusal = || (plan.path(input), reason);
                self.refused
                    .entry(self.places[row as usize])
                    .or_insert_with(refusal);
            }
            if let Some(valid) = converted.array.nulls().filter(|_| !planned.nullable) {
                for row in (!valid.inner()).set_indices() {
                    let refusal = (plan.path(input), self.lacks(input));
                    self.refused.entry(self.places[row]).or_insert(refusal);
                }
            }
            columns.push(converted.array);
        }
        if self.refused.len() > refused_before {
            let refused = &self.refused;
            let is_kept = |place: &u32| !refused.contains_key(place);
            let kept =
                BooleanArray::from_iter(self.places.iter().map(|place| Some(is_kept(place))));
            for column in &mut columns {
                *column = filtered(&kept, column)?;
            }
            self.places.retain(|place| !refused.contains_key(place));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.places.len()));
        let batch = RecordBatch::try_new_with_options(self.plan.schema.clone(), columns, &options)?;
        Ok((batch, std::mem::take(&mut self.places)))
    }

    /// The column of an input, for the remaining rows.
    fn converted(&self, input: usize) -> Result<Converted, ArrowError> {
        let (target, rows) = (self.plan.inputs[input], self.places.len());
        let key_values = &self.piece.binding.key_values;
        let array: ArrayRef = match &self.plan.record_plan.inputs[input].origin {
            PlannedOrigin::Value(slot) => {
                let column = self.arrays[slot.index()].as_ref();
                let binding = &self.piece.binding;
                if let Some((column, conversion)) = column.zip(binding.conversions[input].as_ref())
                {
                    return conversion.apply(column, &binding.forms[slot.index()], target);
                }
                if let Some((column, reason)) = column.zip(binding.why_mismatched(input)) {
                    return Ok(Converted::refused(column, target, &reason));
                }
                match key_values.input(input) {
                    Some(Ok(value)) => repeated(value, rows)?,
                    Some(Err(reason)) => {
                        return Ok(Converted {
                            array: new_null_array(&target.kind.data_type(), rows),
                            misfits: (0..rows as u32).map(|row| (row, reason.clone())).collect(),
                        });
                    }
                    None => new_null_array(&target.kind.data_type(), rows),
                }
            }
            origin => {
                return self
                    .piece
                    .metadata
                    .input(origin, &self.places, key_values, target);
            }
        };
        Ok(array.into())
    }

    /// Keeps the rows of `kept`; returns the mask if it removes any.
    fn keep(&mut self, kept: BooleanBuffer) -> Result<Option<BooleanArray>, ArrowError> {
        if kept.count_set_bits() == self.places.len() {
            return Ok(None);
        }
        self.places = kept.set_indices().map(|row| self.places[row]).collect();
        let kept = BooleanArray::new(kept, None);
        let left = self.arrays.iter().map(|array| {
            let array = array.as_ref();
            array.map(|array| filtered(&kept, array)).transpose()
        });
        self.arrays = Cow::Owned(left.collect::<Result<_, _>>()?);
        Ok(Some(kept))
    }
}

fn untimed_refusal() -> Refusal {
    (None, UNTIMED.to_owned())
}

/// An array of length 1, repeated `rows` times.
fn repeated(value: &ArrayRef, rows: usize) -> Result<ArrayRef, ArrowError> {
    take(value, &UInt32Array::from(vec![0; rows]), None)
}

fn filtered(kept: &BooleanArray, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    FilterBuilder::new(kept).build().filter(array)
}
