//! The examples that are projects: their unit tests pass, and their samples give the expected tables.

use std::fs;

use backfold_tests::components::root;
use backfold_tests::projects::Project;

#[test]
fn their_tests_pass() {
    let folders = fs::read_dir(root().join("examples")).expect("the examples are there");
    let mut tested = 0;
    for folder in folders {
        let folder = folder.expect("it can be read").path();
        if folder.join("backfold.toml").exists() {
            let below = folder.strip_prefix(root()).expect("it lies below the root");
            Project::at(&below.to_string_lossy()).test().success();
            tested += 1;
        }
    }
    assert!(tested >= 5, "{tested} examples");
}
