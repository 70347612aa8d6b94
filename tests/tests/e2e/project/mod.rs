//! Projects: `backfold new`, `build`, `test` and `doctor`, as a user types them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod doctor;
mod failing;
mod whole;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backfold_tests::components::root;
use backfold_tests::process::{backfold, run};
use tempfile::TempDir;

/// The folder in which `tests/setup languages` installs the compilers.
fn languages() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap()).join(".cache"));
    let folder = cache.join("backfold-tests/languages-1");
    assert!(
        folder.join("complete").exists(),
        "first `tests/setup languages`"
    );
    folder
}

/// `PATH` with the compilers of all languages first.
fn path() -> OsString {
    let own = ["venv/bin", "npm/node_modules/.bin"].map(|folder| languages().join(folder));
    let present = env::var_os("PATH").unwrap_or_default();
    env::join_paths(own.into_iter().chain(env::split_paths(&present))).unwrap()
}

/// `backfold` in this folder, with the compilers.
fn within(folder: &Path, line: &str) -> Command {
    let mut command = backfold();
    command
        .args(line.split_whitespace())
        .current_dir(folder)
        .env("PATH", path())
        // Crates of Rust are compiled once for all tests.
        .env("CARGO_TARGET_DIR", root().join("target/component"))
        // Cargo sets it for the tests that it runs; another toolchain must not find its libraries there.
        .env_remove("LD_LIBRARY_PATH");
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
