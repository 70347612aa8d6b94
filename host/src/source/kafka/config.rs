//! `[source.kafka]` of a job. Secrets are never part of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::properties;
use crate::source::archive::SPLIT_SIZE;
use crate::source::layout::LATENESS;
use crate::units::{ByteSize, duration};

/// `[source.kafka]` of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// Some of the brokers, as `host:port`.
    #[serde(deserialize_with = "one_or_more")]
    pub brokers: Vec<String>,
    /// The topics: names, or patterns such as `clicks-*`, which are frozen when a build is planned. No pattern matches
    /// topics of Kafka itself, whose names begin with `__`.
    #[serde(deserialize_with = "one_or_more")]
    pub topics: Vec<String>,
    /// How far the time of an event may lie from the timestamp of its record, in either direction, where the job's range
    /// is one of time.
    #[serde(default = "default_lateness", with = "duration")]
    pub lateness: Duration,
    /// How many bytes a worker reads at a time, about, by the size of a partition's first records.
    #[serde(default = "default_split_size")]
    pub split_size: ByteSize,
    /// The most bytes in a second, all workers together: reading history evicts what live consumers want from the brokers'
    /// page cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes_per_second: Option<ByteSize>,
    /// How long a partition may give nothing before the run stops.
    #[serde(
        default = "default_stall_timeout",
        skip_serializing_if = "is_default_stall_timeout",
        with = "duration"
    )]
    pub stall_timeout: Duration,
    /// How long a question to the brokers may take.
    #[serde(
        default = "default_request_timeout",
        skip_serializing_if = "is_default_request_timeout",
        with = "duration"
    )]
    pub request_timeout: Duration,
    /// A file of properties of librdkafka, `name=value` a line: the place for secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties_file: Option<PathBuf>,
    /// Properties of librdkafka, over those of the file.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "properties::read"
    )]
    pub properties: BTreeMap<String, String>,
    /// Properties of the command line, over all others.
    #[serde(skip)]
    pub overrides: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// The topics of the cluster that these brokers belong to, all else by default.
    pub fn new(brokers: impl Into<String>, topics: &[&str]) -> Self {
        KafkaConfig {
            brokers: vec![brokers.into()],
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            lateness: LATENESS,
            split_size: SPLIT_SIZE,
            max_bytes_per_second: None,
            stall_timeout: default_stall_timeout(),
            request_timeout: default_request_timeout(),
            properties_file: None,
            properties: BTreeMap::new(),
            overrides: BTreeMap::new(),
        }
    }

    /// The settings that decide what is read, with those that say how the brokers are asked for it left to their
    /// defaults.
    pub(in crate::source) fn identity(&self) -> Self {
        KafkaConfig {
            brokers: self.brokers.clone(),
            topics: self.topics.clone(),
            lateness: self.lateness,
            split_size: self.split_size,
            ..KafkaConfig::new(String::new(), &[])
        }
    }

    /// The brokers as they are shown.
    pub(super) fn place(&self) -> String {
        self.brokers.join(",")
    }
}

fn default_lateness() -> Duration {
    LATENESS
}

fn default_split_size() -> ByteSize {
    SPLIT_SIZE
}

fn default_stall_timeout() -> Duration {
    Duration::from_secs(300)
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(30)
}

fn is_default_stall_timeout(timeout: &Duration) -> bool {
    *timeout == default_stall_timeout()
}

fn is_default_request_timeout(timeout: &Duration) -> bool {
    *timeout == default_request_timeout()
}

/// Reads a list of texts, or one text, in which commas stand between several.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    let texts = match Texts::deserialize(deserializer)? {
        Texts::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Texts::Several(texts) => texts,
    };
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(serde::de::Error::custom(
            "at least one is named, and none is empty",
        ));
    }
    Ok(texts)
}
