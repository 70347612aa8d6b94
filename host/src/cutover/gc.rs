//! Dropping the tables of old builds.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::CutoverError;
use crate::store::{BuildState, OpenRehearsal, Pointer, StateStore, StoreError, StoredBuild};

/// The number of builds that `backfold gc` keeps by default.
pub const DEFAULT_KEEP: usize = 2;

/// Which builds are old.
#[derive(Clone, Copy, Debug)]
pub struct GcOptions {
    /// The newest loaded builds that are kept, whatever is live.
    pub keep: usize,
    /// The age at which a build is dropped that has no work folder on this machine; without it, one that is not loaded is
    /// kept.
    pub older_than: Option<Duration>,
    /// The present moment.
    pub now: DateTime<Utc>,
}

/// Where a build is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Its work folder is on this machine, and no command works on it.
    Here,
    /// A command on this machine works on it.
    InUse,
    /// Its work folder is not on this machine: another machine may be working on it.
    Elsewhere,
}

/// Why a build is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// Enough newer builds are loaded.
    Replaced,
    /// Its table was never complete, a newer one is, and no command works on it.
    NeverLoaded,
    /// Its table is gone, and a newer one is complete.
    TableGone,
    /// It has no work folder on this machine, and is older than what was asked for.
    NoWorkFolder,
    /// It was planned, and never got a table.
    NoTable,
    /// Its table was dropped before.
    Dropped,
}

impl DropReason {
    /// The reason in words.
    pub const fn text(self) -> &'static str {
        match self {
            DropReason::Replaced => "newer builds are loaded",
            DropReason::NeverLoaded => "its table was never complete, and a newer build is loaded",
            DropReason::TableGone => "its table is gone, and a newer build is loaded",
            DropReason::NoWorkFolder => "its work folder is not on this machine, and it is old",
            DropReason::NoTable => "it was planned, and never got a table",
            DropReason::Dropped => "its table was dropped before",
        }
    }
}

/// A build to drop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Droppable {
    /// Its ID.
    pub build: String,
    /// Why.
    pub reason: DropReason,
}

/// The builds whose tables may be dropped, oldest first.
///
/// Kept are the live build, the one that a rollback goes to (also after a rehearsal that is not swapped back), and the newest
/// [`keep`](GcOptions::keep) of the loaded ones. A build of this machine that was never loaded to its end, or whose table
/// is gone, is dropped if a newer build was loaded: before that, it may go on. A build without a work folder here may be
/// one of another machine: unless it is loaded, its age alone decides. A table that another program altered is left alone,
/// and so is a build that is in use.
pub fn droppable(
    builds: &[StoredBuild],
    history: &[Pointer],
    options: &GcOptions,
    whereabouts: &dyn Fn(&str) -> Whereabouts,
) -> Vec<Droppable> {
    let wanted = wanted(history);
    let (mut newer_loaded, mut droppable) = (0, Vec::new());
    for build in builds.iter().rev() {
        let is_newer_loaded = newer_loaded > 0;
        newer_loaded += usize::from(build.state == BuildState::Loaded);
        let whereabouts = whereabouts(&build.info.build);
        if whereabouts == Whereabouts::InUse || wanted.contains(build.info.build.as_str()) {
            continue;
        }
        let is_elsewhere = whereabouts == Whereabouts::Elsewhere;
        let reason = match build.state {
            BuildState::Dropped | BuildState::Altered => None,
            BuildState::Loaded if newer_loaded > options.keep => Some(DropReason::Replaced),
            _ if is_elsewhere => is_old(build, options).then_some(DropReason::NoWorkFolder),
            BuildState::Loading if is_newer_loaded => Some(DropReason::NeverLoaded),
            BuildState::Gone if is_newer_loaded => Some(DropReason::TableGone),
            BuildState::Loaded | BuildState::Loading | BuildState::Gone => None,
        };
        droppable.extend(reason.map(|reason| Droppable {
            build: build.info.build.clone(),
            reason,
        }));
    }
    droppable.reverse();
    droppable
}

/// The builds that readers see, and those that a rollback goes to.
fn wanted(history: &[Pointer]) -> HashSet<&str> {
    let live = history.last();
    let rehearsal = OpenRehearsal::of(history);
    let before = rehearsal.and_then(|rehearsal| rehearsal.before.previous.as_deref());
    live.map(|live| live.build.as_str())
        .into_iter()
        .chain(live.and_then(|live| live.previous.as_deref()))
        .chain(before)
        .collect()
}

/// Whether a build is older than what was asked for.
fn is_old(build: &StoredBuild, options: &GcOptions) -> bool {
    let made = build.loaded_at.as_ref().unwrap_or(&build.created_at);
    let age =
        DateTime::parse_from_rfc3339(made).map(|made| options.now.signed_duration_since(made));
    let age = age.ok().and_then(|age| age.to_std().ok());
    age.zip(options.older_than)
        .is_some_and(|(age, most)| age > most)
}

/// Drops the tables of builds, and gives back those that were dropped. The store itself keeps one that went live
/// meanwhile, or that readers may still use.
///
/// # Errors
/// Where the store fails; builds before the one at which it did are dropped.
pub async fn gc(
    store: &dyn StateStore,
    table: &str,
    droppable: Vec<Droppable>,
) -> Result<Vec<Droppable>, CutoverError> {
    let mut dropped = Vec::new();
    for one in droppable {
        match store.drop_build(table, &one.build).await {
            Ok(()) => dropped.push(one),
            Err(StoreError::Live { .. } | StoreError::StillRead { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::fixture::{Fixture, TABLE};
    use crate::cutover::rollback;

    fn options(keep: usize) -> GcOptions {
        GcOptions {
            keep,
            older_than: None,
            now: Utc::now(),
        }
    }

    async fn found(
        fixture: &Fixture,
        options: &GcOptions,
        whereabouts: &dyn Fn(&str) -> Whereabouts,
    ) -> Vec<Droppable> {
        let builds = fixture.store.builds(TABLE).await.unwrap();
        let history = fixture.store.history(TABLE).await.unwrap();
        droppable(&builds, &history, options, whereabouts)
    }

    /// Drops what is old, and gives the IDs.
    async fn collect(fixture: &Fixture, keep: usize) -> Vec<String> {
        let droppable = found(fixture, &options(keep), &|_| Whereabouts::Here).await;
        let dropped = gc(&fixture.store, TABLE, droppable).await.unwrap();
        dropped.into_iter().map(|one| one.build).collect()
    }

    #[tokio::test]
    async fn what_can_be_wanted_back_is_kept() {
        let fixture = Fixture::new().await;
        for n in 1..=6 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(2).await;
        fixture.live(1).await;
        // 1 is live, 2 the way back, 5 and 6 the newest.
        assert_eq!(collect(&fixture, DEFAULT_KEEP).await, ["01K3", "01K4"]);
        assert_eq!(collect(&fixture, DEFAULT_KEEP).await, [""; 0]);
        assert_eq!(collect(&fixture, 0).await, ["01K5", "01K6"]);
        let back = rollback(&fixture.store, &[TABLE], "me").await.unwrap();
        assert_eq!(back[0].build, "01K2");
    }

    #[tokio::test]
    async fn where_a_rehearsal_is_open_the_way_back_of_before_is_kept() {
        let fixture = Fixture::new().await;
        for n in 1..=5 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(1).await;
        fixture.live(2).await;
        fixture.live_by(3, &Pointer::rehearsed_by("me")).await;
        assert_eq!(collect(&fixture, 0).await, ["01K4", "01K5"]);
        for expected in ["01K2", "01K1"] {
            let back = rollback(&fixture.store, &[TABLE], "me").await.unwrap();
            assert_eq!(back[0].build, expected);
        }
    }

    #[tokio::test]
    async fn a_build_that_may_still_be_loading_is_kept() {
        let fixture = Fixture::new().await;
        fixture.create(1).await;
        fixture.load(2, &[("/a", 1)]).await;
        fixture.create(3).await;
        let in_use = |build: &str| match build {
            "01K1" => Whereabouts::InUse,
            _ => Whereabouts::Here,
        };
        assert_eq!(found(&fixture, &options(2), &in_use).await, []);
        let dead = found(&fixture, &options(2), &|_| Whereabouts::Here).await;
        let expected = Droppable {
            build: "01K1".to_owned(),
            reason: DropReason::NeverLoaded,
        };
        assert_eq!(dead, [expected]);
    }

    #[tokio::test]
    async fn of_a_build_elsewhere_its_age_decides() {
        let fixture = Fixture::new().await;
        fixture.create(1).await;
        for n in 2..=3 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(3).await;
        let elsewhere = |_: &str| Whereabouts::Elsewhere;
        assert_eq!(found(&fixture, &options(2), &elsewhere).await, []);
        let day = Duration::from_secs(86_400);
        let mut options = GcOptions {
            older_than: Some(day),
            ..options(2)
        };
        assert_eq!(found(&fixture, &options, &elsewhere).await, []);
        options.now += 2 * day;
        let old = found(&fixture, &options, &elsewhere).await;
        let old: Vec<_> = old
            .iter()
            .map(|one| (one.build.as_str(), one.reason))
            .collect();
        let reason = DropReason::NoWorkFolder;
        assert_eq!(
            old,
            [("01K1", reason), ("01K2", reason)],
            "and not the live one"
        );
    }
}
