//! A project: its folder, and what its `backfold.toml` says.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Engine, Language, ProjectError};
use crate::job::{JobError, Text};

/// The name of the file that makes a folder a project.
pub(super) const MANIFEST: &str = "backfold.toml";

/// The name of the job file that a project has.
pub(super) const JOB: &str = "job.toml";

/// The name of the job file that folds the sample, in a project whose own job has another source.
pub(super) const SAMPLE_JOB: &str = "sample.toml";

/// The folder for what builds keep.
const KEPT: &str = ".backfold";

/// A pipeline's source and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its folder.
    pub folder: PathBuf,
    /// Its language.
    pub language: Language,
    /// The source that is compiled, relative to the folder.
    pub entry: PathBuf,
    /// The folder of the SDK, relative to the folder.
    pub sdk: PathBuf,
    /// The component, relative to the folder.
    pub output: PathBuf,
    /// The command of the unit tests.
    pub test: Vec<String>,
    /// Further arguments for the compiler.
    pub flags: Vec<String>,
    /// The JavaScript engine.
    pub engine: Engine,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    lang: Language,
    entry: Option<PathBuf>,
    sdk: Option<PathBuf>,
    output: Option<PathBuf>,
    test: Option<Vec<String>>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    engine: Engine,
}

impl Project {
    /// Reads the project in `folder`.
    ///
    /// # Errors
    /// Where there is no `backfold.toml`, or it is not valid; the error names the line.
    pub fn read(folder: &Path) -> Result<Project, ProjectError> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|source| ProjectError::NoProject {
            folder: folder.to_owned(),
            source,
        })?;
        Project::parse(folder, &path, &text).map_err(ProjectError::Manifest)
    }

    /// The project in `folder`, whose manifest has this text.
    fn parse(folder: &Path, path: &Path, text: &str) -> Result<Project, JobError> {
        let manifest: Manifest = Text { path, text }.parse()?;
        let language = manifest.lang;
        Ok(Project {
            folder: folder.to_owned(),
            language,
            entry: manifest.entry.unwrap_or_else(|| language.entry().into()),
            sdk: manifest.sdk.unwrap_or_else(|| "backfold".into()),
            output: manifest.output.unwrap_or_else(|| usual_output(folder)),
            test: manifest
                .test
                .filter(|words| !words.is_empty())
                .unwrap_or_else(|| {
                    let words = language.test().iter();
                    words.map(|word| (*word).to_owned()).collect()
                }),
            flags: manifest.flags,
            engine: manifest.engine,
        })
    }

    /// The path of the component.
    pub fn output(&self) -> PathBuf {
        self.folder.join(&self.output)
    }

    /// The path of the job file that the project has, if it is there.
    pub fn job(&self) -> Option<PathBuf> {
        Some(self.folder.join(JOB)).filter(|path| path.is_file())
    }

    /// The folder for what builds keep: whether anything changed, compiled code.
    pub(super) fn kept(&self) -> PathBuf {
        self.folder.join(KEPT)
    }

    /// The folder of the SDK; `None` where the language has none or the folder is missing.
    pub(super) fn sdk(&self) -> Option<PathBuf> {
        let folder = self.folder.join(&self.sdk);
        (self.language.sdk().is_some() && folder.is_dir()).then_some(folder)
    }
}

/// The component of a project that names none: the folder's name with `.wasm`.
fn usual_output(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    // `..` at the end has no name of its own.
    let folder = folder.canonicalize().unwrap_or(folder);
    let name = folder.file_name().unwrap_or("pipeline".as_ref());
    let mut name = name.to_owned();
    name.push(".wasm");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Project, JobError> {
        Project::parse(Path::new("some/clicks"), Path::new("backfold.toml"), text)
    }

    #[test]
    fn a_language_is_enough() {
        let project = parse("lang = \"python\"").unwrap();
        assert_eq!(project.entry, Path::new("pipeline.py"));
        assert_eq!(project.output(), Path::new("some/clicks/clicks.wasm"));
        assert_eq!(project.sdk, Path::new("backfold"));
        assert_eq!(project.test[0], "python3");
        assert_eq!(project.engine, Engine::QuickJs);
    }

    #[test]
    fn everything_can_be_named() {
        let text = "lang = \"ts\"\nentry = \"src/a.ts\"\nsdk = \"../sdk\"\noutput = \"out/b.wasm\"\n\
                    test = [\"npm\", \"test\"]\nflags = [\"--minify\"]\nengine = \"starlingmonkey\"\n";
        let project = parse(text).unwrap();
        assert_eq!(project.output(), Path::new("some/clicks/out/b.wasm"));
        assert_eq!(project.engine, Engine::StarlingMonkey);
        assert_eq!(project.flags, ["--minify"]);
    }

    #[test]
    fn errors_name_the_line() {
        let refused = |text: &str| {
            let error = parse(text).unwrap_err();
            format!("{error}")
        };
        insta::assert_snapshot!(refused("lang = \"python\"\nentri = \"a\""), @"backfold.toml:2: unknown key `entri`: did you mean `entry`?");
        insta::assert_snapshot!(refused("lang = \"pyhton\""), @"backfold.toml:1: `lang`: `pyhton` is not one of `rust`, `python`, `ts`, `js`, `go`, `c`, `zig`: did you mean `python`?");
        insta::assert_snapshot!(refused("entry = \"a\""), @"backfold.toml:1: `lang` is missing");
        insta::assert_snapshot!(refused("lang = python"), @"backfold.toml:1: string values must be quoted, expected literal string");
        insta::assert_snapshot!(refused("lang = \"go\"\ntest = \"go test\""), @"backfold.toml:2: `test`: invalid type: string \"go test\", expected a sequence");
    }
}
