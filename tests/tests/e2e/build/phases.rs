//! A build in every state that a crash, a person or another command can leave it in, and what `run` makes of it.
//!
//! A state is one of the journal, one of the store and one of the work folder. From each, `run --swap` either makes the
//! right table live, or says what is wrong; then `run --swap --fresh` makes it live.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backfold::job::{Job, Overrides};
use backfold::progress::Progress;
use backfold::replay::{self, Outcome, RunOptions, RunReport};
use backfold::store::StoreContext;
use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 60,
    objects: 4,
    ..ArchiveSpec::SMALL
};

/// States of the journal.
const JOURNALS: [&str; 8] = [
    "nothing",
    "some splits",
    "all splits",
    "torn within the last checkpoint",
    "loaded",
    "checked",
    "another line is broken",
    "gone",
];

/// States of the store.
const STORES: [&str; 9] = [
    "nothing",
    "loading",
    "loaded",
    "loaded, and its table is gone",
    "dropped",
    "live",
    "live, and its table is gone",
    "replaced",
    "taken back",
];

/// Faults of the work folder.
const FOLDERS: [&str; 6] = [
    "nothing",
    "leftovers",
    "no report and no joined quarantine",
    "a run is gone",
    "a run is damaged",
    "the plan is incomplete",
];

struct World {
    bench: Workbench,
    job: Job,
    runtime: Runtime,
    context: StoreContext,
    /// Of the build in its last state, all files and the database.
    saved: tempfile::TempDir,
    build: String,
}

impl World {
    /// A build that was live, then replaced by another of the same job, then shown again: all states are parts of that.
    fn new() -> World {
        let component = guest("page_days");
        let bench = Workbench::with_archive(&component, &Archive::new(&SPEC).unwrap()).unwrap();
        let settings = "source.files.split_size = \"1 B\"\nfold = { workers = 1, checkpoint_interval = \"0s\" }";
        bench.write_job(&component, settings).unwrap();
        let job = Job::load(&bench.job(), &Overrides::default()).unwrap();
        let runtime = Runtime::new().unwrap();
        let saved = tempfile::tempdir().unwrap();
        let mut world = World {
            bench,
            job,
            runtime,
            context: StoreContext::default(),
            saved,
            build: String::new(),
        };
        let report = world.run(false, false).unwrap();
        assert_eq!(report.outcome, Outcome::Ready);
        world.build = report.build;
        copy(&world.bench.work(), &world.saved.path().join("work"));
        fs::copy(world.bench.database(), world.saved.path().join("tables.db")).unwrap();
        world
    }

    fn run(&self, swap: bool, fresh: bool) -> Result<RunReport, replay::Error> {
        let options = RunOptions {
            swap,
            fresh,
            trust_laws: true,
            ..RunOptions::default()
        };
        let (progress, cancel) = (Arc::new(Progress::default()), CancellationToken::new());
        let run = replay::run(&self.job, &options, progress, cancel);
        self.runtime.block_on(run)
    }

    /// Puts the build into a state.
    fn enter(&self, journal: &str, store: &str, folder: &str) {
        fs::remove_dir_all(self.bench.work()).unwrap();
        copy(&self.saved.path().join("work"), &self.bench.work());
        for file in ["tables.db-wal", "tables.db-shm", "tables.db"] {
            let _ = fs::remove_file(self.bench.path().join(file));
        }
        fs::copy(self.saved.path().join("tables.db"), self.bench.database()).unwrap();
        self.enter_store(store);
        self.enter_journal(journal);
        self.enter_folder(folder);
    }

    fn enter_journal(&self, state: &str) {
        let path = self.bench.builds()[0].join("journal.jsonl");
        let lines = self.bench.journal();
        let splits = lines.len() - 2;
        let first = |count: usize| lines[..count].concat();
        let torn = |line: &str| format!("{}{}", &line[..10], "\0".repeat(line.len() - 10));
        let text = match state {
            "nothing" => String::new(),
            "some splits" => first(2),
            "all splits" => first(splits),
            "torn within the last checkpoint" => first(splits - 1) + &torn(&lines[splits - 1]),
            "loaded" => first(splits + 1),
            "checked" => first(splits + 2),
            "another line is broken" => torn(&lines[0]) + "\n" + &lines[1..].concat(),
            _ => return fs::remove_file(path).unwrap(),
        };
        fs::write(path, text).unwrap();
    }

    fn enter_store(&self, state: &str) {
        if state == "nothing" {
            return fs::remove_file(self.bench.database()).unwrap();
        }
        let database = Connection::open(self.bench.database()).unwrap();
        let shadow = format!("page_days__{}", self.build.to_lowercase());
        let set = |state: &str| format!("UPDATE backfold_builds SET state = '{state}';");
        let drop = format!("DROP TABLE {shadow};");
        let swap = || {
            let options = replay::SwapOptions::default();
            let swap = replay::swap(&self.job, &options, &self.context);
            self.runtime.block_on(swap).unwrap();
        };
        let sql = match state {
            "loading" => set("loading"),
            "loaded" => String::new(),
            "loaded, and its table is gone" => drop,
            "dropped" => set("dropped") + &drop,
            "live" => {
                swap();
                String::new()
            }
            "live, and its table is gone" => {
                swap();
                drop
            }
            "replaced" | "taken back" => {
                // The other build is made of the same rows under another manifest.
                let other = "01M0000000000000000000000B";
                let made: String = database
                    .query_row(
                        "SELECT sql FROM sqlite_schema WHERE name = ?1",
                        [&shadow],
                        |row| row.get(0),
                    )
                    .unwrap();
                let table = format!("page_days__{}", other.to_lowercase());
                let copied = format!(
                    "{}; INSERT INTO {table} SELECT * FROM {shadow};
                     INSERT INTO backfold_builds (table_name, build, manifest_digest, columns, state, attempt, row_count, row_digest, created_at, loaded_at)
                     SELECT table_name, '{other}', 'another', columns, state, attempt, row_count, row_digest, created_at, loaded_at FROM backfold_builds;",
                    made.replace(&shadow, &table)
                );
                database.execute_batch(&copied).unwrap();
                let pointer = |version: u8, build: &str| {
                    format!(
                        "INSERT INTO backfold_pointers VALUES ('page_days', {version}, '{build}', NULL, 'me', 'now');"
                    )
                };
                match state {
                    "replaced" => pointer(1, &self.build) + &pointer(2, other),
                    _ => pointer(1, other) + &pointer(2, &self.build) + &pointer(3, other),
                }
            }
            state => unreachable!("{state}"),
        };
        database.execute_batch(&sql).unwrap();
    }

    fn enter_folder(&self, state: &str) {
        let build = &self.bench.builds()[0];
        let run = || {
            let runs = fs::read_dir(build.join("runs")).unwrap();
            runs.map(|run| run.unwrap().path()).min().unwrap()
        };
        match state {
            "nothing" => {}
            "leftovers" => {
                fs::write(build.join("runs/9999999999-0000.arrow.1-2.part"), "half").unwrap();
                fs::write(build.join("runs/merge-1-000000.arrow"), "whole").unwrap();
                fs::write(build.join("manifest.json.1-2.part"), "half").unwrap();
            }
            "no report and no joined quarantine" => {
                fs::remove_file(build.join("run.json")).unwrap();
                fs::remove_file(build.join("quarantine.jsonl")).unwrap();
            }
            "a run is gone" => fs::remove_file(run()).unwrap(),
            "a run is damaged" => {
                let mut bytes = fs::read(run()).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(run(), bytes).unwrap();
            }
            "the plan is incomplete" => fs::remove_file(build.join("manifest.json")).unwrap(),
            state => unreachable!("{state}"),
        }
    }

    /// Whether readers see the right table.
    fn is_right(&self) -> bool {
        let expected = Archive::new(&SPEC).unwrap().expected();
        self.bench.tallies().is_ok_and(|found| found == expected)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Every state of the journal with every one of the store, and every one of the work folder with some of both.
fn states() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let product = |journals: &'static [&str], stores: &'static [&str], folders: &'static [&str]| {
        journals.iter().flat_map(move |journal| {
            let stores = stores.iter();
            stores.flat_map(move |store| {
                folders
                    .iter()
                    .map(move |folder| (*journal, *store, *folder))
            })
        })
    };
    product(&JOURNALS, &STORES, &FOLDERS[..1]).chain(product(
        &["some splits", "checked"],
        &["nothing", "loaded", "live"],
        &FOLDERS[1..],
    ))
}

#[test]
fn from_every_state_a_run_ends_well_or_says_what_makes_it() {
    let world = World::new();
    let mut refused = std::collections::BTreeMap::<String, usize>::new();
    for (journal, store, folder) in states() {
        let state = format!("{journal} / {store} / {folder}");
        world.enter(journal, store, folder);
        // `status` works if there is a database.
        let status = replay::status(&world.job, &world.context);
        if let Err(error) = world.runtime.block_on(status) {
            let found = (store, &*error.code().to_string());
            assert_eq!(found, ("nothing", "BF0619"), "{state}");
        }
        match world.run(true, false) {
            Ok(report) if report.outcome == Outcome::Held => {
                assert_eq!(store, "taken back", "{state}");
                let options = replay::SwapOptions {
                    build: Some(report.build),
                    ..Default::default()
                };
                let swap = replay::swap(&world.job, &options, &world.context);
                world.runtime.block_on(swap).unwrap();
            }
            Ok(report) => assert!(
                [Outcome::Live, Outcome::AlreadyLive].contains(&report.outcome),
                "{state}: {:?}",
                report.outcome
            ),
            Err(error) => {
                let code = error.code().to_string();
                assert!(
                    ["BF0105", "BF0503"].contains(&code.as_str()),
                    "{state}: {error}"
                );
                *refused.entry(code).or_default() += 1;
                let fresh = world.run(true, true);
                let fresh = fresh.unwrap_or_else(|error| panic!("{state}: {error}"));
                if fresh.outcome == Outcome::Held {
                    continue;
                }
                assert_eq!(fresh.outcome, Outcome::Live, "{state}");
            }
        }
        assert!(world.is_right(), "{state}");
        let again = world
            .run(true, false)
            .unwrap_or_else(|error| panic!("{state}: {error}"));
        assert_eq!(again.outcome, Outcome::AlreadyLive, "{state}");
    }
    // Damage is reported as damage.
    assert!(
        refused["BF0105"] > 0 && refused["BF0503"] > 0,
        "{refused:?}"
    );
}
