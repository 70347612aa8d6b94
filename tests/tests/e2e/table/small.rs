//! A job of a few records, whose builds are told apart by their rows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

/// An archive of one record.
pub(super) fn bench() -> Workbench {
    let bench = Workbench::new(&guest("page_days")).unwrap();
    grow(&bench, 1);
    bench
}

/// The same with a table that is live, and the ID of its build.
pub(super) fn live() -> (Workbench, String) {
    let bench = bench();
    let build = build_of(&result(&bench, "run --swap"));
    (bench, build)
}

/// The same with two builds that were live, and a third that is ready: three rows.
pub(super) fn ready() -> (Workbench, [String; 3]) {
    let (bench, first) = live();
    grow(&bench, 2);
    let second = build_of(&result(&bench, "run --swap"));
    grow(&bench, 3);
    let third = build_of(&result(&bench, "run"));
    (bench, [first, second, third])
}

/// Adds records until the table has this number of rows.
pub(super) fn grow(bench: &Workbench, rows: usize) {
    for number in 1..=rows {
        let (ts, page) = ("2026-01-01T10:00:00Z", format!("/{number}"));
        let record = json!({ "ts": ts, "page_id": page, "duration_ms": number });
        let key = format!("part-{number}.jsonl");
        bench.write_object(&key, format!("{record}\n")).unwrap();
    }
}

/// Writes the job again with these settings.
pub(super) fn set(bench: &Workbench, settings: &str) {
    bench.write_job(&guest("page_days"), settings).unwrap();
}

/// The JSON result of a command that succeeds.
#[track_caller]
pub(super) fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

/// The ID of the build that a result is about.
pub(super) fn build_of(result: &Value) -> String {
    result["build"].as_str().unwrap().to_owned()
}

/// The number of rows that readers see; 0 where they see no table.
pub(super) fn rows(bench: &Workbench) -> usize {
    bench.rows().map_or(0, |rows| rows.len())
}

/// The build that is live.
pub(super) fn shown(bench: &Workbench) -> String {
    build_of(&result(bench, "log")[0])
}

/// The state of a build.
pub(super) fn state(bench: &Workbench, build: &str) -> Value {
    let status = result(bench, "status");
    let mut builds = status.as_array().unwrap().iter();
    let found = builds.find(|one| one["build"] == build);
    found.map_or(Value::Null, |one| one["state"].clone())
}

/// Writes a program into the folder of the job.
pub(super) fn program(bench: &Workbench, name: &str, script: &str) -> PathBuf {
    let path = bench.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Waits for the end of the process whose number a file holds.
///
/// # Panics
/// If it runs on for ten seconds.
#[track_caller]
pub(super) fn ends(bench: &Workbench, file: &str) {
    let number = fs::read_to_string(bench.path().join(file)).unwrap();
    let began = Instant::now();
    // A zombie has ended.
    while fs::read_to_string(format!("/proc/{}/stat", number.trim()))
        .is_ok_and(|stat| !stat.contains(") Z "))
    {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "process {number} runs on"
        );
        thread::yield_now();
    }
}
