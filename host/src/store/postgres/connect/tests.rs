//! Settings by precedence: the job, its service, the variables, the defaults.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::surroundings::Surroundings;
use super::target::{Host, Roots, Target};
use super::*;
use crate::store::postgres::{ChannelBinding, SessionAttrs, SslMode, TlsVersion};

fn job(section: &str) -> PostgresConfig {
    toml::from_str(section).unwrap()
}

fn target(section: &str, around: &Surroundings) -> Target {
    Target::of(&job(section), around).unwrap()
}

fn problem(section: &str, variables: &[(&str, &str)]) -> String {
    Target::of(&job(section), &Surroundings::for_test(variables)).unwrap_err()
}

/// The problem that the job's section has by itself, behind its key.
fn unfit(section: &str) -> String {
    let (key, problem) = job(section).check().unwrap_err();
    format!("{key}: {problem}")
}

fn modes(target: &Target) -> Vec<SslMode> {
    target.servers.iter().map(|server| server.sslmode).collect()
}

#[test]
fn the_job_comes_before_the_service_before_the_variables_before_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let services = folder.path().join("services");
    fs::write(
        &services,
        "[s]\nhost=of-service\nport=1\nuser=of-service\ndbname=of-service\nclient_encoding=LATIN1\n",
    )
    .unwrap();
    let around = Surroundings::for_test(&[
        ("PGSERVICEFILE", services.to_str().unwrap()),
        ("PGUSER", "of-variable"),
        ("PGDATABASE", "of-variable"),
        ("PGAPPNAME", "of-variable"),
        ("PGHOST", ""),
    ]);
    let all = target("service = \"s\"\nport = 2\nuser = \"of-job\"", &around);
    assert_eq!(all.place(), "of-service:2/of-service");
    assert_eq!(all.user, "of-job");
    assert_eq!(all.application_name.as_deref(), Some("of-variable"));
    let no_service = target("", &around);
    assert_eq!(no_service.place(), "localhost:5432/of-variable");
    let by_url = target("url = \"postgres://u@h/d\"\nservice = \"s\"", &around);
    // A URL with a host has a port too: the default one.
    assert_eq!(by_url.place(), "h:5432/d");
    let by_variable = Surroundings::for_test(&[
        ("PGSERVICEFILE", services.to_str().unwrap()),
        ("PGSERVICE", "s"),
        ("PGPORT", "3"),
    ]);
    assert_eq!(target("", &by_variable).place(), "of-service:1/of-service");
    assert!(problem("service = \"none\"", &[]).contains("no service `none`"));
}

#[test]
fn defaults_are_those_of_libpq_but_for_tls_and_timeouts() {
    let around = Surroundings::for_test(&[]);
    let nothing = target("", &around);
    assert_eq!(nothing.place(), "localhost:5432/tester");
    assert_eq!(nothing.user, "tester");
    assert_eq!(nothing.connect_timeout, Some(Duration::from_secs(10)));
    assert_eq!(nothing.attrs, SessionAttrs::Any);
    assert_eq!(nothing.channel_binding, ChannelBinding::Prefer);
    assert_eq!(nothing.tls.min_version, TlsVersion::V12);
    assert_eq!(target("user = \"ann\"", &around).dbname, "ann");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".s.PGSQL.5433"), "").unwrap();
    let around = around.with_sockets(folder.path());
    assert_eq!(
        target("", &around).servers[0].host,
        Host::Tcp("localhost".to_owned())
    );
    let by_socket = target("port = 5433", &around);
    assert_eq!(
        by_socket.servers[0].host,
        Host::Socket(folder.path().to_owned())
    );
}

#[test]
fn other_machines_are_verified_and_this_one_is_asked() {
    let around = Surroundings::for_test(&[]);
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"] {
        let target = target(&format!("host = \"{host}\""), &around);
        assert_eq!(modes(&target), [SslMode::Prefer], "{host}");
    }
    for host in ["db.example", "10.0.0.1", "localhost.example", "2001:db8::1"] {
        let target = target(&format!("host = \"{host}\""), &around);
        assert_eq!(modes(&target), [SslMode::VerifyFull], "{host}");
    }
    let socket = target(
        "host = \"/run/sockets\"\nsslmode = \"verify-full\"",
        &around,
    );
    assert_eq!(modes(&socket), [SslMode::Disable]);
    let mixed = target("host = \"/run/sockets,localhost,db.example\"", &around);
    assert_eq!(
        modes(&mixed),
        [SslMode::Disable, SslMode::Prefer, SslMode::VerifyFull]
    );
    let system = target("host = \"localhost\"\nsslrootcert = \"system\"", &around);
    assert_eq!(modes(&system), [SslMode::VerifyFull]);
    assert_eq!(system.tls.roots, Some(Roots::System));
    let set = Surroundings::for_test(&[("PGSSLMODE", "require")]);
    assert_eq!(
        modes(&target("host = \"db.example,localhost\"", &set)),
        [SslMode::Require; 2]
    );
    // Without a name, the address is the name.
    let address = Surroundings::for_test(&[("PGHOSTADDR", "10.1.2.3")]);
    let target = target("", &address);
    assert_eq!(
        (target.place().as_str(), modes(&target)),
        ("10.1.2.3:5432/tester", vec![SslMode::VerifyFull])
    );
}

#[test]
fn several_servers_are_lists_of_one_length() {
    let around = Surroundings::for_test(&[]);
    let place = |section: &str| target(section, &around).place();
    assert_eq!(
        place("url = \"postgres://a:1,b,c:3/d\""),
        "a:1,b:5432,c:3/d"
    );
    assert_eq!(
        place("host = \"a,b\"\nport = 7\ndbname = \"d\""),
        "a:7,b:7/d"
    );
    assert_eq!(
        place("host = \"a,b\"\nport = \"7,8\"\ndbname = \"d\""),
        "a:7,b:8/d"
    );
    assert_eq!(
        place("host = \"2001:db8::1\"\ndbname = \"d\""),
        "[2001:db8::1]:5432/d"
    );
    assert_eq!(
        unfit("host = \"a,b,c\"\nport = \"7,8\""),
        "port: 2 values for 3 servers"
    );
    assert!(
        unfit("url = \"postgres://a,b/d?hostaddr=10.0.0.1\"").contains("1 values for 2 servers")
    );
}

#[test]
fn a_password_comes_from_a_variable_a_service_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    file(
        ".pgpass",
        "h:5432:d:ann:of-home\nlocalhost:5432:d:ann:of-socket\n",
    );
    let other = file("other", "*:*:*:*:of-other\n");
    let services = file("services", "[s]\npassword=of-service\n");
    let found = |section: &str, variables: &[(&str, &str)]| {
        let around = Surroundings::for_test(variables)
            .with_home(folder.path())
            .with_sockets(Path::new("/run/sockets"));
        let target = target(
            &format!("user = \"ann\"\ndbname = \"d\"\n{section}"),
            &around,
        );
        let (password, _) = target.password(&target.servers[0], &around);
        password.map(|password| String::from_utf8(password.secret).unwrap())
    };
    let of = |text: &str| Some(text.to_owned());
    assert_eq!(found("host = \"h\"", &[]), of("of-home"));
    assert_eq!(found("host = \"other\"", &[]), None);
    assert_eq!(
        found("host = \"h\"", &[("PGPASSWORD", "of-variable")]),
        of("of-variable")
    );
    assert_eq!(
        found("host = \"h\"", &[("PGPASSFILE", &other)]),
        of("of-other")
    );
    assert_eq!(
        found(
            &format!("host = \"h\"\npassfile = \"{other}\""),
            &[("PGPASSFILE", "/none")]
        ),
        of("of-other")
    );
    assert_eq!(
        found(
            "host = \"h\"\nservice = \"s\"",
            &[("PGSERVICEFILE", &services), ("PGPASSWORD", "of-variable")]
        ),
        of("of-service")
    );
    assert_eq!(found("host = \"/run/sockets\"", &[]), of("of-socket"));
    assert_eq!(found("host = \"/elsewhere\"", &[]), None);
}

#[test]
fn passwords_are_not_shown() {
    let around = Surroundings::for_test(&[("PGPASSWORD", "hunter2")]);
    let way = Way::of(&job("host = \"localhost\""), around).unwrap();
    assert!(!format!("{way:?} {:?}", way.target).contains("hunter2"));
    let (password, _) = way.target.password(&way.target.servers[0], &way.around);
    assert_eq!(format!("{password:?}"), "Some(Password from PGPASSWORD)");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    insta::assert_snapshot!(problem("", &[("PGSSLMODE", "verify_full")]), @"`sslmode` in PGSSLMODE: `verify_full` is not one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`");
    insta::assert_snapshot!(problem("", &[("PGPORT", "70000")]), @"`port` in PGPORT: `70000` is no port");
    insta::assert_snapshot!(problem("", &[("PGCONNECT_TIMEOUT", "10s")]), @"`connect_timeout` in PGCONNECT_TIMEOUT: `10s` is no number of seconds");
    insta::assert_snapshot!(problem("", &[("PGREQUIREAUTH", "scram-sha-256")]), @"`require_auth` in PGREQUIREAUTH: backfold does not support this setting: leave it out");
    insta::assert_snapshot!(problem("", &[("PGGSSENCMODE", "require")]), @"`gssencmode` in PGGSSENCMODE: only `disable`, `prefer` is supported: leave it out");
    insta::assert_snapshot!(problem("sslcert = \"a.crt\"", &[]), @"`sslcert` is a.crt, and no `sslkey` is set");
    insta::assert_snapshot!(unfit("url = \"postgres://h/d?port=x\""), @"url: `port`: `x` is no port");
    insta::assert_snapshot!(unfit("url = \"postgres://h/d\"\nhost = \"h\""), @"host: `url` sets it too: keep one of them");
    insta::assert_snapshot!(unfit("url = \"postgres://h/d?sslcrl=a\""), @"url: `sslcrl`: backfold does not support this setting: leave it out");
    insta::assert_snapshot!(unfit("url = \"postgres://h/d?sslmode=x\""), @"url: `sslmode`: `x` is not one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`");
    insta::assert_snapshot!(unfit("port = \"1,x\"\nhost = \"a,b\""), @"port: `x` is no port");
    insta::assert_snapshot!(unfit("url = \"postgres://u:hunter2@h/d\""), @"url: a job holds no password: leave it out, and put it into the variable PGPASSWORD, into ~/.pgpass (or the file that `passfile` or PGPASSFILE names), or into a service of ~/.pg_service.conf");
    insta::assert_snapshot!(unfit("schema = \"pg_catalog\""), @"schema: `pg_catalog` is a schema of PostgreSQL itself");
    insta::assert_snapshot!(unfit("lock_timeout = \"30d\""), @"lock_timeout: more than 24 days: 0s means without end");
}

#[test]
fn files_of_the_job_are_relative_to_it() {
    let mut config = job(
        "host = \"h\"\npassfile = \"p\"\nsslrootcert = \"ca.pem\"\nsslcert = \"/c\"\nsslkey = \"k\"",
    );
    config.folder = "jobs".into();
    let around = Surroundings::for_test(&[("PGPASSFILE", "none")]);
    let files = Target::of(&config, &around).unwrap().tls;
    assert_eq!(files.roots, Some(Roots::File("jobs/ca.pem".into())));
    assert_eq!(files.client, Some(("/c".into(), "jobs/k".into())));
    let mut system = job("url = \"postgres://h/d?sslrootcert=system\"");
    system.folder = "jobs".into();
    assert_eq!(
        Target::of(&system, &around).unwrap().tls.roots,
        Some(Roots::System)
    );
    let variable = Surroundings::for_test(&[("PGSSLROOTCERT", "ca.pem")]);
    let elsewhere = Target::of(
        &PostgresConfig {
            folder: "jobs".into(),
            ..job("")
        },
        &variable,
    );
    assert_eq!(
        elsewhere.unwrap().tls.roots,
        Some(Roots::File("ca.pem".into()))
    );
}

#[test]
fn files_of_tls_in_the_home_folder_are_used_if_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let around = Surroundings::for_test(&[]).with_home(folder.path());
    let tls = |around: &Surroundings| target("host = \"h\"", around).tls;
    assert_eq!((tls(&around).roots, tls(&around).client), (None, None));
    let own = folder.path().join(".postgresql");
    fs::create_dir(&own).unwrap();
    for name in ["root.crt", "postgresql.crt", "postgresql.key"] {
        fs::write(own.join(name), "").unwrap();
    }
    assert_eq!(tls(&around).roots, Some(Roots::File(own.join("root.crt"))));
    let client = (own.join("postgresql.crt"), own.join("postgresql.key"));
    assert_eq!(tls(&around).client, Some(client));
}
