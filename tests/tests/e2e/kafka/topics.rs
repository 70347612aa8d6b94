//! `backfold` over topics: the table is that of the same events in an archive, and of the frozen offsets alone.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backfold_tests::archive::{Archive, ArchiveSpec, Tallies};
use backfold_tests::broker::{Broker, Isolation, Record, shared};
use backfold_tests::components::guest;
use backfold_tests::topic::{Clicks, PARTITIONS, partition, record};
use backfold_tests::workbench::Workbench;
use rusqlite::types::Value as Cell;
use serde_json::Value;

const RUN: &str = "run --swap --trust-laws --output json";

/// 2026-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// Runs the job of a folder, and gives what it reports.
#[track_caller]
fn run(bench: &Workbench) -> Value {
    let report = bench.run(RUN).success().json()["result"].take();
    assert_eq!(report["outcome"], "live", "{report:#}");
    report
}

/// The same clicks as an archive with an object a partition, each in the order of its partition.
fn as_archive(component: &str, archive: &Archive, settings: &str) -> Workbench {
    let component = guest(component);
    let bench = Workbench::new(&component).unwrap();
    let mut objects = vec![Vec::new(); PARTITIONS as usize];
    for event in archive.events() {
        let object = &mut objects[partition(&event) as usize];
        event.write_json(object);
        object.push(b'\n');
    }
    for (number, object) in objects.into_iter().enumerate() {
        let key = format!("{number}.jsonl");
        bench.write_object(&key, object).unwrap();
    }
    bench.write_job(&component, settings).unwrap();
    bench
}

#[test]
fn a_topic_gives_the_table_of_the_same_events_in_an_archive() {
    // A broker of its own: other tests are members of groups, for which the shared broker has made its topic of offsets.
    let broker = &Broker::start().unwrap();
    let clicks = Clicks::new(broker, &guest("page_days"), &ArchiveSpec::SMALL).unwrap();
    let filed = as_archive("page_days", &clicks.archive, "");
    let of_archive = run(&filed);
    let small = "source.kafka.split_size = \"64 KiB\"\nfold.workers = 2";
    clicks.write_job(small).unwrap();
    let of_topic = run(&clicks.bench);
    assert_eq!(of_topic["loaded"]["digest"], of_archive["loaded"]["digest"]);
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
    assert_eq!(of_topic["counts"]["records"], clicks.archive.len());
    let splits = of_topic["frozen"]["splits"].as_u64().unwrap();
    assert!(
        splits > 3 * 5,
        "one worker alone would read all of it: {splits}"
    );

    // Nobody can tell from the cluster that it was read.
    assert_eq!(broker.groups().unwrap(), [""; 0], "a group was made");
    // A topic of Kafka's own, which the first commit makes.
    let committed = broker.watermarks("__consumer_offsets", 0, Isolation::Committed);
    assert!(committed.is_err(), "something was committed");
}

#[test]
fn a_component_that_is_not_commutative_has_the_order_of_each_partition() {
    let clicks = Clicks::new(shared(), &guest("latest"), &ArchiveSpec::SMALL).unwrap();
    let of_archive = run(&as_archive("latest", &clicks.archive, ""));
    for workers in [1, 2] {
        let settings = format!("source.kafka.split_size = \"64 KiB\"\nfold.workers = {workers}");
        clicks.write_job(&settings).unwrap();
        let of_topic = clicks
            .bench
            .run("run --swap --fresh --output json")
            .success()
            .json();
        assert_eq!(
            of_topic["result"]["loaded"]["digest"], of_archive["loaded"]["digest"],
            "with {workers} workers"
        );
    }
}

/// The state of a key in the component of `tests/guests/beside.rs`: records, tombstones, bytes, headers, and the first and
/// the last time.
type Beside = (i64, i64, i64, i64, i64, i64);

fn beside_of(records: &[Record]) -> BTreeMap<String, Beside> {
    let mut all = BTreeMap::new();
    for one in records {
        let key = one.key.as_deref().unwrap_or(b"-");
        let key = String::from_utf8(key.to_vec()).unwrap();
        let at_us = one.timestamp_ms.unwrap() * 1000;
        let found = all.entry(key).or_insert((0, 0, 0, 0, i64::MAX, i64::MIN));
        let last = one.headers.iter().rfind(|(name, _)| name == "kind");
        let header = last.and_then(|(_, value)| value.as_ref());
        found.0 += 1;
        found.1 += i64::from(one.value.is_none());
        found.2 += one.value.as_ref().map_or(0, |value| value.len() as i64);
        found.3 += header.map_or(0, |value| 1 + value.len() as i64);
        found.4 = found.4.min(at_us);
        found.5 = found.5.max(at_us);
    }
    all
}

fn beside_found(bench: &Workbench) -> BTreeMap<String, Beside> {
    let rows = bench.rows().unwrap().into_iter();
    rows.map(|row| {
        let [Cell::Text(key), numbers @ ..] = &row[..] else {
            panic!("{row:?}");
        };
        let numbers: Vec<i64> = numbers
            .iter()
            .map(|cell| match cell {
                Cell::Integer(number) => *number,
                other => panic!("{other:?}"),
            })
            .collect();
        let [records, tombstones, bytes, headers, first, last] = numbers[..] else {
            panic!("{row:?}");
        };
        (
            key.clone(),
            (records, tombstones, bytes, headers, first, last),
        )
    })
    .collect()
}

/// Records of all kinds, a minute apart, every fifth of them half an hour before its turn.
fn all_kinds() -> Vec<Record> {
    let kind = |value: Option<&str>| ("kind".to_owned(), value.map(|value| value.into()));
    let headers = [
        vec![],
        vec![kind(Some("view"))],
        vec![kind(Some(""))],
        vec![kind(None)],
        vec![
            kind(Some("first")),
            ("other".to_owned(), None),
            kind(Some("last one")),
        ],
    ];
    (0..600_i64)
        .map(|n| Record {
            key: (n % 7 > 0).then(|| format!("key {}", n % 7).into()),
            value: (n % 11 > 0).then(|| vec![b"{\n\0\xff"[n as usize % 4]; n as usize % 50]),
            headers: headers[n as usize % 5].clone(),
            timestamp_ms: Some(BEGIN_MS + 60_000 * (n - if n % 5 == 0 { 30 } else { 0 })),
            partition: (n % 3) as i32,
        })
        .collect()
}

/// The records in a topic, and a job that folds their keys, headers and times.
fn topic_of_all_kinds() -> (Vec<Record>, Clicks) {
    let records = all_kinds();
    let broker = shared();
    let topic = broker.create("beside", 3, &[]).unwrap();
    broker.produce(&topic, "zstd", records.clone()).unwrap();
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    let clicks = Clicks::over(broker, &guest("beside"), topic, archive).unwrap();
    (records, clicks)
}

#[test]
fn what_records_have_beside_their_value_is_folded_and_cut_by_their_own_time() {
    let (records, clicks) = topic_of_all_kinds();
    for format in ["raw-objects", "raw-lines"] {
        clicks
            .write_job(&format!("decode.format = \"{format}\""))
            .unwrap();
        let report = run(&clicks.bench);
        assert_eq!(report["counts"]["events"], 600, "{format}");
        assert_eq!(beside_found(&clicks.bench), beside_of(&records), "{format}");
    }
    let range = "decode.format = \"raw-objects\"\n\
        range = { from = \"2026-01-01T02:00Z\", to = \"2026-01-01T05:00Z\" }\n";
    let hour_ms = 3_600_000;
    let within: Vec<Record> = records
        .into_iter()
        .filter(|one| {
            let at_ms = one.timestamp_ms.unwrap() - BEGIN_MS;
            (2 * hour_ms..5 * hour_ms).contains(&at_ms)
        })
        .collect();
    for lateness in ["1h", "10h"] {
        let settings = format!("{range}source.kafka.lateness = \"{lateness}\"");
        clicks.write_job(&settings).unwrap();
        let report = run(&clicks.bench);
        assert_eq!(report["counts"]["events"], within.len());
        assert_eq!(
            beside_found(&clicks.bench),
            beside_of(&within),
            "{lateness}"
        );
    }
}

#[test]
fn a_rejected_record_keeps_what_it_has_beside_its_value() {
    let (records, clicks) = topic_of_all_kinds();
    let all = "decode.format = \"raw-objects\"\ngate.max_quarantined = 100\n";
    let within = "range = { from = \"2026-01-01T02:00Z\", to = \"2026-01-01T09:00Z\" }";
    for (range, hours) in [("", 0..24), (within, 2..9)] {
        let hour = |one: &Record| (one.timestamp_ms.unwrap() - BEGIN_MS).div_euclid(3_600_000);
        let wanted = records
            .iter()
            .filter(|one| hours.contains(&hour(one).max(0)));
        let wanted: Vec<Record> = wanted.cloned().collect();
        let keyless = wanted.iter().filter(|one| one.key.is_none()).count();
        let settings = format!("{all}{range}\nsource.kafka.lateness = \"1h\"");
        // No key is the key `-`.
        clicks
            .write_job(&format!("{settings}\nparams.refuse = \"-\""))
            .unwrap();
        assert_eq!(run(&clicks.bench)["rejected"], keyless);
        let shown = clicks.bench.run("quarantine show 1").success().stdout;
        assert!(shown.contains("timestamp"), "{shown}");

        clicks.write_job(&settings).unwrap();
        let again = "run --only-quarantined --swap --trust-laws --output json";
        let report = clicks.bench.run(again).success().json();
        assert_eq!(report["result"]["counts"]["events"], keyless);
        assert_eq!(beside_found(&clicks.bench), beside_of(&wanted), "{range}");
    }
}

#[test]
fn a_range_of_time_means_the_same_events_in_a_topic_and_in_an_archive() {
    let range = "range = { from = \"2026-01-01T05:30Z\", to = \"2026-01-01T11:30Z\" }\n";
    let clicks = Clicks::new(shared(), &guest("page_days"), &ArchiveSpec::SMALL).unwrap();
    let of_archive = run(&as_archive("page_days", &clicks.archive, range));
    let lateness = "source.kafka.lateness = \"30m\"";
    clicks.write_job(&format!("{range}{lateness}")).unwrap();
    let of_topic = run(&clicks.bench);
    assert_eq!(of_topic["loaded"]["digest"], of_archive["loaded"]["digest"]);
    let number = |name: &str| of_topic["counts"][name].as_u64().unwrap();
    // 200 events an hour: six are wanted, and one more is read.
    assert_eq!(number("events"), 1_200);
    assert_eq!(number("records"), 1_400);
    assert_eq!(number("out_of_range"), 200);
    // The same range from the command line.
    clicks.write_job(lateness).unwrap();
    let line = format!("{RUN} --from 2026-01-01T05:30Z --to 2026-01-01T11:30Z");
    let flags = clicks.bench.run(&line).success().json();
    assert_eq!(
        flags["result"]["loaded"]["digest"],
        of_topic["loaded"]["digest"]
    );
}

#[test]
fn no_more_bytes_in_a_second_than_the_job_says() {
    let clicks = Clicks::new(shared(), &guest("page_days"), &ArchiveSpec::SMALL).unwrap();
    let bytes: usize = clicks
        .archive
        .events()
        .map(|event| record(&event).value.unwrap().len())
        .sum();
    clicks
        .write_job(
            "source.kafka.max_bytes_per_second = \"600 KB\"\nsource.kafka.split_size = \"64 KiB\"",
        )
        .unwrap();
    clicks.bench.run("plan").success();
    let began = Instant::now();
    run(&clicks.bench);
    // A second's worth is free.
    let least = Duration::from_secs_f64(bytes as f64 / 600_000.0 - 1.0);
    assert!(least > Duration::from_secs(1), "{least:?}");
    assert!(
        began.elapsed() > least,
        "{:?} of {least:?}",
        began.elapsed()
    );
    assert!(clicks.bench.tallies().unwrap() == clicks.archive.expected());
}

/// The records of a topic before these offsets.
fn tallies_before(clicks: &Clicks, ends: &[i64]) -> Tallies {
    let mut next = vec![0; ends.len()];
    let before: Vec<bool> = clicks
        .archive
        .events()
        .map(|event| {
            let partition = partition(&event) as usize;
            next[partition] += 1;
            next[partition] <= ends[partition]
        })
        .collect();
    clicks
        .archive
        .expected_where(|event| before[event.number as usize])
}

/// The next offsets of a handoff, by partition.
fn next_offsets(positions: &Value) -> Vec<i64> {
    let positions = positions.as_array().unwrap().iter();
    positions
        .map(|position| position["offset"]["next"].as_i64().unwrap())
        .collect()
}

#[test]
fn what_is_produced_after_the_plan_is_not_in_the_table_and_the_next_job_begins_with_it() {
    let spec = ArchiveSpec {
        events: 60_000,
        ..ArchiveSpec::SMALL
    };
    let broker = shared();
    let archive = Archive::new(&spec).unwrap();
    let topic = broker.create("growing", PARTITIONS, &[]).unwrap();
    let clicks = Clicks::over(broker, &guest("page_days"), topic.clone(), archive).unwrap();
    let records: Vec<Record> = clicks
        .archive
        .events()
        .map(|event| record(&event))
        .collect();
    let done = AtomicBool::new(false);
    let (planned, sent) = thread::scope(|scope| {
        let producer = scope.spawn(|| {
            // 500 clicks are 200 KB: 2 MB in a second.
            let mut sent = 0;
            for chunk in records.chunks(500) {
                broker.produce(&topic, "lz4", chunk.to_vec()).unwrap();
                sent += chunk.len();
                if done.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(Duration::from_millis(80));
            }
            sent
        });
        let began = Instant::now();
        while broker
            .watermarks(&topic, 2, Isolation::Committed)
            .unwrap()
            .1
            < 100
        {
            assert!(began.elapsed() < Duration::from_secs(60));
        }
        let planned = clicks.bench.run("plan --output json").success().json();
        run(&clicks.bench);
        done.store(true, Ordering::Relaxed);
        (planned, producer.join().unwrap())
    });
    let partitions = planned["result"]["frozen"]["partitions"]
        .as_array()
        .unwrap();
    let ends: Vec<i64> = partitions
        .iter()
        .map(|partition| partition["end"].as_i64().unwrap())
        .collect();
    let frozen: i64 = ends.iter().sum();
    assert!(frozen < sent as i64, "nothing came after the plan");
    assert!(clicks.bench.tallies().unwrap() == tallies_before(&clicks, &ends));

    let handoff = clicks.bench.run("handoff --output json").success().json();
    assert_eq!(next_offsets(&handoff["result"]["positions"]), ends);
    let lines = clicks.bench.run("handoff --format kafka").success().stdout;
    let expected: Vec<String> = (0..)
        .zip(&ends)
        .map(|(n, end)| format!("{topic},{n},{end}\n"))
        .collect();
    assert_eq!(lines, expected.concat());

    // Where the first ends, the second begins.
    let component = guest("page_days");
    let archive = Archive::new(&spec).unwrap();
    let rest = Clicks::over(broker, &component, topic.clone(), archive).unwrap();
    let from: Vec<String> = (0..)
        .zip(&ends)
        .map(|(n, end)| format!("{topic}/{n}={end}"))
        .collect();
    rest.write_job(&format!("range.from = \"{}\"", from.join(",")))
        .unwrap();
    let report = run(&rest.bench);
    assert_eq!(report["counts"]["events"], sent as i64 - frozen);
    let mut both = clicks.bench.tallies().unwrap();
    for (key, tally) in rest.bench.tallies().unwrap() {
        let sum = both.entry(key).or_default();
        sum.events += tally.events;
        sum.duration_ms += tally.duration_ms;
    }
    let all = clicks
        .archive
        .expected_where(|event| event.number < sent as u64);
    assert!(both == all, "something is in neither or in both");
}
