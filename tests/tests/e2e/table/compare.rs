//! `backfold diff`: the rows that it compares, what counts as equal, the file of keys, its memory.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use backfold_tests::fault;
use backfold_tests::process::{self, Finished, Running};
use backfold_tests::workbench::Workbench;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

const JOB: &str = r#"
[pipeline]
event_time = "at"
key = { page = "page", day = "day_of(at)" }

[pipeline.keep]
amount = "sum(amount)"
price = "max(price: float64)"
"#;

/// Writes one record for each of these pages: days of January, amount and price follow from the number.
fn write(bench: &Workbench, numbers: impl Iterator<Item = u64>, price: f64) {
    let mut lines = String::new();
    for number in numbers {
        let day = day(number);
        let price = price + number as f64;
        writeln!(
            lines,
            r#"{{"page":"/{number:04}","at":"2026-01-0{day}T00:00:00Z","amount":{number},"price":{price}}}"#
        )
        .unwrap();
    }
    bench.write_object("part-1.jsonl", lines).unwrap();
}

/// The day of January of a page.
fn day(number: u64) -> u64 {
    number % 3 + 1
}

fn bench() -> Workbench {
    let bench = Workbench::new(Path::new("aggregate")).unwrap();
    bench.write_job(Path::new("aggregate"), JOB).unwrap();
    bench
}

/// Two builds: of pages 0 to 59 and of pages 10 to 69, with prices that differ by 1e-9 of those that both have.
fn two_builds() -> Workbench {
    let bench = bench();
    write(&bench, 0..60, 0.0);
    bench.run("run --swap").success();
    write(&bench, 10..70, 1e-9);
    bench.run("run").success();
    bench
}

fn result(bench: &Workbench, line: &str) -> Value {
    let finished = bench.run(&format!("{line} --output json")).success();
    finished.json()["result"].clone()
}

fn counts(only_old: u64, only_new: u64, both: u64, equal: u64) -> Value {
    json!({ "only_old": only_old, "only_new": only_new, "both": both, "equal": equal })
}

#[test]
fn only_rows_with_certain_keys_are_compared() {
    let bench = two_builds();
    assert_eq!(result(&bench, "diff")["counts"], counts(10, 10, 50, 0));
    let day = result(&bench, "diff --where day=2026-01-01");
    assert_eq!(day["counts"], counts(4, 4, 16, 0));
    assert_eq!(
        (&day["old"]["rows"], &day["new"]["rows"]),
        (&json!(20), &json!(20))
    );
    assert_eq!(day["only"], json!(["day=2026-01-01"]));
    assert_eq!(day["columns"][0]["drift"]["old"]["rows"], 20);
    let one = result(&bench, "diff --where page=/0012 --where day=2026-01-01");
    assert_eq!(one["counts"], counts(0, 0, 1, 0));
    let none = result(&bench, "diff --where page=/0012 --where day=2026-01-02");
    assert_eq!(none["counts"], counts(0, 0, 0, 0));
    let text = bench.run("diff --where page=/0012").success().stdout;
    assert!(text.contains("only rows with page=/0012"), "{text}");
    for (option, said) in [
        (
            "--where amount=1",
            "`amount` is no key; the keys are `day`, `page`",
        ),
        ("--where pgae=1", "there is no column `pgae`"),
        ("--where day=today", "write `2026-01-31` or `null`"),
    ] {
        let refused = bench.refuses(&format!("diff {option}"), 2, "BF0715");
        assert!(refused.contains(said), "{refused}");
    }
    bench.refuses("diff --where page", 2, "BF0001");
}

#[test]
fn numbers_may_differ_within_a_tolerance() {
    let bench = two_builds();
    assert_eq!(
        result(&bench, "diff --tolerance price=1e-8")["counts"],
        counts(10, 10, 50, 50)
    );
    // 1e-9 is lost in part where it is added to larger numbers.
    assert_eq!(
        result(&bench, "diff --tolerance price=1e-12")["counts"],
        counts(10, 10, 50, 0)
    );
    let text = bench.run("diff --tolerance price=1e-8").success().stdout;
    assert!(text.contains("equal if price within 0.00000001"), "{text}");
    for (option, said) in [
        ("--tolerance page=1", "is no column but the keys"),
        ("--tolerance price=-1", "a tolerance is a number from 0 on"),
        ("--tolerance price=NaN", "a tolerance is a number from 0 on"),
    ] {
        let refused = bench.refuses(&format!("diff {option}"), 2, "BF0715");
        assert!(refused.contains(said), "{refused}");
    }
    bench.refuses("diff --tolerance price=much", 2, "BF0001");
}

#[test]
fn as_many_keys_are_shown_as_are_wanted() {
    let bench = two_builds();
    for (line, shown) in [
        ("diff", 5),
        ("diff --limit 0", 0),
        ("diff --limit 7", 7),
        ("diff --limit 100", 10),
    ] {
        let samples = &result(&bench, line)["samples"];
        assert_eq!(
            samples["only_old"].as_array().unwrap().len(),
            shown,
            "{line}"
        );
    }
}

/// The class and the page of each key in a file of JSON Lines.
fn lines(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&line["class"]), text(&line["key"]["page"]))
    });
    lines.collect()
}

#[test]
fn the_keys_of_all_rows_that_differ_are_written_to_a_file() {
    let bench = two_builds();
    let class = |number: u64| match number {
        0..10 => "removed",
        10..60 => "changed",
        _ => "added",
    };
    // The table is in the order of day and page.
    let mut numbers: Vec<_> = (0..70).collect();
    numbers.sort_by_key(|number| (day(*number), *number));
    let expected: Vec<_> = numbers
        .into_iter()
        .map(|number| (class(number).to_owned(), format!("/{number:04}")))
        .collect();
    let diff = result(&bench, "diff --keys keys.jsonl");
    assert_eq!(diff["keys"], json!({ "path": "keys.jsonl", "keys": 70 }));
    assert!(lines(&bench.path().join("keys.jsonl")) == expected);
    bench.run("diff --keys keys.parquet --limit 0").success();
    let file = File::open(bench.path().join("keys.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut found = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let classes = batch.column_by_name("class").unwrap().as_string::<i32>();
        let keys = batch.column_by_name("key").unwrap().as_struct();
        assert_eq!(keys.column_by_name("day").unwrap().null_count(), 0);
        let pages = keys.column_by_name("page").unwrap().as_string::<i32>();
        found.extend(
            (0..batch.num_rows())
                .map(|row| (classes.value(row).to_owned(), pages.value(row).to_owned())),
        );
    }
    assert!(found == expected);
    // What is tolerated or left out is not in it.
    bench
        .run("diff --keys keys.jsonl --tolerance price=1e-8 --where day=2026-01-01")
        .success();
    assert_eq!(lines(&bench.path().join("keys.jsonl")).len(), 8);
    let text = bench.run("diff --keys keys.jsonl").success().stdout;
    assert!(text.ends_with("\n70 keys in keys.jsonl\n"), "{text}");
}

#[test]
fn a_file_of_keys_is_whole_or_not_there() {
    let bench = two_builds();
    let refused = bench.refuses("diff --keys keys.csv", 2, "BF0715");
    assert!(refused.contains("use `.jsonl` or `.parquet`"), "{refused}");
    bench.refuses("diff --keys missing/keys.jsonl", 1, "BF0716");
    let path = bench.path().join("keys.jsonl");
    fs::write(&path, "the former one").unwrap();
    let files = || fs::read_dir(bench.path()).unwrap().count();
    let before = files();
    let mut command = bench.command("diff --keys keys.jsonl");
    fault::cause(&mut command, "fail", "1 before sync a file");
    let said = bench.refuses_as(&mut command, 1, "BF0716");
    assert!(said.contains("a test lets it fail"), "{said}");
    assert_eq!(files(), before, "nothing is left of it");
    let mut command = bench.command("diff --keys keys.jsonl");
    fault::cause(&mut command, "abort", "1 after sync a file");
    assert_ne!(process::run(&mut command).code(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), "the former one");
    bench.run("diff --keys keys.jsonl").success();
    assert_eq!(lines(&path).len(), 70);
}

/// Runs such a command, and tells the most memory that it took, in bytes.
fn measured(bench: &Workbench, line: &str) -> (Finished, u64) {
    Running::start(&mut bench.command(line)).finish_measured()
}

/// Adds the rows with these numbers to the tables of both builds; those of the second differ from those of the first. The
/// gate would notice; `diff` compares what is there.
fn grow(bench: &Workbench, rows: RangeInclusive<u64>) {
    let database = rusqlite::Connection::open(bench.database()).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'page\\_days\\_\\_%' ESCAPE '\\' ORDER BY 1";
    let mut select = database.prepare(names).unwrap();
    let names = select.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let (first, last) = rows.into_inner();
    for (build, name) in names.enumerate() {
        let name = name.unwrap();
        let insert = format!(
            "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
             INSERT INTO \"{name}\" (page, day, amount, price) SELECT printf('/page/of/the/archive/%0100d', i), '2026-01-01', i + {build}, i FROM n"
        );
        database.execute_batch(&insert).unwrap();
    }
}

#[test]
fn memory_does_not_grow_with_the_rows() {
    let bench = two_builds();
    // The keys alone of both builds grow by 140 MiB, and the buffers are full with the fewer of them.
    let (few, many) = (300_000, 900_000);
    let peaks = |rows: u64| {
        ["jsonl", "parquet"].map(|form| {
            let line = format!("diff --keys keys.{form} --output json");
            let (finished, peak_bytes) = measured(&bench, &line);
            let counts = &finished.success().json()["result"]["counts"];
            assert_eq!(counts["both"], 50 + rows, "{counts}");
            assert_eq!(counts["equal"], 0, "{counts}");
            peak_bytes
        })
    };
    grow(&bench, 1..=few);
    let with_few = peaks(few);
    grow(&bench, few + 1..=many);
    let with_many = peaks(many);
    for (few, many) in with_few.into_iter().zip(with_many) {
        let more = many.saturating_sub(few) >> 20;
        assert!(more < 40, "{with_few:?} bytes, then {with_many:?}");
    }
}
