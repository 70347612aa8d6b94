//! Builds that are ended for good, and what dead ones leave.

use std::fs;
use std::path::PathBuf;

use backfold_tests::fault::{self, Paused};
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::small::{bench, build_of, grow, live, ready, result, rows, set, shown, state};

/// The tables of builds in the database.
fn shadows(bench: &Workbench) -> Vec<String> {
    let reader = bench.reader().unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'page_days\\_\\_%' ESCAPE '\\' ORDER BY 1";
    let mut names = reader.prepare(names).unwrap();
    let names = names.query_map((), |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

fn folder(bench: &Workbench, build: &str) -> PathBuf {
    bench.work().join("page_days").join(build)
}

fn shadow(build: &str) -> String {
    format!("page_days__{}", build.to_lowercase())
}

/// Lets a run die while it loads, and gives its build.
fn half_loaded(bench: &Workbench) -> String {
    let mut run = bench.command("run --fresh");
    fault::cause(&mut run, "abort", "1 before load rows");
    assert_eq!(process::run(&mut run).code(), None);
    let build = bench.builds().pop().unwrap();
    build.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_build_is_ended_with_its_table_and_its_folder() {
    let (bench, [first, second, third]) = ready();
    let ended = result(&bench, &format!("abort job.toml {}", third.to_lowercase()));
    assert_eq!(
        (&ended["build"], &ended["dropped"]),
        (&json!(third), &json!(shadow(&third)))
    );
    assert_eq!(ended["was_previous"], false);
    assert!(!folder(&bench, &third).exists() && !shadows(&bench).contains(&shadow(&third)));
    assert_eq!(state(&bench, &third), Value::Null);
    // A run begins anew.
    let again = build_of(&result(&bench, "run"));
    assert_ne!(again, third);
    assert_eq!(result(&bench, "status").as_array().unwrap().len(), 3);

    let text = bench
        .run(&format!("abort job.toml {first}"))
        .success()
        .stdout;
    assert!(
        text.contains("there is nothing to go back to now"),
        "{text}"
    );
    bench.refuses("rollback", 2, "BF0703");
    assert_eq!(shown(&bench), second);
}

#[test]
fn the_live_build_and_an_unknown_one_are_refused() {
    let (bench, live) = live();
    bench.refuses(&format!("abort job.toml {live}"), 2, "BF0607");
    assert!(folder(&bench, &live).exists());
    for unknown in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense"] {
        bench.refuses(&format!("abort job.toml {unknown}"), 2, "BF0104");
    }
}

#[test]
fn a_plan_is_ended_before_there_is_a_database() {
    let bench = bench();
    set(&bench, "target.sqlite.path = \"tables.db\"");
    let planned = build_of(&result(&bench, "plan"));
    fs::remove_file(bench.database()).unwrap();
    let ended = result(&bench, &format!("abort job.toml {planned}"));
    assert_eq!(ended["dropped"], Value::Null);
    assert!(bench.builds().is_empty());
}

#[test]
fn a_build_in_progress_is_refused_with_its_process_and_waited_for() {
    let bench = bench();
    let mut run = Paused::start(
        &mut bench.command("run"),
        "1 before load rows",
        bench.path(),
    );
    let build = bench.builds().pop().unwrap();
    let build = build.file_name().unwrap().to_str().unwrap().to_owned();
    let said = bench.refuses(&format!("abort job.toml {build} --wait 0s"), 4, "BF0103");
    let holder = format!("run, process {}, since ", run.process().id());
    assert!(said.contains(&holder), "{said}");
    assert!(folder(&bench, &build).exists());

    let mut abort = bench.start(&format!("abort job.toml {build} --wait 1m"));
    abort.wait_for(|line| line.contains("waiting up to 60s"));
    run.kill();
    abort.finish().success();
    assert!(!folder(&bench, &build).exists() && shadows(&bench).is_empty());
    assert_eq!(result(&bench, "run --swap")["outcome"], "live");
}

#[test]
fn a_damaged_build_is_ended() {
    let (bench, [_, _, third]) = ready();
    fs::write(folder(&bench, &third).join("manifest.json"), "{").unwrap();
    assert_eq!(state(&bench, &third), "damaged");
    let ended = result(&bench, &format!("abort job.toml {third}"));
    assert_eq!(ended["dropped"], json!(shadow(&third)));
    assert!(!folder(&bench, &third).exists());
}

#[test]
fn a_table_that_another_program_altered_is_not_dropped() {
    let (bench, [_, _, third]) = ready();
    let other = Connection::open(bench.database()).unwrap();
    let table = shadow(&third);
    let rename = format!("ALTER TABLE \"{table}\" RENAME TO mine; CREATE TABLE \"{table}\" (x)");
    other.execute_batch(&rename).unwrap();
    let refused = bench.run(&format!("abort job.toml {third} --output json"));
    assert_eq!(refused.json()["error"]["code"], "BF0601", "{refused:?}");
    assert!(folder(&bench, &third).exists() && shadows(&bench).contains(&table));
    assert_eq!(result(&bench, "gc --keep 0")["dropped"], json!([]));
    assert!(shadows(&bench).contains(&table));
}

#[test]
fn gc_says_what_it_drops_and_why() {
    let (bench, [first, second, third]) = ready();
    let half = half_loaded(&bench);
    grow(&bench, 4);
    let newest = build_of(&result(&bench, "run --fresh --swap"));
    // What killed commands leave.
    let sort = folder(&bench, &newest).join("sort-01ARZ3NDEKTSV4RRFFQ69G5FAV");
    fs::create_dir(&sort).unwrap();
    let part = folder(&bench, &newest).join("run.json.7-0.part");
    fs::write(&part, "{").unwrap();
    let plan = folder(&bench, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    fs::create_dir_all(plan.join("runs")).unwrap();
    // A table of a similar name that backfold did not make.
    let other = Connection::open(bench.database()).unwrap();
    other
        .execute_batch("CREATE TABLE \"page_days__01arz3ndektsv4rrffq69g5fav\" (x)")
        .unwrap();

    let before = (shadows(&bench), bench.builds());
    let dry = result(&bench, "gc --keep 1 --dry-run");
    assert_eq!(
        (shadows(&bench), bench.builds()),
        before,
        "nothing is dropped"
    );
    assert!(sort.exists() && part.exists() && plan.exists());
    assert_eq!(dry["dry_run"], true);
    let expected = json!([
        { "build": first, "reason": "replaced" },
        { "build": third, "reason": "replaced" },
        { "build": half, "reason": "never_loaded" },
    ]);
    assert_eq!(dry["reasons"], expected);
    let text = bench.run("gc --keep 1 --dry-run").success().stdout;
    for part in [
        "would drop 3 builds\n",
        "newer builds are loaded",
        "its table was never complete",
        "would remove 3 leftovers\n",
        "a plan that was never complete",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let done = result(&bench, "gc --keep 1");
    assert_eq!(
        (&done["dropped"], &done["reasons"]),
        (&json!([first, third, half]), &expected)
    );
    assert_eq!(done["leftovers"], dry["leftovers"]);
    let leftovers: Vec<_> = done["leftovers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["path"].as_str().unwrap().to_owned())
        .collect();
    for path in [&plan, &part, &sort] {
        assert!(!path.exists());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            leftovers.iter().any(|left| left.ends_with(name)),
            "{name}: {leftovers:?}"
        );
    }
    assert_eq!(
        shadows(&bench),
        [
            "page_days__01arz3ndektsv4rrffq69g5fav".to_owned(),
            shadow(&second),
            shadow(&newest)
        ]
    );
    assert_eq!(build_of(&result(&bench, "rollback")), second);
}

#[test]
fn gc_keeps_what_another_machine_may_be_building() {
    let (bench, [_, second, third]) = ready();
    let half = half_loaded(&bench);
    grow(&bench, 4);
    result(&bench, "run --fresh --swap");
    // The folders of two builds are on another machine.
    let elsewhere = tempfile::tempdir().unwrap();
    for build in [&third, &half] {
        fs::rename(folder(&bench, build), elsewhere.path().join(build)).unwrap();
    }
    for line in [
        "gc --keep 5",
        "gc --keep 5 --older-than 1d",
        "gc --keep 0 --dry-run",
    ] {
        let kept = result(&bench, line);
        assert_eq!(kept["elsewhere"], json!([half]), "{line}: {kept:#}");
        assert!(shadows(&bench).contains(&shadow(&half)));
    }
    let text = bench.run("gc --keep 5").success().stdout;
    assert!(
        text.contains("kept 1 build that may be in progress on another machine"),
        "{text}"
    );
    let dropped = result(&bench, "gc --keep 5 --older-than 0s");
    let reason = "no_work_folder";
    let expected =
        json!([{ "build": third, "reason": reason }, { "build": half, "reason": reason }]);
    assert_eq!(
        (&dropped["reasons"], &dropped["elsewhere"]),
        (&expected, &json!([]))
    );
    assert!(
        !shadows(&bench).contains(&shadow(&third)) && !shadows(&bench).contains(&shadow(&half))
    );
    assert_eq!(build_of(&result(&bench, "rollback")), second);
    assert_eq!(rows(&bench), 2);
}
