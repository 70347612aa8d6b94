//! Reports: a plan, a run with its `run.json`, and how far a build is.

use std::path::PathBuf;

use serde::Serialize;

use super::hooking::{failed_after, refusal};
use super::phase::BuildPhase;
use super::{Error, Estimate};
use crate::cutover::{CutoverError, Diff, GateOptions, GateReport, HookFailure};
use crate::decode::{Counts, EventRange, Presence, PresenceReport};
use crate::fold::{SplitCounts, StageTimes};
use crate::progress::Stage;
use crate::source::Frozen;
use crate::store::{Cost, Loaded, Pointer};
use crate::workdir::{BuildError, BuildFolder, Manifest, Standing, now, write_json};

/// A build that is about to fold.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    /// Its ID.
    pub build: String,
    /// Whether an earlier run began it.
    pub resumes: bool,
    /// Splits that an earlier run folded.
    pub splits_done: u64,
    /// When it was planned, RFC 3339 in UTC.
    pub planned_at: String,
    /// Where it works.
    pub folder: PathBuf,
    /// The table's public name.
    pub table: String,
    /// The table that will be made.
    pub shadow: String,
    /// Where it will be made.
    pub target: String,
    /// The component.
    pub component: ComponentInfo,
    /// The input.
    pub frozen: Frozen,
    /// What a run is about to take, where the input can be sampled.
    pub estimate: Option<Estimate>,
    /// What loading the table costs at most, where the store charges for it and the input can be sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The range of event time.
    pub range: EventRange,
    /// What is live now.
    pub live: Option<Pointer>,
    /// What must hold before a swap.
    pub gate: GateOptions,
}

/// Which component, in a few words.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// BLAKE3 of the `.wasm`, in hexadecimal.
    pub digest: String,
    /// Where it was read from.
    pub path: PathBuf,
}

impl ComponentInfo {
    pub(super) fn of(manifest: &Manifest) -> Self {
        ComponentInfo {
            name: manifest.table().descriptor.name.clone(),
            version: manifest.table().descriptor.version.clone(),
            digest: manifest.table().component.digest.clone(),
            path: manifest.table().component.path.clone().into(),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All splits are folded and merged; no table was made, since the run only folds.
    Folded,
    /// The table is complete, and the gate holds.
    Ready,
    /// The table is complete, and the gate does not hold.
    Refused,
    /// The table is complete, and the gate holds, but a hook refuses the swap.
    Vetoed,
    /// The table is complete, and the gate holds, but readers saw the same table before and it was rolled back.
    Held,
    /// The public name shows this build.
    Live,
    /// The public name showed an equal build before: nothing was done.
    AlreadyLive,
}

/// What a run has done.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The build's ID.
    pub build: String,
    /// The digest of the manifest: equal digests mean equal tables.
    pub manifest_digest: String,
    /// The table's public name.
    pub table: String,
    /// The build's own table.
    pub shadow: String,
    /// Where it worked.
    pub folder: PathBuf,
    /// The component.
    pub component: ComponentInfo,
    /// The input.
    pub frozen: Frozen,
    /// The range of event time.
    pub range: EventRange,
    /// The build that it goes on from, whose rejected records are its input.
    pub based_on: Option<String>,
    /// What was read, by all runs of this build together.
    pub counts: Counts,
    /// In how many of the events each input was there, of all runs of this build together.
    pub presence: PresenceReport,
    /// Records rejected by the decoder or the component.
    pub rejected: u64,
    /// The rows of the table, and their digest.
    pub loaded: Option<Loaded>,
    /// Time of this run by stage.
    pub stages: Vec<StageTime>,
    /// Where the workers' time went, of all runs of this build together, in microseconds of wall clock.
    pub workers: StageTimes,
    /// What the gate said.
    pub gate: Option<GateReport>,
    /// The difference to the table that was live.
    pub diff: Option<Diff>,
    /// The pointer, where this build is live.
    pub pointer: Option<Pointer>,
    /// The pointer that took the same table from readers before, where that keeps the build from going live.
    pub held: Option<Pointer>,
    /// The failure of a hook: one before the swap refuses it ([`Outcome::Vetoed`]), one after it does not undo it.
    #[serde(skip)]
    pub hook: Option<HookFailure>,
    /// Why it was this build, for people.
    pub notes: Vec<String>,
}

/// How long a run was in a stage.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// Wall clock.
    pub seconds: f64,
}

/// `run.json`: the report, the time at which it is written, and each split.
#[derive(Serialize)]
struct RunFile<'a> {
    #[serde(flatten)]
    report: &'a RunReport,
    written_at: String,
    splits: Vec<SplitReport>,
}

/// A split that was folded, as `run.json` has it.
#[derive(Serialize)]
struct SplitReport {
    split: u64,
    #[serde(flatten)]
    counts: SplitCounts,
    micros: u64,
}

impl RunReport {
    pub(super) fn new(build: &BuildFolder, standing: &Standing) -> Self {
        let manifest = &build.manifest;
        let mut counts = Counts::default();
        let mut rejected = 0;
        for folded in splits(standing) {
            counts += folded.counts.counts;
            rejected += folded.counts.rejected();
        }
        RunReport {
            outcome: Outcome::Folded,
            build: manifest.build.clone(),
            manifest_digest: manifest.digest(),
            table: manifest.table().table.clone(),
            shadow: manifest.info().shadow_name(),
            folder: build.path().to_owned(),
            component: ComponentInfo::of(manifest),
            frozen: manifest.input.frozen.clone(),
            range: manifest.input.range,
            based_on: manifest
                .input
                .source
                .based_on()
                .map(|base| base.build.clone()),
            counts,
            presence: presence_report(build, &presence(standing)),
            rejected,
            loaded: standing.loaded.clone(),
            stages: vec![],
            workers: standing.times(),
            gate: None,
            diff: None,
            pointer: None,
            held: None,
            hook: None,
            notes: vec![],
        }
    }

    /// Writes `run.json` of the build.
    pub(super) fn write(&self, build: &BuildFolder, standing: &Standing) -> Result<(), BuildError> {
        let file = RunFile {
            report: self,
            written_at: now(),
            splits: splits(standing).collect(),
        };
        write_json(&build.report_file(), &file)
    }

    /// Why the build did not go live, where the gate or a hook refused it or it was rolled back before; or the failure of a
    /// hook after it went live.
    pub fn refusal(&self) -> Option<Error> {
        if let Some(failure) = &self.hook {
            return Some(match &self.pointer {
                Some(pointer) => failed_after(pointer, failure),
                None => refusal(&self.build, Box::new(failure.clone())),
            });
        }
        let refused = self.gate.as_ref().and_then(|gate| gate.refusal());
        let held = || Some(CutoverError::held(&self.build, self.held.as_ref()?));
        refused.or_else(held).map(Error::from)
    }
}

/// In how many of the events of a build each input was there.
pub(super) fn presence(standing: &Standing) -> Presence {
    let mut all = Presence::default();
    for folded in splits(standing) {
        all.add(&folded.counts.presence);
    }
    all
}

/// The counts of `presence` by the names that the component of a build gives.
pub(super) fn presence_report(build: &BuildFolder, presence: &Presence) -> PresenceReport {
    let descriptor = &build.manifest.table().descriptor;
    presence.report(&descriptor.inputs, &descriptor.only)
}

/// The splits that are folded, with what became of their records for the table of the build.
fn splits(standing: &Standing) -> impl Iterator<Item = SplitReport> {
    let checkpoints = standing.checkpoints.iter();
    checkpoints
        .flat_map(|checkpoint| &checkpoint.splits)
        .map(|folded| SplitReport {
            split: folded.split,
            counts: folded.tables.first().cloned().unwrap_or_default(),
            micros: folded.micros,
        })
}

/// How far a build is.
#[derive(Clone, Debug, Serialize)]
pub struct BuildStatus {
    /// Its ID.
    pub build: String,
    /// How far.
    pub state: BuildPhase,
    /// What is wrong with its files, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether the public name shows it.
    pub live: bool,
    /// The build that a rehearsal goes back to, where the public name shows this one in a rehearsal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsal_of: Option<String>,
    /// The rows of its table, once loaded.
    pub rows: Option<u64>,
    /// The bytes of its input, as stored.
    pub size_bytes: u64,
    /// Splits folded.
    pub splits_done: u64,
    /// Splits in all.
    pub splits_total: u64,
    /// Records rejected so far.
    pub rejected: u64,
    /// When it was planned, RFC 3339 in UTC.
    pub created_at: String,
}

impl BuildStatus {
    /// A build whose files cannot be read.
    pub(super) fn damaged(build: String, problem: &BuildError) -> Self {
        BuildStatus {
            build,
            state: BuildPhase::Damaged,
            problem: Some(problem.to_string()),
            live: false,
            rehearsal_of: None,
            rows: None,
            size_bytes: 0,
            splits_done: 0,
            splits_total: 0,
            rejected: 0,
            created_at: String::new(),
        }
    }
}
