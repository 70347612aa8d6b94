//! How far a build is: one function of its journal and of the store.
//!
//! The store is right about tables and pointers, the journal about the fold. A run may be killed between a step in the
//! store and its line in the journal, and people drop tables and restore databases; so the journal is
//! never believed about the store without the store.

use serde::Serialize;

use super::Error;
use crate::store::{BuildState, Loaded, Pointer, StateStore, StoredBuild};
use crate::workdir::{BuildFolder, Manifest, Standing};

/// How far a build is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildPhase {
    /// Nothing is folded yet.
    Planned,
    /// Some splits are folded.
    Folding,
    /// All splits are folded, and the store has no complete table of them.
    Folded,
    /// The table is complete, and was never live.
    Ready,
    /// The public name shows the table.
    Live,
    /// The public name shows the build, whose table is gone.
    LiveWithoutTable,
    /// The table was shown once, and is still there.
    Replaced,
    /// The table was shown once, and is gone.
    Dropped,
    /// Its files in the work folder cannot be read.
    Damaged,
}

impl std::fmt::Display for BuildPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BuildPhase::Planned => "planned",
            BuildPhase::Folding => "folding",
            BuildPhase::Folded => "folded",
            BuildPhase::Ready => "ready",
            BuildPhase::Live => "live",
            BuildPhase::LiveWithoutTable => "live, but its table is gone",
            BuildPhase::Replaced => "replaced",
            BuildPhase::Dropped => "dropped",
            BuildPhase::Damaged => "damaged",
        })
    }
}

/// What the store says of a table at one moment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stored {
    /// All builds that it knows.
    pub(super) builds: Vec<StoredBuild>,
    /// All pointers, oldest first.
    pub(super) history: Vec<Pointer>,
}

impl Stored {
    /// Asks the store.
    pub(super) async fn of(store: &dyn StateStore, table: &str) -> Result<Self, Error> {
        Ok(Stored {
            // Pointers first: a build that one of them names is then among the builds.
            history: store.history(table).await?,
            builds: store.builds(table).await?,
        })
    }

    /// What the public name shows.
    pub(super) fn live(&self) -> Option<&Pointer> {
        self.history.last()
    }

    /// Whether readers were meant to go by this build, be it now: rehearsals do not count.
    pub(super) fn was_live(&self, id: &str) -> bool {
        let mut shown = self.standing();
        shown.any(|pointer| pointer.build == id) || self.live().is_some_and(|live| live.build == id)
    }

    /// All pointers but those of rehearsals, oldest first.
    fn standing(&self) -> impl DoubleEndedIterator<Item = &Pointer> {
        self.history
            .iter()
            .filter(|pointer| !pointer.is_rehearsal())
    }

    /// A build that the store knows.
    pub(super) fn build(&self, id: &str) -> Option<&StoredBuild> {
        self.builds.iter().find(|stored| stored.info.build == id)
    }

    /// What the public name shows, with its build, whose table is there.
    pub(super) fn shown(&self) -> Option<(&Pointer, &StoredBuild)> {
        let live = self.live()?;
        let build = self.build(&live.build)?;
        (build.state == BuildState::Loaded).then_some((live, build))
    }

    /// What the complete table of a build holds, where there is one.
    fn table(&self, manifest: &Manifest) -> Option<&Loaded> {
        let stored = self.build(&manifest.build)?;
        let is_complete = stored.state == BuildState::Loaded && stored.info == manifest.info();
        stored.loaded.as_ref().filter(|_| is_complete)
    }

    /// The same, where the journal agrees: all splits are folded, and nothing else was loaded.
    pub(super) fn loaded(&self, build: &BuildFolder, standing: &Standing) -> Option<&Loaded> {
        let loaded = self.table(&build.manifest)?;
        // Without a line in the journal the run was killed right after the load.
        let agrees = standing.loaded.as_ref().is_none_or(|said| said == loaded);
        (agrees && build.is_folded(standing)).then_some(loaded)
    }

    /// The pointer that took a table with this manifest digest away from readers, where that was a step back: it shows
    /// a build that was shown before.
    pub(super) fn taken_back(&self, manifest_digest: &str) -> Option<&Pointer> {
        let is_it = |pointer: &Pointer| {
            self.build(&pointer.build)
                .is_some_and(|stored| stored.info.manifest_digest == manifest_digest)
        };
        let standing: Vec<_> = self.standing().collect();
        let shown = standing.iter().rposition(|pointer| is_it(pointer))?;
        let (before, after) = (&standing[..shown], &standing[shown + 1..]);
        let next = *after.first()?;
        before
            .iter()
            .any(|pointer| pointer.build == next.build)
            .then_some(next)
    }
}

/// How far a build is.
pub(super) fn phase(build: &BuildFolder, standing: &Standing, stored: &Stored) -> BuildPhase {
    let id = &build.manifest.build;
    let has_table = stored.table(&build.manifest).is_some();
    let is_live = stored.live().is_some_and(|live| live.build == *id);
    let was_live = stored.was_live(id);
    match (is_live, was_live, has_table) {
        (true, _, true) => BuildPhase::Live,
        (true, _, false) => BuildPhase::LiveWithoutTable,
        (false, true, true) => BuildPhase::Replaced,
        (false, true, false) => BuildPhase::Dropped,
        (false, false, _) if stored.loaded(build, standing).is_some() => BuildPhase::Ready,
        (false, false, _) if build.is_folded(standing) => BuildPhase::Folded,
        (false, false, _) if standing.covered.is_empty() => BuildPhase::Planned,
        (false, false, _) => BuildPhase::Folding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{BuildInfo, TableColumns};

    fn stored(shown: &[&str]) -> Stored {
        let build = |id: &str| StoredBuild {
            info: BuildInfo {
                table: "t".into(),
                build: id.into(),
                manifest_digest: format!("digest of {}", &id[..1]),
            },
            columns: TableColumns {
                keys: vec![],
                values: vec![],
            },
            indexes: vec![],
            state: BuildState::Loaded,
            loaded: None,
            handoff: None,
            created_at: String::new(),
            loaded_at: None,
        };
        let pointer = |(version, id): (usize, &&str)| Pointer {
            table: "t".into(),
            build: (*id).into(),
            version: version as u64 + 1,
            previous: None,
            by: String::new(),
            at: String::new(),
        };
        Stored {
            builds: shown.iter().map(|id| build(id)).collect(),
            history: shown.iter().enumerate().map(pointer).collect(),
        }
    }

    #[test]
    fn a_table_is_taken_back_by_a_step_to_one_that_was_shown_before() {
        let taken_back = |shown: &[&str], id: &str| {
            let digest = format!("digest of {id}");
            stored(shown)
                .taken_back(&digest)
                .map(|pointer| pointer.version)
        };
        assert_eq!(taken_back(&[], "a"), None);
        assert_eq!(taken_back(&["a"], "a"), None);
        assert_eq!(taken_back(&["a", "b"], "a"), None, "replaced by a new one");
        assert_eq!(taken_back(&["a", "b", "a"], "b"), Some(3));
        assert_eq!(taken_back(&["a", "b", "a"], "a"), None, "it is shown");
        assert_eq!(taken_back(&["a", "b", "a", "b"], "b"), None, "shown again");
        assert_eq!(taken_back(&["a", "b", "a", "c"], "b"), Some(3));
        assert_eq!(
            taken_back(&["a", "b1", "a", "c"], "b"),
            Some(3),
            "another build of the same"
        );
    }

    #[test]
    fn a_rehearsal_takes_nothing_back() {
        let mut stored = stored(&["a", "b", "a"]);
        for pointer in &mut stored.history[1..] {
            pointer.by = Pointer::rehearsed_by("me");
        }
        assert_eq!(stored.taken_back("digest of b"), None);
        assert!(stored.was_live("a") && !stored.was_live("b"));
        stored.history.pop();
        assert!(stored.was_live("b"), "it is shown");
    }
}
