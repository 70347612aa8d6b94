//! Showing builds under the public names of their tables, and those before them again.

use super::CutoverError;
use crate::store::{
    BackTo, BuildState, OpenRehearsal, Pointer, StateStore, StoreError, Swap, TableSwap,
};

/// Shows builds under the public names of their tables: all of them, or none. The version that a table is expected to be
/// at is the one that the diff saw on which the decision was made ([`Diff::live_version`](super::Diff::live_version)).
/// Returns the new pointers, in the order of the tables.
///
/// # Errors
/// [`CutoverError::AlreadyLive`] for a table that shows its build already; [`StoreError::Conflict`] for one whose pointer
/// moved. Nothing has changed then.
pub async fn swap(
    store: &dyn StateStore,
    tables: Vec<TableSwap>,
    by: &str,
) -> Result<Vec<Pointer>, CutoverError> {
    for swap in &tables {
        let live = store.live(&swap.table).await?;
        if live.is_some_and(|live| live.build == swap.to) {
            return Err(CutoverError::AlreadyLive {
                table: swap.table.clone(),
                build: swap.to.clone(),
            });
        }
    }
    let by = by.to_owned();
    Ok(store.swap(&Swap { tables, by }).await?)
}

/// Shows for each of these tables the build again that was shown before the live one: for all of them, or for none. The
/// positions of a build come back with it.
///
/// A second rollback undoes the first. Where a table shows the build of a rehearsal that was not swapped back, the rollback
/// ends the rehearsal: the table shows what it showed before, and the next rollback goes where it would have gone.
///
/// # Errors
/// [`CutoverError::NoPrevious`] for a table that has none, [`CutoverError::PreviousDropped`] if its table is gone, and
/// [`StoreError::Conflict`] if another process swaps at the same time. Nothing has changed then.
pub async fn rollback(
    store: &dyn StateStore,
    tables: &[&str],
    by: &str,
) -> Result<Vec<Pointer>, CutoverError> {
    let (mut swaps, mut ends_rehearsal) = (Vec::new(), false);
    for table in tables {
        let none = |why| CutoverError::NoPrevious {
            table: (*table).to_owned(),
            why,
        };
        let history = store.history(table).await?;
        let live = history
            .last()
            .ok_or_else(|| none("nothing was ever swapped"))?;
        let rehearsal = OpenRehearsal::of(&history);
        let previous = live.previous.clone();
        swaps.push(TableSwap {
            table: (*table).to_owned(),
            expected: Some(live.version),
            to: previous.ok_or_else(|| none("it has shown one build only"))?,
            back_to: rehearsal.map_or(BackTo::Shown, |rehearsal| {
                BackTo::Build(rehearsal.before.previous.clone())
            }),
        });
        ends_rehearsal |= rehearsal.is_some();
    }
    let by = match ends_rehearsal {
        true => Pointer::rehearsed_by(by),
        false => by.to_owned(),
    };
    let tables = swaps;
    let swapped = store.swap(&Swap { tables, by }).await;
    swapped.map_err(|error| match error {
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
    use crate::store::Version;

    async fn roll_back(fixture: &Fixture) -> Result<Pointer, CutoverError> {
        let mut pointers = rollback(&fixture.store, &[TABLE], "me").await?;
        assert_eq!(pointers.len(), 1);
        Ok(pointers.remove(0))
    }

    fn swap_to(build: &str, expected: Option<Version>) -> Vec<TableSwap> {
        vec![TableSwap {
            table: TABLE.to_owned(),
            expected,
            to: build.to_owned(),
            back_to: BackTo::Shown,
        }]
    }

    #[tokio::test]
    async fn a_rollback_brings_back_build_and_positions() {
        let fixture = Fixture::new().await;
        fixture.load(1, &[("/a", 1)]).await;
        fixture.load(2, &[("/a", 2)]).await;
        let error = roll_back(&fixture).await.unwrap_err();
        insta::assert_snapshot!(error, @"`clicks` shows nothing that could be rolled back: nothing was ever swapped");
        fixture.live(1).await;
        let error = roll_back(&fixture).await.unwrap_err();
        insta::assert_snapshot!(error, @"`clicks` shows nothing that could be rolled back: it has shown one build only");

        fixture.live(2).await;
        let back = roll_back(&fixture).await.unwrap();
        assert_eq!(
            (back.build.as_str(), back.version, back.by.as_str()),
            ("01K1", 3, "me")
        );
        assert_eq!(back.previous.as_deref(), Some("01K2"));
        assert_eq!(fixture.stored(1).await.handoff, Some(handoff(1)));
        let forth = roll_back(&fixture).await.unwrap();
        assert_eq!((forth.build.as_str(), forth.version), ("01K2", 4));
        assert_eq!(fixture.stored(2).await.handoff, Some(handoff(2)));
    }

    #[tokio::test]
    async fn a_rollback_ends_a_rehearsal_that_was_not_swapped_back() {
        let fixture = Fixture::new().await;
        for n in 1..=3 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(1).await;
        fixture.live(2).await;
        let by = Pointer::rehearsed_by("me");
        swap(&fixture.store, swap_to("01K3", Some(2)), &by)
            .await
            .unwrap();
        let back = roll_back(&fixture).await.unwrap();
        assert_eq!((back.build.as_str(), back.version), ("01K2", 4));
        assert_eq!(back.previous.as_deref(), Some("01K1"), "as before");
        assert!(back.is_rehearsal());
        // The next one goes where it would have gone without the rehearsal.
        let back = roll_back(&fixture).await.unwrap();
        assert_eq!((back.build.as_str(), back.by.as_str()), ("01K1", "me"));
        assert_eq!(back.previous.as_deref(), Some("01K2"));
    }

    #[tokio::test]
    async fn a_rollback_to_a_dropped_build_changes_nothing() {
        let fixture = Fixture::new().await;
        for n in [1, 2] {
            fixture.load(n, &[("/a", n.into())]).await;
            fixture.live(n).await;
        }
        fixture.store.drop_build(TABLE, "01K1").await.unwrap();
        let error = roll_back(&fixture).await.unwrap_err();
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
        let error = swap(&fixture.store, swap_to("01K1", Some(1)), "me")
            .await
            .unwrap_err();
        assert_eq!(error.code().number, 704);
        fixture.load(2, &[("/a", 1)]).await;
        let error = swap(&fixture.store, swap_to("01K2", None), "me")
            .await
            .unwrap_err();
        assert_eq!(
            (error.code().number, error.code().class.exit_code()),
            (603, 4)
        );
    }
}
