//! The work folder: a folder a table, in it a folder a build.
//!
//! ```text
//! <work>/backfold-work.json            the format of all below
//! <work>/.components/                  compiled components
//! <work>/<table>/lock                  held while a build is planned, chosen or removed
//! <work>/<table>/<build>/lock          held while a command writes to the build
//!                        manifest.json what the tables are made from; the last file that a plan writes
//!                        splits.jsonl  the frozen input
//!                        journal.jsonl which parts are done
//!                        runs/         sorted states
//!                        quarantine/   rejected records, a file a split
//!                        schemas.jsonl schemas of messages that the manifest does not have
//!                        staged.json   where its units are folded, if they are folded elsewhere
//!                        run.json      the report
//!                        counterexample.json  how the component broke a law, where it did
//! ```
//!
//! A build belongs to one store: jobs that fill the same table of different stores may share a work folder, and none
//! of them sees the builds of the others. Build IDs rise within a table's folder, whatever the clock says.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::error::BuildError;
use super::folder::{BuildFolder, write_json};
use super::format::{FORMAT, check_format};
use super::lock::{Asked, Lock, Patience};
use super::parse;
use crate::durable;
use crate::fault_point::{around, before};
use crate::scratch;

const MARKER: &str = "backfold-work.json";

/// The folder of compiled components, in the work folder.
const COMPONENTS: &str = ".components";

/// The folder in which compiled components are kept.
pub(crate) fn component_cache(work: &Path) -> PathBuf {
    work.join(COMPONENTS)
}

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
}

/// The folder of a table within a work folder, as far as it concerns one store.
#[derive(Clone, Debug)]
pub struct WorkFolder {
    table: String,
    /// The name of the store: see [`Manifest::target`](super::Manifest::target).
    target: String,
    path: PathBuf,
}

/// A build whose files cannot be read.
#[derive(Debug)]
pub struct DamagedBuild {
    /// Its ID.
    pub build: String,
    /// Why its manifest cannot be read.
    pub error: BuildError,
}

impl WorkFolder {
    /// Opens the table's folder, making it where it is missing.
    ///
    /// # Errors
    /// Where `work` holds something else, or was written in another format.
    pub fn open(work: &Path, table: &str, target: String) -> Result<Self, BuildError> {
        let marked = marked_format(work)?;
        if marked.is_none() {
            durable::create_folder(work).map_err(BuildError::io("creating", work))?;
            if !is_ours(work)? {
                return Err(BuildError::NotAWorkFolder {
                    path: work.to_owned(),
                    marker: MARKER,
                });
            }
        }
        if marked != Some(FORMAT) {
            write_json(&work.join(MARKER), &Marker { format: FORMAT })?;
        }
        let folder = Self::look(work, table, target)?;
        durable::create_folder(&folder.path).map_err(BuildError::io("creating", &folder.path))?;
        Ok(folder)
    }

    /// The table's folder for a command that only reads: it makes nothing, and where there is no folder there are no
    /// builds.
    ///
    /// # Errors
    /// Where `work` was written in another format.
    pub fn look(work: &Path, table: &str, target: String) -> Result<Self, BuildError> {
        marked_format(work)?;
        Ok(WorkFolder {
            table: table.to_owned(),
            target,
            path: work.join(table),
        })
    }

    /// Keeps other processes from planning, choosing or removing builds of this table until the lock is dropped.
    ///
    /// # Errors
    /// [`BuildError::Locked`] where another command holds it for longer than `patience`.
    pub async fn lock(&self, patience: &Patience) -> Result<Lock, BuildError> {
        let path = self.path.join("lock");
        let ask = async || {
            Ok(match Lock::ask(&path, patience.command)? {
                Asked::Granted(lock) => Ok(lock),
                Asked::Held(holder) => Err(BuildError::Locked {
                    what: format!("the builds of `{}`", self.table),
                    path: self.path.clone(),
                    holder,
                }),
            })
        };
        patience.ask(ask).await
    }

    /// The builds of this store whose plan is complete, oldest first. Those that are damaged are left out, with a
    /// warning: see [`WorkFolder::damaged`].
    pub fn builds(&self) -> Result<Vec<BuildFolder>, BuildError> {
        let mut builds = Vec::new();
        for path in self.build_paths()? {
            match BuildFolder::open(path) {
                Ok(Some(build)) if build.manifest.target == self.target => builds.push(build),
                Ok(_) => {}
                Err(error @ BuildError::Damaged { .. }) => {
                    tracing::warn!(%error, "passing over a damaged build");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(builds)
    }

    /// The builds, of any store, whose manifest is damaged.
    pub fn damaged(&self) -> Result<Vec<DamagedBuild>, BuildError> {
        let damaged = self.build_paths()?.into_iter().filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            match BuildFolder::open(path) {
                Err(error @ BuildError::Damaged { .. }) => {
                    Some(DamagedBuild { build: name, error })
                }
                _ => None,
            }
        });
        Ok(damaged.collect())
    }

    /// The newest build of this store whose plan is complete.
    ///
    /// # Errors
    /// [`BuildError::NoBuild`] where there is none; [`BuildError::Damaged`] where its manifest cannot be read.
    pub fn newest(&self) -> Result<BuildFolder, BuildError> {
        for path in self.build_paths()?.into_iter().rev() {
            match BuildFolder::open(path)? {
                Some(build) if build.manifest.target == self.target => return Ok(build),
                _ => {}
            }
        }
        Err(BuildError::NoBuild {
            table: self.table.clone(),
            path: self.path.clone(),
        })
    }

    /// The build with this ID.
    pub fn build(&self, id: &str) -> Result<BuildFolder, BuildError> {
        let unknown = || self.unknown(id);
        let id = Ulid::from_string(id).map_err(|_| unknown())?.to_string();
        BuildFolder::open(self.path.join(id))?
            .filter(|build| build.manifest.target == self.target)
            .ok_or_else(unknown)
    }

    /// A new, empty build folder, whose ID is greater than those before. It becomes a build with
    /// [`BuildFolder::create`]. Call it under the lock.
    pub fn new_build(&self) -> Result<(String, PathBuf), BuildError> {
        let last = self.build_paths()?.pop();
        let last = last.and_then(|path| Ulid::from_string(path.file_name()?.to_str()?).ok());
        let next = match last {
            // The clock may have gone back since.
            Some(last) => last
                .increment()
                .map_or_else(Ulid::new, |next| next.max(Ulid::new())),
            None => Ulid::new(),
        };
        let path = self.create_build(&next.to_string())?;
        Ok((next.to_string(), path))
    }

    /// An empty folder for a build of another machine, which becomes a build with [`BuildFolder::create`]. Call it under the
    /// lock.
    pub fn adopt(&self, id: &str) -> Result<PathBuf, BuildError> {
        let id = Ulid::from_string(id).map_err(|_| self.unknown(id))?;
        self.create_build(&id.to_string())
    }

    fn create_build(&self, id: &str) -> Result<PathBuf, BuildError> {
        let path = self.path.join(id);
        for folder in [path.join("runs"), path.join("quarantine")] {
            durable::create_folder(&folder).map_err(BuildError::io("creating", &folder))?;
        }
        Ok(path)
    }

    /// Removes the folders of plans that never became complete. Call it under the lock.
    pub fn sweep(&self) -> Result<(), BuildError> {
        for path in self.incomplete_plans()? {
            around("sweep a plan", || fs::remove_dir_all(&path))
                .map_err(BuildError::io("removing", &path))?;
        }
        Ok(())
    }

    /// The folders of plans that never became complete. One in which a process sorts rows, of a build that another machine
    /// made, is none.
    pub(super) fn incomplete_plans(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut incomplete = Vec::new();
        for path in self.build_paths()? {
            let manifest = path.join("manifest.json");
            let is_complete = manifest
                .try_exists()
                .map_err(BuildError::io("reading", &manifest))?;
            let is_used = || scratch::is_used(&path).map_err(BuildError::io("reading", &path));
            if !is_complete && !is_used()? {
                incomplete.push(path);
            }
        }
        Ok(incomplete)
    }

    /// Removes the files of the whole work folder that processes were writing when they were killed, but for those of
    /// builds: see [`BuildFolder::sweep`].
    pub fn sweep_parts(&self) -> Result<(), BuildError> {
        for folder in self.folders_of_parts() {
            durable::remove_parts(&folder).map_err(BuildError::io("sweeping", &folder))?;
        }
        Ok(())
    }

    /// The folders in which processes write files that belong to no build.
    pub(super) fn folders_of_parts(&self) -> [PathBuf; 2] {
        let work = self.path.parent().unwrap_or(&self.path);
        [work.to_owned(), component_cache(work)]
    }

    /// Whether there is a folder of the table.
    pub fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// The folder of a build whose manifest is damaged, with the lock of the build: `Ok(Err(_))` says which command holds
    /// it.
    ///
    /// # Errors
    /// [`BuildError::UnknownBuild`] where there is no such build.
    pub fn lock_damaged(
        &self,
        id: &str,
        command: &str,
    ) -> Result<Result<(PathBuf, Lock), BuildError>, BuildError> {
        let damaged = self.damaged()?.into_iter();
        let mut damaged = damaged.filter(|one| one.build.eq_ignore_ascii_case(id));
        let found = damaged.next().ok_or_else(|| self.unknown(id))?;
        let path = self.path.join(&found.build);
        Ok(match Lock::ask(&path.join("lock"), command)? {
            Asked::Granted(lock) => Ok((path, lock)),
            Asked::Held(holder) => Err(BuildError::Locked {
                what: format!("build {} of `{}`", found.build, self.table),
                path,
                holder,
            }),
        })
    }

    fn unknown(&self, id: &str) -> BuildError {
        BuildError::UnknownBuild {
            build: id.into(),
            table: self.table.clone(),
            path: self.path.clone(),
        }
    }

    fn build_paths(&self) -> Result<Vec<PathBuf>, BuildError> {
        let entries = match before("list builds").and_then(|()| fs::read_dir(&self.path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(BuildError::io("reading", &self.path))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(BuildError::io("reading", &self.path))?;
            let name = entry.file_name();
            if name
                .to_str()
                .is_some_and(|name| Ulid::from_string(name).is_ok())
            {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// The format that a work folder is marked with, which this release reads; `None` where there is no mark.
fn marked_format(work: &Path) -> Result<Option<u32>, BuildError> {
    let marker = work.join(MARKER);
    let json = match before("read the marker").and_then(|()| fs::read(&marker)) {
        Ok(json) => json,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BuildError::io("reading", marker)(error)),
    };
    let Marker { format } = parse(&marker, &json)?;
    check_format(&marker, format)?;
    Ok(Some(format))
}

/// Whether a folder is empty, or another process is making it a work folder just now.
fn is_ours(work: &Path) -> Result<bool, BuildError> {
    let mut empty = true;
    for entry in fs::read_dir(work).map_err(BuildError::io("reading", work))? {
        let entry = entry.map_err(BuildError::io("reading", work))?;
        if entry.file_name().to_string_lossy().starts_with(MARKER) {
            return Ok(true);
        }
        empty = false;
    }
    Ok(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(work: &Path) -> WorkFolder {
        WorkFolder::open(work, "clicks", "sqlite:/tables.db".into()).unwrap()
    }

    #[test]
    fn many_processes_may_make_a_work_folder_at_once() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let work = folder.path().join("work");
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| open(&work));
                }
            });
            let mut names: Vec<_> = fs::read_dir(&work)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            names.sort();
            assert_eq!(names, [MARKER, "clicks"]);
        }
    }

    #[test]
    fn ids_rise_though_the_clock_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let work = open(&folder.path().join("work"));
        let in_three_days =
            std::time::SystemTime::now() + std::time::Duration::from_secs(3 * 86_400);
        let ahead = Ulid::from_datetime(in_three_days).to_string();
        fs::create_dir(work.path.join(&ahead)).unwrap();
        let ids: Vec<_> = (0..5).map(|_| work.new_build().unwrap().0).collect();
        assert!(ids.is_sorted() && ids[0] > ahead, "{ids:?}");
    }

    #[test]
    fn what_is_only_looked_at_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        let look = WorkFolder::look(&work, "clicks", "sqlite:/tables.db".into()).unwrap();
        assert!(look.builds().unwrap().is_empty());
        assert!(look.damaged().unwrap().is_empty());
        assert!(matches!(
            look.build("01M87GX722F544MDVAGNCWNQTX"),
            Err(BuildError::UnknownBuild { .. })
        ));
        assert!(!work.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_not_swept() {
        let folder = tempfile::tempdir().unwrap();
        let work = open(&folder.path().join("work"));
        let (_, path) = work.new_build().unwrap();
        // A loop of links: whether the file exists cannot be found out.
        std::os::unix::fs::symlink("manifest.json", path.join("manifest.json")).unwrap();
        assert!(matches!(work.sweep(), Err(BuildError::Io { .. })));
        assert!(path.exists());
        fs::remove_file(path.join("manifest.json")).unwrap();
        work.sweep().unwrap();
        assert!(!path.exists());
    }
}
