//! Objects beside those of the events: known by the layout, or left out by patterns of the job.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

const RECORD: &str = r#"{"ts":"2026-01-31T10:00:00Z","page_id":"/a","duration_ms":1}"#;

fn bench(settings: &str) -> Workbench {
    let component = guest("page_days");
    let bench = Workbench::new(&component).unwrap();
    bench.write_job(&component, settings).unwrap();
    bench
}

/// Builds the table, and gives the number of events and the notes of the plan.
#[track_caller]
fn built(bench: &Workbench) -> (u64, String) {
    let report: Value = bench.run("run --swap --output json").success().json();
    let notes = report["result"]["frozen"]["notes"].as_array().unwrap();
    let notes: Vec<_> = notes.iter().map(|note| note.as_str().unwrap()).collect();
    (
        report["result"]["counts"]["events"].as_u64().unwrap(),
        notes.join("\n"),
    )
}

#[test]
fn sidecars_of_confluents_sink_are_skipped_and_named() {
    let bench = bench("source.files.layout = \"confluent\"");
    for offset in ["0000000000", "0000000001"] {
        let name = format!("topics/t/partition=0/t+0+{offset}");
        bench.write_object(&format!("{name}.json"), RECORD).unwrap();
        bench
            .write_object(&format!("{name}.keys.json"), r#"{"id":1}"#)
            .unwrap();
        bench
            .write_object(&format!("{name}.headers.json"), r#"[{"key":"h"}]"#)
            .unwrap();
    }
    let (events, notes) = built(&bench);
    assert_eq!(events, 2);
    for part in [
        "they hold the keys of records and not their values (`.keys.`): 2, the first of them \
         `topics/t/partition=0/t+0+0000000000.keys.json`",
        "they hold the headers of records and not their values (`.headers.`): 2",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let said = bench.run("plan").success().stdout;
    assert!(said.contains("(`.keys.`): 2"), "{said}");
}

#[test]
fn failed_records_of_firehose_are_skipped_and_named() {
    let bench = bench("source.files.layout = \"firehose\"");
    let failed = r#"{"attemptsMade":4,"errorCode":"Lambda.FunctionError","rawData":"e30="}"#;
    for (key, text) in [
        ("2026/01/31/10/s-1-2026-01-31-10-00-00-a", RECORD),
        (
            "processing-failed/2026/01/31/10/s-1-2026-01-31-10-00-00-b",
            failed,
        ),
        (
            "format-conversion-failed/2026/01/31/10/s-1-2026-01-31-10-00-00-c",
            failed,
        ),
    ] {
        bench.write_object(key, text).unwrap();
    }
    let (events, notes) = built(&bench);
    assert_eq!(events, 1);
    let told = "Firehose writes failed records there, wrapped in the error: 2, the first of them \
                `format-conversion-failed/2026/01/31/10/s-1-2026-01-31-10-00-00-c`";
    assert!(notes.contains(told), "{notes}");
}

#[test]
fn patterns_of_the_job_select_objects() {
    let bench = bench(
        "source.files = { include = [\"*.jsonl\", \"*.json\"], exclude = [\"manifest.json\", \"old/\"] }",
    );
    for (key, text) in [
        ("dt=2026-01-31/part-0.json", RECORD),
        ("dt=2026-01-31/part-1.jsonl", RECORD),
        ("dt=2026-01-31/README.md", "# x"),
        ("dt=2026-01-31/manifest.json", r#"{"files":1}"#),
        ("dt=2026-01-31_$folder$", ""),
        ("old/part-0.json", RECORD),
    ] {
        bench.write_object(key, text).unwrap();
    }
    let (events, notes) = built(&bench);
    assert_eq!(events, 2);
    let told = "skipped by `include` and `exclude`: 4, the first of them `dt=2026-01-31/README.md`";
    assert!(notes.contains(told), "{notes}");
    // Other patterns read another input.
    let settings = "source.files.exclude = [\"*.md\", \"manifest.json\"]";
    bench.write_job(&guest("page_days"), settings).unwrap();
    let (events, notes) = built(&bench);
    assert_eq!((events, bench.builds().len()), (3, 2));
    assert!(
        notes.contains("they mark folders (`$folder$`): 1"),
        "{notes}"
    );

    bench
        .write_job(&guest("page_days"), "source.files.exclude = [\"a[\"]")
        .unwrap();
    let said = bench.refuses("plan", 2, "BF0006");
    assert!(said.contains("`a[` is not a pattern"), "{said}");
    bench
        .write_job(&guest("page_days"), "source.files.include = [\"*.csv\"]")
        .unwrap();
    let said = bench.refuses("plan", 2, "BF0203");
    assert!(
        said.contains("skipped by `include` and `exclude`: 6"),
        "{said}"
    );
}

#[test]
fn without_a_layout_doubtful_objects_are_read_and_named() {
    let bench = bench("");
    bench.write_object("2026/01/31/10/a", RECORD).unwrap();
    bench
        .write_object("processing-failed/2026/01/31/10/b", RECORD)
        .unwrap();
    let (events, notes) = built(&bench);
    assert_eq!(events, 2);
    let told = "Objects that are read although by their keys Firehose writes failed records there, wrapped in the error: 1";
    assert!(notes.contains(told), "{notes}");
}
