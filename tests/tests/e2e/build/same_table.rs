//! The same table, whatever the workers, batches, windows, budgets, splits, checkpoints and merges: that of a
//! fold into a map.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backfold::job::{Job, Overrides};
use backfold::progress::Progress;
use backfold::replay::{self, Outcome, RunOptions};
use backfold::store::StoreContext;
use backfold_tests::components::guest;
use backfold_tests::workbench::Workbench;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestCaseError, TestRunner};
use rusqlite::types::Value;
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[derive(Clone, Debug)]
struct Event {
    user: u8,
    page: u16,
    day: u8,
    duration_ms: i32,
}

impl Event {
    fn page(&self) -> String {
        // Long enough for a few hundred to fill the smallest budget.
        format!(
            "/{}/{}",
            self.page,
            "ä".repeat(usize::from(self.page) % 150)
        )
    }

    fn day(&self) -> String {
        format!("2026-01-{:02}", self.day)
    }

    fn json(&self) -> String {
        let record = json!({
            "ts": format!("{}T12:00:00Z", self.day()),
            "user_id": format!("u{}", self.user),
            "page_id": self.page(),
            "duration_ms": self.duration_ms,
        });
        record.to_string()
    }
}

/// An object of an archive, perhaps without an event.
#[derive(Clone, Debug)]
struct Object {
    events: Vec<Event>,
    ending: &'static str,
    delimiter: &'static str,
}

impl Object {
    fn bytes(&self) -> Vec<u8> {
        let records = self
            .events
            .iter()
            .map(|event| event.json() + self.delimiter);
        let plain = records.collect::<String>().into_bytes();
        match self.ending {
            ".gz" => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&plain).unwrap();
                encoder.finish().unwrap()
            }
            ".zst" => zstd::encode_all(&plain[..], 1).unwrap(),
            _ => plain,
        }
    }
}

fn archives() -> impl Strategy<Value = Vec<Object>> {
    let event =
        (0..6_u8, 0..600_u16, 1..4_u8, any::<i32>()).prop_map(|(user, page, day, duration_ms)| {
            Event {
                user,
                page,
                day,
                duration_ms,
            }
        });
    let events = prop_oneof![
        3 => prop::collection::vec(event.clone(), 0..40),
        1 => prop::collection::vec(event, 300..900),
    ];
    let object = (
        events,
        select(vec!["", ".gz", ".zst"]),
        select(vec!["", "\n", "\r\n"]),
    )
        .prop_map(|(events, ending, delimiter)| Object {
            events,
            ending,
            delimiter,
        });
    prop::collection::vec(object, 1..10)
}

/// Settings that must not show in the table.
fn settings() -> impl Strategy<Value = String> {
    (
        select(vec![1, 2, 8]),
        select(vec![1, 2, 7, 64, 8192]),
        select(vec![1, 2, 16]),
        select(vec!["1 B", "1 MiB", "128 MiB"]),
        select(vec!["1 B", "2 KiB", "64 MiB"]),
        select(vec!["0s", "1h"]),
        select(vec![2, 3, 32]),
    )
        .prop_map(|(workers, rows, window, budget, split, interval, fan_in)| {
            format!(
                r#"
                source.files.split_size = "{split}"
                decode.batch_rows = {rows}
                [fold]
                workers = {workers}
                window_batches = {window}
                state_budget = "{budget}"
                checkpoint_interval = "{interval}"
                merge_fan_in = {fan_in}
                "#
            )
        })
}

/// Folds archives in this process.
struct Folding {
    bench: Workbench,
    component: PathBuf,
    /// Settings of every job.
    settings: &'static str,
    runtime: tokio::runtime::Runtime,
}

impl Folding {
    fn with(component: PathBuf) -> Self {
        Folding {
            bench: Workbench::new(&component).unwrap(),
            component,
            settings: "",
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn write(&self, objects: &[Object]) {
        fs::remove_dir_all(self.bench.archive()).unwrap();
        for (number, object) in objects.iter().enumerate() {
            let key = format!("{number:02}.jsonl{}", object.ending);
            self.bench.write_object(&key, object.bytes()).unwrap();
        }
    }

    /// Runs the job with these settings; gives the digest of the rows, and the rows.
    fn run(&self, settings: &str) -> (String, Vec<Vec<Value>>) {
        let settings = format!("gate.min_rows = 0\n{}\n{settings}", self.settings);
        self.bench.write_job(&self.component, &settings).unwrap();
        let job = Job::load(&self.bench.job(), &Overrides::default()).unwrap();
        let options = RunOptions {
            swap: true,
            fresh: true,
            ..RunOptions::default()
        };
        let (progress, cancel) = (Arc::new(Progress::default()), CancellationToken::new());
        let run = replay::run(&job, &options, progress, cancel);
        let report = self.runtime.block_on(run).unwrap();
        assert_eq!(report.outcome, Outcome::Live);
        let context = StoreContext::default();
        let options = replay::GcOptions {
            keep: 0,
            older_than: None,
            dry_run: false,
            share: None,
            wait: Duration::ZERO,
        };
        let gc = replay::gc(&job, &options, &context);
        self.runtime.block_on(gc).unwrap();
        (report.loaded.unwrap().digest, self.bench.rows().unwrap())
    }

    /// Whether random archives come to what `expected` says of their events, whatever the settings.
    fn check(
        &self,
        cases: u32,
        expected: impl Fn(&mut dyn Iterator<Item = &Event>) -> Vec<Vec<Value>>,
    ) {
        let config = ProptestConfig {
            cases,
            max_shrink_iters: 200,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let input = (archives(), prop::collection::vec(settings(), 2));
        let outcome = TestRunner::new(config).run(&input, |(objects, variants)| {
            self.write(&objects);
            let expected = expected(&mut objects.iter().flat_map(|object| &object.events));
            let (digest, rows) = self.run("");
            prop_assert_eq!(&rows, &expected);
            for settings in variants {
                let found = self.run(&settings);
                let same = found.0 == digest && found.1 == rows;
                prop_assert!(
                    same,
                    "{}: {:?} instead of {:?}",
                    settings,
                    found,
                    (&digest, &rows)
                );
            }
            Ok::<(), TestCaseError>(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// Counts and sums by page and day.
fn tally<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Vec<Value>> {
    let mut tallies = BTreeMap::<_, (i64, i64)>::new();
    for event in events {
        let tally = tallies.entry((event.page(), event.day())).or_default();
        tally.0 += 1;
        tally.1 += i64::from(event.duration_ms);
    }
    let row = |((page, day), (views, total_ms))| {
        vec![
            Value::Text(page),
            Value::Text(day),
            Value::Integer(views),
            Value::Integer(total_ms),
        ]
    };
    tallies.into_iter().map(row).collect()
}

#[test]
fn of_a_commutative_component() {
    Folding::with(guest("page_days")).check(24, |events| tally(events));
}

#[test]
fn of_a_component_that_some_records_are_fatal_to() {
    let folding = Folding {
        settings: "params.trap = \"/7\"\ngate.max_quarantined = 1000000",
        ..Folding::with(guest("trapping"))
    };
    folding.check(24, |events| {
        // Negative durations it rejects.
        tally(events.filter(|event| event.duration_ms >= 0 && !event.page().starts_with("/7")))
    });
}

#[test]
fn of_a_component_that_is_not_commutative() {
    Folding::with(guest("latest")).check(24, |events| {
        let mut visits = BTreeMap::<_, (i64, Vec<u8>)>::new();
        for event in events {
            let (count, trail) = visits.entry(format!("u{}", event.user)).or_default();
            *count += 1;
            trail.extend_from_slice(format!("/{}", event.page()).as_bytes());
        }
        let row = |(user, (count, trail)): (String, (i64, Vec<u8>))| {
            let end = trail[trail.len().saturating_sub(32)..].to_vec();
            vec![Value::Text(user), Value::Integer(count), Value::Blob(end)]
        };
        visits.into_iter().map(row).collect()
    });
}
