//! The error codes of the Kafka driver.

use crate::error::{Class, Code};

pub(crate) const NO_TOPIC: Code = Code::new(
    240,
    Class::Usage,
    "Correct `topics` of the source, or `brokers` if they belong to another cluster.",
);
pub(crate) const PATTERN: Code = Code::new(
    241,
    Class::Usage,
    "Correct `topics`: `*` and `?` match characters of a name; each `[` and `{` must be closed.",
);
pub(crate) const PROPERTY: Code = Code::new(
    242,
    Class::Usage,
    "Correct the property where it is set: `[source.kafka.properties]`, `properties_file`, BACKFOLD_KAFKA_*, or `-X`.",
);
pub(crate) const NOT_ALLOWED: Code = Code::new(
    243,
    Class::Usage,
    "Correct the login in the properties, or grant it the permissions to describe and read the topics.",
);
pub(crate) const UNANSWERED: Code = Code::new(
    244,
    Class::Retry,
    "Check that `brokers` can be reached, then run the same command again: it continues from the last checkpoint.",
);
pub(crate) const BOUND: Code = Code::new(
    245,
    Class::Usage,
    "Correct `from` and `to`; `earliest` and `latest` select all offsets that exist.",
);
pub(crate) const NOTHING: Code = Code::new(
    246,
    Class::Usage,
    "Correct `from` and `to`, or `topics`; a larger `lateness` widens a range of times.",
);
pub(crate) const GONE: Code = Code::new(
    247,
    Class::Permanent,
    "Read the records from an archive, or start a new build without them: `--fresh`, with a later `--from`.",
);
pub(crate) const SHRUNK: Code = Code::new(
    248,
    Class::Permanent,
    "Find out which records the cluster lost, then start a new build with `--fresh`.",
);
pub(crate) const REPLACED: Code = Code::new(
    249,
    Class::Permanent,
    "Start a new build of the current topic with `--fresh`.",
);
pub(crate) const VANISHED: Code = Code::new(
    250,
    Class::Permanent,
    "Find out why it was deleted; `--fresh` starts a new build of the topics and partitions that exist now.",
);
pub(crate) const STALLED: Code = Code::new(
    251,
    Class::Retry,
    "Check that the brokers are running and the partition has a leader, then run the same command again: it continues from the last checkpoint.",
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
