//! Projects: `backfold new`, `build`, `test` and `doctor`, as a user types them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod doctor;
mod doctor_of_servers;
mod failing;
mod from;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold_tests::components::root;
use backfold_tests::process::run;
use backfold_tests::projects;
use tempfile::TempDir;

/// `backfold` in this folder, with the compilers.
fn within(folder: &Path, line: &str) -> Command {
    let mut command = projects::backfold();
    command
        .args(line.split_whitespace())
        .current_dir(folder)
        // Crates of Rust are compiled once for all tests.
        .env("CARGO_TARGET_DIR", root().join("target/component"));
    command
}

/// A new project of this language, in a folder of its own.
fn project(language: &str) -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let line = format!("new page-views --lang {language}");
    run(&mut within(root.path(), &line)).success();
    let folder = root.path().join("page-views");
    (root, folder)
}

/// Sets the command of the unit tests.
fn set_unit_tests(folder: &Path, words: &str) {
    let path = folder.join("backfold.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("test = {words}\n{text}")).unwrap();
}
