//! Components that are none, or not those that they should be.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs::{self, File};

use backfold_tests::components::{guest, raw};
use backfold_tests::workbench::Workbench;

/// A table that is live.
fn live() -> Workbench {
    let bench = Workbench::new(&raw()).unwrap();
    bench
        .write_object("part.jsonl", "{\"page\": \"/a\", \"amount\": 3}")
        .unwrap();
    bench.run("run --swap").success();
    assert_eq!(bench.rows().unwrap().len(), 1);
    bench
}

/// The error of `run` and of `inspect` for a component with this content.
#[track_caller]
fn refused(bytes: &[u8], code: &str) -> String {
    let bench = live();
    let path = bench.path().join("bad.wasm");
    fs::write(&path, bytes).unwrap();
    bench.write_job(&path, "").unwrap();
    let said = bench.refuses("run --swap", 2, code);
    assert!(said.contains("bad.wasm"), "{said}");
    let mut inspect = backfold_tests::process::backfold();
    inspect.arg("inspect").arg(&path);
    bench.refuses_as(&mut inspect, 2, code);
    said
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn one_that_prints_or_sleeps_while_it_is_opened() {
    for what in ["stderr-flood", "sleep"] {
        let bench = live();
        let params = format!("params.reach-in-open = \"{what}\"");
        bench.write_job(&raw(), &params).unwrap();
        bench.run("plan").success();
        bench.run("run --swap").success();
        assert_eq!(bench.rows().unwrap().len(), 1);
        bench.run("run --fresh --swap").success();
        for line in ["inspect", "check", "test --input archive"] {
            let mut command = backfold_tests::process::backfold();
            command
                .args(line.split_whitespace())
                .arg(raw())
                .args(["--job", "job.toml"])
                .current_dir(bench.path());
            backfold_tests::process::run(&mut command).success();
        }
    }
}

#[test]
fn records_that_it_prints_a_traceback_for() {
    let bench = live();
    let words = "Traceback (most recent call last):\n  File \"/0/app.py\", line 7, in fold\n\
        KeyError: 'a 7'\n\nthread '<unnamed>' panicked at src/lib.rs:1:2:\nPython\n";
    let params = toml::Table::from_iter([
        ("in".to_owned(), "fold".into()),
        ("fault".to_owned(), "trap".into()),
        ("meets".to_owned(), "7".into()),
        ("says".to_owned(), words.into()),
    ]);
    let params = toml::Table::from_iter([("params".to_owned(), params.into())]);
    bench.write_job(&raw(), &params.to_string()).unwrap();
    let records = (0..30).map(|i| format!("{{\"page\": \"/{i}\", \"amount\": {i}}}\n"));
    bench
        .write_object("part.jsonl", records.collect::<String>())
        .unwrap();
    let run = bench.run("run");
    assert!(!run.stderr.contains("Traceback"), "{}", run.stderr);
    let counts = bench.run("quarantine counts").success().stdout;
    assert!(counts.contains("  KeyError: '…'\n"), "{counts}");
    let list = bench.run("quarantine list").success().stdout;
    assert!(list.contains("  KeyError: 'a 7'\n"), "{list}");
    let shown = bench.run("quarantine show 1").success().stdout;
    for line in [
        "reason       KeyError: 'a 7'\n",
        "failure      a trap in `fold`\n",
        "said         Traceback (most recent call last):\n",
        "  File \"/0/app.py\", line 7, in fold\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let document = bench.run("quarantine show 1 --output json").success();
    let details = &document.json()["result"]["failure"]["details"];
    assert_eq!(details[1], "  File \"/0/app.py\", line 7, in fold");
    let again = bench.run("quarantine replay 1").success().stdout;
    assert!(again.contains("File \"/0/app.py\", line 7"), "{again}");

    let mut test = backfold_tests::process::backfold();
    test.args(["test", "--input", "archive", "--job", "job.toml"])
        .arg(raw())
        .current_dir(bench.path());
    let tested = backfold_tests::process::run(&mut test).success().stdout;
    let lines = "part.jsonl record 7: KeyError: 'a 7'\n      Traceback";
    assert!(tested.contains(lines), "{tested}");
}

#[test]
fn an_error_that_ends_the_run_has_its_frames() {
    let bench = live();
    bench
        .write_object("more.jsonl", "{\"page\": \"/b\", \"amount\": 3}")
        .unwrap();
    let params = toml::Table::from_iter([
        ("in".to_owned(), "present".into()),
        ("fault".to_owned(), "trap".into()),
        (
            "says".to_owned(),
            "panic: no mean of nothing\n  at src/lib.rs:7\n".into(),
        ),
    ]);
    let params = toml::Table::from_iter([("params".to_owned(), params.into())]);
    bench.write_job(&raw(), &params.to_string()).unwrap();
    let run = bench.run("run --swap --trust-laws").fails_with(42);
    let said = "the component trapped in `present`: panic: no mean of nothing";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let frame = "\n  said:   at src/lib.rs:7\n";
    assert!(run.stderr.contains(frame), "{}", run.stderr);
    let run = bench
        .run("run --swap --trust-laws --output json")
        .fails_with(42);
    let error = &run.json()["error"];
    assert_eq!(error["details"][0], "  at src/lib.rs:7", "{error}");
    assert!(!error["causes"].to_string().contains("lib.rs:7"), "{error}");
}

#[test]
fn no_such_file() {
    let bench = live();
    bench.write_job(&bench.path().join("bad.wasm"), "").unwrap();
    bench.refuses("run --swap", 2, "BF0401");
}

#[test]
fn something_else() {
    refused(b"", "BF0402");
    refused(b"#!/bin/sh\necho 'a script'\n", "BF0402");
    let cut_off = fs::read(raw()).unwrap();
    refused(&cut_off[..cut_off.len() / 2], "BF0402");
}

#[test]
fn a_core_module() {
    let said = refused(&wat("(module (func (export \"fold\")))"), "BF0402");
    assert!(said.contains("core module"), "{said}");
}

#[test]
fn another_world() {
    let said = refused(&wat("(component)"), "BF0403");
    assert!(said.contains("backfold:pipeline/pipeline"), "{said}");
}

#[test]
fn imports_that_it_may_not_have() {
    let component =
        r#"(component (import "acme:db/sql@1.0.0" (instance (export "query" (func)))))"#;
    let said = refused(&wat(component), "BF0405");
    assert!(said.contains("acme:db/sql@1.0.0"), "{said}");
}

#[test]
fn a_file_of_500_megabytes() {
    let bench = live();
    let path = bench.path().join("bad.wasm");
    fs::copy(raw(), &path).unwrap();
    // Zeros that take no room on the disk.
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(500_000_000).unwrap();
    bench.write_job(&path, "").unwrap();
    let said = bench.refuses("run --swap", 2, "BF0404");
    assert!(said.contains("limits.component"), "{said}");
}

#[test]
fn a_descriptor_that_breaks_the_rules() {
    let bench = live();
    for (keys, rule) in [
        ("", "0 keys"),
        ("page|page", "page"),
        ("total", "total"),
        ("\"; DROP TABLE page_days; --", "DROP TABLE"),
        ("page\u{1b}[2J", "page\\u{1b}[2J"),
    ] {
        let keys = toml::Value::from(keys);
        bench
            .write_job(&raw(), &format!("params.keys = {keys}"))
            .unwrap();
        let said = bench.refuses("run --swap", 42, "BF0409");
        assert!(said.contains(rule), "{said}");
    }
}

#[test]
fn a_table_that_is_named_to_do_harm() {
    let bench = live();
    let table = "table = '\"; DROP TABLE page_days; --'";
    bench.write_job(&raw(), table).unwrap();
    bench.refuses("run --swap", 2, "BF0008");
}

#[test]
fn parameters_that_it_does_not_accept() {
    let bench = live();
    bench
        .write_job(&raw(), "params.refuse = \"no such floor\"")
        .unwrap();
    let said = bench.refuses("run --swap", 2, "BF0410");
    assert!(said.contains("no such floor"), "{said}");
}

#[test]
fn answers_that_break_the_contract() {
    let bench = live();
    for (call, fault, code) in [
        ("drain", "key-twice", "BF0416"),
        ("present", "more-rows", "BF0416"),
        ("present", "trap", "BF0411"),
    ] {
        let params = format!("params = {{ in = \"{call}\", fault = \"{fault}\" }}");
        bench.write_job(&raw(), &params).unwrap();
        bench
            .write_object("more.jsonl", "{\"page\": \"/b\", \"amount\": 3}")
            .unwrap();
        let said = bench.refuses("run --swap", 42, code);
        assert!(said.contains(&format!("`{call}`")), "{said}");
    }
}

#[test]
fn drains_that_break_the_contract_are_laid_on_records() {
    let bench = live();
    for (fault, limits, reason) in [
        ("bad-utf8", "", "breaks the contract"),
        ("huge", "limits.answer = \"4 MiB\"", "`limits.answer`"),
        ("large-row", "", "`limits.key`"),
        ("trap", "", "trapped in `drain`"),
    ] {
        let settings =
            format!("params = {{ in = \"drain\", fault = \"{fault}\", meets = \"7\" }}\n{limits}");
        bench.write_job(&raw(), &settings).unwrap();
        let records = (0..30).map(|i| format!("{{\"page\": \"/{i}\", \"amount\": {i}}}\n"));
        bench
            .write_object("part.jsonl", records.collect::<String>())
            .unwrap();
        bench.refuses("run --swap --fresh", 3, "BF0701");
        let listed = bench.run("quarantine list --output json").success().json();
        assert_eq!(listed["result"]["total"], 1, "{fault}");
        let record = &listed["result"]["records"][0];
        assert_eq!(record["offset"], 7, "{fault}");
        let said = record["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{fault}: {said}");
    }
}

#[test]
fn states_that_it_fails_to_combine_or_present() {
    let bench = live();
    let records = (0..50).map(|i| format!("{{\"page\": \"/{}\", \"amount\": 3}}\n", i % 25));
    bench
        .write_object("more.jsonl", records.collect::<String>())
        .unwrap();
    for (call, fault, code, setting) in [
        ("combine", "trap", "BF0411", ""),
        ("combine", "loop", "BF0412", "limits.fuel_base = 1000000"),
        ("combine", "memory", "BF0413", "limits.memory = \"16 MiB\""),
        ("combine", "fewer-rows", "BF0416", ""),
        ("present", "abort", "BF0411", ""),
        ("present", "huge", "BF0414", "limits.answer = \"4 MiB\""),
    ] {
        let settings = format!(
            "params = {{ in = \"{call}\", fault = \"{fault}\" }}\n\
             fold = {{ workers = 1, window_batches = 1 }}\n\
             decode.batch_rows = 30\n{setting}"
        );
        bench.write_job(&raw(), &settings).unwrap();
        let said = bench.refuses("run --swap", 42, code);
        assert!(said.contains(", at page \"/"), "{said}");
        assert!(said.contains(&format!("`{call}`")), "{said}");
    }
}

#[test]
fn a_call_that_takes_too_long_is_not_waited_for() {
    let bench = live();
    bench
        .write_object("more.jsonl", "{\"page\": \"/b\", \"amount\": 3}")
        .unwrap();
    for call in ["open", "drain", "present"] {
        let settings = format!(
            "params = {{ in = \"{call}\", fault = \"loop\" }}\n\
             limits.call_time = \"50ms\"\nlimits.fuel_base = 1000000000000000"
        );
        bench.write_job(&raw(), &settings).unwrap();
        let said = bench.refuses("run --swap --trust-laws", 42, "BF0421");
        assert!(said.contains("limits.call_time"), "{said}");
    }
}

#[test]
fn numbers_that_are_none() {
    let bench = live();
    let spoil = |number| {
        let settings = format!("params = {{ in = \"present\", fault = \"{number}\" }}");
        bench.write_job(&raw(), &settings).unwrap();
    };
    spoil("nan");
    let said = bench.refuses("run --swap", 42, "BF0609");
    assert!(said.contains("column `mean` of the row page=/a"), "{said}");
    for number in ["infinity", "minus-zero"] {
        spoil(number);
        bench.run("run --swap").success();
    }
}

#[test]
fn a_range_needs_a_component_that_tells_the_time() {
    let bench = live();
    bench
        .write_job(&raw(), "range.from = \"2026-01-01\"")
        .unwrap();
    bench.refuses("run --swap", 2, "BF0011");
    bench
        .write_job(&guest("page_days"), "range.from = \"soon\"")
        .unwrap();
    bench.refuses("run --swap", 2, "BF0006");
}
