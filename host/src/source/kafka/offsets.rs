//! Requests for offsets: the start or the end of logs, or the offsets at a time, for all partitions together.
//!
//! One request goes to each broker, whatever the number of partitions. The `fetch_watermarks` of the Rust wrapper sends
//! one for each partition, which takes minutes for thousands of partitions.

use std::collections::HashMap;

use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{self, Client};
use super::config::KafkaConfig;
use super::error::KafkaError;
use crate::source::TopicPartition;

/// The kind of offset to request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetAt {
    /// The first offset of the log.
    Start,
    /// The offset after the last one: the last stable offset for a client that sees committed records only, the high
    /// watermark for other clients.
    End,
    /// The offset of the first record with this timestamp or a later one, in milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
}

/// Requests an offset for each of `partitions`, and returns the offsets in the same order; `None` where no record has
/// such a late timestamp.
///
/// # Errors
/// Where the brokers did not answer for one of the partitions.
pub(super) fn fetch(
    client: &Client,
    config: &KafkaConfig,
    partitions: &[TopicPartition],
    at: OffsetAt,
) -> Result<Vec<Option<i64>>, KafkaError> {
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let question = match at {
        // The protocol and the wrapper use the same numbers for these two.
        OffsetAt::Start => Offset::Beginning,
        OffsetAt::End => Offset::End,
        OffsetAt::Time(time_ms) => Offset::Offset(time_ms.max(0)),
    };
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for TopicPartition { topic, partition } in partitions {
        list.add_partition_offset(topic, *partition, question)
            .map_err(|error| KafkaError::of("get offsets of", topic, &error))?;
    }
    let answers = client.offsets_for_times(list, config.request_timeout);
    let answers = answers
        .map_err(|error| client::explain(client, "get offsets of", &config.place(), &error))?;
    let mut found = HashMap::new();
    for answer in answers.elements() {
        let at = (answer.topic().to_owned(), answer.partition());
        if let Err(error) = answer.error() {
            let place = format!("{}/{}", at.0, at.1);
            return Err(KafkaError::of("get offsets of", &place, &error));
        }
        let offset = match answer.offset() {
            Offset::Offset(offset) => Some(offset),
            // No record is that late: the wrapper turns the -1 of the answer into `Offset::End`.
            _ => None,
        };
        found.insert(at, offset);
    }
    let each = partitions
        .iter()
        .map(|TopicPartition { topic, partition }| {
            let answer = found.get(&(topic.clone(), *partition));
            answer.copied().ok_or_else(|| KafkaError::Unanswered {
                what: "get offsets of",
                place: format!("{topic}/{partition}"),
                problem: "the answer of the brokers lacks it".to_owned(),
            })
        });
    each.collect()
}
