//! Rejected records, folded again as what they are: lines below a header, rows of columns, bytes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use backfold_tests::components::guest;
use backfold_tests::visits::{avro_of, parquet_of};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

fn record(page: &str, duration: impl Into<Value>) -> String {
    let duration: Value = duration.into();
    let record = json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration });
    format!("{record}\n")
}

/// A page of a table, by how often it was seen and the sum of its durations.
fn tally(bench: &Workbench, page: &str) -> (i64, i64) {
    let tallies = bench.tallies().unwrap();
    let tally = tallies[&(page.into(), "2026-01-01".into())];
    (tally.events, tally.duration_ms)
}

/// Where the rejected records of the newest build stand.
fn places(bench: &Workbench) -> Vec<Value> {
    let list = bench.run("quarantine list --output json").success().json();
    let records = list["result"]["records"].as_array().unwrap().clone();
    let place = |record: &Value| json!([record["source"], record["offset"], record["byte"]]);
    records.iter().map(place).collect()
}

#[test]
fn csv_records_are_folded_with_the_header_of_their_object() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    let first = "duration_ms,ts,page_id\n1,2026-01-01T10:00:00Z,/a\n4,2026-01-01T10:00:00Z,\"trap\n,1\"\n1.5,2026-01-01T10:00:00Z,/a\n";
    bench.write_object("part-1.csv", first).unwrap();
    let second = "page_id;ts;duration_ms\n";
    let second = second.replace(';', ",") + "/b,2026-01-01T10:00:00Z,-3\n/b,2026-01-01T10:00:00Z\n";
    bench.write_object("part-2.csv", second).unwrap();
    bench.refuses("run", 3, "BF0701");
    let before = places(&bench);
    assert_eq!(before.len(), 4);

    let again = bench.run("quarantine replay 1").success();
    let reason = "rejected by the decoder: `1.5` is not written as an integer";
    assert!(again.stdout.contains(reason), "{}", again.stdout);
    let trapped = before.iter().position(|place| place[2] == 49).unwrap() + 1;
    let again = bench.run(&format!("quarantine replay {trapped} -p on_trap=none"));
    let said = again.success().stdout;
    assert!(said.contains("folded: it counts now"), "{said}");
    assert!(said.contains(r#"page = "trap\n,1""#), "{said}");

    // The component is mended, and one of the records.
    let settings = "params.on_trap = \"none\"\ngate.max_quarantined = 2";
    bench.write_job(&component, settings).unwrap();
    let file = bench.builds()[0].join("quarantine.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"1.5,2026", "\"15,2026")).unwrap();
    bench.run("run --only-quarantined --swap").success();
    assert_eq!(tally(&bench, "/a"), (2, 16));
    assert_eq!(tally(&bench, "trap\n,1"), (1, 4));
    // The records that are left keep their positions, and can be folded once more.
    let left = places(&bench);
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|place| before.contains(place)), "{left:?}");
    let file = bench.builds()[1].join("quarantine.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("Z,-3\"", "Z,3\"")).unwrap();
    bench.run("run --only-quarantined --fresh --swap").success();
    assert_eq!(tally(&bench, "/b"), (1, 3));
}

#[test]
fn a_csv_record_without_the_header_of_its_object_is_not_folded() {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let object = "duration_ms,ts,page_id\n-1,2026-01-01T10:00:00Z,/a\n";
    bench.write_object("part-1.csv", object).unwrap();
    bench.refuses("run", 3, "BF0701");
    let file = bench.builds()[0].join("quarantine.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let mut line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["header"], json!({ "text": "duration_ms,ts,page_id" }));
    // As builds of an earlier version have it.
    line.as_object_mut().unwrap().remove("header");
    fs::write(&file, format!("{line}\n")).unwrap();
    bench.refuses("quarantine replay 1", 2, "BF0108");
    bench.refuses("run --only-quarantined", 2, "BF0108");
}

/// Three visits as columns, in which the middle one is a trap.
fn columns() -> RecordBatch {
    let at = TimestampMillisecondArray::from_iter_values([1_767_261_600_000; 3]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(at.with_timezone("UTC"))),
        (
            "page_id",
            Arc::new(StringArray::from(vec!["/a", "trap", "/a"])),
        ),
        ("duration_ms", Arc::new(Int64Array::from(vec![1, 4, -3]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn records_of_each_format_are_folded_as_what_they_are() {
    let line = |page: &str, duration: i64| record(page, duration).trim().to_owned();
    let lines = [line("/a", 1), line("trap", 4), line("/a", -3)];
    let bare =
        "/a|1|2026-01-01T10:00:00Z\n'trap'|4|2026-01-01T10:00:00Z\n/a|-3|2026-01-01T10:00:00Z\n";
    let bare_settings = r#"
        [decode]
        format = "csv"
        csv = { delimiter = "|", quote = "'", header = false, columns = ["page_id", "duration_ms", "ts"] }
    "#;
    let enveloped = lines.clone().map(|line| format!(r#"{{"payload":{line}}}"#));
    let cases = [
        ("part-1.jsonl", lines.join("\n").into_bytes(), ""),
        ("part-1", lines.concat().into_bytes(), ""),
        (
            "part-1.json",
            enveloped.concat().into_bytes(),
            "decode.envelope = \"connect-schema\"",
        ),
        ("part-1.txt", bare.as_bytes().to_vec(), bare_settings),
        ("part-1.parquet", parquet_of(&columns()).unwrap(), ""),
        ("part-1.avro", avro_of(&columns()).unwrap(), ""),
        (
            "part-1.bin",
            avro_of(&columns()).unwrap(),
            "decode.format = \"avro\"",
        ),
    ];
    let component = guest("trapping");
    for (key, object, settings) in cases {
        let bench = Workbench::new(&component).unwrap();
        bench.write_job(&component, settings).unwrap();
        bench.write_object(key, object).unwrap();
        let said = bench.refuses("run", 3, "BF0701");
        assert!(said.contains("2 records were rejected"), "{key}: {said}");
        let before = places(&bench);
        let mended = format!("params.on_trap = \"none\"\ngate.max_quarantined = 1\n{settings}");
        bench.write_job(&component, &mended).unwrap();
        bench.run("run --only-quarantined --swap").success();
        assert_eq!(
            (tally(&bench, "/a"), tally(&bench, "trap")),
            ((1, 1), (1, 4)),
            "{key}"
        );
        assert_eq!(places(&bench), before[1..], "{key}");
    }
}

#[test]
fn raw_records_are_folded_as_what_they_are() {
    let component = guest("payloads");
    for format in ["raw-lines", "raw-objects"] {
        let bench = Workbench::new(&component).unwrap();
        let settings =
            |most: u32| format!("decode.format = \"{format}\"\ndecode.max_record = \"{most} B\"");
        bench.write_job(&component, &settings(4)).unwrap();
        bench.write_object("a", "long enough\n").unwrap();
        bench.write_object("b", "\n").unwrap();
        bench.refuses("run", 3, "BF0701");
        bench.write_job(&component, &settings(40)).unwrap();
        bench.run("run --only-quarantined --swap").success();
        let rows = bench.rows().unwrap();
        let line_feed = i64::from(format == "raw-objects");
        let row = |topic: &str, bytes: i64| vec![topic.to_owned().into(), 1.into(), bytes.into()];
        assert_eq!(
            rows,
            [row("a", 11 + line_feed), row("b", line_feed)],
            "{format}"
        );
    }
}

#[test]
fn records_that_a_rejection_swallowed_can_be_mended_with_it() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    bench
        .write_job(&component, "gate.max_quarantined = 9")
        .unwrap();
    let object = [record("/a", 1), record("/a", 2), record("/a", 3)].concat();
    // Without line feeds; nothing says where the second one begins.
    let object = object
        .replace('\n', "")
        .replacen(":1,", ":01,", 1)
        .replacen("}{\"", "}{", 1);
    bench.write_object("part-1", object).unwrap();
    let said = bench.refuses("run", 3, "BF0701");
    assert!(said.contains("in places: 1"), "{said}");
    bench.refuses("run --only-quarantined", 3, "BF0701");
    for build in bench.builds() {
        let file = build.join("quarantine.jsonl");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace(":01,", ":1,").replace("}{", "}{\\\"");
        fs::write(&file, text).unwrap();
    }
    bench.run("run --only-quarantined --fresh --swap").success();
    assert_eq!(tally(&bench, "/a"), (3, 6));
}
