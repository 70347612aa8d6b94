//! Projects of pipelines in all languages: those that `backfold new` makes, and those of this repository. Their components
//! are built at the first call, by `backfold build`, which does nothing where a run of the tests before built the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{env, fs};

use crate::components::root;
use crate::process::{self, Finished};
use crate::server;

/// A `backfold` command that finds the compilers of all languages, which `tests/setup languages` installs.
pub fn backfold() -> Command {
    let installed =
        server::installed("languages-1", "languages").unwrap_or_else(|error| panic!("{error:#}"));
    let compilers = ["venv/bin", "npm/node_modules/.bin"].map(|folder| installed.join(folder));
    let path = env::var_os("PATH").unwrap_or_default();
    let all = compilers.into_iter().chain(env::split_paths(&path));
    let mut command = process::backfold();
    command
        .env(
            "PATH",
            env::join_paths(all).expect("no folder has a colon in its name"),
        )
        // Cargo sets it for the tests that it runs; another toolchain must not find its libraries there.
        .env_remove("LD_LIBRARY_PATH");
    command
}

/// A project whose component was built.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its component.
    pub component: PathBuf,
}

impl Project {
    /// The project that `backfold new` makes in a language.
    ///
    /// # Panics
    /// If it cannot be made or built.
    pub fn new(language: &str) -> Project {
        let name = format!("clicks-{language}");
        let folder = root().join("target/projects").join(name);
        Self::once(folder, |folder| make(language, None, folder))
    }

    /// The project that `backfold new --from` makes in a language of the job file at `job`; `name` is the beginning of its
    /// name.
    ///
    /// # Panics
    /// If it cannot be made or built.
    pub fn from_job(name: &str, job: &Path, language: &str) -> Project {
        let folder = root()
            .join("target/projects")
            .join(format!("{name}-{language}"));
        Self::once(folder, |folder| make(language, Some(job), folder))
    }

    /// A project of this repository, by its folder below the root.
    ///
    /// # Panics
    /// If it cannot be built.
    pub fn at(folder: &str) -> Project {
        Self::once(root().join(folder), |_| ())
    }

    /// Prepares and builds a project at the first call.
    fn once(folder: PathBuf, prepare: impl FnOnce(&Path)) -> Project {
        static BUILT: Mutex<BTreeMap<PathBuf, Arc<OnceLock<Project>>>> =
            Mutex::new(BTreeMap::new());
        let mut all = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let built = Arc::clone(all.entry(folder.clone()).or_default());
        drop(all);
        let built = built.get_or_init(|| {
            prepare(&folder);
            let mut command = backfold();
            command.arg("build").arg(&folder).args(["--output", "json"]);
            let report = process::run_long(&mut command).success().json();
            let output = report["result"]["output"].as_str().expect("a path");
            let component = folder.join(output);
            Project { folder, component }
        });
        built.clone()
    }

    /// The unit tests of the project, and its table of the sample.
    pub fn test(&self) -> Finished {
        process::run_long(backfold().arg("test").arg(&self.folder))
    }
}

/// Makes a project in `folder`, and keeps what an earlier build there knows.
fn make(language: &str, from: Option<&Path>, folder: &Path) {
    let parent = folder.parent().expect("it is not the root");
    fs::create_dir_all(parent).expect("the target folder can be written");
    let new = tempfile::tempdir_in(parent).expect("the target folder can be written");
    let name = folder.file_name().expect("it has a name");
    let made = new.path().join(name);
    let mut command = backfold();
    command.arg("new").arg(&made).args(["--lang", language]);
    if let Some(job) = from {
        command.arg("--from").arg(job);
    }
    process::run(&mut command).success();
    let mut kept = PathBuf::from(name);
    kept.set_extension("wasm");
    for kept in [Path::new(".backfold"), &kept] {
        // There is none before the first build.
        let _ = fs::rename(folder.join(kept), made.join(kept));
    }
    if folder.exists() {
        fs::remove_dir_all(folder).expect("an earlier project can be removed");
    }
    fs::rename(&made, folder).expect("it has the name of none");
}
