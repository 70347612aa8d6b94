//! The database.

use std::fs;

use backfold_tests::components::raw;
use backfold_tests::process::Running;
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;

use super::{Case, amount, bench, build_of, exit_code, file, live, provoke, result, set, works};

pub(crate) const CASES: &[Case] = &[
    ("BF0601", a_name_that_is_taken),
    ("BF0604", a_name_but_for_capitals),
    ("BF0605", a_build_of_another_database),
    ("BF0606", a_build_that_is_not_complete),
    ("BF0609", a_value_that_cannot_be_stored),
    ("BF0613", a_busy_database),
    ("BF0615", no_folder_for_the_database),
    ("BF0616", a_damaged_database),
    ("BF0619", no_database),
    ("BF0621", an_interruption),
    ("BF0622", an_index_without_its_column),
    ("BF0623", a_trigger_that_would_break),
];

fn other_program(bench: &Workbench) -> Connection {
    Connection::open(bench.database()).unwrap()
}

fn a_name_that_is_taken() {
    let bench = bench();
    let other = other_program(&bench);
    let make = "CREATE TABLE page_days (a)";
    other.execute_batch(make).unwrap();
    provoke(&bench, "run --swap", "BF0601");
    set(&bench, "table = \"pages\"");
    bench.run("run --swap").success();
    set(&bench, "");
    other
        .execute_batch("ALTER TABLE page_days RENAME TO old_days")
        .unwrap();
    works(&bench);
}

fn a_name_but_for_capitals() {
    let bench = live();
    set(&bench, "table = \"Page_Days\"");
    provoke(&bench, "run --swap", "BF0604");
    set(&bench, "table = \"visits\"");
    bench.run("run --swap").success();
}

fn a_build_of_another_database() {
    let bench = bench();
    let ready = build_of(&result(&bench, "run"));
    let elsewhere = "target.sqlite.path = \"dev.db\"";
    set(&bench, elsewhere);
    let own = build_of(&result(&bench, "run"));
    provoke(&bench, &format!("swap job.toml {ready}"), "BF0605");
    let known = result(&bench, "status");
    assert_eq!(build_of(&known[0]), own);
    bench.run(&format!("swap job.toml {own}")).success();

    // One that is folded, and not yet loaded.
    let folded = build_of(&result(&bench, "run --fresh --only-fold"));
    let swap = format!("swap job.toml {folded}");
    provoke(&bench, &swap, "BF0605");
    assert_eq!(build_of(&result(&bench, "run")), folded);
    bench.run(&swap).success();
}

fn a_build_that_is_not_complete() {
    let bench = bench();
    let ready = result(&bench, "run");
    let drop = format!("DROP TABLE \"{}\"", ready["shadow"].as_str().unwrap());
    other_program(&bench).execute_batch(&drop).unwrap();
    let swap = format!("swap job.toml {}", build_of(&ready));
    provoke(&bench, &swap, "BF0606");
    assert_eq!(build_of(&result(&bench, "run")), build_of(&ready));
    bench.run(&swap).success();
}

fn a_value_that_cannot_be_stored() {
    let bench = Workbench::new(&raw()).unwrap();
    bench.write_object("part-1.jsonl", amount("/a", 3)).unwrap();
    let nan = "params = { in = \"present\", fault = \"nan\" }";
    bench.write_job(&raw(), nan).unwrap();
    let said = provoke(&bench, "run --swap", "BF0609");
    assert!(said.contains("`mean`"), "{said}");
    bench.write_job(&raw(), "").unwrap();
    works(&bench);
}

fn a_busy_database() {
    let bench = live();
    bench.run("run --fresh").success();
    set(&bench, "target.sqlite.busy_timeout = \"0s\"");
    let lock = other_program(&bench);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    provoke(&bench, "swap", "BF0613");
    lock.execute_batch("COMMIT").unwrap();
    bench.run("swap").success();
}

fn no_folder_for_the_database() {
    let bench = bench();
    set(&bench, "target.sqlite.path = \"new/tables.db\"");
    provoke(&bench, "run --swap", "BF0615");
    fs::create_dir(file(&bench, "new")).unwrap();
    bench.run("run --swap").success();
    bench.run("status").success();

    let text = "not a database, but longer than its header of 100 bytes: ".repeat(9);
    fs::write(file(&bench, "notes.txt"), text).unwrap();
    set(&bench, "target.sqlite.path = \"notes.txt\"");
    provoke(&bench, "run --swap", "BF0615");
    set(&bench, "target.sqlite.path = \"new/tables.db\"");
    bench.run("log").success();
}

fn a_damaged_database() {
    let bench = live();
    let bytes = fs::read(bench.database()).unwrap();
    fs::write(bench.database(), &bytes[..bytes.len() / 2]).unwrap();
    provoke(&bench, "run --fresh --swap", "BF0616");
    // From a backup.
    fs::write(bench.database(), &bytes).unwrap();
    works(&bench);
    // Or moved away.
    fs::write(bench.database(), &bytes[..bytes.len() / 2]).unwrap();
    for end in ["", "-wal", "-shm"] {
        let part = file(&bench, &format!("tables.db{end}"));
        if part.exists() {
            fs::rename(part, file(&bench, &format!("damaged.db{end}"))).unwrap();
        }
    }
    works(&bench);
}

fn no_database() {
    let bench = bench();
    for line in ["status", "swap", "gc"] {
        provoke(&bench, line, "BF0619");
    }
    works(&bench);
    set(&bench, "target.sqlite.path = \"tabels.db\"");
    provoke(&bench, "log", "BF0619");
    set(&bench, "target.sqlite.path = \"tables.db\"");
    bench.run("log").success();
}

fn an_interruption() {
    let bench = live();
    bench.run("run --fresh").success();
    let lock = other_program(&bench);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting: Running = bench.start("swap");
    waiting.wait_for(|line| line.contains("waiting for the database"));
    waiting.signal("INT");
    let stopped = waiting.finish().fails_with(exit_code("BF0621"));
    assert!(stopped.stderr.contains("BF0621"), "{}", stopped.stderr);
    lock.execute_batch("COMMIT").unwrap();
    bench.run("swap").success();
}

fn an_index_without_its_column() {
    let bench = bench();
    set(&bench, "target.indexes = [[\"dai\"]]");
    let said = provoke(&bench, "run --swap", "BF0622");
    assert!(said.contains("`day`"), "{said}");
    set(
        &bench,
        "target.indexes = [[\"day\"], [\"page\", \"views desc\"]]",
    );
    works(&bench);
}

fn a_trigger_that_would_break() {
    let bench = live();
    let other = other_program(&bench);
    let hang = "CREATE TABLE log (page TEXT);
        CREATE TRIGGER note INSTEAD OF INSERT ON page_days BEGIN INSERT INTO log VALUES (NEW.views); END";
    other.execute_batch(hang).unwrap();
    // Another component, which has no such column.
    bench.write_object("part-1.jsonl", amount("/a", 3)).unwrap();
    bench.write_job(&raw(), "").unwrap();
    let said = provoke(&bench, "run --swap", "BF0623");
    assert!(said.contains("note"), "{said}");
    other.execute_batch("DROP TRIGGER note").unwrap();
    works(&bench);
    let anew = "CREATE TRIGGER note INSTEAD OF INSERT ON page_days BEGIN INSERT INTO log VALUES (NEW.total); END";
    other.execute_batch(anew).unwrap();
    bench.write_object("part-2.jsonl", amount("/b", 3)).unwrap();
    works(&bench);
}
