//! `backfold doctor`: each finding with its remedy, and nothing is written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use backfold_tests::components::clicks;
use backfold_tests::process::{Finished, run};
use serde_json::Value;
use tempfile::TempDir;

use super::within;

const JOB: &str = "table = \"page_views\"\ncomponent = \"clicks.wasm\"\nwork = \"work\"\n\
                   [source.files]\npath = \"events.jsonl\"\n[target.sqlite]\npath = \"tables.db\"\n";

fn folder(job: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(clicks(), folder.path().join("clicks.wasm")).unwrap();
    let event = "{\"type\":\"page_view\",\"ts\":\"2026-01-03T09:15:00Z\",\"page_id\":\"home\",\"user_id\":\"u1\",\"duration_ms\":1}\n";
    fs::write(folder.path().join("events.jsonl"), event).unwrap();
    fs::write(folder.path().join("job.toml"), job).unwrap();
    folder
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The finding about this thing.
fn finding(told: &Finished, about: &str) -> Value {
    let findings = told.json()["result"]["findings"].clone();
    let findings = findings.as_array().unwrap().iter();
    let mut of_it = findings.filter(|finding| finding["about"] == about);
    of_it
        .next()
        .unwrap_or_else(|| panic!("nothing about {about}: {}", told.stdout))
        .clone()
}

fn doctor(folder: &Path) -> Finished {
    let before = files(folder);
    let told = run(&mut within(folder, "doctor job.toml --output json"));
    assert_eq!(files(folder), before, "the doctor wrote something");
    told
}

#[test]
fn a_job_that_can_run_has_no_problem() {
    let folder = folder(JOB);
    let told = doctor(folder.path()).success();
    for about in [
        "component",
        "work folder",
        "source",
        "first records",
        "target: rights",
    ] {
        assert_eq!(finding(&told, about)["verdict"], "fine", "{}", told.stdout);
    }
    assert_eq!(finding(&told, "first records")["found"], "1 events decoded");
    run(&mut within(folder.path(), "run job.toml --swap")).success();
    let told = doctor(folder.path()).success();
    let table = finding(&told, "target: table")["found"].to_string();
    assert!(table.contains("version 1"), "{table}");
}

#[test]
fn every_part_is_looked_at_though_an_earlier_one_has_a_problem() {
    let job = JOB
        .replace("events.jsonl", "archive")
        .replace("clicks.wasm", "other.wasm")
        .replace("\"work\"", "\"job.toml/work\"")
        .replace("tables.db", "missing.wasm/tables.db");
    let folder = folder(&job.replace("missing.wasm", "clicks.wasm"));
    let told = doctor(folder.path()).fails_with(2);
    for about in ["component", "work folder", "source", "target: rights"] {
        let found = finding(&told, about);
        assert_eq!(found["verdict"], "problem", "{about}: {}", told.stdout);
        assert!(found["remedy"].is_string(), "{about}");
    }
    assert_eq!(told.json()["error"]["code"], "BF1101");
    let source = finding(&told, "source");
    assert!(
        source["code"].as_str().unwrap().starts_with("BF02"),
        "{source}"
    );
}

#[test]
fn records_that_no_component_can_read_are_noted() {
    let folder = folder(JOB);
    fs::write(folder.path().join("events.jsonl"), "{\"type\":\"other\"}\n").unwrap();
    let told = doctor(folder.path()).success();
    assert_eq!(finding(&told, "first records")["verdict"], "note");
}

#[test]
fn every_language_is_listed_with_its_programs() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(&mut within(folder.path(), "doctor")).success().stdout;
    for part in [
        "Rust: cargo",
        "Python: componentize-py",
        "TypeScript: node",
        "Go: go",
        "C: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = run(&mut within(folder.path(), "doctor python"))
        .success()
        .stdout;
    assert!(told.contains("✓ Python: componentize-py: 0.25.1"), "{told}");
    assert!(!told.contains("Go: "), "{told}");
}
