//! What processes left in a work folder when they were killed.

use std::path::PathBuf;

use serde::Serialize;

use super::error::BuildError;
use super::folder::BuildFolder;
use super::work::WorkFolder;
use crate::{durable, scratch};

/// A file or a folder that belongs to no build, or to no step that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leftover {
    /// Its path.
    pub path: PathBuf,
    /// What it is, in words.
    pub what: &'static str,
}

/// The leftovers of a kind.
fn all(paths: Vec<PathBuf>, what: &'static str) -> impl Iterator<Item = Leftover> {
    paths.into_iter().map(move |path| Leftover { path, what })
}

impl WorkFolder {
    /// What [`sweep`](WorkFolder::sweep) and [`sweep_parts`](WorkFolder::sweep_parts) would remove.
    pub fn leftovers(&self) -> Result<Vec<Leftover>, BuildError> {
        let plans = self.incomplete_plans()?;
        let mut left: Vec<_> = all(plans, "a plan that was never complete").collect();
        for folder in self.folders_of_parts() {
            let parts = durable::parts_left(&folder).map_err(BuildError::io("reading", &folder))?;
            left.extend(all(parts, "a file that was never complete"));
        }
        Ok(left)
    }
}

impl BuildFolder {
    /// What [`sweep`](BuildFolder::sweep) would remove. Call it under the build's lock.
    pub fn leftovers(&self) -> Result<Vec<Leftover>, BuildError> {
        let read = || BuildError::io("reading", self.path());
        let parts = durable::parts_left(self.path()).map_err(read())?;
        let sorts = scratch::left(self.path()).map_err(read())?;
        let mut left: Vec<_> = all(parts, "a file that was never complete").collect();
        left.extend(all(sorts, "a folder in which a killed command sorted rows"));
        if let (Ok(standing), true) = (self.peek(), self.runs().exists()) {
            let runs = self.unnamed_runs(&standing)?;
            left.extend(all(runs, "a run that no checkpoint names"));
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_listed_is_what_a_sweep_removes() {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkFolder::open(folder.path(), "clicks", "sqlite:/t.db".into()).unwrap();
        let (_, plan) = work.new_build().unwrap();
        let part = folder.path().join("backfold-work.json.1-1.part");
        fs::write(&part, "").unwrap();
        let left = work.leftovers().unwrap();
        let paths: Vec<_> = left.into_iter().map(|left| left.path).collect();
        assert_eq!(paths, [plan.clone(), part.clone()]);
        work.sweep().unwrap();
        work.sweep_parts().unwrap();
        assert!(!plan.exists() && !part.exists());
        assert_eq!(work.leftovers().unwrap(), []);
    }

    #[test]
    fn a_folder_in_which_rows_are_sorted_is_no_plan() {
        let folder = tempfile::tempdir().unwrap();
        let work = WorkFolder::open(folder.path(), "clicks", "sqlite:/t.db".into()).unwrap();
        let (_, path) = work.new_build().unwrap();
        let sort = scratch::ScratchFolder::create(&path).unwrap();
        work.sweep().unwrap();
        assert!(path.exists() && work.leftovers().unwrap().is_empty());
        drop(sort);
        work.sweep().unwrap();
        assert!(!path.exists());
    }
}
