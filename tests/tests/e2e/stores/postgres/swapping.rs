//! Swaps beside other sessions: locks, sessions in the way, commits without an answer.

use std::time::{Duration, Instant};

use backfold::error::Coded;
use backfold_tests::proxy::{Ending, Fault};

use super::loading::{COMMIT, behind_a_proxy};
use super::*;

/// A transaction that has read the public view.
fn reader(bench: &Bench) -> Session {
    let reader = bench.session();
    let statements = format!(
        "BEGIN; SELECT count(*) AS \"a reader\" FROM {}",
        named(TABLE)
    );
    reader.run(&statements).unwrap();
    reader
}

#[tokio::test]
async fn sessions_in_the_way_of_a_swap_are_named() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    loaded(&store, &build(2), 2).await;
    let in_the_way = reader(&bench);
    let impatient = PostgresConfig {
        patience: Duration::from_millis(300),
        ..bench.config()
    };
    let error = swap_to(&opened(&impatient).await, &build(2))
        .await
        .unwrap_err();
    let pid = column(&in_the_way, "SELECT pg_backend_pid()").remove(0);
    let owner = &bench.database.owner().name;
    let StoreError::Locked { waited, by, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(*waited >= impatient.patience, "{error}");
    assert_eq!(by.len(), 1, "{error}");
    assert!(
        by[0].starts_with(&format!(
            "process {pid} of {owner} (test), idle in transaction since 2"
        )),
        "{error}"
    );
    assert!(by[0].contains("a reader"), "{error}");
    assert_eq!(error.code().class.exit_code(), 4);
    assert_eq!(bench.totals(TABLE).await, Some(vec![1]));

    in_the_way.run("COMMIT").unwrap();
    swap_to(&store, &build(2)).await.unwrap();
    assert_eq!(bench.totals(TABLE).await, Some(vec![2, 2]));
}

/// A swap that waited in the server's queue would have all readers that come later wait behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_queue_behind_a_swap_that_waits() {
    let bench = Bench::new();
    let store = bench.store().await;
    live(&store, &build(1), 1).await;
    loaded(&store, &build(2), 2).await;
    let in_the_way = reader(&bench);
    let patient = PostgresConfig {
        patience: Duration::from_secs(600),
        ..bench.config()
    };
    let patient = opened(&patient).await;
    let swap = tokio::spawn(async move { swap_to(&patient, &build(2)).await });
    let others = bench.session();
    others.run("SET statement_timeout = '20s'").unwrap();
    let has_tried = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()
             AND query LIKE '%pg_locks%'",
        bench.database.name()
    );
    let until = Instant::now() + Duration::from_secs(60);
    // It has given up a first time once it asks who is in the way.
    while column(&others, &has_tried) == ["0"] {
        assert!(!swap.is_finished() && Instant::now() < until);
        tokio::task::yield_now().await;
    }
    for _ in 0..200 {
        assert_eq!(
            column(&others, &format!("SELECT total FROM {}", named(TABLE))),
            ["1"]
        );
    }
    assert!(!swap.is_finished(), "nothing was in its way");
    in_the_way.run("COMMIT").unwrap();
    swap.await.unwrap().unwrap();
    assert_eq!(bench.totals(TABLE).await, Some(vec![2, 2]));
}

#[tokio::test]
async fn all_tables_of_a_swap_are_swapped_or_none() {
    let bench = Bench::new();
    let store = bench.store().await;
    let of = |table: &str, n: u32| BuildInfo {
        table: table.to_owned(),
        ..build(n)
    };
    for table in ["two", "one"] {
        live(&store, &of(table, 1), 1).await;
        loaded(&store, &of(table, 2), 2).await;
    }
    let swap = |expected| Swap {
        tables: [("two", Some(1)), ("one", expected)]
            .map(|(table, expected)| TableSwap {
                table: table.to_owned(),
                expected,
                to: of(table, 2).build,
                back_to: backfold::store::BackTo::Shown,
            })
            .into(),
        by: "a test".to_owned(),
    };
    let error = store.swap(&swap(Some(7))).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Conflict { table, .. } if table == "one"),
        "{error}"
    );
    for table in ["one", "two"] {
        assert_eq!(bench.totals(table).await, Some(vec![1]));
        assert_eq!(store.history(table).await.unwrap().len(), 1);
    }
    let pointers = store.swap(&swap(Some(1))).await.unwrap();
    assert_eq!(
        pointers
            .iter()
            .map(|one| one.table.as_str())
            .collect::<Vec<_>>(),
        ["two", "one"]
    );
    for table in ["one", "two"] {
        assert_eq!(bench.totals(table).await, Some(vec![2, 2]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outcome_of_a_swap_is_found_where_its_answer_is_lost() {
    let bench = Bench::new();
    let (proxy, store) = behind_a_proxy(&bench).await;
    live(&store, &build(1), 1).await;
    loaded(&store, &build(2), 2).await;

    proxy.inject(Fault::before(COMMIT, Ending::Reset));
    let error = swap_to(&store, &build(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Connection { .. }), "{error:?}");
    assert_eq!(bench.totals(TABLE).await, Some(vec![1]));

    proxy.inject(Fault::answer_to(COMMIT, Ending::Reset));
    let pointer = swap_to(&store, &build(2)).await.unwrap();
    assert_eq!(pointer.version, 2);
    assert_eq!(store.live(TABLE).await.unwrap(), Some(pointer));
    assert_eq!(bench.totals(TABLE).await, Some(vec![2, 2]));
}
