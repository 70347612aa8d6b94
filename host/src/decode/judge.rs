//! What becomes of a record: conditions, range, inputs, in this order.

use super::column::{Column, Misfit};
use super::json::{RecordParser, SlotId};
use super::key_fields::{PlannedKeyFields, misfit, whole};
use super::plan::{Place, Plan, PlannedCondition};
use super::rows::Record;

/// The wanted values of one record, in whatever format it is.
pub(super) trait Values {
    /// Whether the value that a condition looks at meets it; `None` where the record lacks it.
    fn meets(&self, condition: &PlannedCondition) -> Option<bool>;

    /// Appends the value in `slot` to `column`, but null: says whether there is another. `None` where the record
    /// lacks it.
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>>;

    /// Why the record lacks the value in `slot`, where there is more to say than that it is missing or null.
    fn why_missing(&self, _slot: SlotId) -> Option<String> {
        None
    }
}

/// The values of the record that was parsed last.
pub(super) struct JsonValues<'a> {
    pub(super) parser: &'a RecordParser,
    /// The text that it is in.
    pub(super) text: &'a [u8],
}

impl Values for JsonValues<'_> {
    #[inline(always)]
    fn meets(&self, condition: &PlannedCondition) -> Option<bool> {
        let span = self.parser.get(condition.slot)?;
        Some(condition.holds(span.of(self.text), span.escaped))
    }

    #[inline(always)]
    fn push(&self, slot: SlotId, column: &mut Column) -> Option<Result<bool, Misfit>> {
        let span = self.parser.get(slot)?;
        Some(match span.of(self.text) {
            b"null" => Ok(false),
            _ => column.push_json(self.text, span).map(|()| true),
        })
    }
}

/// A record that is bytes and nothing else, or that has no value.
pub(super) struct NoValues;

impl Values for NoValues {
    fn meets(&self, _condition: &PlannedCondition) -> Option<bool> {
        None
    }

    fn push(&self, _slot: SlotId, _column: &mut Column) -> Option<Result<bool, Misfit>> {
        None
    }
}

/// Why a record is refused that has no value where one is wanted.
pub(super) const TOMBSTONE: &str = "a tombstone: the record has no value";

/// Why a record is refused whose timestamp is wanted and unknown.
pub(super) const UNTIMED: &str = "no timestamp, which the job's range is cut on";

/// What becomes of a record that is not refused.
pub(super) enum Verdict {
    Event,
    NotWanted,
    OutOfRange,
}

/// The path of the value at fault, where it is one value's, and what is wrong with it.
pub(super) type Refusal = Box<(Option<String>, Misfit)>;

/// Judges one record.
pub(super) struct Judge<'a> {
    pub(super) plan: &'a Plan,
    pub(super) key_says: Option<&'a PlannedKeyFields>,
    pub(super) columns: &'a mut [Column],
}

impl Judge<'_> {
    /// Appends the values of a record that is in `text`; the caller takes them back unless it is an event.
    #[inline]
    pub(super) fn judge<V: Values>(
        mut self,
        values: &V,
        text: &[u8],
        record: &Record<'_>,
    ) -> Result<Verdict, Refusal> {
        for (at, condition) in self.plan.only.iter().enumerate() {
            let held = match (values.meets(condition), self.key_says) {
                (Some(meets), _) => meets,
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
            self.push(input, values, text, record)?;
            match self.columns[input].last_timestamp() {
                Some(at_us) if self.plan.range.contains(at_us) => {}
                Some(_) => return Ok(Verdict::OutOfRange),
                None => {
                    let misfit = Misfit(
                        "null as the event time, which the job's range is cut on".to_owned(),
                    );
                    return Err(Box::new((self.plan.path(input), misfit)));
                }
            }
        }
        if self.plan.is_cut_by_record_time {
            match record.time_us {
                Some(at_us) if self.plan.range.contains(at_us) => {}
                Some(_) => return Ok(Verdict::OutOfRange),
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
        Ok(Verdict::Event)
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
        let pushed = match &plan.place {
            Place::Value(slot) => match (values.push(*slot, column), self.key_says) {
                (Some(pushed), _) => pushed,
                (None, Some(key)) => push_from_key(column, key, input),
                (None, None) => Ok(false),
            },
            place => push_origin(column, place, text, record, self.key_says),
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
        let why = match &self.plan.inputs[input].place {
            Place::Value(_) | Place::Payload if !record.has_value => Some(TOMBSTONE.to_owned()),
            Place::Value(slot) => values.why_missing(*slot),
            _ => None,
        };
        let reason = why.unwrap_or_else(|| self.plan.lacks(input));
        Box::new((self.plan.path(input), Misfit(reason)))
    }
}

/// Pushes what is not within the value; says whether there was something.
#[inline(never)]
fn push_origin(
    column: &mut Column,
    place: &Place,
    text: &[u8],
    record: &Record<'_>,
    key_says: Option<&PlannedKeyFields>,
) -> Result<bool, Misfit> {
    let bytes = match place {
        // The caller's, who has it from the parser.
        Place::Value(_) => None,
        Place::Payload => record.has_value.then(|| &text[record.start..record.end]),
        Place::Key => record.key,
        Place::Header(name) => record.headers.last(name),
        Place::SourceName => {
            let topic = key_says.and_then(|key| key.topic.as_deref());
            Some(topic.unwrap_or(&record.stretch.source).as_bytes())
        }
        Place::Time => return Ok(push_integer(column, record.time_us)),
        Place::Partition => {
            let key_fields = key_says.and_then(|key| key.partition);
            let partition = record.stretch.partition.or(key_fields);
            return Ok(push_integer(column, partition.map(i64::from)));
        }
        Place::Offset => {
            let first = key_says.map_or(Some(0), |key| key.first_offset);
            let offset = first.and_then(|first| first.checked_add(record.offset));
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
    key: &PlannedKeyFields,
    input: usize,
) -> Result<bool, Misfit> {
    let json = key.inputs[input].as_deref();
    let Some(json) = json.filter(|json| *json != b"null") else {
        return Ok(false);
    };
    let pushed = column.push_json(json, whole(json));
    pushed.map(|()| true).map_err(misfit)
}

fn push_integer(column: &mut Column, value: Option<i64>) -> bool {
    value.map(|value| column.push_integer(value)).is_some()
}
