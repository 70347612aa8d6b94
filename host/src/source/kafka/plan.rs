//! Freezing: from topics to ranges of offsets, and from ranges to splits.

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::bounds::{Log, Stretch};
use super::client::{self, Client, Isolation};
use super::failure::KafkaError;
use super::native::Described;
use super::offsets::{Ask, Watermarks};
use super::sample::sample;
use super::topics;
use crate::source::feed::Feed;
use crate::source::{
    Frozen, FrozenPartition, Handoff, HandoffPosition, SourceError, Split, SplitInput,
    TopicPartition,
};

/// How long the first and the last records are waited for.
const SAMPLE_PATIENCE: Duration = Duration::from_secs(10);

/// What a record is taken to have where nothing is known of it.
const RECORD_BYTES: u64 = 1 << 10;

/// The most offsets of a split.
const SPLIT_OFFSETS: u64 = 1 << 22;

/// The most open transactions that are told one by one.
const TOLD: usize = 20;

/// Freezes all that `shared` is about, and sends it split by split.
pub(super) fn freeze(shared: &Shared, feed: &Feed<Split>) -> Result<Frozen, SourceError> {
    let config = &shared.config;
    let client = Arc::new(client::open(config, Isolation::Committed)?);
    client::connect(&client, config)?;
    let topics = topics::find(&client, config)?;
    let logs = ends(&client, shared, &topics)?;
    feed.check()?;
    let stretches = shared.bounds.stretches(&client, config, &logs)?;
    let mut frozen = Frozen {
        partitions: partitions(&topics, &logs, &stretches),
        notes: notes(shared, &logs, &stretches),
        handoff: handoff(shared, &logs, &stretches),
        ..Frozen::default()
    };
    if stretches.iter().all(|stretch| stretch.start == stretch.end) {
        let names: Vec<_> = topics.iter().map(|topic| topic.topic.as_str()).collect();
        return Err(KafkaError::Nothing {
            topics: names.join(", "),
        }
        .into());
    }
    feed.check()?;
    sample(&client, &mut frozen.partitions, SAMPLE_PATIENCE);
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

/// Where the logs begin and end. What is appended from now on is none of the plan.
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
    let stable_ends = Watermarks::ask(client, config, &partitions, Ask::Latest)?;
    let uncommitted = client::open(config, Isolation::Uncommitted)?;
    let ends = Watermarks::ask(&uncommitted, config, &partitions, Ask::Latest)?;
    let starts = Watermarks::ask(client, config, &partitions, Ask::Earliest)?;
    let logs = partitions.into_iter().enumerate().map(|(at, partition)| {
        let start = starts[at].unwrap_or(0);
        // A log may have been cut between the questions.
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

fn partitions(topics: &[Described], logs: &[Log], stretches: &[Stretch]) -> Vec<FrozenPartition> {
    let ids = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|_| topic.id.clone()));
    let each = logs.iter().zip(stretches).zip(ids);
    each.map(|((log, stretch), topic_id)| FrozenPartition {
        topic: log.partition.topic.clone(),
        topic_id,
        partition: log.partition.partition,
        start: stretch.start,
        end: stretch.end,
        record_bytes: None,
        first_us: None,
        last_us: None,
    })
    .collect()
}

fn handoff(shared: &Shared, logs: &[Log], stretches: &[Stretch]) -> Handoff {
    let until_us = shared.bounds.range.until_us;
    let position = |(log, stretch): (&Log, &Stretch)| HandoffPosition::Offset {
        topic: log.partition.topic.clone(),
        partition: log.partition.partition,
        next: stretch.next,
        until_us,
    };
    Handoff {
        positions: logs.iter().zip(stretches).map(position).collect(),
    }
}

/// What holds records back that the job wants.
fn notes(shared: &Shared, logs: &[Log], stretches: &[Stretch]) -> Vec<String> {
    let wants_the_end = |log: &Log, stretch: &Stretch| match &shared.bounds.written.to {
        crate::source::range::Bound::Offset(offset) => *offset > stretch.end,
        _ => stretch.end == log.stable_end,
    };
    let held = logs.iter().zip(stretches);
    let held =
        held.filter(|(log, stretch)| log.stable_end < log.end && wants_the_end(log, stretch));
    let held: Vec<_> = held.map(|(log, _)| log).collect();
    let told = held.iter().take(TOLD).map(|log| {
        format!(
            "A transaction is open in {}: it ends at its last stable offset {}, and {} offsets behind that are left out.",
            log.partition,
            log.stable_end,
            log.end - log.stable_end
        )
    });
    let mut notes: Vec<_> = told.collect();
    if let more @ 1.. = held.len().saturating_sub(TOLD) {
        notes.push(format!("Partitions more with an open transaction: {more}."));
    }
    notes
}

/// How many offsets take about `split_bytes`: the same number for records of about the same size.
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
