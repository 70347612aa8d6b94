//! The tests of the SDKs themselves, natively, by the runner of each language: among them those of the golden states. Those
//! of the Rust SDK are tests of the workspace.

use std::process::Command;

use backfold_tests::components::root;
use backfold_tests::process::run_long;
use backfold_tests::projects;

/// Runs a command in an SDK's folder, with the compilers of all languages on its path.
fn passes(sdk: &str, program: &str, arguments: &[&str]) {
    let mut command = Command::new("env");
    let with_compilers = projects::backfold();
    for (name, value) in with_compilers.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
        .arg(program)
        .args(arguments)
        .current_dir(root().join("guest-sdk").join(sdk));
    run_long(&mut command).success();
}

#[test]
fn python() {
    passes(
        "python",
        "python3",
        &["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    );
}

#[test]
fn typescript() {
    passes("typescript", "node", &["test.mjs"]);
}

#[test]
fn go() {
    passes("go", "go", &["test", "./..."]);
    passes("go", "go", &["vet", "./..."]);
}

#[test]
fn c() {
    passes("c", "make", &["--silent", "-C", "tests"]);
}
