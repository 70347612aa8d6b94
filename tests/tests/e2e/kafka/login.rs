//! How a job comes to brokers that want a certificate or a login, and what it says where they do not let it in.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use backfold_tests::archive::ArchiveSpec;
use backfold_tests::broker::{Listener, PASSWORD, USER, shared};
use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::topic::Clicks;

const RUN: &str = "run --swap --trust-laws";

/// Where the password stands, for the command.
const VARIABLE: &str = "BACKFOLD_KAFKA_SASL_PASSWORD";

fn clicks() -> Clicks {
    let spec = ArchiveSpec {
        events: 480,
        ..ArchiveSpec::SMALL
    };
    Clicks::new(shared(), &guest("page_days"), &spec).unwrap()
}

/// Writes the job with the properties of a client that comes to this listener; none of them is the password.
fn write_job(clicks: &Clicks, listener: Listener, mechanism: &str) {
    let security = shared().security();
    let location = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let mut properties = Vec::new();
    let protocol = match listener {
        Listener::Plaintext => "plaintext",
        Listener::Ssl | Listener::Mtls => "ssl",
        Listener::SaslPlaintext => "sasl_plaintext",
        Listener::SaslSsl => "sasl_ssl",
    };
    properties.push(("security.protocol", protocol.to_owned()));
    if protocol.ends_with("ssl") {
        properties.push(("ssl.ca.location", location(&security.ca)));
    }
    if listener == Listener::Mtls {
        let certificate = location(&security.client_certificate);
        properties.push(("ssl.certificate.location", certificate));
        properties.push(("ssl.key.location", location(&security.client_key)));
    }
    if protocol.starts_with("sasl") {
        properties.push(("sasl.mechanism", mechanism.to_owned()));
        properties.push(("sasl.username", USER.to_owned()));
    }
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name:?} = {value:?}"))
        .collect();
    let settings = format!("source.kafka.properties = {{ {} }}", properties.join(", "));
    clicks
        .write_job_at(&shared().address(listener), &settings)
        .unwrap();
}

#[track_caller]
fn check_read(clicks: &Clicks, command: &mut Command) {
    process::run(command).success();
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
}

#[track_caller]
fn lets_in(listener: Listener, mechanism: &str) {
    let clicks = clicks();
    write_job(&clicks, listener, mechanism);
    let mut command = clicks.bench.command(RUN);
    check_read(&clicks, command.env(VARIABLE, PASSWORD));
    // No file of the build contains it.
    clicks.bench.assert_not_in_builds(PASSWORD);
}

#[test]
fn tls() {
    lets_in(Listener::Ssl, "");
}

#[test]
fn tls_with_a_certificate_of_the_client() {
    lets_in(Listener::Mtls, "");
}

#[test]
fn plain() {
    lets_in(Listener::SaslSsl, "PLAIN");
}

#[test]
fn scram_sha_256() {
    lets_in(Listener::SaslPlaintext, "SCRAM-SHA-256");
}

#[test]
fn scram_sha_512() {
    lets_in(Listener::SaslSsl, "SCRAM-SHA-512");
}

#[test]
fn a_file_has_the_password_and_a_flag_goes_over_the_job() {
    let clicks = clicks();
    let address = shared().address(Listener::SaslPlaintext);
    let file = clicks.bench.path().join("kafka.properties");
    let text = format!(
        "# for tests\nsecurity.protocol=sasl_plaintext\nsasl.mechanism=PLAIN\n\
         sasl.username={USER}\nsasl.password={PASSWORD}\n"
    );
    fs::write(&file, text).unwrap();
    let settings = "source.kafka.properties_file = \"kafka.properties\"\n\
                    source.kafka.properties = { \"sasl.username\" = \"nobody\" }";
    clicks.write_job_at(&address, settings).unwrap();
    clicks.bench.refuses(RUN, 2, "BF0243");
    let line = format!("{RUN} -X sasl.username={USER}");
    check_read(&clicks, &mut clicks.bench.command(&line));
    clicks
        .bench
        .refuses(&format!("{RUN} -X sasl.password={PASSWORD}"), 2, "BF0006");
    clicks
        .bench
        .refuses(&format!("{RUN} -X group.id=g"), 2, "BF0006");
}

#[test]
fn who_is_not_let_in_is_told_within_seconds() {
    let clicks = clicks();
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        write_job(&clicks, Listener::SaslSsl, mechanism);
        let began = Instant::now();
        let mut command = clicks.bench.command(RUN);
        command.env(VARIABLE, "another-one");
        let said = clicks.bench.refuses_as(&mut command, 2, "BF0243");
        assert!(began.elapsed() < Duration::from_secs(10), "{said}");
        assert!(!said.contains("another-one"), "{said}");
    }
    // An authority that the client does not know.
    let ssl = "source.kafka.properties = { \"security.protocol\" = \"ssl\" }";
    clicks
        .write_job_at(&shared().address(Listener::Ssl), ssl)
        .unwrap();
    clicks.bench.refuses(RUN, 2, "BF0243");
}

#[test]
fn what_does_not_belong_into_a_job_is_refused_with_its_line() {
    let clicks = clicks();
    let refused = |settings: &str| {
        let settings = format!("source.kafka.properties = {{ {settings} }}");
        clicks.write_job(&settings).unwrap();
        let job = fs::read_to_string(clicks.bench.job()).unwrap();
        let said = clicks.bench.refuses(RUN, 2, "BF0006");
        let (place, problem) = said.split_once(": ").unwrap();
        let line: usize = place.rsplit(':').next().unwrap().parse().unwrap();
        assert!(job.lines().nth(line - 1).is_some(), "{said}\n{job}");
        problem.to_owned()
    };
    insta::assert_snapshot!(refused("\"sasl.password\" = \"x\""), @"`source.kafka.properties`: `sasl.password` is a secret: set the environment variable BACKFOLD_KAFKA_SASL_PASSWORD, or use a `properties_file`");
    insta::assert_snapshot!(refused("\"isolation.level\" = \"read_uncommitted\""), @"`source.kafka.properties`: `isolation.level` cannot be set: records of aborted transactions must not be folded");
}
