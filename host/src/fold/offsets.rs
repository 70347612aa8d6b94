//! Which offsets of topics were folded: what proves an archive whole, and takes out what two of its objects hold.
//!
//! Who reads a record first claims its offset; whoever reads it again takes it out. What one checkpoint covers holds
//! what its splits claimed and nothing else: where a run is killed, claims of splits that no checkpoint covers are
//! gone with them, and are made anew when these splits are read again. So each offset counts exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

use arrow_array::BooleanArray;
use arrow_select::filter::filter_record_batch;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::FoldError;
use crate::decode::{Events, ReadOffsets};
use crate::source::TopicPartition;
use crate::source::offsets::{OffsetSet, common, len, without};

/// The most pieces that sets of offsets are kept in, about 100 MB of them.
const PIECES: usize = 1 << 20;

/// Which offsets were folded, by partition.
///
/// Serialized as a list of partitions, each with its offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldedOffsets {
    partitions: BTreeMap<TopicPartition, PartitionOffsets>,
}

/// What was folded of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionOffsets {
    /// The offsets that objects account for.
    pub covered: OffsetSet,
    /// Those that records carry.
    #[serde(default, skip_serializing_if = "OffsetSet::is_empty")]
    pub claimed: OffsetSet,
    /// Records that were folded although another object accounts for their offsets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Some of these objects have records of which others lie between (see [`KeyFields::scattered`]).
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

    /// Adds what was folded elsewhere.
    pub fn add(&mut self, other: &FoldedOffsets) {
        for (partition, more) in &other.partitions {
            let own = self.partitions.entry(partition.clone()).or_default();
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

/// What the workers of a build have read of topics.
#[derive(Debug)]
pub struct Claims {
    read: Mutex<Read>,
    takes_out: bool,
}

#[derive(Debug)]
struct Read {
    offsets: FoldedOffsets,
    pieces: usize,
}

impl Claims {
    /// Goes on from what was folded before. `takes_out` tells whether records that are held twice are taken out: not
    /// where the order of records matters, since which of them comes first is a matter of chance.
    pub fn new(offsets: FoldedOffsets, takes_out: bool) -> Self {
        let partitions = offsets.partitions.values();
        let pieces = partitions.map(PartitionOffsets::pieces).sum();
        Claims {
            read: Mutex::new(Read { offsets, pieces }),
            takes_out,
        }
    }

    /// Takes rows and rejections out of a batch that others hold, and adds what it accounts for to `own`.
    ///
    /// # Errors
    /// [`FoldError::TooManyPieces`] where memory is not bounded otherwise.
    pub fn take_out_repeated(
        &self,
        events: &mut Events,
        own: &mut FoldedOffsets,
    ) -> Result<(), FoldError> {
        let (mut rows, mut rejected) = (BTreeSet::new(), BTreeSet::new());
        for stretch in std::mem::take(&mut events.offsets) {
            let held = self.claim(&stretch, own)?;
            if !held.is_empty() {
                let is_held = |offset: i64| held.iter().any(|part| part.contains(&offset));
                let places = |records: &[(u32, i64)]| -> Vec<usize> {
                    let records = records.iter().filter(|(_, offset)| is_held(*offset));
                    records.map(|(place, _)| *place as usize).collect()
                };
                rows.extend(places(&stretch.rows));
                rejected.extend(places(&stretch.rejected));
            }
        }
        if !rows.is_empty() {
            let kept: Vec<bool> = (0..events.batch.num_rows())
                .map(|row| !rows.contains(&row))
                .collect();
            events.provenance.retain(&kept);
            events.batch = filter_record_batch(&events.batch, &BooleanArray::from(kept))?;
        }
        if !rejected.is_empty() {
            let mut place = 0usize..;
            events
                .rejected
                .retain(|_| place.next().is_none_or(|place| !rejected.contains(&place)));
        }
        events.counts.events -= rows.len() as u64;
        events.counts.rejected -= rejected.len() as u64;
        events.counts.repeated += (rows.len() + rejected.len()) as u64;
        Ok(())
    }

    /// Claims the offsets of a stretch; gives those whose records are to be taken out.
    fn claim(
        &self,
        stretch: &ReadOffsets,
        own: &mut FoldedOffsets,
    ) -> Result<Vec<Range<i64>>, FoldError> {
        let mut read = self
            .read
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let partition = &*stretch.partition;
        let all = read
            .offsets
            .partitions
            .entry(partition.clone())
            .or_default();
        let own = own.partitions.entry(partition.clone()).or_default();
        own.scattered |= stretch.is_scattered;
        let before = all.pieces();
        let covered = claim(&mut all.covered, &mut own.covered, &stretch.covered);
        let claimed = claim(&mut all.claimed, &mut own.claimed, &stretch.carried);
        // Also where what covered it may yet be lost: what is claimed is covered.
        for part in without(stretch.carried.clone(), &claimed) {
            own.covered.insert(part);
        }
        let pieces = all.pieces();
        let carries = !stretch.carried.is_empty();
        let records = if carries {
            &stretch.carried
        } else {
            &stretch.covered
        };
        let taken_out = match self.takes_out {
            true => claimed,
            false => Vec::new(),
        };
        // Those that were read before, be it from an object whose records carry no offsets.
        let read_before = covered.iter().map(|part| len(&common(part, records)));
        let taken_out_len: u64 = taken_out.iter().map(len).sum();
        let repeated = read_before.sum::<u64>().saturating_sub(taken_out_len);
        all.repeated += repeated;
        own.repeated += repeated;
        read.pieces = read.pieces + pieces - before;
        if read.pieces > PIECES {
            return Err(FoldError::TooManyPieces {
                limit: PIECES,
                partition: partition.to_string().into(),
            });
        }
        Ok(taken_out)
    }
}

impl PartitionOffsets {
    fn pieces(&self) -> usize {
        self.covered.pieces() + self.claimed.pieces()
    }
}

/// Adds a range to what all have, and what is new of it to one's own. Gives the parts that are not new.
fn claim(all: &mut OffsetSet, own: &mut OffsetSet, range: &Range<i64>) -> Vec<Range<i64>> {
    let held = all.insert(range.clone());
    for part in without(range.clone(), &held) {
        own.insert(part);
    }
    held
}

#[cfg(test)]
mod tests;
