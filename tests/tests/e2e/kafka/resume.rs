//! Over topics too, a run that was stopped goes on with the same command to the same table, whatever happens to the
//! cluster meanwhile; and where that cannot be, nothing is swapped.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::OnceLock;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::broker::{Broker, Record, shared};
use backfold_tests::components::guest;
use backfold_tests::process::{Finished, Running};
use backfold_tests::topic::{Clicks, PARTITIONS, record};
use serde_json::Value;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 6_000,
    ..ArchiveSpec::SMALL
};

const RUN: &str = "run --swap --trust-laws --output json";

/// Some eighty splits; no build depends on how they are read.
const STEPWISE: &str = "source.kafka.split_size = \"40 KiB\"";

/// A second's worth of bytes is free, nine splits; the others come at nine in a second.
const SLOW: &str = "source.kafka.max_bytes_per_second = \"300 KB\"";

/// A checkpoint a split.
const CAREFUL: &str = "fold = { workers = 2, checkpoint_interval = \"0s\" }";

fn clicks(broker: &Broker) -> Clicks {
    Clicks::new(broker, &guest("page_days"), &SPEC).unwrap()
}

/// Writes the job with all of these settings.
#[track_caller]
fn write_job(clicks: &Clicks, settings: &[&str]) {
    let settings = [settings, &[STEPWISE]].concat().join("\n");
    clicks.write_job(&settings).unwrap();
}

fn run(clicks: &Clicks) -> Finished {
    clicks.bench.run(RUN).success()
}

/// A run that has folded a few splits, and takes seconds for the others.
fn begun(clicks: &Clicks) -> Running {
    write_job(clicks, &[SLOW, CAREFUL]);
    let mut running = clicks.bench.start(RUN);
    running.wait_until(|| clicks.folded().len() >= 8);
    running
}

/// The digest of a run without interruption.
fn undisturbed_digest() -> Value {
    static DIGEST: OnceLock<Value> = OnceLock::new();
    DIGEST
        .get_or_init(|| {
            let clicks = clicks(shared());
            write_job(&clicks, &[]);
            let finished = run(&clicks);
            check_table(&clicks, &finished);
            finished.json()["result"]["loaded"]["digest"].clone()
        })
        .clone()
}

/// The right table, of each split once, in one build.
#[track_caller]
fn check_table(clicks: &Clicks, finished: &Finished) {
    let result = &finished.json()["result"];
    assert_eq!(result["outcome"], "live");
    assert_eq!(result["counts"]["events"], SPEC.events);
    assert_eq!(clicks.bench.builds().len(), 1, "all went on with one build");
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
    let splits = result["frozen"]["splits"].as_u64().unwrap();
    assert!(splits > 60, "{splits}");
    assert!(clicks.folded().into_iter().eq(0..splits));
}

/// The same, and as if nothing had happened.
#[track_caller]
fn check_complete(clicks: &Clicks, finished: &Finished) {
    check_table(clicks, finished);
    let digest = &finished.json()["result"]["loaded"]["digest"];
    assert_eq!(*digest, undisturbed_digest());
}

/// Fails with this error, and again, and leaves no table.
#[track_caller]
fn check_refused(clicks: &Clicks, code: &str) -> String {
    let said = clicks.bench.refuses("run --swap --trust-laws", 42, code);
    assert!(clicks.bench.rows().is_err(), "something is live");
    said
}

/// The end of the folded splits: the offset after the last split of those that were folded without a gap.
fn covered_end(clicks: &Clicks) -> i64 {
    let folded = clicks.folded();
    let covered = (0..).zip(&folded).take_while(|(n, split)| n == *split);
    let splits = clicks.splits().unwrap();
    let last = &splits[covered.count().checked_sub(1).unwrap()]["input"]["offsets"];
    assert_eq!(last["partition"], 0);
    last["end"].as_i64().unwrap()
}

#[test]
fn killed_three_times() {
    let clicks = clicks(shared());
    write_job(&clicks, &[SLOW, CAREFUL]);
    for kills in 1..=3 {
        let before = clicks.bench.journal();
        let mut running = clicks.bench.start(RUN);
        running.wait_until(|| clicks.bench.journal().len() >= before.len() + 4);
        assert_eq!(running.kill().code(), None, "it should not have ended yet");
        let after = clicks.bench.journal();
        assert!(after.starts_with(&before), "{before:?}\n{after:?}");
        assert!(clicks.folded().len() < 70, "killed {kills} times");
    }
    write_job(&clicks, &[CAREFUL]);
    let finished = run(&clicks);
    check_complete(&clicks, &finished);
}

#[test]
fn interrupted_and_what_the_checkpoint_covers_is_deleted() {
    let broker = shared();
    let archive = Archive::new(&SPEC).unwrap();
    let topic = broker.create("spoilt", PARTITIONS, &[]).unwrap();
    // It has no page.
    let broken = Record::of("{\"ts\": \"2026-01-01T00:00:00Z\"}");
    let events = archive.events().map(|event| record(&event));
    broker
        .produce(&topic, "none", [broken].into_iter().chain(events))
        .unwrap();
    let clicks = Clicks::over(broker, &guest("page_days"), topic.clone(), archive).unwrap();
    // With the interval of half a minute, only the interruption makes a checkpoint.
    let settings = ["gate.max_quarantined = 1", "fold.workers = 2"];
    write_job(&clicks, &[&settings[..], &[SLOW]].concat());
    let mut running = clicks.bench.start(RUN);
    running.wait_until(|| {
        let builds = clicks.bench.builds();
        let rejected = "quarantine/0000000000.jsonl";
        builds.iter().any(|build| build.join(rejected).exists())
    });
    assert!(clicks.bench.journal().is_empty());
    running.signal("INT");
    let finished = running.finish().fails_with(130);
    assert_eq!(finished.json()["error"]["code"], "BF0505");
    assert!(clicks.bench.rows().is_err(), "nothing is live");

    broker
        .delete_records(&topic, 0, covered_end(&clicks))
        .unwrap();
    write_job(&clicks, &settings);
    let finished = run(&clicks);
    check_complete(&clicks, &finished);
}

#[test]
fn what_no_checkpoint_covers_is_deleted() {
    let broker = shared();
    let clicks = clicks(broker);
    begun(&clicks).kill();
    let end = covered_end(&clicks);
    broker
        .delete_records(&clicks.topic, 0, SPEC.events as i64 * 6 / 10)
        .unwrap();
    write_job(&clicks, &[CAREFUL]);
    let said = check_refused(&clicks, "BF0247");
    let expected = format!("of {}/0 are gone: its log begins at 3600", clicks.topic);
    assert!(said.contains(&expected), "{said}");
    assert!(end < 3_600);
    check_refused(&clicks, "BF0247");
    // What there is makes a table of its own.
    let anew = clicks.bench.run(&format!("{RUN} --fresh")).success().json();
    assert_eq!(anew["result"]["counts"]["events"], SPEC.events - 3_600);
}

#[test]
fn a_partition_is_added_in_mid_run() {
    let broker = shared();
    let clicks = clicks(broker);
    let running = begun(&clicks);
    broker
        .add_partitions(&clicks.topic, PARTITIONS + 1)
        .unwrap();
    let later = Record::of("{}").partition(PARTITIONS);
    broker.produce(&clicks.topic, "none", [later]).unwrap();
    let finished = running.finish().success();
    check_complete(&clicks, &finished);
    let warned = "partitions were added since the plan: 1";
    assert!(finished.stderr.contains(warned), "{}", finished.stderr);
}

#[test]
fn the_topic_is_made_anew_in_mid_run() {
    let broker = shared();
    let clicks = clicks(broker);
    let running = begun(&clicks);
    broker.make_anew(&clicks.topic, PARTITIONS, &[]).unwrap();
    let events = clicks.archive.events().map(|event| record(&event));
    broker.produce(&clicks.topic, "lz4", events).unwrap();
    let finished = running.finish().fails_with(42);
    let code = finished.json()["error"]["code"].clone();
    assert!(code == "BF0249" || code == "BF0250", "{code}");
    assert!(clicks.bench.rows().is_err(), "something is live");
    // The same offsets have the same events, and it is another topic all the same.
    write_job(&clicks, &[CAREFUL]);
    check_refused(&clicks, "BF0249");
}

#[test]
fn the_topic_is_deleted_in_mid_run() {
    let broker = shared();
    let clicks = clicks(broker);
    begun(&clicks).kill();
    broker.delete(&clicks.topic).unwrap();
    write_job(&clicks, &[CAREFUL]);
    check_refused(&clicks, "BF0250");
}

#[test]
fn the_broker_is_killed_and_comes_back_in_mid_run() {
    let mut broker = Broker::start().unwrap();
    let clicks = clicks(&broker);
    let running = begun(&clicks);
    broker.kill();
    let before = clicks.folded().len();
    broker.restart().unwrap();
    let finished = running.finish().success();
    assert!(before < 70, "it had all before the broker was killed");
    check_complete(&clicks, &finished);
}

#[test]
fn the_broker_does_not_come_back() {
    let mut broker = Broker::start().unwrap();
    let clicks = clicks(&broker);
    begun(&clicks).kill();
    broker.kill();
    let impatient = "source.kafka.request_timeout = \"2s\"";
    write_job(&clicks, &[CAREFUL, impatient]);
    clicks.bench.refuses("run --swap --trust-laws", 1, "BF0244");
    broker.restart().unwrap();
    let finished = run(&clicks);
    check_complete(&clicks, &finished);
}
