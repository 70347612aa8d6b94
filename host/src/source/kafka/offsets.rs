//! Asking brokers for offsets: of the ends of logs, and of moments, for all partitions at a time.
//!
//! One question goes to each broker, whatever the number of partitions: a question for each partition, as the wrapper's
//! `fetch_watermarks` asks it, takes minutes for thousands.

use std::collections::HashMap;

use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::KafkaConfig;
use super::client::{self, Client};
use super::failure::KafkaError;
use crate::source::TopicPartition;

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The first that the log has.
    Earliest,
    /// The one behind the last: the last stable one for a client that sees what is committed, the high watermark for
    /// others.
    Latest,
    /// The first of a record with this timestamp or a later one, in milliseconds since 1970-01-01T00:00:00Z.
    At(i64),
}

/// Answers of brokers.
pub(super) struct Watermarks;

impl Watermarks {
    /// Asks, and gives an offset for each of `partitions`, in their order; `None` where no record is that late.
    ///
    /// # Errors
    /// Where one of them was not answered for.
    pub(super) fn ask(
        client: &Client,
        config: &KafkaConfig,
        partitions: &[TopicPartition],
        what: Ask,
    ) -> Result<Vec<Option<i64>>, KafkaError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let question = match what {
            // The numbers of the protocol for these two are those of the wrapper.
            Ask::Earliest => Offset::Beginning,
            Ask::Latest => Offset::End,
            Ask::At(time_ms) => Offset::Offset(time_ms.max(0)),
        };
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for TopicPartition { topic, partition } in partitions {
            list.add_partition_offset(topic, *partition, question)
                .map_err(|error| KafkaError::of("ask for offsets of", topic, &error))?;
        }
        let answers = client.offsets_for_times(list, config.request_timeout);
        let answers = answers.map_err(|error| {
            client::explain(client, "ask for offsets of", &config.place(), &error)
        })?;
        let mut found = HashMap::new();
        for answer in answers.elements() {
            let at = (answer.topic().to_owned(), answer.partition());
            if let Err(error) = answer.error() {
                let place = format!("{}/{}", at.0, at.1);
                return Err(KafkaError::of("ask for offsets of", &place, &error));
            }
            let offset = match answer.offset() {
                Offset::Offset(offset) => Some(offset),
                // No record is that late: the wrapper reads the -1 of the answer as this.
                _ => None,
            };
            found.insert(at, offset);
        }
        let each = partitions
            .iter()
            .map(|TopicPartition { topic, partition }| {
                let answer = found.get(&(topic.clone(), *partition));
                answer.copied().ok_or_else(|| KafkaError::Unanswered {
                    what: "ask for offsets of",
                    place: format!("{topic}/{partition}"),
                    problem: "the brokers left it out".to_owned(),
                })
            });
        each.collect()
    }
}
