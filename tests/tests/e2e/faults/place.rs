//! A job in a folder, whose work and table can be brought back to an earlier state.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold_tests::archive::{Tallies, Tally};
use backfold_tests::components::guest;
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::target::Target;

/// A split an object and a run a split at least, merged in several passes. The states of an object take more than the
/// memory for them, so that there are several runs of it.
const SETTINGS: &str = r#"
source.files.split_size = "1 B"
decode.batch_rows = 8
fold = { workers = 1, checkpoint_interval = "0s", window_batches = 1, state_budget = "64 KiB", merge_fan_in = 2 }
gate.max_quarantined = 9
target.indexes = [["day", "views"]]
"#;

/// Pages in an object, and the bytes of the name of each.
const PAGES: u64 = 48;
const PAGE_BYTES: usize = 2_000;

/// The folder of a job.
pub(crate) struct Place<'a, T> {
    bench: &'a Workbench,
    pub(crate) target: T,
    kept: PathBuf,
}

/// A bench with a job of few records.
pub(crate) fn bench() -> Workbench {
    Workbench::new(&guest("page_days")).unwrap()
}

/// The name of a page that objects `object` and `object + 1` have.
fn page(object: u64, number: u64) -> String {
    format!("/{object}/{number}/{}", "x".repeat(PAGE_BYTES))
}

/// The records of an object, with their durations.
fn records(object: u64) -> impl Iterator<Item = (String, i64)> {
    let of = move |object: u64| (0..PAGES / 2).map(move |number| page(object, number));
    of(object).chain(of(object + 1)).zip(1..)
}

/// The table of the first objects.
pub(crate) fn expected(objects: u64) -> Tallies {
    let mut tallies = Tallies::new();
    for (page, duration_ms) in (0..objects).flat_map(records) {
        let tally: &mut Tally = tallies.entry((page, "2026-01-01".to_owned())).or_default();
        tally.events += 1;
        tally.duration_ms += duration_ms;
    }
    tallies
}

impl<'a, T: Target> Place<'a, T> {
    pub(crate) fn new(bench: &'a Workbench, target: T) -> Self {
        let settings = format!("{SETTINGS}\n{}", target.settings());
        bench.write_job(&guest("page_days"), &settings).unwrap();
        let kept = bench.path().join("kept-work");
        Place {
            bench,
            target,
            kept,
        }
    }

    /// Adds objects to the archive until it has so many. Each has one record more, which is rejected.
    pub(crate) fn grow(&self, objects: u64) {
        for object in 0..objects {
            let key = format!("part-{object}.jsonl");
            if self.bench.archive().join(&key).exists() {
                continue;
            }
            let mut lines = String::new();
            for (page, duration_ms) in records(object) {
                let ts = "2026-01-01T12:00:00Z";
                let record = json!({ "ts": ts, "page_id": page, "duration_ms": duration_ms });
                writeln!(lines, "{record}").unwrap();
            }
            lines.push_str("{\"ts\": \"2026-01-01T12:00:00Z\"}\n");
            self.bench.write_object(&key, lines).unwrap();
        }
    }

    /// Keeps work and tables as they are.
    pub(crate) fn keep(&self) {
        let _ = fs::remove_dir_all(&self.kept);
        copy(&self.bench.work(), &self.kept);
        self.target.keep();
    }

    /// Brings back what was kept.
    pub(crate) fn bring_back(&self) {
        let _ = fs::remove_dir_all(self.bench.work());
        copy(&self.kept, &self.bench.work());
        self.target.bring_back();
    }

    /// A command whose result is JSON.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = self.bench.command(&format!("{line} --output json"));
        command.envs(self.target.environment());
        command
    }

    /// The result of a command that succeeds.
    #[track_caller]
    pub(crate) fn result(&self, line: &str) -> Value {
        let finished = process::run(&mut self.command(line)).success();
        finished.json()["result"].clone()
    }

    /// A path for a file that is no part of the state.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bench.path().join(name)
    }

    /// The names of all files in the work folder and of all tables, with numbers for the IDs of the builds.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        list(&self.bench.work(), "work", &mut names);
        names.extend(self.target.names());
        names.sort();
        let ids = ids(&names);
        let name = |name: &String| {
            let numbered = ids.iter().zip(1..);
            numbered.fold(name.to_lowercase(), |name, (id, number)| {
                name.replace(id, &format!("build {number}"))
            })
        };
        names.iter().map(name).collect()
    }
}

/// The IDs of builds in these names, in small letters, oldest first.
fn ids(names: &[String]) -> Vec<String> {
    const ID_BYTES: usize = 26;
    let words = names.iter().flat_map(|name| {
        let lower = name.to_lowercase();
        let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
        words.map(str::to_owned).collect::<Vec<_>>()
    });
    let mut ids: Vec<_> = words.filter(|word| word.len() == ID_BYTES).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Adds the names of all files in a folder, each after the name of the folder.
fn list(folder: &Path, name: &str, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().into_string().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => list(&entry.path(), &name, names),
            false => names.push(name),
        }
    }
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
