//! Calls that are cancelled.

use std::time::Duration;

use super::*;

/// The longest time that a method may take to end once it is cancelled.
const SOON: Duration = Duration::from_secs(2);

async fn soon<T>(result: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let result = tokio::time::timeout(SOON, result).await;
    result.expect("a cancelled call ends soon")
}

#[track_caller]
fn assert_cancelled<T>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Cancelled { .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was not cancelled"),
    }
}

pub(super) async fn a_load_ends_when_it_is_cancelled(harness: &dyn Harness) {
    let context = StoreContext::default();
    let store = harness.open_with(Access::Build, context.clone()).await;
    begun(&*store, &build(1)).await;
    let (sender, load) = half_loaded(store, build(1)).await;
    context.cancel.cancel();
    let loaded = soon(async { load.await.expect("it does not panic") }).await;
    assert_cancelled(loaded);
    drop(sender);

    let store = harness.open().await;
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Loading);
    assert_loads(&*store, &build(1), &[rows(&["/a", "/b"], 1)]).await;
}

pub(super) async fn a_read_ends_when_it_is_cancelled(harness: &dyn Harness) {
    let context = StoreContext::default();
    let store = harness.open_with(Access::Build, context.clone()).await;
    stored(&*store, &build(1), &columns(), &[numbered(50_000, 1)])
        .await
        .expect("these rows can be stored");
    // The receiver takes the first batch and no more.
    let (sender, mut receiver) = channel(1);
    let (build, columns) = (build(1), columns());
    let cancel = async {
        receiver.recv().await.expect("there are rows");
        context.cancel.cancel();
    };
    let reading = soon(store.read(&build, &columns, sender));
    let (result, ()) = futures::join!(reading, cancel);
    assert_cancelled(result);
}

pub(super) async fn nothing_begins_after_a_cancellation(harness: &dyn Harness) {
    let context = StoreContext::default();
    let store = harness.open_with(Access::Build, context.clone()).await;
    let rows = [rows(&["/a"], 1)];
    for n in [1, 2] {
        stored(&*store, &build(n), &columns(), &rows)
            .await
            .expect("these rows can be stored");
    }
    context.cancel.cancel();
    assert_cancelled(soon(store.prepare("other", &columns(), &[])).await);
    assert_cancelled(soon(store.create(&build(3), &columns())).await);
    assert_cancelled(soon(store.swap(&swap_to(&build(1), None))).await);
    assert_cancelled(soon(store.drop_build(TABLE, &build(2).build)).await);
    assert_cancelled(soon(store.reclaim()).await);
    assert_cancelled(soon(store.live(TABLE)).await);

    let store = harness.open().await;
    let builds = store.builds(TABLE).await.expect("builds can be listed");
    let states: Vec<_> = builds.iter().map(|found| found.state).collect();
    assert_eq!(states, [BuildState::Loaded; 2]);
    assert_eq!(
        store.live(TABLE).await.expect("the pointer can be read"),
        None
    );
}
