//! Projects that a declaration becomes: what is written, and what is refused.

use std::fs;
use std::path::Path;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::process::run;
use serde_json::Value;

use super::within;

const JOB: &str = r#"
table = "page_views"
component = "aggregate"

[pipeline]
where = { type = ["page_view", "scroll"] }
reject = { "duration_ms < 0" = "the duration is negative" }
event_time = "ts"
key = { page = "page_id", day = "day_of(ts)" }
keep = { views = "count", visitors = "distinct(user_id)" }

[source.files]
path = "archive/clicks"
layout = "firehose"   # as Firehose writes them

[target.sqlite]
path = "tables.db"
"#;

fn jobs(job: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("jobs")).unwrap();
    fs::write(root.path().join("jobs/views.toml"), job).unwrap();
    root
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn the_sample_comes_of_the_archive_and_the_job_reads_it_still() {
    let root = jobs(JOB);
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    archive
        .write(&root.path().join("jobs/archive/clicks"))
        .unwrap();
    for language in ["rust", "python", "ts", "js", "go", "c"] {
        let line = format!("new {language}-views --from jobs/views.toml --lang {language}");
        let text = run(&mut within(root.path(), &line)).success().stdout;
        assert!(text.contains("backfold run job.toml"), "{text}");
        let folder = root.path().join(format!("{language}-views"));
        let events: Vec<Value> = read(&folder, "events.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        // Twenty of the archive, one that is rejected, one that is passed over.
        assert_eq!(events.len(), 22);
        for event in &events[..20] {
            let fields: Vec<_> = event.as_object().unwrap().keys().collect();
            assert_eq!(fields, ["duration_ms", "page_id", "ts", "type", "user_id"]);
        }
        let rows: Vec<Value> = serde_json::from_str(&read(&folder, "expected.json")).unwrap();
        let views: i64 = rows.iter().map(|row| row["views"].as_i64().unwrap()).sum();
        assert!((1..=20).contains(&views), "{rows:?}");
        assert!(read(&folder, "README.md").contains("archive/clicks"));
        let job = read(&folder, "job.toml");
        assert!(job.contains("path = \"../jobs/archive/clicks\""), "{job}");
        assert!(
            job.contains("layout = \"firehose\"   # as Firehose writes them"),
            "{job}"
        );
        assert!(read(&folder, "sample.toml").contains("max_quarantined"));
    }
}

#[test]
fn a_job_without_files_gets_a_sample_that_is_made_up() {
    let source =
        "[source.kafka]\nbrokers = [\"localhost:1\"]\ntopics = \"clicks\"\n\n[target.sqlite]";
    let (head, tail) = JOB.split_once("[source.files]").unwrap();
    let (_, tail) = tail.split_once("[target.sqlite]").unwrap();
    let root = jobs(&format!("{head}{source}{tail}"));
    run(&mut within(
        root.path(),
        "new views --from jobs/views.toml --lang go",
    ))
    .success();
    let folder = root.path().join("views");
    assert!(read(&folder, "README.md").contains("made up"));
    assert_eq!(read(&folder, "events.jsonl").lines().count(), 22);
    assert!(read(&folder, "job.toml").contains("topics = \"clicks\""));
}

#[test]
fn what_cannot_be_source_is_refused_and_nothing_is_written() {
    let refuses = |job: &str, language: &str, code: &str, part: &str| {
        let root = jobs(job);
        let line = format!("new views --from jobs/views.toml --lang {language}");
        let failed = run(&mut within(root.path(), &line)).fails_with(2);
        for part in [code, part] {
            assert!(failed.stderr.contains(part), "{part}: {}", failed.stderr);
        }
        assert!(!root.path().join("views").exists());
    };
    let renamed = JOB.replace("views = ", "class = ");
    refuses(
        &renamed,
        "python",
        "BF1013",
        "keep.class: `class` is a keyword of Python",
    );
    let (head, tail) = JOB.split_once("[pipeline]").unwrap();
    let (_, tail) = tail.split_once("[source.files]").unwrap();
    let other = format!("{head}[source.files]{tail}").replace("aggregate", "clicks.wasm");
    refuses(&other, "c", "BF1012", "clicks.wasm");
    refuses(
        &JOB.replace("count", "counts"),
        "go",
        "BF0006",
        "pipeline.keep.views",
    );
}
