//! Components that break a law are found out, by the law that they break and in its smallest case.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::{clicks, guest};
use backfold_tests::process::{Finished, backfold, run};
use backfold_tests::workbench::Workbench;
use serde_json::{Value, json};
use tempfile::TempDir;

const LAWS: [&str; 7] = [
    "determinism",
    "identity",
    "associativity",
    "commutativity",
    "stability",
    "cuts",
    "present",
];

/// Runs `backfold check` in `folder`.
fn check(folder: &Path, component: &Path, line: &str) -> Finished {
    run(backfold()
        .arg("check")
        .arg(component)
        .args(line.split_whitespace())
        .args(["--output", "json"])
        .current_dir(folder))
}

/// The result of a law in a report.
fn verdict<'a>(report: &'a Value, law: &str) -> &'a Value {
    let mut laws = report["result"]["laws"].as_array().unwrap().iter();
    laws.find(|result| result["law"] == law).unwrap()
}

/// The laws that a report names as broken.
fn broken(report: &Value) -> Vec<&str> {
    let is_broken = |law: &&str| verdict(report, law)["verdict"] == "broken";
    LAWS.into_iter().filter(is_broken).collect()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// An archive and a job of the lawless component.
fn lawless(breaks: &str) -> Workbench {
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    let bench = Workbench::with_archive(&guest("lawless"), &archive).unwrap();
    let settings = format!("params.breaks = \"{breaks}\"");
    bench.write_job(&guest("lawless"), &settings).unwrap();
    bench
}

#[test]
fn good_components_keep_all_laws_on_made_up_events() {
    for component in [
        clicks(),
        guest("page_days"),
        guest("latest"),
        guest("lawless"),
    ] {
        let report = check(folder().path(), &component, "--sample 2000")
            .success()
            .json();
        assert_eq!(broken(&report), [""; 0], "{report:#}");
        for law in ["determinism", "identity", "associativity", "cuts"] {
            let result = verdict(&report, law);
            assert_eq!(result["verdict"], "holds", "{component:?}: {result:#}");
            assert!(result["cases"].as_u64().unwrap() > 0, "{result:#}");
        }
    }
}

#[test]
fn the_laws_hold_on_events_of_the_job_and_nothing_is_left_behind() {
    let bench = lawless("nothing");
    let report = check(
        bench.path(),
        &guest("lawless"),
        "--job job.toml --sample 1000",
    )
    .success()
    .json();
    let result = &report["result"];
    assert_eq!(
        (&result["events"], &result["accepted"], &result["made_up"]),
        (&json!(1000), &json!(1000), &json!(false))
    );
    assert!(result["keys"].as_u64().unwrap() > 20, "{result:#}");
    assert!(!bench.work().exists());
    assert!(!bench.database().exists());
}

#[test]
fn what_is_not_claimed_is_not_tested() {
    let report = check(folder().path(), &guest("latest"), "--sample 500")
        .success()
        .json();
    let result = verdict(&report, "commutativity");
    assert_eq!(result["verdict"], "not_claimed");
}

/// A fault, the law that it breaks, and how many events make each operand of the smallest case.
const FAULTS: [(&str, &str, &[usize]); 9] = [
    ("determinism", "determinism", &[2]),
    ("merging", "determinism", &[1, 1]),
    ("views", "determinism", &[1]),
    ("identity", "identity", &[1]),
    ("associativity", "associativity", &[1, 1, 1]),
    ("commutativity", "commutativity", &[1, 1]),
    ("stability", "stability", &[1, 1]),
    ("cuts", "cuts", &[1, 1]),
    ("present", "present", &[3]),
];

/// The smallest case of a report in which this law alone is broken.
fn smallest_case<'a>(report: &'a Value, law: &str, events: &[usize]) -> &'a Value {
    assert_eq!(broken(report), [law], "{report:#}");
    let case = &verdict(report, law)["counterexample"];
    let operands = case["operands"].as_array().unwrap().iter();
    let counts: Vec<_> = operands
        .map(|operand| operand["events"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, events, "{case:#}");
    case
}

#[test]
fn each_fault_breaks_its_law_alone_and_does_so_again_from_its_file() {
    for (fault, law, events) in FAULTS {
        let folder = folder();
        let line = format!("--sample 1000 --save case.json -p breaks={fault}");
        let finished = check(folder.path(), &guest("lawless"), &line).fails_with(3);
        let report = finished.json();
        let case = smallest_case(&report, law, events);
        assert_eq!(report["error"]["code"], "BF0430");
        let message = report["error"]["message"].as_str().unwrap();
        assert!(
            message.contains(law) && message.contains("case.json"),
            "{message}"
        );

        let kept = fs::read_to_string(folder.path().join("case.json")).unwrap();
        assert_eq!(&serde_json::from_str::<Value>(&kept).unwrap(), case);
        let again = check(folder.path(), &guest("lawless"), "--again case.json");
        assert_eq!(
            again.fails_with(3).json()["result"]["operands"],
            case["operands"]
        );
        let corrected = "--again case.json -p breaks=nothing";
        let again = check(folder.path(), &guest("lawless"), corrected).success();
        assert_eq!(again.json()["result"], Value::Null);
    }
}

#[test]
fn a_case_on_events_of_a_job_names_their_records() {
    for (fault, law, events) in FAULTS {
        let bench = lawless(fault);
        let line = "--sample 1000 --job job.toml";
        let report = check(bench.path(), &guest("lawless"), line)
            .fails_with(3)
            .json();
        let case = smallest_case(&report, law, events);
        let position = &case["operands"][0]["events"][0]["position"];
        assert!(position["source"].is_string(), "{case:#}");
    }
}

#[test]
fn people_see_the_case_and_how_to_run_it_again() {
    let folder = folder();
    let finished = run(backfold()
        .arg("check")
        .arg(guest("lawless"))
        .args(["-p", "breaks=associativity"])
        .current_dir(folder.path()))
    .fails_with(3);
    let (text, errors) = (&finished.stdout, &finished.stderr);
    for shown in [
        "✗ associativity",
        "combine(combine(a, b), c) is not combine(a, combine(b, c))",
        "count=3",
        "--again counterexample.json",
        "not tested: it rests on associativity",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    assert!(errors.contains("error[BF0430]"), "{errors}");
}

#[test]
fn records_that_cannot_be_folded_are_left_out_and_told() {
    let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
    let bench = Workbench::with_archive(&guest("trapping"), &archive).unwrap();
    let object = bench.archive().join("0.jsonl");
    let trap = |page: &str, duration_ms: i64| {
        let record =
            json!({ "ts": "2026-01-01T10:00:00Z", "page_id": page, "duration_ms": duration_ms });
        format!("{record}\n")
    };
    let records = [
        trap("/a", 1),
        trap("trap", 1),
        trap("/b", -1),
        trap("/c", 1),
    ]
    .concat();
    fs::remove_dir_all(bench.archive()).unwrap();
    fs::create_dir(bench.archive()).unwrap();
    fs::write(object, records).unwrap();
    let report = check(bench.path(), &guest("trapping"), "--job job.toml")
        .success()
        .json();
    let result = &report["result"];
    assert_eq!(
        (
            &result["accepted"],
            &result["rejected"],
            &result["left_out"]
        ),
        (&json!(2), &json!(1), &json!(1)),
        "{result:#}"
    );
    let because = result["left_out_because"].as_str().unwrap();
    assert!(because.contains("trapped in `fold`"), "{because}");
}

#[test]
fn where_nothing_is_accepted_nothing_is_claimed() {
    let bench = Workbench::new(&guest("trapping")).unwrap();
    let record = json!({ "ts": "2026-01-01T10:00:00Z", "page_id": "/a", "duration_ms": -1 });
    bench.write_object("0.jsonl", record.to_string()).unwrap();
    let finished = check(bench.path(), &guest("trapping"), "--job job.toml").fails_with(2);
    assert_eq!(finished.json()["error"]["code"], "BF0431");
}

#[test]
fn an_input_that_cannot_be_read_is_said_so() {
    let bench = lawless("nothing");
    bench.write_object("0.jsonl.gz", b"\x1f\x8bno").unwrap();
    fs::remove_dir_all(bench.archive().join("2026")).ok();
    let others: Vec<PathBuf> = fs::read_dir(bench.archive())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    for other in others {
        fs::remove_dir_all(other).unwrap();
    }
    check(bench.path(), &guest("lawless"), "--job job.toml").fails_with(42);
}

#[test]
fn a_file_that_is_no_case_is_refused() {
    let folder = folder();
    fs::write(folder.path().join("case.json"), "{\"law\": \"none\"}").unwrap();
    for file in ["case.json", "missing.json"] {
        let line = format!("--again {file}");
        let finished = check(folder.path(), &guest("lawless"), &line).fails_with(2);
        assert_eq!(finished.json()["error"]["code"], "BF0432");
    }
}

#[test]
fn a_run_refuses_a_component_that_breaks_a_law_unless_it_is_trusted() {
    let bench = lawless("nothing");
    bench.run("run --swap").success();
    let settings = "params.breaks = \"associativity\"";
    bench.write_job(&guest("lawless"), settings).unwrap();
    let said = bench.refuses("run --swap", 3, "BF0430");
    let build = bench.builds().pop().unwrap();
    let case = build.join("counterexample.json");
    let shown = case.strip_prefix(bench.path()).unwrap();
    assert!(said.contains(shown.to_str().unwrap()), "{said}");
    assert_eq!(fs::read_dir(build.join("runs")).unwrap().count(), 0);

    let line = format!("--again {}", case.display());
    check(bench.path(), &guest("lawless"), &line).fails_with(3);
    // A second attempt says the same, and nothing has been folded by then.
    bench.refuses("run --swap", 3, "BF0430");
    bench.run("run --swap --trust-laws").success();
}

#[test]
fn a_run_that_goes_on_does_not_test_again() {
    let bench = lawless("cuts");
    bench.refuses("run", 3, "BF0430");
    bench.run("run --only-fold --trust-laws").success();
    bench.run("run").success();
}

#[test]
fn a_call_that_would_fail_the_run_itself_has_the_same_code_before() {
    let bench = lawless("present");
    let said = bench.refuses("run", 42, "BF0411");
    assert!(
        said.contains("law of present") && said.contains("trapped in `present`"),
        "{said}"
    );
}
