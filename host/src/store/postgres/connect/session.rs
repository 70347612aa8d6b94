//! A connection for a call of the store.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dial::{Wire, dial};
use super::drive::{Line, drive};
use super::refused::Refusal;
use super::target::Server;
use super::{Database, Facts};
use crate::fault_point::before;
use crate::store::postgres::PostgresConfig;
use crate::store::postgres::fault::Fault;
use crate::store::postgres::modes::SessionAttrs;
use crate::store::{Access, StoreError};

/// How long work has to end by itself once the call is cancelled.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection. Dropping it closes it: an open transaction is rolled back, a running statement is cancelled on the
/// server. A running statement is also cancelled once the context's token fires.
pub(in crate::store::postgres) struct Session {
    client: Client,
    cancel: CancellationToken,
    /// Tells the task of the connection to end, once the client is gone.
    _closing: DropGuard,
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Session {
    /// Connects to the first server that `access` can use.
    ///
    /// # Errors
    /// The refusal of the server that refuses the login; otherwise that of the only server, or those of all.
    pub(super) async fn open(database: &Database) -> Result<(Self, Facts), Fault> {
        before("connect")?;
        let mut refusals = Vec::new();
        for (server, tls) in &database.way.servers {
            match Self::open_on(database, server, tls).await {
                Ok(opened) => return Ok(opened),
                Err(Fault::Store(error)) if goes_on(&error) => refusals.push((server, error)),
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Store(all_of(database, refusals)))
    }

    async fn open_on(
        database: &Database,
        server: &Server,
        tls: &MakeRustlsConnect,
    ) -> Result<(Self, Facts), Fault> {
        let way = &database.way;
        let (password, ignored) = way.target.password(server, &way.around);
        let command = format!("backfold {}", database.context.command);
        let application = way.target.application_name.as_deref();
        let application = application.unwrap_or(command.trim_end());
        let connected = dial(&way.target, server, password.as_ref(), application, tls).await;
        let (client, wire) = connected.map_err(|failure| {
            let refusal = Refusal {
                target: &way.target,
                server,
                password: password.as_ref(),
                ignored: ignored.as_deref(),
            };
            refusal.explain(failure, database.about(None))
        })?;
        let session = Self::begin(database, client, wire, tls);
        let facts = session.set_up(database).await?;
        match unfit(&facts, way.target.attrs, database.access) {
            Some(why) => Err(Fault::Store(StoreError::ReadOnly {
                database: format!("{server}/{}", way.target.dbname),
                why: why.to_owned(),
            })),
            None => Ok((session, facts)),
        }
    }

    /// Lets the connection's task run.
    fn begin(database: &Database, client: Client, wire: Wire, tls: &MakeRustlsConnect) -> Self {
        let closing = CancellationToken::new();
        let cancel = database.context.cancel.clone();
        tokio::spawn(drive(
            wire,
            Line {
                token: client.cancel_token(),
                tls: tls.clone(),
                cancel: cancel.clone(),
                closing: closing.clone(),
                way: database.way.clone(),
            },
        ));
        Session {
            client,
            cancel,
            _closing: closing.drop_guard(),
        }
    }

    /// Makes the session independent of what the role, the database and the server are set up to, and asks what the
    /// server is.
    async fn set_up(&self, database: &Database) -> Result<Facts, Fault> {
        let setting = set_up(&database.config, database.access);
        let work = self.client.simple_query(&setting);
        let answer = match database.way.target.connect_timeout {
            None => work.await?,
            Some(timeout) => match tokio::time::timeout(timeout, work).await {
                Ok(answer) => answer?,
                Err(late) => {
                    return Err(Fault::Store(StoreError::Connection {
                        database: database.way.place.clone(),
                        doing: "setting the session up".to_owned(),
                        source: late.into(),
                    }));
                }
            },
        };
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        row.and_then(facts).ok_or_else(|| {
            Fault::Store(StoreError::Unsupported {
                database: database.way.place.clone(),
                why: "its answer to the first question is not that of a PostgreSQL server"
                    .to_owned(),
            })
        })
    }

    /// Fails once the call is cancelled.
    pub(in crate::store::postgres) fn check_cancelled(&self) -> Result<(), Fault> {
        match self.cancel.is_cancelled() {
            true => Err(Fault::Cancelled),
            false => Ok(()),
        }
    }

    /// Waits for `work`, such as a statement or the next rows. Once the call is cancelled, `work` has a second to end by
    /// itself; then it is given up with [`Fault::Cancelled`]. Not for a commit, whose outcome would not be known.
    pub(in crate::store::postgres) async fn wait_for<T, E: Into<Fault>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Fault> {
        let patience = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            biased;
            done = work => done.map_err(Into::into),
            () = patience => Err(Fault::Cancelled),
        }
    }
}

/// Whether another server may do where this one gave this error.
fn goes_on(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Connection { .. } | StoreError::Untrusted { .. } | StoreError::ReadOnly { .. }
    )
}

/// The error of the only server, or one that has what each of several said.
fn all_of(database: &Database, mut refusals: Vec<(&Server, StoreError)>) -> StoreError {
    if refusals.len() == 1
        && let Some((_, error)) = refusals.pop()
    {
        return error;
    }
    let said = refusals.iter().map(|(server, error)| {
        let error = crate::error::WithCauses(error);
        format!("{server}: {error}")
    });
    StoreError::Connection {
        database: database.way.place.clone(),
        doing: "trying all servers".to_owned(),
        source: said.collect::<Vec<_>>().join("; ").into(),
    }
}

/// The reason why a server does not do.
fn unfit(facts: &Facts, wanted: SessionAttrs, access: Access) -> Option<&'static str> {
    let standby = facts.is_standby;
    let read_only = facts.is_read_only || standby;
    match wanted {
        SessionAttrs::ReadOnly if !read_only => {
            Some("it takes writes, and `target_session_attrs` is `read-only`")
        }
        SessionAttrs::Standby if !standby => {
            Some("it is no standby, and `target_session_attrs` is `standby`")
        }
        SessionAttrs::Primary if standby => {
            Some("it is a standby, and `target_session_attrs` is `primary`")
        }
        SessionAttrs::ReadWrite if read_only => {
            Some("it takes no writes, and `target_session_attrs` is `read-write`")
        }
        _ if access == Access::Read => None,
        _ if standby => Some("it is a standby, which takes no writes"),
        _ if read_only => Some("its transactions are read only (`default_transaction_read_only`)"),
        _ => None,
    }
}

/// The statements that set a session up, the last of which gives one row of [`Facts`].
fn set_up(config: &PostgresConfig, access: Access) -> String {
    let milliseconds = |time: Duration| match time.as_millis() {
        // A time that is set is never without end.
        0 if !time.is_zero() => 1,
        milliseconds => milliseconds,
    };
    let read_only = match access {
        Access::Read => "SET default_transaction_read_only = on;",
        Access::Build | Access::Change => "",
    };
    format!(
        "SET search_path = pg_catalog, pg_temp; \
         SET client_min_messages = warning; \
         SET lock_timeout = {lock}; \
         SET statement_timeout = {statement}; \
         SET idle_in_transaction_session_timeout = {idle}; \
         SET row_security = off; \
         SET standard_conforming_strings = on; \
         SET datestyle = 'ISO, YMD'; \
         SET timezone = 'UTC'; \
         SET bytea_output = hex; \
         SET extra_float_digits = 1; \
         SET default_transaction_isolation = 'read committed'; \
         SET default_transaction_deferrable = off; \
         {read_only} \
         SELECT current_setting('server_version_num'), pg_is_in_recovery(), \
         current_setting('transaction_read_only'), current_setting('server_encoding'), \
         count(set_config(name, CASE name WHEN 'client_connection_check_interval' THEN '10s' \
         WHEN 'synchronous_commit' THEN 'on' ELSE '0' END, false)) \
         FROM pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout') \
         OR name = 'client_connection_check_interval' AND version() ~ 'linux' \
         OR name = 'synchronous_commit' AND setting = 'off'",
        lock = milliseconds(config.lock_timeout),
        statement = milliseconds(config.statement_timeout),
        idle = milliseconds(config.idle_in_transaction_session_timeout),
    )
}

fn facts(row: &SimpleQueryRow) -> Option<Facts> {
    Some(Facts {
        version: row.get(0)?.parse().ok()?,
        is_standby: row.get(1)? == "t",
        is_read_only: row.get(2)? == "on",
        encoding: row.get(3)?.to_owned(),
    })
}
