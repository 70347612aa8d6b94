//! A range of time: the layout narrows the objects, the time of each event decides.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

const HOUR_MS: i64 = 3_600_000;

fn bench(settings: &str) -> Workbench {
    let component = guest("page_days");
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    let bench = Workbench::with_archive(&component, &archive).unwrap();
    bench.write_job(&component, settings).unwrap();
    bench
}

/// Half past five to half past eleven.
const RANGE: &str = "range = { from = \"2026-01-01T05:30Z\", to = \"2026-01-01T11:30:00+00:00\" }";

#[track_caller]
fn check(settings: &str, objects: u64) {
    let bench = bench(settings);
    let planned = bench.run("plan --output json").success().json();
    assert_eq!(planned["result"]["frozen"]["objects"], objects);
    let report = bench.run("run --swap --output json").success().json();
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    let in_range = |at_ms: i64| {
        let of_day_ms = at_ms % (24 * HOUR_MS);
        (5 * HOUR_MS + HOUR_MS / 2..11 * HOUR_MS + HOUR_MS / 2).contains(&of_day_ms)
    };
    assert!(bench.tallies().unwrap() == archive.expected_where(|event| in_range(event.at_ms)));
    let counts = &report["result"]["counts"];
    let number = |name: &str| counts[name].as_u64().unwrap();
    let events = archive
        .events()
        .filter(|event| in_range(event.at_ms))
        .count() as u64;
    assert_eq!(number("events"), events);
    assert_eq!(number("records"), 200 * objects);
    assert_eq!(number("out_of_range"), 200 * objects - events);
}

#[test]
fn without_a_layout_all_objects_are_read() {
    check(RANGE, 24);
}

#[test]
fn a_range_in_one_string_is_the_same() {
    check("range = \"@2026-01-01T05:30Z:6h\"", 24);
}

#[test]
fn the_hours_of_the_keys_leave_objects_out() {
    let layout = "source.files = { layout = \"firehose\", lateness = \"0s\" }";
    check(&format!("{RANGE}\n{layout}"), 7);
}

#[test]
fn objects_may_hold_events_of_an_hour_that_is_not_their_own() {
    let layout = "source.files = { layout = \"firehose\", lateness = \"90m\" }";
    check(&format!("{RANGE}\n{layout}"), 9);
}

#[test]
fn flags_go_over_the_job() {
    let bench = bench("range.from = \"2031-01-01\"");
    let line = "run --swap --from 2026-01-01T23:00Z --to latest --output json";
    let report: Value = bench.run(line).success().json();
    assert_eq!(report["result"]["counts"]["events"], 200);
}

#[test]
fn ranges_that_hold_nothing() {
    let firehose = "source.files.layout = \"firehose\"";
    let bench = bench(firehose);
    bench.refuses("run --from 2031-01-01", 2, "BF0204");
    bench.refuses("run --from 2026-01-02 --to 2026-01-01", 2, "BF0210");
    bench.refuses("run --from yesterday", 2, "BF0006");
    // No key says so, but no event is that late.
    bench.write_job(&guest("page_days"), "").unwrap();
    bench.refuses("run --from 2031-01-01", 3, "BF0701");
}
