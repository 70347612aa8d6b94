//! Runs that are merged by ranges of keys, a range a process, before one machine loads them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::units::Units;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::same_table::of_one_process;

/// An archive of many keys, in runs of many batches.
fn bench(component: &str) -> Workbench {
    let spec = ArchiveSpec {
        events: 48_000,
        objects: 24,
        pages: 50_000,
        ..ArchiveSpec::SMALL
    };
    let component = guest(component);
    let bench = Workbench::with_archive(&component, &Archive::new(&spec).unwrap()).unwrap();
    let settings = "source.files.split_size = \"1\"\nfold.state_budget = \"1 MiB\"";
    bench.write_job(&component, settings).unwrap();
    bench
}

fn cut(units: &Units<'_>, ranges: u64) -> Value {
    let mut sealing = units.sealing();
    sealing.args(["--output", "json", "--ranges", &ranges.to_string()]);
    process::run(&mut sealing).success().json()["result"].take()
}

fn merge(bench: &Workbench, units: &Units<'_>, range: u64) -> Command {
    let mut command = bench.without_job(&format!("merge --range {range}"));
    command.arg(&units.build);
    command
}

fn merged(bench: &Workbench, units: &Units<'_>, range: u64) -> Value {
    let mut command = merge(bench, units, range);
    let merged = process::run(command.args(["--output", "json"]));
    merged.success().json()["result"].take()
}

#[test]
fn the_table_is_that_of_one_process() {
    for component in ["page_days", "latest"] {
        let bench = bench(component);
        let expected = of_one_process(&bench);
        fs::remove_dir_all(bench.work()).unwrap();
        let units = Units::stage(&bench, "share", 6).unwrap();
        units.fold_all().unwrap();
        let cut_into = cut(&units, 4);
        assert_eq!(cut_into["ranges"], 4, "{cut_into:#}");
        assert_eq!(cut_into["ranges_left"], json!([0, 1, 2, 3]));
        // The first cut stays.
        assert_eq!(cut(&units, 9)["ranges"], 4);
        bench.refuses_as(&mut merge(&bench, &units, 4), 2, "BF1315");
        let rows: Vec<u64> = [3, 0, 2, 1]
            .map(|range| {
                merged(&bench, &units, range)["run"]["rows"]
                    .as_u64()
                    .unwrap()
            })
            .into();
        let all = expected["loaded"]["rows"].as_u64().unwrap();
        assert_eq!(rows.iter().sum::<u64>(), all);
        assert!(rows.iter().all(|rows| *rows < all / 2), "{rows:?}");
        let again = merged(&bench, &units, 2);
        assert_eq!(again, merged(&bench, &units, 2));
        let report = units.run("").success().json();
        for member in ["loaded", "counts", "rejected"] {
            assert_eq!(report["result"][member], expected[member], "{member}");
        }
        let build = bench.builds().pop().unwrap();
        assert_eq!(fs::read_dir(build.join("runs")).unwrap().count(), 4);
    }
}

#[test]
fn a_run_that_was_changed_is_found_where_it_is_read() {
    let bench = bench("page_days");
    let units = Units::stage(&bench, "share", 2).unwrap();
    let said = bench.refuses_as(&mut merge(&bench, &units, 0), 2, "BF1315");
    assert!(said.contains("the number of ranges is 0"), "{said}");
    units.fold_all().unwrap();
    cut(&units, 3);
    merged(&bench, &units, 0);
    let said = bench.refuses("run --share share", 1, "BF1319");
    assert!(
        said.contains("2 of 3 ranges of keys are not merged yet"),
        "{said}"
    );
    // In the middle of the run of a unit.
    let attempts = bench.path().join(&units.build).join("rounds/1/0000000001");
    let attempt = fs::read_dir(attempts).unwrap().next().unwrap().unwrap();
    let files = fs::read_dir(attempt.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    let run = files
        .into_iter()
        .find(|path| path.extension().unwrap() == "arrow")
        .unwrap();
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&run)
        .unwrap();
    let middle = file.metadata().unwrap().len() / 2;
    let mut bytes = [0; 64];
    file.read_exact_at(&mut bytes, middle).unwrap();
    file.write_all_at(&bytes.map(|byte| !byte), middle).unwrap();
    bench.refuses_as(&mut merge(&bench, &units, 1), 42, "BF0503");
}
