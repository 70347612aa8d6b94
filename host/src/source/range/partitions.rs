//! An offset for each partition, as a bound of a range.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::text::{is_number, unreadable};
use crate::source::{SourceError, TopicPartition};

/// The name of a partition in a range: `clicks/0`, or `0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionName {
    /// The topic; `None` if the name leaves it out.
    pub topic: Option<String>,
    /// The partition, from 0.
    pub partition: i32,
}

impl PartitionName {
    /// Whether the name matches `partition`.
    pub fn is(&self, partition: &TopicPartition) -> bool {
        let is_topic = |topic: &String| *topic == partition.topic;
        self.partition == partition.partition && self.topic.as_ref().is_none_or(is_topic)
    }
}

impl FromStr for PartitionName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (topic, digits) = match text.rsplit_once('/') {
            Some((topic, digits)) => (Some(topic), digits),
            None => (None, text),
        };
        if topic.is_some_and(|topic| !is_topic(topic)) {
            return Err("this is not a valid name of a topic");
        }
        let partition = Some(digits).filter(|digits| is_number(digits));
        Ok(PartitionName {
            topic: topic.map(str::to_owned),
            partition: partition
                .and_then(|digits| digits.parse().ok())
                .ok_or("write a partition as `clicks/0`, or as `0` if there is only one topic")?,
        })
    }
}

/// Whether Kafka allows this name for a topic.
fn is_topic(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl fmt::Display for PartitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.topic {
            Some(topic) => write!(f, "{topic}/{}", self.partition),
            None => self.partition.fmt(f),
        }
    }
}

/// Offsets of one or more partitions, sorted by partition; none is negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionOffsets(BTreeMap<PartitionName, i64>);

impl PartitionOffsets {
    /// Takes pairs of a partition (topic and number) and an offset.
    ///
    /// # Errors
    /// [`SourceError::Bound`] if there are no pairs, an offset is negative, or a name is not valid in Kafka.
    pub fn new(
        offsets: impl IntoIterator<Item = ((Option<String>, i32), i64)>,
    ) -> Result<Self, SourceError> {
        let pairs = offsets.into_iter().map(|((topic, partition), offset)| {
            let name = PartitionName { topic, partition };
            (name.to_string(), offset.to_string())
        });
        let pairs: Vec<_> = pairs.collect();
        PartitionOffsets::of_pairs(pairs.iter().map(|(name, offset)| (&**name, &**offset)))
    }

    /// The offset of a partition. An entry with the topic takes precedence over one without.
    pub fn get(&self, partition: &TopicPartition) -> Option<i64> {
        // Names without a topic are sorted before all others.
        let mut meant = self.iter().filter(|(name, _)| name.is(partition));
        meant.next_back().map(|(_, offset)| offset)
    }

    /// The partitions with their offsets, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&PartitionName, i64)> {
        self.0.iter().map(|(name, offset)| (name, *offset))
    }

    /// Reads a TOML table.
    pub(super) fn of_table(table: &BTreeMap<String, toml::Value>) -> Result<Self, SourceError> {
        let texts = table.iter().map(|(name, offset)| match offset {
            toml::Value::String(text) => (name.as_str(), text.clone()),
            other => (name.as_str(), other.to_string()),
        });
        let texts: Vec<_> = texts.collect();
        PartitionOffsets::of_pairs(texts.iter().map(|(name, offset)| (*name, offset.as_str())))
    }

    fn of_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, SourceError> {
        let mut offsets = BTreeMap::new();
        for (name, offset) in pairs {
            let written = format!("{name}={offset}");
            let partition: PartitionName = name
                .parse()
                .map_err(|reason: &str| unreadable(&written, reason))?;
            let offset = Some(offset)
                .filter(|digits| is_number(digits))
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(|| unreadable(&written, "an offset is a whole number, at least 0"))?;
            if offsets.insert(partition, offset).is_some() {
                return Err(unreadable(&written, "the partition is given twice"));
            }
        }
        match offsets.is_empty() {
            true => Err(unreadable("{}", "it has no partition")),
            false => Ok(PartitionOffsets(offsets)),
        }
    }
}

impl FromStr for PartitionOffsets {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let mut pairs = Vec::new();
        for pair in text.split(',') {
            let (name, offset) = pair.split_once('=').ok_or_else(|| {
                unreadable(pair, "write the offset of a partition as `clicks/0=100`")
            })?;
            pairs.push((name.trim(), offset.trim()));
        }
        PartitionOffsets::of_pairs(pairs.into_iter())
    }
}

impl fmt::Display for PartitionOffsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, offset)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{name}={offset}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_the_topic_takes_precedence() {
        let offsets: PartitionOffsets = "0=5, clicks/0=100,clicks/1=250".parse().expect("valid");
        let at = |topic: &str, partition| {
            offsets.get(&TopicPartition {
                topic: topic.to_owned(),
                partition,
            })
        };
        assert_eq!(at("clicks", 0), Some(100));
        assert_eq!(at("views", 0), Some(5));
        assert_eq!(at("clicks", 1), Some(250));
        assert_eq!(at("views", 1), None);
        assert_eq!(offsets.to_string(), "0=5,clicks/0=100,clicks/1=250");
        assert_eq!(offsets.iter().count(), 3);
    }

    #[test]
    fn an_unreadable_offset_gives_the_reason() {
        let errors = [
            "0=1,0=2",
            "clicks/0=1,clicks/00=2",
            "0=-1",
            "0=",
            "0=1,",
            "=1",
            "clicks=1",
            "clicks/-1=1",
            "a b/0=1",
            "/0=1",
            "2147483648=1",
            "0=9223372036854775808",
        ]
        .map(|text| {
            text.parse::<PartitionOffsets>()
                .expect_err(text)
                .to_string()
        });
        insta::assert_snapshot!(errors.join("\n"), @r"
        cannot read `0=2`: the partition is given twice
        cannot read `clicks/00=2`: the partition is given twice
        cannot read `0=-1`: an offset is a whole number, at least 0
        cannot read `0=`: an offset is a whole number, at least 0
        cannot read ``: write the offset of a partition as `clicks/0=100`
        cannot read `=1`: write a partition as `clicks/0`, or as `0` if there is only one topic
        cannot read `clicks=1`: write a partition as `clicks/0`, or as `0` if there is only one topic
        cannot read `clicks/-1=1`: write a partition as `clicks/0`, or as `0` if there is only one topic
        cannot read `a b/0=1`: this is not a valid name of a topic
        cannot read `/0=1`: this is not a valid name of a topic
        cannot read `2147483648=1`: write a partition as `clicks/0`, or as `0` if there is only one topic
        cannot read `0=9223372036854775808`: an offset is a whole number, at least 0
        ");
    }
}
