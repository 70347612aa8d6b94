//! Builds that are interrupted, overtaken, swapped at the same time and dropped.

use std::time::Duration;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use backfold::schema::Kind;
use backfold::source::{Handoff, HandoffPosition};
use backfold::store::{BuildState, Rows, StateStore, StoreContext, StoreError, TableColumns};
use backfold_tests::dynamodb::DynamoDb;
use tokio::sync::mpsc::channel;

use super::*;

const TABLE: &str = "clicks";

fn build(n: u32) -> BuildInfo {
    build_of(TABLE, n)
}

fn columns() -> TableColumns {
    TableColumns {
        keys: vec![column("page", Kind::Utf8)],
        values: vec![column("total", Kind::Int64)],
    }
}

/// `count` rows from page `from` on.
fn rows(from: usize, count: usize, total: i64) -> RecordBatch {
    let pages = (from..from + count).map(|n| format!("/{n:06}"));
    let pages: StringArray = pages.map(Some).collect();
    let totals = Int64Array::from(vec![total; count]);
    RecordBatch::try_new(columns().schema(), vec![Arc::new(pages), Arc::new(totals)]).unwrap()
}

async fn state(store: &DynamoStore, n: u32) -> BuildState {
    let builds = store.builds(TABLE).await.unwrap();
    let found = builds.into_iter().find(|found| found.info == build(n));
    found.unwrap().state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overtaken_load_cannot_reach_the_table_of_the_next() {
    let local = Local::start();
    let (first, second) = (local.store().await, local.store().await);
    first.prepare(TABLE, &columns(), &[]).await.unwrap();
    first.create(&build(1), &columns()).await.unwrap();
    let (sender, receiver) = channel(1);
    let old = first.clone();
    let load = tokio::spawn(async move {
        let handoff = Handoff::default();
        old.load(&build(1), &columns(), &handoff, receiver).await
    });
    for from in [0, 100] {
        sender.send(Rows::Batch(rows(from, 100, 1))).await.unwrap();
    }
    assert_eq!(
        local.tables().await,
        ["backfold_control", "clicks__01k0build00000000000000001"]
    );

    // The plain name was the first load's.
    let expected = rows(0, 5, 2);
    let received = sent(&columns(), std::slice::from_ref(&expected)).await;
    let handoff = Handoff::default();
    second
        .load(&build(1), &columns(), &handoff, received)
        .await
        .unwrap();
    let table = "clicks__01k0build00000000000000001.2";
    assert_eq!(local.tables().await, ["backfold_control", table]);
    let _ = sender.send(Rows::Batch(rows(200, 100, 1))).await;
    let error = load.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
    assert_eq!(local.items(table).await.unwrap().len(), 5);
    assert_eq!(local.tables().await, ["backfold_control", table]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_leaves_goes_with_the_build() {
    let local = Local::start();
    let store = local.store().await;
    stored(&store, &build(1), &columns(), &rows(0, 3, 1))
        .await
        .unwrap();
    let shadow = build(1).shadow_name();
    // A process died after it had made the table of an attempt whose record another one has replaced, and another
    // program has a table of almost the same name.
    let loaded = local
        .client
        .describe_table()
        .table_name(&shadow)
        .send()
        .await
        .unwrap();
    let loaded = loaded.table.unwrap();
    let others = [
        format!("{shadow}.01"),
        format!("{shadow}.7"),
        format!("{shadow}x"),
    ];
    for name in [&format!("{shadow}.1")].into_iter().chain(&others) {
        let create = local.client.create_table().table_name(name);
        create
            .set_key_schema(loaded.key_schema.clone())
            .set_attribute_definitions(loaded.attribute_definitions.clone())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
    }
    store.drop_build(TABLE, &build(1).build).await.unwrap();
    let mut left = others.to_vec();
    left.insert(0, "backfold_control".to_owned());
    assert_eq!(local.tables().await, left);
    assert_eq!(state(&store, 1).await, BuildState::Dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_whose_table_was_never_made_is_created_again() {
    let local = Local::start();
    let store = local.store().await;
    store.prepare(TABLE, &columns(), &[]).await.unwrap();
    store.create(&build(1), &columns()).await.unwrap();
    // As if the process had died between the record and the table.
    local.drop_table(&build(1).shadow_name()).await;
    assert_eq!(state(&store, 1).await, BuildState::Gone);
    stored(&store, &build(1), &columns(), &rows(0, 3, 1))
        .await
        .unwrap();
    assert_eq!(state(&store, 1).await, BuildState::Loaded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_load_ends_and_is_begun_anew() {
    let local = Local::start();
    let context = StoreContext::default();
    let store = local.store_with(Access::Build, context.clone()).await;
    store.prepare(TABLE, &columns(), &[]).await.unwrap();
    store.create(&build(1), &columns()).await.unwrap();
    let (sender, receiver) = channel(1);
    let loading = store.clone();
    let load = tokio::spawn(async move {
        let handoff = Handoff::default();
        loading
            .load(&build(1), &columns(), &handoff, receiver)
            .await
    });
    // More than are held to be shuffled, so that requests are on their way.
    for from in (0..80_000).step_by(8000) {
        sender.send(Rows::Batch(rows(from, 8000, 1))).await.unwrap();
    }
    context.cancel.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(2), load).await;
    let error = ended.expect("it ends soon").unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error}");
    let shadow = build(1).shadow_name();
    assert!(
        !local.items(&shadow).await.unwrap().is_empty(),
        "nothing was on its way"
    );

    let store = local.store().await;
    let received = sent(&columns(), &[rows(0, 3, 2)]).await;
    store
        .load(&build(1), &columns(), &Handoff::default(), received)
        .await
        .unwrap();
    assert_eq!(local.items(&format!("{shadow}.2")).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_outlives_a_restart_of_the_service() {
    let mut local = Local::over(DynamoDb::start_durable().unwrap());
    let store = local.store().await;
    store.prepare(TABLE, &columns(), &[]).await.unwrap();
    store.create(&build(1), &columns()).await.unwrap();
    let (sender, receiver) = channel(1);
    let loading = store.clone();
    let handoff = Handoff::default();
    let load = tokio::spawn(async move {
        loading
            .load(&build(1), &columns(), &handoff, receiver)
            .await
    });
    sender.send(Rows::Batch(rows(0, 500, 1))).await.unwrap();
    sender.send(Rows::Batch(rows(500, 500, 1))).await.unwrap();
    local.server.kill();
    let mut digest = RowsDigest::new(&columns().schema()).unwrap();
    digest.update(&rows(0, 1500, 1)).unwrap();
    let digest = digest.hex();
    let end = Rows::End {
        rows: 1500,
        digest: digest.as_str().into(),
    };
    // The load takes no more rows until the service answers again.
    let sending = tokio::spawn(async move {
        sender.send(Rows::Batch(rows(1000, 500, 1))).await.unwrap();
        sender.send(end).await.unwrap();
    });
    local.server.restart().unwrap();
    sending.await.unwrap();
    let loaded = load.await.unwrap().unwrap();
    assert_eq!((loaded.rows, loaded.digest), (1500, digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_swaps_of_several_tables_one_wins_whole() {
    const RACERS: u32 = 8;
    let local = Local::start();
    let store = local.store().await;
    let tables = ["one", "two", "three"];
    for n in 1..=RACERS {
        for table in tables {
            let rows = rows(0, 1, n.into());
            stored(&store, &build_of(table, n), &columns(), &rows)
                .await
                .unwrap();
        }
    }
    let mut racers = Vec::new();
    for n in 1..=RACERS {
        let store = local.store().await;
        racers.push(tokio::spawn(async move {
            let builds = tables.map(|table| build_of(table, n));
            store.swap(&swap_to(&builds.each_ref(), None)).await
        }));
    }
    let mut won = Vec::new();
    for racer in racers {
        match racer.await.unwrap() {
            Ok(pointers) => won.push(pointers),
            Err(StoreError::Conflict { found, .. }) => assert_eq!(found.unwrap().version, 1),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(won.len(), 1);
    for (table, pointer) in tables.iter().zip(&won[0]) {
        assert_eq!(store.live(table).await.unwrap().as_ref(), Some(pointer));
        assert_eq!(
            store.history(table).await.unwrap(),
            std::slice::from_ref(pointer)
        );
        assert_eq!(local.totals(table).await.unwrap().len(), 1);
    }
    let builds: Vec<_> = won[0].iter().map(|pointer| &pointer.build).collect();
    assert!(builds.iter().all(|build| *build == builds[0]), "{builds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_tables_than_a_transaction_holds_are_refused() {
    let local = Local::start();
    let store = local.store().await;
    let builds: Vec<_> = (0..34).map(|n| build_of(&format!("table{n}"), 1)).collect();
    for build in &builds[..33] {
        stored(&store, build, &columns(), &rows(0, 1, 1))
            .await
            .unwrap();
    }
    let all: Vec<_> = builds.iter().collect();
    let error = store.swap(&swap_to(&all, None)).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    let pointers = store.swap(&swap_to(&all[..33], None)).await.unwrap();
    assert_eq!(pointers.len(), 33);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_readers_may_still_use_is_not_dropped() {
    let mut local = Local::start();
    local.config.pointer_cache = Duration::from_secs(3600);
    let store = local.store().await;
    for n in [1, 2] {
        stored(&store, &build(n), &columns(), &rows(0, 1, n.into()))
            .await
            .unwrap();
        let expected = (n == 2).then_some(1);
        store.swap(&swap_to(&[&build(n)], expected)).await.unwrap();
    }
    for error in [
        store.drop_build(TABLE, &build(1).build).await.unwrap_err(),
        store.create(&build(1), &columns()).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::StillRead { .. }), "{error}");
    }
    assert_eq!(state(&store, 1).await, BuildState::Loaded);
    local.config.pointer_cache = Duration::ZERO;
    let store = local.store().await;
    store.drop_build(TABLE, &build(1).build).await.unwrap();
    assert_eq!(state(&store, 1).await, BuildState::Dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_may_be_larger_than_an_item() {
    let local = Local::start();
    let store = local.store().await;
    store.prepare(TABLE, &columns(), &[]).await.unwrap();
    let handoff = Handoff {
        positions: (0..10_000)
            .map(|partition| HandoffPosition::Offset {
                source: "kafka".to_owned(),
                topic: "t".repeat(200),
                partition,
                next: i64::MAX - i64::from(partition),
                until_us: None,
            })
            .collect(),
    };
    // The positions of a load that was not complete are gone with the next.
    for _ in 0..2 {
        store.create(&build(1), &columns()).await.unwrap();
        let received = sent(&columns(), &[rows(0, 3, 1)]).await;
        store
            .load(&build(1), &columns(), &handoff, received)
            .await
            .unwrap();
        let builds = store.builds(TABLE).await.unwrap();
        assert_eq!(builds[0].handoff.as_ref(), Some(&handoff));
    }
    let control = local.items("backfold_control").await.unwrap();
    let parts = control
        .iter()
        .filter(|item| item["item"].as_s().unwrap().starts_with("position#"));
    let parts = parts.count();
    assert!((9..=12).contains(&parts), "{parts} items");
}
