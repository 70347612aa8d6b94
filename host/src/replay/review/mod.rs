//! All that is known of a build, for a reader who decides on its swap.
//!
//! [`review`] reads the build's folder and asks the store which build is live. It changes nothing, folds nothing and reads
//! no table: the gate and the diff are those of the last run. Builds that are not complete, or whose run was killed, are
//! reviewed as far as they are.
//!
//! | file | idea |
//! |---|---|
//! | `verdict` | whether the build may go live |
//! | `recorded` | `run.json`, the report of the last run |
//! | `coverage`, `timeline` | what the input covers: offsets by partition, objects over time |
//! | `grid` | the splits: folded or not, and their times |
//! | `rejected` | rejected records by reason, with samples |
//!
//! Memory does not grow with the number of splits, objects and rejected records, but for what the journal takes anyway.

use std::path::PathBuf;

mod coverage;
mod grid;
mod recorded;
mod rejected;
mod timeline;
mod verdict;

pub use coverage::{COLUMNS, Coverage, PartitionCoverage, Stretch, StretchState};
pub use grid::{NamedSplit, SplitCell, SplitGrid};
pub use recorded::{
    NamedColumn, Recorded, RecordedChange, RecordedCheck, RecordedColumn, RecordedCounts,
    RecordedDiff, RecordedDrift, RecordedFigures, RecordedGate, RecordedIndex, RecordedIndexes,
    RecordedLost, RecordedRow, RecordedSamples, RecordedSchema, RecordedSide, RecordedStage,
};
pub use rejected::{RejectedReason, RejectedSample};
pub use timeline::{Bar, Timeline};
pub use verdict::Verdict;

use super::Error;
use super::phase::Stored;
use super::report::{ComponentInfo, RunReport};
use crate::decode::{Counts, EventRange, PresenceReport};
use crate::fold::StageTimes;
use crate::job::Job;
use crate::source::Frozen;
use crate::store::{Access, BuildState, Loaded, Pointer, StoreContext};
use crate::workdir::{BuildFolder, Standing, WorkFolder};
use coverage::CoverageBuilder;

/// A build, for a reader who decides on its swap.
#[derive(Clone, Debug)]
pub struct Review {
    /// The table's public name.
    pub table: String,
    /// The build's ID.
    pub build: String,
    /// The build's own table.
    pub shadow: String,
    /// The store.
    pub target: String,
    /// The build's folder.
    pub folder: PathBuf,
    /// The digest of what the rows depend on.
    pub manifest_digest: String,
    /// The component.
    pub component: ComponentInfo,
    /// The name of the source's driver.
    pub driver: String,
    /// The range of event time.
    pub range: EventRange,
    /// The build whose rejected records are its input, where they are.
    pub based_on: Option<String>,
    /// The input.
    pub frozen: Frozen,
    /// When it was planned, RFC 3339 in UTC.
    pub planned_at: String,
    /// When its table was complete, RFC 3339 in UTC.
    pub loaded_at: Option<String>,
    /// Whether it may go live.
    pub verdict: Verdict,
    /// The command and the process that work on it at the moment.
    pub worker: Option<String>,
    /// The rows of its table, and their digest.
    pub loaded: Option<Loaded>,
    /// What the public name shows.
    pub live: Option<Pointer>,
    /// The build that a rollback would show.
    pub back: Back,
    /// The report of the last run, where it is about the table that is there.
    pub recorded: Option<Recorded>,
    /// Files of the build that could not be read, and why.
    pub problems: Vec<String>,
    /// What was read, by all runs of this build together.
    pub counts: Counts,
    /// In how many events each input was there.
    pub presence: PresenceReport,
    /// Where the workers' time went, of all runs of this build together, in microseconds of wall clock.
    pub workers: StageTimes,
    /// What the input covers.
    pub coverage: Coverage,
    /// The splits.
    pub splits: SplitGrid,
    /// Records rejected by the decoder or the component.
    pub rejected: u64,
    /// The kinds of reasons for that, the most frequent first, each with samples.
    pub reasons: Vec<RejectedReason>,
}

/// The build to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// The build that a rollback shows: after a swap the one that is live now, and where the build is live the one before
    /// it. `None` where there is no such build.
    pub build: Option<String>,
    /// Whether the table of that build is there.
    pub is_there: bool,
}

/// Reviews `build`, or the newest build of the job's table where none is named.
///
/// # Errors
/// Where there is no such build, its manifest or its journal are damaged, or the store fails.
pub async fn review(
    job: &Job,
    build: Option<&str>,
    context: &StoreContext,
) -> Result<Review, Error> {
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let folder = match build {
        Some(build) => work.build(build)?,
        None => work.newest()?,
    };
    let worker = folder.worker()?;
    let store = job.store(Access::Read, context).await?;
    let stored = Stored::of(&*store, &job.table).await?;
    let standing = folder.peek()?;
    let mut review = known(&folder, &standing, &stored);
    review.target = job.target.to_string();
    review.worker = worker;
    look_into(&mut review, &folder, &standing);
    Ok(review)
}

/// What the manifest, the journal and the store say.
fn known(folder: &BuildFolder, standing: &Standing, stored: &Stored) -> Review {
    let report = RunReport::new(folder, standing);
    let manifest = &folder.manifest;
    let own = stored.build(&manifest.build);
    Review {
        table: report.table,
        shadow: report.shadow,
        target: String::new(),
        folder: report.folder,
        manifest_digest: report.manifest_digest,
        component: report.component,
        driver: manifest.input.source.driver_name().to_owned(),
        range: report.range,
        based_on: report.based_on,
        planned_at: manifest.planned_at.clone(),
        loaded_at: own.and_then(|own| own.loaded_at.clone()),
        verdict: verdict::verdict(folder, standing, stored),
        worker: None,
        loaded: stored.loaded(folder, standing).cloned(),
        live: stored.live().cloned(),
        back: back(stored, &manifest.build),
        recorded: None,
        problems: Vec::new(),
        counts: report.counts,
        presence: report.presence,
        workers: report.workers,
        coverage: Coverage::default(),
        splits: SplitGrid::new(report.frozen.splits, standing),
        rejected: report.rejected,
        reasons: Vec::new(),
        frozen: report.frozen,
        build: report.build,
    }
}

/// The build to go back to, once `build` is live.
fn back(stored: &Stored, build: &str) -> Back {
    let back = match stored.live() {
        Some(live) if live.build == build => live.previous.clone(),
        live => live.map(|live| live.build.clone()),
    };
    let found = back.as_deref().and_then(|back| stored.build(back));
    Back {
        is_there: found.is_some_and(|found| found.state == BuildState::Loaded),
        build: back,
    }
}

/// Adds what other files of the build say. What cannot be read is named, since the rest is worth showing.
fn look_into(review: &mut Review, folder: &BuildFolder, standing: &Standing) {
    let mut problems = Vec::new();
    match Recorded::read(&folder.report_file()) {
        Ok(recorded) => review.recorded = recorded.filter(|one| is_about(one, review, standing)),
        Err(error) => problems.push(error.to_string()),
    }
    match covered(folder, standing, &mut review.splits) {
        Ok(coverage) => review.coverage = coverage,
        Err(error) => problems.push(error.to_string()),
    }
    match rejected::reasons(folder) {
        Ok(reasons) => review.reasons = reasons,
        Err(error) => problems.push(error.to_string()),
    }
    review.problems = problems;
}

/// Whether a report is about the table that is there: a run that was killed after it had loaded the table anew left the
/// report of the run before.
fn is_about(recorded: &Recorded, review: &Review, standing: &Standing) -> bool {
    let digest = |loaded: &Loaded| loaded.digest.clone();
    let there = review.loaded.as_ref().or(standing.loaded.as_ref());
    recorded.build == review.build
        && (there.is_none() || there.map(digest) == recorded.loaded.as_ref().map(digest))
}

/// What the splits cover, in two passes over the plan.
fn covered(
    folder: &BuildFolder,
    standing: &Standing,
    grid: &mut SplitGrid,
) -> Result<Coverage, Error> {
    let mut coverage = CoverageBuilder::new(&folder.manifest);
    for split in folder.splits()? {
        coverage.measure(&split?);
    }
    coverage.lay_out();
    for split in folder.splits()? {
        let split = split?;
        let is_done = standing.covered.contains(split.number);
        coverage.see(&split, is_done);
        grid.see(&split, is_done);
    }
    Ok(coverage.finish(&standing.offsets()))
}
