//! From nothing to a live table.

use std::fs;
use std::path::Path;

use backfold_tests::process::{Running, run};
use rusqlite::Connection;

use super::{project, set_unit_tests, within};

/// Builds, tests, runs and swaps; the second build has nothing to do.
fn from_nothing_to_a_live_table(language: &str) {
    let (_root, folder) = project(language);
    let built = run(&mut within(&folder, "build --output json"))
        .success()
        .json();
    let built = &built["result"];
    assert_eq!(built["unchanged"], false);
    assert_eq!(built["component"]["name"], "page-views");
    assert_eq!(
        built["component"]["law_events"]
            .as_u64()
            .map(|events| events > 0),
        Some(true)
    );
    let again = run(&mut within(&folder, "build --output json"))
        .success()
        .json();
    assert_eq!(again["result"]["unchanged"], true);
    assert_eq!(again["result"]["digest"], built["digest"]);
    assert!(again["result"]["seconds"].as_f64().unwrap() < 2.0);

    run(&mut within(&folder, "doctor job.toml")).success();
    assert!(!folder.join("tables.db").exists() && !folder.join("work").exists());
    run(&mut within(&folder, "run job.toml")).success();
    run(&mut within(&folder, "swap job.toml")).success();
    let database = Connection::open(folder.join("tables.db")).unwrap();
    let sum = "SELECT sum(views), count(*) FROM page_views";
    let sum: (i64, i64) = database
        .query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(sum, (5, 3));
}

#[test]
fn in_c() {
    from_nothing_to_a_live_table("c");
}

#[test]
fn in_rust() {
    from_nothing_to_a_live_table("rust");
}

#[test]
fn the_sample_is_compared_with_the_expected_table() {
    let (_root, folder) = project("c");
    set_unit_tests(&folder, "[\"true\"]");
    let text = run(&mut within(&folder, "test")).success().stdout;
    assert!(
        text.contains("same: the table is the expected one"),
        "{text}"
    );

    let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
    fs::write(
        folder.join("expected.json"),
        expected.replace("\"views\": 3", "\"views\": 4"),
    )
    .unwrap();
    let text = run(&mut within(&folder, "test")).fails_with(3).stdout;
    assert!(text.contains("views=3, expected views=4"), "{text}");
    run(&mut within(&folder, "test --update")).success();
    run(&mut within(&folder, "test")).success();
}

#[test]
fn a_failing_unit_test_ends_the_test_before_a_build() {
    let (_root, folder) = project("c");
    set_unit_tests(&folder, "[\"sh\", \"-c\", \"echo no good >&2; exit 7\"]");
    let failed = run(&mut within(&folder, "test")).fails_with(3);
    assert!(
        failed.stderr.contains("no good") && failed.stderr.contains("BF1010"),
        "{}",
        failed.stderr
    );
    assert!(!folder.join("page-views.wasm").exists());
}

#[test]
fn each_save_is_tested_until_ctrl_c() {
    let (_root, folder) = project("c");
    set_unit_tests(&folder, "[\"true\"]");
    let mut running = Running::start(&mut within(&folder, "test --watch"));
    running.wait_for(|line| line.contains("waiting for a save"));
    let source = folder.join("pipeline.c");
    let right = fs::read_to_string(&source).unwrap();
    save(&source, &right.replace("s->views += 1", "s->views += 2"));
    running.wait_for(|line| line.contains("saved:") && line.contains("pipeline.c"));
    running.wait_for(|line| line.contains("BF0801"));
    running.wait_for(|line| line.contains("waiting for a save"));
    save(&source, "no C");
    running.wait_for(|line| line.contains("BF1003"));
    running.wait_for(|line| line.contains("waiting for a save"));
    save(&source, &right);
    running.wait_for(|line| line.contains("waiting for a save"));
    running.signal("INT");
    let ended = running.finish().success();
    assert!(!ended.stderr.contains("checkpoint"), "{}", ended.stderr);
    assert_eq!(
        ended.stdout.matches("same: ").count(),
        2,
        "{}",
        ended.stdout
    );
}

fn save(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
