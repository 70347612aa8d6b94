//! The `[target.postgres]` section of a job.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::modes::{ChannelBinding, SessionAttrs, SslMode};
use crate::units;

/// The default of [`PostgresConfig::schema`].
const SCHEMA: &str = "public";
/// The default of [`PostgresConfig::patience`].
const PATIENCE: Duration = Duration::from_secs(30);
/// The default of [`PostgresConfig::lock_timeout`].
const LOCK_TIMEOUT: Duration = Duration::from_millis(100);
/// The default of [`PostgresConfig::idle_in_transaction_session_timeout`].
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest name that PostgreSQL keeps, in bytes.
const NAME_LIMIT: usize = 63;
/// The longest time that a setting of PostgreSQL can be, in milliseconds.
const TIME_LIMIT: u128 = i32::MAX as u128;

/// Says that a job holds no password, and where to put it.
pub(super) const NO_PASSWORD: &str = "a job holds no password: leave it out, and put it into the variable PGPASSWORD, \
     into ~/.pgpass (or the file that `passfile` or PGPASSFILE names), or into a service of ~/.pg_service.conf";

/// The `[target.postgres]` section of a job. What it leaves out is taken from where libpq takes it: a service, the
/// variables `PG*`, the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// `postgres://user@host:port/dbname?keyword=value`, without a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A service of `~/.pg_service.conf`, whose settings count where the job has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The server, or the folder of its socket if it begins with `/`; several, parted by commas, are tried in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port, or one for each host.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "port"
    )]
    pub port: Option<String>,
    /// The database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dbname: Option<String>,
    /// The role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Nothing: a job holds no password.
    #[serde(default, skip_serializing)]
    pub password: NoPassword,
    /// The file with passwords; `~/.pgpass` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passfile: Option<PathBuf>,
    /// See [`SslMode`]. By default `prefer` for this machine, `verify-full` for all other hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sslmode: Option<SslMode>,
    /// The file with the authorities that sign servers' certificates, or `system`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sslrootcert: Option<PathBuf>,
    /// The file with the certificate of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sslcert: Option<PathBuf>,
    /// The file with the key of that certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sslkey: Option<PathBuf>,
    /// See [`ChannelBinding`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_binding: Option<ChannelBinding>,
    /// See [`SessionAttrs`]. A command that writes takes only a server that takes writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_session_attrs: Option<SessionAttrs>,
    /// The name of connections in the server's list; `backfold` and the command by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// How long each attempt to connect may take; zero: without end. 10 seconds by default.
    #[serde(default, deserialize_with = "some_duration", skip_serializing)]
    pub connect_timeout: Option<Duration>,
    /// The schema of the table and of the bookkeeping.
    #[serde(default = "schema")]
    pub schema: String,
    /// How long a swap tries to get the locks that it needs.
    #[serde(default = "patience", with = "units::duration", skip_serializing)]
    pub patience: Duration,
    /// How long one statement waits for a lock, while others queue behind it; zero: without end.
    #[serde(default = "lock_timeout", with = "units::duration", skip_serializing)]
    pub lock_timeout: Duration,
    /// The longest time that a statement may take, loads and indexes included; zero: without end.
    #[serde(default, with = "units::duration", skip_serializing)]
    pub statement_timeout: Duration,
    /// How long the server keeps a transaction whose client says nothing; zero: without end.
    #[serde(default = "idle_timeout", with = "units::duration", skip_serializing)]
    pub idle_in_transaction_session_timeout: Duration,
    /// The folder at which relative paths begin: that of the job file.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The value of a key that no job may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoPassword;

impl<'de> Deserialize<'de> for NoPassword {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom(NO_PASSWORD))
    }
}

fn schema() -> String {
    SCHEMA.to_owned()
}

fn patience() -> Duration {
    PATIENCE
}

fn lock_timeout() -> Duration {
    LOCK_TIMEOUT
}

fn idle_timeout() -> Duration {
    IDLE_TIMEOUT
}

fn some_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    units::duration::deserialize(deserializer).map(Some)
}

/// Reads a port as a number, or several as text.
fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "a port is a number, or text with one number for each host"
    )]
    enum Written {
        Number(u16),
        Text(String),
    }
    Ok(Some(match Written::deserialize(deserializer)? {
        Written::Number(port) => port.to_string(),
        Written::Text(ports) => ports,
    }))
}

impl Default for PostgresConfig {
    fn default() -> Self {
        PostgresConfig {
            url: None,
            service: None,
            host: None,
            port: None,
            dbname: None,
            user: None,
            password: NoPassword,
            passfile: None,
            sslmode: None,
            sslrootcert: None,
            sslcert: None,
            sslkey: None,
            channel_binding: None,
            target_session_attrs: None,
            application_name: None,
            connect_timeout: None,
            schema: schema(),
            patience: PATIENCE,
            lock_timeout: LOCK_TIMEOUT,
            statement_timeout: Duration::ZERO,
            idle_in_transaction_session_timeout: IDLE_TIMEOUT,
            folder: PathBuf::new(),
        }
    }
}

impl PostgresConfig {
    /// The database at `url`, with the defaults of all other settings.
    pub fn new(url: impl Into<String>) -> Self {
        PostgresConfig {
            url: Some(url.into()),
            ..PostgresConfig::default()
        }
    }

    /// Checks the values that have nothing to do with how the server is reached.
    pub(super) fn check_own(&self) -> Result<(), (&'static str, String)> {
        schema_name(&self.schema).map_err(|problem| ("schema", problem))?;
        let times = [
            ("lock_timeout", self.lock_timeout),
            ("statement_timeout", self.statement_timeout),
            (
                "idle_in_transaction_session_timeout",
                self.idle_in_transaction_session_timeout,
            ),
        ];
        for (key, time) in times {
            if time.as_millis() > TIME_LIMIT {
                return Err((key, "more than 24 days: 0s means without end".to_owned()));
            }
        }
        Ok(())
    }
}

/// Checks that a schema of this name can exist and be a user's.
fn schema_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if name.len() > NAME_LIMIT {
        return Err(format!(
            "`{name}` has {} bytes, PostgreSQL keeps {NAME_LIMIT} of a name",
            name.len()
        ));
    }
    if name.contains('\0') {
        return Err("the name contains a zero character".to_owned());
    }
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(format!("`{name}` is a schema of PostgreSQL itself"));
    }
    Ok(())
}
