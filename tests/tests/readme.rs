//! The commands in the READMEs do what they say there.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, root};
use backfold_tests::process::{backfold, run};

/// The commands of the console blocks: the lines behind `$ `.
fn commands(markdown: &str) -> Vec<&str> {
    let blocks = markdown
        .split("\n```")
        .filter_map(|block| block.strip_prefix("console\n"));
    blocks
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("$ "))
        .collect()
}

/// Runs the commands of a README in order, in a folder like that of the quickstart.
fn check(readme: &str) {
    let text = fs::read_to_string(root().join(readme)).unwrap();
    let commands = commands(&text);
    assert!(!commands.is_empty(), "{readme} has no command");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(clicks(), folder.path().join("clicks.wasm")).unwrap();
    fs::copy(
        root().join("examples/clicks/job.toml"),
        folder.path().join("job.toml"),
    )
    .unwrap();
    Archive::new(&ArchiveSpec::SMALL)
        .unwrap()
        .write(&folder.path().join("archive"))
        .unwrap();
    for command in commands {
        let mut words = command.split_whitespace();
        match words.next() {
            Some("backfold") => {
                drop(run(backfold().args(words).current_dir(folder.path())).success())
            }
            // The long ones are run by tests/run, or are tests/run.
            Some(script) => assert!(
                is_executable(&root().join(script)),
                "{readme}: no script {script}"
            ),
            None => panic!("{readme}: an empty command"),
        }
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[test]
fn of_the_project() {
    check("README.md");
}

#[test]
fn of_the_example() {
    check("examples/clicks/README.md");
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
