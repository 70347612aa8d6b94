//! A database that other programs use too: locked, read-only, damaged, with indexes and triggers of its users.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::process::{self, Running};
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use serde_json::{Value, json};

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 3_000,
    objects: 3,
    ..ArchiveSpec::SMALL
};

fn bench() -> Workbench {
    Workbench::with_archive(&guest("page_days"), &Archive::new(&SPEC).unwrap()).unwrap()
}

fn live() -> Workbench {
    let bench = bench();
    bench.run("run --swap").success();
    bench
}

fn set(bench: &Workbench, settings: &str) {
    bench.write_job(&guest("page_days"), settings).unwrap();
}

fn other_program(bench: &Workbench) -> Connection {
    Connection::open(bench.database()).unwrap()
}

#[track_caller]
fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

/// The names of all files in the folder of the job, without the files that readers of a database leave.
fn files(bench: &Workbench) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(bench.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

#[test]
fn a_slip_in_the_path_makes_nothing() {
    let bench = live();
    for path in ["tabels.db", "no/folder/tables.db"] {
        set(&bench, &format!("target.sqlite.path = \"{path}\""));
        let before = files(&bench);
        for line in ["status", "log", "diff", "handoff", "swap", "rollback", "gc"] {
            let said = bench.refuses(line, 2, "BF0619");
            assert!(said.contains(path), "{line}: {said}");
        }
        bench.run("quarantine counts").success();
        assert_eq!(files(&bench), before);
    }
    set(&bench, "");
    bench.run("status").success();
}

/// The command as a user for whom the database's folder is read-only.
fn read_only(bench: &Workbench, line: &str) -> Command {
    let command = bench.command(line);
    let can_mount = process::run(Command::new("unshare").args(["-rm", "true"])).code() == Some(0);
    let script = match can_mount {
        true => r#"mount --bind . . && mount -o remount,bind,ro . && cd . && exec "$@""#,
        // Then this process is not root's, and permissions count for it.
        false => r#"exec "$@""#,
    };
    let mut shell = match can_mount {
        true => {
            let mut unshare = Command::new("unshare");
            unshare.args(["-rm", "sh"]);
            unshare
        }
        false => Command::new("sh"),
    };
    shell
        .args(["-c", &format!("cd \"$0\" && {script}")])
        .arg(bench.path())
        .arg(command.get_program())
        .args(command.get_args());
    shell
}

#[test]
fn what_only_looks_needs_only_to_read() {
    let bench = live();
    fs::set_permissions(bench.database(), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let before = files(&bench);
    for line in ["status", "log", "diff", "handoff"] {
        process::run(&mut read_only(&bench, line)).success();
    }
    assert_eq!(files(&bench), before);

    // What a writer that was killed left can be read where something may be written alone.
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(bench.database(), fs::Permissions::from_mode(0o644)).unwrap();
    let writer = other_program(&bench);
    writer.execute_batch("CREATE TABLE other (x)").unwrap();
    let (log, kept) = (
        bench.path().join("tables.db-wal"),
        bench.path().join("kept"),
    );
    fs::copy(&log, &kept).unwrap();
    drop(writer);
    fs::rename(&kept, &log).unwrap();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let refused = process::run(&mut read_only(&bench, "log"))
        .fails_with(2)
        .stderr;
    assert!(
        refused.contains("BF0620") && refused.contains("tables.db-wal"),
        "{refused}"
    );
    // With the advice followed, it can be read.
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o755)).unwrap();
    bench.run("log").success();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o555)).unwrap();
    process::run(&mut read_only(&bench, "log")).success();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn ctrl_c_ends_a_wait_for_the_database() {
    let bench = live();
    bench.run("run --fresh --swap").success();
    bench.run("run --fresh").success();
    let lock = other_program(&bench);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for line in ["swap", "rollback", "gc", "run --fresh --swap", "plan"] {
        let mut running = bench.start(line);
        let told = running.wait_for(|line| line.contains("waiting for the database"));
        assert!(told.contains("tables.db"), "{told}");
        running.signal("INT");
        let asked = Instant::now();
        let finished = running.finish().fails_with(130);
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{line}: {:?}",
            asked.elapsed()
        );
        assert!(
            finished.stderr.contains("BF0621"),
            "{line}: {}",
            finished.stderr
        );
    }
    lock.execute_batch("COMMIT").unwrap();
    drop(lock);
    // Nobody, not even a reader, gets past this one.
    let exclusive = other_program(&bench);
    let sql = "PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE other (x)";
    exclusive.execute_batch(sql).unwrap();
    for line in ["status", "diff", "run"] {
        let mut running = bench.start(line);
        running.wait_for(|line| line.contains("waiting for the database"));
        running.signal("INT");
        let asked = Instant::now();
        running.finish().fails_with(130);
        assert!(asked.elapsed() < Duration::from_secs(2), "{line}");
    }
    drop(exclusive);
    let lock = other_program(&bench);
    assert_eq!(
        result(&bench, "log").as_array().unwrap().len(),
        2,
        "nothing was swapped"
    );
    assert_eq!(result(&bench, "swap")["version"], 3);

    set(&bench, "target.sqlite.busy_timeout = \"50ms\"");
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.refuses("rollback", 1, "BF0613");
    // Followed: the timeout is raised, and the other ends.
    set(&bench, "target.sqlite.busy_timeout = \"60s\"");
    let mut waiting: Running = bench.start("rollback");
    waiting.wait_for(|line| line.contains("waiting for the database"));
    lock.execute_batch("COMMIT").unwrap();
    waiting.finish().success();
}

#[test]
fn indexes_are_there_before_the_swap() {
    let bench = bench();
    set(
        &bench,
        "target.indexes = [[\"day\"], [\"views desc\", \"vues\"]]",
    );
    let said = bench.refuses("plan", 2, "BF0622");
    assert!(said.contains("`vues`") && said.contains("`day`"), "{said}");
    assert_eq!(bench.builds().len(), 0, "nothing was planned");

    set(&bench, "target.indexes = [[\"day\", \"page\"]]");
    bench.run("run --swap").success();
    let plan = |query: &str| -> String {
        let plan = format!("EXPLAIN QUERY PLAN {query}");
        let reader = bench.reader().unwrap();
        reader
            .query_row(&plan, [], |row| row.get("detail"))
            .unwrap()
    };
    let by_day = "SELECT * FROM page_days WHERE day = '2026-01-01'";
    assert!(plan(by_day).contains("USING INDEX"), "{}", plan(by_day));

    // One that the job gets later is built where the table is, without a new build.
    set(
        &bench,
        "target.indexes = [[\"day\", \"page\"], [\"day desc\"]]",
    );
    let report = result(&bench, "run --swap");
    assert_eq!(report["outcome"], "already_live");
    assert_eq!(bench.builds().len(), 1);

    // One that the job loses is told, and so is one that somebody made.
    let shadow = report["shadow"].as_str().unwrap();
    other_program(&bench)
        .execute_batch(&format!("CREATE INDEX mine ON \"{shadow}\" (lower(page))"))
        .unwrap();
    set(&bench, "target.indexes = [[\"day\", \"page\"]]");
    let text = bench.run("run --fresh").success().stdout;
    assert!(
        text.contains("- day desc  ! not in the job's [target] indexes"),
        "{text}"
    );
    assert!(text.contains("- (lower(page))  ! made by hand"), "{text}");
    let removed = &result(&bench, "diff")["indexes"]["removed"];
    assert_eq!(removed.as_array().unwrap().len(), 2, "{removed}");

    // A swap builds what a run that was killed did not come to.
    let names = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE '%\\_\\_index1' ESCAPE '\\' ORDER BY 1 DESC LIMIT 1";
    let other = other_program(&bench);
    let newest: String = other.query_row(names, [], |row| row.get(0)).unwrap();
    other
        .execute_batch(&format!("DROP INDEX \"{newest}\""))
        .unwrap();
    assert_eq!(
        result(&bench, "diff")["indexes"]["removed"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    bench.run("swap").success();
    assert!(
        plan(by_day).contains(&format!("USING INDEX {newest}")),
        "{}",
        plan(by_day)
    );
    assert_eq!(result(&bench, "run --swap")["outcome"], "already_live");
}

#[test]
fn a_table_that_somebody_dropped_is_loaded_again() {
    let bench = bench();
    let report = result(&bench, "run");
    let shadow = report["shadow"].as_str().unwrap();
    let drop = format!("DROP TABLE \"{shadow}\"");
    other_program(&bench).execute_batch(&drop).unwrap();
    bench.refuses("diff", 2, "BF0706");
    let again = result(&bench, "run --swap");
    assert_eq!(again["build"], report["build"]);
    assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());

    // The live one cannot be loaded again under its readers: another takes its place.
    other_program(&bench).execute_batch(&drop).unwrap();
    let next = result(&bench, "run --swap");
    assert_ne!(next["build"], report["build"]);
    assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());
    assert_eq!(next["diff"]["lost"]["state"], "gone");
    let rolled_back = bench.refuses("rollback", 2, "BF0703");
    assert!(rolled_back.contains(report["build"].as_str().unwrap()));
}

#[test]
fn gc_gives_the_disk_back() {
    let bench = live();
    for _ in 0..3 {
        bench.run("run --fresh --swap").success();
    }
    let size = || fs::metadata(bench.database()).unwrap().len();
    let before = size();
    let collected = result(&bench, "gc");
    assert_eq!(collected["dropped"].as_array().unwrap().len(), 2);
    let given_back = collected["given_back_bytes"].as_u64().unwrap();
    assert!(
        given_back > 0 && before - size() >= given_back,
        "{collected} of {before}, {}",
        size()
    );
    assert_eq!(collected["free_bytes"], 0);

    // In a database that was there before, `gc` says how.
    let bench = self::bench();
    other_program(&bench)
        .execute_batch("CREATE TABLE other (x)")
        .unwrap();
    for _ in 0..4 {
        bench.run("run --fresh --swap").success();
    }
    let said = bench.run("gc").success().stdout;
    assert!(said.contains("VACUUM"), "{said}");
    let collected = result(&bench, "gc");
    assert_eq!(
        (&collected["dropped"], &collected["given_back_bytes"]),
        (&json!([]), &json!(0))
    );
    assert!(collected["free_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn a_damaged_database_is_replaced_by_the_advice() {
    let bench = live();
    let bytes = fs::read(bench.database()).unwrap();
    for half in [bytes.len() / 2, 3000] {
        fs::write(bench.database(), &bytes[..half]).unwrap();
        bench.refuses("run --fresh --swap", 42, "BF0616");
        // Followed: moved away, and built again.
        for end in ["", "-wal", "-shm"] {
            let file = bench.path().join(format!("tables.db{end}"));
            if file.exists() {
                fs::remove_file(file).unwrap();
            }
        }
        bench.run("run --swap").success();
        assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());
    }
}

#[test]
fn a_disk_that_is_full_at_any_block_says_so() {
    let can_mount = process::run(Command::new("unshare").args(["-rm", "true"])).code() == Some(0);
    if !can_mount {
        eprintln!("a disk of its own needs `unshare -rm`");
        return;
    }
    let bench = bench();
    fs::create_dir(bench.path().join("small")).unwrap();
    set(&bench, "target.sqlite.path = \"small/tables.db\"");
    bench.run("run --only-fold").success();
    let mut refused = 0;
    for kib in (0..200).step_by(8) {
        let command = bench.command("run --swap --output json");
        // Filled but for the last blocks.
        let mount = format!(
            "mount -t tmpfs -o size=200k none small && head -c {}k /dev/zero > small/full && exec \"$@\"",
            200 - kib
        );
        let mut unshare = Command::new("unshare");
        unshare
            .args(["-rm", "sh", "-c", &mount, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(bench.path());
        let finished = process::run(&mut unshare);
        if finished.code() == Some(0) {
            break;
        }
        let finished = finished.fails_with(1);
        let code = &finished.json()["error"]["code"];
        assert_eq!(code, "BF0614", "{kib} KiB: {}", finished.stdout);
        refused += 1;
    }
    assert!(
        refused > 8,
        "there was room in the first {refused} attempts"
    );
    bench.run("run --swap").success();
}

#[test]
fn triggers_of_readers_outlive_a_swap() {
    let bench = live();
    let other = other_program(&bench);
    let hang = "CREATE TABLE log (page TEXT);
        CREATE TRIGGER note INSTEAD OF INSERT ON page_days BEGIN INSERT INTO log VALUES (NEW.page); END";
    other.execute_batch(hang).unwrap();
    bench.run("run --fresh --swap").success();
    other
        .execute_batch("INSERT INTO page_days (page) VALUES ('/x')")
        .unwrap();
    let noted: i64 = other
        .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
        .unwrap();
    assert_eq!(noted, 1);
}
