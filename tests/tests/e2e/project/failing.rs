//! What goes wrong in a project is told with what to do.

use std::fs;

use backfold_tests::process::run;

use super::{project, within};

#[test]
fn a_missing_compiler_is_named_with_the_command_that_installs_it() {
    let (_root, folder) = project("python");
    let mut build = within(&folder, "build");
    let failed = run(build.env("PATH", "/nowhere")).fails_with(2);
    for part in [
        "BF1002",
        "componentize-py",
        "pip install componentize-py==0.25.1",
    ] {
        assert!(failed.stderr.contains(part), "{part}: {}", failed.stderr);
    }
    let mut doctor = within(&folder, "doctor");
    let told = run(doctor.env("PATH", "/nowhere")).fails_with(2).stdout;
    assert!(
        told.contains("✗ Python: componentize-py: not found"),
        "{told}"
    );
}

#[test]
fn messages_of_a_compiler_pass_through() {
    let (_root, folder) = project("c");
    fs::write(folder.join("pipeline.c"), "int here = is_wrong;\n").unwrap();
    let failed = run(&mut within(&folder, "build")).fails_with(42);
    assert!(
        failed
            .stderr
            .contains("pipeline.c:1:12: error: use of undeclared"),
        "{}",
        failed.stderr
    );
    assert!(failed.stderr.contains("BF1003"));
    assert!(!folder.join("page-views.wasm").exists());
}

#[test]
fn a_source_that_exports_nothing_is_no_pipeline() {
    let (_root, folder) = project("c");
    fs::write(folder.join("pipeline.c"), "int here = 1;\n").unwrap();
    let failed = run(&mut within(&folder, "build")).fails_with(42);
    assert!(failed.stderr.contains("BF1004"), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("backfold:pipeline/"),
        "{}",
        failed.stderr
    );
}

#[test]
fn settings_names_and_folders_that_will_not_do_are_refused() {
    let (root, folder) = project("c");
    let refused = run(&mut within(root.path(), "new page-views --lang c")).fails_with(2);
    assert!(refused.stderr.contains("BF1008"), "{}", refused.stderr);
    let refused = run(&mut within(root.path(), "new Page_Views --lang c")).fails_with(2);
    assert!(refused.stderr.contains("BF1007"), "{}", refused.stderr);
    let refused = run(&mut within(root.path(), "new other --lang cobol")).fails_with(2);
    assert!(
        refused.stderr.contains("possible values: rust, python"),
        "{}",
        refused.stderr
    );
    let refused = run(&mut within(root.path(), "build")).fails_with(2);
    assert!(refused.stderr.contains("BF1001"), "{}", refused.stderr);

    fs::write(
        folder.join("backfold.toml"),
        "lang = \"c\"\nentri = \"a.c\"\n",
    )
    .unwrap();
    let refused = run(&mut within(&folder, "build")).fails_with(2);
    let line = "backfold.toml:2: unknown key `entri`: did you mean `entry`?";
    assert!(refused.stderr.contains(line), "{}", refused.stderr);
    fs::write(
        folder.join("backfold.toml"),
        "lang = \"c\"\ntest = [\"/nowhere/runner\"]\n",
    )
    .unwrap();
    let refused = run(&mut within(&folder, "test")).fails_with(2);
    assert!(refused.stderr.contains("BF1006"), "{}", refused.stderr);
}

#[test]
fn a_pipeline_that_breaks_a_law_is_refused_with_the_case() {
    let (_root, folder) = project("c");
    let source = fs::read_to_string(folder.join("pipeline.c")).unwrap();
    // The second of two events of a key counts twice.
    let broken = source.replace("s->views += 1", "s->views += s->views > 0 ? 2 : 1");
    assert_ne!(broken, source);
    fs::write(folder.join("pipeline.c"), broken).unwrap();
    let failed = run(&mut within(&folder, "build"));
    assert!(
        failed.stderr.contains("breaks the law"),
        "{}",
        failed.stderr
    );
    assert_eq!(failed.code(), Some(3));
    assert!(folder.join("counterexample.json").exists());
    let again = "check page-views.wasm --again counterexample.json";
    run(&mut within(&folder, again)).fails_with(3);
}
