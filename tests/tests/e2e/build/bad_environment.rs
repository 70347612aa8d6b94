//! Full disks, folders and tables of other programs, and other processes at work.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::fault::Paused;
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 12_000,
    objects: 12,
    pages: 20_000,
    ..ArchiveSpec::SMALL
};

/// A small table that is live, and an archive that has grown since.
fn live() -> Workbench {
    let component = guest("page_days");
    let small = Archive::new(&ArchiveSpec {
        events: 1_000,
        objects: 1,
        ..SPEC
    })
    .unwrap();
    let bench = Workbench::with_archive(&component, &small).unwrap();
    bench.run("run --swap").success();
    Archive::new(&SPEC)
        .unwrap()
        .write(&bench.archive())
        .unwrap();
    fs::remove_file(bench.archive().join(small.key(0))).unwrap();
    bench
}

#[track_caller]
fn check_goes_on(bench: &Workbench) {
    bench.run("run --swap").success();
    assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());
    assert_eq!(bench.builds().len(), 2, "it went on with the same build");
}

#[test]
fn no_room_for_a_run() {
    let bench = live();
    // A limit on files stands for a disk that is full: both refuse to write more.
    let limit = r#"trap '' XFSZ; ulimit -f 200; exec "$@""#;
    let said = bench.refuses_as(&mut bench.prepared(limit, "run --swap"), 1, "BF0504");
    assert!(
        said.contains("/runs/") && said.contains(".arrow.part"),
        "{said}"
    );
    check_goes_on(&bench);
}

#[test]
fn no_room_for_the_table() {
    let bench = live();
    let settings = "target.sqlite.path = \"small/tables.db\"";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let small = bench.path().join("small");
    fs::create_dir(&small).unwrap();
    fs::copy(bench.database(), small.join("tables.db")).unwrap();

    let copy_back = r#""$@"; code=$?; rm tables.db*; cp small/tables.db* .; exit $code"#;
    let can_mount = process::run(Command::new("unshare").args(["-rm", "true"])).code() == Some(0);
    let (mut command, exit_code, code) = if can_mount {
        // A disk of its own, which this process alone sees.
        let mount = "mount -t tmpfs -o size=400k none small && cp tables.db small || exit 99";
        let shell = bench.prepared(&format!("{mount}; {copy_back}"), "run --swap");
        let mut command = Command::new("unshare");
        command
            .arg("-rm")
            .arg(shell.get_program())
            .args(shell.get_args());
        command.current_dir(bench.path());
        (command, 1, "BF0614")
    } else {
        let limit = format!("trap '' XFSZ; ulimit -f 700; {copy_back}");
        (bench.prepared(&limit, "run --swap"), 42, "BF0617")
    };
    bench.refuses_as(&mut command, exit_code, code);

    // With what it left, and room, the same command goes on.
    for name in ["tables.db", "tables.db-wal"] {
        let left = bench.path().join(name);
        if left.exists() {
            fs::rename(left, small.join(name)).unwrap();
        }
    }
    bench.run("run --swap").success();
    fs::rename(small.join("tables.db"), bench.database()).unwrap();
    assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());
}

#[test]
fn a_work_folder_that_is_somebody_elses() {
    let bench = live();
    for (content, exit_code, code) in [
        (("thesis.txt", "years of work"), 2, "BF0101"),
        (("backfold-work.json", "{\"format\": 7}"), 2, "BF0102"),
        (("backfold-work.json", "{\"format\""), 42, "BF0105"),
    ] {
        let folder = bench.path().join("other");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(content.0), content.1).unwrap();
        bench.refuses("run --swap --work other", exit_code, code);
        let left: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [content.0]);
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn the_work_folder_of_another_job() {
    let bench = live();
    let other = Archive::new(&SPEC).unwrap();
    bench
        .write_job(&guest("page_days"), "decode.batch_rows = 100")
        .unwrap();
    bench.run("run --only-fold").success();
    // Another setting that decides on the table is another build; one that does not goes on with the first.
    bench
        .write_job(
            &guest("page_days"),
            "decode.batch_rows = 100\nfold.workers = 1",
        )
        .unwrap();
    bench.run("run --only-fold").success();
    assert_eq!(bench.builds().len(), 2);
    bench
        .write_job(&guest("page_days"), "range.to = \"2026-01-01T12:00Z\"")
        .unwrap();
    bench.run("run --swap").success();
    assert_eq!(bench.builds().len(), 3);
    assert!(
        bench.tallies().unwrap()
            == other.expected_where(|event| event.at_ms % 86_400_000 < 43_200_000)
    );
}

#[test]
fn two_runs_of_the_same_build_at_once() {
    let bench = live();
    // It has chosen its build, and lets others choose theirs.
    let point = "1 before create a run";
    let mut first = Paused::start(&mut bench.command("run --swap"), point, bench.path());
    let holder = format!("run, process {}", first.process().id());
    for line in ["run --swap --wait 0s", "plan --wait 50ms"] {
        let said = bench.refuses(line, 4, "BF0103");
        assert!(said.contains(&holder), "{said}");
    }
    // Looking is free, and so is all that does not write to that build.
    bench.run("status").success();
    bench.run("log").success();
    bench.run("gc --keep 0 --wait 0s").success();
    assert_eq!(
        bench.builds().len(),
        2,
        "the one that is live, and the one at work"
    );
    bench
        .run("run --only-fold --to 2027-01-01 --wait 0s")
        .success();
    // Patience is rewarded: by then the table is live, and there is nothing to do.
    let mut second = bench.start("run --swap --wait 2m --output json");
    second.wait_for(|line| line.contains("waiting") && line.contains(&holder));
    first.go_on().finish().success();
    let second = second.finish().success().json();
    assert_eq!(second["result"]["outcome"], "already_live");
    assert!(bench.tallies().unwrap() == Archive::new(&SPEC).unwrap().expected());
}

#[test]
fn a_table_or_a_view_of_that_name_that_backfold_did_not_make() {
    for made in [
        "CREATE TABLE page_days (a)",
        "CREATE VIEW page_days AS SELECT 1",
        "CREATE TABLE PAGE_DAYS (a)",
    ] {
        let component = guest("page_days");
        let bench =
            Workbench::with_archive(&component, &Archive::new(&ArchiveSpec::SMALL).unwrap())
                .unwrap();
        let connection = Connection::open(bench.database()).unwrap();
        connection.execute_batch(made).unwrap();
        let schema = |connection: &Connection| -> String {
            let sql = "SELECT sql FROM sqlite_schema WHERE lower(name) = 'page_days'";
            connection.query_row(sql, (), |row| row.get(0)).unwrap()
        };
        bench.refuses("run --swap", 2, "BF0601");
        assert_eq!(schema(&connection), made);
    }
}

#[test]
fn a_database_that_is_none() {
    let bench = live();
    for (path, content) in [
        (
            "notes.txt",
            Some("not a database, but longer than its header of 100 bytes: ".repeat(9)),
        ),
        ("nowhere/tables.db", None),
    ] {
        if let Some(content) = &content {
            fs::write(bench.path().join(path), content).unwrap();
        }
        bench
            .write_job(
                &guest("page_days"),
                &format!("target.sqlite.path = \"{path}\""),
            )
            .unwrap();
        bench.refuses("run --swap", 2, "BF0615");
        let now = fs::read_to_string(Path::new(&bench.path().join(path))).ok();
        assert_eq!(now, content);
    }
}
