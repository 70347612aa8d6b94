//! Files of format 2, in which a build has one table and no list of tables: read, and never written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::format::FORMAT;
use super::manifest::Manifest as CurrentManifest;
use crate::decode::{Counts, DecodeOptions, EventRange, Presence};
use crate::fold::{
    Checkpoint as CurrentCheckpoint, FoldedOffsets, FoldedSplit as CurrentSplit, RunFile,
    SplitCounts, StageTimes, TableCheckpoint,
};
use crate::guest::Limits;
use crate::plan::{BasedOn, ComponentIdentity, InputPlan, InputSource, TablePlan};
use crate::schema::Descriptor;
use crate::source::Frozen;

/// A manifest, which has no member `format`.
#[derive(Deserialize)]
pub(super) struct Manifest {
    build: String,
    table: String,
    target: String,
    planned_at: String,
    backfold: String,
    job_digest: String,
    component: ComponentIdentity,
    descriptor: Descriptor,
    params: BTreeMap<String, String>,
    range: EventRange,
    decode: DecodeOptions,
    rules: u32,
    /// The limits that decide which records are rejected, and no others.
    limits: BTreeMap<String, u64>,
    /// The name of the driver, and nothing of its settings.
    source: String,
    frozen: Frozen,
    splits_digest: String,
    #[serde(default)]
    schemas: BTreeMap<u32, String>,
    #[serde(default)]
    based_on: Option<BasedOn>,
}

impl From<Manifest> for CurrentManifest {
    fn from(before: Manifest) -> Self {
        let driver = before.source;
        let source = match before.based_on {
            Some(base) => InputSource::Rejected(base),
            None => InputSource::Unknown { driver },
        };
        CurrentManifest {
            format: FORMAT,
            build: before.build,
            target: before.target,
            planned_at: before.planned_at,
            backfold: before.backfold,
            job_digest: before.job_digest,
            input: InputPlan {
                source,
                range: before.range,
                decode: before.decode,
                rules: before.rules,
                frozen: before.frozen,
                splits_digest: before.splits_digest,
                schemas: before.schemas,
            },
            tables: vec![TablePlan {
                table: before.table,
                component: before.component,
                descriptor: before.descriptor,
                params: before.params,
                limits: Limits::of_deciding(&before.limits),
            }],
        }
    }
}

/// A line of the journal about splits that are folded.
#[derive(Deserialize)]
pub(super) struct Checkpoint {
    splits: Vec<FoldedSplit>,
    runs: Vec<RunFile>,
    #[serde(default)]
    offsets: FoldedOffsets,
    times: StageTimes,
}

#[derive(Deserialize)]
struct FoldedSplit {
    split: u64,
    counts: Counts,
    rejected_by_component: u64,
    micros: u64,
}

impl From<Checkpoint> for CurrentCheckpoint {
    fn from(before: Checkpoint) -> Self {
        let splits = before.splits.into_iter();
        CurrentCheckpoint {
            splits: splits.map(CurrentSplit::from).collect(),
            tables: vec![TableCheckpoint { runs: before.runs }],
            offsets: before.offsets,
            times: before.times,
        }
    }
}

impl From<FoldedSplit> for CurrentSplit {
    fn from(before: FoldedSplit) -> Self {
        CurrentSplit {
            split: before.split,
            micros: before.micros,
            tables: vec![SplitCounts {
                counts: before.counts,
                presence: Presence::default(),
                rejected_by_component: before.rejected_by_component,
            }],
        }
    }
}
