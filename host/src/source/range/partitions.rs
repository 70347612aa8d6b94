//! Offsets partition by partition, as a bound of a range.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::source::TopicPartition;

/// A partition as a job names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartitionName {
    /// The topic; where it is left out, the job has one.
    pub topic: Option<String>,
    /// The partition.
    pub partition: i32,
}

impl PartitionName {
    /// Whether it means `partition`.
    pub fn is(&self, partition: &TopicPartition) -> bool {
        let is_topic = |topic: &String| *topic == partition.topic;
        self.partition == partition.partition && self.topic.as_ref().is_none_or(is_topic)
    }
}

impl fmt::Display for PartitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(topic) = &self.topic {
            write!(f, "{topic}/")?;
        }
        write!(f, "{}", self.partition)
    }
}

impl FromStr for PartitionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (topic, number) = match text.rsplit_once('/') {
            Some((topic, number)) => (Some(topic.trim()), number),
            None => (None, text),
        };
        let partition = number.trim().parse::<i32>().ok();
        match (topic, partition.filter(|number| *number >= 0)) {
            (None, Some(partition)) => Ok(PartitionName {
                topic: None,
                partition,
            }),
            (Some(topic), Some(partition)) if !topic.is_empty() => Ok(PartitionName {
                topic: Some(topic.to_owned()),
                partition,
            }),
            _ => Err(format!(
                "`{text}` is no partition: write `clicks/0`, or `0` where there is one topic"
            )),
        }
    }
}

/// An offset for each of some partitions, written `clicks/0=100,clicks/1=250`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionOffsets(BTreeMap<PartitionName, i64>);

impl PartitionOffsets {
    /// Adds a partition.
    ///
    /// # Errors
    /// Where it was added before, or the offset is none.
    pub fn add(&mut self, name: PartitionName, offset: i64) -> Result<(), String> {
        if offset < 0 {
            return Err(format!("{offset} is no offset, of partition {name}"));
        }
        let shown = name.to_string();
        match self.0.insert(name, offset) {
            None => Ok(()),
            Some(_) => Err(format!("partition {shown} stands there twice")),
        }
    }

    /// The offset of a partition.
    pub fn get(&self, partition: &TopicPartition) -> Option<i64> {
        let mut meant = self.0.iter().filter(|(name, _)| name.is(partition));
        meant.next_back().map(|(_, offset)| *offset)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&PartitionName, i64)> {
        self.0.iter().map(|(name, offset)| (name, *offset))
    }
}

impl fmt::Display for PartitionOffsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, offset) in self.iter() {
            write!(f, "{separator}{name}={offset}")?;
            separator = ",";
        }
        Ok(())
    }
}

impl FromStr for PartitionOffsets {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut offsets = PartitionOffsets::default();
        for part in text.split(',') {
            let read = part
                .split_once('=')
                .and_then(|(name, offset)| Some((name.trim(), offset.trim().parse::<i64>().ok()?)));
            let (name, offset) = read.ok_or_else(|| {
                format!("`{part}` is not a partition and its offset, as in `clicks/0=100`")
            })?;
            offsets.add(name.parse()?, offset)?;
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_their_offsets_with_and_without_a_topic() {
        let offsets: PartitionOffsets = "clicks/1=250, clicks/0=100,3=7".parse().unwrap();
        assert_eq!(offsets.to_string(), "3=7,clicks/0=100,clicks/1=250");
        let at = |topic: &str, partition| {
            offsets.get(&TopicPartition {
                topic: topic.to_owned(),
                partition,
            })
        };
        assert_eq!(at("clicks", 0), Some(100));
        assert_eq!(at("views", 0), None);
        assert_eq!(at("views", 3), Some(7));
    }

    #[test]
    fn what_is_no_list_of_offsets_is_refused() {
        for text in [
            "", "0", "=1", "/0=1", "a=1", "-1=3", "0=-3", "0=1,0=2", "0=1,,1=2",
        ] {
            assert!(text.parse::<PartitionOffsets>().is_err(), "{text}");
        }
    }
}
