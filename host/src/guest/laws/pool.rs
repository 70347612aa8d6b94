//! States for equations: those of single events, and those of longer parts of the sample.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::lab::{Lab, Rows, pick, unfit};
use super::random::Random;
use crate::guest::{Call, GuestError};

/// A state, by the events that it was made from.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The rows of the sample that were folded. They may have given other keys as well.
    pub(super) rows: Rows,
    /// The encoded key; empty if the operand is the events themselves.
    pub(super) key: Vec<u8>,
}

/// States, sorted by key, and those of a key in the order of the sample.
pub(super) struct Pool {
    pub(super) states: RecordBatch,
    made: Vec<(u32, Vec<u8>)>,
    pieces: Vec<Rows>,
}

/// Places of states in a pool, for up to three operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) states: [u32; 3],
    /// Whether all of them have the same key, so that a run may meet this case.
    pub(super) same_key: bool,
}

impl Pool {
    /// The states of parts of `rows`, at most `limit` of them. Parts that cannot be folded are left out.
    pub(super) fn of(lab: &mut Lab<'_>, rows: &[u32], limit: usize) -> Result<Pool, GuestError> {
        let pieces = pieces(rows, limit);
        let mut found = Vec::new();
        let mut batches = Vec::new();
        let mut first_row = 0;
        for (number, piece) in pieces.iter().enumerate() {
            let Ok(folded) = lab.fold_whole(piece) else {
                continue;
            };
            for (row, key) in folded.keys.into_iter().enumerate() {
                found.push((key, number as u32, first_row + row as u32));
            }
            first_row += folded.states.num_rows() as u32;
            batches.push(folded.states);
        }
        found.sort_unstable();
        let keep = found.len().min(limit).max(1);
        let kept: Vec<_> = found
            .into_iter()
            .enumerate()
            .scan(0, |taken, (place, state)| {
                // Evenly spread: the nth of `keep` is taken at its share of all states.
                let wanted = place * keep / first_row.max(1) as usize >= *taken;
                *taken += usize::from(wanted);
                Some(wanted.then_some(state))
            })
            .flatten()
            .collect();
        let schema = lab.instance().descriptor().state_schema();
        let all = concat_batches(&schema, &batches).map_err(unfit(Call::Drain))?;
        let places: Vec<u32> = kept.iter().map(|(_, _, row)| *row).collect();
        Ok(Pool {
            states: pick(&all, &places, Call::Drain)?,
            made: kept
                .into_iter()
                .map(|(key, piece, _)| (piece, key))
                .collect(),
            pieces,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// The events of the state at `place`.
    pub(super) fn made(&self, place: u32) -> Made {
        let (piece, key) = &self.made[place as usize];
        Made {
            rows: self.pieces[*piece as usize].clone(),
            key: key.clone(),
        }
    }

    /// The number of events of the state at `place`.
    pub(super) fn weight(&self, place: u32) -> usize {
        self.pieces[self.made[place as usize].0 as usize].len()
    }

    /// Up to `limit` triples: states of one key that follow one another, then any.
    ///
    /// `combine` does not get keys, so it has to obey the laws on states of different keys as well.
    pub(super) fn cases(&self, limit: usize, random: &mut Random) -> Vec<Case> {
        let all = self.len() as u32;
        if all == 0 {
            return Vec::new();
        }
        let is_same = |a: u32, b: u32| self.made[a as usize].1 == self.made[b as usize].1;
        let neighbours: Vec<_> = (2..all)
            .filter(|last| is_same(last - 2, *last))
            .map(|last| [last - 2, last - 1, last])
            .collect();
        let share = (limit / 2).max(1);
        let step = neighbours.len().div_ceil(share).max(1);
        let mut cases: Vec<_> = neighbours.into_iter().step_by(step).collect();
        while cases.len() < limit.min(4 * all as usize) {
            let mut any = || random.below(u64::from(all)) as u32;
            cases.push([any(), any(), any()]);
        }
        cases
            .into_iter()
            .map(|states| Case {
                states,
                same_key: is_same(states[0], states[1]) && is_same(states[1], states[2]),
            })
            .collect()
    }
}

/// Single events evenly spread, then parts of a thirty-second, then quarters.
fn pieces(rows: &[u32], limit: usize) -> Vec<Rows> {
    let singles = (limit / 8).clamp(1, rows.len().max(1));
    let mut pieces: Vec<Rows> = rows
        .chunks(rows.len().div_ceil(singles).max(1))
        .map(|chunk| vec![chunk[0]])
        .collect();
    for parts in [32, 4] {
        let length = rows.len() / parts;
        if length > 1 {
            pieces.extend(rows.chunks(length).map(<[u32]>::to_vec));
        }
    }
    pieces
}
