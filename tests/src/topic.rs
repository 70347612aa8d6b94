//! The clicks of an archive as a topic, and a job that folds them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::archive::{Archive, ArchiveSpec, Event};
use crate::broker::{Broker, Record};
use crate::workbench::Workbench;

/// How many partitions the clicks are dealt out to.
pub const PARTITIONS: i32 = 3;

/// The partition of a click: seven of ten are in the first, one of ten is in the last.
pub fn partition(event: &Event) -> i32 {
    match event.number % 10 {
        0..7 => 0,
        7..9 => 1,
        _ => 2,
    }
}

/// A click as a record: with its page as the key, at its own time.
pub fn record(event: &Event) -> Record {
    let mut json = Vec::new();
    event.write_json(&mut json);
    Record::of(json)
        .key(event.page())
        .at(event.at_ms)
        .partition(partition(event))
}

/// A topic of clicks, and a folder with a job that folds them.
pub struct Clicks {
    /// The folder. Its archive is empty.
    pub bench: Workbench,
    /// The archive whose events the topic has.
    pub archive: Archive,
    /// The topic.
    pub topic: String,
    brokers: String,
    component: PathBuf,
}

impl Clicks {
    /// Produces the clicks into a new topic of `broker`, and writes a job that folds them with `component`.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn new(broker: &Broker, component: &Path, spec: &ArchiveSpec) -> Result<Self> {
        let archive = Archive::new(spec)?;
        let topic = broker.create("clicks", PARTITIONS, &[])?;
        broker.produce(&topic, "lz4", archive.events().map(|event| record(&event)))?;
        Self::over(broker, component, topic, archive)
    }

    /// The same over a topic that is there, whatever it holds.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn over(
        broker: &Broker,
        component: &Path,
        topic: String,
        archive: Archive,
    ) -> Result<Self> {
        let clicks = Clicks {
            bench: Workbench::new(component)?,
            archive,
            topic,
            brokers: broker.bootstrap(),
            component: component.to_owned(),
        };
        clicks.write_job("")?;
        Ok(clicks)
    }

    /// Writes the job again, with settings laid over it: TOML without headers of tables, such as
    /// `source.kafka.lateness = "1h"`.
    ///
    /// # Errors
    /// If the settings cannot be read.
    pub fn write_job(&self, settings: &str) -> Result<()> {
        self.write_job_at(&self.brokers, settings)
    }

    /// The same for brokers at another address.
    ///
    /// # Errors
    /// If the settings cannot be read.
    pub fn write_job_at(&self, brokers: &str, settings: &str) -> Result<()> {
        let source = format!(
            "source.kafka.brokers = {:?}\nsource.kafka.topics = {:?}\n{settings}",
            brokers, self.topic
        );
        self.bench.write_job(&self.component, &source)
    }

    /// The splits of the newest build, as its plan has them.
    ///
    /// # Errors
    /// If there is no build.
    pub fn splits(&self) -> Result<Vec<Value>> {
        let build = self.bench.builds().pop().context("there is no build")?;
        let text = std::fs::read_to_string(build.join("splits.jsonl"))?;
        let splits: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
        Ok(splits?)
    }

    /// The numbers of the splits that the newest build's journal says are folded, in order.
    pub fn folded(&self) -> Vec<u64> {
        let journal = self.bench.journal();
        let entries = journal
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut splits: Vec<u64> = entries
            .flat_map(|entry| entry["splits"].as_array().cloned().unwrap_or_default())
            .filter_map(|split| split["split"].as_u64())
            .collect();
        splits.sort_unstable();
        splits
    }
}
