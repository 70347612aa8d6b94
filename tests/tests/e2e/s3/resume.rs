//! Over S3 too, a run that was stopped goes on with the same command to the same table.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::process::Command;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process::{self, Finished, Running};
use backfold_tests::workbench::Workbench;
use serde_json::Value;

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 6_000,
    objects: 60,
    ..ArchiveSpec::SMALL
};

const RUN: &str = "run --swap --trust-laws --output json";

/// A table of an archive in a bucket, a split an object.
struct Remote {
    bench: Workbench,
    gateway: Gateway,
    archive: Archive,
}

impl Remote {
    async fn start() -> Self {
        let archive = Archive::new(&SPEC).unwrap();
        let bench = Workbench::with_archive(&guest("page_days"), &archive).unwrap();
        let gateway = Gateway::start().await.unwrap();
        gateway.upload(&bench.archive(), "raw/").await.unwrap();
        Remote {
            bench,
            gateway,
            archive,
        }
    }

    /// Writes the job; `requests` says how the store is asked, which no build depends on.
    fn write_job(&self, requests: &str, settings: &str) {
        let source = format!(
            "[source.s3]\nbucket = \"{BUCKET}\"\nprefix = \"raw/\"\nsplit_size = \"1 B\"\n{requests}\n"
        );
        let settings = format!("{settings}\n{source}");
        self.bench
            .write_job(&guest("page_days"), &settings)
            .unwrap();
    }

    fn command(&self) -> Command {
        let mut command = self.bench.command(RUN);
        command.envs(self.gateway.environment());
        command
    }

    fn run(&self) -> Finished {
        process::run(&mut self.command()).success()
    }

    fn key(&self, object: u64) -> String {
        format!("raw/{}", self.archive.key(object))
    }

    /// Appends a record without a page to an object. Returns the file, within a build, that lists it.
    async fn spoil(&self, object: u64) -> String {
        let mut content = self.archive.content(object);
        content.extend_from_slice(b"{\"ts\": \"2026-01-01T00:00:00Z\"}\n");
        self.gateway.put(&self.key(object), content).await.unwrap();
        format!("quarantine/{object:010}.jsonl")
    }

    /// The checks after a run: the right table, with each split folded once, in one build.
    #[track_caller]
    fn check_complete(&self, finished: &Finished) {
        let result = &finished.json()["result"];
        assert_eq!(result["outcome"], "live");
        assert_eq!(result["counts"]["events"], SPEC.events);
        assert_eq!(result["frozen"]["splits"], SPEC.objects);
        assert_eq!(self.bench.builds().len(), 1, "all went on with one build");
        assert!(self.bench.tallies().unwrap() == self.archive.expected());
        assert_eq!(self.splits(), (0..SPEC.objects).collect::<Vec<_>>());
    }

    /// The splits that the journal says are folded, in order.
    fn splits(&self) -> Vec<u64> {
        let journal = self.bench.journal();
        let entries = journal
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut splits: Vec<u64> = entries
            .flat_map(|entry| entry["splits"].as_array().cloned().unwrap_or_default())
            .map(|split| split["split"].as_u64().unwrap())
            .collect();
        splits.sort_unstable();
        splits
    }
}

/// A second's worth of requests is free, the others come one in 125 milliseconds: no run ends within six seconds.
const SLOW: &str = "requests = { max_per_second = 8 }";

/// The digest of a run without interruption.
async fn undisturbed_digest() -> Value {
    let remote = Remote::start().await;
    remote.write_job("", "");
    let finished = remote.run();
    remote.check_complete(&finished);
    finished.json()["result"]["loaded"]["digest"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_each_few_splits() {
    let remote = Remote::start().await;
    let settings = "fold = { workers = 2, checkpoint_interval = \"0s\" }";
    remote.write_job(SLOW, settings);
    for kills in 1..=3 {
        let before = remote.bench.journal();
        let mut running = Running::start(&mut remote.command());
        running.wait_until(|| remote.bench.journal().len() >= before.len() + 4);
        assert_eq!(running.kill().code(), None, "it should not have ended yet");
        let after = remote.bench.journal();
        assert!(after.starts_with(&before), "{before:?}\n{after:?}");
        assert!(after.len() < SPEC.objects as usize, "killed {kills} times");
    }
    remote.write_job("", settings);
    let finished = remote.run();
    remote.check_complete(&finished);
    assert_eq!(
        finished.json()["result"]["loaded"]["digest"],
        undisturbed_digest().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_it_keeps_a_checkpoint_and_what_that_covers_is_not_read_again() {
    let remote = Remote::start().await;
    // With the interval of half a minute, only the interruption makes a checkpoint.
    let settings = "gate.max_quarantined = 1";
    remote.write_job(SLOW, settings);
    let rejected = remote.spoil(0).await;
    let mut running = Running::start(&mut remote.command());
    running.wait_until(|| {
        let builds = remote.bench.builds();
        builds.iter().any(|build| build.join(&rejected).exists())
    });
    assert!(remote.bench.journal().is_empty());
    running.signal("INT");
    let finished = running.finish().fails_with(130);
    assert_eq!(finished.json()["error"]["code"], "BF0505");
    assert!(remote.bench.rows().is_err(), "nothing is live");

    let covered = remote.splits();
    assert!(
        (1..SPEC.objects as usize).contains(&covered.len()),
        "{covered:?}"
    );
    for split in covered {
        let delete = remote.gateway.client.delete_object().bucket(BUCKET);
        delete.key(remote.key(split)).send().await.unwrap();
    }
    let finished = remote.run();
    remote.check_complete(&finished);
    assert_eq!(
        finished.json()["result"]["loaded"]["digest"],
        undisturbed_digest().await
    );
}
