//! Partitions of topics, and sets of offsets.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic; empty if it is not known.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.topic {
            "" => write!(f, "partition {}", self.partition),
            topic => write!(f, "{topic}/{}", self.partition),
        }
    }
}

/// A set of offsets, stored as ranges: the memory depends on the number of ranges.
///
/// It is serialized as a list of ranges `[start, end]`, without the offset `end` itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetSet {
    /// From start to end. No two ranges overlap or touch.
    ranges: BTreeMap<i64, i64>,
}

impl OffsetSet {
    /// Adds `range`, and returns the parts of it that were in the set before, in ascending order.
    pub fn insert(&mut self, range: Range<i64>) -> Vec<Range<i64>> {
        let mut held = Vec::new();
        if range.is_empty() {
            return held;
        }
        let Range { mut start, mut end } = range;
        // All ranges that overlap or touch it, the last one first.
        while let Some((&known_start, &known_end)) = self.ranges.range(..=end).next_back() {
            if known_end < start {
                break;
            }
            let common = common(&(known_start..known_end), &range);
            if !common.is_empty() {
                held.push(common);
            }
            self.ranges.remove(&known_start);
            start = start.min(known_start);
            end = end.max(known_end);
        }
        self.ranges.insert(start, end);
        held.reverse();
        held
    }

    /// The parts of `range` that are in the set, in ascending order.
    pub fn within(&self, range: &Range<i64>) -> Vec<Range<i64>> {
        let before = self.ranges.range(..range.start).next_back();
        let inside = self.ranges.range(range.start..range.end.max(range.start));
        let parts = before.into_iter().chain(inside);
        let parts = parts.map(|(start, end)| common(&(*start..*end), range));
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// The ranges in ascending order; no two overlap or touch.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = Range<i64>> {
        self.ranges.iter().map(|(start, end)| *start..*end)
    }

    /// The gaps between the lowest and the highest offset, in ascending order.
    pub fn gaps(&self) -> impl Iterator<Item = Range<i64>> {
        let ends = self.ranges.values();
        let starts = self.ranges.keys().skip(1);
        ends.zip(starts).map(|(end, start)| *end..*start)
    }

    /// The number of ranges.
    pub fn pieces(&self) -> usize {
        self.ranges.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

/// The rest of `range` without `taken`, which are parts of it in ascending order.
pub(crate) fn without(range: Range<i64>, taken: &[Range<i64>]) -> Vec<Range<i64>> {
    let mut left = Vec::new();
    let mut at = range.start;
    for part in taken {
        left.push(at..part.start);
        at = part.end;
    }
    left.push(at..range.end);
    left.retain(|part| !part.is_empty());
    left
}

/// The overlap of two ranges; an empty range if they do not overlap.
pub(crate) fn common(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    one.start.max(other.start)..one.end.min(other.end)
}

/// The number of offsets in a range.
pub(crate) fn len(range: &Range<i64>) -> u64 {
    if range.is_empty() {
        0
    } else {
        range.start.abs_diff(range.end)
    }
}

impl Serialize for OffsetSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.ranges)
    }
}

impl<'de> Deserialize<'de> for OffsetSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut set = OffsetSet::default();
        for (start, end) in Vec::<(i64, i64)>::deserialize(deserializer)? {
            set.insert(start..end);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a set of single offsets.
        #[test]
        fn it_is_a_set(ranges in prop::collection::vec((0i64..60, 0i64..12), 0..30)) {
            let (mut set, mut offsets) = (OffsetSet::default(), BTreeSet::new());
            for (start, len) in ranges {
                let range = start..start + len;
                let within = set.within(&range);
                let held = set.insert(range.clone());
                prop_assert_eq!(&within, &held);
                let single: Vec<i64> = held.iter().cloned().flatten().collect();
                let expected: Vec<i64> = range.clone().filter(|at| offsets.contains(at)).collect();
                prop_assert_eq!(&single, &expected);
                let fresh: Vec<i64> = without(range.clone(), &held).into_iter().flatten().collect();
                let expected: Vec<i64> = range.clone().filter(|at| !offsets.contains(at)).collect();
                prop_assert_eq!(fresh, expected);
                offsets.extend(range);
            }
            prop_assert!(set.ranges().flatten().eq(offsets.iter().copied()));
            let (lowest, highest) = (offsets.first(), offsets.last());
            let all = lowest.zip(highest).map_or(0..0, |(lowest, highest)| *lowest..*highest);
            prop_assert!(set.gaps().flatten().eq(all.filter(|at| !offsets.contains(at))));
            // No two touch.
            prop_assert!(set.gaps().all(|gap| !gap.is_empty()));
            let written = serde_json::to_string(&set).unwrap();
            prop_assert_eq!(serde_json::from_str::<OffsetSet>(&written).unwrap(), set);
        }
    }

    #[test]
    fn the_highest_offsets_are_offsets() {
        let mut set = OffsetSet::default();
        set.insert(i64::MAX - 2..i64::MAX);
        set.insert(i64::MIN..0);
        assert_eq!(
            set.gaps().map(|gap| len(&gap)).sum::<u64>(),
            i64::MAX as u64 - 2
        );
    }
}
