//! The offsets of topics that were folded, by which an archive of a topic is proven whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::source::TopicPartition;
use crate::source::offsets::OffsetSet;

/// The offsets that were folded, by partition.
///
/// Serialized as a list of partitions, each with its offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldedOffsets {
    partitions: BTreeMap<TopicPartition, PartitionOffsets>,
}

/// The offsets that were folded of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionOffsets {
    /// The offsets that the objects account for: those of their records, and those between that the log has no record of.
    pub covered: OffsetSet,
    /// The offsets that records carry.
    #[serde(default, skip_serializing_if = "OffsetSet::is_empty")]
    pub claimed: OffsetSet,
    /// Records that were folded although another object accounts for their offsets; of several tables, the most that
    /// one of them folded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Whether between the records of some of these objects lie records of others (see [`KeyFields::scattered`]).
    ///
    /// [`KeyFields::scattered`]: crate::source::KeyFields::scattered
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scattered: bool,
}

/// A partition in a file.
#[derive(Serialize, Deserialize)]
struct Entry<P, O> {
    #[serde(flatten)]
    partition: P,
    #[serde(flatten)]
    offsets: O,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl FoldedOffsets {
    /// Whether nothing is known of any partition.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// Adds the offsets that were folded by another checkpoint.
    pub fn add(&mut self, other: &FoldedOffsets) {
        for (partition, more) in &other.partitions {
            let own = self.of(partition);
            for range in more.covered.ranges() {
                own.covered.insert(range);
            }
            for range in more.claimed.ranges() {
                own.claimed.insert(range);
            }
            own.repeated += more.repeated;
            own.scattered |= more.scattered;
        }
    }

    /// The offsets of `other` that are in here as well; none of a partition in which there are none.
    pub(crate) fn within(&self, other: &FoldedOffsets) -> FoldedOffsets {
        let common = |held: &OffsetSet, wanted: &OffsetSet| {
            let mut common = OffsetSet::default();
            for part in wanted.ranges().flat_map(|range| held.within(&range)) {
                common.insert(part);
            }
            common
        };
        let mut within = FoldedOffsets::default();
        for (partition, wanted) in &other.partitions {
            let Some(held) = self.partitions.get(partition) else {
                continue;
            };
            let covered = common(&held.covered, &wanted.covered);
            if covered.is_empty() {
                continue;
            }
            let own = within.of(partition);
            own.claimed = common(&held.claimed, &wanted.claimed);
            own.covered = covered;
        }
        within
    }

    /// Counts records of a partition that were folded twice.
    pub(crate) fn add_repeated(&mut self, partition: &TopicPartition, records: u64) {
        self.of(partition).repeated += records;
    }

    /// The offsets of a partition, to add to.
    pub(super) fn of(&mut self, partition: &TopicPartition) -> &mut PartitionOffsets {
        self.partitions.entry(partition.clone()).or_default()
    }

    /// The offset after the last one that was read of a partition, if any was.
    pub fn end_of(&self, partition: &TopicPartition) -> Option<i64> {
        let covered = &self.partitions.get(partition)?.covered;
        covered.ranges().next_back().map(|range| range.end)
    }

    /// Each partition, by topic and number.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionOffsets)> {
        self.partitions.iter()
    }
}

impl Serialize for FoldedOffsets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let partitions = self.partitions();
        serializer.collect_seq(partitions.map(|(partition, offsets)| Entry { partition, offsets }))
    }
}

impl<'de> Deserialize<'de> for FoldedOffsets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let partitions = Vec::<Entry<_, _>>::deserialize(deserializer)?.into_iter();
        let partitions = partitions.map(|one| (one.partition, one.offsets));
        Ok(FoldedOffsets {
            partitions: partitions.collect(),
        })
    }
}

impl PartitionOffsets {
    /// How many ranges are kept in memory.
    pub(super) fn pieces(&self) -> usize {
        self.covered.pieces() + self.claimed.pieces()
    }
}
