//! The commands in the READMEs do what they say there.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, root};
use backfold_tests::process::{backfold, run};
use tempfile::TempDir;

/// The commands of the console blocks: the lines after `$ `.
fn commands(markdown: &str) -> Vec<&str> {
    let blocks = markdown
        .split("\n```")
        .filter_map(|block| block.strip_prefix("console\n"));
    blocks
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("$ "))
        .collect()
}

/// A folder like that of the quickstart, before there is an archive.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(clicks(), folder.path().join("clicks.wasm")).unwrap();
    for file in ["job.toml", "events.jsonl", "expected.json"] {
        let from = root().join("examples/clicks").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

fn write_archive(folder: &Path) {
    Archive::new(&ArchiveSpec::SMALL)
        .unwrap()
        .write(&folder.join("archive"))
        .unwrap();
}

/// Runs the commands of a README in order, in that folder.
fn check(readme: &str, folder: &Path) {
    let text = fs::read_to_string(root().join(readme)).unwrap();
    let commands = commands(&text);
    assert!(!commands.is_empty(), "{readme} has no command");
    for command in commands {
        let mut words = command.split_whitespace();
        let mut program = match words.next() {
            Some("backfold") => backfold(),
            Some("make-archive") => Command::new(env!("CARGO_BIN_EXE_make-archive")),
            // The long ones are run by tests/run, or are tests/run, or are tests here.
            Some("cargo") => continue,
            Some(script) if is_executable(&root().join(script)) => continue,
            other => panic!("{readme}: no script {other:?}"),
        };
        run(program.args(words).current_dir(folder)).success();
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Puts a record into the archive that the component rejects, and lets the job tolerate one.
fn write_bad_record(folder: &Path) {
    let record = r#"{"type": "page_view", "ts": "2026-01-01T00:00:00Z", "page_id": "home", "user_id": "u1", "duration_ms": -1}"#;
    let hour = folder.join("archive/clicks/2026/01/01/00");
    fs::create_dir_all(&hour).unwrap();
    fs::write(hour.join("bad"), record).unwrap();
    let job = folder.join("job.toml");
    let text = fs::read_to_string(&job).unwrap();
    fs::write(job, text + "\n[gate]\nmax_quarantined = 1\n").unwrap();
}

#[test]
fn of_the_project() {
    let folder = folder();
    write_archive(folder.path());
    write_bad_record(folder.path());
    check("README.md", folder.path());
}

#[test]
fn of_the_example() {
    check("examples/clicks/README.md", folder().path());
}

#[test]
fn code_in_the_readme_is_that_of_the_example() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (language, file) in [("rust", "src/lib.rs"), ("toml", "job.toml")] {
        let source = fs::read_to_string(root().join("examples/clicks").join(file)).unwrap();
        let block = readme
            .split("\n```")
            .find_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
            .unwrap();
        // Items are left out, whole, and the brace closes over that.
        for piece in block.split("\n\n") {
            let piece = piece.trim_end_matches(['\n', '}']);
            assert!(source.contains(piece), "{file} has not:\n{piece}");
        }
    }
}

#[test]
fn a_pipeline_of_ones_own_is_built_outside_of_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let sdk = root().join("guest-sdk/rust");
    run(Command::new(sdk.join("new-pipeline"))
        .arg("my-pipeline")
        .current_dir(folder.path()))
    .success();
    let own = folder.path().join("my-pipeline");
    let built = run(Command::new(sdk.join("build-component"))
        .env_remove("LD_LIBRARY_PATH")
        .current_dir(&own))
    .success();
    fs::copy(built.stdout.trim(), own.join("my-pipeline.wasm")).unwrap();
    write_archive(&own);
    run(backfold()
        .args(["run", "job.toml", "--swap"])
        .current_dir(&own))
    .success();
    assert!(own.join("tables.db").exists());
}

#[test]
fn paths_that_readmes_link_to_exist() {
    for readme in ["README.md", "tests/README.md", "examples/clicks/README.md"] {
        let text = fs::read_to_string(root().join(readme)).unwrap();
        let folder = root().join(readme).parent().unwrap().to_path_buf();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let is_elsewhere = target.contains("://") || target.starts_with('#');
            assert!(
                is_elsewhere || folder.join(target).exists(),
                "{readme}: {target}"
            );
        }
    }
}
