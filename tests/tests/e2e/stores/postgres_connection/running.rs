//! Connections in use: cancelled calls, a server that goes.

use std::time::{Duration, Instant};

use backfold::schema::{Kind, Output};
use backfold::store::postgres::{PostgresConfig, PostgresStore};
use backfold::store::{Access, StateStore, StoreContext, StoreError, TableColumns};
use backfold_tests::postgres::{Cluster, Database, PASSWORD, Release, Session, shared};
use backfold_tests::process::Running;

use super::{Desk, KNOWN, url};

/// How long a test waits for the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// The settings with which the owner of `database` logs in; `desk` keeps the password.
fn config(database: &Database, desk: &Desk) -> PostgresConfig {
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let passfile = desk.write("passwords", &format!("*:*:*:*:{escaped}"));
    PostgresConfig {
        passfile: Some(passfile),
        // Longer than the test.
        lock_timeout: 10 * PATIENCE,
        ..PostgresConfig::new(database.url(database.owner()))
    }
}

fn columns() -> TableColumns {
    TableColumns {
        keys: vec![Output {
            name: "key".into(),
            kind: Kind::Utf8,
            nullable: false,
        }],
        values: Vec::new(),
    }
}

/// Waits until the query of `pg_stat_activity` counts `wanted` sessions.
async fn sessions(observer: &Session, condition: &str, wanted: usize) {
    let query = format!("SELECT count(*) FROM pg_stat_activity WHERE {condition}");
    let began = Instant::now();
    loop {
        let rows = observer.rows(&query).unwrap();
        if rows[0][0].as_deref() == Some(wanted.to_string().as_str()) {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "not {wanted} sessions with {condition}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_on_the_server_too() {
    let database = shared(Release::Packaged).database("cancelled").unwrap();
    let desk = Desk::new("");
    let context = StoreContext::default();
    let config = config(&database, &desk);
    let store = PostgresStore::open(&config, Access::Build, context.clone());
    let store = store.await.unwrap();
    store.prepare("t", &columns(), &[]).await.unwrap();
    let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
    holder
        .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
        .unwrap();

    let waiting = tokio::spawn(async move { store.history("t").await });
    let ours = format!(
        "datname = '{}' AND application_name = 'backfold'",
        database.name()
    );
    sessions(
        &observer,
        &format!("{ours} AND wait_event_type = 'Lock'"),
        1,
    )
    .await;
    let cancelled = Instant::now();
    context.cancel.cancel();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Cancelled { .. }), "{error:?}");
    assert!(
        cancelled.elapsed() < PATIENCE / 2,
        "{:?}",
        cancelled.elapsed()
    );
    // The lock is still held: the statement was cancelled, and its session is gone.
    sessions(&observer, &ours, 0).await;
    holder.run("ROLLBACK").unwrap();

    let store = PostgresStore::open(&config, Access::Read, context).await;
    assert!(matches!(store.unwrap_err(), StoreError::Cancelled { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_waits_for_ends_on_the_server_too() {
    let database = shared(Release::Packaged).database("dropped").unwrap();
    let desk = Desk::new("");
    let config = config(&database, &desk);
    let store = PostgresStore::open(&config, Access::Build, StoreContext::default());
    let store = store.await.unwrap();
    store.prepare("t", &columns(), &[]).await.unwrap();
    let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
    holder
        .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let waiting = tokio::spawn(async move { store.history("t").await });
    let ours = format!(
        "datname = '{}' AND application_name = 'backfold'",
        database.name()
    );
    sessions(
        &observer,
        &format!("{ours} AND wait_event_type = 'Lock'"),
        1,
    )
    .await;
    waiting.abort();
    sessions(&observer, &ours, 0).await;
    holder.run("ROLLBACK").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_ends_says_why() {
    let database = shared(Release::Packaged).database("ended").unwrap();
    let desk = Desk::new("");
    let config = config(&database, &desk);
    let store = PostgresStore::open(&config, Access::Build, StoreContext::default());
    let store = store.await.unwrap();
    store.prepare("t", &columns(), &[]).await.unwrap();
    let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
    holder
        .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let ours = format!(
        "datname = '{}' AND application_name = 'backfold'",
        database.name()
    );
    for (how, code) in [
        ("pg_terminate_backend", "57P01"),
        ("pg_cancel_backend", "57014"),
    ] {
        let waiting = store.clone();
        let waiting = tokio::spawn(async move { waiting.history("t").await });
        sessions(
            &observer,
            &format!("{ours} AND wait_event_type = 'Lock'"),
            1,
        )
        .await;
        observer
            .rows(&format!(
                "SELECT {how}(pid) FROM pg_stat_activity WHERE {ours}"
            ))
            .unwrap();
        let error = waiting.await.unwrap().unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert!(
            cause.is_some_and(|cause| cause.contains(code)),
            "{how}: {error:?}"
        );
        match how {
            "pg_terminate_backend" => assert!(matches!(error, StoreError::Connection { .. })),
            _ => assert!(matches!(error, StoreError::Stopped { .. })),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_is_a_lost_connection_and_comes_back() {
    let mut cluster = Cluster::start(Release::Packaged).unwrap();
    let database = cluster.database("goes").unwrap();
    let desk = Desk::new("");
    let config = config(&database, &desk);
    let store = PostgresStore::open(&config, Access::Build, StoreContext::default());
    let store = store.await.unwrap();
    store.prepare("t", &columns(), &[]).await.unwrap();
    let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
    holder
        .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let waiting = store.clone();
    let waiting = tokio::spawn(async move { waiting.history("t").await });
    let ours = format!(
        "datname = '{}' AND application_name = 'backfold'",
        database.name()
    );
    sessions(
        &observer,
        &format!("{ours} AND wait_event_type = 'Lock'"),
        1,
    )
    .await;
    cluster.crash();
    for error in [
        waiting.await.unwrap().unwrap_err(),
        store.history("t").await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Connection { .. }), "{error:?}");
    }
    cluster.restart().unwrap();
    assert_eq!(store.history("t").await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_of_the_role_do_not_count() {
    for release in Release::ALL {
        let database = shared(release).database("timeouts").unwrap();
        let desk = Desk::new("");
        let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
        let role = &database.owner().name;
        let mut timeouts = vec!["statement_timeout", "lock_timeout"];
        if release == Release::Newer {
            timeouts.push("transaction_timeout");
        }
        for timeout in timeouts {
            let set = format!("ALTER ROLE \"{role}\" SET {timeout} = '1s'");
            observer.run(&set).unwrap();
        }
        let config = config(&database, &desk);
        let store = PostgresStore::open(&config, Access::Build, StoreContext::default());
        let store = store.await.unwrap();
        store.prepare("t", &columns(), &[]).await.unwrap();
        holder
            .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
            .unwrap();
        let waiting = tokio::spawn(async move { store.history("t").await });
        // It waits for longer than the role may, by the server's clock.
        let long = format!(
            "datname = '{}' AND application_name = 'backfold' AND wait_event_type = 'Lock' \
             AND clock_timestamp() - query_start > interval '2 s'",
            database.name()
        );
        sessions(&observer, &long, 1).await;
        holder.run("ROLLBACK").unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_names_its_command() {
    let database = shared(Release::Packaged).database("named").unwrap();
    let desk = Desk::new("");
    let config = config(&database, &desk);
    let store = PostgresStore::open(&config, Access::Build, StoreContext::default());
    let store = store.await.unwrap();
    store.prepare("t", &columns(), &[]).await.unwrap();
    let (holder, observer) = (database.session().unwrap(), database.superuser().unwrap());
    holder
        .run("BEGIN; LOCK TABLE backfold_pointers IN ACCESS EXCLUSIVE MODE")
        .unwrap();
    let patient = url(&database, database.owner(), "");
    for (more, name) in [
        ("", "backfold log"),
        ("application_name = \"mine\"", "mine"),
    ] {
        desk.section(&format!("{patient}\nlock_timeout = \"10m\"\n{more}"));
        let running = Running::start(&mut desk.command("log", &KNOWN));
        let waits = format!(
            "datname = '{}' AND application_name = '{name}' AND wait_event_type = 'Lock'",
            database.name()
        );
        sessions(&observer, &waits, 1).await;
        // It is killed, and the server notices.
        drop(running);
        sessions(&observer, &waits, 0).await;
    }
    holder.run("ROLLBACK").unwrap();
    desk.reads(&KNOWN);
}
