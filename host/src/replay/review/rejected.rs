//! The rejected records of a build by reason, with the first records of each.

use std::collections::BTreeMap;

use crate::fold::{Quarantined, Written};
use crate::replay::Error;
use crate::replay::quarantine::{ReasonCount, ReasonKind, count_reasons};
use crate::workdir::BuildFolder;

/// The records that are shown of each kind of reason.
const SAMPLES: usize = 2;

/// The most characters that are kept of each text of a record.
const CHARACTERS: usize = 800;

/// The most lines that are kept of what a component said.
const LINES: usize = 12;

/// A kind of reason, and records that were rejected for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedReason {
    /// The reason, and how many records were rejected for it.
    pub count: ReasonCount,
    /// The first of them.
    pub samples: Vec<RejectedSample>,
}

/// A rejected record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedSample {
    /// Its number among the rejected records of the build, from 1.
    pub number: u64,
    /// Where it stands in the source.
    pub position: String,
    /// Why it was rejected, with its values.
    pub reason: String,
    /// The begin of the record: as text, or in base64 where it is not UTF-8. `None` where its bytes were not kept.
    pub record: Option<String>,
    /// Whether `record` is in base64.
    pub is_base64: bool,
    /// The length of the whole record; 0 where it is not known.
    pub length_bytes: u64,
    /// The component's own lines on its failure.
    pub details: Vec<String>,
}

/// The rejected records of a build by reason.
pub(super) fn reasons(build: &BuildFolder) -> Result<Vec<RejectedReason>, Error> {
    let mut samples = BTreeMap::<ReasonKind, Vec<RejectedSample>>::new();
    let (_, counts) = count_reasons(build, |number, record, kind| {
        let own = samples.entry(kind.clone()).or_default();
        if own.len() < SAMPLES {
            own.push(RejectedSample::new(number, &record));
        }
    })?;
    let reasons = counts.into_iter().map(|count| {
        let kind = (count.rejected_by, count.path.clone(), count.reason.clone());
        RejectedReason {
            samples: samples.remove(&kind).unwrap_or_default(),
            count,
        }
    });
    Ok(reasons.collect())
}

impl RejectedSample {
    fn new(number: u64, record: &Quarantined) -> Self {
        let (text, is_base64) = match &record.bytes {
            Some(Written::Text(text)) => (Some(begin(text)), false),
            Some(Written::Base64(base64)) => (Some(begin(base64)), true),
            None => (None, false),
        };
        let details = record.failure.iter().flat_map(|failure| &failure.details);
        RejectedSample {
            number,
            position: record.position.to_string(),
            reason: begin(&record.reason),
            record: text,
            is_base64,
            length_bytes: record.length_bytes,
            details: details.take(LINES).map(|line| begin(line)).collect(),
        }
    }
}

/// The begin of a text, with a mark where it goes on.
fn begin(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
