//! Input that is not as it should be: the run says so, and the live table stays as it was.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::io::Write;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// A table that is live, made of an archive that is sound.
fn live(component: &str) -> Workbench {
    let component = guest(component);
    let spec = ArchiveSpec {
        events: 40,
        objects: 2,
        layout: backfold_tests::archive::Layout::Flat,
        ..ArchiveSpec::SMALL
    };
    let archive = Archive::new(&spec).unwrap();
    let bench = Workbench::with_archive(&component, &archive).unwrap();
    bench.run("run --swap").success();
    assert!(bench.tallies().unwrap() == archive.expected());
    bench
}

/// The same, and then an object more.
fn live_then(key: &str, bytes: impl AsRef<[u8]>) -> Workbench {
    let bench = live("page_days");
    bench.write_object(key, bytes).unwrap();
    bench
}

fn record(page: &str, duration_ms: i64) -> String {
    let record =
        json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration_ms });
    format!("{record}\n")
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn quarantine(bench: &Workbench) -> Vec<Value> {
    let build = bench.builds().pop().unwrap();
    fs::read_to_string(build.join("quarantine.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn no_such_path() {
    let bench = live("page_days");
    bench
        .write_job(&guest("page_days"), "source.files.path = \"archiv\"")
        .unwrap();
    let said = bench.refuses("run --swap", 2, "BF0202");
    assert!(said.contains("archiv"), "{said}");
}

#[test]
fn an_empty_archive() {
    let bench = live("page_days");
    for object in ["part-00000.jsonl", "part-00001.jsonl"] {
        fs::remove_file(bench.archive().join(object)).unwrap();
    }
    bench.refuses("run --swap", 2, "BF0203");
    bench.write_object("_SUCCESS", "").unwrap();
    bench.refuses("run --swap", 2, "BF0203");
}

#[test]
fn objects_without_a_record() {
    let bench = live("page_days");
    for object in ["part-00000.jsonl", "part-00001.jsonl"] {
        bench.write_object(object, "\n").unwrap();
    }
    let said = bench.refuses("run --swap", 3, "BF0701");
    assert!(said.contains("the table has 0 rows"), "{said}");
}

#[test]
fn half_a_gzip_member() {
    let whole = gzip(record("/a", 1).repeat(1000));
    let bench = live_then("part-2.gz", &whole[..whole.len() / 2]);
    let said = bench.refuses("run --swap", 42, "BF0302");
    assert!(
        said.contains("split 0") && said.contains("part-2.gz"),
        "{said}"
    );
    // Nothing of the second member is there but its first bytes.
    let second = [&whole[..], &whole[..5]].concat();
    bench.write_object("part-2.gz", second).unwrap();
    bench.refuses("run --swap --fresh", 42, "BF0302");
}

#[test]
fn a_gzip_member_whose_checksum_is_wrong() {
    let mut bytes = gzip(record("/a", 1));
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let said = live_then("part-2.gz", bytes).refuses("run --swap", 42, "BF0303");
    assert!(said.contains("part-2.gz"), "{said}");
}

#[test]
fn garbage_behind_a_gzip_member() {
    let member = gzip(record("/a", 1));
    let bytes = [&member[..], b"garbage"].concat();
    let said = live_then("part-2.gz", bytes).refuses("run --swap", 42, "BF0304");
    assert!(
        said.contains(&format!("at byte {}", member.len())),
        "{said}"
    );
}

#[test]
fn an_object_that_is_not_compressed_as_its_name_says() {
    live_then("part-2.gz", record("/a", 1)).refuses("run --swap", 42, "BF0301");
    live_then("part-2.zst", "").refuses("run --swap", 42, "BF0301");
}

#[test]
fn a_bomb() {
    let bomb = gzip(vec![b' '; 80 << 20]);
    let bench = live_then("part-2.gz", bomb);
    let said = bench.refuses("run --swap", 42, "BF0306");
    assert!(said.contains("decode.max_ratio"), "{said}");
    bench
        .write_job(&guest("page_days"), "decode.max_object = \"1 MiB\"")
        .unwrap();
    bench.refuses("run --swap", 42, "BF0305");
}

#[test]
fn records_that_are_rejected() {
    let settings = "decode.max_record = \"200 KB\"";
    let bench = live("trapping");
    bench.write_job(&guest("trapping"), settings).unwrap();
    let levels = 100_000;
    let nested = format!(
        "{}{}\n",
        r#"{"a":"#.repeat(levels / 2),
        "[".repeat(levels / 2)
    );
    let long = format!("{{\"page_id\": \"{}\"}}\n", "x".repeat(300_000));
    let object = [
        record("/a", 1).as_bytes(),
        record("/a", -3).as_bytes(),
        b"{\"page_id\": 7, \"ts\": \"2026-01-01T10:00:00Z\", \"duration_ms\": 1}\n",
        b"\n{\"page_id\": \"/a\xff\"}\r\n",
        b"{\"page_id\": \"/a\", \"ts\": \"2026-01-01T10:00:00Z\", \"duration_ms\": 1.5}\n",
        nested.as_bytes(),
        long.as_bytes(),
        record("/a", 2).as_bytes(),
        b"{\"page_id\": \"/a\", \"ts\":",
    ]
    .concat();
    bench.write_object("part-2.jsonl", &object).unwrap();
    let said = bench.refuses("run --swap", 3, "BF0701");
    assert!(
        said.contains("7 records were rejected, at most 0 may be"),
        "{said}"
    );

    let mut lines = quarantine(&bench);
    for line in &mut lines {
        // The quarantine keeps the beginning of a long record, which is long too.
        let text = line["text"].as_str().unwrap_or_default();
        if text.len() > 200 {
            let kept = format!("{}… {} bytes", &text[..20], text.len());
            line["text"] = kept.into();
        }
        if let Some(digest) = line.get_mut("component") {
            *digest = "its digest".into();
        }
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"byte":123,"length_bytes":62,"offset":2,"path":"page_id","reason":"found a number where a value of kind utf8 is wanted","rejected_by":"decoder","source":"part-2.jsonl","split":0,"text":"{\"page_id\": 7, \"ts\": \"2026-01-01T10:00:00Z\", \"duration_ms\": 1}"}
    {"base64":"eyJwYWdlX2lkIjogIi9h/yJ9","byte":187,"length_bytes":18,"offset":3,"reason":"not UTF-8 at byte 15","rejected_by":"decoder","source":"part-2.jsonl","split":0}
    {"byte":207,"length_bytes":67,"offset":4,"path":"duration_ms","reason":"`1.5` is not written as an integer","rejected_by":"decoder","source":"part-2.jsonl","split":0,"text":"{\"page_id\": \"/a\", \"ts\": \"2026-01-01T10:00:00Z\", \"duration_ms\": 1.5}"}
    {"byte":275,"length_bytes":300000,"offset":5,"reason":"nested more than 128 levels deep at byte 640","rejected_by":"decoder","source":"part-2.jsonl","split":0,"text":"{\"a\":{\"a\":{\"a\":{\"a\":… 65536 bytes"}
    {"byte":300276,"length_bytes":300015,"offset":6,"reason":"longer than 200000 bytes, the limit `decode.max_record`","rejected_by":"decoder","source":"part-2.jsonl","split":0,"text":"{\"page_id\": \"xxxxxxx… 65536 bytes"}
    {"byte":600353,"length_bytes":23,"offset":8,"reason":"cut off","rejected_by":"decoder","source":"part-2.jsonl","split":0,"text":"{\"page_id\": \"/a\", \"ts\":"}
    {"byte":61,"columns":{"at":"2026-01-01T10:00:00Z","duration_ms":-3,"page":"/a"},"component":"its digest","length_bytes":61,"offset":1,"reason":"the duration is negative: -3","rejected_by":"component","source":"part-2.jsonl","split":0,"text":"{\"duration_ms\":-3,\"page_id\":\"/a\",\"ts\":\"2026-01-01T10:00:00Z\"}"}
    "#);

    // The gate tolerates what the job says, and the build goes live without being built again.
    let gate = format!("{settings}\ngate.max_quarantined = 7");
    bench.write_job(&guest("trapping"), &gate).unwrap();
    let before = bench.tallies().unwrap();
    let report = bench.run("run --swap --output json").success().json();
    assert_eq!(
        (&report["result"]["outcome"], &report["result"]["rejected"]),
        (&"live".into(), &7.into())
    );
    assert_eq!(bench.builds().len(), 2);
    let mut expected = before;
    let tally = expected
        .entry(("/a".into(), "2026-01-01".into()))
        .or_default();
    (tally.events, tally.duration_ms) = (2, 3);
    assert!(bench.tallies().unwrap() == expected);
}

#[test]
fn input_of_another_kind_altogether() {
    let bench = live_then("part-2.jsonl", "{\"other\": 1}\n".repeat(20_000));
    bench
        .write_job(&guest("page_days"), "quarantine.stop_after = 100")
        .unwrap();
    let said = bench.refuses("run --swap", 42, "BF0501");
    assert!(said.contains("part-2.jsonl record"), "{said}");
}

#[test]
fn an_object_that_changed_or_vanished_since_the_plan() {
    let bench = live_then("part-2.jsonl", record("/a", 1));
    bench.run("plan").success();
    bench
        .write_object("part-2.jsonl", record("/a", 22))
        .unwrap();
    let said = bench.refuses("run --swap", 42, "BF0211");
    assert!(said.contains("part-2.jsonl"), "{said}");
    fs::remove_file(bench.archive().join("part-2.jsonl")).unwrap();
    let said = bench.refuses("run --swap", 42, "BF0212");
    assert!(said.contains("part-2.jsonl"), "{said}");
    bench.run("run --swap --fresh").success();
}

#[test]
fn a_record_that_the_component_fails_on() {
    for (misbehaviour, settings, kind) in [
        ("panic", "source.files.split_size = \"1 B\"", "trap"),
        ("loop", "limits.fuel_base = 1000000", "out_of_fuel"),
        ("grow", "limits.memory = \"16 MiB\"", "out_of_memory"),
    ] {
        let bench = live("trapping");
        let settings = format!(
            "params.on_trap = \"{misbehaviour}\"\ndecode.batch_rows = 10\nfold.workers = 1\n{settings}"
        );
        bench.write_job(&guest("trapping"), &settings).unwrap();
        let good = record("/a", 1).repeat(25);
        let object = [&*good, &*record("trap", 1), &*good, &*record("/a", -3)].concat();
        bench.write_object("part-2.jsonl", object).unwrap();
        let said = bench.refuses("run --swap", 3, "BF0701");
        assert!(said.contains("2 records were rejected"), "{said}");

        let lines = quarantine(&bench);
        let fatal = lines
            .iter()
            .find(|line| line.get("failure").is_some())
            .unwrap_or_else(|| panic!("{lines:?}"));
        assert_eq!(fatal["failure"]["kind"], kind);
        assert_eq!(
            (&fatal["offset"], &fatal["rejected_by"]),
            (&25.into(), &"component".into())
        );
        assert_eq!(fatal["columns"]["page"], "trap");
        assert_eq!(fatal["text"], record("trap", 1).trim());
        assert_eq!(fatal["component"].as_str().map(str::len), Some(64));

        // All others count.
        let gate = format!("{settings}\ngate.max_quarantined = 2");
        bench.write_job(&guest("trapping"), &gate).unwrap();
        bench.run("run --swap").success();
        let tally = bench.tallies().unwrap()[&("/a".into(), "2026-01-01".into())];
        assert_eq!((tally.events, tally.duration_ms), (50, 50));
    }
}

/// How often a page was seen, and the sum of its durations.
fn tally(bench: &Workbench, page: &str) -> (i64, i64) {
    let tallies = bench.tallies().unwrap();
    let tally = tallies[&(page.into(), "2026-01-01".into())];
    (tally.events, tally.duration_ms)
}

#[test]
fn one_wrong_byte_costs_one_record_of_an_archive_without_lines() {
    let bench = live("page_days");
    let settings = "gate.max_quarantined = 1";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let record = |duration: &str| {
        format!(r#"{{"page_id":"/b","ts":"2026-01-01T10:00:00Z","duration_ms":{duration}}}"#)
    };
    let records = |n: usize| record(if n == 20 { "01" } else { "1" });
    let object: String = (0..2000).map(records).collect();
    bench.write_object("part-2", &object).unwrap();
    let report = bench.run("run --swap --output json").success().json();
    let result = &report["result"];
    assert_eq!(
        (&result["counts"]["records"], &result["rejected"]),
        (&2040.into(), &1.into())
    );
    assert_eq!(tally(&bench, "/b"), (1999, 1999));
    assert_eq!(quarantine(&bench)[0]["text"], record("01"));
}

#[test]
fn one_quote_that_does_not_belong_there_costs_one_line() {
    let bench = live("page_days");
    let settings = "gate.max_quarantined = 1";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let line = |n: usize| {
        let page = if n == 20 { "\"/b" } else { "/b" };
        format!("{page},2026-01-01T10:00:00Z,1\n")
    };
    let lines: String = (0..2000).map(line).collect();
    let object = format!("page_id,ts,duration_ms\n{lines}");
    bench.write_object("part-2.csv", object).unwrap();
    bench.run("run --swap").success();
    assert_eq!(tally(&bench, "/b"), (1999, 1999));
    assert_eq!(quarantine(&bench)[0]["text"], line(20).trim());
}

#[test]
fn swallowed_bytes_are_refused_until_the_job_says_how_many_may_be() {
    let bench = live("page_days");
    let settings = "gate.max_quarantined = 1";
    bench.write_job(&guest("page_days"), settings).unwrap();
    // Names without quotes: no record is found again before the last one.
    let other = "{page_id:1}".repeat(100);
    let object = format!("{other}{}", record("/b", 1));
    bench.write_object("part-2", &object).unwrap();
    let said = bench.refuses("run --swap", 3, "BF0701");
    insta::assert_snapshot!(
        said.split(": ").skip(1).collect::<Vec<_>>().join(": "),
        @"bytes in which other records may be lost, since they follow a rejected one that has no clear end: 1089, in places: 1; `gate.max_swallowed` tolerates 0, and the lines of the quarantine with `swallowed_bytes` name each place"
    );
    let line = &quarantine(&bench)[0];
    assert_eq!(
        (&line["length_bytes"], &line["swallowed_bytes"]),
        (&1100.into(), &1089.into())
    );
    let listed = bench.run("quarantine list").success();
    assert!(
        listed.stdout.contains("swallowed 1,089 bytes; not JSON"),
        "{}",
        listed.stdout
    );
    let shown = bench.run("quarantine show 1").success();
    let swallowed = "swallowed    the last 1,089 bytes, which may contain other records";
    assert!(shown.stdout.contains(swallowed), "{}", shown.stdout);

    let lenient = format!("{settings}\ngate.max_swallowed = \"1088 B\"");
    bench.write_job(&guest("page_days"), &lenient).unwrap();
    bench.refuses("run --swap", 3, "BF0701");
    let lenient = format!("{settings}\ngate.max_swallowed = \"1089 B\"");
    bench.write_job(&guest("page_days"), &lenient).unwrap();
    let report = bench.run("run --swap --output json").success().json();
    let counts = &report["result"]["counts"];
    assert_eq!(
        (&counts["swallowed_bytes"], &counts["swallowed_places"]),
        (&1089.into(), &1.into())
    );
    assert_eq!(tally(&bench, "/b"), (1, 1));
}
