//! An object that changes between plan and run stops the run by its name, or is read in its planned version.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::process::Command;

use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process;
use backfold_tests::visits::{Format, Part};
use backfold_tests::workbench::Workbench;

/// A change of an object.
#[derive(Clone, Copy, Debug)]
enum Change {
    Longer,
    /// Of the same size, and written within the same second.
    Other,
    Removed,
}

const CHANGES: [(Change, &str); 3] = [
    (Change::Longer, "BF0211"),
    (Change::Other, "BF0211"),
    (Change::Removed, "BF0212"),
];

/// The key of the object, one in the middle.
fn key(format: Format, number: u64) -> String {
    let ending = match format {
        Format::Parquet => "parquet",
        Format::Avro => "avro",
        _ => "json",
    };
    format!("raw/{number:02}.{ending}")
}

/// An archive of one format in a bucket.
struct Remote {
    bench: Workbench,
    gateway: Gateway,
    objects: Vec<(String, Vec<u8>)>,
}

impl Remote {
    async fn start(format: Format, settings: &str) -> Self {
        let bench = Workbench::new(&guest("visits")).unwrap();
        let source = format!("[source.s3]\nbucket = \"{BUCKET}\"\nprefix = \"raw/\"\n{settings}");
        bench.write_job(&guest("visits"), &source).unwrap();
        let parts = Part::all().unwrap();
        let parts = parts[..12].iter();
        Remote {
            bench,
            gateway: Gateway::start().await.unwrap(),
            objects: parts
                .map(|part| {
                    let content = part.content(format, true).unwrap();
                    (key(format, part.number), content)
                })
                .collect(),
        }
    }

    async fn write_all(&self) {
        for (key, content) in &self.objects {
            self.gateway.put(key, content.clone()).await.unwrap();
        }
    }

    /// Changes the object in the middle; gives its key.
    async fn change(&self, change: Change) -> &str {
        let (key, content) = &self.objects[7];
        let mut content = content.clone();
        match change {
            Change::Longer => content.extend_from_within(..),
            Change::Other => {
                let middle = content.len() / 2;
                content[middle] ^= 1;
            }
            Change::Removed => {
                let delete = self.gateway.client.delete_object().bucket(BUCKET);
                delete.key(key).send().await.unwrap();
                return key;
            }
        }
        self.gateway.put(key, content).await.unwrap();
        key
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.bench.command(line);
        command.envs(self.gateway.environment());
        command
    }
}

async fn check_without_versions(format: Format) {
    let mut rows = None;
    for (change, code) in CHANGES {
        // Where a table of the same objects is live, there is nothing to read.
        let remote = Remote::start(format, "").await;
        remote.write_all().await;
        process::run(&mut remote.command("plan")).success();
        let key = remote.change(change).await;
        // The second time as the first.
        for _ in 0..2 {
            let mut run = remote.command("run --swap --trust-laws");
            let message = remote.bench.refuses_as(&mut run, 42, code);
            let place = format!("`s3://{BUCKET}/{key}`");
            assert!(message.contains(&place), "{change:?}: {message}");
        }
        // Once it is as it was, the same command goes on.
        remote.write_all().await;
        process::run(&mut remote.command("run --swap --trust-laws")).success();
        let found = remote.bench.rows().unwrap();
        let expected = rows.get_or_insert_with(|| found.clone());
        assert!(found == *expected, "{change:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_it_stops_the_run() {
    check_without_versions(Format::JsonLines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_it_stops_the_run_that_reads_by_ranges() {
    check_without_versions(Format::Parquet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_versions_the_planned_one_is_read() {
    for format in [Format::JsonLines, Format::Parquet] {
        let remote = Remote::start(format, "versions = \"always\"").await;
        remote.gateway.keep_versions().await.unwrap();
        remote.write_all().await;
        process::run(&mut remote.command("run --swap --trust-laws")).success();
        let expected = remote.bench.rows().unwrap();
        for (change, _) in CHANGES {
            remote.write_all().await;
            process::run(&mut remote.command("plan")).success();
            remote.change(change).await;
            process::run(&mut remote.command("run --swap --trust-laws")).success();
            assert!(
                remote.bench.rows().unwrap() == expected,
                "{format:?} {change:?}"
            );
        }
    }
}
