//! The records that a build rejected: counted, shown, and folded again one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use chrono::Utc;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Error;
use super::conductor::load_component;
use super::reason::generalized;
use super::schemas::peek_schemas;
use crate::decode::{DecodeError, Decoding, Events, Position};
use crate::fold::{Quarantined, RejectedBy, drain};
use crate::guest::{Component, GuestError, Window};
use crate::job::Job;
use crate::row_json;
use crate::scan::{ScanError, decode_piece, wanted_projection};
use crate::source::Chunk;
use crate::steps::{on_thread, watched};
use crate::workdir::{BuildError, BuildFolder, WorkFolder};

/// The rejected records of a build.
#[derive(Clone, Debug, Serialize)]
pub struct Quarantine {
    /// The build; `None` where no build has rejected anything.
    pub build: Option<String>,
    /// How many records were rejected.
    pub total: u64,
    /// How many records were rejected for each kind of reason, the most frequent kind first.
    pub reasons: Vec<ReasonCount>,
    /// The first rejected records.
    pub records: Vec<Numbered>,
}

/// A kind of reason, and how many records were rejected for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// How many records.
    pub count: u64,
    /// Whether the decoder or the component rejected them.
    pub rejected_by: RejectedBy,
    /// The path of the value at fault, where it is one value's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The reason, without the values and numbers that differ from record to record.
    pub reason: String,
    /// The number of the first of these records.
    pub first: u64,
    /// Its position.
    pub position: Position,
}

/// A rejected record and its number.
#[derive(Clone, Debug, Serialize)]
pub struct Numbered {
    /// Its place among the rejected records of its build, from 1, in the order in which they were rejected.
    pub number: u64,
    /// The record.
    #[serde(flatten)]
    pub record: Quarantined,
}

/// What became of a rejected record that was folded again, alone.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// The record.
    pub record: Numbered,
    /// The digest of the component that folded it now.
    pub component: String,
    /// The columns that the decoder makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Map<String, Value>>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a record.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Fate {
    /// It counts: these keys and states came of it.
    Folded {
        /// The keys and states.
        states: Vec<Map<String, Value>>,
    },
    /// It does not meet the conditions of the component, or is out of the job's range.
    PassedOver,
    /// It was rejected.
    Rejected {
        /// Whether the decoder or the component did.
        rejected_by: RejectedBy,
        /// The reason.
        reason: String,
    },
    /// The component failed on it.
    Failed {
        /// The code of the failure.
        code: String,
        /// The component's own words, or the message of the failure.
        reason: String,
        /// The component's other lines on it: a traceback, or the frames of the user's code.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        details: Vec<String>,
        /// The functions that it was in, the innermost first.
        backtrace: Vec<String>,
    },
}

/// How many reasons the gate states.
const MAIN_REASONS: usize = 3;

/// How many kinds of reasons are counted apart.
const MOST_REASONS: usize = 1_000;

/// The rejected records of `build`, or of the newest build that has any: all of them counted, the first `limit` of them
/// given.
pub fn quarantine(job: &Job, build: Option<&str>, limit: usize) -> Result<Quarantine, Error> {
    let Some(build) = chosen(job, build)? else {
        return Ok(Quarantine {
            build: None,
            total: 0,
            reasons: vec![],
            records: vec![],
        });
    };
    let mut records = Vec::new();
    let (total, reasons) = count_reasons(&build, |number, record, _| {
        if records.len() < limit {
            records.push(Numbered { number, record });
        }
    })?;
    Ok(Quarantine {
        build: Some(build.manifest.build),
        total,
        reasons,
        records,
    })
}

/// A kind of reason: the part that rejected, the path of the value at fault, and the reason without what differs from
/// record to record.
pub(super) type ReasonKind = (RejectedBy, Option<String>, String);

/// Counts the rejected records of a build, all of them and by reason, and gives each with its kind of reason to `see`.
pub(super) fn count_reasons(
    build: &BuildFolder,
    mut see: impl FnMut(u64, Quarantined, &ReasonKind),
) -> Result<(u64, Vec<ReasonCount>), Error> {
    let mut total = 0;
    let mut reasons = BTreeMap::<ReasonKind, (u64, u64, Position)>::new();
    for next in build.rejected()? {
        let (number, record) = next?;
        total += 1;
        let mut kind = (
            record.rejected_by,
            record.path.clone(),
            generalized(&record.reason),
        );
        if reasons.len() >= MOST_REASONS && !reasons.contains_key(&kind) {
            kind = (record.rejected_by, None, "other reasons".into());
        }
        let first = || (0, number, record.position.clone());
        reasons.entry(kind.clone()).or_insert_with(first).0 += 1;
        see(number, record, &kind);
    }
    let reasons = reasons.into_iter();
    let mut reasons: Vec<_> = reasons
        .map(
            |((rejected_by, path, reason), (count, first, position))| ReasonCount {
                count,
                rejected_by,
                path,
                reason,
                first,
                position,
            },
        )
        .collect();
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.count), reason.first));
    Ok((total, reasons))
}

/// The most frequent reasons for which records of a build were rejected, each with its first record: the facts that the
/// gate states.
pub(super) fn main_reasons(build: &BuildFolder) -> Result<Vec<String>, Error> {
    let (_, reasons) = count_reasons(build, |_, _, _| {})?;
    let said = |reason: &ReasonCount| {
        let path = reason.path.as_deref();
        let path = path.map_or(String::new(), |path| format!("{path}: "));
        let (count, text, first) = (reason.count, &reason.reason, &reason.position);
        format!("{count} × {path}{text} (the first is {first})")
    };
    let others: u64 = reasons.iter().skip(MAIN_REASONS).map(|one| one.count).sum();
    let others = (others > 0).then(|| format!("{others} × other reasons"));
    let main = reasons.iter().take(MAIN_REASONS).map(said);
    Ok(main.chain(others).collect())
}

/// The rejected record with this number, of `build` or of the newest build that has any.
///
/// # Errors
/// Where there is no such build or no such record.
pub fn quarantined(job: &Job, build: Option<&str>, number: u64) -> Result<Numbered, Error> {
    Ok(find(job, build, number)?.1)
}

/// Folds one rejected record again, alone, with the component and the parameters that the job has now. Nothing of it is
/// kept.
///
/// # Errors
/// Where there is no such record, its bytes were not kept, or the component cannot be loaded.
pub async fn replay_quarantined(
    job: &Job,
    build: Option<&str>,
    number: u64,
) -> Result<Replayed, Error> {
    let (build, record) = find(job, build, number)?;
    let key_fields = |key: &str| job.source.key_fields_of(key);
    let Some(chunk) = record
        .record
        .chunk(&build.manifest.input.decode, key_fields)
    else {
        let build = build.manifest.build;
        return Err(BuildError::NotKept { build, number }.into());
    };
    let (component, descriptor) = load_component(job, &Arc::default()).await?;
    let schemas = peek_schemas(job, &build)?;
    let wanted = wanted_projection(&descriptor, job.range.resolve(Utc::now())?);
    let mut decoding = Decoding::new(wanted, &build.manifest.input.decode)?;
    if let Some(schemas) = schemas {
        schemas.learn(&chunk).await.map_err(ScanError::from)?;
        decoding = decoding.with_schemas(Some(schemas.known()));
    }
    let (columns, decoded) = decode(decoding, &record.record, chunk)?;
    let fate = match decoded {
        Ok(events) => {
            let (component, params) = (component.clone(), job.component_params());
            let folded = {
                let component = component.clone();
                let fold = move || Ok(fold(&component, &params, events));
                on_thread("fold".into(), job.limits.thread_stack_bytes(), fold)?
            };
            watched(&component, folded).await???
        }
        Err(fate) => fate,
    };
    Ok(Replayed {
        record,
        component: component.digest(),
        columns,
        fate,
    })
}

/// The build of that ID, or the newest that has rejected records.
fn chosen(job: &Job, build: Option<&str>) -> Result<Option<BuildFolder>, Error> {
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    if let Some(build) = build {
        return Ok(Some(work.build(build)?));
    }
    for build in work.builds()?.into_iter().rev() {
        if build.rejected()?.next().transpose()?.is_some() {
            return Ok(Some(build));
        }
    }
    Ok(None)
}

fn find(job: &Job, build: Option<&str>, number: u64) -> Result<(BuildFolder, Numbered), Error> {
    let mut count = 0;
    let mut id = "that any was rejected in".to_owned();
    if let Some(build) = chosen(job, build)? {
        for next in build.rejected()? {
            let (at, record) = next?;
            if at == number {
                return Ok((build, Numbered { number, record }));
            }
            count = at;
        }
        id = build.manifest.build;
    }
    Err(BuildError::UnknownRecord {
        build: id,
        number,
        count,
    }
    .into())
}

/// The columns of a record, and the record as an event; or its fate, where the decoder gives no event.
type Decoded = (Option<Map<String, Value>>, Result<Events, Fate>);

fn decode(mut decoding: Decoding, record: &Quarantined, chunk: Chunk) -> Result<Decoded, Error> {
    let mut all = Vec::new();
    decode_piece(&mut decoding, chunk, |events| {
        all.push(events);
        Ok::<_, DecodeError>(())
    })?;
    all.extend(decoding.finish()?);
    if let Some(rejected) = all.iter().flat_map(|events| &events.rejected).next() {
        let fate = Fate::Rejected {
            rejected_by: RejectedBy::Decoder,
            reason: rejected.reason.clone(),
        };
        return Ok((None, Err(fate)));
    }
    let event = all.into_iter().find(|events| events.batch.num_rows() > 0);
    Ok(match event {
        // Columns from the key of an archive's object, such as the offset, were kept with the record.
        Some(events) => {
            let columns = record.columns.clone();
            let columns = columns.unwrap_or_else(|| row_json::row(&events.batch, 0));
            (Some(columns), Ok(events))
        }
        None => (None, Err(Fate::PassedOver)),
    })
}

fn fold(
    component: &Component,
    params: &[(String, String)],
    events: Events,
) -> Result<Fate, GuestError> {
    let mut window = Window::new(component.open(params)?, 1);
    let mut refused = window.fold(0, 0, events)?;
    let mut states = Vec::new();
    refused.extend(drain(&mut window, |partials, _| {
        states.extend(rows(&partials.rows));
        Ok::<_, GuestError>(())
    })?);
    let Some(refused) = refused.into_iter().next() else {
        return Ok(Fate::Folded { states });
    };
    let reason = refused.record.reason;
    Ok(match refused.failure {
        Some(failure) => Fate::Failed {
            code: failure.kind.code().to_string(),
            reason,
            details: failure.details,
            backtrace: failure.backtrace,
        },
        None => Fate::Rejected {
            rejected_by: RejectedBy::Component,
            reason,
        },
    })
}

fn rows(batch: &RecordBatch) -> impl Iterator<Item = Map<String, Value>> {
    (0..batch.num_rows()).map(|row| row_json::row(batch, row))
}
