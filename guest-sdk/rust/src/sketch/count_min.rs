//! Count-min sketch: counters that add up.

use std::collections::BTreeMap;

use super::bytes::{Reader, put_varint};
use super::item::{self, Item};
use super::{InsertError, Malformed, MergeError};

/// An upper bound for the occurrences of a value: rows of counters, with one counter of each row for a value.
///
/// The bound is never below the true count, and exceeds it by more than `e/width · total` with a
/// probability below `e^−depth`. For `width` 2000 and `depth` 5, it exceeds the count by at most
/// 0.14 % of the total in 99.3 % of cases. A count above `u64` is an error.
///
/// Only counters in use are held, so a state of few values is small; the largest holds
/// `width · depth` counters.
///
/// # Bytes
///
/// `01`, `depth` (`u8`), `width` (`u32`, little-endian). Then each counter that is not zero, in
/// the order of rows: the number of zeros since the one before, and the count (LEB128 both).
/// DataSketches has a count-min image as well, but its libraries seed the rows differently, so
/// that none of them reads the counters of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountMin {
    width: u32,
    depth: u8,
    /// By `row · width + column`. Every row adds up to `total`.
    counters: BTreeMap<u32, u64>,
    total: u64,
}

const SKETCH: &str = "CountMin";
const VERSION: u8 = 1;
const MAX_WIDTH: u32 = 1 << 24;
const MAX_DEPTH: u8 = 16;

impl CountMin {
    /// An empty sketch of `depth` rows of `width` counters.
    ///
    /// # Panics
    ///
    /// If `width` is not in 1..=2²⁴, or `depth` not in 1..=16.
    pub fn new(width: u32, depth: u8) -> Self {
        assert!(
            (1..=MAX_WIDTH).contains(&width),
            "width must be in 1..={MAX_WIDTH}: {width}"
        );
        assert!(
            (1..=MAX_DEPTH).contains(&depth),
            "depth must be in 1..={MAX_DEPTH}: {depth}"
        );
        Self {
            width,
            depth,
            counters: BTreeMap::new(),
            total: 0,
        }
    }

    /// Counts `item` `count` times.
    ///
    /// # Errors
    ///
    /// [`InsertError::Overflow`] if the total would exceed `u64`.
    pub fn insert(&mut self, item: impl Item, count: u64) -> Result<(), InsertError> {
        match item::hash(&item) {
            Some(hash) => self.insert_hash(hash, count),
            None => Ok(()),
        }
    }

    /// Counts an item by its hash.
    pub(crate) fn insert_hash(&mut self, hash: (u64, u64), count: u64) -> Result<(), InsertError> {
        // No counter exceeds the total.
        self.total = self.total.checked_add(count).ok_or(InsertError::Overflow)?;
        if count > 0 {
            for place in places(self.width, self.depth, hash) {
                *self.counters.entry(place).or_default() += count;
            }
        }
        Ok(())
    }

    /// Adds another sketch's counts.
    ///
    /// # Errors
    ///
    /// [`MergeError::Mismatch`] if `width` or `depth` differ, [`MergeError::Overflow`] if the
    /// total would exceed `u64`.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.width != other.width {
            return Err(MergeError::mismatch("width", self.width, other.width));
        }
        if self.depth != other.depth {
            return Err(MergeError::mismatch("depth", self.depth, other.depth));
        }
        self.total = self
            .total
            .checked_add(other.total)
            .ok_or(MergeError::Overflow)?;
        for (place, count) in &other.counters {
            *self.counters.entry(*place).or_default() += count;
        }
        Ok(())
    }

    /// An upper bound for the occurrences of `item`. Zero for empty text, which is not counted.
    pub fn estimate(&self, item: impl Item) -> u64 {
        item::hash(&item)
            .and_then(|hash| {
                places(self.width, self.depth, hash)
                    .map(|place| self.counters.get(&place).copied().unwrap_or(0))
                    .min()
            })
            .unwrap_or(0)
    }

    /// The exact number of all insertions.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The canonical bytes (see the type).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(6 + 4 * self.counters.len());
        out.extend([VERSION, self.depth]);
        out.extend(self.width.to_le_bytes());
        let mut next = 0;
        for (place, count) in &self.counters {
            put_varint(&mut out, u64::from(place - next));
            put_varint(&mut out, *count);
            next = place + 1;
        }
        out
    }

    /// Reads a state that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(SKETCH, bytes);
        let [version, depth] = reader.array()?;
        let width = reader.u32()?;
        if version != VERSION {
            return Err(reader.malformed("unknown version"));
        }
        if !(1..=MAX_WIDTH).contains(&width) || !(1..=MAX_DEPTH).contains(&depth) {
            return Err(reader.malformed("width or depth out of range"));
        }
        let mut read = Self::new(width, depth);
        let mut row_totals = [0_u64; MAX_DEPTH as usize];
        let mut next = 0_u32;
        while !reader.rest().is_empty() {
            let place = u32::try_from(reader.varint()?)
                .ok()
                .and_then(|zeros| next.checked_add(zeros))
                .filter(|place| *place < width * u32::from(depth))
                .ok_or_else(|| reader.malformed("a counter is out of range"))?;
            let count = reader.varint()?;
            if count == 0 {
                return Err(reader.malformed("a counter is zero"));
            }
            let row_total = &mut row_totals[(place / width) as usize];
            *row_total = row_total
                .checked_add(count)
                .ok_or_else(|| reader.malformed("the total exceeds u64"))?;
            read.counters.insert(place, count);
            next = place + 1;
        }
        read.total = row_totals[0];
        if row_totals[..usize::from(depth)]
            .iter()
            .any(|row_total| *row_total != read.total)
        {
            return Err(reader.malformed("its rows add up to different totals"));
        }
        Ok(read)
    }
}

/// The counters of a hashed value: from two halves of one hash, as good as independent hashes.
fn places(width: u32, depth: u8, (h1, h2): (u64, u64)) -> impl Iterator<Item = u32> {
    (0..u32::from(depth)).map(move |row| {
        let hash = h1.wrapping_add(h2.wrapping_mul(u64::from(row)));
        let column = (u128::from(hash) * u128::from(width)) >> 64;
        row * width + column as u32
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::{damage, history, lawful};

    lawful!(
        CountMin,
        (u8, u64),
        |like| CountMin::new(like.width, like.depth),
        |sketch, (item, count)| sketch.insert(*item, *count).unwrap()
    );

    proptest! {
        #[test]
        fn equal_histories_are_equal(
            (width, depth) in (1_u32..300, 1_u8..6),
            history in history((any::<u8>(), 0_u64..1000), 200),
        ) {
            let sketch = history.check(&CountMin::new(width, depth));
            let mut exact = BTreeMap::new();
            for (item, count) in history.values() {
                *exact.entry(*item).or_insert(0) += count;
            }
            prop_assert_eq!(sketch.total(), exact.values().sum::<u64>());
            for (item, count) in exact {
                prop_assert!((count..=sketch.total()).contains(&sketch.estimate(item)));
            }
        }

        #[test]
        fn damage_is_refused(
            items in prop::collection::vec((any::<u8>(), any::<u32>()), 0..20),
            damage in damage(),
        ) {
            let mut sketch = CountMin::new(40, 3);
            for (item, count) in items {
                sketch.insert(item, count.into()).unwrap();
            }
            damage.check(&sketch);
        }
    }

    #[test]
    fn frequent_values_stand_out() {
        let mut sketch = CountMin::new(2000, 5);
        for n in 0..20_000_u32 {
            sketch.insert(n, 1).unwrap();
            sketch
                .insert(if n % 2 == 0 { "even" } else { "odd" }, 1)
                .unwrap();
        }
        // e/width · total, the error that the documentation allows.
        for item in ["even", "odd"] {
            let excess = sketch.estimate(item) - 10_000;
            assert!(excess <= 55, "{excess}");
        }
        assert!(sketch.estimate("absent") <= 55);
    }

    #[test]
    fn an_overflow_changes_nothing() {
        let mut sketch = CountMin::new(8, 2);
        sketch.insert("a", u64::MAX - 1).unwrap();
        let before = sketch.clone();
        assert_eq!(sketch.insert("b", 2), Err(InsertError::Overflow));
        assert_eq!(sketch.merge(&before), Err(MergeError::Overflow));
        assert_eq!(sketch, before);
        sketch.insert("b", 1).unwrap();
        assert_eq!(sketch.total(), u64::MAX);
    }

    #[test]
    fn different_parameters_do_not_merge() {
        let mut sketch = CountMin::new(8, 2);
        for (other, message) in [
            (CountMin::new(9, 2), "width: 8 and 9"),
            (CountMin::new(8, 3), "depth: 2 and 3"),
        ] {
            let error = sketch.merge(&other).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("cannot merge sketches of different {message}")
            );
        }
    }

    #[test]
    fn the_bytes_are_pinned() {
        let mut sketch = CountMin::new(1, 2);
        assert_eq!(sketch.to_bytes(), [1, 2, 1, 0, 0, 0]);
        sketch.insert("a", 300).unwrap();
        assert_eq!(
            sketch.to_bytes(),
            [1, 2, 1, 0, 0, 0, 0, 0xac, 2, 0, 0xac, 2]
        );
    }
}
