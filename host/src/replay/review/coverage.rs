//! What the input of a build covers: objects over time, and offsets by partition, each in a picture of bounded size.

use std::collections::BTreeMap;
use std::ops::Range;

use super::timeline::{Timeline, TimelineBuilder};
use crate::fold::{FoldedOffsets, PartitionOffsets};
use crate::source::offsets::{OffsetSet, TopicPartition, len};
use crate::source::{FrozenPartition, Split, SplitInput};
use crate::workdir::Manifest;

/// The columns of a partition's picture.
pub const COLUMNS: u64 = 120;

/// The most partitions that are kept, those with faults first.
const PARTITIONS: usize = 40;

/// The most gaps that are named in a partition.
const GAPS: usize = 3;

/// What the input covers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// The objects of an archive over time; `None` for a topic.
    pub timeline: Option<Timeline>,
    /// Partitions of a topic, or those whose offsets an archive's objects hold; those with faults first.
    pub partitions: Vec<PartitionCoverage>,
    /// Partitions that are not listed.
    pub partitions_left_out: u64,
    /// Offsets that are missing in all partitions together.
    pub missing: u64,
}

/// The offsets of a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionCoverage {
    /// The topic and the partition.
    pub partition: TopicPartition,
    /// The first offset.
    pub start: i64,
    /// The offset after the last one.
    pub end: i64,
    /// The stretches of the picture, from left to right; together they fill it.
    pub stretches: Vec<Stretch>,
    /// Offsets that are planned and not folded yet.
    pub pending: u64,
    /// Offsets between objects that no object holds.
    pub missing: u64,
    /// The places of the missing offsets.
    pub gaps: u64,
    /// The first of these places.
    pub first_gaps: Vec<Range<i64>>,
    /// Records that were folded although another object accounts for their offsets.
    pub repeated: u64,
    /// The time of the first record in microseconds since 1970-01-01T00:00:00Z, of a topic.
    pub first_us: Option<i64>,
    /// The time of the last record, in the same unit.
    pub last_us: Option<i64>,
}

/// A stretch of a partition's picture in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The number of columns.
    pub columns: u64,
    /// What holds in each of them.
    pub state: StretchState,
}

/// What holds for the offsets of a stretch, by weight: one missing offset makes a column `Missing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StretchState {
    /// All are folded.
    Folded,
    /// Some are not folded yet.
    Pending,
    /// Some are missing.
    Missing,
}

/// Collects what the splits of a plan cover.
pub(super) struct CoverageBuilder {
    timeline: TimelineBuilder,
    /// What is folded of each partition of a topic.
    folded: BTreeMap<TopicPartition, (FrozenPartition, OffsetSet)>,
}

impl CoverageBuilder {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let partitions = manifest.input.frozen.partitions.iter();
        CoverageBuilder {
            timeline: TimelineBuilder::new(&manifest.input),
            folded: partitions
                .map(|one| {
                    (
                        named(&one.topic, one.partition),
                        (one.clone(), OffsetSet::default()),
                    )
                })
                .collect(),
        }
    }

    /// The first of two passes: the bounds of time.
    pub(super) fn measure(&mut self, split: &Split) {
        if let SplitInput::Objects(objects) = &split.input {
            objects
                .iter()
                .for_each(|object| self.timeline.measure(object));
        }
    }

    /// Ends the first pass.
    pub(super) fn lay_out(&mut self) {
        self.timeline.lay_out();
    }

    /// The second pass.
    pub(super) fn see(&mut self, split: &Split, is_done: bool) {
        match &split.input {
            SplitInput::Objects(objects) => objects
                .iter()
                .for_each(|object| self.timeline.see(object, is_done)),
            SplitInput::Offsets {
                topic,
                partition,
                start,
                end,
            } if is_done => {
                if let Some((_, folded)) = self.folded.get_mut(&named(topic, *partition)) {
                    folded.insert(*start..*end);
                }
            }
            SplitInput::Offsets { .. } => {}
        }
    }

    /// The coverage; `offsets` are those that the objects of an archive account for.
    pub(super) fn finish(self, offsets: &FoldedOffsets) -> Coverage {
        let topics = self
            .folded
            .values()
            .map(|(one, folded)| of_topic(one, folded));
        let archived = offsets.partitions();
        let archived = archived.filter_map(|(partition, one)| of_archive(partition, one));
        let mut partitions: Vec<_> = match self.folded.is_empty() {
            true => archived.collect(),
            false => topics.collect(),
        };
        let missing = partitions.iter().map(|one| one.missing).sum();
        // The sort is stable: partitions without faults stay in their order.
        partitions.sort_by_key(|one| std::cmp::Reverse((one.missing, one.repeated)));
        let left_out = partitions.len().saturating_sub(PARTITIONS) as u64;
        partitions.truncate(PARTITIONS);
        Coverage {
            timeline: self.timeline.finish(),
            partitions,
            partitions_left_out: left_out,
            missing,
        }
    }
}

fn named(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition {
        topic: topic.to_owned(),
        partition,
    }
}

/// A partition of a topic, of which `folded` is folded. A log has holes of its own, so that nothing counts as missing.
fn of_topic(frozen: &FrozenPartition, folded: &OffsetSet) -> PartitionCoverage {
    let whole = frozen.start..frozen.end;
    let done = folded.within(&whole);
    let mut picture = Picture::new(&whole);
    let mut at = whole.start;
    for part in &done {
        picture.mark(&(at..part.start), StretchState::Pending);
        at = part.end;
    }
    picture.mark(&(at..whole.end), StretchState::Pending);
    PartitionCoverage {
        partition: named(&frozen.topic, frozen.partition),
        start: whole.start,
        end: whole.end,
        stretches: picture.stretches(),
        pending: len(&whole) - done.iter().map(len).sum::<u64>(),
        missing: 0,
        gaps: 0,
        first_gaps: Vec::new(),
        repeated: 0,
        first_us: frozen.first_us,
        last_us: frozen.last_us,
    }
}

/// A partition whose offsets the objects of an archive hold.
fn of_archive(partition: &TopicPartition, offsets: &PartitionOffsets) -> Option<PartitionCoverage> {
    let start = offsets.covered.ranges().next()?.start;
    let end = offsets.covered.ranges().next_back()?.end;
    let mut picture = Picture::new(&(start..end));
    let (mut missing, mut gaps) = (0, 0);
    for gap in offsets.covered.gaps() {
        picture.mark(&gap, StretchState::Missing);
        missing += len(&gap);
        gaps += 1;
    }
    Some(PartitionCoverage {
        partition: partition.clone(),
        start,
        end,
        stretches: picture.stretches(),
        pending: 0,
        missing,
        gaps,
        first_gaps: offsets.covered.gaps().take(GAPS).collect(),
        repeated: offsets.repeated,
        first_us: None,
        last_us: None,
    })
}

/// The columns of a partition.
struct Picture {
    start: i64,
    offsets: u64,
    columns: Vec<StretchState>,
}

impl Picture {
    fn new(whole: &Range<i64>) -> Self {
        let offsets = len(whole);
        Picture {
            start: whole.start,
            offsets,
            columns: vec![StretchState::Folded; offsets.min(COLUMNS) as usize],
        }
    }

    fn mark(&mut self, range: &Range<i64>, state: StretchState) {
        if range.is_empty() {
            return;
        }
        let column = |offset: i64| {
            let place = u128::from(self.start.abs_diff(offset)) * self.columns.len() as u128;
            (place / u128::from(self.offsets.max(1))) as usize
        };
        let (first, last) = (column(range.start), column(range.end - 1));
        for place in first..=last {
            if let Some(held) = self.columns.get_mut(place) {
                *held = state.max(*held);
            }
        }
    }

    fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for state in &self.columns {
            match stretches.last_mut() {
                Some(last) if last.state == *state => last.columns += 1,
                _ => stretches.push(Stretch {
                    columns: 1,
                    state: *state,
                }),
            }
        }
        stretches
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn partition(covered: serde_json::Value) -> PartitionCoverage {
        let folded = json!([{ "topic": "t", "partition": 0, "covered": covered }]);
        let folded: FoldedOffsets = serde_json::from_value(folded).unwrap();
        let (partition, offsets) = folded.partitions().next().unwrap();
        of_archive(partition, offsets).unwrap()
    }

    fn drawn(partition: &PartitionCoverage) -> String {
        let stretches = partition.stretches.iter();
        let drawn = stretches.map(|stretch| format!("{:?} {}", stretch.state, stretch.columns));
        drawn.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn one_missing_offset_in_a_million_is_seen() {
        let one = partition(json!([[0, 500_000], [500_001, 1_000_000]]));
        assert_eq!((one.missing, one.gaps), (1, 1));
        assert_eq!(drawn(&one), "Folded 60, Missing 1, Folded 59");
        assert_eq!(drawn(&partition(json!([[7, 9]]))), "Folded 2");
        let far = partition(json!([[i64::MIN + 1, 0], [1, i64::MAX]]));
        assert_eq!(drawn(&far), "Folded 60, Missing 1, Folded 59");
    }

    #[test]
    fn a_topic_has_offsets_to_come_and_none_missing() {
        let frozen: FrozenPartition = serde_json::from_value(
            json!({ "topic": "t", "partition": 1, "start": 100, "end": 400 }),
        )
        .unwrap();
        let mut folded = OffsetSet::default();
        folded.insert(100..150);
        folded.insert(250..400);
        let one = of_topic(&frozen, &folded);
        assert_eq!((one.pending, one.missing), (100, 0));
        assert_eq!(drawn(&one), "Folded 20, Pending 40, Folded 60");
        let empty = FrozenPartition { end: 100, ..frozen };
        assert_eq!(drawn(&of_topic(&empty, &OffsetSet::default())), "");
    }
}
