//! Moving the public name.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

pub(super) async fn the_pointer_moves(harness: &dyn Harness) {
    let store = harness.open().await;
    stored(&*store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    assert_eq!(
        harness.totals(TABLE).await,
        None,
        "a build shows before its swap"
    );
    assert_eq!(
        store.live(TABLE).await.expect("the pointer can be read"),
        None
    );

    let first = live(&*store, &build(1), &["/a"], 1).await;
    assert_eq!(
        (first.table.as_str(), first.build.as_str()),
        (TABLE, build(1).build.as_str())
    );
    assert_eq!((first.version, first.previous.as_deref()), (1, None));
    assert_eq!(first.by, swap_to(&build(1), None).by);
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));

    let second = live(&*store, &build(2), &["/a", "/b"], 2).await;
    assert_eq!(
        (second.version, second.previous.as_ref()),
        (2, Some(&build(1).build))
    );
    assert_eq!(harness.totals(TABLE).await, Some(vec![2, 2]));

    // The same build once more: only the version moves, and there is still a way back.
    let third = swapped(&*store, &build(2), Some(2)).await;
    assert_eq!(
        (third.version, third.previous.as_ref()),
        (3, Some(&build(1).build))
    );

    let back = swapped(&*store, &build(1), Some(3)).await;
    assert_eq!(
        (back.version, back.previous.as_ref()),
        (4, Some(&build(2).build))
    );
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));

    let store = harness.open().await;
    assert_eq!(
        store.live(TABLE).await.expect("the pointer can be read"),
        Some(back.clone())
    );
    assert_eq!(
        store.history(TABLE).await.expect("the history can be read"),
        [first, second, third, back]
    );
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("a view of backfold's own is no foreign one");
    let error = store
        .create(&build(1), &columns())
        .await
        .expect_err("readers use this build");
    assert!(matches!(error, StoreError::Live { .. }), "{error}");
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));
}

pub(super) async fn an_outdated_decision_is_refused(harness: &dyn Harness) {
    let store = harness.open().await;
    stored(&*store, &build(1), &columns(), &[rows(&["/a"], 1)])
        .await
        .expect("these rows can be stored");
    let error = store
        .swap(&swap_to(&build(1), Some(1)))
        .await
        .expect_err("there is no pointer yet");
    assert!(
        matches!(error, StoreError::Conflict { found: None, .. }),
        "{error}"
    );
    assert_eq!(harness.totals(TABLE).await, None);

    let pointer = live(&*store, &build(1), &["/a"], 1).await;
    stored(&*store, &build(2), &columns(), &[rows(&["/a"], 2)])
        .await
        .expect("these rows can be stored");
    for expected in [None, Some(0), Some(2), Some(Version::MAX)] {
        match store.swap(&swap_to(&build(2), expected)).await {
            Err(StoreError::Conflict { found, .. }) => assert_eq!(found.as_deref(), Some(&pointer)),
            other => panic!("{other:?} with {expected:?}"),
        }
    }
    assert_eq!(
        store.history(TABLE).await.expect("the history can be read"),
        [pointer]
    );
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));
}

pub(super) async fn only_loaded_builds_go_live(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build(1), &["/a"], 1).await;
    store
        .create(&build(2), &columns())
        .await
        .expect("the build is new");
    stored(&*store, &build(3), &columns(), &[rows(&["/a"], 3)])
        .await
        .expect("these rows can be stored");
    store
        .drop_build(TABLE, &build(3).build)
        .await
        .expect("it is not live");
    for (n, expected) in [(2, BuildState::Loading), (3, BuildState::Dropped)] {
        let swapped = store.swap(&swap_to(&build(n), Some(1))).await;
        assert_eq!(refused_state(swapped), expected);
    }
    let error = store
        .swap(&swap_to(&build(4), Some(1)))
        .await
        .expect_err("it was never created");
    assert!(matches!(error, StoreError::UnknownBuild { .. }), "{error}");
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));
}

pub(super) async fn one_of_many_swaps_wins(harness: &dyn Harness) {
    const SWAPS: u32 = 8;
    let store = harness.open().await;
    live(&*store, &build(0), &["/a"], 0).await;
    for n in 1..=SWAPS {
        let rows = [rows(&["/a"], n.into())];
        stored(&*store, &build(n), &columns(), &rows)
            .await
            .expect("these rows can be stored");
    }
    let mut tasks = Vec::new();
    for n in 1..=SWAPS {
        let store = harness.open().await;
        tasks.push(tokio::spawn(async move {
            store.swap(&swap_to(&build(n), Some(1))).await
        }));
    }
    let (mut won, mut lost) = (Vec::new(), 0);
    for task in tasks {
        match task.await.expect("it does not panic") {
            Ok(pointers) => won.extend(pointers),
            Err(StoreError::Conflict {
                found: Some(found), ..
            }) if found.version == 2 => lost += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((won.len(), lost), (1, SWAPS - 1));
    assert_eq!(
        store
            .live(TABLE)
            .await
            .expect("the pointer can be read")
            .as_ref(),
        won.first()
    );
    assert_eq!(
        store
            .history(TABLE)
            .await
            .expect("the history can be read")
            .len(),
        2
    );
}

pub(super) async fn readers_see_one_build_whole(harness: &dyn Harness) {
    const SWAPS: u32 = 20;
    let store = harness.open().await;
    let pages: Vec<_> = (0..200).map(|n| format!("/{n:03}")).collect();
    // The n-th build has as many rows as its totals say, so that a mixture shows.
    let pages_of = |n: u32| {
        pages[..n as usize]
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
    };
    live(&*store, &build(1), &pages_of(1), 1).await;
    let done = AtomicBool::new(false);
    let read = async {
        let (mut reads, mut latest) = (0, 0);
        while !done.load(Ordering::Relaxed) {
            let totals = harness.totals(TABLE).await.expect("the name is never gone");
            assert_eq!(
                totals,
                vec![totals.len() as i64; totals.len()],
                "a mixture of builds"
            );
            assert!(totals.len() >= latest, "a reader went back in time");
            latest = totals.len();
            reads += 1;
            tokio::task::yield_now().await;
        }
        reads
    };
    let write = async {
        for n in 2..=SWAPS {
            live(&*store, &build(n), &pages_of(n), n.into()).await;
            let gone = build(n - 1).build;
            store
                .drop_build(TABLE, &gone)
                .await
                .expect("it is not live any more");
        }
        done.store(true, Ordering::Relaxed);
    };
    let (reads, ()) = futures::join!(read, write);
    assert!(reads > 0, "no reader read");
    assert_eq!(
        harness
            .totals(TABLE)
            .await
            .expect("the name is never gone")
            .len(),
        SWAPS as usize
    );
}

pub(super) async fn the_live_build_cannot_be_dropped(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build(1), &["/a"], 1).await;
    let error = store
        .drop_build(TABLE, &build(1).build)
        .await
        .expect_err("readers use it");
    assert!(matches!(error, StoreError::Live { .. }), "{error}");
    assert_eq!(harness.totals(TABLE).await, Some(vec![1]));

    live(&*store, &build(2), &["/a"], 2).await;
    for _ in 0..2 {
        store
            .drop_build(TABLE, &build(1).build)
            .await
            .expect("it is not live, and it may be gone already");
    }
    let builds = store.builds(TABLE).await.expect("builds can be listed");
    let states: Vec<_> = builds.iter().map(|found| found.state).collect();
    assert_eq!(states, [BuildState::Dropped, BuildState::Loaded]);
    assert!(builds[0].loaded.is_some(), "what it held is still known");
    assert_eq!(
        harness.totals(&build(1).shadow_name()).await,
        None,
        "its table is still there"
    );
    let read_back = read(&*store, &build(1), &columns()).await;
    assert_eq!(refused_state(read_back), BuildState::Dropped);

    // A name that was let go may be taken by others, whom a later drop does not concern.
    harness.make_foreign(&build(1).shadow_name()).await;
    store
        .drop_build(TABLE, &build(1).build)
        .await
        .expect("it is gone already");
    assert_eq!(
        harness.totals(&build(1).shadow_name()).await,
        Some(vec![42])
    );
}

pub(super) async fn positions_are_those_of_the_build(harness: &dyn Harness) {
    let store = harness.open().await;
    for n in [1, 2] {
        store
            .prepare(TABLE, &columns(), &[])
            .await
            .expect("the name is free");
        store
            .create(&build(n), &columns())
            .await
            .expect("the build is new");
        assert_eq!(stored_build(&*store, n).await.handoff, None);
        assert_loads(&*store, &build(n), &[rows(&["/a"], 1)]).await;
        let positions = stored_build(&*store, n).await.handoff;
        assert_eq!(positions, Some(handoff(&build(n))));
        swapped(&*store, &build(n), (n > 1).then_some(1)).await;
    }
    // They stay when the build is shown again, and when its table is dropped.
    swapped(&*store, &build(1), Some(2)).await;
    store
        .drop_build(TABLE, &build(2).build)
        .await
        .expect("it is not live");
    for n in [1, 2] {
        let positions = stored_build(&*store, n).await.handoff;
        assert_eq!(positions, Some(handoff(&build(n))));
    }
    // A build that is made anew has none until it is loaded.
    store
        .create(&build(2), &columns())
        .await
        .expect("it is not live");
    assert_eq!(stored_build(&*store, 2).await.handoff, None);
}

pub(super) async fn several_tables_move_together(harness: &dyn Harness) {
    let store = harness.open().await;
    let (one, two) = (build_of("one", 1), build_of("two", 1));
    let swap = |tables| Swap {
        tables,
        by: "me".to_owned(),
    };
    for build in [&one, &two] {
        stored(&*store, build, &columns(), &[rows(&["/a"], 1)])
            .await
            .expect("these rows can be stored");
    }
    let both = swap(vec![table_swap(&one, None), table_swap(&two, None)]);
    let pointers = store.swap(&both).await.expect("nothing is live");
    let shown: Vec<_> = pointers
        .iter()
        .map(|pointer| (pointer.table.as_str(), pointer.version))
        .collect();
    assert_eq!(shown, [("one", 1), ("two", 1)]);

    let (next, loading) = (build_of("one", 2), build_of("two", 2));
    stored(&*store, &next, &columns(), &[rows(&["/a"], 2)])
        .await
        .expect("these rows can be stored");
    begun(&*store, &loading).await;
    let refused = [
        // The second is refused: it moved, it is not loaded, it is unknown.
        vec![table_swap(&next, Some(1)), table_swap(&two, Some(7))],
        vec![table_swap(&next, Some(1)), table_swap(&loading, Some(1))],
        vec![
            table_swap(&next, Some(1)),
            table_swap(&build_of("three", 1), None),
        ],
        // The first is.
        vec![table_swap(&next, None), table_swap(&two, Some(1))],
    ];
    for tables in refused {
        let error = store.swap(&swap(tables)).await.expect_err("one is refused");
        assert!(
            matches!(
                error,
                StoreError::Conflict { .. }
                    | StoreError::WrongState { .. }
                    | StoreError::UnknownBuild { .. }
            ),
            "{error}"
        );
        for name in ["one", "two"] {
            let live = store.live(name).await.expect("the pointer can be read");
            assert_eq!(live.map(|pointer| pointer.version), Some(1), "{name}");
            let history = store.history(name).await;
            assert_eq!(history.expect("the history can be read").len(), 1, "{name}");
            assert_eq!(harness.totals(name).await, Some(vec![1]), "{name}");
        }
    }
}

pub(super) async fn tables_do_not_meet(harness: &dyn Harness) {
    let store = harness.open().await;
    live(&*store, &build_of("one", 1), &["/a"], 1).await;
    live(&*store, &build_of("two", 1), &["/a"], 2).await;
    live(&*store, &build_of("one", 2), &["/b"], 3).await;
    store
        .drop_build("one", &build(1).build)
        .await
        .expect("it is not live");
    assert_eq!(
        store
            .history("two")
            .await
            .expect("the history can be read")
            .len(),
        1
    );
    assert_eq!(
        store
            .builds("two")
            .await
            .expect("builds can be listed")
            .len(),
        1
    );
    assert_eq!(harness.totals("one").await, Some(vec![3]));
    assert_eq!(harness.totals("two").await, Some(vec![2]));
}

pub(super) async fn a_reader_sees_what_is_there(harness: &dyn Harness) {
    let store = harness.open().await;
    let pointer = live(&*store, &build(1), &["/a", "/b"], 1).await;
    let reader = harness
        .open_with(Access::Read, StoreContext::default())
        .await;
    assert_eq!(
        reader.live(TABLE).await.expect("the pointer can be read"),
        Some(pointer.clone())
    );
    assert_eq!(
        reader
            .history(TABLE)
            .await
            .expect("the history can be read"),
        [pointer]
    );
    assert_eq!(
        reader.builds(TABLE).await.expect("builds can be listed"),
        store.builds(TABLE).await.expect("builds can be listed")
    );
    let (_, found) = read(&*reader, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(found, digest_of(&columns(), &[rows(&["/a", "/b"], 1)]));
    reader
        .create(&build(2), &columns())
        .await
        .expect_err("it was opened to read");
    assert_eq!(
        store
            .builds(TABLE)
            .await
            .expect("builds can be listed")
            .len(),
        1
    );
}
