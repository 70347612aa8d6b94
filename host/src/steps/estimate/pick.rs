//! Picks objects of a plan, or splits of a topic, that stand for all of it.

use crate::source::{Split, SplitInput};

/// A plan of at most `WHOLE_BYTES` in `WHOLE_OBJECTS`, or `WHOLE_OFFSETS` in `WHOLE_SPLITS`, is read as a whole.
const WHOLE_BYTES: u64 = 8 << 20;
const WHOLE_OBJECTS: u64 = 256;
const WHOLE_OFFSETS: u64 = 10_000;
const WHOLE_SPLITS: u64 = 16;

/// Of a larger plan, the objects or splits are picked that hold the bytes or offsets at this number of places, evenly
/// spread: a large object is more likely to be picked than a small one, by its share of the plan.
const PLACES: u64 = 5;

/// The part of a plan that is left to fold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) splits: u64,
    pub(crate) objects: u64,
    /// As stored.
    pub(crate) bytes: u64,
    /// Of topics, whose splits have no size in bytes.
    pub(crate) offsets: u64,
}

impl Total {
    /// Whether all of it is read.
    pub(super) fn is_small(&self) -> bool {
        match self.offsets {
            0 => self.bytes <= WHOLE_BYTES && self.objects <= WHOLE_OBJECTS,
            offsets => offsets <= WHOLE_OFFSETS && self.splits <= WHOLE_SPLITS,
        }
    }

    /// As in [`Pick::size`].
    pub(super) fn size(&self) -> u64 {
        self.bytes + self.offsets
    }
}

/// A split that is sampled: one object, or a range of offsets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pick {
    pub(super) split: Split,
    /// How much of the plan it stands for, compared with others.
    pub(super) weight: u64,
}

impl Pick {
    /// In bytes as stored, or in offsets.
    pub(super) fn size(&self) -> u64 {
        size(&self.split)
    }

    /// The object's key, or the partition.
    pub(super) fn name(&self) -> String {
        match &self.split.input {
            SplitInput::Objects(objects) => match objects.first() {
                Some(object) => object.key.clone(),
                None => String::new(),
            },
            SplitInput::Offsets {
                topic, partition, ..
            } => format!("{topic}/{partition}"),
        }
    }
}

fn size(split: &Split) -> u64 {
    match &split.input {
        SplitInput::Objects(_) => split.size_bytes,
        SplitInput::Offsets { .. } => split.offsets(),
    }
}

/// Picks among the splits of a plan, each of one object or a range of offsets, which come in its order.
pub(crate) fn pick<E>(
    splits: impl Iterator<Item = Result<Split, E>>,
    total: Total,
) -> Result<Vec<Pick>, E> {
    let mut picks = Vec::new();
    let (mut end, mut place) = (0u128, 0);
    for split in splits {
        let split = split?;
        end += u128::from(size(&split));
        let weight = if total.is_small() {
            size(&split)
        } else {
            let before = place;
            while place < PLACES && at(place, total) < end {
                place += 1;
            }
            place - before
        };
        if weight > 0 {
            picks.push(Pick { split, weight });
        }
        if place == PLACES {
            break;
        }
    }
    Ok(picks)
}

/// The byte or offset of the plan at a place: in the middle of its share.
fn at(place: u64, total: Total) -> u128 {
    u128::from(total.size()) * u128::from(2 * place + 1) / u128::from(2 * PLACES)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::source::Object;

    fn picked(sizes: &[u64]) -> Vec<(String, u64)> {
        let total = Total {
            splits: 1,
            objects: sizes.len() as u64,
            bytes: sizes.iter().sum(),
            offsets: 0,
        };
        let objects = sizes.iter().enumerate().map(|(number, size)| {
            let object = Object {
                key: number.to_string(),
                size_bytes: *size,
                etag: String::new(),
                version: None,
                modified_us: 0,
                key_fields: None,
            };
            Ok::<_, Infallible>(Split {
                number: 0,
                size_bytes: *size,
                input: SplitInput::Objects(vec![object]),
            })
        });
        let Ok(picks) = pick(objects, total);
        let picks = picks.into_iter();
        picks.map(|pick| (pick.name(), pick.weight)).collect()
    }

    fn named(picks: &[(&str, u64)]) -> Vec<(String, u64)> {
        let picks = picks.iter();
        picks
            .map(|(key, weight)| ((*key).to_owned(), *weight))
            .collect()
    }

    #[test]
    fn of_a_small_plan_all_that_is_not_empty_is_picked() {
        assert_eq!(picked(&[10, 0, 30]), named(&[("0", 10), ("2", 30)]));
        assert_eq!(picked(&[0, 0]), named(&[]));
    }

    #[test]
    fn of_a_large_plan_objects_are_picked_by_their_bytes() {
        let thousand = vec![1 << 20; 1000];
        let spread = [("100", 1), ("300", 1), ("500", 1), ("700", 1), ("900", 1)];
        assert_eq!(picked(&thousand), named(&spread));
        let most = [1 << 20, 500 << 20, 100 << 20];
        assert_eq!(picked(&most), named(&[("1", 4), ("2", 1)]));
        assert_eq!(picked(&[1 << 30]), named(&[("0", 5)]));
        assert_eq!(picked(&vec![1; 1000]).len(), 5);
    }

    #[test]
    fn of_a_topic_splits_are_picked_by_their_offsets() {
        let lengths = [10_000, 500_000, 100_000];
        let total = Total {
            splits: 3,
            offsets: lengths.iter().sum(),
            ..Total::default()
        };
        let splits = lengths.iter().zip(0..).map(|(length, partition)| {
            Ok::<_, Infallible>(Split {
                number: 0,
                size_bytes: 0,
                input: SplitInput::Offsets {
                    topic: "clicks".to_owned(),
                    partition,
                    start: 7,
                    end: 7 + *length as i64,
                },
            })
        });
        let Ok(picks) = pick(splits, total);
        let names = picks.iter().map(|pick| (pick.name(), pick.weight));
        assert!(names.eq([("clicks/1".to_owned(), 4), ("clicks/2".to_owned(), 1)]));
    }
}
