//! Which objects of a plan, or splits of a topic, stand for all of it.

use crate::source::{Object, Split, SplitInput};

/// A plan of at most so many bytes in so many objects, or of so many offsets in so many splits, is read as a whole.
const WHOLE_BYTES: u64 = 8 << 20;
const WHOLE_OBJECTS: u64 = 256;
const WHOLE_OFFSETS: u64 = 10_000;
const WHOLE_SPLITS: u64 = 16;

/// Of a larger one, those that hold the bytes or offsets at so many places, evenly spread: large objects are picked
/// rather than small ones, as much as they make up the plan.
const PLACES: u64 = 5;

/// What is left of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::replay) struct Total {
    pub(in crate::replay) splits: u64,
    pub(in crate::replay) objects: u64,
    /// As stored.
    pub(in crate::replay) bytes: u64,
    /// Of topics; what is left of these has no size in bytes.
    pub(in crate::replay) offsets: u64,
}

impl Total {
    /// Whether all of it is read.
    pub(super) fn is_small(&self) -> bool {
        match self.offsets {
            0 => self.bytes <= WHOLE_BYTES && self.objects <= WHOLE_OBJECTS,
            offsets => offsets <= WHOLE_OFFSETS && self.splits <= WHOLE_SPLITS,
        }
    }

    /// As in [`Piece::size`].
    pub(super) fn size(&self) -> u64 {
        self.bytes + self.offsets
    }
}

/// A piece of a plan, which is of objects or of topics.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Object(Object),
    /// A split that is a range of offsets.
    Offsets(Split),
}

impl Piece {
    /// In bytes as stored, or in offsets.
    pub(super) fn size(&self) -> u64 {
        match self {
            Piece::Object(object) => object.size_bytes,
            Piece::Offsets(split) => split.offsets(),
        }
    }

    /// The object's key, or the partition.
    pub(super) fn name(&self) -> String {
        match self {
            Piece::Object(object) => object.key.clone(),
            Piece::Offsets(split) => match &split.input {
                SplitInput::Offsets {
                    topic, partition, ..
                } => format!("{topic}/{partition}"),
                SplitInput::Objects(_) => String::new(),
            },
        }
    }
}

/// A piece that is sampled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pick {
    pub(super) piece: Piece,
    /// How much of the plan it stands for, compared with others.
    pub(super) weight: u64,
}

/// Picks among the pieces of a plan, which come in its order.
pub(super) fn pick<E>(
    pieces: impl Iterator<Item = Result<Piece, E>>,
    total: Total,
) -> Result<Vec<Pick>, E> {
    let mut picks = Vec::new();
    let (mut end, mut place) = (0u128, 0);
    for piece in pieces {
        let piece = piece?;
        end += u128::from(piece.size());
        let weight = if total.is_small() {
            piece.size()
        } else {
            let before = place;
            while place < PLACES && at(place, total) < end {
                place += 1;
            }
            place - before
        };
        if weight > 0 {
            picks.push(Pick { piece, weight });
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
            Ok::<_, Infallible>(Piece::Object(object))
        });
        let Ok(picks) = pick(objects, total);
        let told = picks.into_iter();
        told.map(|pick| (pick.piece.name(), pick.weight)).collect()
    }

    fn told(picks: &[(&str, u64)]) -> Vec<(String, u64)> {
        let picks = picks.iter();
        picks
            .map(|(key, weight)| ((*key).to_owned(), *weight))
            .collect()
    }

    #[test]
    fn of_a_small_plan_all_that_is_not_empty_is_picked() {
        assert_eq!(picked(&[10, 0, 30]), told(&[("0", 10), ("2", 30)]));
        assert_eq!(picked(&[0, 0]), told(&[]));
    }

    #[test]
    fn of_a_large_plan_objects_are_picked_by_their_bytes() {
        let thousand = vec![1 << 20; 1000];
        let spread = [("100", 1), ("300", 1), ("500", 1), ("700", 1), ("900", 1)];
        assert_eq!(picked(&thousand), told(&spread));
        let most = [1 << 20, 500 << 20, 100 << 20];
        assert_eq!(picked(&most), told(&[("1", 4), ("2", 1)]));
        assert_eq!(picked(&[1 << 30]), told(&[("0", 5)]));
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
            Ok::<_, Infallible>(Piece::Offsets(Split {
                number: 0,
                size_bytes: 0,
                input: SplitInput::Offsets {
                    topic: "clicks".to_owned(),
                    partition,
                    start: 7,
                    end: 7 + *length as i64,
                },
            }))
        });
        let Ok(picks) = pick(splits, total);
        let names = picks.iter().map(|pick| (pick.piece.name(), pick.weight));
        assert!(names.eq([("clicks/1".to_owned(), 4), ("clicks/2".to_owned(), 1)]));
    }
}
