//! What can go wrong between a job and its brokers.

use rdkafka::error::{KafkaError as WrapperError, RDKafkaErrorCode};

use crate::error::{Class, Code, Coded};
use crate::source::TopicPartition;

/// A failure of the Kafka driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// A topic that the job names is not there.
    #[error("the brokers have no topic `{topic}`")]
    NoTopic {
        /// The topic, or the pattern that none matches.
        topic: String,
    },
    /// A pattern cannot be read.
    #[error("`{pattern}` is not a pattern of topics")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// A property cannot be set, or has a wrong value.
    #[error("the property `{property}` {problem}")]
    Property {
        /// Its name.
        property: String,
        /// What is wrong.
        problem: String,
    },
    /// The file of properties cannot be read.
    #[error("the properties of `{path}` cannot be read: {problem}")]
    PropertiesFile {
        /// The file, with a line where one is at fault.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// No client can be made.
    #[error("no client of Kafka can be made: {problem}")]
    Client {
        /// What librdkafka says.
        problem: String,
    },
    /// The brokers do not let us.
    #[error("the brokers do not let us {what} {place}: {problem}")]
    NotAllowed {
        /// What was tried, as a verb.
        what: &'static str,
        /// The topic, the partition or the brokers.
        place: String,
        /// What they said.
        problem: String,
    },
    /// A question was not answered.
    #[error("cannot {what} {place}: {problem}")]
    Unanswered {
        /// What was tried, as a verb.
        what: &'static str,
        /// The topic, the partition or the brokers.
        place: String,
        /// What librdkafka says.
        problem: String,
    },
    /// A bound of the range is none of the partition.
    #[error("the range of {partition} {problem}")]
    Bound {
        /// The partition.
        partition: TopicPartition,
        /// What is wrong.
        problem: String,
    },
    /// The range holds no offset of any partition.
    #[error("the range holds no offset of {topics}")]
    Nothing {
        /// The topics.
        topics: String,
    },
    /// Records were deleted that the plan wants, or may have been.
    #[error("offsets {start} to {end} of {partition} are gone: its log begins at {log_start}")]
    Gone {
        /// The partition.
        partition: TopicPartition,
        /// The first offset that is gone.
        start: i64,
        /// The last.
        end: i64,
        /// The first offset that is left.
        log_start: i64,
    },
    /// The log is shorter than it was.
    #[error("{partition} ends at offset {found}, where the plan found {planned}")]
    Shrunk {
        /// The partition.
        partition: TopicPartition,
        /// The end that was planned.
        planned: i64,
        /// The end now.
        found: i64,
    },
    /// The topic is not the one that was planned.
    #[error("`{topic}` was deleted and made anew since the plan")]
    Replaced {
        /// The topic.
        topic: String,
    },
    /// The topic, or some of it, is gone.
    #[error("{place} has vanished since the plan")]
    Vanished {
        /// The topic or the partition.
        place: String,
    },
    /// A partition gives nothing.
    #[error("{partition} has given nothing for {seconds} s, at offset {next} of {end}: {problem}")]
    Stalled {
        /// The partition.
        partition: TopicPartition,
        /// How long.
        seconds: u64,
        /// The next offset.
        next: i64,
        /// The end of the split.
        end: i64,
        /// The last thing that librdkafka said.
        problem: String,
    },
}

impl KafkaError {
    /// What a failed question means.
    pub(super) fn of(what: &'static str, place: &str, error: &WrapperError) -> Self {
        let code = error.rdkafka_error_code();
        KafkaError::of_code(what, place, code, error.to_string())
    }

    /// What a failed question means by its code.
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

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const NO_TOPIC: Code = Code::new(
        240,
        Class::Usage,
        "Correct `topics` of the source, or its `brokers` if they are of another cluster.",
    );
    pub(crate) const PATTERN: Code = Code::new(
        241,
        Class::Usage,
        "Correct `topics`: `*` and `?` stand for characters of a name, `[` and `{` are closed.",
    );
    pub(crate) const PROPERTY: Code = Code::new(
        242,
        Class::Usage,
        "Correct it where it is set: `[source.kafka.properties]`, `properties_file`, BACKFOLD_KAFKA_*, or `-X`.",
    );
    pub(crate) const NOT_ALLOWED: Code = Code::new(
        243,
        Class::Usage,
        "Correct the login among the properties, or let it describe and read the topics.",
    );
    pub(crate) const UNANSWERED: Code = Code::new(
        244,
        Class::Retry,
        "See that `brokers` can be reached, then run the same command again: it goes on from the last checkpoint.",
    );
    pub(crate) const BOUND: Code = Code::new(
        245,
        Class::Usage,
        "Correct `from` and `to`; `earliest` and `latest` take what there is.",
    );
    pub(crate) const NOTHING: Code = Code::new(
        246,
        Class::Usage,
        "Correct `from` and `to`, or `topics`; `lateness` widens a range of time.",
    );
    pub(crate) const GONE: Code = Code::new(
        247,
        Class::Permanent,
        "Take them from an archive, or begin a new build with what is left: `--fresh`, with a later `--from`.",
    );
    pub(crate) const SHRUNK: Code = Code::new(
        248,
        Class::Permanent,
        "Find out which records the cluster lost, then begin a new build with `--fresh`.",
    );
    pub(crate) const REPLACED: Code = Code::new(
        249,
        Class::Permanent,
        "Begin a new build of the topic that there is now with `--fresh`.",
    );
    pub(crate) const VANISHED: Code = Code::new(
        250,
        Class::Permanent,
        "Find out where it went; a new build with `--fresh` is of what there is now.",
    );
    pub(crate) const STALLED: Code = Code::new(
        251,
        Class::Retry,
        "See that the brokers are up and the partition has a leader, then run the same command again: it goes on.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &NO_TOPIC,
        &PATTERN,
        &PROPERTY,
        &NOT_ALLOWED,
        &UNANSWERED,
        &BOUND,
        &NOTHING,
        &GONE,
        &SHRUNK,
        &REPLACED,
        &VANISHED,
        &STALLED,
    ];
}
