//! Two tasks of one plan, folded by two processes that share nothing but files, then merged and loaded by a third one,
//! come to the table of `run`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold::plan::Task;
use backfold::source::Split;
use backfold::workdir::Manifest;
use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::broker::shared;
use backfold_tests::components::{clicks, guest};
use backfold_tests::process::{self, Finished, Running};
use backfold_tests::topic::Clicks;
use backfold_tests::workbench::Workbench;
use rusqlite::types::Value;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 6_000,
    ..ArchiveSpec::SMALL
};

/// Rejected records are tolerated, so that the quarantines can be compared too.
const TOLERANT: &str = "gate.max_quarantined = 1000";

/// A command of the binary that does a step.
fn step(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steps"));
    command.args(words);
    command
}

/// The plan of a job, dealt out to two tasks split by split.
struct Dealt {
    /// The folder of the processes.
    folder: tempfile::TempDir,
    /// The build of the plan.
    build: PathBuf,
    manifest: Manifest,
    /// The files of the tasks.
    tasks: [PathBuf; 2],
    /// A copy of the component that the plan does not name.
    component: PathBuf,
}

impl Dealt {
    fn new(bench: &Workbench, component: &Path) -> Self {
        bench.run("plan").success();
        let build = bench.builds().pop().unwrap();
        let manifest = fs::read(build.join("manifest.json")).unwrap();
        let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
        let lines = fs::read_to_string(build.join("splits.jsonl")).unwrap();
        let splits = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let (even, odd): (Vec<Split>, Vec<Split>) =
            splits.partition(|split: &Split| split.number.is_multiple_of(2));
        assert!(even.len() > 2 && odd.len() > 2, "{lines}");
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, splits: Vec<Split>| {
            let task = Task {
                input: manifest.input.clone(),
                tables: manifest.tables.clone(),
                splits,
                folded: Default::default(),
            };
            let json = serde_json::to_string(&task).unwrap();
            let work = bench.work();
            assert!(!json.contains(work.to_str().unwrap()), "{json}");
            let path = folder.path().join(name);
            fs::write(&path, json).unwrap();
            path
        };
        let tasks = [write("even.json", even), write("odd.json", odd)];
        let copy = folder.path().join("component.wasm");
        fs::copy(component, &copy).unwrap();
        Dealt {
            folder,
            build,
            manifest,
            tasks,
            component: copy,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command that folds a task into a folder of this name.
    fn fold(&self, task: &Path, component: &Path, folder: &str) -> Command {
        step(&[
            "fold",
            "--task",
            task.to_str().unwrap(),
            "--component",
            component.to_str().unwrap(),
            "--folder",
            &self.path(folder),
        ])
    }

    /// Folds both tasks at once, and makes a table of what comes of them.
    fn build(&self) -> Finished {
        let [even, odd] = &self.tasks;
        let folding = [(even, "even"), (odd, "odd")];
        let folding = folding
            .map(|(task, folder)| Running::start(&mut self.fold(task, &self.component, folder)));
        for process in folding {
            process.finish().success();
        }
        process::run(&mut step(&[
            "load",
            "--task",
            odd.to_str().unwrap(),
            "--component",
            self.component.to_str().unwrap(),
            "--part",
            &self.path("odd"),
            "--part",
            &self.path("even"),
            "--folder",
            &self.path("joined"),
            "--database",
            &self.path("tables.db"),
            "--build",
            &self.manifest.build,
            "--manifest-digest",
            &self.manifest.digest(),
        ]))
        .success()
    }

    /// All rows under the public name.
    fn rows(&self) -> Vec<Vec<Value>> {
        let reader = rusqlite::Connection::open(self.path("tables.db")).unwrap();
        let select = "SELECT * FROM \"page_days\" ORDER BY 1, 2, 3";
        let mut select = reader.prepare(select).unwrap();
        let width = select.column_count();
        let rows = select.query_map((), |row| (0..width).map(|at| row.get(at)).collect());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// Checks that the tasks of a job come to the table of `run`: the same rows, digest, counts and rejected records.
fn check_same(bench: &Workbench, component: &Path) -> Dealt {
    let dealt = Dealt::new(bench, component);
    let elsewhere = dealt.build().json();
    let finished = bench.run("run --swap --trust-laws --output json").success();
    let here = &finished.json()["result"];
    assert_eq!(
        here["build"],
        dealt.manifest.build.as_str(),
        "it went on with the plan"
    );
    assert_eq!(here["outcome"], "live");
    for same in ["loaded", "counts", "rejected"] {
        assert_eq!(elsewhere[same], here[same], "{same}");
    }
    assert!(dealt.rows() == bench.rows().unwrap());
    let rejected = |folder: &Path| fs::read(folder.join("quarantine.jsonl")).unwrap_or_default();
    let joined = dealt.folder.path().join("joined");
    assert!(rejected(&joined) == rejected(&dealt.build));
    dealt
}

/// All objects of an archive, in the order of their keys.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_archive_folded_by_two_processes_is_the_table_of_run() {
    let component = guest("page_days");
    let archive = Archive::new(&SPEC).unwrap();
    let bench = Workbench::with_archive(&component, &archive).unwrap();
    // After every second object one of records without the wanted values, so that both tasks reject some.
    for object in objects(&bench.archive()).iter().step_by(2) {
        let bad = format!("{}~bad.json", object.display());
        fs::write(bad, "{\"ts\": 7}\n".repeat(3)).unwrap();
    }
    let settings = format!("source.files.split_size = \"60 KiB\"\n{TOLERANT}");
    bench.write_job(&component, &settings).unwrap();
    let dealt = check_same(&bench, &component);
    for part in ["even", "odd"] {
        let rejected = fs::read_dir(dealt.folder.path().join(part).join("quarantine"));
        assert!(rejected.unwrap().count() > 2, "{part}");
    }
    assert!(bench.tallies().unwrap() == archive.expected());
}

#[test]
fn a_topic_folded_by_two_processes_is_the_table_of_run() {
    let component = guest("page_days");
    let topic = Clicks::new(shared(), &component, &SPEC).unwrap();
    topic
        .write_job("source.kafka.split_size = \"60 KiB\"")
        .unwrap();
    check_same(&topic.bench, &component);
    assert!(topic.bench.tallies().unwrap() == topic.archive.expected());
}

#[test]
fn a_process_with_another_component_folds_nothing() {
    let component = guest("page_days");
    let archive = Archive::new(&SPEC).unwrap();
    let bench = Workbench::with_archive(&component, &archive).unwrap();
    let settings = "source.files.split_size = \"60 KiB\"";
    bench.write_job(&component, settings).unwrap();
    let dealt = Dealt::new(&bench, &component);
    let mut other = dealt.fold(&dealt.tasks[0], &clicks(), "other");
    let refused = process::run(&mut other).fails_with(1);
    assert!(
        refused.stderr.contains("the task cannot be done here"),
        "{}",
        refused.stderr
    );
    let journal = dealt.folder.path().join("other/journal.jsonl");
    assert_eq!(fs::read(journal).unwrap(), b"");
}
