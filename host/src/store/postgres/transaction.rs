//! Transactions, and the outcome of commits that are not answered.

use std::time::{Duration, Instant};

use super::connect::{Database, Session};
use super::fault::Fault;
use crate::fault_point::{after, before};
use crate::store::StoreError;

/// The pause between two looks at a transaction whose commit was not answered.
const PAUSE: Duration = Duration::from_millis(50);
/// The looks after which the server is told to end that transaction: its client is gone.
const LOOKS_BEFORE_ITS_END: u32 = 40;

/// A commit that failed.
#[derive(Debug)]
pub(super) enum NotCommitted {
    /// Nothing has changed.
    Refused(Fault),
    /// The connection was lost before the server's answer, or the server was stopped.
    Unknown(Lost),
}

/// A transaction whose commit was sent and not answered.
#[derive(Debug)]
pub(super) struct Lost {
    transaction: String,
    /// What the client saw instead of an answer.
    pub(super) fault: Fault,
}

/// Begins a transaction that writes. Its statements see what others have committed meanwhile, and wait for a lock as
/// long as `lock_timeout`.
pub(super) async fn begin(session: &Session, lock_timeout: Duration) -> Result<(), Fault> {
    let ms = lock_timeout.as_millis();
    session
        .run(&format!("BEGIN; SET LOCAL lock_timeout = {ms}"))
        .await
}

/// Begins a transaction that reads, all statements the same snapshot.
pub(super) async fn begin_reading(session: &Session) -> Result<(), Fault> {
    session
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
}

/// Ends a transaction without a trace. A connection that cannot do it is of no more use, and ends it too.
pub(super) async fn roll_back(session: &Session) {
    if let Err(error) = session.batch_execute("ROLLBACK").await {
        tracing::debug!(%error, "a transaction ends with its connection");
    }
}

/// Ends a transaction that has read.
pub(super) async fn end_reading(session: &Session) -> Result<(), Fault> {
    session.run("COMMIT").await
}

/// Commits, unless the call is cancelled. It waits for the answer of a commit that has begun.
pub(super) async fn commit(session: &Session) -> Result<(), NotCommitted> {
    let transaction = session
        .row("SELECT pg_current_xact_id()::text", &[])
        .await
        .and_then(|row| Ok(row.try_get(0)?))
        .map_err(NotCommitted::Refused)?;
    session.check_cancelled().map_err(NotCommitted::Refused)?;
    before("commit").map_err(|error| NotCommitted::Refused(error.into()))?;
    let Err(error) = session.batch_execute("COMMIT").await else {
        return after("commit").map_err(|error| {
            let fault = error.into();
            NotCommitted::Unknown(Lost { transaction, fault })
        });
    };
    let is_refused = error.as_db_error().is_some_and(|said| {
        use tokio_postgres::error::Severity;
        said.parsed_severity() == Some(Severity::Error)
    });
    let fault = error.into();
    Err(match is_refused {
        true => NotCommitted::Refused(fault),
        false => NotCommitted::Unknown(Lost { transaction, fault }),
    })
}

/// Waits until the server has ended a lost transaction, on a connection of its own, which it gives back: what it reads is
/// what holds.
pub(super) async fn settled(database: &Database, lost: &Lost) -> Result<Session, Fault> {
    tracing::warn!("the answer to a commit was lost: looking for its outcome");
    let session = connected_again(database).await?;
    let mut looks = 0;
    while is_in_progress(&session, &lost.transaction).await? {
        looks += 1;
        if looks == LOOKS_BEFORE_ITS_END {
            session
                .rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE backend_xid::text::int8 = $1::text::int8 % 4294967296
                       AND datname = current_database()",
                    &[&lost.transaction],
                )
                .await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(session)
}

/// A connection to a server that may just be starting again.
async fn connected_again(database: &Database) -> Result<Session, Fault> {
    let until = Instant::now() + database.config.patience;
    loop {
        match database.session().await {
            Err(Fault::Store(StoreError::Connection { .. })) if Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

async fn is_in_progress(session: &Session, transaction: &str) -> Result<bool, Fault> {
    let status = session
        .maybe_row(
            // A server that took over may not have come as far as this transaction.
            "SELECT pg_xact_status($1::text::xid8) WHERE $1::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
             UNION ALL SELECT NULL LIMIT 1",
            &[&transaction],
        )
        .await?;
    let status: Option<String> = match status {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    Ok(status.as_deref() == Some("in progress"))
}
