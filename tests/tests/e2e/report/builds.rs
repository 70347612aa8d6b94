//! The builds that the pages are about.

use std::fs;
use std::path::{Path, PathBuf};

use backfold_tests::workbench::Workbench;
use serde_json::json;

/// Text that would do harm if it were markup: it is in keys, in reasons and in records.
pub(super) const HOSTILE: &str =
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>";

/// The declaration of the table, with a reason that is markup.
const PIPELINE: &str = r#"
[pipeline]
event_time = "ts"
reject = { "duration_ms < 0" = "<script>document.title='owned'</script> the duration is negative" }
key = { page = "page_id", day = "day_of(ts)" }

[pipeline.keep]
views = "count"
total_ms = "sum(duration_ms)"
longest_ms = "max(duration_ms)"
"#;

fn bench(settings: &str) -> Workbench {
    let component = Path::new("aggregate");
    let bench = Workbench::new(component).unwrap();
    let settings = format!("{settings}\n{PIPELINE}");
    bench.write_job(component, &settings).unwrap();
    bench
}

/// Writes an object of an hour, as Firehose would, with an event in each minute.
fn hour(bench: &Workbench, hour: u32, slower: u32) {
    let records = (0..60).map(|minute| {
        let (day, hour) = (1 + hour / 24, hour % 24);
        let record = json!({
            "ts": format!("2026-01-{day:02}T{hour:02}:{minute:02}:00Z"),
            "page_id": format!("/page/{}", minute % 20),
            "duration_ms": 100 + minute * 7 + slower,
        });
        format!("{record}\n")
    });
    let (day, of_day) = (1 + hour / 24, hour % 24);
    let key = format!("2026/01/{day:02}/{of_day:02}/clicks-{hour}.jsonl");
    bench
        .write_object(&key, records.collect::<String>())
        .unwrap();
}

/// The job of hours, each of which is a split.
const HOURS: &str = "source.files.layout = \"firehose\"\nsource.files.split_size = \"1\"";

/// A job over `hours` hours.
pub(super) fn hours(settings: &str, hours: u32) -> Workbench {
    let bench = bench(&format!("{HOURS}\n{settings}"));
    (0..hours).for_each(|one| hour(&bench, one, 0));
    bench
}

/// A build that may go live: another day than the live one has, and one hour that was corrected.
pub(super) fn good() -> Workbench {
    let bench = hours("gate.max_rows_ratio = 3.0", 48);
    bench.run("run --swap").success();
    (48..72).for_each(|one| hour(&bench, one, 0));
    hour(&bench, 30, 5);
    bench.run("run").success();
    bench
}

/// Writes an object of a topic, as Aiven's sink would. Of `faulty` objects, some records are rejected and some keys are
/// markup.
fn offsets(bench: &Workbench, partition: u32, start: u32, factor: i64, faulty: bool) {
    let records = (start..start + 100).map(|offset| {
        let page = match faulty && (offset % 40 == 3 || offset % 50 == 9) {
            true => format!("/{HOSTILE}\"&'\u{202e}gnp.exe"),
            false => format!("/page/{}", offset % 30),
        };
        let duration_ms = match (faulty, offset % 50) {
            (true, 7) => json!(-5),
            (true, 9) => json!(HOSTILE),
            _ => json!(i64::from(offset) * factor),
        };
        let ts = match faulty && offset % 90 == 11 {
            true => HOSTILE,
            false => "2026-01-01T10:00:00Z",
        };
        let value = json!({ "ts": ts, "page_id": page, "duration_ms": duration_ms });
        format!("{}\n", json!({ "offset": offset, "value": value }))
    });
    let key = format!("clicks-{partition}-{start}.jsonl");
    bench
        .write_object(&key, records.collect::<String>())
        .unwrap();
}

/// A build that is refused: offsets are missing, records are rejected, and the values of a partition drifted. Keys,
/// reasons and records are markup.
pub(super) fn refused() -> Workbench {
    let settings = "source.files.layout = \"aiven\"\ndecode.envelope = \"aiven\"\nsource.files.split_size = \"1\"";
    let bench = bench(settings);
    for partition in 0..3 {
        (0..1_000)
            .step_by(100)
            .for_each(|start| offsets(&bench, partition, start, 1, false));
    }
    bench.run("run --swap").success();
    fs::remove_file(bench.archive().join("clicks-1-300.jsonl")).unwrap();
    fs::remove_file(bench.archive().join("clicks-1-700.jsonl")).unwrap();
    for start in (1_000..1_500).step_by(100) {
        offsets(&bench, 0, start, 40, true);
        offsets(&bench, 2, start, 1, true);
    }
    bench.refuses("run", 3, "BF0701");
    bench
}

/// Writes the page of the newest build, and returns its path.
#[track_caller]
pub(super) fn page(bench: &Workbench) -> PathBuf {
    let path = bench.path().join("page.html");
    let line = format!("report job.toml --out {}", path.display());
    bench.run(&line).success();
    path
}

/// The text of a page.
#[track_caller]
pub(super) fn page_text(bench: &Workbench) -> String {
    fs::read_to_string(page(bench)).unwrap()
}
