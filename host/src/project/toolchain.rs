//! Programs of a language's toolchain: where they are searched, and what was found.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

/// The places where programs are searched.
#[derive(Clone, Debug)]
pub struct Search {
    /// The folder of the project, whose `.venv` and `node_modules` come first.
    project: Option<PathBuf>,
    /// The folders of `PATH`.
    path: Vec<PathBuf>,
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// The words that start it: a path, or an interpreter, `-m` and a module.
    #[serde(serialize_with = "as_text")]
    pub command: Vec<OsString>,
    /// Its version, as it tells it.
    pub version: String,
}

impl Search {
    /// The folders of a project, if there is one, and those of `PATH`.
    pub fn new(project: Option<&Path>) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Search::within(project, &path)
    }

    /// As [`Search::new`], with another `PATH`.
    pub fn within(project: Option<&Path>, path: &OsStr) -> Self {
        // Relative folders would mean others in the project's folder, where programs are started.
        let absolute =
            |folder: &Path| std::path::absolute(folder).unwrap_or_else(|_| folder.into());
        Search {
            project: project.map(absolute),
            path: std::env::split_paths(path)
                .map(|folder| absolute(&folder))
                .collect(),
        }
    }

    /// The folder in which tools are asked for their versions, since it may choose them, as `rust-toolchain.toml` does.
    pub(super) fn folder(&self) -> &Path {
        self.project.as_deref().unwrap_or(Path::new("."))
    }

    /// The places in words, for errors.
    pub(super) fn places(&self) -> String {
        match &self.project {
            Some(project) => format!(
                "in .venv/bin and node_modules/.bin of {}, nor on PATH",
                project.display()
            ),
            None => "on PATH".to_owned(),
        }
    }

    /// The path of a program: in the project's `.venv`, in the `node_modules` of the project or of a folder above it, or
    /// on `PATH`.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        let project = self.project.iter().map(|folder| folder.join(".venv/bin"));
        let node = self.project.iter().flat_map(|folder| {
            folder
                .ancestors()
                .map(|folder| folder.join("node_modules/.bin"))
        });
        project
            .chain(node)
            .chain(self.path.iter().cloned())
            .map(|folder| folder.join(name))
            .find(|path| is_executable(path))
    }

    /// A program that tells its version with `arguments`.
    pub(super) fn tool(&self, name: &str, arguments: &[&str]) -> Option<Tool> {
        self.started(vec![self.program(name)?.into()], arguments)
    }

    /// A module that Python runs, and that tells its version with `arguments`.
    pub(super) fn python_module(&self, module: &str, arguments: &[&str]) -> Option<Tool> {
        let interpreters = ["python3", "python"].into_iter();
        interpreters
            .filter_map(|name| self.program(name))
            .find_map(|python| {
                let command = vec![python.into(), "-m".into(), module.into()];
                self.started(command, arguments)
            })
    }

    /// A program of an npm package, whose `package.json` has its version.
    pub(super) fn npm_tool(&self, name: &str, package: &str) -> Option<Tool> {
        let program = self.program(name)?;
        let real = program.canonicalize().ok()?;
        let version = real.ancestors().find_map(|folder| {
            let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
            let described: serde_json::Value = serde_json::from_str(&text).ok()?;
            let is_it = described["name"] == package;
            is_it.then(|| described["version"].as_str().map(str::to_owned))?
        });
        Some(Tool {
            command: vec![program.into()],
            version: version.unwrap_or_default(),
        })
    }

    /// What a command tells with `arguments`; `None` where it cannot be started or fails.
    pub(super) fn ask(&self, command: &[OsString], arguments: &[&str]) -> Option<String> {
        let (program, rest) = command.split_first()?;
        let output = Command::new(program)
            .args(rest)
            .args(arguments)
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn started(&self, command: Vec<OsString>, arguments: &[&str]) -> Option<Tool> {
        let told = self.ask(&command, arguments)?;
        Some(Tool {
            version: version_in(&told).to_owned(),
            command,
        })
    }
}

impl Tool {
    /// The command as text.
    pub fn display(&self) -> String {
        let words = self.command.iter().map(|word| word.to_string_lossy());
        words.collect::<Vec<_>>().join(" ")
    }

    /// The command, to be started in `folder` with further arguments.
    pub(super) fn command(&self, folder: &Path) -> Command {
        let (program, rest) = match self.command.split_first() {
            Some((program, rest)) => (program.as_os_str(), rest),
            None => (OsStr::new(""), &[][..]),
        };
        let mut command = Command::new(program);
        command.args(rest).current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Whether its version is `least` or a later one.
    pub(super) fn is_at_least(&self, least: &str) -> bool {
        compare(&self.version, least) != Ordering::Less
    }
}

fn as_text<S: serde::Serializer>(command: &[OsString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(command.iter().map(|word| word.to_string_lossy()))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The version in what a program tells: the first word with a digit and a dot, from its first digit on.
fn version_in(told: &str) -> &str {
    let word = told
        .split_whitespace()
        .find(|word| word.contains('.') && word.contains(|c: char| c.is_ascii_digit()));
    word.and_then(|word| word.get(word.find(|c: char| c.is_ascii_digit())?..))
        .unwrap_or(told)
}

/// Compares versions number by number.
fn compare(one: &str, other: &str) -> Ordering {
    let numbers = |version: &str| -> Vec<u64> {
        version
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|number| number.parse().ok())
            .collect()
    };
    numbers(one).cmp(&numbers(other))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(folder: &Path, name: &str, script: &str) {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_projects_own_tools_come_before_those_of_the_machine() {
        let root = tempfile::tempdir().unwrap();
        let (bin, project) = (root.path().join("bin"), root.path().join("a/project"));
        program(&bin, "tool", "echo tool 1.2.3");
        fs::create_dir_all(&project).unwrap();
        let search = Search::within(Some(&project), bin.as_os_str());
        let version = || search.tool("tool", &["--version"]).map(|tool| tool.version);
        assert_eq!(version().as_deref(), Some("1.2.3"));
        program(
            &root.path().join("a/node_modules/.bin"),
            "tool",
            "echo v2.0",
        );
        assert_eq!(version().as_deref(), Some("2.0"));
        program(&project.join(".venv/bin"), "tool", "echo go3.1 linux/amd64");
        assert_eq!(version().as_deref(), Some("3.1"));
    }

    #[test]
    fn what_cannot_be_started_is_not_found() {
        let root = tempfile::tempdir().unwrap();
        program(root.path(), "broken", "exit 1");
        program(root.path(), "python3", "test $2 = here && echo 0.17.1");
        fs::write(root.path().join("text"), "1.0").unwrap();
        let search = Search::within(None, root.path().as_os_str());
        for name in ["broken", "text", "missing"] {
            assert_eq!(search.tool(name, &[]), None, "{name}");
        }
        assert_eq!(search.python_module("elsewhere", &["version"]), None);
        let module = search.python_module("here", &["version"]).unwrap();
        assert_eq!(module.version, "0.17.1");
        assert!(module.display().ends_with("/python3 -m here"));
    }

    #[test]
    fn the_version_of_an_npm_package_stands_in_its_description() {
        let root = tempfile::tempdir().unwrap();
        let package = root.path().join("node_modules/@scope/tool");
        program(&package.join("bin"), "cli.js", "exit 1");
        let text = r#"{"name": "@scope/tool", "version": "1.30.0"}"#;
        fs::write(package.join("package.json"), text).unwrap();
        let bin = root.path().join("node_modules/.bin");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink("../@scope/tool/bin/cli.js", bin.join("tool")).unwrap();
        let search = Search::within(Some(root.path()), OsStr::new(""));
        let tool = search.npm_tool("tool", "@scope/tool").unwrap();
        assert_eq!(tool.version, "1.30.0");
    }

    #[test]
    fn versions_compare_by_number() {
        let tool = |version: &str| Tool {
            command: Vec::new(),
            version: version.to_owned(),
        };
        assert!(tool("1.26.8").is_at_least("1.24"));
        assert!(tool("1.24").is_at_least("1.24"));
        assert!(!tool("1.9.1").is_at_least("1.24"));
        assert!(!tool("nonsense").is_at_least("1"));
    }
}
