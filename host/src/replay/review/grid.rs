//! The splits of a build in a grid of bounded size: which are folded, and how long each took.

use crate::source::{Split, SplitInput};
use crate::workdir::Standing;

/// The most cells of a grid.
pub(super) const MOST_CELLS: u64 = 480;

/// The most splits that are named.
const NAMED: usize = 5;

/// The splits of a build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SplitGrid {
    /// Splits of the plan.
    pub total: u64,
    /// Splits that are folded.
    pub done: u64,
    /// Splits with rejected records.
    pub with_rejections: u64,
    /// Splits in a cell; the last cell may have fewer.
    pub per_cell: u64,
    /// The cells, in the order of the source.
    pub cells: Vec<SplitCell>,
    /// The time of half of the folded splits is at most this, in microseconds.
    pub median_micros: u64,
    /// The splits that took longest, the slowest first.
    pub slowest: Vec<NamedSplit>,
    /// The first splits that are not folded.
    pub pending: Vec<NamedSplit>,
}

/// Some consecutive splits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitCell {
    /// How many.
    pub splits: u64,
    /// How many of them are folded.
    pub done: u64,
    /// The records rejected in them.
    pub rejected: u64,
    /// The time of the folded ones together, in microseconds.
    pub micros: u64,
}

/// A split with what it covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedSplit {
    /// Its number, from 0.
    pub number: u64,
    /// The objects or offsets that it covers.
    pub input: String,
    /// Bytes to read, as stored; 0 where that is not known.
    pub size_bytes: u64,
    /// Its records; 0 where it is not folded.
    pub records: u64,
    /// Of these, records that were rejected.
    pub rejected: u64,
    /// From its first chunk to its last, in microseconds; 0 where it is not folded.
    pub micros: u64,
}

impl SplitGrid {
    /// The grid of the folded splits, without what the plan alone knows.
    pub(super) fn new(total: u64, standing: &Standing) -> Self {
        let per_cell = total.div_ceil(MOST_CELLS).max(1);
        let mut grid = SplitGrid {
            total,
            done: standing.covered.len(),
            per_cell,
            ..SplitGrid::default()
        };
        for first in (0..total).step_by(per_cell as usize) {
            grid.cells.push(SplitCell {
                splits: per_cell.min(total - first),
                ..SplitCell::default()
            });
        }
        let checkpoints = standing.checkpoints.iter();
        let mut folded: Vec<_> = checkpoints.flat_map(|one| &one.splits).collect();
        for split in &folded {
            let rejected = split.rejected();
            grid.with_rejections += u64::from(rejected > 0);
            if let Some(cell) = grid.cells.get_mut((split.split / per_cell) as usize) {
                cell.done += 1;
                cell.rejected += rejected;
                cell.micros += split.micros;
            }
        }
        folded.sort_by_key(|split| (std::cmp::Reverse(split.micros), split.split));
        grid.median_micros = folded.get(folded.len() / 2).map_or(0, |split| split.micros);
        grid.slowest = folded
            .iter()
            .take(NAMED)
            .map(|split| NamedSplit {
                number: split.split,
                records: split.tables.iter().map(|one| one.counts.records).sum(),
                rejected: split.rejected(),
                micros: split.micros,
                ..NamedSplit::default()
            })
            .collect();
        grid
    }

    /// Adds what the plan says of a split.
    pub(super) fn see(&mut self, split: &Split, is_done: bool) {
        if let Some(named) = self
            .slowest
            .iter_mut()
            .find(|one| one.number == split.number)
        {
            named.input = shown(&split.input);
            named.size_bytes = split.size_bytes;
        }
        if !is_done && self.pending.len() < NAMED {
            self.pending.push(NamedSplit {
                number: split.number,
                input: shown(&split.input),
                size_bytes: split.size_bytes,
                ..NamedSplit::default()
            });
        }
    }
}

/// What a split covers, for people.
fn shown(input: &SplitInput) -> String {
    match input {
        SplitInput::Objects(objects) => match &objects[..] {
            [] => "no objects".to_owned(),
            [one] => one.key.clone(),
            [first, rest @ ..] => format!("{} and {} more", first.key, rest.len()),
        },
        SplitInput::Offsets {
            topic,
            partition,
            start,
            end,
        } => format!("{topic}/{partition} offsets {start} to {}", end - 1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fold::Checkpoint;

    fn standing(splits: impl Iterator<Item = (u64, u64)>) -> Standing {
        let splits: Vec<_> = splits
            .map(|(split, micros)| {
                json!({ "split": split, "micros": micros, "tables": [{
                    "counts": { "records": 10, "events": 9, "not_wanted": 0, "out_of_range": 0,
                        "rejected": u64::from(split % 100 == 7), "stored_bytes": 0, "decoded_bytes": 0 },
                    "rejected_by_component": 0,
                }] })
            })
            .collect();
        let times =
            json!({ "wait": 0, "decode": 0, "fold": 0, "drain": 0, "absorb": 0, "write": 0 });
        let checkpoint = json!({ "splits": splits, "tables": [], "times": times });
        let checkpoint: Checkpoint = serde_json::from_value(checkpoint).expect("a checkpoint");
        let mut standing = Standing::default();
        for split in &checkpoint.splits {
            standing.covered.insert(split.split);
        }
        standing.checkpoints.push(checkpoint);
        standing
    }

    fn split(number: u64, keys: &[&str]) -> Split {
        let object =
            |key: &&str| json!({ "key": key, "size_bytes": 1, "etag": "", "modified_us": 0 });
        let objects: Vec<_> = keys.iter().map(object).collect();
        let split = json!({ "number": number, "size_bytes": 5, "input": { "objects": objects } });
        serde_json::from_value(split).expect("a split")
    }

    #[test]
    fn any_number_of_splits_has_few_cells() {
        let grid = SplitGrid::new(10_000, &standing((0..5_000).map(|split| (split, split))));
        assert!(grid.cells.len() as u64 <= MOST_CELLS);
        assert_eq!(
            grid.cells.iter().map(|cell| cell.splits).sum::<u64>(),
            10_000
        );
        assert_eq!(grid.cells.iter().map(|cell| cell.done).sum::<u64>(), 5_000);
        assert_eq!((grid.done, grid.with_rejections), (5_000, 50));
        assert_eq!(grid.cells.iter().map(|cell| cell.rejected).sum::<u64>(), 50);
        assert_eq!(grid.median_micros, 2_499);
        let slowest: Vec<_> = grid.slowest.iter().map(|one| one.number).collect();
        assert_eq!(slowest, [4_999, 4_998, 4_997, 4_996, 4_995]);
    }

    #[test]
    fn splits_are_named_by_what_they_cover() {
        let mut grid = SplitGrid::new(3, &standing([(1, 70)].into_iter()));
        grid.see(&split(0, &["a", "b", "c"]), false);
        grid.see(&split(1, &["d"]), true);
        grid.see(&split(2, &["e"]), false);
        let named = |splits: &[NamedSplit]| {
            let named = splits
                .iter()
                .map(|one| format!("{} {}", one.number, one.input));
            named.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(named(&grid.slowest), "1 d");
        assert_eq!(named(&grid.pending), "0 a and 2 more, 2 e");
        assert_eq!(SplitGrid::new(0, &Standing::default()).cells, []);
    }
}
