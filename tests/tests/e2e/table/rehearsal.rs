//! Rehearsals: a swap that is swapped back at once, with readers who notice nothing but the time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backfold_tests::fault::Paused;
use backfold_tests::process;
use serde_json::{Value, json};

use super::small::{bench, build_of, grow, live, program, ready, result, rows, set, shown, state};

/// Between the two swaps.
const BETWEEN: &str = "1 before swap a rehearsal back";

/// The end of what `log` and `status` say of a rehearsal that was not swapped back.
const NOT_SWAPPED_BACK: &str = "is shown by a rehearsal that was not swapped back";

#[test]
fn a_rehearsal_changes_nothing_but_the_history() {
    let (bench, [first, second, third]) = ready();
    let rehearsed = result(&bench, "rehearse --yes");
    assert_eq!(
        (&rehearsed["build"], &rehearsed["live"]),
        (&json!(third), &json!(second))
    );
    let log = result(&bench, "log");
    let log: Vec<_> = log.as_array().unwrap().iter().take(2).collect();
    let of = |pointer: &Value, build: &str, previous: &str| {
        assert_eq!(
            (&pointer["build"], &pointer["previous"]),
            (&json!(build), &json!(previous))
        );
        assert!(
            pointer["by"].as_str().unwrap().ends_with(" (rehearsal)"),
            "{pointer}"
        );
    };
    of(log[1], &third, &second);
    // The way back is that of before.
    of(log[0], &second, &first);
    assert_eq!(log[0], &rehearsed["back"]);
    for part in ["before", "swap", "swap_back"] {
        let reads = match part {
            "before" => &rehearsed[part],
            _ => &rehearsed[part]["reads"],
        };
        assert!(
            reads["reads"].is_u64() && reads["failed"] == 0,
            "{rehearsed:#}"
        );
    }
    assert!(rehearsed["noticed_seconds"].as_f64() >= Some(0.0));
    assert_eq!((shown(&bench), rows(&bench)), (second.clone(), 2));
    assert_eq!(state(&bench, &third), "ready", "it was never live");
    let text = bench.run("log").success().stdout;
    assert!(!text.contains(NOT_SWAPPED_BACK), "{text}");

    // It takes nothing back, and voids no verdict.
    result(&bench, "rehearse --yes");
    assert_eq!(build_of(&result(&bench, "swap")), third);
    assert_eq!(build_of(&result(&bench, "rollback")), second);
    assert_eq!(build_of(&result(&bench, "rollback")), third);
}

#[test]
fn a_rollback_after_a_rehearsal_goes_where_it_went_before() {
    let (bench, [first, _, third]) = ready();
    let text = bench
        .run(&format!("rehearse job.toml {third} --yes"))
        .success()
        .stdout;
    assert!(
        text.contains("shows what it did before") && text.contains("swap back"),
        "{text}"
    );
    assert_eq!(build_of(&result(&bench, "rollback")), first);
}

#[test]
fn a_rehearsal_needs_a_live_table_and_a_yes() {
    let bench = bench();
    result(&bench, "run");
    bench.refuses("rehearse --yes", 2, "BF0707");
    let (bench, [_, second, third]) = ready();
    let said = bench.refuses("rehearse", 2, "BF0722");
    assert!(
        said.contains(&format!("a rehearsal shows build {third} to all readers")),
        "{said}"
    );
    bench.refuses(&format!("rehearse job.toml {second} --yes"), 2, "BF0704");
    set(&bench, "gate.min_rows = 1000");
    bench.refuses("rehearse --yes", 3, "BF0701");
    assert_eq!(result(&bench, "log").as_array().unwrap().len(), 2);
}

#[test]
fn hooks_run_around_a_rehearsal() {
    let (bench, [_, second, third]) = ready();
    program(
        &bench,
        "tell",
        "echo \"$BACKFOLD_HOOK_EVENT $BACKFOLD_HOOK_COMMAND $BACKFOLD_HOOK_BUILD $BACKFOLD_HOOK_VERSION\" >> told",
    );
    set(
        &bench,
        "hooks = { before_swap = [\"./tell\"], after_swap = [\"./tell\"] }",
    );
    result(&bench, "rehearse --yes");
    let told = std::fs::read_to_string(bench.path().join("told")).unwrap();
    let expected = format!("before_swap rehearse {third} 3\nafter_swap rehearse {second} 4\n");
    assert_eq!(told, expected);
    set(&bench, "hooks.before_swap = [\"false\"]");
    bench.refuses("rehearse --yes", 3, "BF0720");
    set(&bench, "hooks.after_swap = [\"false\"]");
    let finished = bench
        .run("rehearse --yes --output json")
        .fails_with(1)
        .json();
    assert_eq!(finished["error"]["code"], "BF0721");
    assert_eq!(finished["result"]["back"]["build"], json!(second));
}

#[test]
fn readers_see_one_table_or_the_other_whole() {
    let (bench, _) = ready();
    let done = AtomicBool::new(false);
    let see = || {
        let reader = bench.reader().unwrap();
        let mut seen = BTreeSet::new();
        while !done.load(Ordering::Acquire) {
            let sums = "SELECT count(*), sum(total_ms) FROM page_days";
            let row = reader.query_row(sums, (), |row| Ok((row.get(0)?, row.get(1)?)));
            let row: (i64, i64) = row.unwrap();
            seen.insert(row);
        }
        seen
    };
    let seen = thread::scope(|scope| {
        let readers = [scope.spawn(see), scope.spawn(see)];
        for _ in 0..3 {
            process::run(&mut bench.command("rehearse --yes")).success();
        }
        done.store(true, Ordering::Release);
        readers.map(|reader| reader.join().unwrap())
    });
    let (old, new) = ((2, 3), (3, 6));
    for seen in seen {
        assert!(
            seen.contains(&old) && seen.iter().all(|one| [old, new].contains(one)),
            "{seen:?}"
        );
    }
}

#[test]
fn a_rehearsal_that_is_killed_is_told_and_ended_by_a_rollback() {
    let (bench, [first, second, third]) = ready();
    let paused = Paused::start(&mut bench.command("rehearse --yes"), BETWEEN, bench.path());
    assert_eq!(rows(&bench), 3);
    paused.kill();
    for line in ["log", "status"] {
        let text = bench.run(line).success().stdout;
        assert!(
            text.contains(&format!("build {third} {NOT_SWAPPED_BACK}")),
            "{text}"
        );
        assert!(
            text.contains(&format!(
                "`backfold rollback` makes build {second} live again"
            )),
            "{text}"
        );
    }
    let status = result(&bench, "status");
    let live = status
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["live"] == true);
    assert_eq!(live.unwrap()["rehearsal_of"], json!(second));
    bench.refuses("rehearse --yes", 1, "BF0724");
    // Nothing that the way back needs is dropped.
    assert_eq!(result(&bench, "gc --keep 0")["dropped"], json!([]));

    assert_eq!(build_of(&result(&bench, "rollback")), second);
    assert_eq!((rows(&bench), state(&bench, &third)), (2, json!("ready")));
    assert_eq!(
        build_of(&result(&bench, "rollback")),
        first,
        "as before the rehearsal"
    );
}

#[test]
fn a_swap_in_between_stands() {
    let (bench, [_, _, third]) = ready();
    let other = build_of(&result(&bench, "run --fresh"));
    let line = format!("rehearse job.toml {third} --yes --output json");
    let paused = Paused::start(&mut bench.command(&line), BETWEEN, bench.path());
    result(&bench, &format!("swap job.toml {other} --expect 3"));
    let finished = paused.go_on().finish().fails_with(4);
    let error = &finished.json()["error"];
    assert_eq!(error["code"], "BF0723");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!(
            "show build {other}, version 4, meanwhile, and that stands"
        )),
        "{message}"
    );
    assert_eq!(shown(&bench), other);
    let text = bench.run("log").success().stdout;
    assert!(!text.contains(NOT_SWAPPED_BACK), "{text}");
}

#[test]
fn an_interruption_in_between_swaps_back() {
    let (bench, [_, second, _]) = ready();
    let mut paused = Paused::start(&mut bench.command("rehearse --yes"), BETWEEN, bench.path());
    paused.interrupt("INT");
    paused.go_on().finish().success();
    assert_eq!((shown(&bench), rows(&bench)), (second, 2));
}

#[test]
fn a_rehearsal_of_what_is_compared_with_something_else_is_refused() {
    let (bench, _) = live();
    grow(&bench, 2);
    let ready = build_of(&result(&bench, "run"));
    grow(&bench, 3);
    result(&bench, "run --swap");
    bench.refuses(&format!("rehearse job.toml {ready} --yes"), 4, "BF0710");
}
