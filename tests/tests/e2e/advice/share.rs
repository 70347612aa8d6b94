//! Builds that are staged in a share.

use std::fs;
use std::process::Command;

use backfold_tests::units::Units;
use backfold_tests::workbench::Workbench;

use super::{Case, bench, file, live, provoke, provoke_by, record, set, works};

pub(crate) const CASES: &[Case] = &[
    ("BF1303", a_place_that_is_taken),
    ("BF1310", no_staged_build),
    ("BF1311", no_build_of_the_job),
    ("BF1312", a_share_of_another_release),
    ("BF1313", a_damaged_share),
    ("BF1314", no_unit_given),
    ("BF1315", no_such_unit),
    ("BF1316", a_unit_that_failed),
    ("BF1317", too_many_rejected_in_all),
    ("BF1319", units_that_are_left),
    ("BF1320", a_build_that_was_begun_here),
    ("BF1321", a_build_that_is_staged),
];

/// The build of the bench, staged in two units at most.
fn staged(bench: &Workbench) -> Units<'_> {
    Units::stage(bench, "share", 2).unwrap()
}

/// Folds what is left, and loads the table.
fn works_in_units(bench: &Workbench) {
    let units = staged(bench);
    units.fold_all().unwrap();
    units.run("--swap").success();
    assert_ne!(bench.rows().unwrap().len(), 0);
}

/// A worker with these words after the build.
fn worker(bench: &Workbench, build: &str, words: &str) -> Command {
    let mut command = bench.without_job(&format!("worker {build} {words}"));
    for name in ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"] {
        command.env_remove(name);
    }
    command
}

fn a_place_that_is_taken() {
    let bench = bench();
    let place = file(&bench, "share");
    fs::write(&place, "no folder").unwrap();
    let said = provoke(&bench, "stage --share share", "BF1303");
    assert!(said.contains("share/page_days"), "{said}");
    fs::remove_file(&place).unwrap();
    works_in_units(&bench);
}

fn no_staged_build() {
    let bench = bench();
    let mut elsewhere = worker(&bench, "share/page_days", "--unit 0");
    provoke_by(&bench, &mut elsewhere, "BF1310");
    works_in_units(&bench);
}

fn no_build_of_the_job() {
    let bench = bench();
    provoke(&bench, "run --share share", "BF1311");
    staged(&bench);
    provoke(&bench, "run --share share --range @2026-01-01:", "BF1311");
    works_in_units(&bench);
}

fn a_share_of_another_release() {
    let bench = bench();
    let units = staged(&bench);
    let path = file(&bench, &units.build).join("build.json");
    let text = fs::read_to_string(&path).unwrap();
    let other = text.replacen("\"format\":1", "\"format\":9", 1);
    assert_ne!(other, text);
    fs::write(&path, other).unwrap();
    provoke_by(&bench, &mut units.worker(1, 0), "BF1312");
    bench.run("stage --share share --fresh").success();
    works_in_units(&bench);
}

fn a_damaged_share() {
    let bench = bench();
    let units = staged(&bench);
    let path = file(&bench, &units.build).join("units.jsonl");
    fs::write(&path, "").unwrap();
    provoke_by(&bench, &mut units.worker(1, 0), "BF1313");
    bench.run("stage --share share --fresh").success();
    works_in_units(&bench);
}

fn no_unit_given() {
    let bench = bench();
    let build = staged(&bench).build;
    provoke_by(&bench, &mut worker(&bench, &build, ""), "BF1314");
    let mut indexed = worker(&bench, &build, "");
    let folded = indexed.env("AWS_BATCH_JOB_ARRAY_INDEX", "0").status();
    assert!(folded.unwrap().success());
    works_in_units(&bench);
}

fn no_such_unit() {
    let bench = bench();
    let units = staged(&bench);
    let said = provoke_by(&bench, &mut units.worker(1, 1), "BF1315");
    assert!(
        said.contains("no unit at 1: the number of its units is 1"),
        "{said}"
    );
    provoke_by(&bench, &mut units.worker(2, 0), "BF1315");
    assert_eq!(units.seal()["left"], serde_json::json!([0]));
    works_in_units(&bench);
}

fn a_unit_that_failed() {
    let bench = bench();
    let units = staged(&bench);
    let (object, elsewhere) = (
        file(&bench, "archive/part-1.jsonl"),
        file(&bench, "elsewhere"),
    );
    fs::rename(&object, &elsewhere).unwrap();
    provoke_by(&bench, &mut units.worker(1, 0), "BF0212");
    fs::rename(&elsewhere, &object).unwrap();
    provoke_by(&bench, &mut units.worker(1, 0), "BF1316");
    bench.run("stage --share share --again").success();
    works_in_units(&bench);
}

fn too_many_rejected_in_all() {
    let bench = bench();
    for part in 2..=4 {
        let object = record("/a", 1) + &record("/a", "soon");
        bench
            .write_object(&format!("part-{part}.jsonl"), object)
            .unwrap();
    }
    let settings = "source.files.split_size = \"1\"\ngate.max_quarantined = 3";
    set(&bench, &format!("{settings}\nquarantine.stop_after = 2"));
    let units = staged(&bench);
    (0..2).for_each(|unit| drop(units.fold(1, unit)));
    provoke_by(&bench, &mut units.sealing(), "BF1317");
    set(&bench, &format!("{settings}\nquarantine.stop_after = 3"));
    bench.run("stage --share share --fresh").success();
    works_in_units(&bench);
}

fn units_that_are_left() {
    let bench = bench();
    staged(&bench);
    provoke(&bench, "run --share share", "BF1319");
    works_in_units(&bench);
}

fn a_build_that_was_begun_here() {
    let bench = bench();
    let units = staged(&bench);
    // Staging was killed right before its last step.
    let build = bench.builds().pop().unwrap();
    fs::remove_file(build.join("staged.json")).unwrap();
    bench.run("run --only-fold").success();
    units.fold_all().unwrap();
    provoke(&bench, "run --share share", "BF1320");
    works(&bench);
}

fn a_build_that_is_staged() {
    let bench = live();
    bench.write_object("part-2.jsonl", record("/b", 1)).unwrap();
    staged(&bench);
    provoke(&bench, "run", "BF1321");
    works_in_units(&bench);
    bench.write_object("part-3.jsonl", record("/c", 1)).unwrap();
    staged(&bench);
    provoke(&bench, "run", "BF1321");
    bench.run("run --fresh --swap").success();
}
