//! Which build a run works on: one that was left unfinished, one that is finished and still right, or a new one.

use std::time::Duration;

use super::phase::{BuildPhase, Stored, phase};
use super::report::{Outcome, RunReport};
use super::{Error, Replay, RunOptions};
use crate::decode::RULES;
use crate::plan::InputSource;
use crate::share::ShareError;
use crate::workdir::{BuildError, BuildFolder, Lock, Patience, Standing};

/// What a run has to do.
pub(super) enum Choice {
    /// Nothing: the public name shows the table that would be built.
    AlreadyLive(Box<RunReport>),
    /// To work on this build.
    Work(Box<Work>),
}

/// A build to work on.
pub(super) struct Work {
    pub(super) build: BuildFolder,
    /// Keeps other commands from it.
    pub(super) lock: Lock,
    /// Why it is this build, for people.
    pub(super) notes: Vec<String>,
}

impl Replay<'_> {
    /// Chooses a build and takes its lock.
    ///
    /// A build that was left unfinished goes on. A finished one is taken again only if the input, looked at anew, is
    /// still the same; else there is a new one.
    pub(super) async fn choose(&self, options: &RunOptions) -> Result<Choice, Error> {
        if let Some(share) = &options.share {
            return self.choose_staged(share, options).await;
        }
        let patience = self.patience("run", options.wait);
        let attempt = async || {
            let _table = self.work.lock(&patience).await?;
            if options.only_fold {
                self.work.sweep()?;
                return self.pick(options, &Stored::default()).await;
            }
            self.prepare_store().await?;
            self.work.sweep()?;
            let mut stored = Stored::of(&*self.store, &self.job.table).await?;
            loop {
                let choice = self.pick(options, &stored).await?;
                if choice.is_err() {
                    return Ok(choice);
                }
                // The command that held the build's lock until now may have swapped after the store was read.
                let now = Stored::of(&*self.store, &self.job.table).await?;
                if now == stored {
                    return Ok(choice);
                }
                stored = now;
            }
        };
        patience.ask(attempt).await
    }

    /// How a command waits for another.
    pub(super) fn patience(&self, command: &'static str, wait: Duration) -> Patience {
        Patience {
            command,
            wait,
            cancel: self.cancel.clone(),
        }
    }

    /// Picks a build, under the table's lock. `Ok(Err(_))` says which other command works on it.
    async fn pick(
        &self,
        options: &RunOptions,
        stored: &Stored,
    ) -> Result<Result<Choice, BuildError>, Error> {
        let newest = match options.fresh {
            true => None,
            false => self.newest(stored)?,
        };
        let is_finished = newest
            .as_ref()
            .is_some_and(|(build, standing)| self.is_finished(build, standing, stored));
        if let Some((build, standing)) = &newest
            && let Some(place) = build.staged_at()?
            && !build.is_folded(standing)
        {
            let build = build.manifest.build.clone();
            return Err(ShareError::Staged { build, place }.into());
        }
        let (build, finished) = match newest {
            Some((build, standing)) if !is_finished && !standing.covered.is_empty() => {
                let note = going_on(&build, &standing);
                return self.work_on(build, vec![note]);
            }
            Some((build, _)) if !is_finished => (build, None),
            finished => (self.plan().await?, finished),
        };
        if options.fresh {
            return self.work_on(build, vec![]);
        }
        if let Some(report) = already_live(&build, stored, options) {
            if let Err(held) = give_up(&build)? {
                return Ok(Err(held));
            }
            self.complete_report(&report.build)?;
            return Ok(Ok(Choice::AlreadyLive(Box::new(report))));
        }
        if let Some(equal) = self.equal(&build, stored)? {
            let note = format!(
                "the input is that of build {}, planned {}, which is complete",
                equal.manifest.build, equal.manifest.planned_at
            );
            let choice = self.work_on(equal, vec![note])?;
            // The plan stays while another command holds the lock of either, and is compared again.
            return Ok(match (choice, give_up(&build)?) {
                (Ok(choice), Ok(())) => Ok(choice),
                (Err(held), _) | (_, Err(held)) => Err(held),
            });
        }
        let outdated = finished.map(|(finished, _)| outdated(&finished));
        self.work_on(build, outdated.into_iter().collect())
    }

    /// Takes the lock of a build. `Ok(Err(_))` says which other command holds it.
    pub(super) fn work_on(
        &self,
        mut build: BuildFolder,
        notes: Vec<String>,
    ) -> Result<Result<Choice, BuildError>, Error> {
        let lock = match build.ask_lock("run")? {
            Ok(lock) => lock,
            Err(held) => return Ok(Err(held)),
        };
        let mut manifest = build.manifest.clone();
        manifest.tables[0].limits = self.job.limits.clone();
        if let InputSource::Unknown { .. } = manifest.input.source {
            manifest.input.source = InputSource::history(&self.job.source)?;
        }
        if build.manifest != manifest {
            build.rewrite(manifest)?;
        }
        Ok(Ok(Choice::Work(Box::new(Work { build, lock, notes }))))
    }

    /// The newest build of this very job, under limits and rules of decoding that it can go on with.
    pub(super) fn newest(&self, stored: &Stored) -> Result<Option<(BuildFolder, Standing)>, Error> {
        for build in self.work.builds()?.into_iter().rev() {
            let rules = build.manifest.input.rules;
            if build.manifest.job_digest == self.job_digest_under(rules) {
                let standing = build.peek()?;
                let other = match rules == RULES {
                    true => "`[limits]`",
                    false => "rules of decoding, those of another release of backfold",
                };
                let goes_on = rules == RULES
                    && (self.admits(&build, &standing)
                        || self.is_finished(&build, &standing, stored));
                if !goes_on {
                    let build = &build.manifest.build;
                    tracing::warn!(
                        build,
                        "it was begun under other {other}: not going on with it"
                    );
                }
                return Ok(goes_on.then_some((build, standing)));
            }
            // The records to fold are those that a newer build rejected.
            if self.only_quarantined && build.peek().is_ok_and(|known| build.is_folded(&known)) {
                break;
            }
        }
        Ok(None)
    }

    /// Whether a run of the build came to its end: it was checked, or it was live.
    pub(super) fn is_finished(
        &self,
        build: &BuildFolder,
        standing: &Standing,
        stored: &Stored,
    ) -> bool {
        // Rejected records do not change by themselves: such a build is gone on with until it is shown.
        stored.was_live(&build.manifest.build)
            || (standing.checked.is_some() && !self.only_quarantined)
    }

    /// Whether the job's limits would have rejected the same records of the splits that are folded.
    fn admits(&self, build: &BuildFolder, standing: &Standing) -> bool {
        let then = build.manifest.table().limits.deciding();
        let now = self.job.limits.deciding();
        let is_higher = then
            .iter()
            .all(|(name, limit)| now.get(name).is_some_and(|now| now >= limit));
        let folded = standing.checkpoints.iter().flat_map(|one| &one.splits);
        let mut counts = folded.flat_map(|split| &split.tables);
        then == now
            || standing.covered.is_empty()
            || (is_higher && counts.all(|one| one.rejected_by_component == 0))
    }

    /// The newest complete build that would come of the same input, if it is not the one at hand.
    fn equal(&self, planned: &BuildFolder, stored: &Stored) -> Result<Option<BuildFolder>, Error> {
        let digest = planned.manifest.digest();
        for build in self.work.builds()?.into_iter().rev() {
            if build.manifest.build == planned.manifest.build || build.manifest.digest() != digest {
                continue;
            }
            let Ok(standing) = build.peek() else {
                continue;
            };
            let phase = phase(&build, &standing, stored);
            if build.is_folded(&standing) && phase != BuildPhase::LiveWithoutTable {
                return Ok(Some(build));
            }
        }
        Ok(None)
    }

    /// Writes the report of a live build whose run was killed before it could.
    fn complete_report(&self, build: &str) -> Result<(), Error> {
        let Ok(build) = self.work.build(build) else {
            return Ok(());
        };
        if build.report_file().exists() {
            return Ok(());
        }
        let standing = build.peek()?;
        let mut report = RunReport::new(&build, &standing);
        report.outcome = Outcome::Live;
        Ok(report.write(&build, &standing)?)
    }
}

/// What there is to say where the public name shows a table of the same manifest as `planned`. A run that only folds
/// needs no table.
pub(super) fn already_live(
    planned: &BuildFolder,
    stored: &Stored,
    options: &RunOptions,
) -> Option<RunReport> {
    let (live, build) = stored.shown().filter(|_| !options.only_fold)?;
    if build.info.manifest_digest != planned.manifest.digest() {
        return None;
    }
    let mut report = RunReport::new(planned, &Standing::default());
    report.outcome = Outcome::AlreadyLive;
    report.loaded = build.loaded.clone();
    report.shadow = build.info.shadow_name();
    report.build = build.info.build.clone();
    report.pointer = Some(live.clone());
    Some(report)
}

/// Removes a plan without folded splits. `Ok(Err(_))` says which other command works on it.
fn give_up(planned: &BuildFolder) -> Result<Result<(), BuildError>, BuildError> {
    match planned.ask_lock("run")? {
        Ok(_lock) => planned.remove().map(Ok),
        Err(held) => Ok(Err(held)),
    }
}

fn going_on(build: &BuildFolder, standing: &Standing) -> String {
    format!(
        "going on with build {}, planned {}: {} of {} splits were folded",
        build.manifest.build,
        build.manifest.planned_at,
        standing.covered.len(),
        build.manifest.input.frozen.splits,
    )
}

fn outdated(finished: &BuildFolder) -> String {
    format!(
        "build {}, planned {}, is complete, but its input has changed since: this is a new one",
        finished.manifest.build, finished.manifest.planned_at
    )
}
