//! The folder of one build.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::BuildError;
use super::format::check_format;
use super::format_2;
use super::journal::{Journal, Standing};
use super::lock::{Asked, Lock};
use super::manifest::Manifest;
use super::parse;
use super::quarantine::QuarantineReader;
use super::schemas::{KeptSchema, SchemaFile};
use super::splits::{Covered, SplitReader};
use crate::durable;
use crate::fault_point::{around, before};
use crate::scratch;

/// `staged.json`.
#[derive(Serialize, Deserialize)]
struct StagedAt {
    place: String,
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
        durable::sync_parent(&path).map_err(BuildError::io("syncing", &path))?;
        Ok(BuildFolder { path, manifest })
    }

    /// Opens a build; `None` where no plan was completed in the folder.
    pub(super) fn open(path: PathBuf) -> Result<Option<Self>, BuildError> {
        let file = path.join("manifest.json");
        match before("read a manifest").and_then(|()| fs::read(&file)) {
            Ok(json) => Ok(Some(BuildFolder {
                manifest: read_manifest(&file, &json)?,
                path,
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BuildError::io("reading", file)(error)),
        }
    }

    /// Takes the lock of this build, for a command that writes to it. `Ok(Err(_))` says which command holds it.
    ///
    /// # Errors
    /// [`BuildError::UnknownBuild`] where the build was removed in the meantime.
    pub fn ask_lock(&self, command: &str) -> Result<Result<Lock, BuildError>, BuildError> {
        let manifest = self.path.join("manifest.json");
        let is_there = || {
            manifest
                .try_exists()
                .map_err(BuildError::io("reading", &manifest))
        };
        let removed = || BuildError::UnknownBuild {
            build: self.manifest.build.clone(),
            table: self.manifest.table().table.clone(),
            path: self.path.clone(),
        };
        if !is_there()? {
            return Err(removed());
        }
        match Lock::ask(&self.path.join("lock"), command)? {
            // `gc` holds the lock of a build that it removes, and removes the file with it.
            Asked::Granted(_) if !is_there()? => Err(removed()),
            Asked::Granted(lock) => Ok(Ok(lock)),
            Asked::Held(holder) => Ok(Err(BuildError::Locked {
                what: format!(
                    "build {} of `{}`",
                    self.manifest.build,
                    self.manifest.table().table
                ),
                path: self.path.clone(),
                holder,
            })),
        }
    }

    /// The command and the process that write to this build at the moment, if any do. Makes and changes nothing.
    pub fn worker(&self) -> Result<Option<String>, BuildError> {
        Lock::holder(&self.path.join("lock"))
    }

    /// The frozen input, split by split.
    pub fn splits(&self) -> Result<SplitReader, BuildError> {
        let (path, digest) = (self.splits_file(), &self.manifest.input.splits_digest);
        SplitReader::open(&path, digest, Covered::default())
    }

    /// Writes the manifest again, in this release's format: where the build goes on under other limits. Call it under
    /// the build's lock.
    pub fn rewrite(&mut self, manifest: Manifest) -> Result<(), BuildError> {
        write_json(&self.path.join("manifest.json"), &manifest)?;
        self.manifest = manifest;
        Ok(())
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of runs.
    pub fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    /// The folder of rejected records while the build folds.
    pub fn quarantine(&self) -> PathBuf {
        self.path.join("quarantine")
    }

    /// The file that they are joined into when all splits are folded.
    pub fn quarantine_file(&self) -> PathBuf {
        self.path.join("quarantine.jsonl")
    }

    /// The records rejected so far.
    pub fn rejected(&self) -> Result<QuarantineReader, BuildError> {
        QuarantineReader::open(self.quarantine_file(), &self.quarantine())
    }

    /// The file of the frozen input.
    pub fn splits_file(&self) -> PathBuf {
        self.path.join("splits.jsonl")
    }

    /// The file of the schemas of messages that were learned after the plan.
    pub fn schemas_file(&self) -> PathBuf {
        self.path.join("schemas.jsonl")
    }

    /// All schemas of messages that the build knows, by their IDs in the registry.
    pub fn schemas(&self) -> Result<BTreeMap<u32, String>, BuildError> {
        let mut schemas = self.manifest.input.schemas.clone();
        let kept = SchemaFile::peek(&self.schemas_file())?.into_iter();
        schemas.extend(kept.map(|KeptSchema { id, schema }| (id, schema)));
        Ok(schemas)
    }

    /// The file of the report.
    pub fn report_file(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The file with a case in which the component broke a law, where it did.
    pub fn counterexample_file(&self) -> PathBuf {
        self.path.join("counterexample.json")
    }

    /// The file that says where the build is staged, if it is.
    pub fn staged_file(&self) -> PathBuf {
        self.path.join("staged.json")
    }

    /// Notes that the units of the build are folded elsewhere, and that `place` is where their runs come back.
    pub fn mark_staged(&self, place: &str) -> Result<(), BuildError> {
        let place = place.to_owned();
        write_json(&self.staged_file(), &StagedAt { place })
    }

    /// Where the build is staged, if it is.
    pub fn staged_at(&self) -> Result<Option<String>, BuildError> {
        let path = self.staged_file();
        match before("read where it is staged").and_then(|()| fs::read(&path)) {
            Ok(json) => Ok(Some(parse::<StagedAt>(&path, &json)?.place)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BuildError::io("reading", path)(error)),
        }
    }

    /// Which parts of the build are done, as its journal has it; changes nothing.
    pub fn peek(&self) -> Result<Standing, BuildError> {
        let path = self.path.join("journal.jsonl");
        Standing::of(&path, Journal::peek(&path)?)
    }

    /// Whether all splits are folded.
    pub fn is_folded(&self, standing: &Standing) -> bool {
        standing.covered.len() == self.manifest.input.frozen.splits
    }

    /// Opens the journal to go on with the build. Call it under the build's lock.
    pub fn resume(&self) -> Result<(Journal, Standing), BuildError> {
        let path = self.path.join("journal.jsonl");
        let (journal, entries) = Journal::open(&path)?;
        Ok((journal, Standing::of(&path, entries)?))
    }

    /// Removes what commands left when they were killed: files that are not complete, folders to sort in, and runs that no
    /// checkpoint names. Call it under the build's lock.
    pub fn sweep(&self) -> Result<(), BuildError> {
        durable::remove_parts(&self.path).map_err(BuildError::io("sweeping", &self.path))?;
        let sorts = scratch::left(&self.path).map_err(BuildError::io("sweeping", &self.path))?;
        for sort in sorts {
            scratch::remove(&sort).map_err(BuildError::io("removing", &sort))?;
        }
        match self.peek() {
            Ok(standing) if self.runs().exists() => self.sweep_runs(&standing),
            // It is not known which runs are named.
            Ok(_) | Err(BuildError::Damaged { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes the files in `runs` that no checkpoint names. Call it under the build's lock.
    pub fn sweep_runs(&self, standing: &Standing) -> Result<(), BuildError> {
        for run in self.unnamed_runs(standing)? {
            around("sweep a run", || fs::remove_file(&run))
                .map_err(BuildError::io("removing", &run))?;
        }
        Ok(())
    }

    /// The files in `runs` that no checkpoint names.
    pub(super) fn unnamed_runs(&self, standing: &Standing) -> Result<Vec<PathBuf>, BuildError> {
        let named: HashSet<String> = standing.runs().into_iter().map(|run| run.name).collect();
        let folder = self.runs();
        let mut unnamed = Vec::new();
        for entry in fs::read_dir(&folder).map_err(BuildError::io("reading", &folder))? {
            let entry = entry.map_err(BuildError::io("reading", &folder))?;
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| named.contains(name)) {
                unnamed.push(entry.path());
            }
        }
        Ok(unnamed)
    }

    /// Removes the whole folder. Call it under the table's lock and this build's.
    pub fn remove(&self) -> Result<(), BuildError> {
        // The manifest first: half a folder must not look like a build.
        let manifest = self.path.join("manifest.json");
        around("remove a manifest", || fs::remove_file(&manifest))
            .and_then(|()| durable::sync_folder(&self.path))
            .map_err(BuildError::io("removing", &manifest))?;
        around("remove a build", || fs::remove_dir_all(&self.path))
            .map_err(BuildError::io("removing", &self.path))
    }
}

/// Reads a manifest of any format that this release reads.
fn read_manifest(path: &Path, json: &[u8]) -> Result<Manifest, BuildError> {
    #[derive(Deserialize)]
    struct Formatted {
        /// Manifests of format 2 have none.
        format: Option<u32>,
    }
    let Formatted { format } = parse(path, json)?;
    let manifest = match format {
        None => parse::<format_2::Manifest>(path, json)?.into(),
        Some(format) => {
            check_format(path, format)?;
            parse::<Manifest>(path, json)?
        }
    };
    match manifest.tables.len() {
        1 => Ok(manifest),
        tables => Err(BuildError::Damaged {
            path: path.to_owned(),
            what: format!("it lists {tables} tables, and a build has one"),
        }),
    }
}

/// Writes a file in one step: after a crash it holds all of `value`, or its content from before.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), BuildError> {
    serde_json::to_vec_pretty(value)
        .map_err(std::io::Error::from)
        .and_then(|json| durable::write(path, &json))
        .map_err(BuildError::io("writing", path))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::decode::RegistryConfig;
    use crate::plan::InputSource;

    /// A file of a build that the release before loaded.
    fn loaded(name: &str) -> Value {
        let build = "../tests/tests/e2e/build/earlier_release/format_2/work/loaded/01M8PMAPPSM35N0ZWVSBPT90M7";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(build).join(name);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    fn read(manifest: &Value) -> Result<Manifest, BuildError> {
        read_manifest(Path::new("manifest.json"), manifest.to_string().as_bytes())
    }

    #[test]
    fn a_manifest_has_the_same_digest_in_all_formats() {
        let before = read(&loaded("manifest.json")).unwrap();
        assert_eq!(
            json!(before.digest()),
            loaded("run.json")["manifest_digest"]
        );
        assert_eq!(before.table().table, "loaded");
        assert_eq!(
            json!(before.table().limits.deciding()),
            loaded("manifest.json")["limits"]
        );
        let driver = "files".to_owned();
        assert_eq!(before.input.source, InputSource::Unknown { driver });
        let again = read(&json!(before)).unwrap();
        assert_eq!((again.digest(), &again), (before.digest(), &before));

        // How a registry is asked decides nothing; which one it is does.
        let with = |registry: RegistryConfig| {
            let mut manifest = before.clone();
            manifest.input.decode.registry = Some(registry);
            manifest.digest()
        };
        let one = RegistryConfig::at("http://one");
        let user = Some("me".to_owned());
        assert_eq!(
            with(one.clone()),
            with(RegistryConfig {
                user,
                ..one.clone()
            })
        );
        assert_ne!(with(one), with(RegistryConfig::at("http://other")));
    }

    #[test]
    fn a_build_on_top_of_another_is_read_as_such() {
        let mut manifest = loaded("manifest.json");
        manifest["based_on"] = json!({"build": "B", "manifest_digest": "ab"});
        let read = read(&manifest).unwrap();
        let base = read.input.source.based_on().unwrap();
        assert_eq!((&*base.build, &*base.manifest_digest), ("B", "ab"));
    }

    #[test]
    fn a_manifest_of_another_number_of_tables_or_a_later_format_is_refused() {
        let mut manifest = json!(read(&loaded("manifest.json")).unwrap());
        manifest["tables"] = json!([]);
        let refused = read(&manifest).unwrap_err();
        insta::assert_snapshot!(refused, @"manifest.json is damaged: it lists 0 tables, and a build has one");
        manifest["format"] = json!(4);
        let refused = read(&manifest).unwrap_err();
        insta::assert_snapshot!(refused, @"manifest.json has format 4, and this backfold writes format 3");
    }
}
