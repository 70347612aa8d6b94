//! A folder with all that a job needs: an archive, a component, a work folder, a database.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};

use crate::archive::{Archive, Tallies, Tally};
use crate::process::{self, Finished, Running};

/// The folder of one test; it goes when the value goes.
pub struct Workbench {
    folder: tempfile::TempDir,
    table: String,
}

impl Workbench {
    /// An empty archive, and a job that folds it with `component` into the table `page_days`.
    pub fn new(component: &Path) -> Result<Self> {
        let bench = Workbench {
            folder: tempfile::tempdir()?,
            table: "page_days".to_string(),
        };
        fs::create_dir(bench.archive())?;
        bench.write_job(component, "")?;
        Ok(bench)
    }

    /// The same with an archive.
    pub fn with_archive(component: &Path, archive: &Archive) -> Result<Self> {
        let bench = Self::new(component)?;
        archive.write(&bench.archive())?;
        Ok(bench)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The archive's folder.
    pub fn archive(&self) -> PathBuf {
        self.path().join("archive")
    }

    /// The work folder of the job, which the first run makes.
    pub fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// The database, which the first run makes.
    pub fn database(&self) -> PathBuf {
        self.path().join("tables.db")
    }

    /// The job file.
    pub fn job(&self) -> PathBuf {
        self.path().join("job.toml")
    }

    /// Writes an object into the archive.
    pub fn write_object(&self, key: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let path = self.archive().join(key);
        fs::create_dir_all(path.parent().context("a key is a path")?)?;
        fs::write(&path, bytes).with_context(|| path.display().to_string())
    }

    /// Writes the job again, with more settings at its end, such as `[range]\nfrom = "2026-01-02"`.
    pub fn write_job(&self, component: &Path, settings: &str) -> Result<()> {
        let Workbench { table, .. } = self;
        let component = toml_string(component);
        let job = format!(
            r#"table = "{table}"
component = {component}
work = "work"

[source.files]
path = "archive"

[target.sqlite]
path = "tables.db"

{settings}
"#
        );
        Ok(fs::write(self.job(), job)?)
    }

    /// A `backfold` command in this folder: the words of `line`, then the job file.
    pub fn command(&self, line: &str) -> Command {
        let mut command = process::backfold();
        command
            .args(line.split_whitespace())
            .arg("job.toml")
            .current_dir(self.path());
        command
    }

    /// Runs such a command to its end.
    #[track_caller]
    pub fn run(&self, line: &str) -> Finished {
        process::run(&mut self.command(line))
    }

    /// Starts such a command.
    #[track_caller]
    pub fn start(&self, line: &str) -> Running {
        Running::start(&mut self.command(line))
    }

    /// What a reader finds under the public name: the first two columns are the key, then a count and a sum.
    pub fn tallies(&self) -> Result<Tallies> {
        let connection =
            Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut rows = connection.prepare(&format!("SELECT * FROM \"{}\"", self.table))?;
        let rows = rows.query_map((), |row| {
            Ok((
                (row.get(0)?, row.get(1)?),
                Tally {
                    events: row.get(2)?,
                    duration_ms: row.get(3)?,
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A path as a TOML string.
fn toml_string(path: &Path) -> String {
    // JSON's escapes are TOML's.
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
