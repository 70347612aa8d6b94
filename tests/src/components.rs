//! The components for tests, built at the first call.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder that holds the whole project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie one folder below the root")
}

/// The example that counts views by page and day.
pub fn clicks() -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    find(BUILT.get_or_init(|| build(&["-p", "clicks"])), "clicks")
}

/// The component `aggregate`, built from its sources.
pub fn fresh_aggregate() -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    find(
        BUILT.get_or_init(|| build(&["-p", "backfold-aggregate"])),
        "aggregate",
    )
}

/// The test guest of this name, `tests/guests/examples/NAME.rs`.
pub fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    find(
        BUILT.get_or_init(|| build(&["-p", "backfold-test-guests", "--examples"])),
        name,
    )
}

/// The component without the SDK, `tests/guests/evil`, which does as its parameters say.
pub fn raw() -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    find(
        BUILT.get_or_init(|| build(&["-p", "backfold-guest-evil"])),
        "backfold_guest_evil",
    )
}

fn build(arguments: &[&str]) -> Vec<PathBuf> {
    let output = Command::new(root().join("guest-sdk/rust/build-component"))
        .args(arguments)
        // Cargo sets it for the tests that it runs; another toolchain must not find its libraries there.
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .expect("build-component can be started");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "build-component {}: {}\n{log}",
        arguments.join(" "),
        output.status
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .collect()
}

fn find(built: &[PathBuf], name: &str) -> PathBuf {
    let found = built
        .iter()
        .find(|path| path.file_stem().is_some_and(|stem| stem == name));
    found
        .unwrap_or_else(|| panic!("no component `{name}` among {built:?}"))
        .clone()
}
