//! The stores, as the tests of faults use them.

use std::fs;
use std::path::{Path, PathBuf};

use backfold_tests::archive::Tallies;
use backfold_tests::workbench::Workbench;

/// A store that a job fills, whose content can be kept and brought back.
pub(crate) trait Target {
    /// The settings of a job that fills it.
    fn settings(&self) -> String;

    /// The variables with which a command may use it.
    fn environment(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Keeps what it holds. No command runs meanwhile.
    fn keep(&self);

    /// Brings back what was kept.
    fn bring_back(&self);

    /// The rows that readers see; `None` where there is no table.
    fn rows(&self) -> Option<Tallies>;

    /// The names of all tables, views and indexes but the bookkeeping, sorted, in small letters.
    fn names(&self) -> Vec<String>;
}

/// A SQLite database in the folder of the job.
pub(crate) struct Sqlite<'a> {
    bench: &'a Workbench,
    kept: PathBuf,
}

impl<'a> Sqlite<'a> {
    pub(crate) fn new(bench: &'a Workbench) -> Self {
        let kept = bench.path().join("kept-database");
        Sqlite { bench, kept }
    }
}

impl Target for Sqlite<'_> {
    fn settings(&self) -> String {
        // As every job of a workbench has it.
        String::new()
    }

    fn keep(&self) {
        let _ = fs::remove_dir_all(&self.kept);
        fs::create_dir(&self.kept).unwrap();
        copy_files(self.bench.path(), &self.kept);
    }

    fn bring_back(&self) {
        for (path, _) in database_files(self.bench.path()) {
            fs::remove_file(path).unwrap();
        }
        copy_files(&self.kept, self.bench.path());
    }

    fn rows(&self) -> Option<Tallies> {
        // A database without the name is one in which nothing was swapped yet, or none at all.
        let there = self.names().contains(&"page_days".to_owned());
        there.then(|| self.bench.tallies().unwrap())
    }

    fn names(&self) -> Vec<String> {
        if !self.bench.database().exists() {
            return Vec::new();
        }
        let reader = self.bench.reader().unwrap();
        let names =
            "SELECT lower(name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY 1";
        let mut names = reader.prepare(names).unwrap();
        let names = names.query_map((), |row| row.get(0)).unwrap();
        let mut names: Vec<String> = names.collect::<Result<_, _>>().unwrap();
        names.retain(|name| !is_bookkeeping(name));
        names
    }
}

/// Whether a table or an index is one of the bookkeeping.
pub(crate) fn is_bookkeeping(name: &str) -> bool {
    ["builds", "pointers", "positions"]
        .iter()
        .any(|table| name.starts_with(&format!("backfold_{table}")))
}

/// The files of the database in a folder, with their names.
fn database_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| {
        let entry = entry.unwrap();
        (entry.path(), entry.file_name().into_string().unwrap())
    });
    files
        .filter(|(_, name)| name.starts_with("tables.db"))
        .collect()
}

fn copy_files(from: &Path, to: &Path) {
    for (path, name) in database_files(from) {
        fs::copy(path, to.join(name)).unwrap();
    }
}
