//! `backfold test`.

use std::fs;

use backfold_tests::components::guest;
use backfold_tests::process;
use serde_json::{Value, json};

use super::{Case, about, bench, file, provoke_by};

pub(crate) const CASES: &[Case] = &[
    ("BF0801", another_table),
    ("BF0802", no_table),
    ("BF0803", a_file_that_cannot_be_written),
];

const INPUT: &str = "--input archive/part-1.jsonl";

/// Other rows than the expected ones are refused with this code until `--update` writes them.
fn updated(expected: &Value, code: &str) {
    let bench = bench();
    fs::write(file(&bench, "expected.json"), expected.to_string()).unwrap();
    let test = |line: &str| {
        let line = format!("{INPUT} --expect expected.json {line}");
        about(&bench, "test", &guest("page_days"), &line)
    };
    provoke_by(&bench, &mut test(""), code);
    process::run(&mut test("--update")).success();
    process::run(&mut test("")).success();
}

fn another_table() {
    let row = json!({ "page": "/a", "day": "2026-01-01", "views": 2 });
    updated(&json!([row]), "BF0801");
}

fn no_table() {
    updated(&json!([{ "pages": 1 }]), "BF0802");
}

fn a_file_that_cannot_be_written() {
    let bench = bench();
    let test = |name: &str| {
        let line = format!("{INPUT} --expect {name} --update");
        about(&bench, "test", &guest("page_days"), &line)
    };
    provoke_by(&bench, &mut test("nowhere/expected.json"), "BF0803");
    process::run(&mut test("expected.json")).success();
}
