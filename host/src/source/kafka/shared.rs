//! The state that all splits of a driver share: its settings, and the open readers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bounds::Bounds;
use super::client::{self, Isolation};
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::native::PartitionReader;
use crate::pace::Rate;
use crate::source::{Parts, TopicPartition};

/// The state that all splits share.
pub(super) struct Shared {
    pub(super) config: KafkaConfig,
    pub(super) bounds: Bounds,
    pub(super) parts: Parts,
    pub(super) rate: Option<Rate>,
    /// Readers whose split is done, with the records that they have already fetched after it. There are at most as many
    /// as splits that were read at the same time.
    idle: Mutex<Vec<IdleReader>>,
}

/// A reader whose split is done. It can continue with the next offset, or give its client to another reader.
struct IdleReader {
    partition: TopicPartition,
    next: i64,
    reader: PartitionReader,
}

impl Shared {
    pub(super) fn new(
        config: KafkaConfig,
        bounds: Bounds,
        parts: Parts,
        rate: Option<Rate>,
    ) -> Self {
        Shared {
            config,
            bounds,
            parts,
            rate,
            idle: Mutex::default(),
        }
    }

    /// A reader that is at the offset `start`: an idle one that is already there, or a new one, which takes over the
    /// client of an idle reader if there is one.
    pub(super) fn reader(
        &self,
        partition: &TopicPartition,
        start: i64,
    ) -> Result<PartitionReader, KafkaError> {
        let idle = {
            let mut idle = self.idle();
            let is_there = |one: &IdleReader| one.next == start && one.partition == *partition;
            let at = idle.iter().position(is_there);
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

    /// Keeps a reader whose split is done; `next` is the offset at which it continues.
    pub(super) fn keep(&self, partition: TopicPartition, next: i64, reader: PartitionReader) {
        self.idle().push(IdleReader {
            partition,
            next,
            reader,
        });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<IdleReader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
