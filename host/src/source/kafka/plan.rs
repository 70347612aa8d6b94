//! Planning: from topics to ranges of offsets, and from ranges to splits.

use std::sync::Arc;
use std::time::Duration;

use super::bounds::{Log, OffsetRange};
use super::client::{self, Client, Isolation};
use super::error::KafkaError;
use super::native::Described;
use super::offsets::{self, OffsetAt};
use super::sample::sample;
use super::shared::Shared;
use super::topics;
use crate::source::feed::Feed;
use crate::source::range::Bound;
use crate::source::{
    Frozen, FrozenPartition, Handoff, HandoffPosition, SourceError, Split, SplitInput,
    TopicPartition,
};

/// The timeout for reading the first and the last records.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The size that is assumed for records where no record could be read.
const RECORD_BYTES: u64 = 1 << 10;

/// The largest number of offsets in a split.
const SPLIT_OFFSETS: u64 = 1 << 22;

/// The largest number of open transactions that have a note of their own.
const LISTED: usize = 20;

/// Plans the topics and the range of `shared`, and sends the splits.
pub(super) fn freeze(shared: &Shared, feed: &Feed<Split>) -> Result<Frozen, SourceError> {
    let config = &shared.config;
    let client = Arc::new(client::open(config, Isolation::Committed)?);
    client::connect(&client, config)?;
    let topics = topics::find(&client, config)?;
    let logs = ends(&client, shared, &topics)?;
    feed.check()?;
    let ranges = shared.bounds.ranges(&client, config, &logs)?;
    let mut frozen = Frozen {
        partitions: partitions(&topics, &logs, &ranges),
        notes: notes(shared, &logs, &ranges),
        handoff: handoff(shared, &logs, &ranges),
        ..Frozen::default()
    };
    if ranges.iter().all(|range| range.start == range.end) {
        let names: Vec<_> = topics.iter().map(|topic| topic.topic.as_str()).collect();
        return Err(KafkaError::Nothing {
            topics: names.join(", "),
        }
        .into());
    }
    feed.check()?;
    sample(&client, &mut frozen.partitions, SAMPLE_TIMEOUT);
    for partition in &frozen.partitions {
        let step = offsets_per_split(config.split_size.0, partition.record_bytes);
        let mut start = partition.start;
        while start < partition.end {
            let end = start.saturating_add_unsigned(step).min(partition.end);
            feed.send_blocking(Split {
                number: frozen.splits,
                size_bytes: 0,
                input: SplitInput::Offsets {
                    topic: partition.topic.clone(),
                    partition: partition.partition,
                    start,
                    end,
                },
            })?;
            frozen.splits += 1;
            start = end;
        }
    }
    Ok(frozen)
}

/// The start and the end of each log. Records that are appended later are not part of the plan.
fn ends(client: &Client, shared: &Shared, topics: &[Described]) -> Result<Vec<Log>, KafkaError> {
    let config = &shared.config;
    let partitions = topics.iter().flat_map(|topic| {
        let numbers = topic.partitions.iter();
        numbers.map(|partition| TopicPartition {
            topic: topic.topic.clone(),
            partition: *partition,
        })
    });
    let partitions: Vec<_> = partitions.collect();
    let stable_ends = offsets::fetch(client, config, &partitions, OffsetAt::End)?;
    let uncommitted = client::open(config, Isolation::Uncommitted)?;
    let ends = offsets::fetch(&uncommitted, config, &partitions, OffsetAt::End)?;
    let starts = offsets::fetch(client, config, &partitions, OffsetAt::Start)?;
    let logs = partitions.into_iter().enumerate().map(|(at, partition)| {
        let start = starts[at].unwrap_or(0);
        // Records may have been deleted between the requests.
        let stable_end = stable_ends[at].unwrap_or(start).max(start);
        Log {
            partition,
            start,
            stable_end,
            end: ends[at].unwrap_or(start).max(stable_end),
        }
    });
    Ok(logs.collect())
}

fn partitions(topics: &[Described], logs: &[Log], ranges: &[OffsetRange]) -> Vec<FrozenPartition> {
    let ids = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|_| topic.id.clone()));
    let each = logs.iter().zip(ranges).zip(ids);
    each.map(|((log, range), topic_id)| FrozenPartition {
        topic: log.partition.topic.clone(),
        topic_id,
        partition: log.partition.partition,
        start: range.start,
        end: range.end,
        record_bytes: None,
        first_us: None,
        last_us: None,
    })
    .collect()
}

fn handoff(shared: &Shared, logs: &[Log], ranges: &[OffsetRange]) -> Handoff {
    let until_us = shared.bounds.range.until_us;
    let position = |(log, range): (&Log, &OffsetRange)| HandoffPosition::Offset {
        source: "kafka".to_owned(),
        topic: log.partition.topic.clone(),
        partition: log.partition.partition,
        next: range.next,
        until_us,
    };
    Handoff {
        positions: logs.iter().zip(ranges).map(position).collect(),
    }
}

/// Notes about open transactions that hold back records of the range.
fn notes(shared: &Shared, logs: &[Log], ranges: &[OffsetRange]) -> Vec<String> {
    let wants_the_end = |log: &Log, range: &OffsetRange| match &shared.bounds.written.to {
        Bound::Offset(offset) => *offset > range.end,
        _ => range.end == log.stable_end,
    };
    let held = logs.iter().zip(ranges);
    let held = held.filter(|(log, range)| log.stable_end < log.end && wants_the_end(log, range));
    let held: Vec<_> = held.map(|(log, _)| log).collect();
    let listed = held.iter().take(LISTED).map(|log| {
        format!(
            "{} has an open transaction: the plan ends at its last stable offset {}. Offsets after it that are left out: {}.",
            log.partition,
            log.stable_end,
            log.end - log.stable_end
        )
    });
    let mut notes: Vec<_> = listed.collect();
    if let more @ 1.. = held.len().saturating_sub(LISTED) {
        notes.push(format!(
            "Further partitions with an open transaction: {more}."
        ));
    }
    notes
}

/// The number of offsets that have about `split_bytes`. The size of records is rounded up to a power of two, so that
/// similar sizes give the same number.
fn offsets_per_split(split_bytes: u64, record_bytes: Option<u64>) -> u64 {
    let record_bytes = record_bytes.unwrap_or(RECORD_BYTES).max(1);
    let record_bytes = record_bytes.checked_next_power_of_two().unwrap_or(u64::MAX);
    (split_bytes / record_bytes).clamp(1, SPLIT_OFFSETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_has_about_as_many_bytes_as_it_should() {
        assert_eq!(offsets_per_split(64 << 20, Some(400)), 131_072);
        assert_eq!(offsets_per_split(64 << 20, Some(512)), 131_072);
        assert_eq!(offsets_per_split(64 << 20, None), 65_536);
        assert_eq!(offsets_per_split(1, Some(1 << 20)), 1, "at least one");
        assert_eq!(offsets_per_split(u64::MAX, Some(0)), SPLIT_OFFSETS);
        assert_eq!(offsets_per_split(1, Some(u64::MAX)), 1);
    }
}
