//! The page of a build in each of its states.

use std::fs;

use backfold_tests::workbench::Workbench;
use serde_json::Value;

use super::builds::{hours, page_text};

/// The verdict as a word for programs.
#[track_caller]
fn verdict(bench: &Workbench, build: &str) -> String {
    let line = format!("report job.toml {build} --out state.html --output json");
    let written = bench.run(&line).success().json();
    written["result"]["verdict"].as_str().unwrap().to_owned()
}

/// The ID of the build that a command is about.
#[track_caller]
fn build_of(bench: &Workbench, line: &str) -> String {
    let report: Value = bench.run(&format!("{line} --output json")).success().json();
    report["result"]["build"].as_str().unwrap().to_owned()
}

#[test]
fn from_the_plan_to_a_build_that_was_taken_back() {
    let bench = hours("", 3);
    bench.refuses("report", 2, "BF0111");
    bench.run("plan").success();
    assert_eq!(verdict(&bench, ""), "planned");
    assert!(page_text(&bench).contains("0 of 3 splits are folded"));
    bench.run("run --only-fold").success();
    assert_eq!(verdict(&bench, ""), "folded");
    let first = build_of(&bench, "run");
    assert_eq!(verdict(&bench, ""), "ready");
    assert!(page_text(&bench).contains("Nothing was live: readers get 20 rows."));
    bench.run("swap").success();
    assert_eq!(verdict(&bench, ""), "live");
    assert!(page_text(&bench).contains("there is none to go back to"));

    let second = build_of(&bench, "run --fresh");
    assert_eq!(verdict(&bench, &first), "live");
    assert_eq!(verdict(&bench, ""), "ready");
    bench.run("swap").success();
    assert_eq!(verdict(&bench, &first), "replaced");
    assert_eq!(verdict(&bench, &second), "live");
    assert!(page_text(&bench).contains("backfold rollback job.toml"));
    bench.refuses("report job.toml 01ARZ3NDEKTSV4RRFFQ69G5FAV", 2, "BF0104");
}

#[test]
fn a_verdict_is_void_once_another_build_is_live() {
    let bench = hours("", 3);
    bench.run("run --swap").success();
    fs::remove_dir_all(bench.archive().join("2026/01/01/02")).unwrap();
    let waiting = build_of(&bench, "run");
    assert_eq!(verdict(&bench, &waiting), "ready");
    fs::remove_dir_all(bench.archive().join("2026/01/01/01")).unwrap();
    bench.run("run --swap").success();
    assert_eq!(verdict(&bench, &waiting), "moved");
    bench.refuses(&format!("swap job.toml {waiting}"), 4, "BF0710");
}

#[test]
fn a_build_that_was_rolled_back_is_held() {
    let bench = hours("", 3);
    bench.run("run --swap").success();
    fs::remove_dir_all(bench.archive().join("2026/01/01/02")).unwrap();
    let second = build_of(&bench, "run --swap");
    bench.run("rollback").success();
    assert_eq!(verdict(&bench, &second), "held");
    assert!(page_text(&bench).contains("It goes live again only if it is named."));
}

#[test]
fn a_command_that_works_on_the_build_is_named() {
    let bench = hours("fold.workers = 1\nfold.checkpoint_interval = \"0s\"", 72);
    let mut running = bench.start("run");
    running.wait_until(|| bench.journal().len() >= 4);
    let process = running.id();
    running.signal("STOP");
    let page = page_text(&bench);
    running.signal("CONT");
    running.kill();
    assert!(page.contains("Being built"), "{page}");
    assert!(page.contains(&format!("run, process {process}, since")));
}

#[test]
fn a_file_that_is_damaged_is_named_and_the_rest_is_shown() {
    let bench = hours("", 3);
    bench.run("run").success();
    let build = bench.builds().pop().unwrap();
    fs::write(build.join("run.json"), "{\"gate\":").unwrap();
    let page = page_text(&bench);
    assert!(page.contains("A file could not be read: ") && page.contains("run.json is damaged"));
    assert!(page.contains("May go live"), "the journal has the verdict");
    assert!(page.contains("3 of 3 splits folded"));
    fs::write(build.join("journal.jsonl"), "{}\n{}\n").unwrap();
    bench.refuses("report", 42, "BF0105");
}

/// As long as file systems allow a name to be.
#[test]
fn ten_thousand_splits_with_long_names_make_a_small_page() {
    let bench = hours("", 0);
    let name = "\"&'".repeat(70);
    for number in 0..10_000 {
        let (day, hour) = (1 + number / 24 % 28, number % 24);
        let key = format!("2026/02/{day:02}/{hour:02}/{name}-{number}.jsonl");
        let record = "{\"ts\":\"2026-02-01T10:00:00Z\",\"page_id\":\"/a\",\"duration_ms\":1}\n";
        bench.write_object(&key, record).unwrap();
    }
    bench.run("plan").success();
    let page = page_text(&bench);
    assert!(page.contains("0 of 10,000 splits are folded"));
    assert!(page.contains("A cell stands for 21 splits."));
    assert!(page.len() <= 200_000, "{}", page.len());
}
