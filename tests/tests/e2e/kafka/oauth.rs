//! How a job logs in to brokers by the tokens of an identity provider.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use backfold_tests::archive::ArchiveSpec;
use backfold_tests::broker::{Broker, Listener, Options};
use backfold_tests::components::guest;
use backfold_tests::process::{self, Running};
use backfold_tests::provider::{Client, Provider, SCOPE};
use backfold_tests::server;
use backfold_tests::topic::Clicks;

const RUN: &str = "run --swap --trust-laws";

/// Where the secret stands, for the command.
const VARIABLE: &str = "BACKFOLD_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET";

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// A provider, and a broker that takes its tokens, for all tests of this file.
fn shared() -> &'static (Provider, Broker) {
    static SHARED: OnceLock<(Provider, Broker)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let provider = Provider::start().unwrap();
        let broker = Options::default().with_provider(&provider).start();
        (provider, broker.unwrap())
    })
}

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 4_800,
    ..ArchiveSpec::SMALL
};

fn clicks() -> Clicks {
    Clicks::new(&shared().1, &guest("page_days"), &SPEC).unwrap()
}

/// Writes a job that logs in as this client.
fn write_job(clicks: &Clicks, provider: &Provider, client: &Client, settings: &str) {
    let broker = &shared().1;
    let ca = broker.security().ca.to_str().unwrap();
    let authority = provider.authority().to_str().unwrap();
    let properties = [
        ("security.protocol", "sasl_ssl"),
        ("ssl.ca.location", ca),
        ("sasl.mechanism", "OAUTHBEARER"),
        ("sasl.oauthbearer.method", "oidc"),
        ("sasl.oauthbearer.token.endpoint.url", &provider.token_url()),
        ("https.ca.location", authority),
        ("sasl.oauthbearer.client.id", &client.id),
        ("sasl.oauthbearer.scope", SCOPE),
    ];
    let properties: String = properties
        .iter()
        .map(|(name, value)| format!("source.kafka.properties.{name:?} = {value:?}\n"))
        .collect();
    let settings = format!("{properties}{settings}");
    clicks
        .write_job_at(&broker.address(Listener::SaslSsl), &settings)
        .unwrap();
}

fn command(clicks: &Clicks, line: &str, client: &Client) -> Command {
    let mut command = clicks.bench.command(line);
    command.env(VARIABLE, &client.secret);
    command
}

#[test]
fn a_token_of_the_provider_opens_the_topic() {
    let (provider, client) = (&shared().0, shared().0.register(LONG));
    let clicks = clicks();
    write_job(&clicks, provider, &client, "");
    process::run(&mut command(&clicks, RUN, &client)).success();
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
    assert!(!provider.given(&client).is_empty());
}

#[test]
fn a_wrong_secret_is_told_within_seconds() {
    let (provider, client) = (&shared().0, shared().0.register(LONG));
    let clicks = clicks();
    write_job(&clicks, provider, &client, "");
    let mut command = clicks.bench.command(RUN);
    let began = Instant::now();
    let said = clicks
        .bench
        .refuses_as(command.env(VARIABLE, "another-one"), 2, "BF0243");
    assert!(began.elapsed() < Duration::from_secs(10), "{said}");
    assert!(said.contains("The secret is not the client's"), "{said}");
    assert!(!said.contains("another-one"), "{said}");
}

/// The broker does look at tokens.
#[test]
fn a_token_for_others_or_by_others_is_refused() {
    let (provider, client) = (&shared().0, shared().0.register(LONG));
    let clicks = clicks();
    write_job(&clicks, provider, &client, "");
    let line = format!("{RUN} -X sasl.oauthbearer.scope=elsewhere");
    let said = clicks
        .bench
        .refuses_as(&mut command(&clicks, &line, &client), 2, "BF0243");
    assert!(said.contains("invalid_token"), "{said}");
    let other = Provider::start().unwrap();
    let client = other.register(LONG);
    write_job(&clicks, &other, &client, "");
    let said = clicks
        .bench
        .refuses_as(&mut command(&clicks, RUN, &client), 2, "BF0243");
    assert!(said.contains("invalid_token"), "{said}");
    assert!(!other.given(&client).is_empty());
}

/// How long a token lives, where it does not for long.
const SHORT: Duration = Duration::from_secs(3);

/// A run of about ten seconds, which fetches anew for each of its splits.
const SLOW: &str = "source.kafka.split_size = \"20 KiB\"\n\
    source.kafka.max_bytes_per_second = \"90 KB\"\n\
    source.kafka.properties.\"queued.max.messages.kbytes\" = 20\n\
    source.kafka.properties.\"fetch.message.max.bytes\" = 20000\n\
    source.kafka.stall_timeout = \"5s\"\n\
    fold = { workers = 2, checkpoint_interval = \"0s\" }\n";

#[test]
fn tokens_that_run_out_are_renewed() {
    let (provider, client) = (&shared().0, shared().0.register(SHORT));
    let clicks = clicks();
    write_job(&clicks, provider, &client, SLOW);
    let began = Instant::now();
    process::run(&mut command(&clicks, RUN, &client)).success();
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
    assert!(began.elapsed() > SHORT * 2, "{:?}", began.elapsed());
    let given = provider.given(&client);
    let over = *given.last().unwrap() - SHORT;
    assert!(given[0] < over, "{given:?}");
}

/// A token that ran out is worth nothing, or the test before shows nothing. What was read is kept, and goes on.
#[test]
fn without_new_tokens_a_run_stops_and_goes_on_with_them() {
    let (provider, client) = (&shared().0, shared().0.register(SHORT));
    let clicks = clicks();
    write_job(&clicks, provider, &client, SLOW);
    let mut running = Running::start(&mut command(&clicks, RUN, &client));
    running.wait_until(|| clicks.folded().len() >= 2);
    provider.revoke(&client);
    let said = running.finish().fails_with(1).stderr;
    assert!(said.contains("BF0251"), "{said}");
    assert!(provider.refused(&client) > 0);
    let client = provider.register(LONG);
    write_job(&clicks, provider, &client, SLOW);
    process::run(&mut command(&clicks, RUN, &client)).success();
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
}

#[test]
fn a_provider_that_cannot_be_asked_is_named() {
    let (provider, client) = (&shared().0, shared().0.register(LONG));
    let clicks = clicks();
    let patience = "source.kafka.request_timeout = \"2s\"";
    write_job(&clicks, provider, &client, patience);
    let nobody = server::free_port().unwrap();
    let line =
        format!("{RUN} -X sasl.oauthbearer.token.endpoint.url=https://127.0.0.1:{nobody}/token");
    let said = clicks
        .bench
        .refuses_as(&mut command(&clicks, &line, &client), 1, "BF0244");
    let problem = "no token can be fetched from the identity provider: Failed to connect";
    assert!(said.contains(problem), "{said}");
}

#[test]
fn the_secret_is_neither_in_a_job_nor_on_a_command_line_nor_in_a_build() {
    let (provider, client) = (&shared().0, shared().0.register(LONG));
    let clicks = clicks();
    for name in ["client.secret", "client.credentials.client.secret"] {
        let property = format!("sasl.oauthbearer.{name}");
        let settings = format!("source.kafka.properties.{property:?} = \"s3cret\"");
        write_job(&clicks, provider, &client, &settings);
        let said = clicks.bench.refuses(RUN, 2, "BF0006");
        assert!(said.contains("is a secret"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
        write_job(&clicks, provider, &client, "");
        let line = format!("{RUN} -X {property}=s3cret");
        let said = clicks.bench.refuses(&line, 2, "BF0006");
        assert!(said.contains("is a secret"), "{said}");
    }
    // A file may have it.
    let text = format!("sasl.oauthbearer.client.secret={}\n", client.secret);
    fs::write(clicks.bench.path().join("kafka.properties"), text).unwrap();
    let file = "source.kafka.properties_file = \"kafka.properties\"";
    write_job(&clicks, provider, &client, file);
    clicks.bench.run(RUN).success();
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
    clicks.bench.assert_not_in_builds(&client.secret);
}
