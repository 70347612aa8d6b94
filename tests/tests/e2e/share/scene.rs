//! A small job that is staged, and what has to hold of it in the end, whatever failed.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::units::Units;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::same_table::of_one_process;

/// The units of a scene: two objects each.
pub(super) const UNITS: u64 = 2;

const OBJECTS: u64 = 4;

/// The states of an object take more than the memory for them, so that a worker merges several runs. A record of each object
/// is rejected.
const SETTINGS: &str = r#"
source.files.split_size = "1 B"
decode.batch_rows = 8
fold = { workers = 1, window_batches = 1, state_budget = "64 KiB", merge_fan_in = 2 }
gate.max_quarantined = 9
"#;

/// What a scene keeps of its bench.
const KEPT: [&str; 2] = ["work", "share"];

/// A bench with the archive and the job.
pub(super) fn bench() -> Workbench {
    let component = guest("page_days");
    let bench = Workbench::new(&component).unwrap();
    bench.write_job(&component, SETTINGS).unwrap();
    for object in 0..OBJECTS {
        let mut lines = String::new();
        for number in 0..48 {
            // Every second page is one of the next object, too.
            let page = format!("/{}/{number}/{}", object + number % 2, "x".repeat(2_000));
            let record =
                json!({ "ts": "2026-01-01T12:00:00Z", "page_id": page, "duration_ms": number });
            writeln!(lines, "{record}").unwrap();
        }
        lines.push_str("{\"ts\": \"2026-01-01T12:00:00Z\"}\n");
        bench
            .write_object(&format!("part-{object}.jsonl"), lines)
            .unwrap();
    }
    bench
}

/// How far a build is before a command is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing is staged.
    Nothing,
    /// It is staged.
    Staged,
    /// All units are folded.
    Folded,
    /// The attempts that count are chosen, and the machine that gathers them has the job and nothing else.
    Sealed,
}

/// A staged build whose share, work and table can be brought back. There is no other build.
pub(super) struct Scene {
    pub(super) bench: Workbench,
    /// The build, as `worker` and `seal` take it; empty where nothing is staged.
    pub(super) build: String,
    /// What one process makes of the archive.
    loaded: Value,
    quarantine: String,
}

impl Scene {
    pub(super) fn new(before: Before) -> Self {
        let bench = bench();
        let loaded = of_one_process(&bench)["loaded"].take();
        assert!(loaded["digest"].is_string(), "{loaded}");
        let quarantine = quarantine(&bench);
        assert_eq!(quarantine.lines().count() as u64, OBJECTS);
        forget_table(&bench);
        fs::remove_dir_all(bench.work()).unwrap();
        let mut scene = Scene {
            build: String::new(),
            loaded,
            quarantine,
            bench,
        };
        if before != Before::Nothing {
            let units = scene.stage();
            if before != Before::Staged {
                for unit in 0..units.units {
                    units.fold(1, unit);
                }
            }
            if before == Before::Sealed {
                assert_eq!(units.seal()["sealed"], true);
            }
            scene.build = units.build;
        }
        if before == Before::Sealed {
            fs::remove_dir_all(scene.bench.work()).unwrap();
            forget_table(&scene.bench);
        }
        scene.keep();
        scene
    }

    /// The staged build, which is staged where it is not.
    pub(super) fn stage(&self) -> Units<'_> {
        Units::stage(&self.bench, "share", UNITS).unwrap()
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.bench.path().join("kept").join(name)
    }

    fn keep(&self) {
        for name in KEPT {
            copy(&self.bench.path().join(name), &self.kept(name));
        }
    }

    /// Brings back the share, the work and the table as they were when the scene was made.
    pub(super) fn bring_back(&self) {
        for name in KEPT {
            let path = self.bench.path().join(name);
            let _ = fs::remove_dir_all(&path);
            copy(&self.kept(name), &path);
        }
        forget_table(&self.bench);
    }

    /// A worker for the first unit.
    pub(super) fn worker(&self) -> Command {
        let mut command = self.plain_worker();
        command.args(["--output", "json"]);
        command
    }

    /// The same whose result is text.
    pub(super) fn plain_worker(&self) -> Command {
        let mut command = self
            .bench
            .without_job("worker --unit 0 --workers 1 --scratch scratch");
        command.arg(&self.build);
        command
    }

    /// A command that seals.
    pub(super) fn seal(&self) -> Command {
        let mut command = self.bench.without_job("seal --output json");
        command.arg(&self.build);
        command
    }

    /// A command that gathers what is sealed, and loads it.
    pub(super) fn run(&self) -> Command {
        self.bench
            .command("run --share share --only-fold --output json")
    }

    /// Goes on from wherever a disturbed command left off, and checks that the table is that of one process and that nothing
    /// is left over.
    pub(super) fn check(&self) {
        let units = self.stage();
        if !self.build.is_empty() {
            assert_eq!(units.build, self.build, "another build was staged");
        }
        units.fold_all().unwrap();
        self.check_loaded_of(&units.build);
    }

    /// The same where all units are folded and sealed.
    pub(super) fn check_loaded(&self) {
        self.check_loaded_of(&self.build);
    }

    fn check_loaded_of(&self, build: &str) {
        let line = "run --share share --swap --output json";
        let report = self.bench.run(line).success().json();
        assert_eq!(report["result"]["loaded"], self.loaded);
        assert!(
            quarantine(&self.bench) == self.quarantine,
            "other records were rejected"
        );
        self.bench.run("gc --share share").success();
        let left = files(&self.bench.path().join(build));
        assert_eq!(left, [""; 0]);
    }
}

fn quarantine(bench: &Workbench) -> String {
    let build = bench.builds().pop().unwrap();
    fs::read_to_string(build.join("quarantine.jsonl")).unwrap()
}

fn forget_table(bench: &Workbench) {
    let database = bench.database().into_os_string();
    for end in ["", "-wal", "-shm"] {
        let mut path = database.clone();
        path.push(end);
        let _ = fs::remove_file(path);
    }
}

/// The names of all files in a folder, at any depth.
pub(super) fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path().display().to_string()),
        }
    }
    found
}

/// Copies a folder; nothing where there is none.
fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).unwrap();
    for entry in entries {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Runs a command that must succeed; its result.
#[track_caller]
pub(super) fn result(command: &mut Command) -> Value {
    process::run(command).success().json()["result"].take()
}
