//! Claims on offsets of topics, by which a record that two objects hold counts once.
//!
//! The split that reads a record first claims its offset; a split that reads the same record later takes it out. Claims
//! belong to the split that is read, and not to the lanes that fold it: all lanes of a worker fold the same split, and a
//! checkpoint covers it for all of them or for none. So what a lane of the split claimed, each other lane of the split
//! may fold once, whatever batches it decodes the split into.
//!
//! A checkpoint holds what its splits claimed and nothing else: where a run is killed, claims of splits that no
//! checkpoint covers are gone with them, and are made anew when these splits are read again.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::BooleanArray;
use arrow_select::filter::filter_record_batch;

use super::error::FoldError;
use super::offsets::FoldedOffsets;
use crate::decode::{Events, ReadOffsets};
use crate::source::offsets::{OffsetSet, common, len, without};

/// The most pieces that sets of offsets are kept in, about 100 MB of them.
const PIECES: usize = 1 << 20;

/// The offsets that the workers of a build have read.
#[derive(Debug)]
pub struct Claims {
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    offsets: FoldedOffsets,
    pieces: usize,
}

/// The claims of a split that is being read by the lanes of one worker.
#[derive(Debug)]
pub struct SplitClaims {
    claims: Arc<Claims>,
    /// The offsets that the split accounts for and no other split does.
    own: FoldedOffsets,
    /// The offsets that each lane has read of the split.
    lanes: Vec<FoldedOffsets>,
}

impl Claims {
    /// Goes on from the offsets that were folded before.
    pub fn new(offsets: FoldedOffsets) -> Self {
        let partitions = offsets.partitions();
        let pieces = partitions.map(|(_, offsets)| offsets.pieces()).sum();
        Claims {
            read: Mutex::new(Read { offsets, pieces }),
        }
    }

    /// The claims of a split that a number of lanes begins to read.
    pub fn split(self: &Arc<Self>, lanes: usize) -> SplitClaims {
        SplitClaims {
            claims: self.clone(),
            own: FoldedOffsets::default(),
            lanes: vec![FoldedOffsets::default(); lanes],
        }
    }
}

impl SplitClaims {
    /// Takes rows and rejections that were folded before out of the batch of a lane, and claims the offsets of the
    /// others. Where `takes_out` is false all of them stay, and are counted as repeated: where the order of records
    /// matters, which copy of a record is read first must not show.
    ///
    /// # Errors
    /// [`FoldError::TooManyPieces`] where the claims of all splits would take more memory than is allowed.
    pub fn take_out_repeated(
        &mut self,
        lane: usize,
        takes_out: bool,
        events: &mut Events,
    ) -> Result<(), FoldError> {
        let (mut rows, mut rejected) = (BTreeSet::new(), BTreeSet::new());
        for stretch in std::mem::take(&mut events.offsets) {
            let held = self.claim(lane, takes_out, &stretch)?;
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
        take_out(events, &rows, &rejected)
    }

    /// The offsets that the split accounts for, once all lanes have read it.
    pub fn finish(mut self) -> FoldedOffsets {
        for lane in &self.lanes {
            for (partition, seen) in lane.partitions() {
                let own = self.own.of(partition);
                own.repeated = own.repeated.max(seen.repeated);
            }
        }
        self.own
    }

    /// Claims the offsets of a stretch; gives those whose records are to be taken out.
    fn claim(
        &mut self,
        lane: usize,
        takes_out: bool,
        stretch: &ReadOffsets,
    ) -> Result<Vec<Range<i64>>, FoldError> {
        let partition = &*stretch.partition;
        let own = self.own.of(partition);
        let seen = self.lanes[lane].of(partition);
        let mut read = self
            .claims
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let all = read.offsets.of(partition);
        own.scattered |= stretch.is_scattered;
        let before = all.pieces();
        let covered = claim(
            [&mut all.covered, &mut own.covered, &mut seen.covered],
            &stretch.covered,
        );
        let claimed = claim(
            [&mut all.claimed, &mut own.claimed, &mut seen.claimed],
            &stretch.carried,
        );
        // Claimed offsets are covered, also where the split that covered them may yet be lost.
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
        let taken_out = match takes_out {
            true => claimed,
            false => Vec::new(),
        };
        // Those that were read before, be it from an object whose records carry no offsets.
        let read_before = covered.iter().map(|part| len(&common(part, records)));
        let taken_out_len: u64 = taken_out.iter().map(len).sum();
        seen.repeated += read_before.sum::<u64>().saturating_sub(taken_out_len);
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

/// Takes rows and rejections, by their places, out of a batch.
fn take_out(
    events: &mut Events,
    rows: &BTreeSet<usize>,
    rejected: &BTreeSet<usize>,
) -> Result<(), FoldError> {
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

/// Adds a range to the offsets that a lane has seen of its split, and the parts that no split holds yet to the claims of
/// the split and of all splits. Gives the parts that the lane has seen before or another split holds, in rising order.
fn claim([all, own, seen]: [&mut OffsetSet; 3], range: &Range<i64>) -> Vec<Range<i64>> {
    let mut held = seen.insert(range.clone());
    for unseen in without(range.clone(), &held) {
        for unclaimed in without(unseen.clone(), &own.within(&unseen)) {
            let of_others = all.insert(unclaimed.clone());
            for part in without(unclaimed, &of_others) {
                own.insert(part);
            }
            held.extend(of_others);
        }
    }
    held.sort_unstable_by_key(|part| part.start);
    held
}

#[cfg(test)]
mod tests;
