//! Which objects of a plan stand for all of it.

use crate::source::Object;

/// A plan of at most so many bytes in so many objects is read as a whole.
const WHOLE_BYTES: u64 = 8 << 20;
const WHOLE_OBJECTS: u64 = 256;

/// Of a larger one, the objects that hold the bytes at so many places, evenly spread: large objects are picked rather
/// than small ones, as much as they make up the plan.
const PLACES: u64 = 5;

/// What is left of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::replay) struct Total {
    pub(in crate::replay) splits: u64,
    pub(in crate::replay) objects: u64,
    /// As stored.
    pub(in crate::replay) bytes: u64,
}

impl Total {
    /// Whether all of it is read.
    pub(super) fn is_small(&self) -> bool {
        self.bytes <= WHOLE_BYTES && self.objects <= WHOLE_OBJECTS
    }
}

/// An object that is sampled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pick {
    pub(super) object: Object,
    /// How much of the plan it stands for, compared with others.
    pub(super) weight: u64,
}

/// Picks among the objects of a plan, which come in its order.
pub(super) fn pick<E>(
    objects: impl Iterator<Item = Result<Object, E>>,
    total: Total,
) -> Result<Vec<Pick>, E> {
    let mut picks = Vec::new();
    let (mut end, mut place) = (0u128, 0);
    for object in objects {
        let object = object?;
        end += u128::from(object.size_bytes);
        let weight = if total.is_small() {
            object.size_bytes
        } else {
            let before = place;
            while place < PLACES && byte_at(place, total) < end {
                place += 1;
            }
            place - before
        };
        if weight > 0 {
            picks.push(Pick { object, weight });
        }
        if place == PLACES {
            break;
        }
    }
    Ok(picks)
}

/// The byte of the plan at a place: in the middle of its share.
fn byte_at(place: u64, total: Total) -> u128 {
    u128::from(total.bytes) * u128::from(2 * place + 1) / u128::from(2 * PLACES)
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
        };
        let objects = sizes.iter().enumerate().map(|(number, size)| {
            Ok::<_, Infallible>(Object {
                key: number.to_string(),
                size_bytes: *size,
                etag: String::new(),
                version: None,
                modified_us: 0,
                named: None,
            })
        });
        let Ok(picks) = pick(objects, total);
        let told = picks.into_iter();
        told.map(|pick| (pick.object.key, pick.weight)).collect()
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
}
