//! The estimates of a plan for its run.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use backfold::job::{Job, Overrides};
use backfold::progress::Progress;
use backfold::replay::{self, RunOptions};
use backfold_tests::archive::{Archive, ArchiveSpec, Layout};
use backfold_tests::components::{guest, root};
use backfold_tests::fault::Paused;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Few records, which are folded in time on any machine.
const FEW: ArchiveSpec = ArchiveSpec {
    events: 480,
    ..ArchiveSpec::SMALL
};

fn bench(spec: &ArchiveSpec, settings: &str) -> Workbench {
    let component = guest("page_days");
    let bench = Workbench::with_archive(&component, &Archive::new(spec).unwrap()).unwrap();
    bench.write_job(&component, settings).unwrap();
    bench
}

/// The result of `plan`.
#[track_caller]
fn planned(bench: &Workbench) -> Value {
    bench.run("plan --output json").success().json()["result"].take()
}

#[track_caller]
fn count(estimate: &Value, name: &str) -> u64 {
    estimate[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{estimate}"))
}

#[test]
fn a_person_reads_what_is_read_built_and_touched() {
    let bench = bench(&FEW, "fold.workers = 2");
    let said = bench.run("plan").success().stdout;
    // Another plan takes the place of the first, and differs in the name alone.
    let result = planned(&bench);
    let name = said.split_whitespace().nth(1).unwrap();
    let component = result["component"]["path"].as_str().unwrap();
    let digest = result["component"]["digest"].as_str().unwrap();
    let text = said
        .replace(component, "COMPONENT")
        .replace(&digest[..16], "DIGEST")
        .replace(&name.to_lowercase(), "build")
        .replace(name, "BUILD");
    // How long it takes, the machine knows.
    let lines = text
        .lines()
        .map(|line| match line.split_once(" records, ") {
            Some((records, _)) => format!("{records} records, …"),
            None => line.trim_end().to_owned(),
        });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    build      BUILD (new)
    table      page_days
    builds     page_days__build in SQLite tables.db
    shows now  nothing: the name is not used yet
    component  page_days 0.1.0 (DIGEST)
               COMPONENT
    input      24 objects in 1 split, 186.2 KiB
    to fold    480 records, …
    events     all
    gate       all input folded, no record rejected, at least 1 row
    work       work/page_days/BUILD

    nothing has been built or changed: `backfold run` builds it
    ");
}

#[test]
fn the_records_of_a_small_plan_are_counted() {
    let bench = bench(&FEW, "fold.workers = 3");
    // Also those of Parquet.
    let parquet = root().join("host/src/decode/columnar/fixtures/pyarrow.parquet");
    bench
        .write_object("a.parquet", fs::read(parquet).unwrap())
        .unwrap();
    let result = planned(&bench);
    let estimate = &result["estimate"];
    let records = count(estimate, "records");
    assert_eq!(estimate["exact"], true, "{result}");
    assert_eq!(count(estimate, "sampled"), 25);
    assert_eq!(count(estimate, "workers"), 3);
    assert!(estimate["seconds"].as_f64().unwrap() > 0.0);
    let settings = "quarantine.stop_after = 1000\ngate.max_quarantined = 1000";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let report = bench.run("run --output json").success().json();
    assert_eq!(report["result"]["counts"]["records"], records);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_all_is_folded_all_bytes_of_the_plan_are_done() {
    let bench = bench(&ArchiveSpec::SMALL, "quarantine.stop_after = 1000");
    let parquet = root().join("host/src/decode/columnar/fixtures/pyarrow.parquet");
    bench
        .write_object("a.parquet", fs::read(parquet).unwrap())
        .unwrap();
    let job = Job::load(&bench.job(), &Overrides::default()).unwrap();
    let progress = Arc::new(Progress::default());
    let (options, cancel) = (RunOptions::default(), CancellationToken::new());
    let report = replay::run(&job, &options, progress.clone(), cancel)
        .await
        .unwrap();
    assert!(report.counts.stored_bytes < report.frozen.size_bytes);
    let done = progress.bytes_done.load(Ordering::Relaxed);
    assert_eq!(done, report.frozen.size_bytes);
}

#[test]
fn those_of_a_large_plan_are_estimated_from_a_few_objects() {
    let bench = Workbench::new(&guest("page_days")).unwrap();
    let record = format!(
        "{{\"ts\": \"2026-01-01T10:00:00Z\", \"page_id\": \"/a\", \"duration_ms\": 1, \"text\": \"{}\"}}\n",
        "long".repeat(1000)
    );
    for object in 0..30 {
        let key = format!("{object:02}.jsonl");
        bench.write_object(&key, record.repeat(100)).unwrap();
    }
    let result = planned(&bench);
    let estimate = &result["estimate"];
    assert!(result["frozen"]["size_bytes"].as_u64().unwrap() > 8 << 20);
    assert_eq!(estimate["exact"], false, "{result}");
    assert_eq!(count(estimate, "sampled"), 5);
    let records = count(estimate, "records");
    assert!(records.abs_diff(3_000) < 30, "{records}");
    let text = bench.run("plan").success().stdout;
    assert!(text.contains("about "), "{text}");
    assert!(text.contains("(from 5 of 30 objects)"), "{text}");
}

#[test]
fn of_a_build_that_was_begun_what_is_left_is_counted() {
    let settings = "source.files.split_size = \"1 B\"\ndecode.batch_rows = 10\n\
                    fold = { workers = 1, checkpoint_interval = \"0s\", window_batches = 1 }";
    let bench = bench(&ArchiveSpec::SMALL, settings);
    Paused::start(
        &mut bench.command("run"),
        "3 after sync a line",
        bench.path(),
    )
    .kill();
    let result = planned(&bench);
    assert_eq!(
        (&result["resumes"], &result["splits_done"]),
        (&json!(true), &json!(3))
    );
    let left = 24 - 3;
    let estimate = &result["estimate"];
    assert_eq!(count(estimate, "sampled"), left);
    assert_eq!(count(estimate, "records"), 200 * left);
}

#[test]
fn what_cannot_be_sampled_is_told_and_fails_no_plan() {
    let spec = ArchiveSpec {
        layout: Layout::Flat,
        ..ArchiveSpec::SMALL
    };
    let bench = bench(&spec, "");
    bench.write_object("a.gz", b"\x1f\x8b no gzip").unwrap();
    let result = planned(&bench);
    insta::assert_snapshot!(result["frozen"]["notes"][0].as_str().unwrap(), @"The sample of the plan is not whole: `a.gz` holds damaged gzip data at or before byte 0: deflate decompression error: unknown compression method.");
    let estimate = &result["estimate"];
    assert_eq!(estimate["exact"], false);
    let records = count(estimate, "records");
    assert!(records.abs_diff(4_800) < 100, "{records}");
    bench.refuses("run", 42, "BF0303");
}

#[test]
fn files_are_not_archived() {
    let bench = bench(&ArchiveSpec::SMALL, "");
    for command in ["plan", "run"] {
        bench.refuses(&format!("{command} --skip-archived"), 2, "BF0012");
    }
}

#[test]
fn a_component_that_does_not_come_back_is_not_waited_for() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    let record = r#"{"ts": "2026-01-01T10:00:00Z", "page_id": "trap", "duration_ms": 1}"#;
    bench.write_object("a.jsonl", record).unwrap();
    let settings = "params.on_trap = \"loop\"\nlimits.fuel_base = 1000000000000000";
    bench.write_job(&component, settings).unwrap();
    let began = Instant::now();
    let result = planned(&bench);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(result["estimate"], Value::Null);
    insta::assert_snapshot!(result["frozen"]["notes"][0].as_str().unwrap(), @"The sample of the plan is not whole: the component takes longer than 2s.");
}
