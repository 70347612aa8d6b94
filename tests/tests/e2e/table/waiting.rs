//! Swaps that wait for a time or for a file.

use std::fs;

use backfold_tests::process::Running;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::small::{build_of, grow, program, ready, result, rows, set, shown};

/// Starts a swap that waits for the file `go`, and returns once it waits.
fn waiting(bench: &Workbench, line: &str) -> Running {
    let mut swap = bench.start(&format!("{line} --when go --output jsonl"));
    swap.wait_for(|line| line.contains("\"waiting\":\"the file go\""));
    swap
}

/// Lets it swap, and gives its exit code and its last line.
fn go(bench: &Workbench, swap: Running) -> (Option<i32>, Value) {
    fs::write(bench.path().join("go"), "").unwrap();
    let finished = swap.finish();
    let last = finished.stdout.lines().last().unwrap();
    (finished.code(), serde_json::from_str(last).unwrap())
}

#[test]
fn a_swap_comes_at_its_time_and_not_before() {
    let (bench, [_, _, third]) = ready();
    let began = chrono::Utc::now();
    let swapped = result(&bench, "swap --at +2s");
    let at = swapped["at"].as_str().unwrap();
    let at = chrono::DateTime::parse_from_rfc3339(at).unwrap();
    let waited = at.signed_duration_since(began);
    assert!(waited >= chrono::Duration::seconds(2), "{waited}");
    assert_eq!(build_of(&swapped), third);
    let past = bench
        .run("swap --at 2020-01-01 --output json")
        .fails_with(2);
    let message = past.json()["error"]["message"].to_string();
    assert!(message.contains("is in the past"), "{message}");
    let wrong = bench.run("swap --at tomorrow").fails_with(2).stderr;
    assert!(
        wrong.contains("write 2026-03-01T03:00:00Z, 2026-03-01, or +10m"),
        "{wrong}"
    );
}

#[test]
fn a_swap_comes_once_its_file_exists() {
    let (bench, [_, second, third]) = ready();
    let swap = waiting(&bench, "swap");
    assert_eq!(shown(&bench), second);
    let (code, document) = go(&bench, swap);
    assert_eq!((code, build_of(&document["result"])), (Some(0), third));
    assert_eq!(rows(&bench), 3);
}

#[test]
fn an_interruption_during_the_wait_changes_nothing() {
    let (bench, [_, second, third]) = ready();
    for line in ["swap", "swap --at +1h"] {
        let mut swap = bench.start(&format!("{line} --when go --output jsonl"));
        swap.wait_for(|line| line.contains("\"waiting\":\"") && line.contains("the file go"));
        swap.signal("INT");
        let finished = swap.finish().fails_with(130);
        assert!(finished.stdout.contains("BF0505"), "{}", finished.stdout);
    }
    assert_eq!(shown(&bench), second);
    assert_eq!(result(&bench, "log").as_array().unwrap().len(), 2);
    assert_eq!(build_of(&result(&bench, "swap")), third);
}

#[test]
fn a_refusal_comes_before_the_wait() {
    let (bench, _) = ready();
    set(&bench, "gate.min_rows = 1000");
    bench.refuses("swap --when never", 3, "BF0701");
    bench.refuses("swap --at +1h", 3, "BF0701");
    bench.refuses("swap --at +1h --expect 7", 4, "BF0710");
}

#[test]
fn a_verdict_is_void_after_another_swap() {
    let (bench, [first, second, third]) = ready();
    grow(&bench, 4);
    result(&bench, "run --swap");
    let said = bench.refuses(&format!("swap job.toml {third}"), 4, "BF0710");
    assert!(
        said.contains(&format!("it was compared with build {second}, version 2")),
        "{said}"
    );
    // The same build again is the same table: what was compared is what readers see.
    result(&bench, "rollback");
    assert_eq!(shown(&bench), second);
    let swapped = result(&bench, &format!("swap job.toml {third}"));
    assert_eq!(swapped["version"], 5);
    bench.refuses(&format!("swap job.toml {first} --expect 4"), 4, "BF0710");
}

#[test]
fn a_swap_during_the_wait_is_a_conflict_though_it_was_rolled_back() {
    let (bench, [_, second, third]) = ready();
    let other = build_of(&result(&bench, "run --fresh"));
    for line in ["swap".to_owned(), format!("swap job.toml {third}")] {
        let swap = waiting(&bench, &line);
        result(&bench, &format!("swap job.toml {other}"));
        let (code, document) = go(&bench, swap);
        assert_eq!(
            (code, &document["error"]["code"]),
            (Some(4), &json!("BF0710")),
            "{document}"
        );
        assert_eq!(shown(&bench), other);
        fs::remove_file(bench.path().join("go")).unwrap();
        result(&bench, "rollback");

        let swap = waiting(&bench, &format!("swap job.toml {third}"));
        result(&bench, &format!("swap job.toml {other}"));
        result(&bench, "rollback");
        let (code, document) = go(&bench, swap);
        assert_eq!(
            (code, &document["error"]["code"]),
            (Some(4), &json!("BF0710")),
            "{document}"
        );
        let message = document["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("another swap came while this one waited for the file go"),
            "{message}"
        );
        assert_eq!(shown(&bench), second);
        fs::remove_file(bench.path().join("go")).unwrap();
    }
}

#[test]
fn a_rehearsal_during_the_wait_is_no_conflict() {
    let (bench, [_, _, third]) = ready();
    let swap = waiting(&bench, "swap");
    result(&bench, "rehearse --yes");
    let (code, document) = go(&bench, swap);
    assert_eq!((code, build_of(&document["result"])), (Some(0), third));
}

#[test]
fn gate_and_hooks_are_asked_right_before_the_swap() {
    let (bench, [_, second, third]) = ready();
    program(&bench, "ask", "test ! -e refuse");
    set(&bench, "hooks.before_swap = [\"./ask\"]");
    let swap = waiting(&bench, "swap");
    fs::write(bench.path().join("refuse"), "").unwrap();
    let (code, document) = go(&bench, swap);
    assert_eq!(
        (code, &document["error"]["code"]),
        (Some(3), &json!("BF0720"))
    );
    assert_eq!(shown(&bench), second);

    // Another program spoils the table.
    fs::remove_file(bench.path().join("go")).unwrap();
    let swap = waiting(&bench, &format!("swap job.toml {third}"));
    let other = rusqlite::Connection::open(bench.database()).unwrap();
    let spoil = format!("DELETE FROM \"page_days__{}\"", third.to_lowercase());
    other.execute_batch(&spoil).unwrap();
    let (code, document) = go(&bench, swap);
    assert_eq!(
        (code, &document["error"]["code"]),
        (Some(3), &json!("BF0701"))
    );
    assert_eq!(shown(&bench), second);
}

#[test]
fn other_commands_may_work_on_the_build_meanwhile() {
    let (bench, [_, _, third]) = ready();
    let swap = waiting(&bench, "swap");
    assert_eq!(build_of(&result(&bench, "run --wait 0s")), third);
    result(&bench, &format!("abort job.toml {third}"));
    let (code, document) = go(&bench, swap);
    assert_eq!(
        (code, &document["error"]["code"]),
        (Some(4), &json!("BF0710")),
        "{document}"
    );
    let message = document["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("it was dropped while this swap waited for the file go"),
        "{message}"
    );
}
