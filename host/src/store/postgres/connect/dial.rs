//! One connection to one server, encrypted as its mode asks for.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding as Binding, SslMode as Encryption};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::target::{Host, Password, Server, Target};
use crate::store::postgres::modes::{ChannelBinding, SslMode};

/// The connection of a client, which does nothing unless it is polled.
pub(super) type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A failed attempt.
#[derive(Debug)]
pub(super) enum Failure {
    Postgres(Error),
    /// The name could not be looked up, or the attempt took too long.
    Io(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Postgres(error)
    }
}

/// How a mode is tried: one after the other, where the server refuses.
fn attempts(mode: SslMode) -> &'static [Encryption] {
    match mode {
        SslMode::Disable => &[Encryption::Disable],
        SslMode::Allow => &[Encryption::Disable, Encryption::Require],
        SslMode::Prefer => &[Encryption::Prefer, Encryption::Disable],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[Encryption::Require],
    }
}

/// Connects to the first address of the server that answers.
///
/// # Errors
/// The failure of the last address.
pub(super) async fn dial(
    target: &Target,
    server: &Server,
    password: Option<&Password>,
    application: &str,
    tls: &MakeRustlsConnect,
) -> Result<(Client, Wire), Failure> {
    let mut config = config(target, password, application);
    let host = match &server.host {
        Host::Socket(folder) => {
            config.host_path(folder);
            return encrypted(&config, server, target.connect_timeout, tls).await;
        }
        Host::Tcp(host) => host,
    };
    config.host(host);
    let mut last = io::Error::other("the name of the host has no address").into();
    for address in addresses(host, server, target.connect_timeout).await? {
        let mut config = config.clone();
        config.hostaddr(address);
        match encrypted(&config, server, target.connect_timeout, tls).await {
            Ok(connected) => return Ok(connected),
            // The server is there; its other addresses would say the same.
            Err(Failure::Postgres(error)) if error.as_db_error().is_some() => {
                return Err(error.into());
            }
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

async fn addresses(
    host: &str,
    server: &Server,
    timeout: Option<Duration>,
) -> Result<Vec<IpAddr>, Failure> {
    if let Some(address) = server.address {
        return Ok(vec![address]);
    }
    let looking = tokio::net::lookup_host((host, server.port));
    let found = within(timeout, looking).await??;
    Ok(found.map(|address| address.ip()).collect())
}

/// Waits no longer than the timeout.
async fn within<T>(timeout: Option<Duration>, work: impl Future<Output = T>) -> io::Result<T> {
    let Some(timeout) = timeout else {
        return Ok(work.await);
    };
    let late = |_| {
        let problem = format!("no answer within {}", humantime::format_duration(timeout));
        io::Error::new(io::ErrorKind::TimedOut, problem)
    };
    tokio::time::timeout(timeout, work).await.map_err(late)
}

/// Connects with and without encryption, as the mode of the server has it.
async fn encrypted(
    config: &Config,
    server: &Server,
    timeout: Option<Duration>,
    tls: &MakeRustlsConnect,
) -> Result<(Client, Wire), Failure> {
    let mut told = None;
    for encryption in attempts(server.sslmode) {
        let mut config = config.clone();
        config.port(server.port).ssl_mode(*encryption);
        let failure = match within(timeout, config.connect(tls.clone())).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => error,
            Err(late) => return Err(told.unwrap_or(late.into())),
        };
        if !is_about_encryption(&failure) {
            return Err(failure.into());
        }
        tracing::debug!("{server} refuses `{encryption:?}`: {failure}");
        // The second attempt is made because of the first, whose failure says more.
        told.get_or_insert(failure.into());
    }
    Err(told.unwrap_or_else(|| io::Error::other("no attempt was made").into()))
}

/// Whether another encryption may help: the handshake failed, or the server has no rule for such a connection.
fn is_about_encryption(error: &Error) -> bool {
    is_tls(error) || error.code().is_some_and(|code| code.code() == "28000")
}

/// Whether the handshake of TLS failed. The kind of an error is told by its text alone.
pub(super) fn is_tls(error: &Error) -> bool {
    error.to_string() == "error performing TLS handshake"
}

fn config(target: &Target, password: Option<&Password>, application: &str) -> Config {
    let mut config = Config::new();
    config
        .user(&target.user)
        .dbname(&target.dbname)
        .application_name(application)
        .keepalives(target.keepalives.is_some())
        .channel_binding(match target.channel_binding {
            ChannelBinding::Disable => Binding::Disable,
            ChannelBinding::Prefer => Binding::Prefer,
            ChannelBinding::Require => Binding::Require,
        });
    if let Some((idle, interval, count)) = target.keepalives {
        config
            .keepalives_idle(idle)
            .keepalives_interval(interval)
            .keepalives_retries(count);
    }
    if let Some(password) = password {
        config.password(&password.secret);
    }
    if let Some(options) = &target.options {
        config.options(options);
    }
    if let Some(timeout) = target.connect_timeout {
        config.connect_timeout(timeout);
    }
    if let Some(timeout) = target.tcp_user_timeout {
        config.tcp_user_timeout(timeout);
    }
    config
}
