//! Showing a build under the public name, and the one before it again.

use super::CutoverError;
use crate::source::Handoff;
use crate::store::{BuildState, Pointer, StateStore, StoreError, Swap, Version};

/// Shows `build` under the public name, if the pointer still is at the version `expected`, which the diff that
/// the decision was made on has seen ([`Diff::live_version`](super::Diff::live_version)).
///
/// # Errors
/// [`CutoverError::AlreadyLive`] if it is shown already; [`StoreError::Conflict`] if the pointer moved.
pub async fn swap(
    store: &dyn StateStore,
    table: &str,
    build: &str,
    expected: Option<Version>,
    handoff: Handoff,
    by: &str,
) -> Result<Pointer, CutoverError> {
    if store
        .live(table)
        .await?
        .is_some_and(|live| live.build == build)
    {
        return Err(CutoverError::AlreadyLive {
            table: table.to_owned(),
            build: build.to_owned(),
        });
    }
    let (table, to, by) = (table.to_owned(), build.to_owned(), by.to_owned());
    Ok(store
        .swap(&Swap {
            table,
            expected,
            to,
            handoff,
            by,
        })
        .await?)
}

/// Shows the build again that was shown before the live one, with the handoff that it last had.
///
/// A second rollback undoes the first.
///
/// # Errors
/// [`CutoverError::NoPrevious`] if there is none, [`CutoverError::PreviousDropped`] if its table is gone, and
/// [`StoreError::Conflict`] if another process swaps at the same time. Nothing has changed then.
pub async fn rollback(
    store: &dyn StateStore,
    table: &str,
    by: &str,
) -> Result<Pointer, CutoverError> {
    let none = |why| CutoverError::NoPrevious {
        table: table.to_owned(),
        why,
    };
    let history = store.history(table).await?;
    let live = history
        .last()
        .ok_or_else(|| none("nothing was ever swapped"))?;
    let previous = live
        .previous
        .as_ref()
        .ok_or_else(|| none("it has shown one build only"))?;
    let handoff = history
        .iter()
        .rev()
        .find(|pointer| pointer.build == *previous)
        .map(|pointer| &pointer.handoff);
    let handoff = handoff
        .ok_or_else(|| none("the handoff of the build before is not known"))?
        .clone();
    let swap = Swap {
        table: table.to_owned(),
        expected: Some(live.version),
        to: previous.clone(),
        handoff,
        by: by.to_owned(),
    };
    store.swap(&swap).await.map_err(|error| match error {
        StoreError::WrongState {
            table,
            build,
            state: BuildState::Dropped | BuildState::Gone,
        } => CutoverError::PreviousDropped { table, build },
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::fixture::{Fixture, TABLE, handoff};
    use crate::error::Coded;

    #[tokio::test]
    async fn a_rollback_brings_back_build_and_handoff() {
        let fixture = Fixture::new().await;
        fixture.load(1, &[("/a", 1)]).await;
        fixture.load(2, &[("/a", 2)]).await;
        let error = rollback(&fixture.store, TABLE, "me").await.unwrap_err();
        insta::assert_snapshot!(error, @"`clicks` shows nothing that could be rolled back: nothing was ever swapped");
        fixture.live(1).await;
        let error = rollback(&fixture.store, TABLE, "me").await.unwrap_err();
        insta::assert_snapshot!(error, @"`clicks` shows nothing that could be rolled back: it has shown one build only");

        fixture.live(2).await;
        let back = rollback(&fixture.store, TABLE, "me").await.unwrap();
        assert_eq!(
            (back.build.as_str(), back.version, back.by.as_str()),
            ("01K1", 3, "me")
        );
        assert_eq!(
            (back.handoff, back.previous.as_deref()),
            (handoff(1), Some("01K2"))
        );
        let forth = rollback(&fixture.store, TABLE, "me").await.unwrap();
        assert_eq!(
            (forth.build.as_str(), forth.version, forth.handoff),
            ("01K2", 4, handoff(2))
        );
    }

    #[tokio::test]
    async fn a_rollback_to_a_dropped_build_changes_nothing() {
        let fixture = Fixture::new().await;
        for n in [1, 2] {
            fixture.load(n, &[("/a", n.into())]).await;
            fixture.live(n).await;
        }
        fixture.store.drop_build(TABLE, "01K1").await.unwrap();
        let error = rollback(&fixture.store, TABLE, "me").await.unwrap_err();
        assert_eq!(error.code().number, 703);
        assert_eq!(
            fixture.store.live(TABLE).await.unwrap().unwrap().build,
            "01K2"
        );
    }

    #[tokio::test]
    async fn a_swap_to_the_live_build_is_refused() {
        let fixture = Fixture::new().await;
        fixture.load(1, &[("/a", 1)]).await;
        fixture.live(1).await;
        let error = swap(&fixture.store, TABLE, "01K1", Some(1), handoff(1), "me")
            .await
            .unwrap_err();
        assert_eq!(error.code().number, 704);
        fixture.load(2, &[("/a", 1)]).await;
        let error = swap(&fixture.store, TABLE, "01K2", None, handoff(2), "me")
            .await
            .unwrap_err();
        assert_eq!(
            (error.code().number, error.code().class.exit_code()),
            (603, 4)
        );
    }
}
