//! `gc`: dropping what nobody needs any more.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;

use super::Error;
use super::phase::Stored;
use super::sharing::collect_share;
use crate::cutover::{self, DropReason, Droppable, Whereabouts, droppable};
use crate::job::Job;
use crate::share::{Place, SharedGarbage};
use crate::store::{Access, BuildState, Reclaimed, StoreContext};
pub use crate::workdir::Leftover;
use crate::workdir::{BuildFolder, Lock, Patience, WorkFolder};

/// What [`gc`] drops.
#[derive(Clone, Debug)]
pub struct GcOptions {
    /// The newest builds that are kept, whatever is live.
    pub keep: usize,
    /// The age at which builds are dropped that have no work folder on this machine; without it, those that are not loaded
    /// are kept: another machine may be building them.
    pub older_than: Option<Duration>,
    /// Only say what would be dropped.
    pub dry_run: bool,
    /// The share from which superfluous attempts and builds are removed as well.
    pub share: Option<Place>,
    /// How long to wait for another command that plans or removes builds.
    pub wait: Duration,
}

/// What was collected, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Whether nothing was dropped.
    pub dry_run: bool,
    /// The builds that were dropped.
    pub dropped: Vec<String>,
    /// Why each of them was.
    pub reasons: Vec<Droppable>,
    /// Files and folders that killed commands left, which were removed.
    pub leftovers: Vec<Leftover>,
    /// Builds that are not loaded and have no work folder on this machine: they are kept, since another machine may be
    /// building them.
    pub elsewhere: Vec<String>,
    /// What was removed from the share, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<SharedGarbage>,
    /// What became of the space that they and others left in the store.
    #[serde(flatten)]
    pub space: Reclaimed,
}

/// Drops the tables and the work of all builds but the live one, the one before it and the `keep` newest, and the work
/// of builds that were given up before they had a table. Gives the space of their tables back, and removes the files that
/// commands left half written when they were killed.
///
/// Builds that another command works on stay, and so does the build that an unfinished one goes on from. Builds of
/// other stores in the same work folder are not looked at.
pub async fn gc(
    job: &Job,
    options: &GcOptions,
    context: &StoreContext,
) -> Result<Collected, Error> {
    let store = job.store(Access::Change, context).await?;
    let work = match options.dry_run {
        true => WorkFolder::look(&job.work, &job.table, job.target_id())?,
        false => WorkFolder::open(&job.work, &job.table, job.target_id())?,
    };
    let patience = Patience {
        command: "gc",
        wait: options.wait,
        cancel: context.cancel.clone(),
    };
    let _table = match work.exists() {
        true => Some(work.lock(&patience).await?),
        false => None,
    };
    let mut leftovers = work.leftovers()?;
    if !options.dry_run {
        work.sweep()?;
        work.sweep_parts()?;
    }
    let folders = Folders::lock(&work)?;
    let stored = Stored::of(&*store, &job.table).await?;
    let old = cutover::GcOptions {
        keep: options.keep,
        older_than: options.older_than,
        now: Utc::now(),
    };
    let whereabouts = |build: &str| folders.whereabouts(build);
    let mut reasons = droppable(&stored.builds, &stored.history, &old, &whereabouts);
    if !options.dry_run {
        reasons = cutover::gc(&*store, &job.table, reasons).await?;
    }
    let without_table = folders.without_table(&stored, &reasons, options.keep);
    for (folder, _lock) in &folders.free {
        if without_table.contains_key(&folder.manifest.build) {
            if !options.dry_run {
                folder.remove()?;
            }
            continue;
        }
        leftovers.extend(folder.leftovers()?);
        if !options.dry_run {
            folder.sweep()?;
        }
    }
    let known: HashSet<String> = reasons.iter().map(|one| one.build.clone()).collect();
    let given_up = without_table.into_iter();
    let given_up = given_up.filter(|(build, _)| !known.contains(build));
    reasons.extend(given_up.map(|(build, reason)| Droppable { build, reason }));
    reasons.sort_by(|a, b| a.build.cmp(&b.build));
    let (share, age, dry_run) = (&options.share, options.older_than, options.dry_run);
    let space = match options.dry_run {
        true => Reclaimed::default(),
        false => store.reclaim().await?,
    };
    Ok(Collected {
        dry_run: options.dry_run,
        dropped: reasons.iter().map(|one| one.build.clone()).collect(),
        elsewhere: elsewhere(&stored, &folders, &reasons),
        reasons,
        leftovers,
        share: collect_share(job, share.as_ref(), &stored, age, dry_run).await?,
        space,
    })
}

/// The builds that are kept since another machine may be building them.
fn elsewhere(stored: &Stored, folders: &Folders, dropped: &[Droppable]) -> Vec<String> {
    let builds = stored.builds.iter();
    let elsewhere = builds.filter(|build| {
        matches!(build.state, BuildState::Loading | BuildState::Gone)
            && folders.whereabouts(&build.info.build) == Whereabouts::Elsewhere
            && dropped.iter().all(|one| one.build != build.info.build)
    });
    elsewhere.map(|build| build.info.build.clone()).collect()
}

/// The builds of a work folder.
struct Folders {
    /// Those that this command has locked.
    free: Vec<(BuildFolder, Lock)>,
    /// Those that another command works on.
    in_use: HashSet<String>,
    /// Those whose files cannot be read.
    damaged: HashSet<String>,
    /// Those that unfinished ones go on from.
    bases: HashSet<String>,
}

impl Folders {
    /// Takes the locks of all builds that no other command works on.
    fn lock(work: &WorkFolder) -> Result<Self, Error> {
        let all = work.builds()?;
        let damaged = work.damaged()?.into_iter();
        let mut folders = Folders {
            free: Vec::new(),
            in_use: HashSet::new(),
            damaged: damaged.map(|one| one.build).collect(),
            bases: bases(&all).into_keys().collect(),
        };
        for folder in all {
            match folder.ask_lock("gc")? {
                Ok(lock) => folders.free.push((folder, lock)),
                Err(_) => drop(folders.in_use.insert(folder.manifest.build)),
            }
        }
        Ok(folders)
    }

    fn whereabouts(&self, build: &str) -> Whereabouts {
        let is_free = || {
            self.free
                .iter()
                .any(|(folder, _)| folder.manifest.build == build)
        };
        if self.in_use.contains(build) {
            Whereabouts::InUse
        } else if self.damaged.contains(build) || is_free() {
            Whereabouts::Here
        } else {
            Whereabouts::Elsewhere
        }
    }

    /// The builds without a table whose work nobody needs. `dropped` are those whose tables were dropped just now.
    fn without_table(
        &self,
        stored: &Stored,
        dropped: &[Droppable],
        keep: usize,
    ) -> HashMap<String, DropReason> {
        let newest = self.free.len().saturating_sub(keep);
        let mut without = HashMap::new();
        for (place, (folder, _)) in self.free.iter().enumerate() {
            let build = &folder.manifest.build;
            let just_now = dropped.iter().find(|one| one.build == *build);
            let reason = match (stored.build(build), just_now) {
                (_, Some(one)) => Some(one.reason),
                (None, None) => (place < newest).then_some(DropReason::NoTable),
                (Some(stored), None) => {
                    (stored.state == BuildState::Dropped).then_some(DropReason::Dropped)
                }
            };
            if let Some(reason) = reason.filter(|_| !self.bases.contains(build)) {
                without.insert(build.clone(), reason);
            }
        }
        without
    }
}

/// The builds that unfinished ones go on from, each with such a one.
pub(super) fn bases(folders: &[BuildFolder]) -> HashMap<String, String> {
    let is_unfinished = |folder: &&BuildFolder| {
        let standing = folder.peek();
        standing.is_ok_and(|standing| !folder.is_folded(&standing))
    };
    let based = folders.iter().filter(is_unfinished);
    based
        .filter_map(|folder| {
            let base = folder.manifest.input.source.based_on()?.build.clone();
            Some((base, folder.manifest.build.clone()))
        })
        .collect()
}
