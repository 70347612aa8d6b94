//! The records that a build rejected: counted, listed, shown, folded again.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;

use backfold_tests::components::{guest, raw};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

fn record(page: &str, duration: impl Into<Value>) -> String {
    let duration: Value = duration.into();
    let record = json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration });
    format!("{record}\n")
}

/// A build that has rejected five of nine records.
fn rejected() -> Workbench {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let object = [
        record("/a", 1),
        record("/a", "soon"),
        record("trap", 1),
        record("/a", 1.5),
        record("/b\u{1b}[2J", -3),
        record("/a", 2.5),
        record("/a", 2),
    ];
    bench.write_object("part-1.jsonl", object.concat()).unwrap();
    bench.refuses("run", 3, "BF0701");
    bench
}

/// Without what depends on how the component was compiled.
fn stable(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let depends = ["component  ", "fuel  ", "in  ", "  in "];
        let prefix = depends.iter().find(|prefix| line.starts_with(**prefix));
        match prefix {
            Some(prefix)
                if lines
                    .last()
                    .is_none_or(|last: &String| !last.starts_with(prefix)) =>
            {
                lines.push(format!("{prefix}…"));
            }
            Some(_) => {}
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

#[test]
fn a_table_without_rejected_records_says_so() {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let said = bench.run("quarantine list").success();
    assert_eq!(said.stdout, "no record was rejected\n");
    bench.write_object("part-1.jsonl", record("/a", 1)).unwrap();
    bench.run("run").success();
    let counted = bench.run("quarantine counts --output json").success();
    assert_eq!(counted.json()["result"]["total"], 0);
    bench.refuses("quarantine show 1", 2, "BF0107");
    bench.refuses(
        "quarantine list --build 01ARZ3NDEKTSV4RRFFQ69G5FAV",
        2,
        "BF0104",
    );
}

#[test]
fn they_are_counted_by_reason_and_listed() {
    let bench = rejected();
    let build = bench.builds().pop().unwrap();
    let build = build.file_name().unwrap().to_str().unwrap();
    let text = |line: &str| {
        let said = bench.run(line).success();
        stable(&said.stdout.replace(build, "BUILD"))
    };
    insta::assert_snapshot!(text("quarantine counts"), @"
    5 rejected records of build BUILD
    records  first  where                  by         reason
          2      2  part-1.jsonl record 3  decoder    duration_ms: `…` is not written as an integer
          1      1  part-1.jsonl record 1  decoder    duration_ms: found a string where a value of kind int64 is wanted
          1      4  part-1.jsonl record 2  component  panic: stepped into the trap
          1      5  part-1.jsonl record 4  component  the duration is negative: -N
    ");
    insta::assert_snapshot!(text("quarantine list"), @r#"
    5 rejected records of build BUILD
    number  where                  by         reason
         1  part-1.jsonl record 1  decoder    duration_ms: found a string where a value of kind int64 i…
         2  part-1.jsonl record 3  decoder    duration_ms: `1.5` is not written as an integer
         3  part-1.jsonl record 5  decoder    duration_ms: `2.5` is not written as an integer
         4  part-1.jsonl record 2  component  panic: stepped into the trap
         5  part-1.jsonl record 4  component  the duration is negative: -3
    "#);
    insta::assert_snapshot!(text("quarantine list --limit 2"), @r#"
    5 rejected records of build BUILD
    number  where                  by       reason
         1  part-1.jsonl record 1  decoder  duration_ms: found a string where a value of kind int64 is …
         2  part-1.jsonl record 3  decoder  duration_ms: `1.5` is not written as an integer
    and 3 more
    "#);
    insta::assert_snapshot!(text("quarantine show 4"), @r#"
    number       4
    record       part-1.jsonl record 2
    length       62 bytes, from byte 127 of the object, decompressed
    rejected by  component
    reason       panic: stepped into the trap
    component  …
    failure      a trap in `fold`
    said           at tests/guests/trapping.rs:59
    fuel  …
    in  …

    columns
      at = "2026-01-01T10:00:00Z"
      duration_ms = 1
      page = "trap"

    {"duration_ms":1,"page_id":"trap","ts":"2026-01-01T10:00:00Z"}
    "#);
    let shown = bench
        .run("quarantine show 4 --output json")
        .success()
        .json();
    assert_eq!(shown["result"]["failure"]["kind"], "trap");
    assert_eq!(shown["result"]["columns"]["page"], "trap");
    bench.refuses("quarantine show 6", 2, "BF0107");
}

#[test]
fn one_is_folded_again_with_what_the_job_says_now() {
    let bench = rejected();
    let again = |line: &str| {
        let said = bench.run(&format!("quarantine replay {line}")).success();
        stable(&said.stdout)
    };
    insta::assert_snapshot!(again("4"), @r#"
    number        4
    record        part-1.jsonl record 2
    length        62 bytes, from byte 127 of the object, decompressed
    was rejected  panic: stepped into the trap
    component  …

    columns
      at = "2026-01-01T10:00:00Z"
      duration_ms = 1
      page = "trap"

    failed: BF0411: panic: stepped into the trap
        at tests/guests/trapping.rs:59
      in …
    "#);
    insta::assert_snapshot!(again("4 -p on_trap=none"), @r#"
    number        4
    record        part-1.jsonl record 2
    length        62 bytes, from byte 127 of the object, decompressed
    was rejected  panic: stepped into the trap
    component  …

    columns
      at = "2026-01-01T10:00:00Z"
      duration_ms = 1
      page = "trap"

    folded: it counts now

    state
      day = "2026-01-01"
      page = "trap"
      total_ms = 1
      views = 1
    "#);
    insta::assert_snapshot!(again("5"), @r#"
    number        5
    record        part-1.jsonl record 4
    length        70 bytes, from byte 253 of the object, decompressed
    was rejected  the duration is negative: -3
    component  …

    columns
      at = "2026-01-01T10:00:00Z"
      duration_ms = -3
      page = "/b\u001b[2J"

    rejected by the component: the duration is negative: -3
    "#);
    insta::assert_snapshot!(again("1"), @r#"
    number        1
    record        part-1.jsonl record 1
    length        65 bytes, from byte 61 of the object, decompressed
    was rejected  found a string where a value of kind int64 is wanted
    component  …

    rejected by the decoder: found a string where a value of kind int64 is wanted
    "#);
    let passed = bench.run("quarantine replay 4 --to 2025-01-01 --output json");
    assert_eq!(
        passed.success().json()["result"]["fate"]["outcome"],
        "passed_over"
    );
    // Nothing was written.
    assert_eq!(bench.builds().len(), 1);
}

#[test]
fn a_record_that_was_cut_cannot_be_folded_again() {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let long = record(&"x".repeat(100_000), "soon");
    bench.write_object("part-1.jsonl", long).unwrap();
    bench.refuses("run", 3, "BF0701");
    bench.refuses("quarantine replay 1", 2, "BF0108");
}

#[test]
fn only_what_was_rejected_is_folded_on_top_of_the_rest() {
    let bench = rejected();
    let settings = "params.on_trap = \"none\"\ngate.max_quarantined = 4";
    bench.write_job(&guest("trapping"), settings).unwrap();
    // Splits folded before are not read again.
    fs::remove_file(bench.archive().join("part-1.jsonl")).unwrap();
    let report = bench
        .run("run --only-quarantined --swap --output json")
        .success()
        .json();
    let result = &report["result"];
    assert_eq!(
        (&result["outcome"], &result["rejected"]),
        (&"live".into(), &4.into())
    );
    assert_eq!(result["counts"]["records"], 5);
    let base = bench.builds()[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(result["based_on"], base.as_str());
    let tallies = bench.tallies().unwrap();
    let tally = |page: &str| {
        let tally = tallies[&(page.into(), "2026-01-01".into())];
        (tally.events, tally.duration_ms)
    };
    assert_eq!(
        (tally("/a"), tally("trap"), tallies.len()),
        ((2, 3), (1, 1), 2)
    );
    // The records that are left keep their positions.
    let shown = bench.run("quarantine list --output json").success().json();
    let places = shown["result"]["records"].as_array().unwrap().iter();
    let places: Vec<_> = places
        .map(|record| record["offset"].as_i64().unwrap())
        .collect();
    assert_eq!(places, [1, 3, 5, 4]);

    // And what is left of that.
    let again = "run --only-quarantined --fresh -p on_trap=panic --output json";
    let report = bench.run(again).success().json();
    let second = bench.builds()[1]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(report["result"]["based_on"], second.as_str());
}

#[test]
fn a_build_that_an_unfinished_one_goes_on_from_is_not_collected() {
    let bench = rejected();
    let settings = "params.on_trap = \"none\"\ngate.max_quarantined = 4";
    bench.write_job(&guest("trapping"), settings).unwrap();
    bench.run("run --only-quarantined --only-fold").success();
    let [base, top] = &bench.builds()[..] else {
        panic!("two builds");
    };
    // As if it was still at its beginning: it has the states of its base, and its lock.
    fs::write(top.join("journal.jsonl"), &bench.journal()[0]).unwrap();
    let lock = fs::File::open(top.join("lock")).unwrap();
    lock.lock().unwrap();
    bench.run("run --fresh").success();
    // The base is not among those to keep, but its records are yet to be read.
    bench.run("gc --keep 1").success();
    assert!(base.exists() && top.exists());
    drop(lock);
    bench.run("gc --keep 0").success();
    assert!(base.exists() && !top.exists(), "what was given up goes");
    bench.run("gc --keep 0").success();
    assert!(!base.exists(), "and then what it needed");
}

#[test]
fn what_the_key_of_its_object_says_holds_for_a_rejected_record() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    let hive = "source.files.layout = \"hive\"";
    bench.write_job(&component, hive).unwrap();
    let record = json!({ "ts": "2026-01-01T10:00:00Z", "duration_ms": 4 });
    let object = format!("{record}\n");
    bench
        .write_object("page_id=trap/part-1.jsonl", object)
        .unwrap();
    bench.refuses("run", 3, "BF0701");
    let mended = format!("{hive}\nparams.on_trap = \"none\"");
    bench.write_job(&component, &mended).unwrap();
    bench.run("run --only-quarantined --swap").success();
    let tallies = bench.tallies().unwrap();
    let tally = tallies[&("trap".into(), "2026-01-01".into())];
    assert_eq!((tally.events, tally.duration_ms), (1, 4));
}

#[test]
fn the_newest_build_is_the_one_to_go_on_from() {
    let bench = rejected();
    let mend = "gate.max_quarantined = 10\nparams.on_trap = \"none\"";
    bench.write_job(&guest("trapping"), mend).unwrap();
    bench.run("run --only-quarantined").success();
    bench
        .write_object("part-2.jsonl", record("/a", -7))
        .unwrap();
    bench.run("run --fresh").success();
    let newest = bench.builds()[2]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let report = bench
        .run("run --only-quarantined --output json")
        .success()
        .json();
    assert_eq!(report["result"]["based_on"], newest.as_str());
    assert_eq!(bench.builds().len(), 4);
    // Given again, the command goes on with its own build.
    let again = bench
        .run("run --only-quarantined --output json")
        .success()
        .json();
    assert_eq!(again["result"]["build"], report["result"]["build"]);
}

#[test]
fn a_record_is_mended_in_the_quarantine() {
    let bench = rejected();
    bench
        .write_job(&guest("trapping"), "gate.max_quarantined = 10")
        .unwrap();
    let file = bench.builds()[0].join("quarantine.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(r#"\"soon\""#), "{text}");
    fs::write(&file, text.replace(r#"\"soon\""#, "12345678")).unwrap();
    let said = bench.run("quarantine replay 1").success();
    assert!(
        said.stdout.contains("folded: it counts now"),
        "{}",
        said.stdout
    );
    bench.run("run --only-quarantined --swap").success();
    let tally = bench.tallies().unwrap()[&("/a".into(), "2026-01-01".into())];
    assert_eq!((tally.events, tally.duration_ms), (3, 12_345_681));
}

#[test]
fn what_cannot_be_folded_on_top_is_refused() {
    let bench = rejected();
    bench.write_job(&raw(), "").unwrap();
    bench.refuses("run --only-quarantined", 2, "BF0110");
    let bench = Workbench::new(&guest("trapping")).unwrap();
    bench.refuses("run --only-quarantined", 2, "BF0109");
    bench.write_object("part-1.jsonl", record("/a", 1)).unwrap();
    bench.run("run").success();
    bench.refuses("run --only-quarantined", 2, "BF0109");
    // The time of its object, by which the component goes, is not kept with a record.
    let beside = guest("beside");
    let bench = Workbench::new(&beside).unwrap();
    let settings = "decode.format = \"raw-lines\"\nparams.refuse = \"-\"";
    bench.write_job(&beside, settings).unwrap();
    bench.write_object("part-1.jsonl", record("/a", 1)).unwrap();
    bench.refuses("run --trust-laws", 3, "BF0701");
    let said = bench.refuses("run --only-quarantined", 2, "BF0110");
    assert!(said.contains("input `key` is not in the value"), "{said}");
}
