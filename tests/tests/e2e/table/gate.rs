//! The checks of the gate, each held and failed: limits of keys and drift in every store, questions in SQL, and what a
//! refusal says.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fmt::Write as _;
use std::path::Path;

use backfold_tests::postgres::Release;
use backfold_tests::workbench::Workbench;
use rusqlite::Connection;
use serde_json::Value;

use crate::stores::target::Target;

const PIPELINE: &str = r#"
[pipeline]
key = { page = "page" }

[pipeline.keep]
events = "count"
amount = "sum(amount)"
price = "max(price?: float64)"
"#;

/// A page, its amount, and its price if it has one.
type Record = (&'static str, i64, Option<f64>);

/// The live table of these tests: four rows, a sum of 100, a null.
const LIVE: [Record; 4] = [
    ("/a", 10, Some(1.0)),
    ("/b", 20, Some(2.0)),
    ("/c", 30, Some(3.0)),
    ("/d", 40, None),
];

fn write(bench: &Workbench, records: &[Record]) {
    let mut lines = String::new();
    for (page, amount, price) in records {
        let price = price.map_or_else(String::new, |price| format!(r#","price":{price}"#));
        writeln!(lines, r#"{{"page":"{page}","amount":{amount}{price}}}"#).unwrap();
    }
    bench.write_object("part-1.jsonl", lines).unwrap();
}

fn set(bench: &Workbench, target: &Target, gate: &str) {
    let settings = format!("{}\n{PIPELINE}\n{gate}", target.settings());
    bench.write_job(Path::new("aggregate"), &settings).unwrap();
}

/// A job whose table is live with [`LIVE`].
fn live(target: &Target) -> Workbench {
    let mut bench = Workbench::new(Path::new("aggregate")).unwrap();
    target.set_variables(&mut bench, target.port());
    set(&bench, target, "");
    write(&bench, &LIVE);
    bench.run("run --swap").success();
    bench
}

/// The document of a command, whether it fails or not.
fn document(bench: &Workbench, line: &str) -> Value {
    bench.run(&format!("{line} --output json")).json()
}

/// The checks of a run as `name passed found wanted`, those that every run has left out.
fn checks(document: &Value) -> Vec<String> {
    let checks = document["result"]["gate"]["checks"].as_array();
    let checks = checks.unwrap_or_else(|| panic!("{document:#}")).iter();
    checks
        .filter(|check| {
            let usual = ["coverage", "quarantine", "rows", "content"];
            !usual.contains(&check["name"].as_str().unwrap())
        })
        .map(line)
        .collect()
}

fn line(check: &Value) -> String {
    let text = |field: &str| check[field].as_str().unwrap().to_owned();
    let mark = match check["passed"].as_bool().unwrap() {
        true => "held",
        false => "FAILED",
    };
    format!(
        "{mark} {}: {}; {}",
        text("name"),
        text("found"),
        text("wanted")
    )
}

#[track_caller]
fn assert_checks(document: &Value, expected: &[&str]) {
    let found = checks(document);
    assert!(found == expected, "{found:#?} instead of {expected:#?}");
    let is_held = expected.iter().all(|check| check.starts_with("held"));
    assert_eq!(document["ok"], is_held, "{document:#}");
}

/// Of four keys, `/d` is gone, `/b` has changed and `/e` is new; the sum is 80 instead of 100, no price is missing.
const NEXT: [Record; 4] = [
    ("/a", 10, Some(1.0)),
    ("/b", 25, Some(2.0)),
    ("/c", 30, Some(3.0)),
    ("/e", 15, Some(4.0)),
];

#[test]
fn limits_of_keys_and_drift_hold_and_refuse_in_every_store() {
    for target in Target::all() {
        let bench = live(&target);
        write(&bench, &NEXT);
        let limits = |removed, changed, added, sum, mean, nulls| {
            format!(
                "[gate]\nmax_removed_ratio = {removed}\nmax_changed_ratio = {changed}\nmax_added_ratio = {added}\n\
                 [gate.drift.amount]\nsum = {sum}\n[gate.drift.price]\nmean = {mean}\nnulls = {nulls}"
            )
        };
        set(&bench, &target, &limits(0.2, 0.3, 0.2, 0.1, 0.2, 0.2));
        assert_checks(
            &document(&bench, "run --swap"),
            &[
                "FAILED removed: 0.25 (1 of 4); at most 0.2",
                "FAILED changed: 0.333333333 (1 of 3); at most 0.3",
                "FAILED added: 0.25 (1 of 4); at most 0.2",
                "FAILED drift.amount.sum: 20 %: 100 -> 80; within 10 % of the live sum",
                "FAILED drift.price.mean: 25 %: 2 -> 2.5; within 20 % of the live mean",
                "FAILED drift.price.nulls: 0.25 -> 0; a share of nulls within 0.2",
            ],
        );
        // A swap compares by itself where a limit needs it.
        let said = bench.refuses("swap", 3, "BF0701");
        assert!(
            said.contains("the sum of the column went from 100 to 80"),
            "{said}"
        );
        set(&bench, &target, &limits(0.25, 0.34, 0.25, 0.2, 0.25, 0.25));
        assert_checks(
            &document(&bench, "run"),
            &[
                "held removed: 0.25 (1 of 4); at most 0.25",
                "held changed: 0.333333333 (1 of 3); at most 0.34",
                "held added: 0.25 (1 of 4); at most 0.25",
                "held drift.amount.sum: 20 %: 100 -> 80; within 20 % of the live sum",
                "held drift.price.mean: 25 %: 2 -> 2.5; within 25 % of the live mean",
                "held drift.price.nulls: 0.25 -> 0; a share of nulls within 0.25",
            ],
        );
        bench.run("swap").success();
        let pages = target.rows(&bench, "page_days", &["page", "amount"]);
        assert_eq!(pages.len(), 4, "{}", target.name());
        assert_eq!(pages[3], ["/e", "15"], "{}", target.name());
    }
}

#[test]
fn a_first_build_has_nothing_to_be_compared_with() {
    let bench = Workbench::new(Path::new("aggregate")).unwrap();
    write(&bench, &LIVE);
    let gate = "[gate]\nmax_removed_ratio = 0.0\nmin_rows_ratio = 1.0\n\
                checks = [\"select (select count(*) from {shadow}) >= (select count(*) from {live})\"]\n\
                [gate.drift.amount]\nsum = 0.0";
    set(&bench, &Target::Sqlite, gate);
    assert_checks(
        &document(&bench, "run --swap"),
        &[
            "held growth: no live rows; at least 1 times the live rows",
            "held removed: nothing is live to compare with; at most 0",
            "held drift.amount.sum: nothing is live to compare with; within 0 % of the live sum",
            "held assertion.1: not asked; true",
        ],
    );
    // The next build is compared.
    write(&bench, &NEXT);
    assert_checks(
        &document(&bench, "run --swap"),
        &[
            "held growth: 1.000 times; at least 1 times the live rows",
            "FAILED removed: 0.25 (1 of 4); at most 0",
            "FAILED drift.amount.sum: 20 %: 100 -> 80; within 0 % of the live sum",
            "held assertion.1: 1; true",
        ],
    );
}

#[test]
fn a_refusal_lists_every_check_with_figure_and_threshold() {
    let bench = live(&Target::Sqlite);
    write(&bench, &NEXT);
    let gate = "[gate]\nmin_rows = 5\nmax_rows_ratio = 0.5\nmax_added_ratio = 1.0\n\
                checks = [{ name = \"no free pages\", sql = \"select count(*) from {shadow} where price = 0\", max = 0 }]";
    set(&bench, &Target::Sqlite, gate);
    let run = bench.run("run").fails_with(3);
    let listed = [
        "✓  coverage                 1 split",
        "✓  quarantine               0 records",
        "✗  rows                     4 rows",
        "✗  growth                   1.000 times",
        "✓  added                    0.25 (1 of 4)",
        "✓  assertion.no free pages  0",
    ];
    for line in listed {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
        assert!(!run.stderr.contains(line), "twice: {}", run.stderr);
    }
    let swap = bench.run("swap").fails_with(3);
    for line in listed {
        assert!(swap.stderr.contains(line), "{line}: {}", swap.stderr);
    }
    for sentence in [
        "the table has 4 rows, at least 5 are wanted",
        "the table has 1.000 times the 4 live rows, at most 0.5 times are wanted",
    ] {
        assert_eq!(swap.stderr.matches(sentence).count(), 1, "{}", swap.stderr);
    }
    let refused = document(&bench, "swap");
    let checks = refused["error"]["checks"].as_array().unwrap();
    let lines: Vec<_> = checks.iter().map(line).collect();
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert_eq!(lines[2], "FAILED rows: 4 rows; at least 5");
    assert_eq!(lines[6], "held assertion.no free pages: 0; at most 0");
}

#[test]
fn a_table_that_another_program_changed_is_refused() {
    let bench = live(&Target::Sqlite);
    write(&bench, &NEXT);
    let run = document(&bench, "run");
    let shadow = run["result"]["shadow"].as_str().unwrap();
    let other = Connection::open(bench.database()).unwrap();
    let change = |amount| format!("UPDATE \"{shadow}\" SET amount = {amount} WHERE page = '/b'");
    other.execute_batch(&change(26)).unwrap();
    for gate in ["", "[gate]\nmax_removed_ratio = 1.0"] {
        set(&bench, &Target::Sqlite, gate);
        let said = bench.refuses("swap", 3, "BF0701");
        assert!(said.contains("the table reads back with 4 rows"), "{said}");
    }
    other.execute_batch(&change(25)).unwrap();
    bench.run("swap").success();
}

/// Targets that can be asked in SQL.
fn databases() -> Vec<Target> {
    let mut databases = vec![Target::Sqlite];
    databases.extend(Release::ALL.map(Target::postgres));
    databases
}

/// Runs the job with one check, and gives its line.
fn asked(bench: &Workbench, target: &Target, check: &str) -> String {
    set(bench, target, &format!("[gate]\nchecks = [{check}]"));
    let run = document(bench, "run");
    let mut checks = checks(&run);
    assert_eq!(checks.len(), 1, "{run:#}");
    assert_eq!(run["ok"], checks[0].starts_with("held"), "{run:#}");
    checks.remove(0)
}

#[test]
fn questions_in_sql_hold_and_refuse() {
    for target in databases() {
        let bench = live(&target);
        write(&bench, &NEXT);
        let ask = |check: &str| asked(&bench, &target, check);
        let sql = |sql: &str| ask(&format!("{sql:?}"));
        // SQLite has no truth values.
        let (yes, no) = match target {
            Target::Sqlite => ("1", "0"),
            _ => ("true", "false"),
        };
        for (question, expected) in [
            (
                "select count(*) = 0 from {shadow} where amount < 0",
                format!("held assertion.1: {yes}; true"),
            ),
            (
                "select count(*) = 0 from {shadow} where amount > 0",
                format!("FAILED assertion.1: {no}; true"),
            ),
            ("select 1", "held assertion.1: 1; true".to_owned()),
            ("select 0", "FAILED assertion.1: 0; true".to_owned()),
            (
                "select max(amount) from {shadow} where page = '{{}}'",
                "FAILED assertion.1: null; true".to_owned(),
            ),
            (
                "select min(page) from {shadow}",
                "FAILED assertion.1: the text \"/a\"; true".to_owned(),
            ),
            (
                "select (select sum(amount) from {shadow}) < (select sum(amount) from {live})",
                format!("held assertion.1: {yes}; true"),
            ),
        ] {
            assert_eq!(sql(question), expected, "{}: {question}", target.name());
        }
        for question in [
            "select page from {shadow}",
            "select page, amount from {shadow}",
            "select missing from {shadow}",
            "delete from {shadow}",
            "delete from {live} returning 1",
            "select 1; delete from {live}",
            "commit",
        ] {
            assert_eq!(
                sql(question),
                "FAILED assertion.1: no usable answer; true",
                "{}: {question}",
                target.name()
            );
        }
        assert_eq!(
            ask(
                r#"{ name = "sum", sql = "select sum(amount) from {shadow}", min = 80, max = 80.5 }"#
            ),
            "held assertion.sum: 80; 80 to 80.5"
        );
        assert_eq!(
            ask(r#"{ sql = "select sum(amount) from {shadow}", min = 81 }"#),
            "FAILED assertion.1: 80; at least 81"
        );
        assert_eq!(
            target.rows(&bench, "page_days", &["page"]).len(),
            LIVE.len()
        );
        bench.refuses("swap", 3, "BF0701");
        assert_eq!(
            sql("select count(*) = 4 from {shadow}"),
            format!("held assertion.1: {yes}; true")
        );
        bench.run("swap").success();
    }
}

#[test]
fn a_question_has_a_time_limit() {
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n";
    for target in [Target::Sqlite, Target::postgres(Release::Packaged)] {
        let bench = live(&target);
        write(&bench, &NEXT);
        let gate =
            format!("[gate]\ncheck_timeout = \"300ms\"\nchecks = [\"{endless}\", \"select 1\"]");
        set(&bench, &target, &gate);
        let said = bench.refuses("run --swap", 3, "BF0701");
        assert!(said.contains("no answer after 300ms"), "{said}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_read() {
    let bench = Workbench::new(Path::new("aggregate")).unwrap();
    let refused = |target: &Target, gate: &str, code: &str| {
        set(&bench, target, gate);
        bench.refuses("plan", 2, code)
    };
    let sqlite = Target::Sqlite;
    for (gate, said) in [
        (
            "[gate]\nchecks = [\"select {table}\"]",
            "`{table}` is no placeholder",
        ),
        (
            "[gate]\nchecks = [\"select {shadow\"]",
            "a brace stands alone",
        ),
        ("[gate]\nchecks = [\"\"]", "the statement is empty"),
        (
            "[gate]\nchecks = [3]",
            "a statement of SQL, or a table with `sql`",
        ),
        (
            "[gate]\nchecks = [{ sql = \"select 1\", min = 2, max = 1 }]",
            "no number lies between",
        ),
        (
            "[gate]\ncheck_timeout = \"0s\"\nchecks = [\"select 1\"]",
            "0s is too short",
        ),
        (
            "[gate]\nmax_removed_ratio = 1.5",
            "`gate.max_removed_ratio`: 1.5 is not between 0 and 1",
        ),
        (
            "[gate.drift.amount]\nsum = -1",
            "`gate.drift.amount.sum`: -1 is no number from 0 on",
        ),
        (
            "[gate.drift.amount]\nnulls = 2",
            "`gate.drift.amount.nulls`: 2 is not between 0 and 1",
        ),
        ("[gate.drift.amount]", "it limits nothing"),
    ] {
        let message = refused(&sqlite, gate, "BF0006");
        assert!(message.contains(said), "{gate}: {message}");
    }
    let unknown = refused(
        &sqlite,
        "[gate]\nchecks = [{ sql = \"select 1\", mni = 2 }]",
        "BF0004",
    );
    assert!(
        unknown.contains("known here: `name`, `sql`, `min`, `max`"),
        "{unknown}"
    );
    write(&bench, &LIVE);
    let unknown = refused(&sqlite, "[gate.drift.amuont]\nsum = 1", "BF0014");
    assert!(unknown.contains("did you mean `amount`?"), "{unknown}");
    let key = refused(&sqlite, "[gate.drift.page]\nnulls = 1", "BF0014");
    assert!(
        key.contains("there are `amount`, `events`, `price`"),
        "{key}"
    );
    let dynamodb = Target::dynamodb();
    let deaf = refused(&dynamodb, "[gate]\nchecks = [\"select 1\"]", "BF0006");
    assert!(
        deaf.contains("DynamoDB does not answer questions in SQL"),
        "{deaf}"
    );
}
