//! Tables that other programs dropped or altered.

use super::*;

async fn drop_shadow(harness: &dyn Harness, n: u32) {
    harness.drop_table(&build(n).shadow_name()).await;
}

pub(super) async fn a_lost_table_is_not_loaded(harness: &dyn Harness) {
    let store = harness.open().await;
    let rows = [rows(&["/a"], 1)];
    let loaded = stored(&*store, &build(1), &columns(), &rows)
        .await
        .expect("these rows can be stored");
    drop_shadow(harness, 1).await;
    let found = stored_build(&*store, 1).await;
    assert_eq!(
        (found.state, &found.loaded),
        (BuildState::Gone, &Some(loaded.clone())),
        "what it held is still known"
    );
    let read_back = read(&*store, &build(1), &columns()).await;
    assert_eq!(refused_state(read_back), BuildState::Gone);
    let swapped = store.swap(&swap_to(&build(1), None)).await;
    assert_eq!(refused_state(swapped), BuildState::Gone);
    assert_eq!(
        store.live(TABLE).await.expect("the pointer can be read"),
        None
    );

    // It is loaded again from its beginning, also where the table was lost before that.
    store
        .create(&build(1), &columns())
        .await
        .expect("a lost table may be created again");
    drop_shadow(harness, 1).await;
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Gone);
    let again = store
        .load(
            &build(1),
            &columns(),
            &handoff(&build(1)),
            sent(&columns(), &rows, true).await,
        )
        .await;
    assert_eq!(refused_state(again), BuildState::Gone);
    let again = stored(&*store, &build(1), &columns(), &rows).await;
    assert_eq!(again.expect("it is created again"), loaded);
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Loaded);

    drop_shadow(harness, 1).await;
    for _ in 0..2 {
        store
            .drop_build(TABLE, &build(1).build)
            .await
            .expect("what is gone may be dropped");
        assert_eq!(stored_build(&*store, 1).await.state, BuildState::Dropped);
    }
}

pub(super) async fn a_lost_live_table_is_replaced(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build(1), &["/a"], 1).await;
    drop_shadow(harness, 1).await;
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Gone);
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is still backfold's own");
    live(&*store, &build(2), &["/a"], 2).await;
    assert_eq!(harness.totals(TABLE).await, Some(vec![2]));
}

pub(super) async fn an_altered_table_is_left_alone(harness: &dyn Harness) {
    let store = harness.open().await;
    stored(&*store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    let shadow = build(1).shadow_name();
    harness.drop_total(&shadow).await;
    assert_eq!(stored_build(&*store, 1).await.state, BuildState::Altered);
    let read_back = read(&*store, &build(1), &columns()).await;
    assert_eq!(refused_state(read_back), BuildState::Altered);
    let swapped = store.swap(&swap_to(&build(1), None)).await;
    assert_eq!(refused_state(swapped), BuildState::Altered);
    for error in [
        store.create(&build(1), &columns()).await,
        store.drop_build(TABLE, &build(1).build).await,
    ] {
        assert!(
            matches!(&error, Err(StoreError::Foreign { name }) if *name == shadow),
            "{error:?}"
        );
    }
    // Once it is taken away, the build can be had back.
    drop_shadow(harness, 1).await;
    stored(&*store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("the name is free again");
}
