//! In how many events each input was there.
//!
//! An input with a path is there if the record has the path, or if the key of its object has a column of that name: an
//! explicit null is there, as is an empty field of CSV and a null of a column. An input from a header is there if the
//! record has such a header. Other inputs are not counted: they have no name that could be wrong.

use serde::{Deserialize, Serialize};

use crate::schema::{Condition, Input, Origin};

/// The most values of a condition that messages show.
const VALUES_LIMIT: usize = 8;

/// Counts of events in which inputs were absent, and of records that lack the value of a condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Events that were decoded, including those taken out as repeated.
    pub events: u64,
    /// Of these, those in which each input was absent, by its index; empty if none was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    absent: Vec<u64>,
    /// Records that were passed over since they lack the value of a condition, by its index; empty if none was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lacking: Vec<u64>,
}

impl Presence {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Presence::default()
    }

    /// Whether an input is absent from all events, if there are events.
    pub(crate) fn is_lacking(&self) -> bool {
        self.events > 0 && self.absent.contains(&self.events)
    }

    /// Adds the counts of other records.
    pub fn add(&mut self, other: &Presence) {
        self.events += other.events;
        add_each(&mut self.absent, &other.absent);
        add_each(&mut self.lacking, &other.lacking);
    }

    /// Adds events in which an input was absent.
    pub(super) fn add_absent(&mut self, input: usize, events: u64) {
        add_at(&mut self.absent, input, events);
    }

    /// Adds records that lack the value of a condition.
    pub(super) fn add_lacking(&mut self, condition: usize, records: u64) {
        add_at(&mut self.lacking, condition, records);
    }

    /// The counts by the names of inputs and conditions, which are those of the projection, in its order.
    pub fn report(&self, inputs: &[Input], only: &[Condition]) -> PresenceReport {
        let inputs = inputs.iter().enumerate().filter_map(|(at, input)| {
            let (path, header) = match &input.origin {
                Origin::Path(path) => (Some(path.clone()), None),
                Origin::RecordHeader(name) => (None, Some(name.clone())),
                _ => return None,
            };
            let absent = self.absent.get(at).copied().unwrap_or(0);
            Some(InputPresence {
                input: input.name.clone(),
                path,
                header,
                nearest: Vec::new(),
                present: self.events.saturating_sub(absent),
            })
        });
        let conditions = only.iter().enumerate().map(|(at, condition)| {
            let lacking = self.lacking.get(at).copied().unwrap_or(0);
            ConditionPresence {
                path: condition.path.clone(),
                any_of: condition.any_of.clone(),
                lacking,
            }
        });
        PresenceReport {
            events: self.events,
            inputs: inputs.collect(),
            conditions: conditions.collect(),
        }
    }
}

fn add_at(counts: &mut Vec<u64>, at: usize, number: u64) {
    if number > 0 {
        counts.resize(counts.len().max(at + 1), 0);
        counts[at] += number;
    }
}

fn add_each(counts: &mut Vec<u64>, others: &[u64]) {
    for (at, number) in others.iter().enumerate() {
        add_at(counts, at, *number);
    }
}

/// In how many events each input was there, and how many records lack the value of each condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PresenceReport {
    /// The events that were decoded.
    pub events: u64,
    /// The inputs with a path or a header.
    pub inputs: Vec<InputPresence>,
    /// The conditions.
    pub conditions: Vec<ConditionPresence>,
}

impl PresenceReport {
    /// The inputs that are absent from all events, if there are events.
    pub fn absent(&self) -> impl Iterator<Item = &InputPresence> {
        let inputs = self.inputs.iter();
        inputs.filter(|input| self.events > 0 && input.present == 0)
    }
}

/// In how many events an input was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputPresence {
    /// The name of the input.
    pub input: String,
    /// Its path, as the component declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The events in which it was there, be it as null.
    pub present: u64,
    /// Names that records have instead, the most similar first, if they were looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

impl InputPresence {
    /// The input and where its values are looked for, as messages show it.
    pub fn shown(&self) -> String {
        match (&self.path, &self.header) {
            (Some(path), _) if *path != self.input => format!("`{}` at `{path}`", self.input),
            (None, Some(header)) => format!("`{}` from the header `{header}`", self.input),
            _ => format!("`{}`", self.input),
        }
    }
}

/// How many records lack the value of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionPresence {
    /// The path of the value.
    pub path: String,
    /// The values that meet the condition.
    pub any_of: Vec<String>,
    /// The records that were passed over since they have no value there.
    pub lacking: u64,
}

impl ConditionPresence {
    /// The condition and the number of records that lack its value, as messages show it.
    pub fn shown(&self) -> String {
        let named = self.any_of.iter().take(VALUES_LIMIT);
        let mut values: Vec<_> = named.map(|value| format!("{value:?}")).collect();
        if self.any_of.len() > VALUES_LIMIT {
            values.push("…".to_owned());
        }
        let lacking = match self.lacking {
            0 => String::new(),
            records => format!(" (records without it: {records})"),
        };
        format!("`{}` has to be {}{lacking}", self.path, values.join(" or "))
    }
}

/// Counts absent inputs while rows are appended.
pub(super) struct Absences {
    inputs: Vec<Absence>,
    lacking: Vec<u64>,
}

/// The absences of one input in a batch.
#[derive(Clone, Copy, Default)]
struct Absence {
    rows: u64,
    /// The number of the last row without it, from 1.
    last: usize,
}

impl Absences {
    pub(super) fn new(inputs: usize, conditions: usize) -> Self {
        Absences {
            inputs: vec![Absence::default(); inputs],
            lacking: vec![0; conditions],
        }
    }

    /// Marks an input as absent from the row with index `row`, which is being appended.
    #[inline(always)]
    pub(super) fn mark(&mut self, input: usize, row: usize) {
        let absence = &mut self.inputs[input];
        absence.rows += 1;
        absence.last = row + 1;
    }

    /// Counts a record that lacks the value of a condition.
    #[inline(always)]
    pub(super) fn mark_lacking(&mut self, condition: usize) {
        self.lacking[condition] += 1;
    }

    /// Takes back the marks of the row with index `row`, which did not become an event.
    pub(super) fn take_back(&mut self, row: usize) {
        for absence in &mut self.inputs {
            if absence.last == row + 1 {
                absence.rows -= 1;
                absence.last = 0;
            }
        }
    }

    /// Takes the counts of a batch of `events` rows.
    pub(super) fn take(&mut self, events: usize) -> Presence {
        let mut presence = Presence {
            events: events as u64,
            ..Presence::default()
        };
        for (input, absence) in self.inputs.iter_mut().enumerate() {
            presence.add_absent(input, std::mem::take(absence).rows);
        }
        for (condition, records) in self.lacking.iter_mut().enumerate() {
            presence.add_lacking(condition, std::mem::take(records));
        }
        presence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_became_no_events_do_not_count() {
        let mut absences = Absences::new(2, 1);
        absences.mark(1, 0);
        absences.mark(0, 1);
        absences.mark(1, 1);
        absences.take_back(1);
        absences.mark(1, 1);
        // The row before is not taken back again.
        absences.take_back(2);
        absences.mark_lacking(0);
        let first = absences.take(2);
        assert_eq!(
            (first.absent.as_slice(), first.lacking.as_slice()),
            (&[0, 2][..], &[1][..])
        );
        // In the next batch, rows are numbered anew.
        absences.take_back(1);
        let mut sum = absences.take(3);
        assert_eq!(
            sum,
            Presence {
                events: 3,
                ..Presence::default()
            }
        );
        sum.add(&first);
        assert_eq!((sum.events, sum.absent[1]), (5, 2));
    }
}
