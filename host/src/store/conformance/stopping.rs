//! Ending what is under way.

use std::time::Duration;

use super::*;

/// How soon each method ends; much less, where nothing else is done.
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
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .create(&build(1), &columns())
        .await
        .expect("the build is new");
    let (sender, receiver) = channel(1);
    let load = tokio::spawn(async move { store.load(&build(1), &columns(), receiver).await });
    // There is room for the second batch only once the load has begun and taken the first.
    for page in ["/a", "/b"] {
        sender
            .send(Rows::Batch(rows(&[page], 1)))
            .await
            .expect("the load runs");
    }
    context.cancel.cancel();
    let loaded = soon(async { load.await.expect("it does not panic") }).await;
    assert_cancelled(loaded);
    drop(sender);

    let store = harness.open().await;
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Loading);
    let all = [rows(&["/a", "/b"], 1)];
    let loaded = store
        .load(&build(1), &columns(), sent(&columns(), &all, true).await)
        .await;
    assert_eq!(
        loaded.expect("a load begins anew"),
        digest_of(&columns(), &all)
    );
}

pub(super) async fn a_read_ends_when_it_is_cancelled(harness: &dyn Harness) {
    let context = StoreContext::default();
    let store = harness.open_with(Access::Build, context.clone()).await;
    let pages: Vec<_> = (0..50_000).map(|n| format!("/{n:06}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    stored(&*store, &build(1), &columns(), &[rows(&pages, 1)])
        .await
        .expect("these rows can be stored");
    // Nobody takes more than the first batch.
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
