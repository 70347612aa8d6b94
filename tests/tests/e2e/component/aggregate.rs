//! The component `aggregate`: a table by a declaration, without a toolchain.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, fresh_aggregate, root};
use backfold_tests::process::{Finished, backfold, run};
use tempfile::TempDir;

/// A folder with the example's declaration as `job.toml`, its pipeline in Rust as `clicks.toml`, and an archive.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("examples/clicks");
    for (from, to) in [
        ("aggregate.toml", "job.toml"),
        ("job.toml", "clicks.toml"),
        ("events.jsonl", "events.jsonl"),
        ("expected.json", "expected.json"),
    ] {
        fs::copy(example.join(from), folder.path().join(to)).unwrap();
    }
    fs::copy(clicks(), folder.path().join("clicks.wasm")).unwrap();
    Archive::new(&ArchiveSpec::SMALL)
        .unwrap()
        .write(&folder.path().join("archive"))
        .unwrap();
    folder
}

fn command(folder: &Path, line: &str) -> Finished {
    run(backfold().args(line.split_whitespace()).current_dir(folder))
}

/// The digest of the content of the table that a job builds.
fn content(folder: &Path, job: &str) -> String {
    let line = format!("run {job} --swap --output json");
    let report = command(folder, &line).success().json();
    let loaded = &report["result"]["loaded"];
    assert!(loaded["rows"].as_u64().unwrap() > 0, "{report}");
    loaded["digest"].as_str().unwrap().to_owned()
}

/// The declaration, with the component of this path in the place of the one that is part of backfold: as parameters.
fn with_component(folder: &Path, component: &Path) {
    let text = fs::read_to_string(folder.join("job.toml")).unwrap();
    let job = backfold::job::Job::parse(&folder.join("job.toml"), &text, &Default::default());
    let params = toml::Table::from_iter(
        job.unwrap()
            .params
            .into_iter()
            .map(|(name, value)| (name, toml::Value::String(value))),
    );
    let mut table: toml::Table = text.parse().unwrap();
    table.remove("pipeline");
    table.insert("params".to_owned(), toml::Value::Table(params));
    table.insert(
        "component".to_owned(),
        toml::Value::String(component.to_str().unwrap().to_owned()),
    );
    fs::write(folder.join("fresh.toml"), table.to_string()).unwrap();
}

#[test]
fn its_table_is_that_of_the_pipeline_in_rust() {
    let folder = folder();
    let folder = folder.path();
    let declared = content(folder, "job.toml");
    assert_eq!(content(folder, "clicks.toml"), declared);
    // The one that is part of backfold does as its sources say.
    with_component(folder, &fresh_aggregate());
    assert_eq!(content(folder, "fresh.toml"), declared);
}

#[test]
fn all_commands_take_it() {
    let folder = folder();
    let folder = folder.path();
    let inspected = command(folder, "inspect job.toml --output json")
        .success()
        .json();
    let descriptor = &inspected["result"]["descriptor"];
    let names = |columns: &str| -> Vec<String> {
        let columns = descriptor[columns].as_array().unwrap().iter();
        columns
            .map(|column| column["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("keys"), ["page", "day"]);
    assert_eq!(
        names("states"),
        ["views", "total_ms", "longest_ms", "visitors"]
    );
    assert_eq!(names("views"), ["visitors_estimate"]);
    assert_eq!(
        command(folder, "inspect aggregate --job job.toml --output json")
            .success()
            .json()["result"],
        inspected["result"]
    );
    command(
        folder,
        "test aggregate --job job.toml --input events.jsonl --expect expected.json",
    )
    .success();
    command(folder, "check aggregate --job job.toml --sample 2000").success();
    command(folder, "plan job.toml").success();
}

#[test]
fn a_mistake_is_named_with_its_line_before_anything_is_read() {
    let folder = folder();
    let folder = folder.path();
    let job = fs::read_to_string(folder.join("job.toml")).unwrap();
    fs::write(
        folder.join("job.toml"),
        job.replace("sum(duration_ms)", "sum(duration_ms, user_id)"),
    )
    .unwrap();
    fs::remove_dir_all(folder.join("archive")).unwrap();
    let line = 1 + job
        .lines()
        .position(|line| line.starts_with("total_ms"))
        .unwrap();
    for verb in ["plan", "run", "inspect"] {
        let said = command(folder, &format!("{verb} job.toml"))
            .fails_with(2)
            .stderr;
        let wanted = format!("job.toml:{line}: `pipeline.keep.total_ms`: `sum` takes one field");
        assert!(said.contains(&wanted), "{said}");
    }
}
