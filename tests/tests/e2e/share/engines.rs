//! Units that a real Spark folds, with `examples/spark/fold.py`: an executor is killed, a task is started twice, a unit fails.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use backfold_tests::components::{guest, root};
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process::{binary, run_long};
use backfold_tests::spark::{self, HOST_VARIABLE, HOSTS};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::rounds::overlapping;
use super::same_table::of_one_process;
use crate::readme::commands;

/// The beginning of a speculative copy: half of the tasks are done, and one takes twice as long as they did.
const SPECULATION: &str = "
spark.speculation true
spark.speculation.quantile 0.5
spark.speculation.multiplier 2
spark.speculation.interval 200ms
";

/// The application that folds a job in 7 units, with a command in the place of `backfold`.
fn application(command: &Path) -> String {
    let example = root().join("examples/spark/fold.py");
    format!(
        "exec spark-submit '{}' job.toml --share share --units 7 --backfold '{}'",
        example.display(),
        command.display()
    )
}

/// The folder in `/proc` of the process that has written its number into a file.
fn process_in(file: &Path) -> Option<PathBuf> {
    let id = fs::read_to_string(file).ok()?;
    Some(Path::new("/proc").join(id.trim()))
}

/// Waits until a process is gone.
#[track_caller]
fn assert_ends(process: &Path) {
    let began = Instant::now();
    while process.exists() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{} lives",
            process.display()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// A command that stands for `backfold`. On the first host, the first worker stops in the middle of its unit, and writes the
/// number of its process to `stopped/process`; on the second host, the second one does, in `slow/process`.
fn stopping(folder: &Path) -> PathBuf {
    let script = format!(
        r#"#!/bin/bash
arguments=("$@")
stop() {{ # FOLDER
    mkdir "$1" 2>/dev/null || return 0
    echo "$unit" >"$1/unit"
    BACKFOLD_TEST_FAULT="pause 1 before write a run: $1/paused" '{binary}' "${{arguments[@]}}" <&0 &
    echo $! >"$1/new"
    while ! [ -e "$1/paused" ]; do sleep 0.05; done
    mv "$1/new" "$1/process"
    wait
    exit 1
}}
if [ "$1" = worker ]; then
    words=$*
    unit=${{words#*--unit }}
    unit=${{unit%% *}}
    case ${HOST_VARIABLE} in
        {first}) stop '{folder}/stopped' ;;
        # Spark starts no copy on a host that has had an attempt at the task, be it one that was killed.
        {second}) mkdir '{folder}/first' 2>/dev/null || [ "$(cat '{folder}/stopped/unit')" = "$unit" ] || stop '{folder}/slow' ;;
    esac
fi
exec '{binary}' "$@"
"#,
        folder = folder.display(),
        binary = binary().display(),
        first = HOSTS[0],
        second = HOSTS[1],
    );
    let path = folder.join("backfold");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The events of an application that hold `value` at `pointer`.
fn with<'a>(events: &'a [Value], pointer: &str, value: &Value) -> Vec<&'a Value> {
    let has = |event: &&Value| event.pointer(pointer) == Some(value);
    events.iter().filter(has).collect()
}

#[test]
fn an_executor_is_killed_and_a_task_is_started_twice() {
    let bench = overlapping("page_days", "");
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let command = stopping(folder.path());
    let spark = spark::shared();
    let finished = thread::scope(|scope| {
        let application = scope.spawn(|| {
            let mut submit = spark
                .submit(&application(&command), SPECULATION, &[])
                .unwrap();
            run_long(submit.current_dir(bench.path()))
        });
        let stopped = loop {
            if let Some(stopped) = process_in(&folder.path().join("stopped/process")) {
                break stopped;
            }
            if application.is_finished() {
                panic!("it never came to its tasks: {:?}", application.join());
            }
            thread::sleep(Duration::from_millis(20));
        };
        spark.kill_executor(HOSTS[0]).unwrap();
        assert_ends(&stopped);
        application.join().unwrap().success()
    });
    assert!(
        finished
            .stdout
            .contains("round 1: folding 7 units\nround 2: folding 3 units\n"),
        "{finished:?}"
    );

    let events = spark.events().unwrap();
    let lost = with(
        &events,
        "/Task End Reason/Reason",
        &"ExecutorLostFailure".into(),
    );
    assert_eq!(lost.len(), 1, "{lost:?}");
    let copies = with(&events, "/Task Info/Speculative", &true.into());
    let is_done = |task: &&Value| task["Task End Reason"]["Reason"] == "Success";
    assert!(copies.iter().any(is_done), "{copies:?}");
    // The first copy of that task was still at work.
    assert_ends(&process_in(&folder.path().join("slow/process")).unwrap());

    let report = bench
        .run("run --share share --swap --output json")
        .success()
        .json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
    assert_eq!(report["result"]["counts"], expected["counts"]);
}

#[test]
fn a_unit_that_fails_ends_the_application() {
    let component = guest("page_days");
    let bench = Workbench::new(&component).unwrap();
    let settings = "source.files.split_size = \"1\"\nquarantine.stop_after = 0";
    bench.write_job(&component, settings).unwrap();
    for object in 0..6 {
        let line = r#"{"ts": "2026-01-01T10:00:00Z", "page_id": "/", "duration_ms": 1}"#;
        bench
            .write_object(&format!("{object}.jsonl"), line)
            .unwrap();
    }
    bench.write_object("6.jsonl", "{").unwrap();
    let spark = spark::shared();
    let mut submit = spark.submit(&application(&binary()), "", &[]).unwrap();
    let finished = run_long(submit.current_dir(bench.path())).fails_with(1);
    // What the worker said, not only that it ended.
    assert!(
        finished.stderr.contains("ended with 42: error[BF0501]"),
        "{finished:?}"
    );
    let events = spark.events().unwrap();
    let ends = with(&events, "/Event", &json!("SparkListenerJobEnd"));
    assert_eq!(ends[0]["Job Result"]["Result"], "JobFailed");
    let said = bench.refuses("run --share share", 42, "BF1316");
    assert!(said.contains("unit 6 failed"), "{said}");
}

/// The command of the example's README, whose share is a bucket.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_of_the_readme_folds_into_a_bucket() {
    let readme = fs::read_to_string(root().join("examples/spark/README.md")).unwrap();
    let lines = commands(&readme);
    let line = |start: &str| {
        let found = lines.iter().find(|line| line.starts_with(start));
        found
            .unwrap()
            .replace("s3://bucket/", &format!("s3://{BUCKET}/"))
    };
    let mut bench = overlapping("page_days", "");
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    symlink(binary(), bench.path().join("backfold")).unwrap();
    symlink(
        root().join("examples/spark/fold.py"),
        bench.path().join("fold.py"),
    )
    .unwrap();
    let gateway = Gateway::start().await.unwrap();
    for (name, value) in gateway.environment() {
        bench.set_variable(name, value);
    }
    let spark = spark::shared();
    let mut submit = spark
        .submit(&line("spark-submit "), "", &gateway.environment())
        .unwrap();
    run_long(submit.current_dir(bench.path())).success();
    drop(spark);
    let run = line("backfold run job.toml ") + " --output json";
    let report = bench
        .run(run.strip_prefix("backfold ").unwrap())
        .success()
        .json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
}
