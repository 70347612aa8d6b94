//! Ranges of offsets of Kafka's topics, read by librdkafka.
//!
//! | file | idea |
//! |---|---|
//! | `config`, `properties` | what a job says, and what it may not |
//! | `secrets` | properties that stand in no job and in no plan |
//! | `client`, `token`, `native` | clients of librdkafka, why they have no token, and what its wrapper lacks |
//! | `topics`, `offsets`, `bounds`, `sample`, `plan` | from topics to ranges of offsets, and to splits |
//! | `read` | a split, read until the position is at its end |
//! | `failure` | what can go wrong |
//!
//! Nothing is subscribed to, no group is joined and nothing is committed: each split is read from its first offset on,
//! by a client that takes only what is committed, checks the checksum of every batch, and fails where an offset is
//! gone.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::source::feed::{off_runtime, run_blocking};
use crate::source::range::RangeConfig;
use crate::source::rate::Rate;
use crate::source::{
    Chunk, EventRange, Frozen, Parts, ReplayDriver, SourceError, Split, SplitInput, TopicPartition,
};

mod bounds;
mod client;
mod config;
mod failure;
mod native;
mod offsets;
mod plan;
mod properties;
mod read;
mod sample;
mod secrets;
#[cfg(test)]
mod tests;
mod token;
mod topics;

pub use config::KafkaConfig;
pub use failure::KafkaError;
pub(crate) use failure::codes;
pub(crate) use properties::check as check_property;
pub use properties::is_secret;
pub(crate) use secrets::{require, secrets};

use bounds::Bounds;
use client::Isolation;
use native::PartitionReader;
use read::Reading;

/// The name of this driver.
const NAME: &str = "kafka";

/// Reads ranges of offsets.
pub struct KafkaDriver {
    shared: Arc<Shared>,
}

/// What all splits share.
struct Shared {
    config: KafkaConfig,
    bounds: Bounds,
    parts: Parts,
    rate: Option<Rate>,
    /// Readers whose split is done, with what they fetched behind it. As many as there were splits at a time.
    idle: Mutex<Vec<Idle>>,
}

/// A reader that goes on where it stands, if somebody wants that.
struct Idle {
    partition: TopicPartition,
    next: i64,
    reader: PartitionReader,
}

impl KafkaDriver {
    /// A driver over what a job writes as its range, which was resolved to `range`, and that reads `parts` of each
    /// record beside its value. Sends nothing yet.
    pub fn new(config: KafkaConfig, written: RangeConfig, range: EventRange, parts: Parts) -> Self {
        let rate = config.max_bytes_per_second;
        KafkaDriver {
            shared: Arc::new(Shared {
                bounds: Bounds {
                    written,
                    range,
                    lateness: config.lateness,
                },
                rate: rate.map(|most| Rate::new((most.0 as f64).max(1.0))),
                parts,
                idle: Mutex::default(),
                config,
            }),
        }
    }
}

impl Shared {
    /// A reader that stands at `start`: one that is there already, or a client of one that is not needed there.
    fn reader(
        &self,
        partition: &TopicPartition,
        start: i64,
    ) -> Result<PartitionReader, KafkaError> {
        let idle = {
            let mut idle = self.idle();
            let stands_there = |one: &Idle| one.next == start && one.partition == *partition;
            let at = idle.iter().position(stands_there);
            let at = at.or(idle.len().checked_sub(1));
            at.map(|at| idle.swap_remove(at))
        };
        let client = match idle {
            Some(idle) if idle.next == start && idle.partition == *partition => {
                return Ok(idle.reader);
            }
            Some(idle) => Arc::clone(idle.reader.client()),
            None => Arc::new(client::open(&self.config, Isolation::Committed)?),
        };
        PartitionReader::start(client, &partition.topic, partition.partition, start).map_err(
            |code| {
                let place = partition.to_string();
                KafkaError::of_code("read", &place, Some(code), code.to_string())
            },
        )
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ReplayDriver for KafkaDriver {
    fn name(&self) -> &str {
        NAME
    }

    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError> {
        let shared = Arc::clone(&self.shared);
        run_blocking(splits, &CancellationToken::new(), move |feed| {
            plan::freeze(&shared, &feed)
        })
        .await
    }

    async fn verify(&self, frozen: &Frozen) -> Result<(), SourceError> {
        let (shared, frozen) = (Arc::clone(&self.shared), frozen.clone());
        off_runtime(move || {
            let client = client::open(&shared.config, Isolation::Committed)?;
            client::connect(&client, &shared.config)?;
            Ok(topics::verify(&client, &shared.config, &frozen)?)
        })
        .await
    }

    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let SplitInput::Offsets {
            topic,
            partition,
            start,
            end,
        } = split.input.clone()
        else {
            return Err(SourceError::ForeignSplit {
                driver: NAME.to_owned(),
                split: split.number,
                reason: "it is of an archive".to_owned(),
            });
        };
        let shared = Arc::clone(&self.shared);
        let partition = TopicPartition { topic, partition };
        run_blocking(out, &cancel, move |feed| {
            feed.check()?;
            let mut reader = shared.reader(&partition, start)?;
            Reading::new(&shared, partition.clone(), start, end).run(&mut reader, &feed)?;
            let next = end;
            shared.idle().push(Idle {
                partition,
                next,
                reader,
            });
            Ok(())
        })
        .await
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        // The end of a client waits for its threads.
        off_runtime(move || {
            drop(self);
            Ok(())
        })
        .await
    }
}

impl From<KafkaError> for SourceError {
    fn from(error: KafkaError) -> Self {
        SourceError::Kafka(Box::new(error))
    }
}
