//! `backfold test`: a user's component on a user's file, in a user's CI.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use backfold_tests::components::{clicks, guest, root};
use backfold_tests::process::{Finished, backfold, run};
use backfold_tests::visits::{self, Format, Part};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs `backfold test` in `folder`.
fn test(folder: &Path, component: &Path, line: &str) -> Finished {
    run(backfold()
        .arg("test")
        .arg(component)
        .args(line.split_whitespace())
        .current_dir(folder))
}

/// A folder with the example's events and the table that is expected of them.
fn example() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in ["events.jsonl", "expected.json"] {
        fs::copy(
            root().join("examples/clicks").join(file),
            folder.path().join(file),
        )
        .unwrap();
    }
    folder
}

fn json_of(folder: &Path, line: &str) -> Value {
    let line = format!("{line} --output json");
    test(folder, &clicks(), &line).success().json()["result"].clone()
}

#[test]
fn the_table_of_a_file_however_it_is_compressed() {
    let folder = example();
    let plain = fs::read(folder.path().join("events.jsonl")).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&plain).unwrap();
    fs::write(folder.path().join("events.gz"), gzip.finish().unwrap()).unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    fs::write(folder.path().join("events.zst"), zstd).unwrap();

    let result = json_of(folder.path(), "--input events.jsonl");
    assert_eq!(result["rows"].as_array().unwrap().len(), 3);
    assert_eq!(result["rows"][2]["views"], 3);
    assert_eq!(
        (
            &result["counts"]["records"],
            &result["counts"]["not_wanted"]
        ),
        (&json!(7), &json!(1))
    );
    let rejection = &result["rejections"][0];
    assert_eq!(
        (&result["rejected"], &rejection["position"]["offset"]),
        (&json!(1), &json!(6))
    );
    assert_eq!(rejection["reason"], "the duration is negative");
    for file in ["events.gz", "events.zst"] {
        let same = json_of(folder.path(), &format!("--input {file}"));
        assert_eq!(same["rows"], result["rows"], "{file}");
    }
    let mut left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["events.gz", "events.jsonl", "events.zst", "expected.json"]
    );
}

/// The rows that the visits of `part` make, each visit counted `times`.
fn rows_of(part: &Part, times: i64) -> Vec<Value> {
    let mut tallies = BTreeMap::<_, [i64; 3]>::new();
    for visit in &part.visits {
        let key = (visit.page.clone(), visit.day(), visit.hour());
        let tally = tallies.entry(key).or_default();
        let note_bytes = visit.note.len() as i64;
        for (sum, value) in tally.iter_mut().zip([1, visit.duration_ms, note_bytes]) {
            *sum += value * times;
        }
    }
    let row = |((page, dt, hour), [visits, total_ms, note_bytes]): (_, [i64; 3])| {
        json!({
            "page": page, "dt": dt, "hour": hour,
            "visits": visits, "total_ms": total_ms, "note_bytes": note_bytes,
        })
    };
    tallies.into_iter().map(row).collect()
}

#[test]
fn the_table_of_a_file_in_every_format_that_a_run_reads() {
    let folder = tempfile::tempdir().unwrap();
    let component = guest("visits");
    let part = &Part::all().unwrap()[0];
    let files = [
        ("visits.jsonl", Format::JsonLines, visits::Compression::None),
        ("visits.json.gz", Format::Json, visits::Compression::Gzip),
        ("visits.csv", Format::Csv, visits::Compression::None),
        ("visits.csv.gz", Format::Csv, visits::Compression::Gzip),
        ("visits.parquet", Format::Parquet, visits::Compression::None),
        ("visits.avro", Format::Avro, visits::Compression::None),
        // Found by their first bytes.
        ("parquet", Format::Parquet, visits::Compression::None),
        ("avro", Format::Avro, visits::Compression::None),
        ("gzip", Format::JsonLines, visits::Compression::Gzip),
    ];
    let result_of = |input: &str| {
        let line = format!("--input {input} --output json");
        let finished = test(folder.path(), &component, &line).success();
        finished.json()["result"].clone()
    };
    fs::create_dir(folder.path().join("all")).unwrap();
    for (name, format, compression) in files {
        let content = part.content(format, true).unwrap();
        let stored = compression.compress(&content).unwrap();
        fs::write(folder.path().join("all").join(name), stored).unwrap();
        let result = result_of(&format!("all/{name}"));
        assert_eq!(result["rows"], json!(rows_of(part, 1)), "{name}");
        assert_eq!(result["counts"]["records"], part.visits.len(), "{name}");
        assert_eq!(result["rejected"], 0, "{name}");
    }
    let all = result_of("all");
    assert_eq!(all["rows"], json!(rows_of(part, files.len() as i64)));
    assert_eq!(
        all["counts"]["records"],
        part.visits.len() * files.len(),
        "files of all formats in one folder"
    );
}

#[test]
fn rows_of_parquet_are_rejected_by_their_position() {
    let folder = tempfile::tempdir().unwrap();
    let part = &Part::all().unwrap()[0];
    let content = part.content(Format::Parquet, false).unwrap();
    fs::write(folder.path().join("visits.parquet"), content).unwrap();
    // Neither the records nor the key of the file have the day and the hour.
    let line = "--input visits.parquet --output json";
    let result = test(folder.path(), &guest("visits"), line).success().json();
    let result = &result["result"];
    assert_eq!(result["rejected"], part.visits.len());
    let last = &result["rejections"][part.visits.len() - 1];
    assert_eq!(last["position"]["source"], "visits.parquet");
    assert_eq!(last["position"]["offset"], part.visits.len() - 1);
    assert_eq!(result["rows"], json!([]));
}

#[test]
fn people_see_a_table_and_what_was_rejected() {
    let folder = example();
    let line = "--input events.jsonl --expect expected.json";
    let text = test(folder.path(), &clicks(), line).success().stdout;
    for shown in [
        "home  2026-01-03      3      6000        4500",
        "3 rows of 7 records, 1 not wanted",
        "events.jsonl record 6: the duration is negative",
        "same: the table is the expected one",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
}

#[test]
fn another_table_than_expected_is_refused_with_every_difference() {
    let folder = example();
    let expected = json!([
        { "page": "home", "day": "2026-01-03", "views": 4, "total_ms": 6000 },
        { "page": "cart", "day": "2026-01-03" },
        { "page": "cart", "day": "2026-01-05", "views": 1 },
    ]);
    fs::write(folder.path().join("expected.json"), expected.to_string()).unwrap();
    let line = "--input events.jsonl --expect expected.json";
    let text = test(folder.path(), &clicks(), line).fails_with(3);
    for shown in [
        "missing    day=\"2026-01-05\" page=\"cart\" views=1",
        "unexpected day=\"2026-01-04\"",
        "different  day=\"2026-01-03\" page=\"home\": views=3, expected views=4",
    ] {
        assert!(text.stdout.contains(shown), "{shown}\n{}", text.stdout);
    }
    let line = format!("{line} --output json");
    let document = test(folder.path(), &clicks(), &line).fails_with(3).json();
    assert_eq!(document["error"]["code"], "BF0801");
    let comparison = &document["result"]["comparison"];
    assert_eq!(comparison["missing"], json!([expected[2]]));
    assert_eq!(
        comparison["different"][0]["expected"],
        json!({ "views": 4 })
    );
    assert_eq!(comparison["different"][0]["found"], json!({ "views": 3 }));

    let line = "--input events.jsonl --expect expected.json --update";
    test(folder.path(), &clicks(), line).success();
    let line = "--input events.jsonl --expect expected.json";
    test(folder.path(), &clicks(), line).success();
}

#[test]
fn what_cannot_be_expected_or_read_is_named() {
    let folder = example();
    fs::write(folder.path().join("other.json"), "[{\"pages\": 1}]").unwrap();
    for (line, code) in [
        ("--input events.jsonl --expect other.json", "BF0802"),
        ("--input events.jsonl --expect missing.json", "BF0802"),
        ("--input missing.jsonl", "BF0202"),
        ("--input events.jsonl --update", "BF0001"),
    ] {
        let line = format!("{line} --output json");
        let finished = test(folder.path(), &clicks(), &line).fails_with(2);
        assert_eq!(finished.json()["error"]["code"], code, "{line}");
    }
}

#[test]
fn damaged_input_and_a_component_that_fails_are_permanent() {
    let folder = example();
    fs::write(folder.path().join("bad.gz"), b"\x1f\x8bno").unwrap();
    test(folder.path(), &clicks(), "--input bad.gz").fails_with(42);
    fs::write(folder.path().join("bad.parquet"), b"PAR1, and no footer").unwrap();
    let failed = test(folder.path(), &clicks(), "--input bad.parquet").fails_with(42);
    assert!(failed.stderr.contains("BF0352"), "{}", failed.stderr);
    let line = "--input events.jsonl -p breaks=present --output json";
    let finished = test(folder.path(), &guest("lawless"), line).fails_with(42);
    let error = &finished.json()["error"];
    let said = error.to_string();
    assert!(said.contains("trapped in `present`"), "{said}");
}

#[test]
fn a_component_is_compiled_once_for_all_commands() {
    let folder = example();
    let cache = folder.path().join("cache");
    let command = |line: &str| {
        let line = line.replace("COMPONENT", clicks().to_str().unwrap());
        let finished = run(backfold()
            .args(line.split_whitespace())
            .args(["-vv", "--output", "json"])
            .env("XDG_CACHE_HOME", &cache)
            .current_dir(folder.path()));
        let compiled = finished.stderr.matches(" compiled").count();
        (finished.success(), compiled)
    };
    let lines = [
        "test COMPONENT --input events.jsonl",
        "inspect COMPONENT",
        "check COMPONENT --sample 200",
        "test COMPONENT --input events.jsonl",
    ];
    let compiled = lines.map(|line| command(line).1);
    assert_eq!(compiled, [1, 0, 0, 0]);
    let kept: Vec<_> = fs::read_dir(cache.join("backfold/components"))
        .unwrap()
        .collect();
    assert_eq!(kept.len(), 1);

    let job = format!(
        "table = \"pages\"\ncomponent = {:?}\nsource.files.path = \".\"\n\
         target.sqlite.path = \"t.db\"\nlimits.fuel_base = 1\n",
        clicks()
    );
    fs::write(folder.path().join("job.toml"), job).unwrap();
    for line in [
        "inspect COMPONENT",
        "test COMPONENT --input events.jsonl",
        "check COMPONENT",
    ] {
        let line =
            format!("{line} --job job.toml").replace("COMPONENT", clicks().to_str().unwrap());
        let finished = run(backfold()
            .args(line.split_whitespace())
            .args(["--output", "json"])
            .env("XDG_CACHE_HOME", &cache)
            .current_dir(folder.path()));
        let error = &finished.fails_with(42).json()["error"];
        assert_eq!(error["code"], "BF0412", "{line}");
    }
}

#[test]
fn an_error_before_the_end_of_a_large_file_ends_it() {
    let folder = example();
    let text = fs::read(folder.path().join("events.jsonl")).unwrap();
    let large = text.repeat((5 << 20) / text.len() + 1);
    fs::write(folder.path().join("events.jsonl.gz"), large).unwrap();
    // `test` gives up on a command that does not end.
    let failed = test(folder.path(), &clicks(), "--input events.jsonl.gz").fails_with(42);
    assert!(failed.stderr.contains("BF0301"), "{}", failed.stderr);
}

#[test]
fn the_layout_of_a_job_gives_a_file_the_columns_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let job = r#"
table = "t"
component = "aggregate"
pipeline = { key = { day = "dt: date", region = "region" }, keep = { n = "count" } }
source.files = { path = "archive", layout = "hive", exclude = ["*.md"] }
target.sqlite.path = "tables.db"
"#;
    fs::write(folder.path().join("job.toml"), job).unwrap();
    let below = folder.path().join("archive/region=eu/dt=2026-01-31");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("a.jsonl"), "{\"n\":1}\n{\"n\":2}\n").unwrap();
    fs::write(below.join("README.md"), "# not read").unwrap();
    for input in [
        "archive",
        "archive/region=eu",
        "archive/region=eu/dt=2026-01-31/a.jsonl",
    ] {
        let line = format!("--input {input} --job job.toml --output json");
        let tested = test(folder.path(), Path::new("aggregate"), &line).success();
        let result = &tested.json()["result"];
        let row = json!({"day": "2026-01-31", "region": "eu", "n": 2});
        assert_eq!(result["rows"], json!([row]), "{input}");
        assert_eq!(result["presence"]["inputs"][0]["present"], 2);
    }
}
