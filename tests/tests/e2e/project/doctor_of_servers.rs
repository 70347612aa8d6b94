//! `backfold doctor` of jobs with servers: reachable or refused, and nothing is written.

use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::broker::shared;
use backfold_tests::components::guest;
use backfold_tests::dynamodb;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::postgres::{self, Release};
use backfold_tests::process::run;
use backfold_tests::topic::Clicks;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 240,
    objects: 2,
    ..ArchiveSpec::SMALL
};

/// The findings of a command that ends with this exit code: verdict and text by subject.
struct Told(Vec<Value>);

impl Told {
    #[track_caller]
    fn by(command: &mut Command, exit_code: i32) -> Told {
        let told = run(command);
        assert_eq!(
            told.code(),
            Some(exit_code),
            "{}{}",
            told.stdout,
            told.stderr
        );
        for secret in ["testsecret123", "wrong-secret"] {
            assert!(!told.stdout.contains(secret), "{}", told.stdout);
        }
        let findings = told.json()["result"]["findings"].clone();
        Told(findings.as_array().unwrap().clone())
    }

    /// The verdict on a subject, and what was found.
    #[track_caller]
    fn of(&self, about: &str) -> (&str, &str) {
        let one = self.0.iter().find(|finding| finding["about"] == about);
        let one = one.unwrap_or_else(|| panic!("nothing about {about}: {:?}", self.0));
        let found = one["found"].as_str().unwrap_or_default();
        if one["verdict"] == "problem" {
            assert!(one["remedy"].is_string(), "{one}");
        }
        (one["verdict"].as_str().unwrap(), found)
    }

    #[track_caller]
    fn is_fine(&self, about: &str, found: &str) {
        let (verdict, said) = self.of(about);
        assert!(verdict == "fine" && said.contains(found), "{about}: {said}");
    }
}

const DOCTOR: &str = "doctor --output json job.toml";

fn bench() -> Workbench {
    let archive = Archive::new(&SPEC).unwrap();
    Workbench::with_archive(&guest("page_days"), &archive).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket() {
    let bench = bench();
    let source = format!("[source.s3]\nbucket = \"{BUCKET}\"\nprefix = \"raw/\"\n");
    bench.write_job(&guest("page_days"), &source).unwrap();
    let gateway = Gateway::start().await.unwrap();
    gateway.upload(&bench.archive(), "raw/").await.unwrap();
    let command = || {
        let mut command = bench.command(DOCTOR);
        command.envs(gateway.environment());
        command
    };

    let told = Told::by(&mut command(), 0);
    told.is_fine("source: credentials", "AWS_ACCESS_KEY_ID");
    told.is_fine("source", "2 objects");
    told.is_fine("first records", "events decoded");

    let told = Told::by(command().env("AWS_SECRET_ACCESS_KEY", "wrong-secret"), 2);
    assert_eq!(told.of("source").0, "problem");
    // What comes after a source that cannot be reached is looked at.
    assert_eq!(told.of("target: rights").0, "fine");

    let mut none = command();
    none.env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", bench.path());
    assert_eq!(
        Told::by(&mut none, 2).of("source: credentials").0,
        "problem"
    );
}

#[test]
fn a_topic() {
    let clicks = Clicks::new(shared(), &guest("page_days"), &SPEC).unwrap();
    clicks.write_job("").unwrap();
    let told = Told::by(&mut clicks.bench.command(DOCTOR), 0);
    told.is_fine("source: credentials", "none are set");
    told.is_fine("source", "reachable");
    told.is_fine("first records", "events decoded");

    // Nothing listens there.
    clicks
        .write_job_at("127.0.0.1:1", "source.kafka.request_timeout = \"2s\"")
        .unwrap();
    let told = Told::by(&mut clicks.bench.command(DOCTOR), 2);
    assert_eq!(told.of("source").0, "problem");
}

#[test]
fn a_database() {
    let mut bench = bench();
    let database = postgres::shared(Release::Packaged)
        .database("doctor")
        .unwrap();
    for (name, value) in database.environment() {
        bench.set_variable(name, value);
    }
    let write_job = |role: &postgres::Role| {
        let url = database.url_at(role, database.port());
        let target = format!("[target.postgres]\nurl = \"{url}\"\nsslmode = \"disable\"\n");
        bench.write_job(&guest("page_days"), &target).unwrap();
    };
    let relations = || {
        let query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        database.superuser().unwrap().rows(query).unwrap()
    };

    write_job(database.owner());
    let told = Told::by(&mut bench.command(DOCTOR), 0);
    told.is_fine("target: rights", "may create tables");
    told.is_fine("target: table", "is not live yet");
    assert!(relations().is_empty(), "the doctor made {:?}", relations());

    write_job(&database.role("stranger").unwrap());
    let told = Told::by(&mut bench.command(DOCTOR), 2);
    assert_eq!(told.of("target: database").0, "problem");

    write_job(database.owner());
    bench.run("run --swap").success();
    let before = relations();
    let told = Told::by(&mut bench.command(DOCTOR), 0);
    told.is_fine("target: table", "version 1");
    assert_eq!(relations(), before);
}

#[test]
fn tables_of_dynamodb() {
    let mut bench = bench();
    let prefix = dynamodb::unique("doctor");
    let target =
        format!("[target.dynamodb]\ntable_prefix = \"{prefix}.\"\npointer_cache = \"0s\"\n");
    bench.write_job(&guest("page_days"), &target).unwrap();
    for (name, value) in dynamodb::environment_at(dynamodb::shared().port()) {
        bench.set_variable(name, &value);
    }
    let told = Told::by(&mut bench.command(DOCTOR), 0);
    told.is_fine("target: credentials", "found");
    told.is_fine("target: database", "nothing of backfold's yet");
    assert_eq!(told.of("target: rights").0, "note");

    bench.run("run --swap").success();
    let told = Told::by(&mut bench.command(DOCTOR), 0);
    told.is_fine("target: table", "version 1");
}
