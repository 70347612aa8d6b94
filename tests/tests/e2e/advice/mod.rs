//! The advice of `host/errors.md`, followed: for each code that a test can cheaply provoke, a case provokes it by the real
//! command, does what its page says under "What to do", and the next command works.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold::explain;
use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

mod component;
mod cutover;
mod decode;
mod elsewhere;
mod files;
mod job;
mod limits;
mod share;
mod store;
mod trial;
mod work;

/// A code, and a function that provokes it and follows its page.
type Case = (&'static str, fn());

/// All that are walked, by the test that walks them.
const WALKED: [&[Case]; 10] = [
    job::CASES,
    work::CASES,
    files::CASES,
    decode::CASES,
    component::CASES,
    limits::CASES,
    store::CASES,
    cutover::CASES,
    share::CASES,
    trial::CASES,
];

/// Follows the advice of each case. That of the last one that is named on standard output has failed.
fn follow(cases: &[Case]) {
    for (code, case) in cases {
        println!("{code}");
        case();
    }
}

#[test]
fn job_and_command_line() {
    follow(job::CASES);
}

#[test]
fn work_folder() {
    follow(work::CASES);
}

#[test]
fn files_as_source() {
    follow(files::CASES);
}

#[test]
fn decoding() {
    follow(decode::CASES);
}

#[test]
fn components_that_are_wrong() {
    follow(component::CASES);
}

#[test]
fn components_at_their_limits() {
    follow(limits::CASES);
}

#[test]
fn database() {
    follow(store::CASES);
}

#[test]
fn cut_over() {
    follow(cutover::CASES);
}

#[test]
fn shares() {
    follow(share::CASES);
}

#[test]
fn trials() {
    follow(trial::CASES);
}

#[test]
fn each_page_is_walked_or_has_a_reason() {
    let mut listed = BTreeSet::new();
    let walked = WALKED.into_iter().flatten().map(|(code, _)| *code);
    let others = elsewhere::REASONS.iter().flat_map(|(_, codes)| *codes);
    for code in walked.chain(others.copied()) {
        assert!(listed.insert(code), "{code} is listed twice");
    }
    let pages: BTreeSet<_> = explain::all().map(|page| page.code).collect();
    let missing: Vec<_> = pages.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&pages).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "neither walked nor given a reason: {missing:?}; without a page: {stale:?}"
    );
}

/// A record of the archive, with its line feed.
fn record(page: &str, duration: impl Into<Value>) -> String {
    let duration: Value = duration.into();
    let record = json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration });
    format!("{record}\n")
}

/// A record as the component without the SDK wants it.
fn amount(page: &str, amount: i64) -> String {
    let record = json!({ "page": page, "amount": amount });
    format!("{record}\n")
}

/// A job of `page_days` and an archive of one record.
fn bench() -> Workbench {
    let bench = Workbench::new(&guest("page_days")).unwrap();
    bench.write_object("part-1.jsonl", record("/a", 1)).unwrap();
    bench
}

/// The same with a table that is live.
fn live() -> Workbench {
    let bench = bench();
    works(&bench);
    bench
}

/// Writes the job of `page_days` again.
fn set(bench: &Workbench, settings: &str) {
    bench.write_job(&guest("page_days"), settings).unwrap();
}

/// `run --swap` succeeds, and a reader finds rows.
#[track_caller]
fn works(bench: &Workbench) {
    bench.run("run --swap").success();
    assert_ne!(bench.rows().unwrap().len(), 0);
}

/// The same with a new plan, for pages that say "plan again".
#[track_caller]
fn works_planned_again(bench: &Workbench) {
    bench.run("run --fresh --swap").success();
    assert_ne!(bench.rows().unwrap().len(), 0);
}

/// Runs a command that must fail with this code, whose page can be shown. Returns its message.
#[track_caller]
fn provoke(bench: &Workbench, line: &str, code: &str) -> String {
    provoke_by(bench, &mut bench.command(line), code)
}

/// The same of a command that was made otherwise.
#[track_caller]
fn provoke_by(bench: &Workbench, command: &mut Command, code: &str) -> String {
    bench.refuses_as(command, exit_code(code), code)
}

/// The exit code of the errors that have this code.
fn exit_code(code: &str) -> i32 {
    let codes = explain::codes();
    let found = codes.iter().find(|known| known.to_string() == code);
    found.unwrap().class.exit_code().into()
}

/// The JSON result of a command that succeeds.
#[track_caller]
fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

/// The ID of the build that a result is about.
fn build_of(result: &Value) -> String {
    result["build"].as_str().unwrap().to_owned()
}

/// `backfold COMMAND COMPONENT` in the folder of the bench, with the words of `line` after it.
fn about(bench: &Workbench, command: &str, component: &Path, line: &str) -> Command {
    let mut made = process::backfold();
    made.arg(command)
        .arg(component)
        .args(line.split_whitespace())
        .current_dir(bench.path());
    made
}

/// The first block of code of a page.
fn example(code: &str) -> String {
    let page = explain::find(code).unwrap();
    let block = page.text.split("```").nth(1).unwrap();
    block.split_once('\n').unwrap().1.to_owned()
}

/// A file of the bench's folder.
fn file(bench: &Workbench, name: &str) -> PathBuf {
    bench.path().join(name)
}
