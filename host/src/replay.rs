//! A replay, from the job to the live table: all stages put together.
//!
//! [`run`] reads as the program does. Each of its steps takes what the one before left on disk, so it may be
//! stopped anywhere and called again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::decode::{Decoding, EventRange};
use crate::fold::{FoldError, MergedRows, join_quarantine};
use crate::guest::Component;
use crate::job::Job;
use crate::progress::{Progress, Stage};
use crate::scan::wanted_projection;
use crate::schema::Descriptor;
use crate::steps::{self, Context, Runs};
use crate::store::{Access, Loaded, StateStore, StoreContext, TableColumns};
use crate::workdir::{BuildFolder, Entry, Journal, Standing, WorkFolder};

mod choosing;
mod commands;
mod cutover;
mod error;
mod estimate;
mod file_test;
mod folding;
mod laws;
mod only_quarantined;
mod opening;
mod phase;
mod planning;
mod quarantine;
mod report;
mod sampling;
mod schemas;

pub use commands::{Collected, diff, gc, handoff, history, rollback, status};
pub use cutover::{SwapOptions, swap};
pub use error::Error;
pub use estimate::Estimate;
pub(crate) use file_test::codes as file_test_codes;
pub use file_test::{
    Comparison, DifferentRow, Expectation, FileTest, FileTestError, FileTestOptions, Rejection,
    test,
};
pub use laws::{CheckOptions, check, check_again};
pub use phase::BuildPhase;
pub use quarantine::{
    Fate, Numbered, Quarantine, ReasonCount, Replayed, quarantine, quarantined, replay_quarantined,
};
pub use report::{BuildStatus, ComponentInfo, Outcome, Planned, RunReport, StageTime};

use choosing::{Choice, Work};
use phase::Stored;

/// What a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Show the table under the public name if the gate holds.
    pub swap: bool,
    /// Stop once the runs are merged, without a table: for measuring.
    pub only_fold: bool,
    /// Begin a new build even where there is one to go on with, or an equal one is live.
    pub fresh: bool,
    /// Fold only what the newest build rejected, on top of the states of that build: after the component was mended.
    pub only_quarantined: bool,
    /// Skip the test of the component's laws, which comes before anything is folded.
    pub trust_laws: bool,
    /// How long to wait for another command that works on the same build, or plans one.
    pub wait: Duration,
    /// Who runs, for the table's history.
    pub by: String,
}

/// Freezes the input of `job` into a build that [`run`] goes on with, and says what it is.
///
/// A build of the same job that was planned and not begun is replaced; one that was begun is shown.
pub async fn plan(
    job: &Job,
    wait: Duration,
    progress: Arc<Progress>,
    cancel: CancellationToken,
) -> Result<Planned, Error> {
    let replay = Replay::open(job, progress, cancel).await?;
    let (build, standing, _lock) = replay.plan_anew_unless_begun(wait).await?;
    replay.planned(&build, &standing).await
}

/// Builds the table of `job` beside the live one, checks it, and makes it live where `options` say so.
///
/// Called again after it was stopped, it goes on where the last checkpoint is. A gate that does not hold is
/// not an error here: the report says so ([`RunReport::refusal`]).
pub async fn run(
    job: &Job,
    options: &RunOptions,
    progress: Arc<Progress>,
    cancel: CancellationToken,
) -> Result<RunReport, Error> {
    let replay = Replay {
        only_quarantined: options.only_quarantined,
        ..Replay::open(job, progress, cancel).await?
    };
    let mut clock = Clock::start(&replay.progress);

    clock.enter(Stage::Plan);
    let Work {
        build,
        lock: _lock,
        notes,
    } = match replay.choose(options).await? {
        Choice::AlreadyLive(report) => {
            replay.index_live(&report).await?;
            return Ok(*report);
        }
        Choice::Work(work) => *work,
    };
    let (journal, standing) = build.resume()?;
    let journal = Arc::new(journal);

    replay.check_laws(&build, &standing, options).await?;

    clock.enter(Stage::Fold);
    let standing = replay.fold(&build, &journal, standing).await?;
    if options.only_fold {
        clock.enter(Stage::Load);
        let merged = replay.merge_only(&build, &standing).await?;
        let mut report = RunReport::new(&build, &standing);
        report.notes = notes;
        report.loaded = Some(Loaded {
            rows: merged.rows,
            digest: merged.digest,
        });
        return replay.finish(report, &build, &standing, clock);
    }

    replay.check_interrupted()?;
    clock.enter(Stage::Load);
    let standing = replay.load(&build, &journal, standing).await?;

    replay.check_interrupted()?;
    clock.enter(Stage::Gate);
    let mut report = RunReport::new(&build, &standing);
    report.notes = notes;
    let checked = replay
        .check(&build, &journal, &standing, &mut report)
        .await?;

    if options.swap && report.outcome == Outcome::Ready {
        // Who asked to stop must not find the table swapped.
        replay.check_interrupted()?;
        clock.enter(Stage::Swap);
        replay
            .show(&build, checked, &options.by, &mut report)
            .await?;
    }
    replay.finish(report, &build, &standing, clock)
}

/// What all steps of a replay share.
struct Replay<'a> {
    job: &'a Job,
    store: Box<dyn StateStore>,
    work: WorkFolder,
    component: Component,
    descriptor: Descriptor,
    progress: Arc<Progress>,
    cancel: CancellationToken,
    /// See [`RunOptions::only_quarantined`].
    only_quarantined: bool,
}

impl<'a> Replay<'a> {
    /// Opens what the job names: the store, the work folder, the component.
    async fn open(
        job: &'a Job,
        progress: Arc<Progress>,
        cancel: CancellationToken,
    ) -> Result<Self, Error> {
        let context = StoreContext {
            cancel: cancel.clone(),
            progress: progress.clone(),
        };
        let store = job.store(Access::Build, &context)?;
        let work = WorkFolder::open(&job.work, &job.table, job.target_id())?;
        let (component, descriptor) = opening::load_component(job).await?;
        planning::check_range(job, &job.component, &descriptor)?;
        // Says what the job's format cannot give, before anything is planned.
        let wanted = wanted_projection(&descriptor, EventRange::default());
        Decoding::new(wanted, &job.decode)?;
        Ok(Replay {
            job,
            store,
            work,
            component,
            descriptor,
            progress,
            cancel,
            only_quarantined: false,
        })
    }

    /// Sees to it that the store can have the table, before anything is read.
    async fn prepare_store(&self) -> Result<(), Error> {
        let (table, columns) = (&self.job.table, TableColumns::of(&self.descriptor));
        let indexes = &self.job.indexes;
        Ok(self.store.prepare(table, &columns, indexes).await?)
    }

    /// Stops between two stages where somebody asked for it.
    fn check_interrupted(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(FoldError::Interrupted.into());
        }
        Ok(())
    }

    /// Waits for work that calls the component, but not for a call that takes too long.
    async fn watched<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        opening::watched(&self.component, work).await
    }

    /// The stack of a thread that calls the component.
    fn stack_bytes(&self) -> usize {
        self.job.limits.thread_stack_bytes()
    }

    /// Folds what is left to fold, and joins the quarantine.
    async fn fold(
        &self,
        build: &BuildFolder,
        journal: &Arc<Journal>,
        mut standing: Standing,
    ) -> Result<Standing, Error> {
        self.show_progress(build, &standing)?;
        if self.loaded(build, &standing).await?.is_some() {
            return Ok(standing);
        }
        runs(build, &standing).verify()?;
        build.sweep_runs(&standing)?;
        if !build.is_folded(&standing) {
            self.fold_splits(build, journal.clone(), &standing).await?;
            standing = build.peek()?;
        }
        if !build.is_folded(&standing) {
            return Err(FoldError::Interrupted.into());
        }
        self.verify_topics(build).await?;
        // Also where all was folded before: the run that did may have been killed right then.
        let rejecting = standing.splits_with_rejections();
        join_quarantine(
            &build.quarantine(),
            rejecting.into_iter(),
            &build.quarantine_file(),
        )?;
        Ok(standing)
    }

    /// Loads the shadow table unless the store has it already, and builds the indexes that it lacks.
    async fn load(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        mut standing: Standing,
    ) -> Result<Standing, Error> {
        let loaded = match self.loaded(build, &standing).await? {
            Some(_) if standing.loaded.is_some() => None,
            // Killed between the load and its line in the journal.
            Some(loaded) => Some(loaded),
            None => Some(self.load_shadow(build, &standing).await?),
        };
        if let Some(loaded) = loaded {
            journal.append(&Entry::Loaded(loaded.clone()))?;
            standing.loaded = Some(loaded);
        }
        let (info, indexes) = (build.manifest.info(), &self.job.indexes);
        self.store.index(&info, indexes).await?;
        Ok(standing)
    }

    /// Merges all runs of a folded build, and loads the rows into its shadow table.
    async fn load_shadow(&self, build: &BuildFolder, standing: &Standing) -> Result<Loaded, Error> {
        let (table, info) = (self.table(&build.manifest), build.manifest.info());
        let (runs, context) = (runs(build, standing), self.context());
        let (component, store) = (&self.component, &*self.store);
        Ok(steps::load(&table, runs, component, &info, store, &context).await?)
    }

    /// Merges all runs of a folded build, and only counts and digests the rows.
    async fn merge_only(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<MergedRows, Error> {
        let (table, context) = (self.table(&build.manifest), self.context());
        let runs = runs(build, standing);
        let sink = |_| Ok(());
        Ok(steps::merge(&table, runs, &self.component, &context, sink).await?)
    }

    /// What the steps need of this process.
    fn context(&self) -> Context {
        Context {
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
            options: self.job.fold.clone(),
        }
    }

    /// What the complete table of a build holds, where the store has one.
    async fn loaded(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<Option<Loaded>, Error> {
        let stored = Stored::of(&*self.store, &self.job.table).await?;
        Ok(stored.loaded(build, standing).cloned())
    }

    fn finish(
        &self,
        mut report: RunReport,
        build: &BuildFolder,
        standing: &Standing,
        clock: Clock<'_>,
    ) -> Result<RunReport, Error> {
        report.stages = clock.stop();
        report.write(build, standing)?;
        Ok(report)
    }
}

/// The runs of a build.
fn runs(build: &BuildFolder, standing: &Standing) -> Runs {
    Runs {
        folder: build.runs(),
        files: standing.runs(),
    }
}

/// Tells the stages apart in time, and to whoever watches.
struct Clock<'a> {
    progress: &'a Progress,
    stages: Vec<StageTime>,
    began: Instant,
}

impl<'a> Clock<'a> {
    fn start(progress: &'a Progress) -> Self {
        Clock {
            progress,
            stages: vec![],
            began: Instant::now(),
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.progress.enter(stage);
        self.close();
        self.stages.push(StageTime {
            stage,
            seconds: 0.0,
        });
    }

    fn close(&mut self) {
        if let Some(last) = self.stages.last_mut() {
            last.seconds = self.began.elapsed().as_secs_f64();
        }
        self.began = Instant::now();
    }

    fn stop(mut self) -> Vec<StageTime> {
        self.close();
        self.progress.enter(Stage::Done);
        self.stages
    }
}
