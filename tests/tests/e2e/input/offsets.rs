//! Archives whose keys name offsets of a topic: what is missing refuses, what is there twice counts once.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use backfold_tests::components::guest;
use backfold_tests::visits::parquet_of;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

/// The layout and the envelope of Aiven's S3 sink, whose records carry their offsets.
const CARRIED: &str = "source.files.layout = \"aiven\"\ndecode.envelope = \"aiven\"";
/// The same names, and records that carry nothing.
const BARE: &str = "source.files.layout = \"aiven\"";

fn value(offset: i64) -> Value {
    json!({
        "ts": "2026-01-01T10:00:00Z",
        "page_id": format!("/{}", offset % 7),
        "duration_ms": offset,
    })
}

fn carried(offsets: Range<i64>) -> String {
    let records = offsets.map(|offset| json!({ "offset": offset, "value": value(offset) }));
    records.map(|record| format!("{record}\n")).collect()
}

fn bare(offsets: Range<i64>) -> String {
    let records = offsets.map(value);
    records.map(|record| format!("{record}\n")).collect()
}

fn bench(settings: &str) -> Workbench {
    let component = guest("page_days");
    let bench = Workbench::new(&component).unwrap();
    bench.write_job(&component, settings).unwrap();
    bench
}

/// The rows of a table that was made of `offsets` without any layout.
fn table(offsets: Range<i64>) -> Vec<Vec<rusqlite::types::Value>> {
    let plain = bench("");
    plain.write_object("all.jsonl", bare(offsets)).unwrap();
    plain.run("run --swap").success();
    plain.rows().unwrap()
}

#[test]
fn what_several_objects_hold_counts_once() {
    // A restarted task writes again from its last commit; another task still runs.
    let bench = bench(CARRIED);
    for (key, offsets) in [
        ("clicks-0-0.jsonl", 0..100),
        ("clicks-0-60.jsonl", 60..200),
        ("clicks-0-100.jsonl", 100..130),
        ("clicks-0-200.jsonl", 200..250),
    ] {
        bench.write_object(key, carried(offsets)).unwrap();
    }
    let report = bench.run("run --swap --output json").success().json();
    assert_eq!(report["result"]["counts"]["repeated"], 40 + 30);
    assert_eq!(report["result"]["counts"]["events"], 250);
    assert!(bench.rows().unwrap() == table(0..250));
}

#[test]
fn splits_folded_before_and_after_a_stop_count_once() {
    let settings =
        "fold.workers = 1\nfold.checkpoint_interval = \"0s\"\nsource.files.split_size = \"1\"";
    let bench = bench(&format!("{CARRIED}\n{settings}\nquarantine.stop_after = 0"));
    bench
        .write_object("clicks-0-0.jsonl", carried(0..100))
        .unwrap();
    // The run stops here, after the first checkpoint.
    let broken = format!("{}{{\n", carried(50..150));
    bench.write_object("clicks-0-50.jsonl", broken).unwrap();
    bench.refuses("run", 42, "BF0501");
    let journal = bench.journal();
    assert!(
        journal.concat().contains("\"covered\":[[0,100]]"),
        "{journal:?}"
    );
    let component = guest("page_days");
    let lenient = "quarantine.stop_after = 10\ngate.max_quarantined = 1";
    bench
        .write_job(&component, &format!("{CARRIED}\n{settings}\n{lenient}"))
        .unwrap();
    bench.run("run --swap").success();
    assert_eq!(bench.builds().len(), 1);
    assert!(bench.rows().unwrap() == table(0..150));
}

#[test]
fn a_gap_refuses_unless_the_job_allows_it() {
    for (settings, objects) in [(CARRIED, carried as fn(Range<i64>) -> String), (BARE, bare)] {
        let bench = bench(settings);
        bench
            .write_object("clicks-0-0.jsonl", objects(0..10))
            .unwrap();
        bench
            .write_object("clicks-0-25.jsonl", objects(25..30))
            .unwrap();
        let said = bench.refuses("run --swap", 3, "BF0701");
        assert!(
            said.contains("offsets missing between objects: 15, at clicks/0 10 to 24"),
            "{said}"
        );
        let component = guest("page_days");
        bench
            .write_job(&component, &format!("{settings}\ngate.allow_gaps = true"))
            .unwrap();
        bench.run("run --swap").success();
    }
}

#[test]
fn what_counts_twice_refuses_unless_the_job_allows_it() {
    let bench = bench(BARE);
    bench.write_object("clicks-3-0.jsonl", bare(0..10)).unwrap();
    bench.write_object("clicks-3-8.jsonl", bare(8..12)).unwrap();
    let said = bench.refuses("run --swap", 3, "BF0701");
    assert!(
        said.contains(
            "offsets folded twice, since two objects hold them: 2; of these, 2 of clicks/3"
        ),
        "{said}"
    );
    let component = guest("page_days");
    bench
        .write_job(&component, &format!("{BARE}\ngate.allow_overlaps = true"))
        .unwrap();
    bench.run("run --swap").success();
}

#[test]
fn a_broken_line_among_records_with_offsets_has_no_offset() {
    let bench = bench(&format!("{CARRIED}\ngate.max_quarantined = 2"));
    let broken = format!("broken\n{}broken\n{}", carried(0..3), carried(3..10));
    bench.write_object("clicks-0-0.jsonl", broken).unwrap();
    bench
        .write_object("clicks-0-10.jsonl", carried(10..20))
        .unwrap();
    let report = bench.run("run --swap --output json").success().json();
    assert_eq!(report["result"]["rejected"], 2);
    assert!(bench.rows().unwrap() == table(0..20));
}

#[test]
fn records_may_carry_their_offsets_anywhere() {
    let bench = bench("source.files.layout = \"aiven\"\ndecode.record_offset = \"kafka.offset\"");
    let records = |offsets: Range<i64>| -> String {
        let records = offsets.map(|offset| {
            let mut record = value(offset);
            record["kafka"] = json!({ "offset": offset });
            format!("{record}\n")
        });
        records.collect()
    };
    bench
        .write_object("clicks-0-0.jsonl", records(0..10))
        .unwrap();
    bench
        .write_object("clicks-0-5.jsonl", records(5..20))
        .unwrap();
    bench.run("run --swap").success();
    assert!(bench.rows().unwrap() == table(0..20));
}

/// As Parquet of several row groups, with the offsets in a column.
fn columns(offsets: Range<i64>) -> Vec<u8> {
    let values: Vec<Value> = offsets.clone().map(value).collect();
    let texts = |name: &str| {
        let texts = values.iter().map(|value| value[name].as_str());
        Arc::new(StringArray::from_iter(texts)) as ArrayRef
    };
    let numbers = |numbers: Range<i64>| Arc::new(Int64Array::from_iter_values(numbers)) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("ts", texts("ts")),
        ("page_id", texts("page_id")),
        ("duration_ms", numbers(offsets.clone())),
        ("offset", numbers(offsets)),
    ]);
    parquet_of(&rows.unwrap()).unwrap()
}

#[test]
fn rows_of_parquet_count_once_too() {
    for (settings, events) in [
        ("decode.record_offset = \"offset\"", 300),
        ("gate.allow_overlaps = true", 350),
    ] {
        let bench = bench(&format!("source.files.layout = \"aiven\"\n{settings}"));
        for (key, offsets) in [
            ("clicks-0-0.parquet", 0..150),
            ("clicks-0-100.parquet", 100..300),
        ] {
            bench.write_object(key, columns(offsets)).unwrap();
        }
        let report = bench.run("run --swap --output json").success().json();
        assert_eq!(report["result"]["counts"]["events"], events);
        let is_same = bench.rows().unwrap() == table(0..300);
        assert_eq!(is_same, events == 300);
        // Missing offsets do not depend on the row groups.
        bench
            .write_object("clicks-0-301.parquet", columns(301..500))
            .unwrap();
        let said = bench.refuses("run --swap --fresh", 3, "BF0701");
        assert!(
            said.contains("offsets missing between objects: 1, at clicks/0 300"),
            "{said}"
        );
    }
}

/// The next offsets of the live build, by partition.
fn next_offsets(bench: &Workbench) -> Vec<(i64, i64)> {
    let handoff = bench.run("handoff --output json").success().json();
    let positions = handoff["result"]["positions"].as_array().unwrap().clone();
    let offset = |position: &Value| {
        let offset = &position["offset"];
        assert_eq!(
            (&offset["source"], &offset["topic"]),
            (&json!("files"), &json!("clicks"))
        );
        (
            offset["partition"].as_i64().unwrap(),
            offset["next"].as_i64().unwrap(),
        )
    };
    positions.iter().map(offset).collect()
}

#[test]
fn a_consumer_goes_on_at_the_offsets_of_each_partition() {
    let bench = bench(BARE);
    let end = |partition: i64| 10 + 3 * partition;
    for partition in 0..12 {
        let key = format!("clicks-{partition}-0.jsonl");
        bench.write_object(&key, bare(0..end(partition))).unwrap();
    }
    bench.run("run --swap").success();
    let first: Vec<_> = (0..12)
        .map(|partition| (partition, end(partition)))
        .collect();
    assert_eq!(next_offsets(&bench), first);
    let lines = bench.run("handoff --format kafka").success().stdout;
    let expected = first
        .iter()
        .map(|(partition, next)| format!("clicks,{partition},{next}\n"));
    assert_eq!(lines, expected.collect::<String>());

    // In the order of keys, most of these come before objects that were read already.
    for partition in 0..12 {
        let start = end(partition);
        let key = format!("clicks-{partition}-{start}.jsonl");
        bench.write_object(&key, bare(start..start + 5)).unwrap();
    }
    bench.run("run --swap").success();
    let second: Vec<_> = first
        .iter()
        .map(|(partition, next)| (*partition, next + 5))
        .collect();
    assert_eq!(next_offsets(&bench), second);

    // The build that is shown again has the positions that it had.
    bench.run("rollback").success();
    assert_eq!(next_offsets(&bench), first);
}

#[test]
fn a_table_of_a_range_keeps_the_offsets_whose_events_may_be_later() {
    let bench = bench(&format!("{BARE}\nrange = \"@:2026-01-01T10:30:00Z\""));
    bench.write_object("clicks-0-0.jsonl", bare(0..20)).unwrap();
    bench
        .write_object("clicks-0-20.jsonl", bare(20..40))
        .unwrap();
    bench.run("run --swap").success();
    // The keys name no time: any of these objects may hold an event that was out of the range.
    let handoff = bench.run("handoff --output json").success().json();
    let position = &handoff["result"]["positions"][0]["offset"];
    assert_eq!(
        (&position["next"], &position["until_us"]),
        (&json!(0), &json!(1_767_263_400_000_000_i64))
    );
}
