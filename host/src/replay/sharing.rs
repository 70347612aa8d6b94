//! Builds whose units are folded elsewhere: staged, and gathered once they are sealed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::choosing::{Choice, already_live};
use super::phase::Stored;
use super::planning::job_digest;
use super::{Error, Replay, RunOptions};
use crate::decode::RULES;
use crate::guest::read_wasm;
use crate::job::Job;
use crate::progress::Progress;
use crate::share::{
    Place, Sealing, ShareError, SharedGarbage, StageSettings, StagedBuild, remove_staged,
};
use crate::workdir::{BuildError, BuildFolder, Journal, Standing};

/// How a build is staged.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// The share.
    pub share: Place,
    /// How many units at most; `None` for as many as the size of the input suggests.
    pub units: Option<u64>,
    /// Plan and stage a new build, even if an unfinished one of the job is staged.
    pub fresh: bool,
    /// Have the units tried again that failed permanently.
    pub again: bool,
    /// Skip the test of the component's laws.
    pub trust_laws: bool,
    /// How long to wait for another command that plans or removes builds of the job.
    pub wait: Duration,
    /// The name of the person or program that stages it.
    pub by: String,
}

/// A build that is staged.
#[derive(Clone, Debug, Serialize)]
pub struct Staged {
    /// Where, as `worker` and `seal` take it.
    pub build: Place,
    /// The table.
    pub table: String,
    /// The build's ID.
    pub id: String,
    /// Whether it was staged before.
    pub staged_before: bool,
    /// The number of units.
    pub units: u64,
    /// The number of splits.
    pub splits: u64,
    /// The bytes to read, as stored; 0 where they are not known.
    pub size_bytes: u64,
    /// The marks of failed units that were removed.
    pub tried_again: u64,
    /// The limits of the source's settings that hold for each worker by itself.
    pub limits_per_worker: Vec<&'static str>,
}

/// A staged build of a job, and how far its units are.
#[derive(Clone, Debug, Serialize)]
pub struct StagedStatus {
    /// Where it is.
    pub build: Place,
    /// The build's ID.
    pub id: String,
    /// When it was staged, RFC 3339 in UTC.
    pub staged_at: String,
    /// How far its units are.
    #[serde(flatten)]
    pub sealing: Sealing,
}

/// Plans a build of `job`, cuts it into units and puts it into a share, for workers anywhere.
///
/// Where an unfinished build of the job is staged already, it is that one.
///
/// # Errors
/// As [`plan`](super::plan), and those of the share.
pub async fn stage(
    job: &Job,
    options: &StageOptions,
    progress: Arc<Progress>,
    cancel: CancellationToken,
) -> Result<Staged, Error> {
    let replay = Replay::open(job, "stage", progress, cancel).await?;
    let patience = replay.patience("stage", options.wait);
    let attempt = async || -> Result<Result<_, BuildError>, Error> {
        let _table = replay.work.lock(&patience).await?;
        replay.prepare_store().await?;
        replay.work.sweep()?;
        let stored = Stored::of(&*replay.store, &job.table).await?;
        if !options.fresh
            && let Some(staged) = replay.newest_staged(&options.share).await?
            && !replay.is_over(&staged, &stored)?
        {
            return Ok(Ok((staged, true)));
        }
        if let Some(build) = replay.unbegun(&stored)? {
            match build.ask_lock("stage")? {
                Ok(_lock) => build.remove()?,
                Err(held) => return Ok(Err(held)),
            }
        }
        let build = replay.plan().await?;
        let _lock = match build.ask_lock("stage")? {
            Ok(lock) => lock,
            Err(held) => return Ok(Err(held)),
        };
        let standing = Standing::default();
        replay
            .check_laws(&build, &standing, options.trust_laws)
            .await?;
        let staged = replay.put_into_share(&build, options).await?;
        Ok(Ok((staged, false)))
    };
    let (staged, staged_before) = patience.ask(attempt).await?;
    let tried_again = match options.again {
        true => staged.try_again().await?,
        false => 0,
    };
    let manifest = &staged.staged.manifest;
    Ok(Staged {
        build: staged.place().clone(),
        table: manifest.table().table.clone(),
        id: manifest.build.clone(),
        staged_before,
        units: staged.staged.units,
        splits: manifest.input.frozen.splits,
        size_bytes: manifest.input.frozen.size_bytes,
        tried_again,
        limits_per_worker: job.source.limits_per_process(),
    })
}

/// The newest staged build of a job, and how far its units are. Makes and changes nothing.
///
/// # Errors
/// [`ShareError::NothingStaged`] where there is none.
pub async fn staged_status(job: &Job, share: &Place) -> Result<StagedStatus, Error> {
    let wasm = read_wasm(&job.component, job.limits.component)?;
    let component = blake3::hash(&wasm).to_hex();
    let staged = newest_staged(job, &component, share).await?;
    let staged = staged.ok_or_else(|| nothing_staged(job, share))?;
    Ok(StagedStatus {
        build: staged.place().clone(),
        id: staged.staged.manifest.build.clone(),
        staged_at: staged.staged.staged_at.clone(),
        sealing: staged.survey().await?,
    })
}

/// The newest build of this very job in a share, with the limits of the job. `component` is the digest of the component.
async fn newest_staged(
    job: &Job,
    component: &str,
    share: &Place,
) -> Result<Option<StagedBuild>, Error> {
    let place = share.absolute().join(&job.table);
    let digest = job_digest(job, component, RULES, false);
    for build in staged_builds(&place).await?.into_iter().rev() {
        let staged = match StagedBuild::open(&place.join(&build)).await {
            // Its staging is not complete.
            Err(ShareError::NotStaged { .. }) => continue,
            staged => staged?,
        };
        let manifest = &staged.staged.manifest;
        if manifest.target != job.target_id() || manifest.job_digest != digest {
            continue;
        }
        if manifest.table().limits.deciding() == job.limits.deciding() {
            return Ok(Some(staged));
        }
        tracing::warn!(
            build,
            "it was staged under other `[limits]`: not going on with it"
        );
    }
    Ok(None)
}

/// The builds of a table in a share, oldest first.
async fn staged_builds(table: &Place) -> Result<Vec<String>, ShareError> {
    let mut builds = table.open().await?.folders("").await?;
    builds.retain(|name| Ulid::from_string(name).is_ok());
    builds.sort();
    Ok(builds)
}

/// Notes that the units of a build are folded elsewhere, unless some of it was folded here.
fn take_up(staged: &StagedBuild, build: &BuildFolder) -> Result<(), Error> {
    if build.staged_file().exists() {
        return Ok(());
    }
    let covered = build.peek()?.covered;
    if !covered.is_empty() {
        return Err(ShareError::Begun {
            build: build.manifest.build.clone(),
            done: covered.len(),
            splits: build.manifest.input.frozen.splits,
        }
        .into());
    }
    Ok(build.mark_staged(&staged.place().to_string())?)
}

fn nothing_staged(job: &Job, share: &Place) -> ShareError {
    ShareError::NothingStaged {
        table: job.table.clone(),
        place: share.to_string(),
    }
}

impl Replay<'_> {
    async fn newest_staged(&self, share: &Place) -> Result<Option<StagedBuild>, Error> {
        newest_staged(self.job, &self.component.digest(), share).await
    }

    /// Whether a staged build came to its end on this machine, or was live.
    fn is_over(&self, staged: &StagedBuild, stored: &Stored) -> Result<bool, Error> {
        let id = &staged.staged.manifest.build;
        let here = match self.work.build(id) {
            Err(BuildError::UnknownBuild { .. }) => None,
            build => Some(build?),
        };
        Ok(match here {
            Some(build) => self.is_finished(&build, &build.peek()?, stored),
            None => stored.was_live(id),
        })
    }

    /// A plan of this job that nothing was folded of, and that is not staged.
    fn unbegun(&self, stored: &Stored) -> Result<Option<BuildFolder>, Error> {
        let newest = self.newest(stored)?;
        let unbegun = newest.filter(|(build, standing)| {
            standing.covered.is_empty()
                && !build.staged_file().exists()
                && !self.is_finished(build, standing, stored)
        });
        Ok(unbegun.map(|(build, _)| build))
    }

    async fn put_into_share(
        &self,
        build: &BuildFolder,
        options: &StageOptions,
    ) -> Result<StagedBuild, Error> {
        let place = options.share.absolute().join(&self.job.table);
        let place = place.join(&build.manifest.build);
        let settings = StageSettings {
            units: options.units,
            fold: self.job.fold.clone(),
            stop_after: self.job.quarantine.stop_after,
            by: options.by.clone(),
        };
        let component = self.component.path();
        let staged = StagedBuild::stage(build, component, &place, settings).await?;
        build.mark_staged(&place.to_string())?;
        Ok(staged)
    }

    /// Chooses the newest build of this job in a share, and takes its lock. Where this machine has no folder of it, one is made
    /// from what the share holds.
    pub(super) async fn choose_staged(
        &self,
        share: &Place,
        options: &RunOptions,
    ) -> Result<Choice, Error> {
        let patience = self.patience("run", options.wait);
        let attempt = async || {
            let _table = self.work.lock(&patience).await?;
            if !options.only_fold {
                self.prepare_store().await?;
            }
            self.work.sweep()?;
            let stored = match options.only_fold {
                true => Stored::default(),
                false => Stored::of(&*self.store, &self.job.table).await?,
            };
            let staged = self.newest_staged(share).await?;
            let staged = staged.ok_or_else(|| nothing_staged(self.job, share))?;
            let build = self.folder_of(&staged).await?;
            if let Some(report) = already_live(&build, &stored, options) {
                return Ok(Ok(Choice::AlreadyLive(Box::new(report))));
            }
            take_up(&staged, &build)?;
            let note = format!("the units of {} are sealed", staged.place());
            self.work_on(build, vec![note])
        };
        patience.ask(attempt).await
    }

    /// The folder of a staged build on this machine.
    async fn folder_of(&self, staged: &StagedBuild) -> Result<BuildFolder, Error> {
        let manifest = &staged.staged.manifest;
        match self.work.build(&manifest.build) {
            Err(BuildError::UnknownBuild { .. }) => {
                let path = self.work.adopt(&manifest.build)?;
                staged.fetch_plan(&path).await?;
                Ok(BuildFolder::create(path, manifest.clone())?)
            }
            build => Ok(build?),
        }
    }

    /// Brings what the units of a sealed build hold into its folder.
    pub(super) async fn gather(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        standing: Standing,
    ) -> Result<Standing, Error> {
        if build.is_folded(&standing) {
            return Ok(standing);
        }
        let place = build.staged_at()?.unwrap_or_default();
        let place = place.parse::<Place>().map_err(ShareError::from)?;
        let staged = StagedBuild::open(&place).await?;
        self.show_progress(build, &standing)?;
        staged
            .gather(build, journal, &standing, &self.context())
            .await?;
        Ok(build.peek()?)
    }
}

/// Removes what a share holds that is of no use any more, of the builds of a job's table: builds that the store has, those
/// that were staged longer ago than `older_than`, and attempts that do not count. With `dry_run`, it only says what.
pub(super) async fn collect_share(
    job: &Job,
    share: Option<&Place>,
    stored: &Stored,
    older_than: Option<Duration>,
    dry_run: bool,
) -> Result<Option<SharedGarbage>, Error> {
    let Some(share) = share else {
        return Ok(None);
    };
    let table = share.absolute().join(&job.table);
    let mut all = SharedGarbage::default();
    for build in staged_builds(&table).await? {
        let place = table.join(&build);
        let staged = match StagedBuild::open(&place).await {
            // It is being staged, or the command that did was killed.
            Err(ShareError::NotStaged { .. }) => {
                if is_older(&planned_at(&build), older_than) {
                    all.size_bytes += remove_staged(&table, &build, dry_run).await?;
                    all.builds.push(build);
                }
                continue;
            }
            Err(ShareError::OtherFormat { .. }) => continue,
            staged => staged?,
        };
        if staged.staged.manifest.target != job.target_id() {
            continue;
        }
        let of_store = stored.build(&build);
        let is_loaded = of_store.is_some_and(|one| one.loaded.is_some());
        if is_loaded || is_older(&staged.staged.staged_at, older_than) {
            all.size_bytes += remove_staged(&table, &build, dry_run).await?;
            all.builds.push(build);
        } else {
            let garbage = staged.collect(dry_run).await?;
            all.attempts += garbage.attempts;
            all.size_bytes += garbage.size_bytes;
        }
    }
    Ok(Some(all))
}

/// When a build was planned, by its ID.
fn planned_at(build: &str) -> String {
    let id = Ulid::from_string(build).unwrap_or_default();
    DateTime::<Utc>::from(id.datetime()).to_rfc3339()
}

fn is_older(moment: &str, age: Option<Duration>) -> bool {
    let (Some(age), Ok(moment)) = (age, DateTime::parse_from_rfc3339(moment)) else {
        return false;
    };
    (Utc::now() - moment.to_utc())
        .to_std()
        .is_ok_and(|since| since > age)
}
