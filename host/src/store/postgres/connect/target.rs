//! Settings as values: the servers in their order, the login, the timeouts, the files of TLS.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::passfile::{self, Found, Login};
use super::settings::{Bad, Problem, SYSTEM, Settings};
use super::surroundings::Surroundings;
use crate::store::postgres::PostgresConfig;
use crate::store::postgres::modes::{ChannelBinding, SessionAttrs, SslMode, TlsVersion};

/// The port where none is set.
const PORT: u16 = 5432;
/// How long an attempt to connect may take where nothing is set.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The idle time, the interval and the number of the probes by which a dead network is noticed within a minute.
const KEEPALIVES: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(10), 3);
/// How long sent data may stay unacknowledged.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: Host,
    /// The address, where it is not looked up.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) sslmode: SslMode,
}

/// The name of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Tcp(String),
    /// The folder of its socket.
    Socket(PathBuf),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Host::Tcp(host) => write!(f, "{host}:{}", self.port),
            Host::Socket(folder) => write!(f, "{}:{}", folder.display(), self.port),
        }
    }
}

/// A password, and where it comes from.
#[derive(Clone)]
pub(super) struct Password {
    pub(super) secret: Vec<u8>,
    pub(super) from: String,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password from {}", self.from)
    }
}

/// The authorities that sign servers' certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those that the system trusts.
    System,
    /// Those in a file.
    File(PathBuf),
}

/// The settings of TLS.
#[derive(Clone, Debug)]
pub(super) struct TlsSettings {
    /// Where they are not set, the file in the home folder if there is one.
    pub(super) roots: Option<Roots>,
    /// The certificate and the key of the client.
    pub(super) client: Option<(PathBuf, PathBuf)>,
    pub(super) min_version: TlsVersion,
}

/// A database, and how to log into it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// In the order in which they are tried; never empty.
    pub(super) servers: Vec<Server>,
    pub(super) dbname: String,
    pub(super) user: String,
    password: Option<Password>,
    passfile: Option<PathBuf>,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    /// `None`: without end.
    pub(super) connect_timeout: Option<Duration>,
    /// The idle time, the interval and the number of probes; `None`: no probes.
    pub(super) keepalives: Option<(Duration, Duration, u32)>,
    pub(super) tcp_user_timeout: Option<Duration>,
    pub(super) attrs: SessionAttrs,
    pub(super) channel_binding: ChannelBinding,
    pub(super) tls: TlsSettings,
}

impl Target {
    /// The target of a job. The service file is read, no other.
    ///
    /// # Errors
    /// The problem with a setting, and its place.
    pub(super) fn of(config: &PostgresConfig, around: &Surroundings) -> Result<Self, String> {
        let settings = Settings::of(config, around)?;
        let text = |name| settings.get(name).map(|setting| setting.value.clone());
        let user = text("user").or_else(|| around.user());
        let user = user.ok_or("no `user` is set, and the system does not know who runs this")?;
        let seconds = |name| settings.parsed(name, seconds);
        let connect_timeout = match config.connect_timeout {
            Some(timeout) => timeout,
            None => seconds("connect_timeout")?.unwrap_or(CONNECT_TIMEOUT),
        };
        let milliseconds = settings.parsed("tcp_user_timeout", milliseconds)?;
        Ok(Target {
            servers: servers(&settings, around)?,
            dbname: text("dbname").unwrap_or_else(|| user.clone()),
            user,
            password: settings.get("password").map(|setting| Password {
                secret: setting.value.clone().into_bytes(),
                from: setting.origin.to_string(),
            }),
            passfile: settings
                .path("passfile")
                .or_else(|| around.at_home(".pgpass")),
            application_name: text("application_name"),
            options: text("options"),
            connect_timeout: Some(connect_timeout).filter(|timeout| !timeout.is_zero()),
            keepalives: keepalives(&settings)?,
            tcp_user_timeout: Some(milliseconds.unwrap_or(USER_TIMEOUT))
                .filter(|timeout| !timeout.is_zero()),
            attrs: settings
                .parsed("target_session_attrs", str::parse)?
                .unwrap_or(SessionAttrs::Any),
            channel_binding: settings
                .parsed("channel_binding", str::parse)?
                .unwrap_or(ChannelBinding::Prefer),
            tls: tls(&settings, around)?,
        })
    }

    /// The servers and the database, without the user: `host:port/dbname`.
    pub(super) fn place(&self) -> String {
        let servers: Vec<_> = self.servers.iter().map(Server::to_string).collect();
        format!("{}/{}", servers.join(","), self.dbname)
    }

    /// The password for a server: one that is set, or one in the password file. With what is to be said about that file
    /// where it is not used.
    pub(super) fn password(
        &self,
        server: &Server,
        around: &Surroundings,
    ) -> (Option<Password>, Option<String>) {
        if self.password.is_some() {
            return (self.password.clone(), None);
        }
        let Some(path) = &self.passfile else {
            return (None, None);
        };
        let host = match &server.host {
            Host::Tcp(host) => host,
            // As libpq has it: sockets in the usual folder are those of `localhost`.
            Host::Socket(folder) if around.is_socket_folder(folder) => "localhost",
            Host::Socket(folder) => &folder.display().to_string(),
        };
        let login = Login {
            host,
            port: server.port,
            dbname: &self.dbname,
            user: &self.user,
        };
        match passfile::look_up(path, login) {
            Found::Password(secret) => {
                let from = path.display().to_string();
                (Some(Password { secret, from }), None)
            }
            Found::Nothing => (None, None),
            Found::Ignored(why) => (None, Some(why)),
        }
    }
}

/// The servers that `host`, `hostaddr` and `port` name, lists of the same length.
fn servers(settings: &Settings, around: &Surroundings) -> Result<Vec<Server>, Bad> {
    let list = |name| match settings.get(name) {
        Some(setting) => setting.value.split(',').map(str::trim).collect(),
        None => Vec::new(),
    };
    let (hosts, addresses) = (list("host"), list("hostaddr"));
    let ports = settings.parsed("port", ports)?.unwrap_or_default();
    let count = hosts.len().max(addresses.len()).max(1);
    for (name, length) in [("host", hosts.len()), ("hostaddr", addresses.len())] {
        if length != 0 && length != count {
            return Err(settings.bad(name, format!("{length} values for {count} servers")));
        }
    }
    if ports.len() > 1 && ports.len() != count {
        let problem = format!("{} values for {count} servers", ports.len());
        return Err(settings.bad("port", problem));
    }
    let mode = settings.parsed("sslmode", str::parse)?;
    let is_system = settings
        .get("sslrootcert")
        .is_some_and(|roots| roots.value == SYSTEM);
    let server = |place: usize| {
        let port = ports.get(place).or(ports.first()).copied().unwrap_or(PORT);
        let address = addresses.get(place).filter(|text| !text.is_empty());
        let address = address.map(|text| {
            let no_address = |_| settings.bad("hostaddr", format!("`{text}` is no address"));
            text.parse::<IpAddr>().map_err(no_address)
        });
        let address = address.transpose()?;
        let host = match (hosts.get(place).copied().unwrap_or_default(), address) {
            ("", Some(address)) => Host::Tcp(address.to_string()),
            ("", None) => match around.socket_folder(port) {
                Some(folder) => Host::Socket(folder.to_owned()),
                None => Host::Tcp("localhost".to_owned()),
            },
            (folder, _) if folder.starts_with('/') => Host::Socket(PathBuf::from(folder)),
            (name, _) => Host::Tcp(name.to_owned()),
        };
        let sslmode = match &host {
            Host::Socket(_) => SslMode::Disable,
            Host::Tcp(name) => mode.unwrap_or(match is_this_machine(name) && !is_system {
                true => SslMode::Prefer,
                false => SslMode::VerifyFull,
            }),
        };
        Ok(Server {
            host,
            address,
            port,
            sslmode,
        })
    };
    (0..count).map(server).collect()
}

/// Whether a connection to the host does not leave the machine.
fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// The ports in a list; an empty one is the default.
fn ports(text: &str) -> Result<Vec<u16>, String> {
    let port = |text: &str| match text.trim() {
        "" => Ok(PORT),
        text => match text.parse() {
            Ok(0) | Err(_) => Err(format!("`{}` is no port", text.escape_debug())),
            Ok(port) => Ok(port),
        },
    };
    text.split(',').map(port).collect()
}

/// Whole seconds, of which none or fewer means without end.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: i32 = text
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is no number of seconds", text.escape_debug()))?;
    Ok(Duration::from_secs(seconds.max(0).unsigned_abs().into()))
}

/// Whole milliseconds, of which zero means as the system has it.
fn milliseconds(text: &str) -> Result<Duration, String> {
    let milliseconds: u32 = text
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is no number of milliseconds", text.escape_debug()))?;
    Ok(Duration::from_millis(milliseconds.into()))
}

fn keepalives(settings: &Settings) -> Result<Option<(Duration, Duration, u32)>, Bad> {
    let (idle, interval, count) = KEEPALIVES;
    let or = |found: Option<Duration>, default| match found {
        Some(time) if !time.is_zero() => time,
        _ => default,
    };
    let number = |text: &str| {
        let number: Result<u32, _> = text.trim().parse();
        number.map_err(|_| format!("`{}` is no number", text.escape_debug()))
    };
    let is_on = settings.parsed("keepalives", number)? != Some(0);
    let idle = or(settings.parsed("keepalives_idle", seconds)?, idle);
    let interval = or(settings.parsed("keepalives_interval", seconds)?, interval);
    let count = match settings.parsed("keepalives_count", number)? {
        None | Some(0) => count,
        Some(count) => count,
    };
    Ok(is_on.then_some((idle, interval, count)))
}

fn tls(settings: &Settings, around: &Surroundings) -> Result<TlsSettings, String> {
    let at_home = |name: &str| {
        let path = around.at_home(&format!(".postgresql/{name}"))?;
        path.exists().then_some(path)
    };
    let roots = match settings.get("sslrootcert") {
        Some(setting) if setting.value == SYSTEM => Some(Roots::System),
        Some(setting) => Some(Roots::File(PathBuf::from(&setting.value))),
        None => at_home("root.crt").map(Roots::File),
    };
    let key = settings
        .path("sslkey")
        .or_else(|| at_home("postgresql.key"));
    let certificate = settings
        .path("sslcert")
        .or_else(|| at_home("postgresql.crt"));
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(certificate), None) => {
            return Err(format!(
                "`sslcert` is {}, and no `sslkey` is set",
                certificate.display()
            ));
        }
        (None, _) => None,
    };
    Ok(TlsSettings {
        roots,
        client,
        min_version: settings
            .parsed("ssl_min_protocol_version", min_version)?
            .unwrap_or(TlsVersion::V12),
    })
}

/// The lowest version of TLS. Older ones than 1.2 may be asked for, and are not spoken.
fn min_version(text: &str) -> Result<TlsVersion, String> {
    match text {
        "TLSv1" | "TLSv1.1" => Ok(TlsVersion::V12),
        text => text.parse(),
    }
}

/// Checks each value of the job by itself.
pub(super) fn check(config: &PostgresConfig) -> Result<(), Problem> {
    let settings = Settings::of_the_job(config)?;
    check_values(&settings).map_err(Bad::in_the_job)
}

fn check_values(settings: &Settings) -> Result<(), Bad> {
    servers(settings, &Surroundings::default())?;
    keepalives(settings)?;
    settings.parsed("connect_timeout", seconds)?;
    settings.parsed("tcp_user_timeout", milliseconds)?;
    settings.parsed("target_session_attrs", str::parse::<SessionAttrs>)?;
    settings.parsed("channel_binding", str::parse::<ChannelBinding>)?;
    settings.parsed("ssl_min_protocol_version", min_version)?;
    Ok(())
}
