//! The section `[target.postgres]`.

use std::path::PathBuf;
use std::time::Duration;

use super::{GOOD, parse, refused};
use crate::job::{Job, TargetConfig};
use crate::store::postgres::{PostgresConfig, SslMode};

/// A job with this section in the place of that of SQLite.
fn with(section: &str) -> String {
    let (job, _) = GOOD.split_once("[target.sqlite]").unwrap();
    format!("{job}[target.postgres]\n{section}\n")
}

fn config(section: &str) -> PostgresConfig {
    match parse(&with(section)).unwrap().target {
        TargetConfig::Postgres(config) => *config,
        other => panic!("not PostgreSQL: {other:?}"),
    }
}

#[test]
fn a_url_or_keywords_and_the_defaults() {
    let url = "postgres://ann@db.example:5433/stats?sslmode=require";
    let by_url = config(&format!("url = \"{url}\""));
    let expected = PostgresConfig {
        folder: "jobs".into(),
        ..PostgresConfig::new(url)
    };
    assert_eq!(by_url, expected);
    assert_eq!(by_url.schema, "public");
    assert_eq!(by_url.patience, Duration::from_secs(30));
    assert_eq!(by_url.lock_timeout, Duration::from_millis(100));
    assert_eq!(by_url.statement_timeout, Duration::ZERO);
    let by_keywords = config(
        "host = \"db.example\"\nport = 5433\ndbname = \"stats\"\nuser = \"ann\"\nsslmode = \"verify-ca\"\n\
         sslrootcert = \"ca.pem\"\nconnect_timeout = \"3s\"\nschema = \"Über\"\npatience = \"1m\"",
    );
    assert_eq!(by_keywords.sslmode, Some(SslMode::VerifyCa));
    assert_eq!(by_keywords.sslrootcert, Some(PathBuf::from("ca.pem")));
    assert_eq!(by_keywords.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(by_keywords.place(), "db.example:5433/stats");
    assert_eq!(by_url.place(), by_keywords.place());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let problems = [
        "host = \"h\"\npassword = \"hunter2\"",
        "url = \"postgres://ann:hunter2@h/d\"",
        "url = \"postgres://h/d?password=hunter2\"",
        "hots = \"h\"",
        "port = 70000",
        "port = true",
        "sslmode = \"verify_full\"",
        "connect_timeout = 10",
        "schema = \"\"",
        "url = \"mysql://h/d\"",
        "url = \"postgres://h/d\"\nsslmode = \"require\"\nhost = \"h\"",
    ];
    let problems = problems.map(|section| refused(&with(section)));
    assert!(!problems.join("").contains("hunter2"));
    insta::assert_snapshot!(problems.join("\n"), @r"
    BF0006: jobs/backfold.toml:10: `target.postgres.password`: a job holds no password: leave it out, and put it into the variable PGPASSWORD, into ~/.pgpass (or the file that `passfile` or PGPASSFILE names), or into a service of ~/.pg_service.conf
    BF0006: jobs/backfold.toml:8: `target.postgres.url`: a job holds no password: leave it out, and put it into the variable PGPASSWORD, into ~/.pgpass (or the file that `passfile` or PGPASSFILE names), or into a service of ~/.pg_service.conf
    BF0006: jobs/backfold.toml:8: `target.postgres.url`: a job holds no password: leave it out, and put it into the variable PGPASSWORD, into ~/.pgpass (or the file that `passfile` or PGPASSFILE names), or into a service of ~/.pg_service.conf
    BF0004: jobs/backfold.toml:9: unknown key `hots` in [target.postgres]: did you mean `host`?
    BF0006: jobs/backfold.toml:9: `target.postgres.port`: a port is a number, or text with one number for each host
    BF0006: jobs/backfold.toml:9: `target.postgres.port`: a port is a number, or text with one number for each host
    BF0006: jobs/backfold.toml:9: `target.postgres.sslmode`: `verify_full` is not one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`: did you mean `verify-full`?
    BF0006: jobs/backfold.toml:9: `target.postgres.connect_timeout`: invalid type: integer `10`, expected a string
    BF0006: jobs/backfold.toml:8: `target.postgres.schema`: the name is empty
    BF0006: jobs/backfold.toml:8: `target.postgres.url`: it does not begin with `postgres://`
    BF0006: jobs/backfold.toml:8: `target.postgres.host`: `url` sets it too: keep one of them
    ");
}

#[test]
fn there_is_one_target() {
    let both = format!("{GOOD}[target.postgres]\nhost = \"h\"\n");
    let (neither, _) = GOOD.split_once("[target.sqlite]").unwrap();
    let neither = format!("{neither}[target]\nindexes = []\n");
    insta::assert_snapshot!([refused(&both), refused(&neither)].join("\n"), @r"
    BF0007: jobs/backfold.toml:8: a job has exactly one target, this one has several of `[target.sqlite]`, `[target.postgres]`, `[target.dynamodb]`
    BF0007: jobs/backfold.toml:8: a job has exactly one target, this one has none of `[target.sqlite]`, `[target.postgres]`, `[target.dynamodb]`
    ");
}

#[test]
fn a_target_is_its_host_port_database_and_schema() {
    let id = |section: &str| parse(&with(section)).unwrap().target_id();
    let one = id("url = \"postgres://ann@db.example:5432/stats\"");
    assert_eq!(one, "postgres:db.example:5432/stats/public");
    for same in [
        "url = \"postgresql://bob@db.example/stats?sslmode=disable&connect_timeout=3\"",
        "host = \"db.example\"\nport = 5432\ndbname = \"stats\"\nuser = \"bob\"\nschema = \"public\"",
        "host = \"db.example\"\nport = \"5432\"\ndbname = \"stats\"\nlock_timeout = \"1s\"\npatience = \"1s\"",
    ] {
        assert_eq!(id(same), one, "{same}");
    }
    for other in [
        "url = \"postgres://ann@db.example:5433/stats\"",
        "url = \"postgres://ann@db.example:5432/other\"",
        "url = \"postgres://ann@other.example:5432/stats\"",
        "url = \"postgres://ann@db.example:5432/stats\"\nschema = \"other\"",
    ] {
        assert_ne!(id(other), one, "{other}");
    }
}

#[test]
fn timeouts_do_not_show_in_a_target() {
    let json = |job: &Job| serde_json::to_value(&job.target).unwrap();
    let url = "url = \"postgres://ann@h/d\"";
    let plain = parse(&with(url)).unwrap();
    let other = format!(
        "{url}\nlock_timeout = \"1s\"\nstatement_timeout = \"1h\"\nconnect_timeout = \"1s\""
    );
    assert_eq!(json(&parse(&with(&other)).unwrap()), json(&plain));
    insta::assert_snapshot!(json(&plain), @r#"{"postgres":{"schema":"public","url":"postgres://ann@h/d"}}"#);
    assert_eq!(
        plain.target.to_string(),
        "PostgreSQL h:5432/d, schema public"
    );
}
