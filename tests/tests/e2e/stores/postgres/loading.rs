//! Loads that are interrupted, abandoned or overtaken, and what transactions see that began before them.

use std::time::{Duration, Instant};

use backfold::store::BuildState;
use backfold_tests::proxy::{Ending, Fault, Proxy};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use super::*;

/// `COMMIT` as a message of its own.
pub(super) const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Begins to load a build, and waits until the load has taken a batch of 10 rows. The sender keeps it waiting.
async fn half_loaded(
    store: &PostgresStore,
    build: BuildInfo,
) -> (Sender<Rows>, JoinHandle<Result<Loaded, StoreError>>) {
    store.prepare(TABLE, &columns(), &[]).await.unwrap();
    store.create(&build, &columns()).await.unwrap();
    let (sender, receiver) = channel(1);
    let loading = store.clone();
    let handoff = Handoff::default();
    let load =
        tokio::spawn(async move { loading.load(&build, &columns(), &handoff, receiver).await });
    sender.send(Rows::Batch(numbered(10, 1))).await.unwrap();
    // There is room for this one once the load has taken the first.
    sender
        .send(Rows::Batch(numbered(10, 1).slice(0, 0)))
        .await
        .unwrap();
    (sender, load)
}

async fn state(store: &PostgresStore, build: &BuildInfo) -> BuildState {
    let builds = store.builds(TABLE).await.unwrap();
    builds.iter().find(|one| one.info == *build).unwrap().state
}

/// The rows of a view in a transaction that began before the load of what the view shows.
#[tokio::test]
async fn an_older_snapshot_sees_all_rows_after_a_swap() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 3).await;
    let reader = bench.session();
    reader
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        .unwrap();

    live(&store, &build(2), 1000).await;
    let (view, shadow) = (named(TABLE), named(&build(2).shadow_name()));
    let by_hand = named("by_hand");
    bench.run(&format!("CREATE TABLE {by_hand} AS TABLE {shadow}"));
    let count = |name: &str| column(&reader, &format!("SELECT count(*) FROM {name}"));
    assert_eq!(count(&view), ["1000"], "the table seems to be empty");
    assert_eq!(
        count(&by_hand),
        ["0"],
        "rows that are not frozen are there too: the transaction is not older"
    );
}

#[tokio::test]
async fn a_loaded_table_needs_no_vacuum_and_no_analyze() {
    let bench = Bench::new();
    let store = bench.store().await;
    loaded(&store, &build(1), 20_000).await;
    let shadow = build(1).shadow_name();
    let found = bench.column(&format!(
        "SELECT reltuples = 20000 AND relallvisible = relpages AND relpages > 0 FROM pg_class WHERE relname = '{shadow}'"
    ));
    assert_eq!(found, ["t"]);
    let analyzed = format!("SELECT count(*) FROM pg_stats WHERE tablename = '{shadow}'");
    assert_eq!(bench.column(&analyzed), ["2"]);
}

/// All relations of the schema but those of the bookkeeping, with their numbers of rows.
fn relations(bench: &Bench) -> Vec<String> {
    bench.column(&format!(
        "SELECT relname || ' ' || (xpath('/row/n/text()', query_to_xml(
             format('SELECT count(*) AS n FROM %s', c.oid::regclass), true, true, '')))[1]
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE nspname = '{SCHEMA}' AND relkind IN ('r', 'v') AND relname NOT IN (
             'backfold_builds', 'backfold_pointers', 'backfold_positions') ORDER BY relname"
    ))
}

#[tokio::test]
async fn an_abandoned_load_leaves_an_empty_table_alone() {
    let bench = Bench::new();
    let store = bench.store().await;
    let (sender, load) = half_loaded(&store, build(1)).await;
    drop(sender);
    let error = load.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unfinished { .. }), "{error}");
    assert_eq!(relations(&bench), [format!("{} 0", build(1).shadow_name())]);
    assert_eq!(state(&store, &build(1)).await, BuildState::Loading);
}

#[tokio::test]
async fn what_took_the_name_of_a_table_during_its_load_is_left_alone() {
    let bench = Bench::new();
    let store = bench.store().await;
    let (sender, load) = half_loaded(&store, build(1)).await;
    let shadow = build(1).shadow_name();
    bench.drop_table(&shadow).await;
    bench.make_foreign(&shadow).await;
    sender
        .send(end(&columns(), &[numbered(10, 1)]))
        .await
        .unwrap();
    let error = load.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, StoreError::Foreign { name } if *name == shadow),
        "{error}"
    );
    assert_eq!(bench.totals(&shadow).await, Some(vec![42]));
    assert_eq!(state(&store, &build(1)).await, BuildState::Altered);
}

/// The server process of the load, once it copies.
fn loader(bench: &Bench) -> String {
    let deadline = Instant::now() + PATIENCE;
    let query = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND query LIKE 'COPY%' AND state = 'active'",
        bench.database.name()
    );
    loop {
        if let Some(pid) = bench.column(&query).pop() {
            return pid;
        }
        assert!(Instant::now() < deadline, "no load copies");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_whose_server_process_ends_can_be_repeated() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 3).await;
    let (sender, load) = half_loaded(&store, build(2)).await;
    let pid = loader(&bench);
    bench.run(&format!("SELECT pg_terminate_backend({pid})"));
    // It learns of it by the next rows, or when it looks whether another took over.
    let _ = sender.send(Rows::Batch(numbered(11, 1).slice(10, 1))).await;
    let error = load.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Connection { .. }), "{error:?}");
    assert_eq!(state(&store, &build(2)).await, BuildState::Loading);
    let expected = [
        format!("{TABLE} 3"),
        format!("{} 3", build(1).shadow_name()),
        format!("{} 0", build(2).shadow_name()),
    ];
    assert_eq!(relations(&bench), expected);

    live(&store, &build(2), 5).await;
    assert_eq!(bench.totals(TABLE).await, Some(vec![5; 5]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_loads_of_a_build_the_later_one_counts() {
    let bench = Bench::new();
    let store = bench.store().await;
    let (_sender, first) = half_loaded(&store, build(1)).await;
    let rows = sent(&columns(), &[numbered(7, 7)]).await;
    let second = store
        .load(&build(1), &columns(), &Handoff::default(), rows)
        .await;
    assert_eq!(second.unwrap().rows, 7);
    // No rows come any more, and no end.
    let error = first.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
    assert_eq!(relations(&bench), [format!("{} 7", build(1).shadow_name())]);
}

/// A load looks every second whether it is still the one that counts, also where it waits for rows. What it copies after
/// that is frozen as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_waits_for_rows_goes_on() {
    let bench = Bench::new();
    let store = bench.store().await;
    let (sender, load) = half_loaded(&store, build(1)).await;
    let pid = loader(&bench);
    let began = format!(
        "SELECT query_start FROM pg_stat_activity WHERE pid = {pid} AND query LIKE 'COPY%'"
    );
    let first = bench.column(&began);
    loop_until(|| {
        let now = bench.column(&began);
        !now.is_empty() && now != first
    });
    let reader = bench.session();
    reader
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        .unwrap();
    let all = numbered(1000, 1);
    let rest = all.slice(10, 990);
    sender.send(Rows::Batch(rest)).await.unwrap();
    sender.send(end(&columns(), &[all])).await.unwrap();
    assert_eq!(load.await.unwrap().unwrap().rows, 1000);
    let shadow = named(&build(1).shadow_name());
    assert_eq!(
        column(&reader, &format!("SELECT count(*) FROM {shadow}")),
        ["1000"]
    );
}

/// A store behind a proxy, which sees what passes.
pub(super) async fn behind_a_proxy(bench: &Bench) -> (Proxy, PostgresStore) {
    let proxy = Proxy::start(bench.database.port()).unwrap();
    let url = bench.database.url_at(bench.database.owner(), proxy.port());
    let config = PostgresConfig {
        url: Some(format!("{url}?sslmode=disable")),
        ..bench.config()
    };
    let store = opened(&config).await;
    (proxy, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outcome_of_a_load_is_found_where_its_answer_is_lost() {
    for (fault, stalls, is_loaded) in [
        (Fault::answer_to(COMMIT, Ending::Reset), false, true),
        (Fault::before(COMMIT, Ending::Reset), false, false),
        (Fault::before(COMMIT, Ending::Stall), true, false),
    ] {
        let bench = Bench::new();
        let (proxy, store) = behind_a_proxy(&bench).await;
        let (sender, load) = half_loaded(&store, build(1)).await;
        proxy.inject(fault);
        let batches = [numbered(10, 1)];
        sender.send(end(&columns(), &batches)).await.unwrap();
        proxy.wait_for_faults(1).unwrap();
        if stalls {
            // The client learns of it once somebody ends the connection.
            proxy.end_all(Ending::Reset).unwrap();
        }
        let result = load.await.unwrap();
        let expected = match is_loaded {
            true => BuildState::Loaded,
            false => BuildState::Loading,
        };
        assert_eq!(state(&store, &build(1)).await, expected);
        match result {
            Ok(found) => assert!(is_loaded && found.rows == 10),
            Err(error) => {
                assert!(!is_loaded, "{error}");
                assert!(matches!(error, StoreError::Connection { .. }), "{error:?}");
            }
        }
        loaded(&store, &build(1), 4).await;
    }
}

fn loop_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not happen");
    }
}
