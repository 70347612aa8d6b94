//! `abort`: ending a build for good.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::Error;
use super::cleaning::bases;
use super::phase::Stored;
use crate::cutover::CutoverError;
use crate::job::{Job, JobError};
use crate::store::{Access, BuildState, StateStore, StoreContext, StoreError};
use crate::workdir::{BuildError, BuildFolder, Lock, Patience, WorkFolder};

/// A build that was ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aborted {
    /// The public name.
    pub table: String,
    /// Its ID.
    pub build: String,
    /// The table that was dropped; `None` where there was none.
    pub dropped: Option<String>,
    /// The folder that was removed; `None` where it was not on this machine.
    pub removed: Option<PathBuf>,
    /// Whether a rollback would have gone to this build.
    pub was_previous: bool,
}

/// The folder of a build, with its lock.
enum Found {
    Whole(Box<BuildFolder>, Lock),
    Damaged(PathBuf, Lock),
    /// It is not on this machine.
    Nowhere,
}

/// Drops the table of a build and removes its work folder. A later run begins anew.
///
/// # Errors
/// [`StoreError::Live`] for the live build; [`BuildError::Locked`] where another command works on it for longer than `wait`;
/// [`CutoverError::BaseOfAnother`] where an unfinished build goes on from it; [`BuildError::UnknownBuild`] where neither the
/// store nor the work folder knows it. Nothing is changed then.
pub async fn abort(
    job: &Job,
    build: &str,
    wait: Duration,
    context: &StoreContext,
) -> Result<Aborted, Error> {
    let build = build.to_ascii_uppercase();
    let store = match job.store(Access::Change, context).await {
        Ok(store) => Some(store),
        // A build that was only planned has no database yet.
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let patience = Patience {
        command: "abort",
        wait,
        cancel: context.cancel.clone(),
    };
    let attempt = async || {
        if !work.exists() {
            return Ok(Ok((None, Found::Nowhere)));
        }
        let table = work.lock(&patience).await?;
        let found = find(&work, &build)?;
        Ok::<_, Error>(found.map(|found| (Some(table), found)))
    };
    let (_table, found) = patience.ask(attempt).await?;
    let stored = match &store {
        Some(store) => Stored::of(&**store, &job.table).await?,
        None => Stored::default(),
    };
    if matches!(found, Found::Nowhere) && stored.build(&build).is_none() {
        work.build(&build)?;
    }
    if let Some(needed_by) = bases(&work.builds()?).remove(&build) {
        return Err(CutoverError::BaseOfAnother {
            table: job.table.clone(),
            build,
            needed_by,
        }
        .into());
    }
    let was_previous = stored
        .live()
        .is_some_and(|live| live.previous.as_ref() == Some(&build));
    Ok(Aborted {
        table: job.table.clone(),
        dropped: match &store {
            Some(store) => drop_table(&**store, &stored, job, &build).await?,
            None => None,
        },
        removed: remove(found)?,
        was_previous,
        build,
    })
}

/// Finds the folder of a build and locks it. `Ok(Err(_))` says which command holds it.
fn find(work: &WorkFolder, build: &str) -> Result<Result<Found, BuildError>, BuildError> {
    match work.build(build) {
        Ok(folder) => {
            let lock = folder.ask_lock("abort")?;
            Ok(lock.map(|lock| Found::Whole(Box::new(folder), lock)))
        }
        Err(BuildError::Damaged { .. }) => {
            let locked = work.lock_damaged(build, "abort")?;
            Ok(locked.map(|(path, lock)| Found::Damaged(path, lock)))
        }
        Err(BuildError::UnknownBuild { .. }) => Ok(Ok(Found::Nowhere)),
        Err(error) => Err(error),
    }
}

/// Drops the table of a build, and gives its name.
async fn drop_table(
    store: &dyn StateStore,
    stored: &Stored,
    job: &Job,
    build: &str,
) -> Result<Option<String>, Error> {
    let Some(known) = stored.build(build) else {
        return Ok(None);
    };
    if known.state == BuildState::Dropped {
        return Ok(None);
    }
    store.drop_build(&job.table, build).await?;
    Ok(Some(known.info.shadow_name()))
}

fn remove(found: Found) -> Result<Option<PathBuf>, Error> {
    match found {
        Found::Nowhere => Ok(None),
        Found::Whole(folder, _lock) => {
            folder.remove()?;
            Ok(Some(folder.path().to_owned()))
        }
        Found::Damaged(path, _lock) => {
            fs::remove_dir_all(&path).map_err(|source| JobError::System {
                what: "remove the folder of a damaged build",
                source,
            })?;
            Ok(Some(path))
        }
    }
}
