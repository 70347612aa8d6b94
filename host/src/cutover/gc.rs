//! Dropping the tables of old builds.

use super::CutoverError;
use crate::store::{BuildState, StateStore, StoreError};

/// The number of builds that `backfold gc` keeps by default.
pub const DEFAULT_KEEP: usize = 2;

/// Drops the tables of a table's old builds, and gives back which.
///
/// Kept are the live build, the one that a rollback goes to, and the newest `keep` of the loaded ones. A
/// build that was never loaded to its end, or whose table is gone, is dropped if a newer build was: before that, it
/// may still be loading. A table that another program altered is left alone. A build that is in use is kept, and so is, by
/// the store itself, one that goes live meanwhile, or that readers may still use.
pub async fn gc(
    store: &dyn StateStore,
    table: &str,
    keep: usize,
    is_in_use: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Vec<String>, CutoverError> {
    let live = store.live(table).await?;
    let wanted = |build: &str| {
        live.as_ref()
            .is_some_and(|live| live.build == build || live.previous.as_deref() == Some(build))
    };
    let (mut newer_loaded, mut dropped) = (0, Vec::new());
    for build in store.builds(table).await?.into_iter().rev() {
        let old = match build.state {
            BuildState::Dropped | BuildState::Altered => continue,
            BuildState::Loading | BuildState::Gone => newer_loaded > 0,
            BuildState::Loaded => {
                newer_loaded += 1;
                newer_loaded > keep
            }
        };
        let id = build.info.build;
        if !old || wanted(&id) || is_in_use(&id) {
            continue;
        }
        match store.drop_build(table, &id).await {
            Ok(()) => dropped.push(id),
            Err(StoreError::Live { .. } | StoreError::StillRead { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    dropped.reverse();
    Ok(dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::fixture::{Fixture, TABLE};
    use crate::cutover::rollback;

    #[tokio::test]
    async fn what_can_be_wanted_back_is_kept() {
        let fixture = Fixture::new().await;
        for n in 1..=6 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(2).await;
        fixture.live(1).await;
        // 1 is live, 2 the way back, 5 and 6 the newest.
        assert_eq!(
            gc(&fixture.store, TABLE, DEFAULT_KEEP, &|_| false)
                .await
                .unwrap(),
            ["01K3", "01K4"]
        );
        assert_eq!(
            gc(&fixture.store, TABLE, DEFAULT_KEEP, &|_| false)
                .await
                .unwrap(),
            [""; 0]
        );
        assert_eq!(
            gc(&fixture.store, TABLE, 0, &|_| false).await.unwrap(),
            ["01K5", "01K6"]
        );
        assert_eq!(
            rollback(&fixture.store, &[TABLE], "me").await.unwrap()[0].build,
            "01K2"
        );
    }

    #[tokio::test]
    async fn a_build_that_may_still_be_loading_is_kept() {
        let fixture = Fixture::new().await;
        fixture.create(1).await;
        fixture.load(2, &[("/a", 1)]).await;
        fixture.create(3).await;
        let in_use = |build: &str| build == "01K1";
        let kept = gc(&fixture.store, TABLE, 2, &in_use).await.unwrap();
        assert_eq!(kept, [""; 0]);
        let dropped = gc(&fixture.store, TABLE, 2, &|_| false).await.unwrap();
        assert_eq!(dropped, ["01K1"]);
    }
}
