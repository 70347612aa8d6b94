//! A real PostgreSQL server, of two releases, with TLS and logins by password. `tests/setup postgres` installs both.
//!
//! | module | gives |
//! |---|---|
//! | [`database`] | a database and roles for one test, and connections |

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use crate::broker::Security;
use crate::server::{self, Server, Signals};

pub mod database;

pub use database::{Database, Role, Session};

/// The folder of the older release, as Debian's packages have it.
const PACKAGED: &str = "/usr/lib/postgresql";

/// The newer one, below the tests' cache.
const NEWER: &str = "postgresql-18.6";

/// The superuser of every cluster, who logs in by [`PASSWORD`] as all roles do.
pub const SUPERUSER: &str = "postgres";

/// The password of all roles.
pub const PASSWORD: &str = "not:a@secret/ ü";

/// A cluster that is asked by SIGINT rolls open transactions back and ends; by SIGQUIT it ends as in a crash.
const SIGNALS: Signals = Signals {
    stop: "INT",
    kill: "QUIT",
};

/// How clients may come. A role is treated as the groups that it is a member of require.
///
/// The last field of `by_certificate` is checked before the login, by which the role is then let in as it is.
const LOGINS: &str = "
hostnossl all +tls_only       127.0.0.1/32 reject
hostssl   all +by_certificate 127.0.0.1/32 trust clientcert=verify-ca
host      all +by_certificate 127.0.0.1/32 reject
host      all +by_cleartext   127.0.0.1/32 password
host      all +by_md5         127.0.0.1/32 md5
local     all all                          scram-sha-256
host      all all             127.0.0.1/32 scram-sha-256
";

/// The groups of [`LOGINS`].
const GROUPS: [&str; 4] = ["tls_only", "by_certificate", "by_cleartext", "by_md5"];

/// A release of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The system's own: 15 in Debian 12.
    Packaged,
    /// 18.
    Newer,
}

impl Release {
    /// Both.
    pub const ALL: [Release; 2] = [Release::Packaged, Release::Newer];

    /// The folder that has its `bin`.
    fn installed(self) -> Result<PathBuf> {
        match self {
            Release::Packaged => packaged(),
            Release::Newer => server::installed(NEWER, "postgres"),
        }
    }
}

/// The newest release below the folder of Debian's packages.
fn packaged() -> Result<PathBuf> {
    let missing = "`tests/setup postgres` installs it";
    let entries = fs::read_dir(PACKAGED).with_context(|| format!("no {PACKAGED}: {missing}"))?;
    let releases = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let number: u32 = path.file_name()?.to_str()?.parse().ok()?;
        path.join("bin/initdb").exists().then_some((number, path))
    });
    let newest = releases.max().context(missing)?;
    Ok(newest.1)
}

/// The options of a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    release: Release,
    settings: BTreeMap<String, String>,
}

impl Options {
    /// A cluster of this release, quick rather than durable: it forgets what it wrote if the machine crashes, not if
    /// the server does.
    pub fn new(release: Release) -> Self {
        let settings = [
            ("fsync", "off"),
            ("listen_addresses", "127.0.0.1"),
            ("max_connections", "200"),
            ("max_prepared_transactions", "8"),
            ("shared_buffers", "64MB"),
            ("ssl", "on"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Options {
            release,
            settings: settings.into(),
        }
    }

    /// Sets a parameter of the server, such as `fsync`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Makes the cluster and starts it.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(self) -> Result<Cluster> {
        let folder = tempfile::tempdir()?;
        let account = account()?;
        let installed = self.reachable(folder.path(), account)?;
        // The server's account comes through.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let mut cluster = Cluster {
            server: None,
            installed,
            account,
            port: server::free_port()?,
            security: Security::new(folder.path())?,
            folder,
        };
        cluster.initialize(&self)?;
        cluster.restart()?;
        cluster.groups()?;
        Ok(cluster)
    }

    /// The folder with the programs; a copy of it in `folder` where the server's account is another than ours, and does
    /// not get into ours.
    fn reachable(&self, folder: &Path, account: Option<(u32, u32)>) -> Result<PathBuf> {
        let installed = self.release.installed()?;
        if account.is_none() || self.release == Release::Packaged {
            return Ok(installed);
        }
        let copy = folder.join("programs");
        let mut cp = Command::new("cp");
        cp.args(["-r", "--reflink=auto"]).arg(&installed).arg(&copy);
        succeeds(&mut cp)?;
        Ok(copy)
    }
}

/// A cluster that runs. It ends, and its data goes, with the value or with this process.
pub struct Cluster {
    // Before the folder, which it writes to until it ends.
    server: Option<Server>,
    installed: PathBuf,
    account: Option<(u32, u32)>,
    port: u16,
    security: Security,
    folder: tempfile::TempDir,
}

/// A cluster for all tests of a process. Each test makes databases and roles of its own.
///
/// # Panics
/// If it does not start.
pub fn shared(release: Release) -> &'static Cluster {
    static PACKAGED: OnceLock<Cluster> = OnceLock::new();
    static NEWER: OnceLock<Cluster> = OnceLock::new();
    let shared = match release {
        Release::Packaged => &PACKAGED,
        Release::Newer => &NEWER,
    };
    shared.get_or_init(|| Cluster::start(release).expect("a cluster starts"))
}

impl Cluster {
    /// Makes one without further [`Options`], and starts it.
    ///
    /// # Errors
    /// If it is not installed, or does not start.
    pub fn start(release: Release) -> Result<Self> {
        Options::new(release).start()
    }

    /// Makes a database with a name that begins with `name` and that no other test of this process has, owned by a new
    /// role. Nobody but that role and the superuser may connect to it.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn database(&self, name: &str) -> Result<Database> {
        self.database_with(name, "")
    }

    /// The same with options of `CREATE DATABASE`, such as `TEMPLATE template0 LC_COLLATE 'C'`.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn database_with(&self, name: &str, options: &str) -> Result<Database> {
        let socket = self.socket();
        Ok(Database::create(self.port, &socket, name, options)?)
    }

    /// The port of 127.0.0.1 on which it listens, with and without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Its certificates. The server's is for 127.0.0.1, not for `localhost`.
    pub fn security(&self) -> &Security {
        &self.security
    }

    /// The process.
    ///
    /// # Errors
    /// If it was stopped.
    pub fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the cluster does not run")
    }

    /// Ends it as a crash does: connections break, and open transactions are found unfinished at the next start.
    pub fn crash(&mut self) {
        self.server = None;
    }

    /// Ends it in order: connections break, and open transactions are rolled back.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.server
            .take()
            .context("the cluster does not run")?
            .stop()
    }

    /// Starts it with the data and at the port that it had; crashes it first where it runs.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.begin("database system is ready to accept connections")
    }

    /// The same as a standby, which takes no writes from then on; it follows no server.
    ///
    /// # Errors
    /// If it does not start.
    pub fn restart_as_standby(&mut self) -> Result<()> {
        fs::write(self.data().join("standby.signal"), "")?;
        self.begin("database system is ready to accept read-only connections")
    }

    fn begin(&mut self, ready: &'static str) -> Result<()> {
        self.crash();
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data());
        let ready = [ready];
        self.server = Some(Server::start(
            postgres,
            &ready,
            self.folder.path(),
            SIGNALS,
        )?);
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the release, as the account under which servers run.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.installed.join("bin").join(name));
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command.current_dir(self.folder.path()).env("TZ", "UTC");
        command
    }

    fn initialize(&self, options: &Options) -> Result<()> {
        let folder = self.folder.path();
        let (password, key) = (folder.join("password"), folder.join("postgres.key"));
        fs::write(&password, PASSWORD)?;
        // The server reads no key that others may read.
        fs::copy(&self.security.server_key, &key)?;
        fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        for name in ["data", "socket"] {
            fs::create_dir(folder.join(name))?;
        }
        fs::set_permissions(self.data(), Permissions::from_mode(0o700))?;
        for path in [&self.data(), &self.socket(), &password, &key] {
            if let Some((user, group)) = self.account {
                chown(path, Some(user), Some(group))?;
            }
        }
        let mut initdb = self.program("initdb");
        initdb
            .args(["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--auth=scram-sha-256", "--username", SUPERUSER])
            .arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(self.data());
        succeeds(&mut initdb)?;
        let mut settings = options.settings.clone();
        let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
        set("port", self.port.to_string());
        let path = |path: &Path| path.display().to_string();
        set("unix_socket_directories", path(&self.socket()));
        set("ssl_cert_file", path(&self.security.server_certificate));
        set("ssl_key_file", path(&key));
        set("ssl_ca_file", path(&self.security.ca));
        let lines = settings
            .iter()
            .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")));
        fs::write(
            self.data().join("postgresql.auto.conf"),
            lines.collect::<String>(),
        )?;
        fs::write(self.data().join("pg_hba.conf"), LOGINS)?;
        Ok(())
    }

    fn groups(&self) -> Result<()> {
        let session = Session::open(self.port, SUPERUSER, "postgres")?;
        for group in GROUPS {
            session.run(&format!("CREATE ROLE {group} NOLOGIN"))?;
        }
        Ok(())
    }
}

/// User and group of the account under which a server runs: none where it is ours. It refuses to run as root.
fn account() -> Result<Option<(u32, u32)>> {
    let id = Command::new("id").arg("-u").output()?.stdout;
    if String::from_utf8_lossy(&id).trim() != "0" {
        return Ok(None);
    }
    // `postgres:x:106:114:…`
    let accounts = fs::read_to_string("/etc/passwd")?;
    let account = accounts
        .lines()
        .find_map(|line| line.strip_prefix("postgres:"));
    let account = account.context("no account `postgres`: `tests/setup postgres` makes it")?;
    let mut ids = account.split(':').skip(1).map(str::parse);
    match (ids.next(), ids.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok(Some((user, group))),
        _ => anyhow::bail!("the account `postgres` has no numbers in /etc/passwd"),
    }
}

fn succeeds(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().context(name.clone())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}: {said}", output.status);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The release, the names of tests and passwords, and what each role may do.
    #[test]
    fn databases_of_both_releases_are_apart() {
        for (release, number) in [(Release::Packaged, 15), (Release::Newer, 18)] {
            let cluster = shared(release);
            let [first, second] = ["apart", "apart"].map(|name| cluster.database(name).unwrap());
            assert_ne!(first.name(), second.name());
            let session = first.session().unwrap();
            let version = session.rows("SHOW server_version_num").unwrap();
            let version: u32 = version[0][0].as_deref().unwrap().parse().unwrap();
            assert!(version / 10_000 >= number, "{version}");
            session
                .run("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL), (1)")
                .unwrap();
            let rows = session.rows("SELECT a FROM t ORDER BY a").unwrap();
            assert_eq!(rows, [[Some("1".to_owned())], [None]]);
            let role = first.role("some \"role\"").unwrap();
            let refused = first
                .session_of(&role)
                .unwrap()
                .rows("TABLE t")
                .unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "42501");
            assert!(second.session_of(&role).is_err());
        }
    }

    #[test]
    fn groups_of_roles_log_in_as_they_must() {
        let database = shared(Release::Packaged).database("logins").unwrap();
        for group in ["tls_only", "by_certificate"] {
            let role = database.role_in(group, "kept_out").unwrap();
            let error = database.session_of(&role).err().unwrap();
            assert_eq!(error.code().unwrap().code(), "28000", "{error}");
        }
        for group in ["by_cleartext", "by_md5"] {
            let role = database.role_in(group, "let_in").unwrap();
            database.session_of(&role).unwrap();
        }
    }

    #[test]
    fn a_crash_loses_what_was_not_committed_alone() {
        let mut cluster = Cluster::start(Release::Packaged).unwrap();
        let database = cluster.database("crash").unwrap();
        let session = database.session().unwrap();
        session.run("CREATE TABLE t (a int)").unwrap();
        session.run("INSERT INTO t VALUES (1)").unwrap();
        session.run("BEGIN; INSERT INTO t VALUES (2)").unwrap();
        cluster.crash();
        assert!(session.run("COMMIT").is_err());
        cluster.restart().unwrap();
        let rows = database.session().unwrap().rows("TABLE t").unwrap();
        assert_eq!(rows, [[Some("1".to_owned())]]);
        cluster.stop().unwrap();
    }
}
