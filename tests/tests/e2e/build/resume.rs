//! A run that was stopped, anywhere and in any way, goes on with the same command to the same table.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::PathBuf;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::fault::Paused;
use backfold_tests::process::Finished;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

/// Enough objects to be killed between, enough keys for a load that takes a while.
const SPEC: ArchiveSpec = ArchiveSpec {
    events: 12_000,
    objects: 60,
    pages: 10_000,
    ..ArchiveSpec::SMALL
};

/// A split an object, a checkpoint a split, and batches so small that both take their time.
const STEPWISE: &str = r#"
source.files.split_size = "1 B"
decode.batch_rows = 40
fold = { workers = 2, checkpoint_interval = "0s", window_batches = 2 }
"#;

fn bench(settings: &str) -> Workbench {
    let component = guest("page_days");
    let archive = Archive::new(&SPEC).unwrap();
    let bench = Workbench::with_archive(&component, &archive).unwrap();
    bench.write_job(&component, settings).unwrap();
    bench
}

/// The checks after a run: the right table, with each split folded once.
#[track_caller]
fn check_complete(bench: &Workbench, finished: &Finished) {
    let expected = Archive::new(&SPEC).unwrap().expected();
    let result = &finished.json()["result"];
    // Where it was killed right after the swap, there was nothing left to do.
    let outcome = result["outcome"].as_str().unwrap();
    assert!(["live", "already_live"].contains(&outcome), "{outcome}");
    assert_eq!(result["loaded"]["digest"], undisturbed_digest());
    assert!(bench.tallies().unwrap() == expected);
    let report: Value =
        serde_json::from_slice(&fs::read(newest(bench).join("run.json")).unwrap()).unwrap();
    let mut splits: Vec<u64> = report["splits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|split| split["split"].as_u64().unwrap())
        .collect();
    splits.sort_unstable();
    assert!(splits.into_iter().eq(0..SPEC.objects));
    assert_eq!(report["counts"]["events"], SPEC.events);
}

/// The digest of a run without interruption, with other settings of the fold.
fn undisturbed_digest() -> Value {
    static DIGEST: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    DIGEST
        .get_or_init(|| {
            let report = bench("").run("run --output json").success().json();
            report["result"]["loaded"]["digest"].clone()
        })
        .clone()
}

/// Appends a record without a page to an object.
fn spoil(bench: &Workbench, object: u64) {
    let key = Archive::new(&SPEC).unwrap().key(object);
    let mut bytes = fs::read(bench.archive().join(&key)).unwrap();
    bytes.extend_from_slice(b"{\"ts\": \"2026-01-01T00:00:00Z\"}\n");
    bench.write_object(&key, bytes).unwrap();
}

fn newest(bench: &Workbench) -> PathBuf {
    bench.builds().pop().expect("there is a build")
}

/// Whether the journal says all that it said before, and perhaps more.
#[track_caller]
fn check_appended(before: &[String], bench: &Workbench) {
    let after = bench.journal();
    assert!(after.starts_with(before), "{before:?}\n{after:?}");
}

/// A run that has come to a point.
#[track_caller]
fn paused(bench: &Workbench, point: &str) -> Paused {
    let mut command = bench.command("run --swap --output json");
    Paused::start(&mut command, point, bench.path())
}

#[test]
fn killed_after_each_few_splits() {
    let bench = bench(STEPWISE);
    for kills in 1..=8 {
        let before = bench.journal();
        paused(&bench, "5 after sync a line").kill();
        check_appended(&before, &bench);
        assert_eq!(bench.journal().len(), 5 * kills);
    }
    let finished = bench.run("run --swap --output json");
    assert_eq!(
        bench.builds().len(),
        1,
        "every run went on with the same build"
    );
    check_complete(&bench, &finished.success());
}

/// Whether a shadow table is being loaded.
fn is_loading(bench: &Workbench) -> bool {
    let loading = "SELECT count(*) FROM backfold_builds WHERE state = 'loading'";
    bench
        .reader()
        .and_then(|reader| Ok(reader.query_row(loading, (), |row| row.get::<_, i64>(0))?))
        .is_ok_and(|builds| builds > 0)
}

#[test]
fn interrupted_while_it_loads_it_does_not_swap() {
    let bench = bench(STEPWISE);
    let mut paused = paused(&bench, "1 within load rows");
    paused.interrupt("INT");
    let finished = paused.go_on().finish().fails_with(130);
    let code = &finished.json()["error"]["code"];
    assert!(code == "BF0505" || code == "BF0621", "{code}");
    assert!(bench.rows().is_err(), "nothing is live");
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
}

#[test]
fn a_database_that_was_lost_is_loaded_again() {
    let bench = bench(STEPWISE);
    bench.run("run").success();
    let lines = bench.journal();
    for name in ["tables.db", "tables.db-wal", "tables.db-shm"] {
        // The last connection takes the latter two away.
        let _ = fs::remove_file(bench.path().join(name));
    }
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
    check_appended(&lines, &bench);
}

#[test]
fn killed_while_it_loads() {
    let bench = bench(STEPWISE);
    for point in [
        "1 after begin the load",
        "1 after load rows",
        "1 within end the load",
    ] {
        paused(&bench, point).kill();
        assert!(is_loading(&bench));
        assert_eq!(bench.journal().len() as u64, SPEC.objects);
    }
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
}

#[test]
fn interrupted_it_writes_a_checkpoint_and_what_that_covers_is_not_read_again() {
    // With the interval of half a minute, only the interruption makes a checkpoint.
    let bench = bench(
        r#"
        source.files.split_size = "1 B"
        fold.workers = 1
        gate.max_quarantined = 1
        "#,
    );
    spoil(&bench, 7);
    let mut paused = paused(&bench, "1 after open rejections");
    assert!(bench.journal().is_empty());
    paused.interrupt("INT");
    let finished = paused.go_on().finish().fails_with(130);
    assert_eq!(finished.json()["error"]["code"], "BF0505");

    let covered: Vec<usize> = bench
        .journal()
        .iter()
        .flat_map(|line| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["splits"].as_array().unwrap().clone()
        })
        .map(|split| split["split"].as_u64().unwrap() as usize)
        .collect();
    assert!(covered.len() >= 7, "{covered:?}");
    assert!(covered.len() < SPEC.objects as usize, "{covered:?}");
    let archive = Archive::new(&SPEC).unwrap();
    for split in covered {
        fs::remove_file(bench.archive().join(archive.key(split as u64))).unwrap();
    }
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
}

#[test]
fn killed_between_a_step_in_the_store_and_its_line_in_the_journal() {
    let bench = bench(STEPWISE);
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
    let lines = bench.journal();
    let last = |count: usize| &lines[lines.len() - count];
    assert!(last(1).contains("checked") && last(2).contains("loaded"));
    let journal = newest(&bench).join("journal.jsonl");
    for missing in [0, 1, 2] {
        fs::write(&journal, lines[..lines.len() - missing].concat()).unwrap();
        let again = bench.run("run --swap --output json").success();
        let result = &again.json()["result"];
        assert_eq!(result["outcome"], "already_live");
        assert_eq!(result["pointer"]["version"], 1);
        assert_eq!(bench.builds().len(), 1);
    }
}

#[test]
fn killed_between_the_load_and_its_line_in_the_journal() {
    let bench = bench(STEPWISE);
    bench.run("run").success();
    let lines = bench.journal();
    let loaded = lines
        .iter()
        .position(|line| line.contains("loaded"))
        .unwrap();
    let build = newest(&bench);
    fs::write(build.join("journal.jsonl"), lines[..loaded].concat()).unwrap();
    // The table is taken as it is: without its runs it could not be loaded again.
    fs::remove_dir_all(build.join("runs")).unwrap();
    fs::create_dir(build.join("runs")).unwrap();
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
}

#[test]
fn a_line_of_the_journal_that_was_cut_off_does_not_count() {
    let bench = bench(STEPWISE);
    bench.run("run --only-fold").success();
    let journal = newest(&bench).join("journal.jsonl");
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, &whole[..whole.len() - 7]).unwrap();
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
}

#[test]
fn a_line_of_the_journal_that_was_altered_is_an_error() {
    let bench = bench(STEPWISE);
    bench.run("run --only-fold").success();
    let lines = bench.journal();
    let journal = newest(&bench).join("journal.jsonl");
    for (altered, what) in [
        (
            [&lines[..1], &["{]\n".into()], &lines[1..]].concat(),
            "line 2",
        ),
        ([&lines[..], &lines[..1]].concat(), "folded twice"),
    ] {
        fs::write(&journal, altered.concat()).unwrap();
        let refused = bench.run("run").fails_with(42);
        assert!(refused.stderr.contains("BF0105"), "{}", refused.stderr);
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
    }
}

#[test]
fn a_run_that_is_not_what_the_journal_says_is_an_error() {
    let bench = bench(STEPWISE);
    bench.run("run --only-fold").success();
    let build = newest(&bench);
    let run = build.join("runs/0000000007-0000000000.arrow");
    let whole = fs::read(&run).unwrap();
    let lines = bench.journal();
    let altered = |at: usize| {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        altered
    };
    let name = b"checksums";
    let in_footer = whole.windows(name.len()).position(|bytes| bytes == name);
    let (batch, footer) = (altered(whole.len() / 2), altered(in_footer.unwrap()));
    // Whether splits are left to fold or not.
    for journal in [lines.concat(), lines[..40].concat()] {
        fs::write(build.join("journal.jsonl"), journal).unwrap();
        for (damaged, what) in [
            (Some(&footer[..]), "its footer"),
            (Some(&whole[..100]), "it has 100 bytes"),
            (None, "it is gone"),
            (Some(&batch), "batch 0 of 1"),
        ] {
            match damaged {
                Some(bytes) => fs::write(&run, bytes).unwrap(),
                None => fs::remove_file(&run).unwrap(),
            }
            let refused = bench.run("run --swap").fails_with(42);
            assert!(refused.stderr.contains("BF0503"), "{}", refused.stderr);
            assert!(
                refused.stderr.contains("0000000007-0000000000.arrow"),
                "{}",
                refused.stderr
            );
            assert!(refused.stderr.contains(what), "{}", refused.stderr);
        }
        fs::write(&run, &whole).unwrap();
    }
    let fresh = bench.run("run --swap --fresh --output json").success();
    check_complete(&bench, &fresh);
}

#[test]
fn what_a_killed_run_left_half_written_is_swept() {
    let bench = bench(STEPWISE);
    bench.run("run --only-fold").success();
    let build = newest(&bench);
    let lines = bench.journal();
    fs::write(build.join("journal.jsonl"), lines[..40].concat()).unwrap();
    let left = [
        "runs/0000000041-0000000000.arrow.part",
        "runs/0000000099-0000000000.arrow",
    ];
    for name in left {
        fs::write(build.join(name), "half").unwrap();
    }
    let unfinished = bench.work().join("page_days/01M87GX722F544MDVAGNCWNQTX");
    fs::create_dir_all(unfinished.join("runs")).unwrap();
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
    assert!(left.iter().all(|name| !build.join(name).exists()));
    assert!(!unfinished.exists(), "a plan that was never complete");
}

#[test]
fn rejected_records_are_listed_wherever_the_run_was_stopped() {
    let bench = bench(&format!("{STEPWISE}\ngate.max_quarantined = 1"));
    spoil(&bench, 30);
    bench.run("run --only-fold").success();
    let build = newest(&bench);
    let list = build.join("quarantine.jsonl");
    let listed = fs::read_to_string(&list).unwrap();
    assert_eq!(listed.lines().count(), 1);
    // Killed between the last checkpoint and the list.
    fs::remove_file(&list).unwrap();
    let finished = bench.run("run --swap --output json").success();
    check_complete(&bench, &finished);
    assert_eq!(fs::read_to_string(&list).unwrap(), listed);
}
