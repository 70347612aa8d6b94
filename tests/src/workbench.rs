//! A folder with all that a job needs: an archive, a component, a work folder, a database.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use toml::Table;

use crate::archive::{Archive, Tallies, Tally};
use crate::process::{self, Finished, Running};

/// The folder of one test; it goes when the value goes.
pub struct Workbench {
    folder: tempfile::TempDir,
    table: String,
    environment: Vec<(String, String)>,
}

impl Workbench {
    /// An empty archive, and a job that folds it with `component` into the table `page_days`.
    pub fn new(component: &Path) -> Result<Self> {
        let bench = Workbench {
            folder: tempfile::tempdir()?,
            table: "page_days".to_string(),
            environment: Vec::new(),
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

    /// Commands get this variable from now on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
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

    /// Writes the job again, with settings laid over those that it has anyway: TOML such as
    /// `range.from = "2026-01-02"`. Another `source` or `target` among them takes the place of the
    /// folder or of the database in SQLite.
    pub fn write_job(&self, component: &Path, settings: &str) -> Result<()> {
        let mut job = toml::toml! {
            work = "work"
            source.files.path = "archive"
            target.sqlite.path = "tables.db"
        };
        job.insert("table".into(), self.table.as_str().into());
        let component = component
            .to_str()
            .context("a component has a name in UTF-8")?;
        job.insert("component".into(), component.into());
        let settings: Table = settings.parse().with_context(|| settings.to_string())?;
        for (section, usual) in [("source", "files"), ("target", "sqlite")] {
            let others = settings.get(section).and_then(toml::Value::as_table);
            let mut others = others.into_iter().flatten();
            if others.any(|(name, value)| name != usual && value.is_table()) {
                job.remove(section);
            }
        }
        lay_over(&mut job, settings);
        Ok(fs::write(self.job(), job.to_string())?)
    }

    /// A `backfold` command in this folder: the words of `line`, then the job file if they do not name it.
    pub fn command(&self, line: &str) -> Command {
        let mut command = self.without_job(line);
        if !line.contains(".toml") {
            command.arg("job.toml");
        }
        command
    }

    /// A `backfold` command in this folder that takes no job file: the words of `line`.
    pub fn without_job(&self, line: &str) -> Command {
        let mut command = process::backfold();
        command
            .args(line.split_whitespace())
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path());
        command
    }

    /// Such a command in a shell that runs `prepare` first, in which `"$@"` stands for it.
    pub fn prepared(&self, prepare: &str, line: &str) -> Command {
        let command = self.command(line);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", prepare, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path());
        shell
    }

    /// Runs such a command to its end.
    #[track_caller]
    pub fn run(&self, line: &str) -> Finished {
        process::run(&mut self.command(line))
    }

    /// Runs such a command, which must fail with this exit code and this error and leave the table as it was.
    /// Returns the text of the error: its message and its causes.
    ///
    /// # Panics
    /// If it does otherwise.
    #[track_caller]
    pub fn refuses(&self, line: &str, exit_code: i32, code: &str) -> String {
        self.refuses_as(&mut self.command(line), exit_code, code)
    }

    /// The same for a command that was made otherwise.
    ///
    /// # Panics
    /// If it does otherwise.
    #[track_caller]
    pub fn refuses_as(&self, command: &mut Command, exit_code: i32, code: &str) -> String {
        let before = self.rows().ok();
        let finished = process::run(command.args(["--output", "json"])).fails_with(exit_code);
        let document = finished.json();
        assert_eq!(
            (&document["ok"], &document["error"]["code"]),
            (&false.into(), &code.into()),
            "{document:#}"
        );
        assert!(self.rows().ok() == before, "the live table has changed");
        let error = &document["error"];
        let causes = error["causes"].as_array().into_iter().flatten();
        let texts = std::iter::once(&error["message"]).chain(causes);
        texts
            .filter_map(|text| text.as_str())
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// Starts such a command.
    #[track_caller]
    pub fn start(&self, line: &str) -> Running {
        Running::start(&mut self.command(line))
    }

    /// The rows under the public name: the first two columns are the key, the others a count and a sum.
    pub fn tallies(&self) -> Result<Tallies> {
        let mut tallies = Tallies::new();
        for row in self.rows()? {
            let Ok(
                [
                    Value::Text(page),
                    Value::Text(day),
                    Value::Integer(events),
                    Value::Integer(duration_ms),
                ],
            ) = <[Value; 4]>::try_from(row)
            else {
                bail!("`{}` does not have the columns of a tally", self.table);
            };
            tallies.insert(
                (page, day),
                Tally {
                    events,
                    duration_ms,
                },
            );
        }
        Ok(tallies)
    }

    /// All rows under the public name, in the order of the first three columns.
    pub fn rows(&self) -> Result<Vec<Vec<Value>>> {
        let reader = self.reader()?;
        let mut select = reader.prepare(&format!(
            "SELECT * FROM \"{}\" ORDER BY 1, 2, 3",
            self.table
        ))?;
        let width = select.column_count();
        let rows =
            select.query_map((), |row| (0..width).map(|column| row.get(column)).collect())?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A read-only connection to the database.
    pub fn reader(&self) -> Result<Connection> {
        Ok(Connection::open_with_flags(
            self.database(),
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?)
    }

    /// The folders of the builds, oldest first.
    pub fn builds(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.work().join(&self.table))
            .into_iter()
            .flatten();
        let mut builds: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.join("manifest.json").exists())
            .collect();
        builds.sort();
        builds
    }

    /// Fails where a file of a build has this text.
    ///
    /// # Panics
    /// With the file's name.
    #[track_caller]
    pub fn assert_not_in_builds(&self, secret: &str) {
        for build in self.builds() {
            for entry in fs::read_dir(build).expect("a folder") {
                let path = entry.expect("an entry").path();
                let text = fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains(secret), "{}", path.display());
            }
        }
    }

    /// The whole lines of the newest build's journal; none where there is no build yet.
    pub fn journal(&self) -> Vec<String> {
        let path = self.builds().pop().map(|build| build.join("journal.jsonl"));
        let text = path
            .and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default();
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(str::to_owned)
            .collect()
    }
}

/// Lays `over` over `table`, key by key.
fn lay_over(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => lay_over(inner, over),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}
