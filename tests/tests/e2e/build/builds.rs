//! Which build a command works on, whatever was stopped, dropped, spelled otherwise or done by others in between.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use backfold::cutover::DiffOptions;
use backfold::job::{Job, Overrides};
use backfold::replay::{self, SwapOptions};
use backfold::store::StoreContext;
use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{guest, raw};
use backfold_tests::fault::Paused;
use backfold_tests::process::{self, backfold};
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use serde_json::{Value, json};

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 600,
    objects: 6,
    ..ArchiveSpec::SMALL
};

fn bench() -> Workbench {
    Workbench::with_archive(&guest("page_days"), &Archive::new(&SPEC).unwrap()).unwrap()
}

/// The result of a command that succeeds.
#[track_caller]
fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

/// The build of a result.
fn build(result: &Value) -> String {
    result["build"].as_str().unwrap().to_owned()
}

/// The states of all builds, oldest first.
fn states(bench: &Workbench) -> Vec<Value> {
    let status = result(bench, "status");
    let builds = status.as_array().unwrap().iter();
    builds.map(|build| build["state"].clone()).collect()
}

/// Adds an object with one event, for a table that differs.
fn add_object(bench: &Workbench, name: &str) {
    let key = Archive::new(&SPEC).unwrap().key(0);
    let event = fs::read(bench.archive().join(key)).unwrap();
    let end = event.iter().position(|&byte| byte == b'\n').unwrap();
    let key = format!("clicks/2026/01/01/23/{name}.jsonl");
    bench.write_object(&key, &event[..=end]).unwrap();
}

fn views(bench: &Workbench) -> i64 {
    let sum = "SELECT sum(views) FROM page_days";
    let reader = bench.reader().unwrap();
    reader.query_row(sum, (), |row| row.get(0)).unwrap()
}

/// Does something to the database that backfold did not do.
fn execute(bench: &Workbench, sql: &str) {
    let connection = Connection::open(bench.database()).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_finished_build_is_taken_again_only_if_its_input_is_the_same() {
    let bench = bench();
    let first = result(&bench, "run");
    let again = result(&bench, "run");
    assert_eq!(build(&first), build(&again));
    let note = again["notes"][0].as_str().unwrap();
    assert!(note.contains("which is complete"), "{note}");

    add_object(&bench, "new");
    let second = result(&bench, "run --swap");
    assert_ne!(build(&first), build(&second));
    let note = second["notes"][0].as_str().unwrap();
    assert!(
        note.contains(&build(&first)) && note.contains("its input has changed"),
        "{note}"
    );
    assert_eq!(views(&bench), second["counts"]["events"].as_i64().unwrap());
    assert_eq!(states(&bench), ["ready", "live"]);

    // The older one is what `swap` shows if it is named, and only then.
    result(
        &bench,
        &format!("swap job.toml {} --expect 1", build(&first)),
    );
    assert_eq!(views(&bench), first["counts"]["events"].as_i64().unwrap());
}

#[test]
fn a_range_that_moves_with_the_clock_is_another_input() {
    let bench = bench();
    let first = result(&bench, "run --from -876000h");
    let second = result(&bench, "run --swap --from -876000h");
    assert_ne!(build(&first), build(&second));
}

#[test]
fn what_was_taken_back_is_not_shown_again_unasked() {
    let bench = bench();
    let first = build(&result(&bench, "run --swap"));
    add_object(&bench, "bad");
    let second = build(&result(&bench, "run --swap"));
    result(&bench, "rollback");
    for line in ["run --swap", "swap", "run --swap --fresh"] {
        let said = bench.refuses(line, 3, "BF0709");
        assert!(
            said.contains(&first) && said.contains("took it back"),
            "{said}"
        );
    }
    let held = bench.run("run --swap").fails_with(3);
    assert!(
        held.stdout
            .contains("held back: `page_days` shows what it did before"),
        "{}",
        held.stdout
    );
    // By its name it is; and what differs from it is nobody's to hold.
    result(&bench, &format!("swap job.toml {second}"));
    result(&bench, "rollback");
    add_object(&bench, "good");
    assert_eq!(result(&bench, "run --swap")["outcome"], "live");
}

#[test]
fn a_swap_is_of_what_was_compared() {
    let bench = bench();
    result(&bench, "run --swap");
    add_object(&bench, "a");
    let first = build(&result(&bench, "run"));
    add_object(&bench, "b");
    let second = result(&bench, "run --swap");
    let said = bench.refuses(&format!("swap job.toml {first}"), 4, "BF0710");
    assert!(
        said.contains("version 1, and `page_days` shows build"),
        "{said}"
    );
    bench.refuses(&format!("swap job.toml {first} --expect 1"), 4, "BF0710");
    let diff = result(&bench, &format!("diff job.toml {} {first}", build(&second)));
    assert_eq!(
        diff["counts"]["only_old"].as_u64().unwrap() + diff["counts"]["both"].as_u64().unwrap(),
        second["loaded"]["rows"].as_u64().unwrap()
    );
    let swapped = result(&bench, &format!("swap job.toml {first} --expect 2"));
    assert_eq!(swapped["version"], 3);
}

#[test]
fn spellings_of_one_job_go_on_with_one_build() {
    let bench = bench();
    let first = build(&result(&bench, "run --only-fold"));
    let link = bench.path().join("link");
    std::os::unix::fs::symlink(bench.path(), &link).unwrap();
    let absolute = bench.job();
    let other = tempfile::tempdir().unwrap();
    for (folder, job) in [
        (bench.path(), Path::new("./job.toml")),
        (bench.path(), &absolute),
        (bench.path(), &link.join("job.toml")),
        (&bench.archive(), Path::new("../job.toml")),
        (other.path(), &absolute),
    ] {
        let mut command = backfold();
        command.args(["run", "--only-fold", "--output", "json"]);
        command.arg(job).current_dir(folder);
        let finished = process::run(&mut command).success();
        assert_eq!(
            build(&finished.json()["result"]),
            first,
            "{}",
            job.display()
        );
    }
    assert_eq!(bench.builds().len(), 1);
}

#[test]
fn builds_of_another_database_are_not_looked_at() {
    let bench = bench();
    let component = guest("page_days");
    let job = |name: &str| {
        let settings = format!("target.sqlite.path = \"{name}.db\"");
        bench.write_job(&component, &settings).unwrap();
        fs::rename(bench.job(), bench.path().join(format!("{name}.toml"))).unwrap();
    };
    job("dev");
    job("tables");
    let ready = build(&result(&bench, "run tables.toml"));
    result(&bench, "run dev.toml --swap");
    result(&bench, "run dev.toml --fresh --swap");
    assert_eq!(bench.builds().len(), 3);
    assert_eq!(result(&bench, "gc dev.toml --keep 0")["dropped"], json!([]));
    assert_eq!(
        result(&bench, "status dev.toml").as_array().unwrap().len(),
        2
    );
    bench.refuses(&format!("swap dev.toml {ready}"), 2, "BF0605");
    assert_eq!(build(&result(&bench, "swap tables.toml")), ready);
}

#[test]
fn a_table_that_somebody_dropped_is_loaded_again() {
    let bench = bench();
    let shadow = |build: &str| format!("page_days__{}", build.to_lowercase());
    let ready = build(&result(&bench, "run"));
    execute(&bench, &format!("DROP TABLE {}", shadow(&ready)));
    assert_eq!(states(&bench), ["folded"]);
    assert_eq!(build(&result(&bench, "run")), ready);
    // Killed within a `gc`, that had dropped the table and not yet removed the folder.
    execute(
        &bench,
        &format!(
            "DROP TABLE {}; UPDATE backfold_builds SET state = 'dropped'",
            shadow(&ready)
        ),
    );
    let live = result(&bench, "run --swap");
    assert_eq!(
        (build(&live), &live["outcome"]),
        (ready.clone(), &json!("live"))
    );

    // The live one cannot be loaded again under its readers' eyes: another takes its place.
    execute(&bench, &format!("DROP TABLE {}", shadow(&ready)));
    assert_eq!(states(&bench), ["live_without_table"]);
    let anew = result(&bench, "run --swap");
    assert_ne!(build(&anew), ready);
    assert_eq!(anew["loaded"], live["loaded"]);
    assert_eq!(views(&bench), live["counts"]["events"].as_i64().unwrap());
}

#[test]
fn a_damaged_build_is_in_nobodys_way() {
    let bench = bench();
    let damage = |file: PathBuf| fs::write(file, "{\"half\": ").unwrap();
    result(&bench, "run --only-fold --to 2031-01-01");
    damage(bench.builds()[0].join("manifest.json"));
    result(&bench, "run --only-fold");
    let journal = bench.builds()[1].join("journal.jsonl");
    let lines = bench.journal();
    fs::write(&journal, [&lines[0][..20], "\n", &lines[0]].concat()).unwrap();
    assert_eq!(states(&bench), ["damaged", "damaged"]);

    bench.refuses("run --swap", 42, "BF0105");
    bench.refuses("plan", 42, "BF0105");
    result(&bench, "run --swap --fresh");
    assert_eq!(result(&bench, "run --swap")["outcome"], "already_live");
    result(&bench, "gc --keep 0");
    assert_eq!(states(&bench), ["damaged", "live"]);
}

#[test]
fn a_stop_that_was_asked_for_is_kept_by_whatever_only_reads() {
    let bench = bench();
    let first = build(&result(&bench, "run"));
    let job = Job::load(&bench.job(), &Overrides::default()).unwrap();
    let stopped = StoreContext::default();
    stopped.cancel.cancel();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = SwapOptions::default();
    let swap = replay::swap(&job, &options, &stopped);
    let swapped = runtime.block_on(swap).unwrap_err();
    let diff = runtime.block_on(replay::diff(
        &job,
        None,
        None,
        DiffOptions::default(),
        &stopped,
    ));
    for stopped in [swapped, diff.unwrap_err()] {
        assert_eq!(stopped.code().class.exit_code(), 130, "{stopped}");
    }
    assert!(bench.rows().is_err(), "nothing is live");
    assert_eq!(build(&result(&bench, "swap")), first);
}

#[test]
fn a_terminal_that_goes_away_leaves_a_checkpoint() {
    let bench = bench();
    let settings = "source.files.split_size = \"1 B\"\nfold.checkpoint_interval = \"0s\"";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let mut command = bench.command("run --only-fold --output json --workers 1");
    let mut paused = Paused::start(&mut command, "1 before create a run", bench.path());
    paused.interrupt("HUP");
    let finished = paused.go_on().finish().fails_with(130);
    assert_eq!(finished.json()["error"]["code"], "BF0505");
    result(&bench, "run --swap");
}

#[test]
fn a_command_that_stands_still_after_a_signal_ends_without_a_checkpoint() {
    let bench = Workbench::new(&raw()).unwrap();
    let record = "{\"page\": \"/a\", \"amount\": 3}";
    bench.write_object("part.jsonl", record).unwrap();
    let settings = "params = { in = \"fold\", fault = \"loop\" }\nlimits.fuel_base = 9_000_000_000_000_000_000";
    bench.write_job(&raw(), settings).unwrap();
    let line = "run --only-fold --trust-laws --grace 200ms --output jsonl";
    let mut running = bench.start(line);
    // A second apart: by the second one it is in the loop.
    for _ in 0..2 {
        running.wait_for(|line| line.contains("\"stage\":\"fold\""));
    }
    running.signal("TERM");
    let finished = running.finish().fails_with(130);
    assert!(
        finished.stderr.contains("nothing moved for 200ms"),
        "{}",
        finished.stderr
    );
}

#[test]
fn variables_that_are_no_text_or_no_settings_are_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let bench = bench();
    let component = guest("page_days");
    let component = component.to_str().unwrap();
    for line in [
        "run job.toml".to_owned(),
        "plan job.toml".to_owned(),
        format!("inspect {component}"),
        format!("test {component} --input archive"),
    ] {
        let mut command = backfold();
        command
            .args(line.split(' '))
            .current_dir(bench.path())
            .env("BACKFOLD_WOKERS", "2")
            .env("SOMETHING", OsString::from_vec(vec![0xff]));
        let finished = process::run(&mut command).success();
        assert!(
            finished.stderr.contains("did you mean BACKFOLD_WORKERS?"),
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn help_that_nobody_reads_to_its_end_is_no_error() {
    let script = format!(
        "set -o pipefail; {} --help | head -c 1",
        process::binary().display()
    );
    process::run(std::process::Command::new("bash").args(["-c", &script])).success();
}
