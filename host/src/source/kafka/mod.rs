//! The driver for ranges of offsets of Kafka topics. It uses librdkafka.
//!
//! | file | content |
//! |---|---|
//! | `config`, `properties`, `settings` | the settings of a job, and the librdkafka properties that follow from them |
//! | `secrets` | the properties that are part of no job and no plan |
//! | `client`, `token`, `native` | clients of librdkafka, errors of OAuth tokens, and functions that the Rust wrapper lacks |
//! | `topics`, `offsets`, `bounds`, `sample`, `plan` | planning: from topics to ranges of offsets, and to splits |
//! | `shared`, `read` | reading a split until the position reaches its end |
//! | `error` | [`KafkaError`] and its codes |
//!
//! The driver does not subscribe, joins no group and commits nothing. Each split is read from its first offset by a
//! client that sees committed records only, verifies the checksum of every batch, and fails if an offset no longer
//! exists.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::pace::Rate;
use crate::source::feed::{off_runtime, run_blocking};
use crate::source::range::RangeConfig;
use crate::source::{
    Chunk, EventRange, Frozen, Parts, ReplayDriver, SourceError, Split, SplitInput, TopicPartition,
};

mod bounds;
mod client;
mod config;
mod error;
mod native;
mod offsets;
mod plan;
mod properties;
mod read;
mod sample;
mod secrets;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod token;
mod topics;

pub use config::KafkaConfig;
pub use error::KafkaError;
pub(crate) use error::codes;
pub(crate) use properties::check as check_property;
pub use properties::is_secret;
pub(crate) use secrets::{require, secrets, secrets_and_places};

use bounds::Bounds;
use client::Isolation;
use read::SplitReader;
use shared::Shared;

/// The name of this driver.
const NAME: &str = "kafka";

/// Reads ranges of offsets of Kafka topics.
pub struct KafkaDriver {
    shared: Arc<Shared>,
}

impl KafkaDriver {
    /// A driver for the range of a job, as `written` and as resolved to event time (`range`). It reads `parts` of each
    /// record in addition to the value. Nothing is sent to the brokers yet.
    pub fn new(config: KafkaConfig, written: RangeConfig, range: EventRange, parts: Parts) -> Self {
        let rate = config
            .max_bytes_per_second
            .map(|most| Rate::new((most.0 as f64).max(1.0)));
        let bounds = Bounds {
            written,
            range,
            lateness: config.lateness,
        };
        KafkaDriver {
            shared: Arc::new(Shared::new(config, bounds, parts, rate)),
        }
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
                reason: "it covers objects of an archive".to_owned(),
            });
        };
        let shared = Arc::clone(&self.shared);
        let partition = TopicPartition { topic, partition };
        run_blocking(out, &cancel, move |feed| {
            feed.check()?;
            let mut reader = shared.reader(&partition, start)?;
            SplitReader::new(&shared, partition.clone(), start, end).run(&mut reader, &feed)?;
            shared.keep(partition, end, reader);
            Ok(())
        })
        .await
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        // Dropping a client blocks until its threads have ended.
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
