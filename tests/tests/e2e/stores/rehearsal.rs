//! Rehearsals in each store, with readers who notice nothing but the time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use backfold_tests::components::guest;
use backfold_tests::postgres::Release;
use backfold_tests::process;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

use super::target::{Target, Texts};

/// The columns of the table.
const COLUMNS: [&str; 4] = ["page", "day", "views", "total_ms"];

fn write(bench: &Workbench, pages: usize) {
    for number in 1..=pages {
        let record = json!({ "ts": "2026-01-01T10:00:00Z", "page_id": format!("/{number}"), "duration_ms": 7 });
        let key = format!("part-{number:03}.jsonl");
        bench.write_object(&key, format!("{record}\n")).unwrap();
    }
}

fn expected(pages: usize) -> Texts {
    let row = |number| {
        [
            format!("/{number}"),
            "2026-01-01".into(),
            "1".into(),
            "7".into(),
        ]
    };
    let mut rows: Texts = (1..=pages).map(|number| row(number).to_vec()).collect();
    rows.sort();
    rows
}

fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

fn rehearse(target: &Target) {
    let mut bench = Workbench::new(&guest("page_days")).unwrap();
    bench
        .write_job(&guest("page_days"), &target.settings())
        .unwrap();
    target.set_variables(&mut bench, target.port());
    let builds = [3, 5].map(|pages| {
        write(&bench, pages);
        result(&bench, "run --swap")["build"].clone()
    });
    write(&bench, 9);
    let ready = result(&bench, "run")["build"].clone();
    let (old, new) = (expected(5), expected(9));
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let read = || {
        while !done.load(Ordering::Acquire) {
            let rows = target.rows(&bench, "page_days", &COLUMNS);
            assert!(rows == old || rows == new, "{}: {rows:?}", target.name());
            reads.fetch_add(1, Ordering::AcqRel);
        }
    };
    let rehearsed = thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        let rehearsed = process::run(&mut bench.command("rehearse --yes --output json"));
        done.store(true, Ordering::Release);
        for reader in readers {
            reader.join().unwrap();
        }
        rehearsed.success().json()["result"].clone()
    });
    assert!(reads.into_inner() > 0);
    assert!(target.rows(&bench, "page_days", &COLUMNS) == old);
    assert_eq!(
        (&rehearsed["build"], &rehearsed["live"]),
        (&ready, &builds[1])
    );
    for reads in [
        &rehearsed["before"],
        &rehearsed["swap"]["reads"],
        &rehearsed["swap_back"]["reads"],
    ] {
        assert!(
            reads["reads"].is_u64() && reads["failed"] == 0,
            "{rehearsed:#}"
        );
    }
    println!(
        "{}: noticed {:.1} ms, shown {:.1} ms, median read {:.1} ms",
        target.name(),
        rehearsed["noticed_seconds"].as_f64().unwrap() * 1e3,
        rehearsed["shown_seconds"].as_f64().unwrap() * 1e3,
        rehearsed["before"]["median_seconds"].as_f64().unwrap() * 1e3,
    );
    // The way back is that of before, and the build goes live as if there had been no rehearsal.
    assert_eq!(result(&bench, "rollback")["build"], builds[0]);
    assert_eq!(result(&bench, "rollback")["build"], builds[1]);
    assert_eq!(result(&bench, "swap")["build"], ready);
    assert!(target.rows(&bench, "page_days", &COLUMNS) == new);
}

#[test]
fn readers_of_sqlite_notice_nothing_but_the_time() {
    rehearse(&Target::Sqlite);
}

#[test]
fn readers_of_postgres_notice_nothing_but_the_time() {
    rehearse(&Target::postgres(Release::Packaged));
}

#[test]
fn readers_of_dynamodb_notice_nothing_but_the_time() {
    rehearse(&Target::dynamodb());
}
