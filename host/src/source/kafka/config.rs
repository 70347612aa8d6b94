//! `[source.kafka]` of a job. It never contains secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::properties;
use crate::source::archive::SPLIT_SIZE;
use crate::source::layout::LATENESS;
use crate::units::{ByteSize, duration};

/// `[source.kafka]` of a job. Its serialized form has the settings that determine which records are read, and not those
/// of the connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// One or more of the brokers, as `host:port`.
    #[serde(deserialize_with = "one_or_more")]
    pub brokers: Vec<String>,
    /// The topics: names, or patterns such as `clicks-*`, which are resolved when a build is planned. A pattern never
    /// matches the internal topics of Kafka, whose names start with `__`.
    #[serde(deserialize_with = "one_or_more")]
    pub topics: Vec<String>,
    /// The largest distance between the time of an event and the timestamp of its record, in either direction. It
    /// applies if the job's range is in times.
    #[serde(default = "default_lateness", with = "duration")]
    pub lateness: Duration,
    /// The approximate number of bytes in a split, estimated from the size of a partition's first records.
    #[serde(default = "default_split_size")]
    pub split_size: ByteSize,
    /// The largest number of bytes per second for all workers together. Reading history evicts recent records, which
    /// live consumers need, from the page cache of the brokers.
    #[serde(default, skip_serializing)]
    pub max_bytes_per_second: Option<ByteSize>,
    /// How long a partition may deliver nothing before the run stops.
    #[serde(default = "default_stall_timeout", skip_serializing, with = "duration")]
    pub stall_timeout: Duration,
    /// The timeout of a request to the brokers.
    #[serde(
        default = "default_request_timeout",
        skip_serializing,
        with = "duration"
    )]
    pub request_timeout: Duration,
    /// A file of librdkafka properties, one `name=value` per line. It may contain secrets.
    #[serde(default, skip_serializing)]
    pub properties_file: Option<PathBuf>,
    /// Properties of librdkafka. They take precedence over those of the file.
    #[serde(default, skip_serializing, deserialize_with = "properties::read")]
    pub properties: BTreeMap<String, String>,
    /// Properties from the command line. They take precedence over all others.
    #[serde(skip)]
    pub overrides: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// The settings for these topics of the cluster to which `brokers` belong, with defaults for everything else.
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

    /// The brokers as messages show them.
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

/// Reads a list of strings, or one string with commas between the items.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a string or a list of strings")]
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
            "at least one name is needed, and none may be empty",
        ));
    }
    Ok(texts)
}
