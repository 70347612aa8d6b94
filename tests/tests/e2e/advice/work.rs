//! The work folder, its builds and their rejected records.

use std::fs;
use std::path::Path;

use backfold_tests::components::{guest, raw};
use backfold_tests::process::{self, Running};
use backfold_tests::workbench::Workbench;

use super::{
    Case, about, amount, bench, build_of, file, live, provoke, record, result, set, works,
    works_planned_again,
};

pub(crate) const CASES: &[Case] = &[
    ("BF0101", a_folder_of_somebody_else),
    ("BF0102", a_folder_of_another_version),
    ("BF0103", another_command_at_work),
    ("BF0104", no_such_build),
    ("BF0105", a_damaged_build),
    ("BF0106", a_folder_that_cannot_be_made),
    ("BF0107", no_such_record),
    ("BF0108", a_record_that_was_cut),
    ("BF0109", nothing_rejected),
    ("BF0110", another_component_since),
    ("BF0111", no_build_yet),
    ("BF0503", a_damaged_run),
    ("BF1201", a_page_without_a_place),
];

fn a_folder_of_somebody_else() {
    let bench = bench();
    fs::create_dir(file(&bench, "thesis")).unwrap();
    fs::write(file(&bench, "thesis/text"), "years of work").unwrap();
    provoke(&bench, "run --swap --work thesis", "BF0101");
    fs::create_dir(file(&bench, "empty")).unwrap();
    bench.run("run --swap --work empty").success();
}

fn a_folder_of_another_version() {
    let bench = bench();
    let spoil = || {
        fs::create_dir_all(bench.work()).unwrap();
        fs::write(bench.work().join("backfold-work.json"), "{\"format\": 7}").unwrap();
    };
    spoil();
    provoke(&bench, "run --swap", "BF0102");
    bench.run("run --swap --work another").success();
    // Or this one is removed, also once a table is live.
    fs::remove_dir_all(bench.work()).unwrap();
    works(&bench);
    spoil();
    provoke(&bench, "run --swap", "BF0102");
    fs::remove_dir_all(bench.work()).unwrap();
    works(&bench);
}

/// Whether a process has a file open.
fn has_open(process: u32, path: &Path) -> bool {
    let files = fs::read_dir(format!("/proc/{process}/fd"));
    let links = files.into_iter().flatten().flatten();
    let mut open = links.filter_map(|link| fs::read_link(link.path()).ok());
    open.any(|file| file == path)
}

fn another_command_at_work() {
    let bench = Workbench::new(&raw()).unwrap();
    bench.write_object("part-1.jsonl", amount("/a", 3)).unwrap();
    let settings =
        "params = { in = \"fold\", fault = \"loop\" }\nlimits.fuel_base = 1000000000000000";
    bench.write_job(&raw(), settings).unwrap();
    let mut other: Running = bench.start("run --trust-laws");
    let process = other.id();
    other.wait_until(|| match &bench.builds()[..] {
        [build] => has_open(process, &build.join("lock")),
        _ => false,
    });
    let said = provoke(&bench, "plan --wait 0s", "BF0103");
    assert!(said.contains(&process.to_string()), "{said}");
    other.kill();
    bench.run("plan --wait 0s").success();
}

fn no_such_build() {
    let bench = live();
    let list = |build: &str| format!("quarantine list --build {build}");
    provoke(&bench, &list("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "BF0104");
    let build = build_of(&result(&bench, "status")[0]);
    bench.run(&list(&build)).success();
}

fn a_damaged_build() {
    let bench = bench();
    bench.run("run --only-fold").success();
    let build = bench.builds().pop().unwrap();
    let lines = bench.journal();
    let torn = [&lines[0][..20], "\n", &lines[0]].concat();
    fs::write(build.join("journal.jsonl"), torn).unwrap();
    provoke(&bench, "run --swap", "BF0105");
    works_planned_again(&bench);
    // `status` names it, and its folder can be removed.
    let named = bench.run("status").success().stdout;
    let name = build.file_name().unwrap().to_str().unwrap();
    assert!(named.contains(name), "{named}");
    fs::remove_dir_all(&build).unwrap();
    works(&bench);
    bench.run("gc").success();
}

fn a_folder_that_cannot_be_made() {
    let bench = bench();
    fs::write(bench.work(), "").unwrap();
    provoke(&bench, "run --swap", "BF0106");
    fs::remove_file(bench.work()).unwrap();
    works(&bench);
}

/// A build that has rejected a record with this page.
fn rejected(page: &str) -> Workbench {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let object = [record("/a", 1), record(page, -3)].concat();
    bench.write_object("part-1.jsonl", object).unwrap();
    provoke(&bench, "run --swap", "BF0701");
    bench
}

fn no_such_record() {
    let bench = rejected("/b");
    provoke(&bench, "quarantine show 6", "BF0107");
    let list = result(&bench, "quarantine list");
    let number = &list["records"][0]["number"];
    bench.run(&format!("quarantine show {number}")).success();
}

fn a_record_that_was_cut() {
    let bench = rejected(&"x".repeat(100_000));
    provoke(&bench, "quarantine replay 1", "BF0108");
    let shown = result(&bench, "quarantine show 1");
    let place = |name: &str| shown[name].as_u64().unwrap() as usize;
    let (from, length) = (place("byte"), place("length_bytes"));
    let object = bench.archive().join(shown["source"].as_str().unwrap());
    let object = fs::read(object).unwrap();
    fs::write(file(&bench, "one.jsonl"), &object[from..from + length]).unwrap();
    let line = "--input one.jsonl --output json";
    let tried = process::run(&mut about(&bench, "test", &guest("trapping"), line));
    let tried = tried.success().json();
    assert_eq!(tried["result"]["rejected"], 1, "{tried}");
}

fn nothing_rejected() {
    let bench = live();
    provoke(&bench, "run --only-quarantined", "BF0109");
    let build = build_of(&result(&bench, "status")[0]);
    bench
        .run(&format!("quarantine list --build {build}"))
        .success();
}

fn no_build_yet() {
    let bench = bench();
    provoke(&bench, "report", "BF0111");
    bench.run("run --work elsewhere").success();
    provoke(&bench, "report", "BF0111");
    bench.run("report job.toml --work elsewhere").success();
    works(&bench);
    bench.run("report").success();
}

fn a_page_without_a_place() {
    let bench = live();
    let line = "report job.toml --out pages/build.html";
    provoke(&bench, line, "BF1201");
    bench.run("report job.toml --out -").success();
    fs::create_dir(file(&bench, "pages")).unwrap();
    bench.run(line).success();
}

fn another_component_since() {
    let bench = rejected("/b");
    let object = [record("/a", 1), amount("/a", 3)].concat();
    bench.write_object("part-1.jsonl", object).unwrap();
    bench
        .write_job(&raw(), "gate.max_quarantined = 1\nparams.keys = \"page\"")
        .unwrap();
    provoke(&bench, "run --only-quarantined", "BF0110");
    works(&bench);
}

fn a_damaged_run() {
    let bench = bench();
    set(&bench, "");
    bench.run("run --only-fold").success();
    let runs = bench.builds().pop().unwrap().join("runs");
    let run = fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&run).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&run, bytes).unwrap();
    provoke(&bench, "run --swap", "BF0503");
    works_planned_again(&bench);
}
