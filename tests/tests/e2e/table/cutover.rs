//! From build to build: the rows that readers see, the messages of the commands, and the winner of two swaps.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backfold_tests::archive::{Archive, ArchiveSpec, Tallies};
use backfold_tests::components::guest;
use backfold_tests::fault::Paused;
use backfold_tests::process::{self, Finished, Running, backfold};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

/// Days of the same rate: a longer archive begins like a shorter one.
fn days(days: u64) -> Archive {
    let spec = ArchiveSpec {
        events: 2_400 * days,
        objects: 24 * days,
        days,
        ..ArchiveSpec::SMALL
    };
    Archive::new(&spec).unwrap()
}

fn bench() -> Workbench {
    Workbench::with_archive(&guest("page_days"), &days(1)).unwrap()
}

/// The result of a command that succeeds.
#[track_caller]
fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

#[track_caller]
fn check(bench: &Workbench, expected: &Tallies) {
    assert!(bench.tallies().unwrap() == *expected);
}

/// The tables of builds in the database.
fn shadows(bench: &Workbench) -> Vec<String> {
    let reader = bench.reader().unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'page_days\\_\\_%' ESCAPE '\\' ORDER BY 1";
    let mut names = reader.prepare(names).unwrap();
    let names = names.query_map((), |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

#[test]
fn swap_and_diff_and_rollback_and_log_and_gc() {
    let bench = bench();
    let (day, two_days) = (days(1).expected(), days(2).expected());
    bench.refuses("swap", 2, "BF0619");
    bench.run("plan").success();
    bench.refuses("swap", 2, "BF0706");
    bench.refuses("rollback", 2, "BF0702");

    let first = result(&bench, "run");
    assert_eq!(first["outcome"], "ready");
    assert!(bench.rows().is_err(), "nothing is shown before a swap");
    assert_eq!(result(&bench, "swap")["version"], 1);
    check(&bench, &day);
    bench.refuses("rollback", 2, "BF0702");

    days(2).write(&bench.archive()).unwrap();
    let second = result(&bench, "run");
    assert_ne!(first["build"], second["build"]);
    check(&bench, &day);
    let both = day.len();
    let counts =
        json!({ "only_old": 0, "only_new": two_days.len() - both, "both": both, "equal": both });
    assert_eq!(second["diff"]["counts"], counts);
    assert_eq!(result(&bench, "diff")["counts"], counts);
    let build = |report: &Value| report["build"].as_str().unwrap().to_owned();
    let (first, second) = (build(&first), build(&second));
    let back = result(&bench, &format!("diff job.toml {second} {first}"));
    assert_eq!(back["counts"]["only_old"], two_days.len() - both);

    assert_eq!(result(&bench, "swap")["previous"], first.as_str());
    check(&bench, &two_days);
    assert_eq!(result(&bench, "rollback")["build"], first.as_str());
    check(&bench, &day);
    assert_eq!(result(&bench, "rollback")["build"], second.as_str());
    check(&bench, &two_days);

    let third = build(&result(&bench, "run --fresh --swap"));
    check(&bench, &two_days);
    let log = result(&bench, "log");
    let log: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|pointer| (&pointer["version"], &pointer["build"]))
        .collect();
    let builds = [&third, &second, &first, &second, &first];
    let expected: Vec<_> = (1..=5)
        .rev()
        .zip(builds)
        .map(|(n, build)| (json!(n), json!(build)))
        .collect();
    assert!(
        log.iter()
            .copied()
            .eq(expected.iter().map(|(n, build)| (n, build))),
        "{log:?}"
    );

    assert_eq!(
        result(&bench, "gc")["dropped"],
        json!([first]),
        "the last two are kept"
    );
    assert_eq!(
        result(&bench, "gc --keep 0")["dropped"],
        json!([]),
        "and the way back in any case"
    );
    assert_eq!(shadows(&bench).len(), 2);
    assert_eq!(bench.builds().len(), 2);
    assert_eq!(result(&bench, "rollback")["build"], second.as_str());
    check(&bench, &two_days);
    let states: Vec<_> = result(&bench, "status")
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["state"].clone())
        .collect();
    assert_eq!(states, ["live", "replaced"]);
}

#[test]
fn a_handoff_is_that_of_a_build() {
    let bench = bench();
    bench.run("plan").success();
    bench.refuses("handoff", 2, "BF0707");
    let first = result(&bench, "run");
    let build = |report: &Value| report["build"].as_str().unwrap().to_owned();
    let first = build(&first);
    bench.refuses("handoff job.toml 01ARZ3NDEKTSV4RRFFQ69G5FAV", 2, "BF0605");
    let ready = result(&bench, &format!("handoff job.toml {first}"));
    assert_eq!(ready["version"], json!(null));
    result(&bench, "swap");

    days(2).write(&bench.archive()).unwrap();
    let second = build(&result(&bench, "run --swap"));
    let live = result(&bench, "handoff");
    assert_eq!(
        (&live["build"], &live["version"]),
        (&json!(second), &json!(2))
    );
    let before = result(&bench, &format!("handoff job.toml {first}"));
    assert_eq!(
        (&before["build"], &before["version"]),
        (&json!(first), &json!(1))
    );
    assert_eq!(before["positions"], ready["positions"]);
    let objects = |handoff: &Value| {
        let objects = handoff["positions"][0]["archive"]["objects"].as_array();
        objects.unwrap().clone()
    };
    let (earlier, later) = (objects(&before), objects(&live));
    assert!(earlier.len() < later.len(), "{before} {live}");
    assert!(earlier.iter().all(|object| later.contains(object)));

    result(&bench, "rollback");
    let back = result(&bench, "handoff");
    assert_eq!(back["positions"], before["positions"]);
    assert_eq!(back["version"], 3);

    let text = bench.run("handoff").success().stdout;
    let folded = format!("folded         {}\n", objects(&back).len());
    assert!(text.contains(&folded), "{text}");
    let lines = bench.run("handoff --format kafka").fails_with(2);
    assert!(lines.stderr.contains("BF0012"), "{}", lines.stderr);
    assert_eq!(lines.stdout, "", "an archive has no offsets");
    // As that is text, and this asks for another output.
    bench.refuses("handoff --format kafka", 2, "BF0001");
}

#[test]
fn gc_drops_the_work_of_builds_that_were_given_up() {
    let bench = bench();
    let given_up = result(&bench, "plan --to 2026-01-02");
    let live = result(&bench, "run --swap");
    assert_eq!(bench.builds().len(), 2);
    assert_eq!(
        result(&bench, "gc --keep 1")["dropped"],
        json!([given_up["build"]])
    );
    assert_eq!(bench.builds().len(), 1);
    assert_eq!(result(&bench, "status")[0]["build"], live["build"]);
}

#[test]
fn a_run_that_would_change_nothing_does_nothing() {
    let bench = bench();
    let first = result(&bench, "run --swap");
    for line in ["run", "run --swap", "run --swap --workers 1"] {
        let again = result(&bench, line);
        assert_eq!(again["outcome"], "already_live");
        for field in ["build", "loaded", "manifest_digest", "pointer"] {
            assert_eq!(again[field], first[field], "{field}");
        }
    }
    assert_eq!(result(&bench, "log").as_array().unwrap().len(), 1);
    assert_eq!((bench.builds().len(), shadows(&bench).len()), (1, 1));
}

#[test]
fn a_build_that_the_gate_refuses_cannot_be_swapped() {
    let bench = bench();
    result(&bench, "run --swap");
    bench
        .write_object("clicks/2026/01/01/23/zzz", "{\"ts\": 0}")
        .unwrap();
    bench.refuses("run --swap", 3, "BF0701");
    bench.refuses("swap", 3, "BF0701");
    let growth = "gate = { max_quarantined = 1, min_rows = 1000 }";
    bench.write_job(&guest("page_days"), growth).unwrap();
    let said = bench.refuses("swap", 3, "BF0701");
    assert!(said.contains("at least 1,000 are wanted"), "{said}");
    bench
        .write_job(&guest("page_days"), "gate.max_quarantined = 1")
        .unwrap();
    result(&bench, "swap");
    check(&bench, &days(1).expected());
}

#[test]
fn readers_see_one_build_or_the_other_whole() {
    let bench = bench();
    result(&bench, "run --swap");
    days(3).write(&bench.archive()).unwrap();
    let sums = |archive: &Archive| {
        let tallies = archive.expected();
        (
            tallies.len() as i64,
            tallies.values().map(|tally| tally.events).sum::<i64>(),
        )
    };
    let (old, new) = (sums(&days(1)), sums(&days(3)));
    let done = AtomicBool::new(false);
    let see = || {
        let reader = bench.reader().unwrap();
        let mut seen = Vec::new();
        while !done.load(Ordering::Acquire) {
            let sums = "SELECT count(*), sum(views) FROM page_days";
            let found: (i64, i64) = reader
                .query_row(sums, (), |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            if seen.last() != Some(&found) {
                seen.push(found);
            }
        }
        seen
    };
    let seen = thread::scope(|scope| {
        let readers = [scope.spawn(see), scope.spawn(see)];
        let swapped = process::run(&mut bench.command("run --swap"));
        let rolled_back = process::run(&mut bench.command("rollback"));
        done.store(true, Ordering::Release);
        swapped.success();
        rolled_back.success();
        readers.map(|reader| reader.join().unwrap())
    });
    for seen in seen {
        // A reader may blink between the swap and the rollback, and see the old table all the time.
        assert!(
            seen == [old, new, old] || seen == [old] || seen == [old, new],
            "{seen:?}"
        );
    }
}

#[test]
fn of_two_swaps_at_once_one_wins_and_the_other_changes_nothing() {
    // Two work folders, so that no lock keeps them apart; one database.
    let bench = bench();
    let first = result(&bench, "run --swap")["build"].clone();
    let component = guest("page_days");
    let jobs = [("a", 100), ("b", 200)].map(|(name, rows)| {
        let settings = format!("work = \"work-{name}\"\ndecode.batch_rows = {rows}");
        bench.write_job(&component, &settings).unwrap();
        let build = result(&bench, "run")["build"].as_str().unwrap().to_owned();
        let job = format!("job-{name}.toml");
        fs::rename(bench.job(), bench.path().join(&job)).unwrap();
        (name, job, build)
    });
    bench.write_job(&component, "").unwrap();
    let mut shown = vec![first.clone()];
    for round in 0..4 {
        let expect = shown.len();
        // Both have seen that nothing moved, and stop right before their transactions.
        let mut both = jobs.each_ref().map(|(name, job, build)| {
            let line = format!("swap {job} {build} --expect {expect} --output json");
            Paused::begin(
                &mut bench.command(&line),
                "1 before swap",
                &bench.path().join(format!("work-{name}")),
            )
        });
        both.iter_mut().for_each(Paused::wait);
        if round % 2 == 1 {
            both.reverse();
        }
        let mut ends = both.map(Paused::go_on).map(Running::finish);
        ends.sort_by_key(Finished::code);
        let [won, lost] = ends.map(|end| (end.code(), end.json()));
        assert_eq!((won.0, lost.0), (Some(0), Some(4)), "{won:?} {lost:?}");
        assert_eq!(lost.1["error"]["code"], "BF0603");
        shown.push(won.1["result"]["build"].clone());
        check(&bench, &days(1).expected());
        shown.push(result(&bench, "rollback")["build"].clone());
        assert_eq!(shown.last(), Some(&first));
    }
    let log = result(&bench, "log");
    let oldest_first = log.as_array().unwrap().iter().rev();
    let shown_since = oldest_first.map(|pointer| (&pointer["version"], &pointer["build"]));
    let expected = (1..).map(Value::from).zip(shown);
    assert!(
        shown_since.eq(expected
            .collect::<Vec<_>>()
            .iter()
            .map(|(n, build)| (n, build))),
        "a swap that lost is no version: {log}"
    );
}

/// The documents on standard output, one of which a command gives in the format `json`.
fn documents(stdout: &str) -> Vec<Value> {
    let documents = serde_json::Deserializer::from_str(stdout).into_iter();
    documents.collect::<Result<_, _>>().unwrap()
}

#[test]
fn json_is_one_document_and_the_last_line_of_jsonl_is_the_same() {
    let bench = bench();
    let run_in = |folder: &Path, line: &str| {
        let mut command = backfold();
        command.args(line.split_whitespace()).current_dir(folder);
        process::run(&mut command)
    };
    let lines = [
        ("run job.toml --swap", 0),
        ("run job.toml --swap", 0),
        ("status job.toml", 0),
        ("log job.toml", 0),
        ("gc job.toml", 0),
        ("diff job.toml", 0),
        ("swap job.toml", 2),
        ("rollback job.toml", 2),
        ("run nowhere.toml", 2),
        ("run job.toml --wokers 2", 2),
        ("swap job.toml 01M87GX722F544MDVAGNCWNQTX", 2),
        ("run job.toml --from soon", 2),
        ("run job.toml --from 2031-01-01", 3),
        ("inspect job.toml", 0),
        ("inspect nowhere.wasm", 2),
        ("explain BF0603", 0),
        ("explain BF9999", 2),
    ];
    for (line, exit_code) in lines {
        let json = run_in(bench.path(), &format!("{line} --output json"));
        let [document] = &documents(&json.stdout)[..] else {
            panic!("{line}: {}", json.stdout);
        };
        assert_eq!(document["ok"], exit_code == 0, "{line}");
        assert_eq!(document.get("error").is_some(), exit_code != 0, "{line}");
        let jsonl = run_in(bench.path(), &format!("{line} --output jsonl"));
        assert_eq!(jsonl.code(), Some(exit_code), "{line}");
        let events: Vec<Value> = jsonl
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let (last, events) = events.split_last().unwrap();
        assert!(
            events.iter().all(|event| event["event"] == "progress"),
            "{line}"
        );
        // A run says how long it took.
        if exit_code != 3 && !line.starts_with("run job.toml --swap") {
            assert_eq!(last, document, "{line}");
        }
    }
}
