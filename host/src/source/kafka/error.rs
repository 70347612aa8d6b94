//! The errors of the Kafka driver.

use rdkafka::error::{KafkaError as WrapperError, RDKafkaErrorCode};

use crate::error::{Code, Coded};
use crate::source::offsets::TopicPartition;

pub(crate) mod codes;

/// An error of the Kafka driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A topic of the job does not exist.
    #[error("the brokers have no topic `{topic}`")]
    NoTopic {
        /// The topic, or the pattern that matches no topic.
        topic: String,
    },
    /// A pattern is not valid.
    #[error("`{pattern}` is not a valid pattern of topics")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The error of the pattern parser.
        source: globset::Error,
    },
    /// A property cannot be set, or has an invalid value.
    #[error("the property `{property}` {problem}")]
    Property {
        /// Its name.
        property: String,
        /// What is wrong, as the end of the sentence.
        problem: String,
    },
    /// The file of properties cannot be read.
    #[error("cannot read the properties file `{path}`: {problem}")]
    PropertiesFile {
        /// The file, followed by the number of the line with the error, if there is one.
        path: String,
        /// What is wrong, as the end of the sentence.
        problem: String,
    },
    /// librdkafka could not create a client.
    #[error("cannot create a Kafka client: {problem}")]
    Client {
        /// The error of librdkafka.
        problem: String,
    },
    /// The brokers refused a request, or no login was possible.
    #[error("the brokers refused to {what} {place}: {problem}")]
    NotAllowed {
        /// The refused action, as a verb.
        what: &'static str,
        /// The topic, the partition or the brokers.
        place: String,
        /// The error of the brokers.
        problem: String,
    },
    /// A request was not answered.
    #[error("cannot {what} {place}: {problem}")]
    Unanswered {
        /// The action that failed, as a verb.
        what: &'static str,
        /// The topic, the partition or the brokers.
        place: String,
        /// The error of librdkafka.
        problem: String,
    },
    /// A bound of the range does not fit the partition.
    #[error("the range of {partition} {problem}")]
    Bound {
        /// The partition.
        partition: TopicPartition,
        /// What is wrong, as the end of the sentence.
        problem: String,
    },
    /// The range is empty in all partitions.
    #[error("the range has no offsets in {topics}")]
    Nothing {
        /// The topics.
        topics: String,
    },
    /// Records of the plan were deleted, or may have been.
    #[error("offsets {start} to {end} of {partition} are gone: its log begins at {log_start}")]
    Gone {
        /// The partition.
        partition: TopicPartition,
        /// The first deleted offset.
        start: i64,
        /// The last deleted offset.
        end: i64,
        /// The first offset that the log still has.
        log_start: i64,
    },
    /// The log is shorter than when it was planned.
    #[error("{partition} ends at offset {found}, but the plan found its end at {planned}")]
    Shrunk {
        /// The partition.
        partition: TopicPartition,
        /// The end that was planned.
        planned: i64,
        /// The current end.
        found: i64,
    },
    /// The topic is not the one that was planned.
    #[error("`{topic}` was deleted and created again since the plan")]
    Replaced {
        /// The topic.
        topic: String,
    },
    /// The topic, or one of its partitions, no longer exists.
    #[error("{place} no longer exists")]
    Vanished {
        /// The topic or the partition.
        place: String,
    },
    /// A partition delivered nothing for longer than `stall_timeout`.
    #[error("{partition} delivered nothing for {seconds} s, at offset {next} of {end}: {problem}")]
    Stalled {
        /// The partition.
        partition: TopicPartition,
        /// How long nothing arrived, in seconds.
        seconds: u64,
        /// The next offset to read.
        next: i64,
        /// The end of the split.
        end: i64,
        /// The last error of librdkafka.
        problem: String,
    },
}

impl KafkaError {
    /// The error for a failed request.
    pub(super) fn of(what: &'static str, place: &str, error: &WrapperError) -> Self {
        let code = error.rdkafka_error_code();
        KafkaError::of_code(what, place, code, error.to_string())
    }

    /// The error for a failed request with this code of librdkafka.
    pub(super) fn of_code(
        what: &'static str,
        place: &str,
        code: Option<RDKafkaErrorCode>,
        problem: String,
    ) -> Self {
        use RDKafkaErrorCode as Is;
        let place = place.to_owned();
        match code {
            Some(
                Is::TopicAuthorizationFailed
                | Is::ClusterAuthorizationFailed
                | Is::GroupAuthorizationFailed
                | Is::SaslAuthenticationFailed
                | Is::Authentication
                | Is::SSL,
            ) => KafkaError::NotAllowed {
                what,
                place,
                problem,
            },
            Some(Is::UnknownTopicOrPartition | Is::UnknownTopic | Is::UnknownPartition) => {
                KafkaError::Vanished { place }
            }
            _ => KafkaError::Unanswered {
                what,
                place,
                problem,
            },
        }
    }
}

impl Coded for KafkaError {
    fn code(&self) -> &'static Code {
        match self {
            KafkaError::NoTopic { .. } => &codes::NO_TOPIC,
            KafkaError::Pattern { .. } => &codes::PATTERN,
            KafkaError::Property { .. }
            | KafkaError::PropertiesFile { .. }
            | KafkaError::Client { .. } => &codes::PROPERTY,
            KafkaError::NotAllowed { .. } => &codes::NOT_ALLOWED,
            KafkaError::Unanswered { .. } => &codes::UNANSWERED,
            KafkaError::Bound { .. } => &codes::BOUND,
            KafkaError::Nothing { .. } => &codes::NOTHING,
            KafkaError::Gone { .. } => &codes::GONE,
            KafkaError::Shrunk { .. } => &codes::SHRUNK,
            KafkaError::Replaced { .. } => &codes::REPLACED,
            KafkaError::Vanished { .. } => &codes::VANISHED,
            KafkaError::Stalled { .. } => &codes::STALLED,
        }
    }
}
