//! From a loaded shadow table to the public name.

use super::hooking::{Hooks, Moving, refusal};
use super::phase::Stored;
use super::quarantine::main_reasons;
use super::report::{Outcome, RunReport, presence, presence_report};
use super::{Error, Replay};
use crate::cutover::{CutoverError, DiffOptions, SortOptions};
use crate::decode::{EventRange, PresenceReport};
use crate::job::Job;
use crate::steps::{self, Facts, Verdict, VerifyOptions};
use crate::store::{
    BackTo, BuildState, Pointer, StateStore, StoreError, StoredBuild, TableSwap, Version,
};
use crate::workdir::{BuildFolder, Checked, Entry, Journal, Seen, Standing, WorkFolder};

impl Replay<'_> {
    /// Asks the gate, compares with what is live, and keeps the verdict in the journal. Returns the version of the
    /// pointer compared with.
    pub(super) async fn check(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        standing: &Standing,
        report: &mut RunReport,
    ) -> Result<Option<Version>, Error> {
        let stored = find_build(&*self.store, &self.job.table, &report.build).await?;
        let facts = facts(self.job, build, standing, &stored)?;
        let options = verify_options(self.job, &report.build);
        let (store, cancel) = (&*self.store, &self.cancel);
        let verdict = steps::verify(store, &stored, &facts, &options, cancel).await?;
        let tables = vec![checked(&verdict, standing)];
        journal.append(&Entry::Checked { tables })?;
        report.outcome = match verdict.gate.passed() {
            true => Outcome::Ready,
            false => Outcome::Refused,
        };
        let version = verdict.diff.live_version;
        report.gate = Some(verdict.gate);
        report.diff = Some(verdict.diff);
        Ok(version)
    }

    /// Builds the indexes of the live table that the job has got since: they decide nothing that readers see.
    pub(super) async fn index_live(&self, live: &RunReport) -> Result<(), Error> {
        let stored = find_build(&*self.store, &live.table, &live.build).await?;
        Ok(self.store.index(&stored.info, &self.job.indexes).await?)
    }

    /// Shows the build under the public name, if nothing moved since it was compared and no hook refuses. Not where
    /// readers had the same table before and it was rolled back: the report says so then.
    pub(super) async fn show(
        &self,
        build: &BuildFolder,
        expected: Option<Version>,
        by: &str,
        report: &mut RunReport,
    ) -> Result<(), Error> {
        let manifest = &build.manifest;
        let (table, id) = (&manifest.table().table, &manifest.build);
        let all = Stored::of(&*self.store, table).await?;
        if let Some(back) = all.taken_back(&manifest.digest()) {
            report.outcome = Outcome::Held;
            report.held = Some(back.clone());
            return Ok(());
        }
        let hooks = Hooks {
            job: self.job,
            command: "run",
            by,
            cancel: &self.cancel,
        };
        let stored = all.build(id).ok_or_else(|| unknown(table, id))?;
        let moving = Moving {
            build: stored,
            live: all.live(),
            folder: Some(build.path()),
            gate: report.gate.as_ref().map(|gate| &gate.checks[..]),
            diff: report
                .diff
                .as_ref()
                .and_then(|diff| serde_json::to_value(diff.counts).ok()),
        };
        // Where the pointer moved, the swap is going to say so.
        if moving.live.map(|live| live.version) == expected
            && let Err(failure) = hooks.before(&moving).await
        {
            if failure.is_interrupted {
                return Err(refusal(id, failure));
            }
            report.outcome = Outcome::Vetoed;
            report.hook = Some(*failure);
            return Ok(());
        }
        let pointer = swap_one(&*self.store, table, id, expected, by).await?;
        report.outcome = Outcome::Live;
        report.hook = hooks.after(&moving, &pointer).await;
        report.pointer = Some(pointer);
        Ok(())
    }
}

/// Swaps the only table of a job.
pub(super) async fn swap_one(
    store: &dyn StateStore,
    table: &str,
    build: &str,
    expected: Option<Version>,
    by: &str,
) -> Result<Pointer, Error> {
    let swap = TableSwap {
        table: table.to_owned(),
        expected,
        to: build.to_owned(),
        back_to: BackTo::Shown,
    };
    Ok(only(steps::swap(store, vec![swap], by).await?))
}

/// The pointer of the only table of a job.
pub(super) fn only(pointers: Vec<Pointer>) -> Pointer {
    let pointer = pointers.into_iter().next();
    pointer.expect("a store gives a pointer for each table")
}

/// Refuses a build whose table has other rows than those that the verdict is about.
///
/// # Errors
/// [`CutoverError::VerdictOutdated`].
pub(super) fn check_verdict(chosen: &StoredBuild, standing: &Standing) -> Result<(), Error> {
    match (&standing.checked, &chosen.loaded) {
        (Some(checked), Some(loaded)) if checked.digest != loaded.digest => {
            Err(CutoverError::VerdictOutdated {
                build: chosen.info.build.clone(),
                checked: checked.digest.clone(),
                found: loaded.digest.clone(),
            }
            .into())
        }
        _ => Ok(()),
    }
}

/// The version that the pointer must have at the swap: the one of what the decision was made on.
///
/// A verdict is void once the table shows another build than it was compared with. It holds again where the same build
/// is shown again: a loaded table never changes, so the comparison is still the one that a person saw. A rollback followed by
/// `swap BUILD`, and a rehearsal, rest on that. `expect` is stricter: it names a version.
pub(super) fn expected(
    all: &Stored,
    chosen: &StoredBuild,
    standing: &Standing,
    expect: Option<Version>,
) -> Result<Option<Version>, Error> {
    let live = all.live();
    let version = live.map(|live| live.version);
    let seen = match (expect, &standing.checked) {
        (Some(expect), _) if expect == version.unwrap_or(0) => return Ok(version),
        (Some(expect), _) => format!("version {expect} was expected"),
        (None, None) => return Ok(version),
        (None, Some(checked)) => match (&checked.live, live) {
            (Some(seen), Some(live)) if seen.build == live.build => return Ok(version),
            (None, None) => return Ok(version),
            (None, Some(_)) => "it was checked when nothing was live".to_owned(),
            (Some(seen), _) => format!(
                "it was compared with build {}, version {}",
                seen.build, seen.version
            ),
        },
    };
    Err(moved(all, chosen, seen))
}

/// The error of a table that shows something else than what the decision was made on, in words `seen`.
pub(super) fn moved(all: &Stored, chosen: &StoredBuild, seen: String) -> Error {
    CutoverError::Moved {
        table: chosen.info.table.clone(),
        build: chosen.info.build.clone(),
        seen,
        found: all.live().cloned().map(Box::new),
    }
    .into()
}

/// The facts that the gate judges about a build, which must be loaded.
pub(super) fn facts(
    job: &Job,
    folder: &BuildFolder,
    standing: &Standing,
    stored: &StoredBuild,
) -> Result<Facts, Error> {
    let merged = standing
        .loaded
        .clone()
        .ok_or_else(|| StoreError::WrongState {
            table: job.table.clone(),
            build: stored.info.build.clone(),
            state: stored.state,
        })?;
    let report = RunReport::new(folder, standing);
    let reasons = match report.rejected > job.gate.max_quarantined {
        true => main_reasons(folder)?,
        false => Vec::new(),
    };
    Ok(Facts {
        splits_planned: folder.manifest.input.frozen.splits,
        splits_covered: standing.covered.len(),
        offsets: standing.offsets(),
        is_narrowed: folder.manifest.input.range != EventRange::default(),
        counts: report.counts,
        presence: judged_presence(job, folder, standing)?,
        rejected: report.rejected,
        reasons,
        merged,
    })
}

/// In how many events each input was there, for the gate: in those of the build and of the builds that it goes on from.
/// Where one of these is gone, nothing is judged: the few records that were rejected say nothing about all.
fn judged_presence(
    job: &Job,
    folder: &BuildFolder,
    standing: &Standing,
) -> Result<PresenceReport, Error> {
    let mut all = presence(standing);
    let Some(mut base) = folder.manifest.input.source.based_on().cloned() else {
        return Ok(presence_report(folder, &all));
    };
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    loop {
        let Ok(build) = work.build(&base.build) else {
            return Ok(PresenceReport::default());
        };
        all.add(&presence(&build.peek()?));
        match build.manifest.input.source.based_on() {
            Some(next) => base = next.clone(),
            None => break,
        }
    }
    // Conditions are not judged: the records that were corrected may all be unwanted.
    Ok(PresenceReport {
        conditions: Vec::new(),
        ..presence_report(folder, &all)
    })
}

pub(super) fn verify_options(job: &Job, build: &str) -> VerifyOptions {
    VerifyOptions {
        gate: job.gate.clone(),
        sorting: sorting(job, build),
    }
}

/// How a job's builds are compared before `build` goes live.
pub(super) fn diff_options(job: &Job, build: &str) -> DiffOptions {
    DiffOptions {
        sorting: sorting(job, build),
        ..DiffOptions::default()
    }
}

/// How rows are sorted, if the job's store does not read them sorted: in the work folder of `build`, within the memory
/// of `[fold]`.
fn sorting(job: &Job, build: &str) -> SortOptions {
    SortOptions {
        folder: job.work.join(&job.table).join(build),
        fold: job.fold.clone(),
    }
}

/// What the journal keeps of a verdict.
fn checked(verdict: &Verdict, standing: &Standing) -> Checked {
    let diff = &verdict.diff;
    let old = diff.old.as_ref().map(|old| &old.build);
    let live = old.or(diff.lost.as_ref().map(|lost| &lost.build));
    Checked {
        passed: verdict.gate.passed(),
        digest: standing
            .loaded
            .as_ref()
            .map(|loaded| loaded.digest.clone())
            .unwrap_or_default(),
        live: live.zip(diff.live_version).map(|(build, version)| Seen {
            build: build.clone(),
            version,
        }),
    }
}

/// The newest loaded build.
pub(super) fn newest_loaded<'a>(all: &'a Stored, table: &str) -> Result<&'a StoredBuild, Error> {
    let mut newest_first = all.builds.iter().rev();
    let found = newest_first.find(|build| build.state == BuildState::Loaded);
    Ok(found.ok_or_else(|| CutoverError::NothingLoaded {
        table: table.into(),
    })?)
}

/// A build that the store knows.
pub(super) async fn find_build(
    store: &dyn StateStore,
    table: &str,
    build: &str,
) -> Result<StoredBuild, Error> {
    let builds = store.builds(table).await?;
    let found = builds
        .into_iter()
        .find(|stored| stored.info.build.eq_ignore_ascii_case(build));
    found.ok_or_else(|| unknown(table, build))
}

fn unknown(table: &str, build: &str) -> Error {
    StoreError::UnknownBuild {
        table: table.into(),
        build: build.into(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{BuildInfo, Loaded, TableColumns};

    fn build(digest: &str) -> StoredBuild {
        StoredBuild {
            info: BuildInfo {
                table: "t".into(),
                build: "01K2".into(),
                manifest_digest: "m".into(),
            },
            columns: TableColumns {
                keys: vec![],
                values: vec![],
            },
            state: BuildState::Loaded,
            indexes: vec![],
            loaded: Some(Loaded {
                rows: 1,
                digest: digest.into(),
            }),
            handoff: None,
            created_at: String::new(),
            loaded_at: None,
        }
    }

    fn checked(live: Option<(&str, u64)>) -> Standing {
        Standing {
            checked: Some(Checked {
                passed: true,
                digest: "one".into(),
                live: live.map(|(build, version)| Seen {
                    build: build.into(),
                    version,
                }),
            }),
            ..Standing::default()
        }
    }

    #[test]
    fn a_verdict_is_about_the_rows_that_were_checked() {
        assert!(check_verdict(&build("one"), &checked(None)).is_ok());
        assert!(check_verdict(&build("other"), &Standing::default()).is_ok());
        let error = check_verdict(&build("other"), &checked(None)).unwrap_err();
        insta::assert_snapshot!(format!("{}: {error}", error.code()), @"BF0725: build 01K2 is not swapped in: it was checked with digest one, and its table has digest other");
    }

    #[test]
    fn a_verdict_is_void_once_another_build_is_shown() {
        let shows = |shown: &[&str]| {
            let pointer = |(version, build): (u64, &&str)| Pointer {
                table: "t".into(),
                build: (*build).into(),
                version,
                previous: None,
                by: String::new(),
                at: String::new(),
            };
            Stored {
                builds: vec![],
                history: (1..).zip(shown).map(pointer).collect(),
            }
        };
        let expected = |shown: &[&str], live, expect| {
            let found = expected(&shows(shown), &build("one"), &checked(live), expect);
            found.map_err(|error| error.to_string())
        };
        assert_eq!(expected(&[], None, None), Ok(None));
        assert_eq!(expected(&["a"], Some(("a", 1)), None), Ok(Some(1)));
        // The same build again is the same table.
        assert_eq!(
            expected(&["a", "b", "a"], Some(("a", 1)), None),
            Ok(Some(3))
        );
        let void = expected(&["a", "b"], Some(("a", 1)), None).unwrap_err();
        insta::assert_snapshot!(void, @"build 01K2 is not swapped in: it was compared with build a, version 1, and `t` shows build b, version 2, now");
        assert!(expected(&["a"], None, None).is_err());
        assert!(expected(&[], Some(("a", 1)), None).is_err());
        // A version is stricter.
        assert!(expected(&["a", "b", "a"], Some(("a", 1)), Some(1)).is_err());
        assert_eq!(expected(&["a", "b"], Some(("a", 1)), Some(2)), Ok(Some(2)));
        assert_eq!(expected(&[], Some(("a", 1)), Some(0)), Ok(None));
    }
}
