//! Creating, loading and reading builds.

use tokio::sync::mpsc::channel;

use super::*;

pub(super) async fn a_load_without_an_end_can_be_repeated(harness: &dyn Harness) {
    let store = harness.open().await;
    let (some, all) = ([rows(&["/a"], 1)], [rows(&["/a", "/b"], 1)]);
    begun(&*store, &build(1)).await;
    for again in [false, true] {
        if again {
            store
                .create(&build(1), &columns())
                .await
                .expect("an abandoned build may be created again");
        }
        let error = store
            .load(
                &build(1),
                &columns(),
                &handoff(&build(1)),
                sent(&columns(), &some, false).await,
            )
            .await;
        assert!(
            matches!(error, Err(StoreError::Unfinished { .. })),
            "{error:?}"
        );
        assert_eq!(only_build(&*store).await.state, BuildState::Loading);
        let swapped = store.swap(&swap_to(&build(1), None)).await;
        assert_eq!(refused_state(swapped), BuildState::Loading);
    }
    // Another process goes on where this one was killed, without knowing how far it had come.
    let store = harness.open().await;
    assert_loads(&*store, &build(1), &all).await;
    let (_, found) = read(&*store, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(found, digest_of(&columns(), &all));
    // And once more from the beginning, with other rows.
    assert_comes_back(&*store, &build(1), &columns(), &some).await;
}

pub(super) async fn rows_must_be_those_announced(harness: &dyn Harness) {
    let store = harness.open().await;
    begun(&*store, &build(1)).await;
    let sent = [rows(&["/a", "/b"], 1)];
    let true_end = digest_of(&columns(), &sent);
    let other = digest_of(&columns(), &[rows(&["/a", "/b"], 2)]);
    for (count, digest) in [(1, true_end.digest.clone()), (2, other.digest)] {
        let announced = Loaded {
            rows: count,
            digest,
        };
        let error = store
            .load(
                &build(1),
                &columns(),
                &handoff(&build(1)),
                sent_with_end(&sent, Some(announced)).await,
            )
            .await
            .expect_err("the end disagrees");
        assert!(
            matches!(&error, StoreError::Disagrees { found, .. } if **found == true_end),
            "{error}"
        );
        assert_eq!(only_build(&*store).await.state, BuildState::Loading);
    }
}

pub(super) async fn rows_must_be_sorted(harness: &dyn Harness) {
    let store = harness.open().await;
    let faulty: [Vec<RecordBatch>; 4] = [
        vec![rows(&["/b", "/a"], 1)],
        vec![rows(&["/b"], 1), rows(&["/a"], 1)],
        vec![rows(&["/a", "/a"], 1)],
        vec![rows(&["/a"], 1), rows(&["/a"], 2)],
    ];
    for batches in faulty {
        let error = stored(&*store, &build(1), &columns(), &batches)
            .await
            .expect_err("the rows are not in order");
        assert!(
            matches!(&error, StoreError::Unsorted { key, .. } if key == "page=/a"),
            "{error}"
        );
    }
}

pub(super) async fn a_later_load_takes_over(harness: &dyn Harness) {
    let (first, second) = (harness.open().await, harness.open().await);
    begun(&*first, &build(1)).await;
    let (sender, old) = half_loaded(first, build(1)).await;
    let expected = [rows(&["/x", "/y"], 2)];
    assert_loads(&*second, &build(1), &expected).await;
    // The old one may notice before or after this batch.
    let _ = sender.send(Rows::Batch(rows(&["/z"], 1))).await;
    let error = old
        .await
        .expect("it does not panic")
        .expect_err("the old load is out");
    assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
    let (_, found) = read(&*second, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(
        found,
        digest_of(&columns(), &expected),
        "the old load wrote on"
    );
}

pub(super) async fn builds_have_states(harness: &dyn Harness) {
    let store = harness.open().await;
    assert_eq!(
        store
            .builds(TABLE)
            .await
            .expect("an unprepared database has no builds"),
        []
    );
    assert_eq!(store.live(TABLE).await.expect("nor a pointer"), None);
    assert_eq!(store.history(TABLE).await.expect("nor a history"), []);
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("it may be prepared again");

    store
        .create(&build(2), &columns())
        .await
        .expect("the build is new");
    let found = only_build(&*store).await;
    assert_eq!(
        (found.info, found.columns, found.state),
        (build(2), columns(), BuildState::Loading)
    );
    assert_eq!((found.loaded, found.loaded_at), (None, None));

    // The order is that of creation, not that of the names.
    let batches = [rows(&["/a"], 1)];
    let loaded = stored(&*store, &build(1), &columns(), &batches)
        .await
        .expect("these rows can be stored");
    let builds = store.builds(TABLE).await.expect("builds can be listed");
    assert_eq!(
        builds
            .iter()
            .map(|found| found.info.clone())
            .collect::<Vec<_>>(),
        [build(2), build(1)]
    );
    assert_eq!(
        (builds[1].state, builds[1].loaded.as_ref()),
        (BuildState::Loaded, Some(&loaded))
    );
    assert!(builds[1].loaded_at.as_ref() >= Some(&builds[1].created_at));

    let again = store
        .load(
            &build(1),
            &columns(),
            &handoff(&build(1)),
            sent(&columns(), &batches, true).await,
        )
        .await;
    assert_eq!(refused_state(again), BuildState::Loaded);
    let read_back = read(&*store, &build(2), &columns()).await;
    assert_eq!(refused_state(read_back), BuildState::Loading);
}

pub(super) async fn unknown_builds_are_refused(harness: &dyn Harness) {
    let store = harness.open().await;
    let batches = [rows(&["/a"], 1)];
    stored(&*store, &build(1), &columns(), &batches)
        .await
        .expect("these rows can be stored");
    let unknown = build(3);
    let rows = sent(&columns(), &batches, true).await;
    let swapped = store.swap(&swap_to(&unknown, None)).await;
    for refused in [
        store
            .load(&unknown, &columns(), &handoff(&unknown), rows)
            .await
            .map(|_| ()),
        read(&*store, &unknown, &columns()).await.map(|_| ()),
        store.drop_build(TABLE, &unknown.build).await,
        swapped.map(|_| ()),
    ] {
        assert!(
            matches!(refused, Err(StoreError::UnknownBuild { .. })),
            "{refused:?}"
        );
    }
}

pub(super) async fn reading_stops_with_its_receiver(harness: &dyn Harness) {
    let store = harness.open().await;
    stored(&*store, &build(1), &columns(), &[numbered(50_000, 1)])
        .await
        .expect("these rows can be stored");
    let (sender, mut receiver) = channel(1);
    let take_one = async {
        receiver.recv().await.expect("there are rows");
        drop(receiver);
    };
    let columns = columns();
    let build = build(1);
    let (result, ()) = futures::join!(store.read(&build, &columns, sender), take_one);
    result.expect("to stop is no failure");
}

async fn only_build(store: &dyn StateStore) -> StoredBuild {
    let mut builds = store.builds(TABLE).await.expect("builds can be listed");
    assert_eq!(builds.len(), 1);
    builds.remove(0)
}
