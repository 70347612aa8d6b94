//! The Kafka driver over ranges of offsets, for tests of it.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use backfold::error::Coded;
use backfold::source::kafka::{KafkaConfig, KafkaDriver};
use backfold::source::range::{Bound, RangeConfig};
use backfold::source::{
    Chunk, Frozen, FrozenPartition, HandoffPosition, Messages, Parts, ReplayDriver, SourceError,
    Split, SplitInput,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, Record};

/// 2026-01-01T00:00:00Z.
pub const BEGIN_MS: i64 = 1_767_225_600_000;

/// Records with different keys, a second apart.
pub fn records(count: i64) -> impl Iterator<Item = Record> {
    (0..count).map(|n| {
        Record::of(format!("value {n}"))
            .key(format!("key {n}"))
            .at(BEGIN_MS + n * 1000)
    })
}

/// All of a topic, by default settings.
pub fn config(broker: &Broker, topic: &str) -> KafkaConfig {
    KafkaConfig::new(broker.bootstrap(), &[topic])
}

/// A driver over `range`. Relative times count back from the beginning of 2027.
pub fn driver_of(config: KafkaConfig, range: RangeConfig) -> KafkaDriver {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    let times = range.resolve(now).unwrap();
    KafkaDriver::new(config, range, times, Parts::ALL)
}

/// A driver over a range of a topic.
pub fn driver(broker: &Broker, topic: &str, from: &str, to: &str) -> KafkaDriver {
    let bound = |text: &str| -> Bound { text.parse().unwrap() };
    let range = RangeConfig {
        from: bound(from),
        to: bound(to),
    };
    driver_of(config(broker, topic), range)
}

/// The message of a failed plan.
pub async fn refused(driver: &dyn ReplayDriver) -> String {
    let (splits, _received) = mpsc::channel(1000);
    let error = driver.plan(splits).await.unwrap_err();
    format!("{}: {error}", error.code())
}

/// The offsets of the records of a split.
///
/// # Errors
/// The error of the driver.
pub async fn read(driver: &dyn ReplayDriver, split: &Split) -> Result<Vec<i64>, SourceError> {
    let (out, mut received) = mpsc::channel(1);
    let collect = async {
        let mut all = Vec::new();
        while let Some(chunk) = received.recv().await {
            all.extend(messages(chunk).iter().map(|message| message.offset));
        }
        all
    };
    let replay = driver.replay(split, out, CancellationToken::new());
    let (ended, all) = tokio::join!(replay, collect);
    ended.map(|()| all)
}

/// The offsets of all splits.
pub async fn offsets(driver: &dyn ReplayDriver, splits: &[Split]) -> Vec<i64> {
    let mut all = Vec::new();
    for split in splits {
        all.extend(read(driver, split).await.unwrap());
    }
    all
}

/// The part of a partition that a plan froze.
pub fn range(partition: &FrozenPartition) -> (i64, i64) {
    (partition.start, partition.end)
}

/// Where a live consumer goes on, partition by partition.
pub fn next(frozen: &Frozen) -> Vec<i64> {
    let positions = frozen.handoff.positions.iter();
    positions
        .map(|position| match position {
            HandoffPosition::Offset { next, .. } => *next,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// A split of partition 0.
pub fn split(topic: &str, start: i64, end: i64) -> Split {
    Split {
        number: 0,
        size_bytes: 0,
        input: SplitInput::Offsets {
            topic: topic.to_owned(),
            partition: 0,
            start,
            end,
        },
    }
}

/// The records of a chunk.
pub fn messages(chunk: Chunk) -> Messages {
    match chunk {
        Chunk::Messages(messages) => messages,
        other => panic!("{other:?}"),
    }
}
