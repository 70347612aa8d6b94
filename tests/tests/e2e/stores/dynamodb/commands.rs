//! The `backfold` command with a target in DynamoDB.

use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec, Tallies, Tally};
use backfold_tests::components::guest;
use backfold_tests::fault;
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

use super::*;

/// Days of the same rate: a longer archive begins like a shorter one.
fn days(days: u64) -> Archive {
    let spec = ArchiveSpec {
        events: 2_400 * days,
        objects: 24 * days,
        days,
        ..ArchiveSpec::SMALL
    };
    Archive::new(&spec).unwrap()
}

/// A job into tables with this prefix, over the archive of a day.
fn bench(prefix: &str) -> Workbench {
    let component = guest("page_days");
    let bench = Workbench::with_archive(&component, &days(1)).unwrap();
    let target = format!("[target.dynamodb]\ntable_prefix = \"{prefix}\"\npointer_cache = \"0s\"");
    bench.write_job(&component, &target).unwrap();
    bench
}

fn command(bench: &Workbench, local: &Local, line: &str) -> Command {
    let mut command = bench.command(line);
    command.envs(local.server.environment());
    command
}

/// The result of a command that succeeds.
fn result(bench: &Workbench, local: &Local, line: &str) -> Value {
    let line = format!("{line} --output json");
    let finished = process::run(&mut command(bench, local, &line)).success();
    let secret = "testsecret123";
    assert!(!finished.stdout.contains(secret) && !finished.stderr.contains(secret));
    finished.json()["result"].clone()
}

/// The rows that readers see.
async fn tallies(local: &Local, prefix: &str) -> Tallies {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let get = local
        .client
        .get_item()
        .table_name(format!("{prefix}backfold_control"));
    let pointer = get
        .key("table_name", text("page_days"))
        .key("item", text("pointer"))
        .send()
        .await
        .unwrap();
    let pointer = pointer.item.unwrap();
    let items = local
        .items(pointer["physical"].as_s().unwrap())
        .await
        .unwrap();
    let tally = |item: Item| {
        let text = |name: &str| item[name].as_s().unwrap().clone();
        let number = |name: &str| item[name].as_n().unwrap().parse().unwrap();
        let tally = Tally {
            events: number("views"),
            duration_ms: number("total_ms"),
        };
        ((text("page"), text("day")), tally)
    };
    items.into_iter().map(tally).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_planned_built_swapped_rolled_back_and_collected() {
    let local = Local::start();
    let bench = bench("test.");
    let planned = result(&bench, &local, "plan");
    assert!(
        planned["target"].as_str().unwrap().starts_with("DynamoDB"),
        "{planned}"
    );
    // All was folded for the estimate, and no row is larger than a unit.
    let cost = &planned["cost"];
    let units = days(1).expected().len();
    assert_eq!(cost["write_units"], units, "{cost}");
    assert_eq!(cost["dollars"], units as f64 / 1e6 * 0.625, "{cost}");
    let text = process::run(&mut command(&bench, &local, "plan")).success();
    assert!(text.stdout.contains("write units"), "{}", text.stdout);

    let first = result(&bench, &local, "run --swap");
    assert_eq!(first["outcome"], "live", "{first}");
    assert!(tallies(&local, "test.").await == days(1).expected());
    days(2).write(&bench.archive()).unwrap();
    let second = result(&bench, &local, "run --swap");
    assert_ne!(first["build"], second["build"]);
    assert!(tallies(&local, "test.").await == days(2).expected());
    assert_eq!(result(&bench, &local, "rollback")["build"], first["build"]);
    assert!(tallies(&local, "test.").await == days(1).expected());
    let handoff = result(&bench, &local, "handoff");
    assert_eq!(handoff["build"], first["build"], "{handoff}");
    assert_eq!(result(&bench, &local, "log").as_array().unwrap().len(), 3);

    // Kept are the live build and the one before it.
    days(3).write(&bench.archive()).unwrap();
    result(&bench, &local, "run --swap");
    result(&bench, &local, "gc --keep 1");
    assert!(tallies(&local, "test.").await == days(3).expected());
    let id = |report: &Value| report["build"].as_str().unwrap().to_lowercase();
    let tables = local.tables().await;
    let has = |build: &Value| tables.iter().any(|table| table.contains(&id(build)));
    assert_eq!((tables.len(), has(&first), has(&second)), (3, true, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_not_there_or_has_no_region_is_told() {
    let mut local = Local::start();
    let bench = bench("test.");
    let mut status = command(&bench, &local, "status --output json");
    let finished = process::run(&mut status).fails_with(2);
    assert_eq!(finished.json()["error"]["code"], "BF0619");

    local.server.kill();
    let mut plan = command(&bench, &local, "plan --output json");
    let finished = process::run(&mut plan).fails_with(1);
    assert_eq!(finished.json()["error"]["code"], "BF0641");

    let mut plan = bench.command("plan --output json");
    for (name, _) in local.server.environment() {
        plan.env_remove(name);
    }
    plan.env("AWS_EC2_METADATA_DISABLED", "true");
    plan.env("AWS_CONFIG_FILE", "none");
    let finished = process::run(&mut plan).fails_with(2);
    assert_eq!(finished.json()["error"]["code"], "BF0640");
}

/// The points of the store that a run passes, some of those that it passes often.
fn points(passed: Vec<String>) -> Vec<String> {
    let of_store = [
        "commit a transaction",
        "create a table",
        "drop a table",
        "insert rows",
    ];
    let mut points = passed;
    points.retain(|point| {
        let (number, name) = point.split_once(' ').unwrap();
        let is_first = number.parse::<u32>().unwrap() <= 2;
        let rows = name.ends_with("insert rows");
        of_store.iter().any(|one| name.ends_with(one)) && (is_first || !rows)
    });
    points
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_dies_at_any_write_is_run_again() {
    let local = Local::start();
    let expected = days(1).expected();
    let first = bench("first.");
    let log = first.path().join("points");
    let (finished, passed) = fault::passed(&mut command(&first, &local, "run --swap"), &log);
    finished.success();
    let points = points(passed);
    assert!(points.len() >= 14, "{points:?}");
    for (number, point) in points.iter().enumerate() {
        let prefix = format!("p{number}.");
        let bench = bench(&prefix);
        let mut dies = command(&bench, &local, "run --swap");
        fault::cause(&mut dies, "abort", point);
        let code = process::run(&mut dies).code();
        assert_eq!(code, None, "it did not die at `{point}`");
        let again = process::run(&mut command(&bench, &local, "run --swap --output json"));
        let report = again.success().json()["result"].clone();
        assert!(
            tallies(&local, &prefix).await == expected,
            "after `{point}`"
        );
        // What the first attempt made is gone, or is the table.
        let control = format!("{prefix}backfold_control");
        let mut tables = local.tables().await;
        tables.retain(|table| table.starts_with(&prefix) && *table != control);
        assert_eq!(tables.len(), 1, "after `{point}`: {tables:?}, {report}");
    }
}
