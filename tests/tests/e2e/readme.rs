//! The commands in the READMEs and in `host/docs` do what they say there, and their jobs are jobs.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use backfold::job::{Job, Overrides};
use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, root};
use backfold_tests::process::{backfold, run};
use tempfile::TempDir;

/// The pages for users: the README and all of `host/docs`, by their paths from the root of the project.
fn pages() -> Vec<String> {
    let files = fs::read_dir(root().join("host/docs")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| name.ends_with(".md"));
    let mut pages: Vec<_> = pages.map(|name| format!("host/docs/{name}")).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

/// The code blocks of a language.
fn blocks<'a>(markdown: &'a str, language: &str) -> Vec<&'a str> {
    markdown
        .split("\n```")
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .collect()
}

/// The commands of the console blocks: the lines after `$ `.
pub(crate) fn commands(markdown: &str) -> Vec<&str> {
    blocks(markdown, "console")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("$ "))
        .collect()
}

/// A folder like that of the quickstart, before there is an archive.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(clicks(), folder.path().join("clicks.wasm")).unwrap();
    for (from, to) in [
        ("job.toml", "job.toml"),
        ("aggregate.toml", "page_views.toml"),
        ("events.jsonl", "events.jsonl"),
        ("expected.json", "expected.json"),
    ] {
        let from = root().join("examples/clicks").join(from);
        fs::copy(from, folder.path().join(to)).unwrap();
    }
    folder
}

fn write_archive(folder: &Path) {
    Archive::new(&ArchiveSpec::SMALL)
        .unwrap()
        .write(&folder.join("archive"))
        .unwrap();
}

/// Runs the commands of a page in order, in that folder.
fn check(page: &str, folder: &Path) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    for command in commands(&text) {
        let mut words = command.split_whitespace();
        let mut program = match words.next() {
            Some("backfold") => backfold(),
            Some("make-archive") => Command::new(env!("CARGO_BIN_EXE_make-archive")),
            // The long ones are run by tests/run, or are tests/run, or are tests here.
            Some("cargo") => continue,
            Some(script) if is_executable(&root().join(script)) => continue,
            other => panic!("{page}: no script {other:?}"),
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

/// Each page is run in a folder of its own. Together they show all commands but `rollback`, `gc`, `explain` and
/// `completions`.
#[test]
fn of_the_project() {
    let mut shown = HashSet::new();
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        let commands = commands(&text);
        if commands.is_empty() {
            continue;
        }
        let folder = folder();
        write_archive(folder.path());
        write_bad_record(folder.path());
        check(&page, folder.path());
        shown.extend(commands.into_iter().map(str::to_owned));
    }
    for command in [
        "inspect",
        "test",
        "check",
        "plan",
        "run",
        "diff",
        "report",
        "swap",
        "status",
        "log",
        "handoff",
        "quarantine",
    ] {
        let start = format!("backfold {command} ");
        let is_shown = shown.iter().any(|line| line.starts_with(&start));
        assert!(is_shown, "no page shows `{command}`");
    }
    assert!(shown.contains("./examples/quickstart") && shown.contains("./tests/run"));
}

#[test]
fn of_the_example() {
    let page = "examples/clicks/README.md";
    assert!(!commands(&fs::read_to_string(root().join(page)).unwrap()).is_empty());
    check(page, folder().path());
}

/// A piece of a job in a page, with what it lacks, is a job.
#[test]
fn settings_in_pages_are_those_of_a_job() {
    let folder = folder();
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for piece in blocks(&text, "toml") {
            let given: toml::Table = piece.parse().unwrap();
            let mut lines = String::new();
            for (key, value) in [("table", "page_views"), ("component", "clicks.wasm")] {
                if !given.contains_key(key) {
                    lines += &format!("{key} = \"{value}\"\n");
                }
            }
            lines += piece;
            let is_of_topics = page.ends_with("topics.md");
            if !given.contains_key("source") {
                lines += match is_of_topics {
                    true => {
                        "\n[source.kafka]\nbrokers = \"localhost:9092\"\ntopics = [\"clicks\"]\n"
                    }
                    false => "\n[source.files]\npath = \"archive\"\n",
                };
            }
            if !given.contains_key("target") {
                lines += "\n[target.sqlite]\npath = \"tables.db\"\n";
            }
            let path = folder.path().join("job.toml");
            let job = Job::parse(&path, &lines, &Overrides::default());
            assert!(job.is_ok(), "{page}: {:?}\n{piece}", job.err());
        }
    }
}

#[test]
fn code_in_the_readme_is_that_of_the_example() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (language, number, file) in [
        ("rust", 0, "src/lib.rs"),
        ("toml", 0, "aggregate.toml"),
        ("toml", 1, "job.toml"),
    ] {
        let source = fs::read_to_string(root().join("examples/clicks").join(file)).unwrap();
        let block = blocks(&readme, language)[number];
        // Items are left out, whole, and the brace closes over that.
        for piece in block.split("\n\n") {
            let piece = piece.trim_end_matches(['\n', '}']);
            assert!(source.contains(piece), "{file} has not:\n{piece}");
        }
    }
}

#[test]
fn paths_that_pages_link_to_exist() {
    let others = [
        "tests/README.md",
        "examples/batch/README.md",
        "examples/clicks/README.md",
        "examples/kubernetes/README.md",
        "examples/spark/README.md",
        "guest-sdk/rust/README.md",
    ];
    for page in pages().into_iter().chain(others.map(str::to_owned)) {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        let folder = root().join(&page).parent().unwrap().to_path_buf();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let is_elsewhere = target.contains("://") || target.starts_with('#');
            assert!(
                is_elsewhere || folder.join(target).exists(),
                "{page}: {target}"
            );
        }
    }
}
