//! The stages of a run, one after another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::choosing::{Choice, Work};
use super::report::{Outcome, Planned, RunReport, StageTime};
use super::{Error, Replay, RunOptions};
use crate::job::Job;
use crate::progress::{Progress, Stage};
use crate::workdir::{BuildFolder, Standing};

/// Freezes the input of `job` into a build that [`run`] goes on with, and says what it is.
///
/// A build of the same job that was planned and not begun is replaced; one that was begun is shown.
pub async fn plan(
    job: &Job,
    wait: Duration,
    progress: Arc<Progress>,
    cancel: CancellationToken,
) -> Result<Planned, Error> {
    let replay = Replay::open(job, "plan", progress, cancel).await?;
    let (build, standing, _lock) = replay.plan_anew_unless_begun(wait).await?;
    replay.planned(&build, &standing).await
}

/// Builds the table of `job` next to the live one, checks it, and makes it live if `options` say so.
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
        ..Replay::open(job, "run", progress, cancel).await?
    };
    let mut clock = Clock::start(&replay.progress);

    clock.enter(Stage::Plan);
    // Without boxes, the depth of these futures exceeds what the compiler takes in crates that call this.
    let Work {
        build,
        lock: _lock,
        notes,
    } = match Box::pin(replay.choose(options)).await? {
        Choice::AlreadyLive(report) => {
            replay.index_live(&report).await?;
            return Ok(*report);
        }
        Choice::Work(work) => *work,
    };
    let (journal, mut standing) = build.resume()?;
    let journal = Arc::new(journal);

    if options.share.is_some() {
        clock.enter(Stage::Gather);
        standing = Box::pin(replay.gather(&build, &journal, standing)).await?;
    }
    let trusts = options.trust_laws;
    replay.check_laws(&build, &standing, trusts).await?;

    clock.enter(Stage::Fold);
    let standing = replay.fold(&build, &journal, standing).await?;
    if options.only_fold {
        clock.enter(Stage::Load);
        let merged = replay.merge_only(&build, &standing).await?;
        let mut report = RunReport::new(&build, &standing);
        report.notes = notes;
        report.loaded = Some(merged);
        return finish(report, &build, &standing, clock);
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
        // A run that is cancelled must not swap.
        replay.check_interrupted()?;
        clock.enter(Stage::Swap);
        replay
            .show(&build, checked, &options.by, &mut report)
            .await?;
    }
    finish(report, &build, &standing, clock)
}

/// Writes the report of a run that came to its end.
fn finish(
    mut report: RunReport,
    build: &BuildFolder,
    standing: &Standing,
    clock: Clock<'_>,
) -> Result<RunReport, Error> {
    report.stages = clock.stop();
    report.write(build, standing)?;
    Ok(report)
}

/// Measures the stages, and shows the current one.
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
