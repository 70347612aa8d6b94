//! Connections to PostgreSQL: passwords, TLS, servers that do not do, servers that go.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold_tests::broker::Security;
use backfold_tests::postgres::{
    Cluster, Database, Options, PASSWORD, Release, Role, SUPERUSER, shared,
};
use backfold_tests::process::{self, Finished};
use backfold_tests::server;
use tempfile::TempDir;

mod running;

/// A job, a home folder, and commands that know nothing of this process's settings.
struct Desk {
    folder: TempDir,
}

impl Desk {
    /// A job with this section.
    fn new(section: &str) -> Self {
        let desk = Desk {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(desk.home()).unwrap();
        desk.section(section);
        desk
    }

    fn section(&self, section: &str) {
        let job = "table = \"t\"\ncomponent = \"c.wasm\"\nsource.files.path = \"archive\"\n";
        let job = format!("{job}[target.postgres]\n{section}\n");
        fs::write(self.path("job.toml"), job).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a file that only its owner may read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn command(&self, name: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = process::backfold();
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PG") {
                command.env_remove(variable);
            }
        }
        command
            .args([name, "job.toml", "--output", "json"])
            .current_dir(self.folder.path())
            .env("HOME", self.home())
            .env("RUST_LOG", "trace")
            .envs(variables.iter().copied());
        command
    }

    /// A command that reads the table's history, of which there is none.
    #[track_caller]
    fn reads(&self, variables: &[(&str, &str)]) -> Finished {
        let finished = process::run(&mut self.command("log", variables)).success();
        hides_passwords(&finished);
        finished
    }

    /// The text of the error with which such a command ends.
    #[track_caller]
    fn refuses(&self, variables: &[(&str, &str)], exit_code: i32, code: &str) -> String {
        refused(&mut self.command("log", variables), exit_code, code)
    }
}

#[track_caller]
fn refused(command: &mut Command, exit_code: i32, code: &str) -> String {
    let finished = process::run(command).fails_with(exit_code);
    hides_passwords(&finished);
    let document = finished.json();
    assert_eq!(document["error"]["code"], code, "{document:#}");
    let mut text = document["error"]["message"].as_str().unwrap().to_owned();
    for cause in document["error"]["causes"].as_array().into_iter().flatten() {
        text.push_str(": ");
        text.push_str(cause.as_str().unwrap());
    }
    text
}

#[track_caller]
fn hides_passwords(finished: &Finished) {
    for output in [&finished.stdout, &finished.stderr] {
        for password in [PASSWORD, "wrong:password"] {
            assert!(!output.contains(password), "{output}");
        }
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

fn database(name: &str) -> Database {
    shared(Release::Packaged).database(name).unwrap()
}

fn url(database: &Database, role: &Role, more: &str) -> String {
    format!("url = \"{}{more}\"", database.url(role))
}

/// The variable with the password.
const KNOWN: [(&str, &str); 1] = [("PGPASSWORD", PASSWORD)];

#[test]
fn a_password_is_taken_from_each_place() {
    let database = database("passwords");
    let owner = database.owner();
    let (role, name, port) = (&owner.name, database.name(), database.port());
    let desk = Desk::new(&url(&database, owner, ""));
    desk.reads(&KNOWN);
    let none = desk.refuses(&[], 2, "BF0634");
    says(&none, &[role, "no password was given"]);

    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let line = format!("127.0.0.1:{port}:{name}:{role}:{escaped}\n");
    let file = desk.write("passwords", &line);
    desk.reads(&[("PGPASSFILE", file.to_str().unwrap())]);
    let other = line.replace("127.0.0.1", "127.0.0.2");
    let other = desk.write("of others", &other);
    desk.refuses(&[("PGPASSFILE", other.to_str().unwrap())], 2, "BF0634");

    let at_home = desk.write("home/.pgpass", &format!("*:*:*:*:{escaped}"));
    desk.reads(&[]);
    fs::set_permissions(&at_home, Permissions::from_mode(0o640)).unwrap();
    let ignored = process::run(&mut desk.command("log", &[]));
    says(&ignored.stderr, &[".pgpass is ignored", "0640"]);
    says(&desk.refuses(&[], 2, "BF0634"), &["chmod 0600"]);
    fs::remove_file(at_home).unwrap();

    desk.section(&format!(
        "{}\npassfile = \"passwords\"",
        url(&database, owner, "")
    ));
    desk.reads(&[]);

    let service = format!(
        "[stats]\nhost=127.0.0.1\nport={port}\ndbname={name}\nuser={role}\npassword={PASSWORD}\n"
    );
    let services = desk.write("services", &service);
    desk.section("service = \"stats\"");
    desk.reads(&[("PGSERVICEFILE", services.to_str().unwrap())]);
    desk.write("home/.pg_service.conf", &service);
    desk.reads(&[]);
    desk.section("");
    desk.reads(&[("PGSERVICE", "stats")]);
    desk.reads(&[
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &port.to_string()),
        ("PGDATABASE", name),
        ("PGUSER", role),
        ("PGPASSWORD", PASSWORD),
    ]);
}

#[test]
fn a_login_that_fails_says_whose_password_it_was() {
    let database = database("logins");
    let owner = database.owner();
    let desk = Desk::new(&url(&database, owner, ""));
    let wrong = desk.refuses(&[("PGPASSWORD", "wrong:password")], 2, "BF0634");
    says(&wrong, &[&owner.name, "28P01", "PGPASSWORD"]);
    desk.section(&url(
        &database,
        &Role {
            name: "nobody".into(),
        },
        "",
    ));
    says(&desk.refuses(&KNOWN, 2, "BF0634"), &["`nobody`", "28P01"]);
    for group in ["by_cleartext", "by_md5"] {
        let role = database.role_in(group, group).unwrap();
        desk.section(&url(&database, &role, ""));
        desk.reads(&KNOWN);
    }
    let bound = |mode: &str| {
        let more = format!("?channel_binding=require&sslmode={mode}");
        url(&database, owner, &more)
    };
    desk.section(&bound("require"));
    desk.reads(&KNOWN);
    desk.section(&bound("disable"));
    says(&desk.refuses(&KNOWN, 2, "BF0634"), &["channel binding"]);
}

#[test]
fn both_releases_are_connected_to() {
    for release in Release::ALL {
        let cluster = shared(release);
        let database = cluster.database("releases").unwrap();
        let ca = cluster.security().ca.display();
        let more = "?sslmode=verify-full&channel_binding=require";
        let desk = Desk::new(&format!(
            "{}\nsslrootcert = \"{ca}\"",
            url(&database, database.owner(), more)
        ));
        desk.reads(&KNOWN);
        refused(&mut desk.command("rollback", &KNOWN), 2, "BF0702");
    }
}

#[test]
fn what_is_not_there_or_not_allowed_is_named() {
    let database = database("missing");
    let owner = database.owner();
    let place = database.url(owner);
    let (server, _) = place.rsplit_once('/').unwrap();
    let desk = Desk::new(&format!("url = \"{server}/none\""));
    let missing = desk.refuses(&KNOWN, 2, "BF0619");
    says(&missing, &[&format!("127.0.0.1:{}/none", database.port())]);

    let schema = |name: &str| format!("{}\nschema = \"{name}\"", url(&database, owner, ""));
    desk.section(&schema("Nowhere"));
    says(&desk.refuses(&KNOWN, 2, "BF0638"), &["`Nowhere`"]);
    let session = database.superuser().unwrap();
    session.run("CREATE SCHEMA \"Kept\"").unwrap();
    desk.section(&schema("Kept"));
    let kept = desk.refuses(&KNOWN, 2, "BF0635");
    says(&kept, &[&owner.name, "USAGE", "`Kept`"]);
    session
        .run(&format!(
            "GRANT USAGE ON SCHEMA \"Kept\" TO \"{}\"",
            owner.name
        ))
        .unwrap();
    desk.reads(&KNOWN);

    // Another database's owner may not connect.
    let stranger = shared(Release::Packaged).database("stranger").unwrap();
    desk.section(&url(&database, stranger.owner(), ""));
    says(
        &desk.refuses(&KNOWN, 2, "BF0635"),
        &["42501", database.name()],
    );
}

#[test]
fn each_mode_of_tls_checks_what_it_says() {
    let database = database("tls");
    let role = database.role_in("tls_only", "encrypted").unwrap();
    let desk = Desk::new("");
    let right = shared(Release::Packaged).security();
    let wrong = Security::new(desk.folder.path()).unwrap();
    let at = |host: &str, mode: &str, ca: Option<&Path>| {
        let ca = ca.map_or(String::new(), |ca| {
            format!("\nsslrootcert = \"{}\"", ca.display())
        });
        let (name, user) = (database.name(), &role.name);
        let mode = if mode.is_empty() {
            String::new()
        } else {
            format!("\nsslmode = \"{mode}\"")
        };
        let port = database.port();
        desk.section(&format!(
            "host = \"{host}\"\nport = {port}\ndbname = \"{name}\"\nuser = \"{user}\"{mode}{ca}"
        ));
    };
    let (ip, name) = ("127.0.0.1", "localhost");
    for (host, mode, ca) in [
        (ip, "", None),
        (ip, "allow", None),
        (ip, "prefer", None),
        (ip, "require", None),
        (name, "require", Some(&right.ca)),
        (name, "verify-ca", Some(&right.ca)),
        (ip, "verify-ca", Some(&right.ca)),
        (ip, "verify-full", Some(&right.ca)),
        // The server's own certificate, in the place of an authority's.
        (ip, "verify-full", Some(&right.server_certificate)),
    ] {
        at(host, mode, ca.map(PathBuf::as_path));
        desk.reads(&KNOWN);
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        at(ip, mode, Some(&wrong.ca));
        says(
            &desk.refuses(&KNOWN, 2, "BF0633"),
            &["no trusted authority", "`sslrootcert`"],
        );
    }
    at(name, "verify-full", Some(&right.ca));
    says(
        &desk.refuses(&KNOWN, 2, "BF0633"),
        &["localhost", "127.0.0.1", "`verify-ca`"],
    );
    at(ip, "verify-full", Some(Path::new("system")));
    says(
        &desk.refuses(&KNOWN, 2, "BF0633"),
        &["no trusted authority"],
    );
    at(ip, "disable", None);
    says(&desk.refuses(&KNOWN, 2, "BF0634"), &["28000"]);
    for (mode, ca, part) in [
        ("verify-ca", None, "set `sslrootcert`"),
        ("require", Some(Path::new("system")), "`verify-full`"),
        ("require", Some(Path::new("none.pem")), "none.pem"),
    ] {
        at(ip, mode, ca);
        says(&desk.refuses(&KNOWN, 2, "BF0631"), &[part]);
    }
    // A host that is not this machine is verified unless something else is set.
    let elsewhere = url(&database, &role, "?hostaddr=127.0.0.1");
    desk.section(&elsewhere.replace("@127.0.0.1:", "@db.example:"));
    says(
        &desk.refuses(&KNOWN, 2, "BF0633"),
        &["db.example", "no trusted authority"],
    );
    desk.reads(&[("PGSSLMODE", "require"), KNOWN[0]]);
}

#[test]
fn a_server_without_tls_is_used_where_that_is_enough() {
    let cluster = Options::new(Release::Packaged)
        .setting("ssl", "off")
        .start()
        .unwrap();
    let database = cluster.database("plain").unwrap();
    let desk = Desk::new(&url(&database, database.owner(), "?sslmode=prefer"));
    desk.reads(&KNOWN);
    desk.section(&url(&database, database.owner(), "?sslmode=require"));
    says(
        &desk.refuses(&KNOWN, 2, "BF0633"),
        &["`sslmode` is `require`", "ssl = on"],
    );
}

#[test]
fn a_client_may_have_a_certificate() {
    let database = database("certificates");
    let role = database.role_in("by_certificate", "known").unwrap();
    let desk = Desk::new(&url(&database, &role, ""));
    says(&desk.refuses(&[], 2, "BF0634"), &["28000"]);
    let security = shared(Release::Packaged).security();
    let key = fs::read_to_string(&security.client_key).unwrap();
    desk.write("client.key", &key);
    let certificate = security.client_certificate.display();
    let url = url(&database, &role, "");
    desk.section(&format!(
        "{url}\nsslcert = \"{certificate}\"\nsslkey = \"client.key\""
    ));
    desk.reads(&[]);
}

#[test]
fn sockets_and_lists_of_servers() {
    let database = database("places");
    let owner = database.owner();
    let socket = shared(Release::Packaged).socket();
    let (name, user, port) = (database.name(), &owner.name, database.port());
    let rest = format!("port = {port}\ndbname = \"{name}\"\nuser = \"{user}\"");
    let desk = Desk::new(&format!(
        "host = \"{}\"\nsslmode = \"verify-full\"\n{rest}",
        socket.display()
    ));
    desk.reads(&KNOWN);
    let closed = server::free_port().unwrap();
    let list = |first: u16, second: u16| {
        let list = format!("postgres://{user}@127.0.0.1:{first},127.0.0.1:{second}/{name}");
        desk.section(&format!("url = \"{list}\""));
    };
    list(closed, port);
    desk.reads(&KNOWN);
    list(closed, closed);
    let none = desk.refuses(&KNOWN, 1, "BF0632");
    says(&none, &["trying all servers", "onnection refused"]);
    desk.section(
        &format!("host = \"127.0.0.1\"\n{rest}").replace(&port.to_string(), &closed.to_string()),
    );
    says(&desk.refuses(&KNOWN, 1, "BF0632"), &["onnection refused"]);
    desk.section(&format!("host = \"no-such-host.invalid\"\n{rest}"));
    desk.refuses(&KNOWN, 1, "BF0632");
}

#[test]
fn a_server_that_takes_no_writes_is_only_read() {
    let mut cluster = Cluster::start(Release::Packaged).unwrap();
    let database = cluster.database("standby").unwrap();
    let desk = Desk::new(&url(&database, database.owner(), ""));
    let superuser = database.superuser().unwrap();
    let role = &database.owner().name;
    superuser
        .run(&format!(
            "ALTER ROLE \"{role}\" SET default_transaction_read_only = on"
        ))
        .unwrap();
    let refuses = || refused(&mut desk.command("rollback", &KNOWN), 2, "BF0636");
    says(&refuses(), &["read only"]);
    desk.reads(&KNOWN);
    superuser
        .run(&format!(
            "ALTER ROLE \"{role}\" RESET default_transaction_read_only"
        ))
        .unwrap();

    cluster.restart_as_standby().unwrap();
    says(&refuses(), &["standby"]);
    desk.reads(&KNOWN);
    let wanting = |attrs: &str| {
        desk.section(&url(
            &database,
            database.owner(),
            &format!("?target_session_attrs={attrs}"),
        ))
    };
    wanting("standby");
    desk.reads(&KNOWN);
    wanting("read-write");
    says(&desk.refuses(&KNOWN, 2, "BF0636"), &["`read-write`"]);
    // Of two servers, the one that takes writes is used. Both have this role and this database.
    let of_both = |ports: &[u16]| {
        let servers: Vec<_> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        desk.section(&format!(
            "url = \"postgres://{SUPERUSER}@{}/postgres\"",
            servers.join(",")
        ));
    };
    of_both(&[cluster.port()]);
    says(&refuses(), &["standby"]);
    of_both(&[cluster.port(), shared(Release::Packaged).port()]);
    refused(&mut desk.command("rollback", &KNOWN), 2, "BF0702");
}
