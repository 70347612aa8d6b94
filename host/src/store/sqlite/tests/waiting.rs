//! Locks of other programs.

use std::time::{Duration, Instant};

use super::*;

/// The longest time that a cancelled call may take to end.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_wait_is_reported_and_can_be_cancelled() {
    let folder = Folder::new();
    loaded(&folder.store(), &build(1), &["/a"]).await;
    let context = StoreContext::default();
    let store = folder.store_with(Access::Change, context.clone());
    let other = folder.other_program();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let swapping = tokio::spawn(async move { swap(&store, &build(1)).await });
    let waiting = loop {
        match context.progress.waiting() {
            Some(waiting) => break waiting,
            None => tokio::task::yield_now().await,
        }
    };
    let path = folder.config().path;
    assert_eq!(
        waiting,
        format!(
            "the database {}, which another process is using",
            path.display()
        )
    );
    context.cancel.cancel();
    let cancelled = Instant::now();
    let error = swapping.await.unwrap().unwrap_err();
    assert!(cancelled.elapsed() < SOON, "{:?}", cancelled.elapsed());
    assert_eq!(
        (error.code().number, error.code().class.exit_code()),
        (621, 130)
    );
    other.execute_batch("COMMIT").unwrap();
    let store = folder.store();
    assert_eq!(store.live("Clicks").await.unwrap(), None);
    swap(&store, &build(1)).await.unwrap();
}

#[tokio::test]
async fn readers_and_openers_that_wait_can_be_cancelled() {
    let folder = Folder::new();
    live(&folder.store(), &build(1), &["/a"]).await;
    let locks = [
        // Neither a reader nor a writer gets past it.
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE x (y); COMMIT",
        // Nor past this, where the mode has to be changed first.
        "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE",
    ];
    for lock in locks {
        let other = folder.other_program();
        other.execute_batch(lock).unwrap();
        for access in [Access::Build, Access::Change, Access::Read] {
            let (context, config) = (StoreContext::default(), folder.config());
            let opening = {
                let context = context.clone();
                tokio::task::spawn_blocking(move || SqliteStore::open(&config, access, context))
            };
            while context.progress.waiting().is_none() {
                assert!(!opening.is_finished(), "{access:?} did not wait for {lock}");
                tokio::task::yield_now().await;
            }
            context.cancel.cancel();
            let cancelled = Instant::now();
            let error = opening.await.unwrap().unwrap_err();
            assert!(cancelled.elapsed() < SOON, "{:?}", cancelled.elapsed());
            assert_eq!(error.code().number, 621, "{access:?}: {error}");
        }
    }
}

#[tokio::test]
async fn the_busy_timeout_is_a_setting() {
    let folder = Folder::new();
    loaded(&folder.store(), &build(1), &["/a"]).await;
    let other = folder.other_program();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for busy_timeout in [Duration::ZERO, Duration::from_millis(30)] {
        let config = SqliteConfig {
            busy_timeout,
            ..folder.config()
        };
        let store = SqliteStore::open(&config, Access::Change, StoreContext::default()).unwrap();
        let began = Instant::now();
        let error = swap(&store, &build(1)).await.unwrap_err();
        assert_eq!(error.code().number, 613, "{error}");
        let cause = std::error::Error::source(&error).unwrap();
        assert_eq!(cause.to_string(), "database is locked (SQLite's code 5)");
        assert!(cause.source().is_none(), "it is said twice");
        let took = began.elapsed();
        assert!(busy_timeout <= took && took < SOON, "{took:?}");
    }
}

#[tokio::test]
async fn a_long_statement_can_be_cancelled() {
    let folder = Folder::new();
    let context = StoreContext::default();
    let store = folder.store_with(Access::Build, context.clone());
    let (begin, begun) = tokio::sync::oneshot::channel();
    let endless = store.blocking("counting".to_owned(), move |database| {
        database.read("look", |session| {
            let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
            begin.send(()).unwrap();
            Ok(session.query_row(count, [], |row| row.get::<_, i64>(0))?)
        })
    });
    let cancel = async {
        begun.await.unwrap();
        context.cancel.cancel();
    };
    let (error, ()) = futures::join!(endless, cancel);
    assert_eq!(error.unwrap_err().to_string(), "stopped while counting");
}

#[tokio::test]
async fn what_sqlite_cannot_be_stopped_in_is_given_up_and_never_committed() {
    let folder = Folder::new();
    let context = StoreContext::default();
    let store = folder.store_with(Access::Build, context.clone());
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (say, said) = tokio::sync::oneshot::channel();
    let stuck = store.blocking("dropping".to_owned(), move |database| {
        let done = database.write("work", |session| {
            session.execute_batch("CREATE TABLE dropped (x)")?;
            begin.send(()).unwrap();
            // As long as a statement that looks at nothing.
            ended.recv().unwrap();
            Ok(())
        });
        say.send(matches!(done, Err(Fault::Cancelled))).unwrap();
        done
    });
    let cancel = async {
        begun.await.unwrap();
        context.cancel.cancel();
        Instant::now()
    };
    let (error, cancelled) = futures::join!(stuck, cancel);
    assert!(cancelled.elapsed() < SOON, "{:?}", cancelled.elapsed());
    assert_eq!(error.unwrap_err().to_string(), "stopped while dropping");
    end.send(()).unwrap();
    assert!(said.await.unwrap());
    assert_eq!(folder.totals("dropped").await, None);
}
