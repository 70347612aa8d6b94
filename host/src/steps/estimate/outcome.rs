//! What became of the records of a sample.

use serde::Serialize;

use super::names::Names;
use crate::decode::{Counts, Events, Presence, PresenceReport, Rejected};
use crate::guest::Refused;
use crate::schema::Descriptor;

/// The most reasons that are kept apart.
const REASONS_LIMIT: usize = 32;

/// What became of the records of a sample, as it would of them in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SampleOutcome {
    /// The records that were decoded.
    pub records: u64,
    /// Of these, those that were folded.
    pub folded: u64,
    /// Those that do not meet the conditions.
    pub not_wanted: u64,
    /// Those whose event time is outside the range.
    pub out_of_range: u64,
    /// Those that the decoder or the component rejected.
    pub rejected: u64,
    /// Why, the most frequent reason first. Of very many reasons, some are left out.
    pub reasons: Vec<SampleReason>,
    /// In how many of the events each input was there.
    pub presence: PresenceReport,
}

/// Records of a sample that were rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleReason {
    /// The reason, with the path of the value at fault.
    pub reason: String,
    /// The records.
    pub records: u64,
    /// The position of the first of them.
    pub first: String,
}

/// Collects what becomes of the records of a sample.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    counts: Counts,
    presence: Presence,
    refused: u64,
    reasons: Vec<SampleReason>,
    names: Names,
}

impl Outcomes {
    /// Adds a batch as it is decoded; `delimiter` is the setting of CSV.
    pub(super) fn add(&mut self, events: &Events, delimiter: Option<char>) {
        self.counts += events.counts;
        self.presence.add(&events.presence);
        if self.presence.is_lacking() {
            self.names.add(events, delimiter);
        }
        for rejected in &events.rejected {
            self.reject(rejected);
        }
    }

    /// Adds the names of the columns of an object.
    pub(super) fn add_columns(&mut self, columns: impl IntoIterator<Item = String>) {
        self.names.extend(columns);
    }

    /// Adds records that the component refused.
    pub(super) fn refuse(&mut self, refused: &[Refused]) {
        self.refused += refused.len() as u64;
        for one in refused {
            self.reject(&one.record);
        }
    }

    fn reject(&mut self, rejected: &Rejected) {
        let reason = match &rejected.path {
            Some(path) => format!("{path}: {}", rejected.reason),
            None => rejected.reason.clone(),
        };
        let known = self.reasons.iter_mut().find(|one| one.reason == reason);
        if let Some(known) = known {
            known.records += 1;
        } else if self.reasons.len() < REASONS_LIMIT {
            self.reasons.push(SampleReason {
                reason,
                records: 1,
                first: rejected.position.to_string(),
            });
        }
    }

    /// The outcome, for the inputs and conditions of `descriptor`.
    pub(super) fn finish(mut self, descriptor: &Descriptor) -> SampleOutcome {
        // Those of the same number stay in the order of the sample.
        self.reasons
            .sort_by_key(|reason| std::cmp::Reverse(reason.records));
        let mut presence = self.presence.report(&descriptor.inputs, &descriptor.only);
        for input in &mut presence.inputs {
            if let (0, Some(path)) = (input.present, &input.path) {
                input.nearest = self.names.nearest(path);
            }
        }
        let counts = &self.counts;
        SampleOutcome {
            records: counts.records,
            folded: counts.events.saturating_sub(self.refused),
            not_wanted: counts.not_wanted,
            out_of_range: counts.out_of_range,
            rejected: counts.rejected + self.refused,
            presence,
            reasons: self.reasons,
        }
    }
}
