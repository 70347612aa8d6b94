//! Swapping back, and reading through the public name.

use tokio_util::sync::CancellationToken;

use super::*;

pub(super) async fn a_swap_back_leaves_the_way_back(harness: &dyn Harness) {
    let store = harness.open().await;
    for n in 1..=2 {
        live(&*store, &build(n), &["/a"], n.into()).await;
    }
    stored(&*store, &build(3), &columns(), &[rows(&["/a"], 3)])
        .await
        .expect("these rows can be stored");
    let swap = |n: u32, expected, back_to| Swap {
        tables: vec![TableSwap {
            back_to,
            ..table_swap(&build(n), Some(expected))
        }],
        by: "me".to_owned(),
    };
    let first = BackTo::Build(Some(build(1).build));
    for (n, expected, back_to, previous) in [
        (3, 2, BackTo::Shown, Some(build(2).build)),
        (2, 3, first, Some(build(1).build)),
        // Also for the build that is live already, and to nothing.
        (
            2,
            4,
            BackTo::Build(Some(build(3).build)),
            Some(build(3).build),
        ),
        (2, 5, BackTo::Build(None), None),
        (3, 6, BackTo::Shown, Some(build(2).build)),
    ] {
        let swapped = store.swap(&swap(n, expected, back_to)).await;
        let pointer = swapped.expect("no other process swaps").remove(0);
        assert_eq!(
            (pointer.version, &pointer.previous),
            (expected + 1, &previous)
        );
        let found = store.live(TABLE).await.expect("the pointer can be read");
        assert_eq!(found, Some(pointer));
        assert_eq!(harness.totals(TABLE).await, Some(vec![n.into()]));
    }
}

pub(super) async fn a_public_name_is_read_through_swaps(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build(1), &["/a", "/b"], 1).await;
    let reader = harness
        .open_with(Access::Read, StoreContext::default())
        .await;
    let mut reader = reader.public_reader(TABLE).await.expect("it may read");
    reader.read().await.expect("there are rows");
    live(&*store, &build(2), &["/a"], 2).await;
    store
        .drop_build(TABLE, &build(1).build)
        .await
        .expect("it is not live");
    reader.read().await.expect("it reads the new table");
    live(&*store, &build(3), &[], 3).await;
    reader
        .read()
        .await
        .expect("a table without rows can be read");
    let mut other = store.public_reader("nothing").await.expect("it may read");
    other.read().await.expect_err("nothing is shown");
}

pub(super) async fn a_public_reader_ends_when_it_is_cancelled(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build(1), &["/a"], 1).await;
    let cancel = CancellationToken::new();
    let context = StoreContext {
        cancel: cancel.clone(),
        ..StoreContext::default()
    };
    let store = harness.open_with(Access::Read, context).await;
    let mut reader = store.public_reader(TABLE).await.expect("it may read");
    cancel.cancel();
    let error = reader.read().await.expect_err("it is cancelled");
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
}
