//! The topics and partitions of a job, and the check that they are still the same.

use globset::{Glob, GlobMatcher};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use super::client::{self, Client};
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::native::{Answer, Described, describe};
use crate::source::Frozen;

/// The prefix of the internal topics of Kafka.
const INTERNAL: &str = "__";

/// The topics of a job, sorted by name, without duplicates.
///
/// # Errors
/// [`KafkaError::NoTopic`] if a topic does not exist or a pattern matches no topic.
pub(super) fn find(client: &Client, config: &KafkaConfig) -> Result<Vec<Described>, KafkaError> {
    let mut names = Vec::new();
    let mut patterns = Vec::new();
    for topic in &config.topics {
        // The name of a topic cannot contain these characters.
        if topic.contains(['*', '?', '[', '{']) {
            patterns.push((topic, matcher(topic)?));
        } else {
            names.push(topic.clone());
        }
    }
    if !patterns.is_empty() {
        let metadata = client.fetch_metadata(None, config.request_timeout);
        let metadata = metadata.map_err(|error| {
            client::explain(client, "list the topics of", &config.place(), &error)
        })?;
        let all = metadata.topics().iter().map(|topic| topic.name());
        let all: Vec<&str> = all.filter(|name| !name.starts_with(INTERNAL)).collect();
        for (pattern, matcher) in patterns {
            let matched = all.iter().filter(|name| matcher.is_match(name));
            let before = names.len();
            names.extend(matched.map(|name| (*name).to_owned()));
            if names.len() == before {
                return Err(KafkaError::NoTopic {
                    topic: pattern.clone(),
                });
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    look_up(client, config, &names)
}

fn matcher(pattern: &str) -> Result<GlobMatcher, KafkaError> {
    let glob = Glob::new(pattern).map_err(|source| KafkaError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    Ok(glob.compile_matcher())
}

/// Describes topics by name, and sorts the descriptions by name.
fn look_up(
    client: &Client,
    config: &KafkaConfig,
    names: &[String],
) -> Result<Vec<Described>, KafkaError> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let answers = match describe(client, &names, config.request_timeout) {
        Ok(answers) => answers,
        // Brokers older than 2.8 have no IDs.
        Err((RDKafkaErrorCode::UnsupportedFeature, _)) => of_metadata(client, config, &names)?,
        Err((code, problem)) => {
            return Err(KafkaError::of_code(
                "describe the topics of",
                &config.place(),
                Some(code),
                problem,
            ));
        }
    };
    let mut topics = Vec::new();
    for answer in answers {
        topics.push(answer.map_err(|(topic, code)| match code {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                KafkaError::NoTopic { topic }
            }
            code => KafkaError::of_code("describe", &topic, Some(code), code.to_string()),
        })?);
    }
    topics.sort_unstable_by(|left, right| left.topic.cmp(&right.topic));
    Ok(topics)
}

fn of_metadata(
    client: &Client,
    config: &KafkaConfig,
    names: &[&str],
) -> Result<Vec<Answer>, KafkaError> {
    let mut answers = Vec::new();
    for name in names {
        let metadata = client.fetch_metadata(Some(name), config.request_timeout);
        let metadata =
            metadata.map_err(|error| client::explain(client, "describe", name, &error))?;
        for topic in metadata.topics() {
            answers.push(match topic.error() {
                Some(error) => Err((topic.name().to_owned(), error.into())),
                None => {
                    let mut partitions: Vec<i32> =
                        topic.partitions().iter().map(|one| one.id()).collect();
                    partitions.sort_unstable();
                    Ok(Described {
                        topic: topic.name().to_owned(),
                        id: None,
                        partitions,
                    })
                }
            });
        }
    }
    Ok(answers)
}

/// Checks that the topics of a plan still exist and were not created again. Partitions that were added since cause a
/// warning.
pub(super) fn verify(
    client: &Client,
    config: &KafkaConfig,
    frozen: &Frozen,
) -> Result<(), KafkaError> {
    let mut names: Vec<String> = frozen
        .partitions
        .iter()
        .map(|one| one.topic.clone())
        .collect();
    names.dedup();
    let found = look_up(client, config, &names).map_err(|error| match error {
        KafkaError::NoTopic { topic } => KafkaError::Vanished {
            place: format!("the topic `{topic}`"),
        },
        other => other,
    })?;
    for planned in &frozen.partitions {
        let topic = found.iter().find(|topic| topic.topic == planned.topic);
        let vanished = |place| KafkaError::Vanished { place };
        let topic = topic.ok_or_else(|| vanished(format!("the topic `{}`", planned.topic)))?;
        if planned.topic_id.is_some() && topic.id != planned.topic_id {
            return Err(KafkaError::Replaced {
                topic: planned.topic.clone(),
            });
        }
        if !topic.partitions.contains(&planned.partition) {
            return Err(vanished(format!("{}/{}", planned.topic, planned.partition)));
        }
    }
    for topic in &found {
        let planned = frozen.partitions.iter();
        let planned = planned.filter(|one| one.topic == topic.topic).count();
        if topic.partitions.len() > planned {
            tracing::warn!(
                topic = topic.topic,
                "partitions were added since the plan: {}. They are not in the table; a live consumer must read them from their start",
                topic.partitions.len() - planned
            );
        }
    }
    Ok(())
}
