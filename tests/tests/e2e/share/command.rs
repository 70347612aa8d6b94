//! What `stage`, `worker`, `seal`, `status`, `run` and `gc` say and do around a share.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::process::Stdio;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::process::{self, Running};
use backfold_tests::units::Units;
use backfold_tests::workbench::Workbench;
use serde_json::json;

fn bench() -> Workbench {
    let component = guest("page_days");
    let bench =
        Workbench::with_archive(&component, &Archive::new(&ArchiveSpec::SMALL).unwrap()).unwrap();
    let settings = "source.files.split_size = \"1\"";
    bench.write_job(&component, settings).unwrap();
    bench
}

#[test]
fn a_build_is_staged_once_and_found_again() {
    let bench = bench();
    bench.refuses("run --share share", 2, "BF1311");
    bench.refuses("status --share share", 2, "BF1311");
    let units = Units::stage(&bench, "share", 4).unwrap();
    let again = bench
        .run("stage --share share --output json")
        .success()
        .json();
    assert_eq!(again["result"]["build"], json!(units.build));
    assert_eq!(again["result"]["staged_before"], true);
    assert_eq!(again["result"]["units"], 4);
    // Plans and runs of this machine leave it alone.
    bench.run("plan").success();
    let said = bench.refuses("run", 2, "BF1321");
    assert!(said.contains(&units.build), "{said}");
    // Other flags are another job.
    bench.refuses(
        "run --share share --range @2026-01-01:2026-01-02",
        2,
        "BF1311",
    );

    units.fold(1, 2);
    let said = bench.refuses("run --share share", 1, "BF1319");
    assert!(
        said.contains("3 of 4 units of round 1 are not folded yet"),
        "{said}"
    );
    units.fold_all().unwrap();
    let report = units.run("--swap").success().json();
    assert_eq!(report["result"]["outcome"], "live");
    let again = units.run("--swap").success().json();
    assert_eq!(again["result"]["outcome"], "already_live");
    // What is finished is not staged again; a new build of the same input is another one.
    let fresh = Units::stage(&bench, "share", 4).unwrap();
    assert_ne!(fresh.build, units.build);
}

#[test]
fn attempts_too_many_are_counted_and_collected() {
    let bench = bench();
    let units = Units::stage(&bench, "share", 4).unwrap();
    let first = units.fold(1, 0);
    assert_eq!(first["state"], "folded");
    let again = units.fold(1, 0);
    assert_eq!(again["state"], "done_before");
    assert_eq!(again["attempt"], first["attempt"]);
    // A copy of the folder, as two workers at once would have left it.
    let folder = bench.path().join(&units.build).join("rounds/1/0000000000");
    let attempt = folder.join(first["attempt"].as_str().unwrap());
    let late = folder.join("7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    fs::create_dir(&late).unwrap();
    for file in fs::read_dir(&attempt).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), late.join(file.file_name())).unwrap();
    }
    // One that was killed.
    let killed = bench
        .path()
        .join(&units.build)
        .join("rounds/1/0000000003/01K0000000000000000000000A");
    fs::create_dir_all(&killed).unwrap();
    fs::write(killed.join("0000000018-0000000000.arrow"), "half").unwrap();
    let status = bench.run("status --share share").success().stdout;
    assert!(
        status.contains("1 of 4 units, 1 attempt too many, 1 at work or killed"),
        "{status}"
    );
    let before = bench.run("gc --share share --output json").success().json();
    assert_eq!(before["result"]["share"]["attempts"], 0);
    units.fold_all().unwrap();
    let dry = bench
        .run("gc --share share --dry-run --output json")
        .success()
        .json();
    assert_eq!(dry["result"]["share"]["attempts"], 2);
    assert!(late.exists() && killed.exists());
    bench.run("gc --share share").success();
    assert!(!late.exists() && !killed.exists() && attempt.exists());
    units.run("").success();
    let swept = bench.run("gc --share share").success().stdout;
    assert!(
        swept.contains("1 build and 0 superfluous attempts from the share"),
        "{swept}"
    );
    assert!(!bench.path().join(&units.build).exists());
    bench.run("swap").success();
}

#[test]
fn a_unit_that_fails_stops_the_others_until_it_is_tried_again() {
    let bench = bench();
    let units = Units::stage(&bench, "share", 4).unwrap();
    let objects = fs::read_dir(bench.archive())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let hidden = bench.path().join("hidden");
    fs::rename(&objects, &hidden).unwrap();
    bench.refuses_as(&mut units.worker(1, 1), 42, "BF0212");
    fs::rename(&hidden, &objects).unwrap();
    let said = bench.refuses_as(&mut units.worker(1, 0), 42, "BF1316");
    assert!(said.contains("unit 1 failed on"), "{said}");
    let mut sealing = units.sealing();
    let failed = process::run(sealing.args(["--output", "json"]));
    let failed = failed.fails_with(42).json();
    assert_eq!(failed["result"]["failed"][0]["unit"], 1);
    bench.refuses("run --share share", 42, "BF1316");
    let again = bench
        .run("stage --share share --again --output json")
        .success()
        .json();
    assert_eq!(again["result"]["tried_again"], 1);
    units.fold_all().unwrap();
    units.run("--swap").success();
}

#[test]
fn a_worker_ends_with_the_process_that_started_it() {
    let bench = bench();
    let component = backfold_tests::components::raw();
    let settings =
        "params = { in = \"fold\", fault = \"loop\" }\nlimits.fuel_base = 1000000000000000";
    bench.write_job(&component, settings).unwrap();
    let staged = bench.run("stage --share share --trust-laws --units 1 --output json");
    let build = staged.success().json()["result"]["build"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut command = bench.without_job("worker --unit 0 --lease");
    command.arg(&build).stdin(Stdio::piped());
    let mut worker = command.spawn().unwrap();
    let scratch = || fs::read_dir(bench.path().join(&build)).unwrap().count() > 0;
    assert!(scratch());
    assert!(worker.try_wait().unwrap().is_none());
    drop(worker.stdin.take());
    let status = worker.wait().unwrap();
    assert_eq!(status.code(), Some(130));
}

#[test]
fn builds_of_one_machine_and_of_many_do_not_mix() {
    let bench = bench();
    let component = guest("page_days");
    let settings =
        "source.files.split_size = \"1\"\nfold.workers = 1\nfold.checkpoint_interval = \"0s\"";
    bench.write_job(&component, settings).unwrap();
    let units = Units::stage(&bench, "share", 4).unwrap();
    // As if staging had been killed right before its last step, and the build then had been begun here.
    let build = bench.builds().pop().unwrap();
    fs::remove_file(build.join("staged.json")).unwrap();
    let mut here: Running = bench.start("run");
    here.wait_until(|| !bench.journal().is_empty());
    here.kill();
    let said = bench.refuses("run --share share", 2, "BF1320");
    assert!(said.contains("was begun on this machine"), "{said}");
    bench.run("run --swap").success();
    units.fold_all().unwrap();
    bench.run("run --share share").success();
}
