//! However many units a build is cut into, and wherever its share is, the table is that of one process.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;

use backfold_tests::archive::{Archive, ArchiveSpec, Compression};
use backfold_tests::broker::shared;
use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::projects::Project;
use backfold_tests::topic::Clicks;
use backfold_tests::units::Units;
use backfold_tests::visits::{Format, Part};
use backfold_tests::workbench::Workbench;
use serde_json::Value;

/// The report of one process, which loads the table.
pub(super) fn of_one_process(bench: &Workbench) -> Value {
    bench.run("run --fresh --output json").success().json()["result"].take()
}

/// Stages the job in a new share, folds all units, and loads the table: its report, and the number of units.
#[track_caller]
pub(super) fn of_units(bench: &Workbench, share: &str, units: u64) -> (Value, u64) {
    let units = Units::stage(bench, share, units).unwrap();
    units.fold_all().unwrap();
    (units.run("").success().json()["result"].take(), units.units)
}

/// The table of one process, and of units in shares in folders.
#[track_caller]
fn same_in_units(bench: &Workbench, numbers: &[u64]) {
    let expected = of_one_process(bench);
    for number in numbers {
        // A build of one process is complete: the same input would not be folded again.
        fs::remove_dir_all(bench.work()).unwrap();
        let share = format!("share-{number}");
        let (report, units) = of_units(bench, &share, *number);
        assert_eq!(units, *number, "{report:#}");
        for member in ["loaded", "counts", "rejected", "manifest_digest"] {
            assert_eq!(report[member], expected[member], "{member}, {number} units");
        }
    }
}

fn archive() -> Archive {
    let spec = ArchiveSpec {
        compress: Compression::Gzip,
        objects: 96,
        ..ArchiveSpec::SMALL
    };
    Archive::new(&spec).unwrap()
}

#[test]
fn of_json_in_gzip() {
    let component = guest("page_days");
    let bench = Workbench::with_archive(&component, &archive()).unwrap();
    let settings = "source.files.split_size = \"1\"";
    bench.write_job(&component, settings).unwrap();
    same_in_units(&bench, &[1, 4, 20, 80]);
}

#[test]
fn of_a_component_for_which_the_order_matters() {
    let component = guest("latest");
    let bench = Workbench::with_archive(&component, &archive()).unwrap();
    let settings = "source.files.split_size = \"1\"";
    bench.write_job(&component, settings).unwrap();
    same_in_units(&bench, &[1, 4, 20]);
}

#[test]
fn of_a_component_in_python() {
    let component = Project::new("python").component;
    let bench = Workbench::with_archive(&component, &archive()).unwrap();
    let settings = "source.files.split_size = \"1\"";
    bench.write_job(&component, settings).unwrap();
    same_in_units(&bench, &[1, 4]);
}

#[test]
fn of_parquet() {
    let component = guest("visits");
    let bench = Workbench::new(&component).unwrap();
    for part in Part::all().unwrap() {
        let content = part.content(Format::Parquet, true).unwrap();
        let key = format!("{:010}.parquet", part.offset);
        bench.write_object(&key, content).unwrap();
    }
    let settings = "source.files.split_size = \"1\"";
    bench.write_job(&component, settings).unwrap();
    same_in_units(&bench, &[1, 4]);
}

#[test]
fn of_ranges_of_a_topic() {
    let clicks = Clicks::new(shared(), &guest("page_days"), &ArchiveSpec::SMALL).unwrap();
    let settings =
        "source.kafka.split_size = \"16 KiB\"\nsource.kafka.max_bytes_per_second = \"64 MiB\"";
    clicks.write_job(settings).unwrap();
    same_in_units(&clicks.bench, &[1, 4, 20]);
    let staged = clicks.bench.run("stage --share other").success().stdout;
    assert!(
        staged.contains("`source.kafka.max_bytes_per_second` holds for each worker by itself"),
        "{staged}"
    );
}

#[test]
fn of_rejected_records_which_stand_in_the_order_of_the_source() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    for object in 0..30 {
        let line = |page: &str, duration: &str| {
            format!(
                r#"{{"ts": "2026-01-01T10:00:00Z", "page_id": "{page}", "duration_ms": {duration}}}"#
            )
        };
        let lines = [
            line("/a", "1"),
            line("trap", "2"),
            line("/b", "\"soon\""),
            line("/a", "3"),
        ];
        let key = format!("{object:02}.jsonl");
        bench.write_object(&key, lines.join("\n")).unwrap();
    }
    let settings = "source.files.split_size = \"1\"\ngate.max_quarantined = 60\nfold.workers = 1";
    bench.write_job(&component, settings).unwrap();
    let quarantine = || {
        let build = bench.builds().pop().unwrap();
        fs::read_to_string(build.join("quarantine.jsonl")).unwrap()
    };
    let expected = (of_one_process(&bench), quarantine());
    assert_eq!(expected.0["rejected"], 60);
    for number in [1, 4, 20] {
        fs::remove_dir_all(bench.work()).unwrap();
        let (report, _) = of_units(&bench, &format!("share-{number}"), number);
        assert_eq!(report["loaded"], expected.0["loaded"]);
        assert_eq!(report["rejected"], 60);
        assert!(quarantine() == expected.1);
    }
    let settings = format!("{settings}\nquarantine.stop_after = 40");
    bench.write_job(&component, &settings).unwrap();
    let units = Units::stage(&bench, "share-of-few", 4).unwrap();
    for unit in 0..units.units {
        units.fold(1, unit);
    }
    // Each of them rejected fewer than that.
    let said = bench.refuses_as(&mut units.sealing(), 42, "BF1317");
    assert!(said.contains("rejected 4"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_bucket() {
    let component = guest("page_days");
    let mut bench = Workbench::with_archive(&component, &archive()).unwrap();
    let expected = of_one_process(&bench);
    let gateway = Gateway::start().await.unwrap();
    gateway.upload(&bench.archive(), "raw/").await.unwrap();
    for (name, value) in gateway.environment() {
        bench.set_variable(name, value);
    }
    let source =
        format!("source.s3 = {{ bucket = \"{BUCKET}\", prefix = \"raw/\", split_size = \"1\" }}");
    bench.write_job(&component, &source).unwrap();
    for number in [1, 20] {
        let share = format!("s3://{BUCKET}/share-{number}");
        let (report, _) = of_units(&bench, &share, number);
        assert_eq!(report["loaded"], expected["loaded"]);
        fs::remove_dir_all(bench.work()).unwrap();
    }
    let share = format!("s3://{BUCKET}/backfold");
    let (report, _) = of_units(&bench, &share, 4);
    assert_eq!(report["loaded"], expected["loaded"]);
    // Another machine, which has the job and nothing else.
    fs::remove_dir_all(bench.work()).unwrap();
    fs::remove_file(bench.database()).unwrap();
    let line = format!("run --share {share} --output json");
    let again = bench.run(&line).success().json();
    assert_eq!(again["result"]["loaded"], expected["loaded"]);
    bench.run(&format!("gc --share {share}")).success();
    assert!(gateway.keys("backfold/").await.unwrap().is_empty());
}
