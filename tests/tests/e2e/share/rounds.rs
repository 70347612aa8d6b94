//! Units that hold records of earlier units are folded again, without what the earlier ones hold.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::ops::Range;

use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::units::Units;
use backfold_tests::workbench::Workbench;
use serde_json::json;

use super::same_table::of_one_process;

/// The records of Aiven's S3 sink, which carry their offsets.
fn carried(offsets: Range<i64>) -> String {
    let record = |offset: i64| {
        let value = json!({
            "ts": "2026-01-01T10:00:00Z",
            "user_id": format!("u{}", offset % 3),
            "page_id": format!("/{}", offset % 7),
            "duration_ms": offset,
        });
        json!({ "offset": offset, "value": value })
    };
    offsets
        .map(|offset| format!("{}\n", record(offset)))
        .collect()
}

/// An archive in which a restarted task wrote again what was there.
pub(super) fn overlapping(component: &str, settings: &str) -> Workbench {
    let component = guest(component);
    let bench = Workbench::new(&component).unwrap();
    let layout = "source.files.layout = \"aiven\"\ndecode.envelope = \"aiven\"\nsource.files.split_size = \"1\"";
    bench
        .write_job(&component, &format!("{layout}\n{settings}"))
        .unwrap();
    for (key, offsets) in [
        ("clicks-0-0000.jsonl", 0..100),
        ("clicks-0-0060.jsonl", 60..200),
        ("clicks-0-0100.jsonl", 100..130),
        ("clicks-0-0200.jsonl", 200..250),
        ("clicks-0-0250.jsonl", 250..300),
        ("clicks-0-0290.jsonl", 290..400),
        ("clicks-1-0000.jsonl", 0..50),
    ] {
        bench.write_object(key, carried(offsets)).unwrap();
    }
    bench
}

#[test]
fn records_of_several_units_count_once() {
    let bench = overlapping("page_days", "");
    let expected = of_one_process(&bench);
    assert_eq!(expected["counts"]["repeated"], 40 + 30 + 10);
    for (number, again) in [(1, 0), (2, 1), (4, 2), (7, 3)] {
        fs::remove_dir_all(bench.work()).unwrap();
        let units = Units::stage(&bench, &format!("share-{number}"), number).unwrap();
        assert_eq!(units.units, number);
        for unit in 0..number {
            units.fold(1, unit);
        }
        let sealing = units.seal();
        let left = sealing["left"].as_array().unwrap();
        assert!(left.len() <= again, "{sealing:#}");
        assert_eq!(sealing["sealed"], left.is_empty(), "{sealing:#}");
        let rounds = units.fold_all().unwrap();
        assert_eq!(rounds, if left.is_empty() { 1 } else { 2 });
        let report = units.run("").success().json();
        for member in ["loaded", "counts", "outcome"] {
            assert_eq!(
                report["result"][member], expected[member],
                "{member}, {number} units"
            );
        }
    }
}

#[test]
fn a_round_is_of_the_units_that_are_listed() {
    let bench = overlapping("page_days", "");
    let units = Units::stage(&bench, "share", 7).unwrap();
    bench.refuses_as(&mut units.worker(2, 1), 2, "BF1315");
    for unit in 0..7 {
        units.fold(1, unit);
    }
    let left = units.seal()["left"].clone();
    assert_eq!(left, json!([1, 2, 5]));
    bench.refuses_as(&mut units.worker(2, 0), 2, "BF1315");
    bench.refuses_as(&mut units.worker(3, 1), 2, "BF1315");
    // Job arrays count from 0: the third place is that of unit 5.
    let mut command = bench.without_job("worker --round 2 --output json");
    command.arg(&units.build).env("JOB_COMPLETION_INDEX", "2");
    let folded = process::run(&mut command).success().json();
    assert_eq!(folded["result"]["unit"], 5);
    assert_eq!(units.seal()["left"], json!([1, 2]));
    // A worker of the first round that is late does not count.
    units.fold(1, 1);
    assert_eq!(units.seal()["left"], json!([1, 2]));
    assert_eq!(units.fold_all().unwrap(), 2);
}

#[test]
fn where_the_order_matters_nothing_is_taken_out_and_the_gate_refuses() {
    let bench = overlapping("latest", "");
    let refused = bench.run("run --fresh --output json").fails_with(3).json();
    let repeated = |report: &serde_json::Value| report["result"]["gate"]["checks"].clone();
    fs::remove_dir_all(bench.work()).unwrap();
    let units = Units::stage(&bench, "share", 7).unwrap();
    assert_eq!(units.fold_all().unwrap(), 1);
    let report = units.run("").fails_with(3).json();
    assert_eq!(report["result"]["loaded"], refused["result"]["loaded"]);
    assert_eq!(repeated(&report), repeated(&refused));
}
