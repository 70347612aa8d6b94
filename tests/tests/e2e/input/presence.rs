//! Inputs that no record has, and conditions that no record meets: told by `plan`, `run` and `run.json`, refused by the
//! gate.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;

use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};

/// A job whose pipeline counts records by the type of the event and by the country, both of which may be missing.
fn bench(settings: &str) -> Workbench {
    let bench = Workbench::new(&guest("page_days")).unwrap();
    job(&bench, settings);
    bench
}

/// Writes the job with these settings at its top.
fn job(bench: &Workbench, settings: &str) {
    let text = format!(
        r#"
table = "page_days"
component = "aggregate"
work = "work"
{settings}

[pipeline]
key = {{ type = "eventType?", country = "geo.country?" }}
keep = {{ n = "count", longest = "max(ms)" }}

[source.files]
path = "archive"

[target.sqlite]
path = "tables.db"
"#
    );
    fs::write(bench.job(), text).unwrap();
}

#[track_caller]
fn result(bench: &Workbench, line: &str) -> Value {
    let said = bench.run(&format!("{line} --output json"));
    said.json()["result"].take()
}

/// The number of events and those with the input at `path`.
#[track_caller]
fn present(presence: &Value, path: &str) -> (u64, u64) {
    let inputs = presence["inputs"].as_array().unwrap();
    let input = inputs.iter().find(|input| input["path"] == path);
    let input = input.unwrap_or_else(|| panic!("{presence}"));
    (
        presence["events"].as_u64().unwrap(),
        input["present"].as_u64().unwrap(),
    )
}

#[test]
fn an_input_that_no_record_has_is_told_and_refuses_the_gate() {
    let bench = bench("");
    let slip = r#"{"ms":1,"event_type":"a","geo":{"country":"CH"}}
{"ms":2,"event_type":"a","geo":{"country":null}}
{"ms":3,"event_type":"a"}
"#;
    bench.write_object("a.jsonl", slip).unwrap();
    bench.write_object("b.jsonl", slip).unwrap();
    let planned = result(&bench, "plan");
    let sample = &planned["estimate"]["sample"];
    assert_eq!(present(&sample["presence"], "eventType"), (6, 0));
    assert_eq!(present(&sample["presence"], "geo.country"), (6, 4));
    let said = bench.run("plan").success().stdout;
    assert!(said.contains("is in none of 6 events"), "{said}");
    assert!(said.contains("names there: `event_type`"), "{said}");
    assert!(said.contains("is in 4 of 6 events"), "{said}");

    let refused = bench.refuses("run --swap", 3, "BF0701");
    for part in [
        "null in each: `eventType`;",
        "absent from all 6 events",
        "gate.allow_absent = [",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let report = bench.run("run --output json").fails_with(3).json();
    let report = &report["result"];
    assert_eq!(present(&report["presence"], "eventType"), (6, 0));
    let folder = report["folder"].as_str().unwrap();
    let file = fs::read(bench.path().join(folder).join("run.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(file["presence"], report["presence"]);
    assert_eq!(file["splits"][0]["presence"]["events"], 6);
    let checks = report["gate"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "presence");
    assert_eq!(check.unwrap()["passed"], false);

    // The input is named as the gate says.
    let name = checks.iter().find_map(|check| {
        let (_, rest) = check["text"].as_str()?.split_once("allow_absent = [\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    });
    job(
        &bench,
        &format!("gate.allow_absent = [\"{}\"]", name.unwrap()),
    );
    let said = bench.run("run --swap").success().stdout;
    let allowed = "1 input in no event: `eventType`";
    assert!(said.contains(allowed), "{said}");
    assert!(said.contains("`gate.allow_absent`"), "{said}");
    assert_eq!(bench.builds().len(), 1, "nothing is built again");
}

#[test]
fn counts_of_splits_are_summed_and_one_record_is_enough() {
    let bench = bench("");
    let text = fs::read_to_string(bench.job()).unwrap();
    let text = text.replace(
        "path = \"archive\"",
        "path = \"archive\"\nsplit_size = \"1 B\"",
    );
    fs::write(bench.job(), text).unwrap();
    for name in ["a", "b", "c"] {
        let record = json!({"ms": 1, "geo": {"country": "CH"}});
        bench
            .write_object(&format!("{name}.jsonl"), record.to_string())
            .unwrap();
    }
    let last = r#"{"ms":1,"eventType":null}"#;
    bench.write_object("d.jsonl", last).unwrap();
    let report = result(&bench, "run --swap");
    assert_eq!(report["frozen"]["splits"], 4);
    assert_eq!(present(&report["presence"], "eventType"), (4, 1));
    assert_eq!(report["outcome"], "live");
}

#[test]
fn an_input_without_records_refuses_for_no_presence() {
    let bench = bench("gate.min_rows = 0");
    bench.write_object("a.jsonl", "").unwrap();
    let report = result(&bench, "run --swap");
    assert_eq!(report["outcome"], "live", "{report}");
}

#[test]
fn conditions_that_no_record_meets_are_told_and_refuse_the_gate() {
    let bench = Workbench::new(&guest("page_days")).unwrap();
    let job = |settings: &str| {
        let text = format!(
            r#"
table = "page_days"
component = "aggregate"
work = "work"
gate.min_rows = 0
{settings}
pipeline = {{ where = {{ type = ["view"] }}, key = {{ page = "page" }}, keep = {{ n = "count" }} }}
source.files.path = "archive"
target.sqlite.path = "tables.db"
"#
        );
        fs::write(bench.job(), text).unwrap();
    };
    job("");
    let lines = "{\"page\":\"/a\",\"kind\":\"view\"}\n".repeat(2)
        + "{\"page\":\"/a\",\"type\":\"click\"}\n";
    bench.write_object("a.jsonl", lines).unwrap();
    let said = bench.run("plan").success().stdout;
    let told = "of 3 records, 3 do not meet the conditions: `type` has to be \"view\" (records without it: 2)";
    assert!(said.contains(told), "{said}");
    let refused = bench.refuses("run --swap", 3, "BF0701");
    assert!(
        refused.contains("no record met the conditions"),
        "{refused}"
    );
    job("gate.allow_none_wanted = true");
    bench.run("run --swap").success();
}

#[test]
fn a_plan_tells_what_would_be_rejected_of_its_sample() {
    let bench = bench("");
    let lines =
        "{\"ms\":\"1\",\"eventType\":\"a\"}\n".repeat(7) + &"{\"eventType\":\"a\"}\n".repeat(2);
    bench.write_object("a.jsonl", lines).unwrap();
    let said = bench.run("plan").success().stdout;
    for part in [
        "of 9 records, 9 would be rejected",
        "7: ms: found a string where a value of kind int64 is wanted; a lenient `decode.numbers` takes it (first: a.jsonl record 0",
        "2: ms: missing or null (first: a.jsonl record 7",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let sample = result(&bench, "plan")["estimate"]["sample"].take();
    assert_eq!(
        (&sample["rejected"], &sample["folded"]),
        (&json!(9), &json!(0))
    );
    assert_eq!(sample["reasons"][0]["records"], 7);
}

#[test]
fn a_name_that_is_no_input_is_refused_before_anything_is_read() {
    let bench = bench("gate.allow_absent = [\"evntType\"]");
    let said = bench.refuses("plan", 2, "BF0013");
    assert!(said.contains("`evntType`, which is no input"), "{said}");
}
