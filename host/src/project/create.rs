//! A new project: the template of its language, the sample, a job that folds it, and the SDK.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::{JOB, MANIFEST};
use super::sdk::{SdkFile, sdk, template};
use super::sources::{EVENTS, EXPECTED};
use super::{Engine, Language, ProjectError, Search, needs};

/// The sample that all languages have.
const SAMPLE: [(&str, &str); 2] = [
    (
        EVENTS,
        include_str!("../../../examples/clicks/events.jsonl"),
    ),
    (
        EXPECTED,
        include_str!("../../../examples/clicks/expected.json"),
    ),
];

/// The versions of crates with which this command is tested.
const CARGO_LOCK: &str = include_str!("../../../Cargo.lock");

/// What version control passes over.
const IGNORED: &str = ".gitignore";

/// What backfold makes in a project: builds, tables and what belongs to them.
const MADE: [&str; 5] = [
    "/.backfold/",
    "/work/",
    "/counterexample.json",
    "*.wasm",
    "*.db*",
];

/// The longest name: that of a table.
const LONGEST: usize = 40;

/// Names that a compiler or backfold itself uses.
const RESERVED: [&str; 9] = [
    "alloc",
    "core",
    "std",
    "test",
    "main",
    "pipeline",
    "go",
    "proc-macro",
    "replayable",
];

/// A project that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// Its files, relative to the folder.
    pub files: Vec<PathBuf>,
    /// What is missing for it on this machine, each with the command that installs it.
    pub missing: Vec<Missing>,
}

/// A program that is missing.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// The program.
    pub tool: String,
    /// The command that installs it.
    pub install: String,
}

/// A file of a project: its path within it, and its content.
pub(super) type File = (PathBuf, Vec<u8>);

/// Makes a project in `folder`, whose last part is its name.
///
/// # Errors
/// Where the name is not valid, the folder holds something, or a file cannot be written.
pub fn create(folder: &Path, language: Language) -> Result<Created, ProjectError> {
    let name = named(folder, language)?;
    let sample = SAMPLE.map(|(path, content)| (path, content.to_owned()));
    let own = sample.into_iter().chain([(JOB, job(&name))]);
    let own = own.map(|(path, content)| (path.into(), content.into_bytes()));
    let files = write(folder, lay_out(&name, language, own.collect()))?;
    Ok(finished(folder, &name, language, files))
}

/// The name of a new project in `folder`, which has to be empty or not there.
pub(super) fn named(folder: &Path, language: Language) -> Result<String, ProjectError> {
    let name = name(folder)?;
    if template(language).is_empty() {
        return Err(ProjectError::NoTemplate { language });
    }
    if folder.exists() {
        let failed = ProjectError::file("read the folder", folder);
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            let folder = folder.to_owned();
            return Err(ProjectError::NotEmpty { folder });
        }
    }
    Ok(name)
}

/// The files of a project: its own, which take the place of those of the template, and those of the template and the SDK.
pub(super) fn lay_out(name: &str, language: Language, own: Vec<File>) -> Vec<File> {
    let template = template(language);
    let has = |name: &str| template.iter().any(|file| file.path == Path::new(name));
    let mut files: Vec<File> = Vec::new();
    if !has(MANIFEST) {
        let text = format!("lang = \"{}\"\n", language.name());
        files.push((MANIFEST.into(), text.into_bytes()));
    }
    if !has(IGNORED) {
        files.push((IGNORED.into(), ignored("").into_bytes()));
    }
    for SdkFile { path, content } in template {
        let path = PathBuf::from(filled(&path.to_string_lossy(), name));
        if own.iter().any(|(of_own, _)| *of_own == path) {
            continue;
        }
        let content = match std::str::from_utf8(content) {
            Ok(text) if path == Path::new(IGNORED) => ignored(text).into_bytes(),
            Ok(text) => filled(text, name).into_bytes(),
            // What is no text has no names in it.
            Err(_) => content.to_vec(),
        };
        files.push((path, content));
    }
    files.extend(own);
    let sdk = sdk(language).into_iter();
    files.extend(sdk.map(|SdkFile { path, content }| (path, content.to_vec())));
    if language == Language::Rust {
        files.push(("Cargo.lock".into(), CARGO_LOCK.into()));
    }
    files
}

/// Writes the files of a project, and returns their paths.
pub(super) fn write(folder: &Path, files: Vec<File>) -> Result<Vec<PathBuf>, ProjectError> {
    let mut written = Vec::new();
    for (path, content) in files {
        let file = folder.join(&path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(ProjectError::file("create", parent))?;
        }
        fs::write(&file, content).map_err(ProjectError::file("write", &file))?;
        written.push(path);
    }
    Ok(written)
}

/// What is said of a project that was made.
pub(super) fn finished(
    folder: &Path,
    name: &str,
    language: Language,
    files: Vec<PathBuf>,
) -> Created {
    Created {
        missing: missing(folder, language),
        folder: folder.to_owned(),
        name: name.to_owned(),
        language,
        files,
    }
}

/// The lines of a template's `.gitignore`, and those for what backfold makes.
fn ignored(of_template: &str) -> String {
    let mut text = of_template.to_owned();
    for line in MADE {
        let is_there = |other: &str| other.trim_matches('/') == line.trim_matches('/');
        if !of_template.lines().any(is_there) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The name of a project in `folder`.
fn name(folder: &Path) -> Result<String, ProjectError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let is_valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let problem = if name.is_empty() {
        "it is empty"
    } else if !begins || !name.chars().all(is_valid) {
        "it has other characters than a-z, 0-9 and -, or does not begin with a letter"
    } else if name.len() > LONGEST {
        "it has more than 40 characters"
    } else if name.ends_with('-') || name.contains("--") {
        "its dashes do not stand between letters or digits"
    } else if RESERVED.contains(&name.as_ref()) {
        "compilers use it"
    } else if name.starts_with("backfold") || name.starts_with("sqlite-") {
        "names that begin with backfold or sqlite- are reserved"
    } else {
        return Ok(name.into_owned());
    };
    Err(ProjectError::Name {
        name: name.into_owned(),
        problem,
    })
}

/// A text of a template with the project's name.
fn filled(text: &str, name: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{ident}}", &ident(name))
}

/// The name of a project where dashes are not allowed.
pub(super) fn ident(name: &str) -> String {
    name.replace('-', "_")
}

/// A job that folds the sample.
fn job(name: &str) -> String {
    let table = ident(name);
    format!(
        "\
# Folds the sample into a table of SQLite. `backfold help run` and the pages in docs say what else a job may have.
# Paths are those below this file's folder.

table = \"{table}\"
component = \"{name}.wasm\"   # `backfold build` makes it
work = \"work\"               # plans, checkpoints and reports

[source.files]
path = \"events.jsonl\"       # a file, a folder or a pattern; [source.s3] and [source.kafka] are other sources

[target.sqlite]
path = \"tables.db\"          # [target.postgres] and [target.dynamodb] are other targets

[gate]
max_quarantined = 1         # the sample holds a record that the pipeline rejects; none may be rejected without this
"
    )
}

/// The programs of a language that are missing, as a project in `folder` sees it.
fn missing(folder: &Path, language: Language) -> Vec<Missing> {
    let search = Search::new(Some(folder));
    let needs = needs(language, Engine::default()).into_iter();
    let missing = needs.filter(|need| need.find(&search).is_none());
    missing
        .map(|need| Missing {
            tool: need.name.to_owned(),
            install: need.install.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, Overrides};
    use crate::project::Project;

    #[test]
    fn a_project_is_complete() {
        let root = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            if template(language).is_empty() {
                continue;
            }
            let folder = root.path().join(format!("page-views-{}", language.name()));
            let created = create(&folder, language).unwrap();
            assert_eq!(created.files.len(), {
                let files: std::collections::BTreeSet<_> = created.files.iter().collect();
                files.len()
            });
            let project = Project::read(&folder).unwrap();
            assert_eq!(project.language, language);
            assert!(folder.join(&project.entry).exists(), "{language}");
            assert!(project.sdk().is_some(), "{language}");
            let job = Job::load(&folder.join(JOB), &Overrides::default()).unwrap();
            assert_eq!(job.component, project.output());
            assert_eq!(job.table, format!("page_views_{}", language.name()));
            for file in &created.files {
                let content = fs::read(folder.join(file)).unwrap();
                let text = String::from_utf8_lossy(&content);
                if !file.starts_with("backfold") {
                    for left in ["{{name}}", "{{ident}}"] {
                        assert!(!text.contains(left), "{language}: {}", file.display());
                    }
                }
            }
            for name in ["README.md", EVENTS, EXPECTED] {
                assert!(folder.join(name).is_file(), "{language}: {name}");
            }
            let ignored = fs::read_to_string(folder.join(IGNORED)).unwrap();
            for name in ["/.backfold/", "*.wasm"] {
                assert!(
                    ignored.contains(name.trim_matches('/')),
                    "{language}: {name}"
                );
            }
        }
    }

    #[test]
    fn rust_has_a_template() {
        assert!(!template(Language::Rust).is_empty());
    }

    #[test]
    fn names_that_some_tool_refuses_are_refused_at_once() {
        for name in [
            "Clicks",
            "9lives",
            "a_b",
            "a b",
            "ünïcode",
            "-a",
            "a-",
            "a--b",
            "std",
            "backfold",
            "backfold-x",
            "..",
        ] {
            let refused = super::name(&Path::new("/some").join(name));
            assert!(matches!(refused, Err(ProjectError::Name { .. })), "{name}");
        }
        assert!(super::name(Path::new(&"a".repeat(41))).is_err());
        for name in ["clicks", "page-views-2"] {
            assert_eq!(super::name(Path::new(name)).unwrap(), name);
        }
    }

    #[test]
    fn a_folder_that_holds_something_stays_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("clicks");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("notes"), "mine").unwrap();
        let refused = create(&folder, Language::Rust);
        assert!(matches!(refused, Err(ProjectError::NotEmpty { .. })));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_file(folder.join("notes")).unwrap();
        create(&folder, Language::Rust).unwrap();
    }
}
