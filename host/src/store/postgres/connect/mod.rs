//! The database, and connections to it.
//!
//! | file | |
//! |---|---|
//! | `keywords`, `url`, `service`, `surroundings`, `settings` | settings as libpq has them, by precedence |
//! | `target`, `passfile` | settings as values; passwords |
//! | `tls`, `verifier` | TLS, certificates |
//! | `dial`, `refused` | one connection, or why there is none |
//! | `session`, `drive` | connections for calls; the task of each |

mod dial;
mod drive;
mod keywords;
mod passfile;
mod refused;
mod service;
mod session;
mod settings;
mod surroundings;
mod target;
mod tls;
mod url;
mod verifier;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresConfig;
use super::fault::{self, About, Fault};
use crate::store::{Access, StoreContext, StoreError};
use surroundings::Surroundings;
use target::{Server, Target};

pub(super) use session::Session;

/// The oldest server that has all that is asked of one: `server_version_num` of PostgreSQL 14.
const OLDEST_SERVER: u32 = 14_00_00;

/// A database, and how it is reached. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) context: StoreContext,
    /// The schema of the table and of the bookkeeping.
    pub(super) schema: String,
    /// The purpose for which it was opened.
    pub(super) access: Access,
    /// The section of the job, for its timeouts and its patience.
    pub(super) config: Arc<PostgresConfig>,
    /// The server's `server_version_num`: 150018 is 15.18.
    pub(super) server_version: u32,
    way: Arc<Way>,
}

/// The servers, and what a connection to one takes.
struct Way {
    target: Target,
    /// `host:port/dbname`.
    place: String,
    around: Surroundings,
    servers: Vec<(Server, MakeRustlsConnect)>,
    /// Why a connection was lost, as the server or the system said last.
    lost: Mutex<Option<String>>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Way {
    /// Reads the settings and the files of TLS.
    fn of(config: &PostgresConfig, around: Surroundings) -> Result<Self, String> {
        let target = Target::of(config, &around)?;
        let with_connector = |server: &Server| {
            let tls = tls::connector(&target.tls, server.sslmode)?;
            Ok::<_, String>((server.clone(), tls))
        };
        let servers: Result<_, _> = target.servers.iter().map(with_connector).collect();
        for server in &target.servers {
            if let (_, Some(why)) = target.password(server, &around) {
                tracing::warn!("{why}");
            }
        }
        Ok(Way {
            servers: servers?,
            place: target.place(),
            target,
            around,
            lost: Mutex::default(),
        })
    }

    /// Keeps the reason for which a connection was lost.
    fn lose(&self, why: String) {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    fn lost(&self) -> Option<String> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.clone()
    }
}

/// What a server says of itself.
struct Facts {
    /// Its `server_version_num`.
    version: u32,
    is_standby: bool,
    is_read_only: bool,
    encoding: String,
}

impl Database {
    /// Resolves the settings and connects once, to see that the server, the database and the schema can be used as
    /// `access` wants.
    ///
    /// # Errors
    /// [`StoreError::Settings`] for settings that do not fit; [`StoreError::Connection`], [`StoreError::Untrusted`],
    /// [`StoreError::Login`], [`StoreError::Missing`], [`StoreError::ReadOnly`] where there is no connection;
    /// [`StoreError::Unsupported`], [`StoreError::NoSchema`], [`StoreError::Denied`] where the database does not do.
    pub(super) async fn open(
        config: &PostgresConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        let way = Way::of(config, Surroundings::of_this_process())
            .map_err(|problem| StoreError::Settings { problem })?;
        let mut database = Database {
            context,
            schema: config.schema.clone(),
            access,
            config: Arc::new(config.clone()),
            server_version: 0,
            way: Arc::new(way),
        };
        match database.look().await {
            Ok(version) => {
                database.server_version = version;
                Ok(database)
            }
            Err(fault) => {
                let doing = format!("opening {}", database.way.place);
                Err(database.explain(fault, doing))
            }
        }
    }

    /// A connection of its own for a call. Its `search_path` is `pg_catalog`: all other names have to have their schema.
    /// For [`Access::Read`], its transactions are read only.
    pub(super) async fn session(&self) -> Result<Session, Fault> {
        Ok(self.connect().await?.0)
    }

    async fn connect(&self) -> Result<(Session, Facts), Fault> {
        let connecting = self.context.cancel.run_until_cancelled(Session::open(self));
        connecting.await.ok_or(Fault::Cancelled)?
    }

    /// Checks the server and the schema. Gives the server's version.
    async fn look(&self) -> Result<u32, Fault> {
        let (session, facts) = self.connect().await?;
        if let Some(why) = unsupported(&facts) {
            return Err(Fault::Store(StoreError::Unsupported {
                database: self.way.place.clone(),
                why,
            }));
        }
        let rights = "SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE') \
             FROM pg_namespace WHERE nspname = $1";
        let found = session
            .wait_for(session.query_opt(rights, &[&self.schema]))
            .await?;
        let Some(found) = found else {
            return Err(Fault::Store(StoreError::NoSchema {
                database: self.way.place.clone(),
                schema: self.schema.clone(),
            }));
        };
        let needs = match self.access {
            Access::Build => "USAGE, CREATE",
            Access::Change | Access::Read => "USAGE",
        };
        let (usage, create): (bool, bool) = (found.try_get(0)?, found.try_get(1)?);
        if usage && (create || self.access != Access::Build) {
            return Ok(facts.version);
        }
        Err(Fault::Store(StoreError::Denied {
            doing: format!("opening schema `{}`", self.schema),
            user: self.way.target.user.clone(),
            source: format!("the role needs {needs} on schema `{}`", self.schema).into(),
        }))
    }

    /// The failure as a caller of the store sees it; `doing` names the call.
    pub(super) fn explain(&self, fault: Fault, doing: String) -> StoreError {
        let lost = self.way.lost();
        fault::explain(fault, doing, self.about(lost.as_deref()))
    }

    fn about<'a>(&'a self, lost: Option<&'a str>) -> About<'a> {
        About {
            database: &self.way.place,
            user: &self.way.target.user,
            schema: &self.schema,
            is_cancelled: self.context.cancel.is_cancelled(),
            lost,
        }
    }
}

/// The reason why a server of this kind cannot hold tables.
fn unsupported(facts: &Facts) -> Option<String> {
    if facts.version < OLDEST_SERVER {
        let (found, oldest) = (facts.version / 10_000, OLDEST_SERVER / 10_000);
        return Some(format!(
            "its server is PostgreSQL {found}, and {oldest} is the oldest that will do"
        ));
    }
    if facts.encoding != "UTF8" {
        return Some(format!(
            "its encoding is {}, which has not all characters: it has to be UTF8",
            facts.encoding
        ));
    }
    None
}

impl PostgresConfig {
    /// Checks the values. Nothing that they name is opened.
    ///
    /// # Errors
    /// A key of the section, and the problem with its value.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        target::check(self)?;
        self.check_own()
    }

    /// Where the database is, without the user: `host:port/dbname`, as far as it is known without connecting.
    pub fn place(&self) -> String {
        if let Ok(target) = Target::of(self, &Surroundings::of_this_process()) {
            return target.place();
        }
        // Not the URL, which may hold a password where nobody has checked the section.
        let parts = [&self.service, &self.host, &self.dbname];
        let known: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        match known.is_empty() {
            true => "unknown".to_owned(),
            false => known.join("/"),
        }
    }
}

#[cfg(test)]
mod tests;
