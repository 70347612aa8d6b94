//! Waiting for the next save of a file of a project.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::conditions::{BuildOptions, conditions};
use super::sources::{EVENTS, Purpose, files};
use super::{Project, ProjectError};
use crate::steps::unless_cancelled;

/// The interval at which the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The files of a project as they were when they were looked at last.
pub struct Watch {
    project: Project,
    not_sources: Vec<PathBuf>,
    seen: Seen,
}

/// What a wait ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// These files were changed, made or removed.
    Changed(Vec<PathBuf>),
    /// The command is to end.
    Interrupted,
}

/// Each file with its size and the time of its last change.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl Watch {
    /// Looks at the files.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn new(project: &Project, options: &BuildOptions) -> Result<Self, ProjectError> {
        let not_sources = conditions(project, options)?.not_sources;
        // The sample may be what the job reads.
        let sample = project.folder.join(EVENTS).canonicalize().ok();
        let keeps = |path: &PathBuf| path.canonicalize().ok() != sample;
        let mut watch = Watch {
            project: project.clone(),
            not_sources: not_sources.into_iter().filter(keeps).collect(),
            seen: Seen::new(),
        };
        watch.seen = watch.look()?;
        Ok(watch)
    }

    /// Waits until a file is another than it was when it was looked at last, and no file changes any more. Changes
    /// during the tests count.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn changed(&mut self, cancel: &CancellationToken) -> Result<Watched, ProjectError> {
        let mut before = self.seen.clone();
        loop {
            let rest = tokio::time::sleep(LOOK_EVERY);
            if unless_cancelled(cancel, rest).await.is_none() {
                return Ok(Watched::Interrupted);
            }
            let now = self.look()?;
            let changed = differing(&self.seen, &now);
            // A save may write several files, or one in several steps.
            if !changed.is_empty() && now == before {
                self.seen = now;
                return Ok(Watched::Changed(changed));
            }
            before = now;
        }
    }

    fn look(&self) -> Result<Seen, ProjectError> {
        let files = files(&self.project, Purpose::Test, &self.not_sources);
        let folder = &self.project.folder;
        let files = files.map_err(ProjectError::file("list the files of", folder))?;
        let seen = files.into_iter().filter_map(|path| {
            // A file that is gone by now is not there.
            let found = path.metadata().ok()?;
            Some((path, (found.len(), found.modified().ok())))
        });
        Ok(seen.collect())
    }
}

fn differing(one: &Seen, other: &Seen) -> Vec<PathBuf> {
    let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|path| one.get(*path) != other.get(*path));
    differing.cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_save_ends_the_wait_and_what_a_build_writes_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("backfold.toml"), "lang = \"c\"").unwrap();
        fs::write(path("pipeline.c"), "1").unwrap();
        let project = Project::read(folder.path()).unwrap();
        let mut watch = Watch::new(&project, &BuildOptions::default()).unwrap();
        let cancel = CancellationToken::new();

        fs::write(path("pipeline.wasm"), "built").unwrap();
        fs::create_dir(path(".backfold")).unwrap();
        fs::write(path(".backfold/build.json"), "{}").unwrap();
        let wait = tokio::time::timeout(3 * LOOK_EVERY, watch.changed(&cancel));
        assert!(wait.await.is_err());

        fs::write(path("pipeline.c"), "22").unwrap();
        fs::write(path("events.jsonl"), "{}").unwrap();
        let changed = watch.changed(&cancel).await.unwrap();
        let both = vec![path("events.jsonl"), path("pipeline.c")];
        assert_eq!(changed, Watched::Changed(both));

        fs::remove_file(path("events.jsonl")).unwrap();
        let changed = watch.changed(&cancel).await.unwrap();
        assert_eq!(changed, Watched::Changed(vec![path("events.jsonl")]));
        cancel.cancel();
        let ended = watch.changed(&cancel).await.unwrap();
        assert_eq!(ended, Watched::Interrupted);
    }
}
