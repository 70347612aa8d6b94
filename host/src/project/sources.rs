//! The files of a project: those that a build depends on, and those that its tests depend on as well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Project;

/// The sample of events.
pub(super) const EVENTS: &str = "events.jsonl";

/// The table that comes of the sample.
pub(super) const EXPECTED: &str = "expected.json";

/// Folders of other tools, and of tests.
const OTHER_FOLDERS: [&str; 8] = [
    "node_modules",
    "target",
    "__pycache__",
    "venv",
    "build",
    "dist",
    "out",
    "zig-out",
];

/// Extensions of files that no compiler reads: tables, components, pages.
const OTHER_FILES: [&str; 9] = [
    "db", "db-wal", "db-shm", "sqlite", "wasm", "md", "pyc", "o", "log",
];

/// What a list of files is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The component.
    Build,
    /// The component, the unit tests and the sample.
    Test,
}

/// The files of a project and of its SDK that matter for `purpose`, sorted. Those in `but` are left out, and folders
/// below them.
///
/// # Errors
/// Where a folder cannot be read.
pub(super) fn files(
    project: &Project,
    purpose: Purpose,
    but: &[PathBuf],
) -> io::Result<Vec<PathBuf>> {
    let walk = Walk {
        purpose,
        but: but
            .iter()
            .filter_map(|path| path.canonicalize().ok())
            .collect(),
    };
    let mut files = Vec::new();
    walk.folder(&project.folder, &mut files)?;
    if let Some(sdk) = project.sdk().filter(|sdk| !is_within(sdk, &project.folder)) {
        walk.folder(&sdk, &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn is_within(inner: &Path, outer: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(inner).starts_with(real(outer))
}

struct Walk {
    purpose: Purpose,
    but: Vec<PathBuf>,
}

impl Walk {
    fn folder(&self, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
        if !self.but.is_empty() && self.but.contains(&folder.canonicalize()?) {
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if self.wants_folder(&name) {
                    self.folder(&path, files)?;
                }
            } else if path.is_file() && self.wants_file(&path, &name) {
                files.push(path);
            }
        }
        Ok(())
    }

    fn wants_folder(&self, name: &str) -> bool {
        let is_hidden = name.starts_with('.') && name != ".cargo";
        let is_for_tests = ["test", "tests"].contains(&name);
        !is_hidden
            && !OTHER_FOLDERS.contains(&name)
            && (self.purpose == Purpose::Test || !is_for_tests)
    }

    fn wants_file(&self, path: &Path, name: &str) -> bool {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        // Editors write `.file.swp`, `file~` and `4913`.
        let is_other = name.starts_with('.')
            || name.ends_with('~')
            || OTHER_FILES.contains(&extension.as_ref());
        let is_left_out = !self.but.is_empty()
            && path
                .canonicalize()
                .is_ok_and(|path| self.but.contains(&path));
        !is_other && !is_left_out && (self.purpose == Purpose::Test || !is_for_tests(name))
    }
}

/// Whether a file serves tests or runs, by the names that are usual.
fn is_for_tests(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    [
        EVENTS,
        EXPECTED,
        super::manifest::JOB,
        super::manifest::SAMPLE_JOB,
        "conftest.py",
        "counterexample.json",
    ]
    .contains(&name)
        || stem.starts_with("test_")
        || ["_test", ".test", "_tests"]
            .iter()
            .any(|end| stem.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_compiler_does_not_read_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "backfold.toml",
            "pipeline.py",
            "helpers/dates.py",
            "backfold/__init__.py",
            ".cargo/config.toml",
            "test_pipeline.py",
            "tests/more.py",
            "events.jsonl",
            "job.toml",
            "README.md",
            "clicks.wasm",
            "tables.db-wal",
            "__pycache__/pipeline.pyc",
            ".backfold/build.json",
            "work/clicks/plan.py",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(
                path,
                if name == "backfold.toml" {
                    "lang = \"python\""
                } else {
                    ""
                },
            )
            .unwrap();
        }
        let project = Project::read(root).unwrap();
        let names = |purpose| -> Vec<String> {
            let files = files(&project, purpose, &[root.join("work")]).unwrap();
            let relative = files.iter().map(|path| path.strip_prefix(root).unwrap());
            relative.map(|path| path.display().to_string()).collect()
        };
        let build = [
            ".cargo/config.toml",
            "backfold/__init__.py",
            "backfold.toml",
            "helpers/dates.py",
            "pipeline.py",
        ];
        assert_eq!(names(Purpose::Build), build);
        let tested = names(Purpose::Test);
        for name in [
            "events.jsonl",
            "job.toml",
            "test_pipeline.py",
            "tests/more.py",
        ] {
            assert!(tested.contains(&name.to_owned()), "{tested:?}");
        }
        assert_eq!(tested.len(), build.len() + 4);
    }
}
