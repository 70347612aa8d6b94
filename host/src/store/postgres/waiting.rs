//! Waiting for locks of other sessions: each try is short, so that nobody queues behind it, and there are tries until the
//! patience ends.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::connect::{Database, Session};
use super::fault::Fault;
use super::ledger;
use super::transaction::roll_back;
use crate::store::StoreError;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest, but for its random part.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The sessions that an error names.
const NAMED: usize = 10;
/// The letters of a query that an error shows.
const QUERY_SHOWN: i32 = 100;

/// Sessions that hold a lock on a relation of these names, or that change its rows, apart from this one. Relations of the
/// bookkeeping are read by everybody, so that only locks for changes count there.
const HOLDERS: &str = "SELECT a.pid, a.usename::text, a.application_name, a.state,
        to_char(coalesce(a.xact_start, a.query_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
        left(regexp_replace(a.query, '\\s+', ' ', 'g'), $3)
    FROM pg_stat_activity a
    WHERE a.pid <> pg_backend_pid() AND a.pid IN (
        SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE l.granted AND l.locktype = 'relation' AND n.nspname = $1::text
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND c.relname = ANY($2::text[])
          AND (l.mode <> 'AccessShareLock' OR NOT c.relname = ANY($4::text[])))
    ORDER BY a.xact_start, a.pid";

/// The tries of a call that needs locks.
pub(super) struct Patience<'a> {
    database: &'a Database,
    doing: &'a str,
    began: Instant,
    pause: Duration,
    by: Vec<String>,
}

impl<'a> Patience<'a> {
    /// The patience of a call; `doing` names it in errors.
    pub(super) fn new(database: &'a Database, doing: &'a str) -> Self {
        Patience {
            database,
            doing,
            began: Instant::now(),
            pause: FIRST_PAUSE,
            by: Vec::new(),
        }
    }

    /// Takes back the transaction that failed with `fault`, and waits until the next try where others were in its way.
    /// `relations` are those that it needs locks of.
    ///
    /// # Errors
    /// `fault`, where it is another; [`StoreError::Locked`] once the patience has ended.
    pub(super) async fn after(
        &mut self,
        session: &Session,
        fault: Fault,
        relations: &[String],
    ) -> Result<(), Fault> {
        roll_back(session).await;
        let is_in_the_way = [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::UNIQUE_VIOLATION,
        ];
        if !fault
            .code()
            .is_some_and(|code| is_in_the_way.contains(code))
        {
            return Err(fault);
        }
        let found = holders(session, &self.database.schema, relations).await?;
        if !found.is_empty() {
            self.by = found;
        }
        let waited = self.began.elapsed();
        if waited >= self.database.config.patience {
            return Err(StoreError::Locked {
                doing: self.doing.to_owned(),
                waited,
                by: std::mem::take(&mut self.by),
            }
            .into());
        }
        let what = match self.by.first() {
            Some(first) => format!("a lock that others hold: {first}"),
            None => "a lock that others hold".to_owned(),
        };
        self.database.context.progress.waits_for(what);
        let pause = self.pause + random_part(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let pause = async {
            tokio::time::sleep(pause).await;
            Ok::<_, Fault>(())
        };
        session.wait_for(pause).await
    }
}

/// Up to half of `pause`, so that those who wait for each other do not meet again.
fn random_part(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    pause.mul_f64((random % 1024) as f64 / 2048.0)
}

/// The sessions in the way, one a line.
pub(super) async fn holders(
    session: &Session,
    schema: &str,
    relations: &[String],
) -> Result<Vec<String>, Fault> {
    let names: Vec<&str> = relations
        .iter()
        .map(String::as_str)
        .chain(ledger::NAMES)
        .collect();
    let rows = session
        .rows(
            HOLDERS,
            &[&schema, &names, &QUERY_SHOWN, &&ledger::NAMES[..]],
        )
        .await?;
    let mut lines: Vec<_> = rows
        .iter()
        .take(NAMED)
        .map(line)
        .collect::<Result<_, _>>()?;
    if rows.len() > NAMED {
        lines.push(format!("{} more", rows.len() - NAMED));
    }
    Ok(lines)
}

/// `process 4711 of reporting (psql), idle in transaction since 2026-01-31T23:59:59Z: SELECT * FROM clicks`.
fn line(row: &Row) -> Result<String, Fault> {
    let (pid, user): (i32, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let text = |place: usize| row.try_get::<_, Option<String>>(place);
    let (application, state, since, query) = (text(2)?, text(3)?, text(4)?, text(5)?);
    let user = user.unwrap_or_else(|| "an unknown user".to_owned());
    let application = application
        .filter(|name| !name.is_empty())
        .map_or_else(String::new, |name| format!(" ({name})"));
    // The server hides the rest from roles that are not its own.
    let state = state.map_or_else(String::new, |state| format!(", {state}"));
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    let query = query
        .filter(|query| !query.is_empty())
        .map_or_else(String::new, |query| format!(": {query}"));
    let line = format!("process {pid} of {user}{application}{state}{since}{query}");
    Ok(line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect())
}
