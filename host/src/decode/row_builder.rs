//! Conditions, range and inputs applied to one record, in this order.

use super::column::{Column, Misfit};
use super::key_fields::{PlannedKeyFields, misfit, whole};
use super::plan::{Plan, PlannedOrigin};
use super::presence::Absences;
use super::record::{Record, Values};

/// The reason to reject a tombstone if a value is wanted.
pub(super) const TOMBSTONE: &str = "a tombstone: the record has no value";

/// The reason to reject a record without a timestamp if the range applies to it.
pub(super) const UNTIMED: &str = "no timestamp, to which the job's range applies";

/// The outcome of a record that is not rejected.
pub(super) enum Outcome {
    Event,
    NotWanted,
    OutOfRange,
}

/// The path of the value at fault, if it is one value, and the reason.
pub(super) type Refusal = Box<(Option<String>, Misfit)>;

/// Appends the values of one record to the columns, if it meets conditions and range.
pub(super) struct RowBuilder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) key_fields: Option<&'a PlannedKeyFields>,
    pub(super) columns: &'a mut [Column],
    pub(super) absences: &'a mut Absences,
    /// The index in the batch of the row that the record may become.
    pub(super) row: usize,
}

impl RowBuilder<'_> {
    /// Appends the values of a record, which is in `text`. Unless the outcome is an event, the caller has to truncate
    /// the columns.
    ///
    /// # Errors
    /// If the record is rejected.
    #[inline]
    pub(super) fn build<V: Values>(
        mut self,
        values: &V,
        text: &[u8],
        record: &Record<'_>,
    ) -> Result<Outcome, Refusal> {
        for (at, condition) in self.plan.only.iter().enumerate() {
            let of_key = || {
                self.key_fields
                    .and_then(|key| key.conditions[at].as_deref())
            };
            let held = match values.meets(condition) {
                Some(meets) => meets,
                None => match of_key() {
                    Some(json) => condition.holds(json, whole(json).escaped),
                    None => {
                        self.absences.mark_lacking(at);
                        false
                    }
                },
            };
            if !held {
                return Ok(Outcome::NotWanted);
            }
        }
        // The event time comes first: a record outside the range is passed over, whatever else is wrong with it.
        let event_time = self.plan.bounded_event_time;
        if let Some(input) = event_time {
            self.push(input, values, text, record)?;
            match self.columns[input].last_timestamp() {
                Some(at_us) if self.plan.range.contains(at_us) => {}
                Some(_) => return Ok(Outcome::OutOfRange),
                None => {
                    let misfit = Misfit(
                        "null as the event time, to which the job's range applies".to_owned(),
                    );
                    return Err(Box::new((self.plan.path(input), misfit)));
                }
            }
        }
        if self.plan.is_cut_by_record_time {
            match record.time_us {
                Some(at_us) if self.plan.range.contains(at_us) => {}
                Some(_) => return Ok(Outcome::OutOfRange),
                None => {
                    return Err(Box::new((None, Misfit(UNTIMED.to_owned()))));
                }
            }
        }
        for input in 0..self.columns.len() {
            if event_time != Some(input) {
                self.push(input, values, text, record)?;
            }
        }
        Ok(Outcome::Event)
    }

    #[inline(always)]
    fn push<V: Values>(
        &mut self,
        input: usize,
        values: &V,
        text: &[u8],
        record: &Record<'_>,
    ) -> Result<(), Refusal> {
        let (column, plan) = (&mut self.columns[input], &self.plan.inputs[input]);
        let pushed = match &plan.origin {
            PlannedOrigin::Value(slot) => match values.push(*slot, column) {
                Some(pushed) => pushed,
                None => match self.key_fields.and_then(|key| key.inputs[input].as_deref()) {
                    Some(json) => push_from_key(column, json),
                    None => {
                        self.absences.mark(input, self.row);
                        Ok(false)
                    }
                },
            },
            origin => {
                let pushed = push_origin(column, origin, text, record, self.key_fields);
                if matches!((origin, &pushed), (PlannedOrigin::Header(_), Ok(false))) {
                    self.absences.mark(input, self.row);
                }
                pushed
            }
        };
        match pushed {
            Ok(true) => Ok(()),
            Ok(false) if plan.nullable => {
                column.push_null();
                Ok(())
            }
            Ok(false) => Err(self.missing(input, values, record)),
            Err(misfit) => Err(Box::new((self.plan.path(input), misfit))),
        }
    }

    #[cold]
    fn missing<V: Values>(&self, input: usize, values: &V, record: &Record<'_>) -> Refusal {
        let why = match &self.plan.inputs[input].origin {
            PlannedOrigin::Value(_) | PlannedOrigin::Payload if !record.has_value => {
                Some(TOMBSTONE.to_owned())
            }
            PlannedOrigin::Value(slot) => values.why_missing(*slot),
            _ => None,
        };
        let reason = why.unwrap_or_else(|| self.plan.lacks(input));
        Box::new((self.plan.path(input), Misfit(reason)))
    }
}

/// Appends a value whose origin is not a path; false if the record lacks it.
#[inline(never)]
fn push_origin(
    column: &mut Column,
    origin: &PlannedOrigin,
    text: &[u8],
    record: &Record<'_>,
    key_fields: Option<&PlannedKeyFields>,
) -> Result<bool, Misfit> {
    let bytes = match origin {
        // The caller appends it from the parsed record.
        PlannedOrigin::Value(_) => None,
        PlannedOrigin::Payload => record.has_value.then(|| &text[record.start..record.end]),
        PlannedOrigin::Key => record.key,
        PlannedOrigin::Header(name) => record.headers.last(name),
        PlannedOrigin::SourceName => {
            let topic = key_fields.and_then(|key| key.topic.as_deref());
            Some(topic.unwrap_or(&record.block.source).as_bytes())
        }
        PlannedOrigin::Time => return Ok(push_integer(column, record.time_us)),
        PlannedOrigin::Partition => {
            let of_key = key_fields.and_then(|key| key.partition);
            let partition = record.block.partition.or(of_key);
            return Ok(push_integer(column, partition.map(i64::from)));
        }
        PlannedOrigin::Offset => {
            let first = key_fields.map_or(Some(0), |key| key.first_offset);
            let offset = first.and_then(|first| first.checked_add(record.offset));
            return Ok(push_integer(column, offset));
        }
    };
    match bytes {
        Some(bytes) => column.push_bytes(bytes).map(|()| true),
        None => Ok(false),
    }
}

/// Appends the value that the object's key has for an input; false if it is null.
#[inline(never)]
fn push_from_key(column: &mut Column, json: &[u8]) -> Result<bool, Misfit> {
    if json == b"null" {
        return Ok(false);
    }
    column.push_json(json, whole(json)).map_err(misfit)
}

fn push_integer(column: &mut Column, value: Option<i64>) -> bool {
    value.map(|value| column.push_integer(value)).is_some()
}
