//! The work folder: a folder a table, in it a folder a build.
//!
//! ```text
//! <work>/backfold-work.json            the format of all below
//! <work>/<table>/lock                  held while a process builds this table
//! <work>/<table>/<build>/manifest.json what it is made from; the last file that a plan writes
//!                        splits.jsonl  the frozen input
//!                        journal.jsonl what is done
//!                        runs/         sorted states
//!                        quarantine/   rejected records, a file a split
//!                        schemas.jsonl schemas of messages that the manifest does not have
//!                        run.json      the report
//!                        counterexample.json  how the component broke a law, where it did
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::BuildError;
use super::journal::{Journal, Standing};
use super::manifest::Manifest;
use super::quarantine::QuarantineReader;
use super::schemas::{KeptSchema, SchemaFile};

/// The format of work folders that this version writes and reads.
const FORMAT: u32 = 1;
const MARKER: &str = "backfold-work.json";

#[derive(Serialize, Deserialize)]
struct Marker {
    format: u32,
}

/// The folder of a table within a work folder.
#[derive(Clone, Debug)]
pub struct WorkFolder {
    table: String,
    path: PathBuf,
}

impl WorkFolder {
    /// Opens the table's folder, making it where it is missing.
    ///
    /// # Errors
    /// Where `work` holds something else, or was written in another format.
    pub fn open(work: &Path, table: &str) -> Result<Self, BuildError> {
        let marker = work.join(MARKER);
        match fs::read(&marker) {
            Ok(json) => {
                let found: Marker = parse(&marker, &json)?;
                if found.format != FORMAT {
                    return Err(BuildError::OtherFormat {
                        path: marker,
                        found: found.format,
                        expected: FORMAT,
                    });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fs::create_dir_all(work).map_err(BuildError::io("creating", work))?;
                if !is_ours(work)? {
                    return Err(BuildError::NotAWorkFolder {
                        path: work.to_owned(),
                        marker: MARKER,
                    });
                }
                write_json(&marker, &Marker { format: FORMAT })?;
            }
            Err(error) => return Err(BuildError::io("reading", marker)(error)),
        }
        let path = work.join(table);
        fs::create_dir_all(&path).map_err(BuildError::io("creating", &path))?;
        Ok(WorkFolder {
            table: table.to_owned(),
            path,
        })
    }

    /// Keeps other processes from building this table until the lock is dropped.
    ///
    /// # Errors
    /// [`BuildError::Locked`] where one does.
    pub fn lock(&self) -> Result<Lock, BuildError> {
        let path = self.path.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(BuildError::io("opening", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .map_err(BuildError::io("reading", &path))?;
                let holder = if holder.is_empty() {
                    "it just began".into()
                } else {
                    holder
                };
                return Err(BuildError::Locked {
                    table: self.table.clone(),
                    path: self.path.clone(),
                    holder,
                });
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(BuildError::io("locking", &path)(error));
            }
        }
        let holder = format!("process {}, since {}", std::process::id(), now());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(holder.as_bytes()))
            .map_err(BuildError::io("writing", &path))?;
        Ok(Lock { _file: file })
    }

    /// The builds whose plan is complete, oldest first.
    pub fn builds(&self) -> Result<Vec<BuildFolder>, BuildError> {
        let mut builds = Vec::new();
        for path in self.build_paths()? {
            if let Some(build) = BuildFolder::open(path)? {
                builds.push(build);
            }
        }
        Ok(builds)
    }

    /// The build with this ID.
    pub fn build(&self, id: &str) -> Result<BuildFolder, BuildError> {
        let unknown = || BuildError::UnknownBuild {
            build: id.into(),
            table: self.table.clone(),
            path: self.path.clone(),
        };
        let id = ulid::Ulid::from_string(id)
            .map_err(|_| unknown())?
            .to_string();
        BuildFolder::open(self.path.join(id))?.ok_or_else(unknown)
    }

    /// A new, empty build folder. It becomes a build with [`BuildFolder::create`].
    pub fn new_build(&self) -> Result<(String, PathBuf), BuildError> {
        let id = ulid::Ulid::new().to_string();
        let path = self.path.join(&id);
        for folder in [path.join("runs"), path.join("quarantine")] {
            fs::create_dir_all(&folder).map_err(BuildError::io("creating", &folder))?;
        }
        Ok((id, path))
    }

    /// Removes what plans left that never became complete. Call it under the lock.
    pub fn sweep(&self) -> Result<(), BuildError> {
        for path in self.build_paths()? {
            if !path.join("manifest.json").exists() {
                fs::remove_dir_all(&path).map_err(BuildError::io("removing", &path))?;
            }
        }
        Ok(())
    }

    fn build_paths(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(BuildError::io("reading", &self.path))? {
            let entry = entry.map_err(BuildError::io("reading", &self.path))?;
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| ulid::Ulid::from_string(name).is_ok())
            {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    }
}

/// Whether a folder is empty, or another process is making it a work folder just now.
fn is_ours(work: &Path) -> Result<bool, BuildError> {
    let mut empty = true;
    for entry in fs::read_dir(work).map_err(BuildError::io("reading", work))? {
        let entry = entry.map_err(BuildError::io("reading", work))?;
        if entry.file_name().to_string_lossy().starts_with(MARKER) {
            return Ok(true);
        }
        empty = false;
    }
    Ok(empty)
}

/// Held by the process that builds a table; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The folder of one build.
#[derive(Clone, Debug)]
pub struct BuildFolder {
    path: PathBuf,
    /// What the build is made from.
    pub manifest: Manifest,
}

impl BuildFolder {
    /// Completes a plan: from here on the build can be resumed.
    pub fn create(path: PathBuf, manifest: Manifest) -> Result<Self, BuildError> {
        write_json(&path.join("manifest.json"), &manifest)?;
        if let Some(parent) = path.parent() {
            sync_folder(parent)?;
        }
        Ok(BuildFolder { path, manifest })
    }

    /// `None` where no plan was completed in it.
    fn open(path: PathBuf) -> Result<Option<Self>, BuildError> {
        let file = path.join("manifest.json");
        match fs::read(&file) {
            Ok(json) => Ok(Some(BuildFolder {
                manifest: parse(&file, &json)?,
                path,
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BuildError::io("reading", file)(error)),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where runs go.
    pub fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    /// Where rejected records go while the build folds.
    pub fn quarantine(&self) -> PathBuf {
        self.path.join("quarantine")
    }

    /// Where they are joined in the end.
    pub fn quarantine_file(&self) -> PathBuf {
        self.path.join("quarantine.jsonl")
    }

    /// The records rejected so far.
    pub fn rejected(&self) -> Result<QuarantineReader, BuildError> {
        QuarantineReader::open(self)
    }

    /// The frozen input.
    pub fn splits_file(&self) -> PathBuf {
        self.path.join("splits.jsonl")
    }

    /// Schemas of messages that were learned after the plan.
    pub fn schemas_file(&self) -> PathBuf {
        self.path.join("schemas.jsonl")
    }

    /// All schemas of messages that the build knows, by their IDs in the registry.
    pub fn schemas(&self) -> Result<BTreeMap<u32, String>, BuildError> {
        let mut schemas = self.manifest.schemas.clone();
        let kept = SchemaFile::peek(&self.schemas_file())?.into_iter();
        schemas.extend(kept.map(|KeptSchema { id, schema }| (id, schema)));
        Ok(schemas)
    }

    /// The report.
    pub fn report_file(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// A case in which the component broke a law, where it did.
    pub fn counterexample_file(&self) -> PathBuf {
        self.path.join("counterexample.json")
    }

    /// What of the build is done, as its journal has it; changes nothing.
    pub fn peek(&self) -> Result<Standing, BuildError> {
        let path = self.path.join("journal.jsonl");
        Standing::of(&path, Journal::peek(&path)?)
    }

    /// Whether all splits are folded.
    pub fn is_folded(&self, standing: &Standing) -> bool {
        standing.covered.len() == self.manifest.frozen.splits
    }

    /// Opens the journal to go on with the build. Call it under the lock.
    pub fn resume(&self) -> Result<(Journal, Standing), BuildError> {
        let path = self.path.join("journal.jsonl");
        let (journal, entries) = Journal::open(&path)?;
        sync_folder(&self.path)?;
        Ok((journal, Standing::of(&path, entries)?))
    }

    /// Removes the files in `runs` that no checkpoint names. Call it under the lock.
    pub fn sweep_runs(&self, standing: &Standing) -> Result<(), BuildError> {
        let named: std::collections::HashSet<String> =
            standing.runs().into_iter().map(|run| run.name).collect();
        let folder = self.runs();
        for entry in fs::read_dir(&folder).map_err(BuildError::io("reading", &folder))? {
            let entry = entry.map_err(BuildError::io("reading", &folder))?;
            if !entry
                .file_name()
                .to_str()
                .is_some_and(|name| named.contains(name))
            {
                fs::remove_file(entry.path()).map_err(BuildError::io("removing", entry.path()))?;
            }
        }
        Ok(())
    }

    /// Removes the whole folder. Call it under the lock.
    pub fn remove(self) -> Result<(), BuildError> {
        // The manifest first: half a folder must not look like a build.
        let manifest = self.path.join("manifest.json");
        fs::remove_file(&manifest).map_err(BuildError::io("removing", &manifest))?;
        fs::remove_dir_all(&self.path).map_err(BuildError::io("removing", &self.path))
    }
}

/// Writes a file in one step: it holds all of `value`, or what it held before.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), BuildError> {
    let part = path.with_extension("json.part");
    let json = serde_json::to_vec_pretty(value)
        .map_err(|error| BuildError::io("writing", path)(std::io::Error::from(error)))?;
    let mut file = File::create(&part).map_err(BuildError::io("creating", &part))?;
    file.write_all(&json)
        .and_then(|()| file.sync_all())
        .map_err(BuildError::io("writing", &part))?;
    fs::rename(&part, path).map_err(BuildError::io("renaming", &part))?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn parse<T: DeserializeOwned>(path: &Path, json: &[u8]) -> Result<T, BuildError> {
    serde_json::from_slice(json).map_err(|error| BuildError::Damaged {
        path: path.to_owned(),
        what: error.to_string(),
    })
}

fn sync_folder(folder: &Path) -> Result<(), BuildError> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(BuildError::io("syncing", folder))
}

/// The present moment, RFC 3339 in UTC.
pub fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
