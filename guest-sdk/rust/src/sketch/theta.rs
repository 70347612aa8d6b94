//! Theta sketch in the serialized form of DataSketches, kept as the smallest hashes.

use std::collections::BTreeSet;

use datasketches::common::NumStdDev;
use datasketches::theta::CompactThetaSketch;

use super::bytes::Reader;
use super::item::{self, Item};
use super::{Malformed, MergeError};

/// An estimate of the number of distinct values, from the `k` smallest of their hashes. DataSketches
/// readers can intersect and subtract such sketches, which an [`Hll`](super::Hll) cannot.
///
/// A standard error of 1/√`k`, with `k` = 2^`lg_k`: 1.6 % for `lg_k` 12; exact up to `k` values.
/// 8 bytes a hash, so 32 KiB for `lg_k` 12: eight times an `Hll` of like error.
///
/// The hashes in a sketch of DataSketches depend on the moments at which it was thinned out. Here *theta*
/// is the (`k`+1)th smallest hash of the set, or one if there are no more than `k`, and the
/// sketch keeps exactly the hashes below it. So it is a function of the set alone, and sketches
/// unite like sets.
///
/// # Bytes
///
/// A DataSketches compact theta image (ordered, serial version 3), then one byte: `lg_k`, which
/// that format does not hold. Its readers go by the counts of the preamble and leave the last
/// byte unread; cut it off for one that does not.
///
/// Layout of the image: [`PreambleUtil`], little-endian. Bytes 0–7: preamble length in 8-byte
/// words, serial version, family, two unused, flags, seed hash (`u16`; 0 if empty). An empty
/// image and one of a single hash (1 word) go without the number of hashes (`u32`, 4 unused;
/// 2 words), an exact one without theta (`u64`; 3 words). Then the hashes, ascending.
///
/// [`PreambleUtil`]: https://github.com/apache/datasketches-java/blob/main/src/main/java/org/apache/datasketches/theta/PreambleUtil.java
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theta {
    lg_k: u8,
    /// As a fraction of [`ONE`].
    theta: u64,
    /// All hashes below theta, at most `k`.
    hashes: BTreeSet<u64>,
}

/// Theta of a sketch that has dropped nothing.
const ONE: u64 = i64::MAX as u64;

const SKETCH: &str = "Theta";
const SERIAL_VERSION: u8 = 3;
const FAMILY: u8 = 3;
const EMPTY: u8 = 1 << 2;
/// Read-only, compact, ordered.
const FLAGS: u8 = 1 << 1 | 1 << 3 | 1 << 4;

impl Theta {
    /// An empty sketch that keeps up to 2^`lg_k` hashes.
    ///
    /// # Panics
    ///
    /// If `lg_k` is not in 5..=21.
    pub fn new(lg_k: u8) -> Self {
        assert!((5..=21).contains(&lg_k), "lg_k must be in 5..=21: {lg_k}");
        Self {
            lg_k,
            theta: ONE,
            hashes: BTreeSet::new(),
        }
    }

    /// Counts `item`, if it is new.
    pub fn insert(&mut self, item: impl Item) {
        if let Some(hash) = item::hash(&item) {
            self.insert_hash(hash);
        }
    }

    /// Counts an item by its hash.
    pub(crate) fn insert_hash(&mut self, (h1, _): (u64, u64)) {
        let hash = h1 >> 1;
        // Zero marks a free slot in the tables of DataSketches, which drop it too.
        if (1..self.theta).contains(&hash) && self.hashes.insert(hash) {
            self.shrink();
        }
    }

    /// Unites with another sketch.
    ///
    /// # Errors
    ///
    /// [`MergeError::Mismatch`] if `lg_k` differs.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.lg_k != other.lg_k {
            return Err(MergeError::mismatch("lg_k", self.lg_k, other.lg_k));
        }
        if other.theta < self.theta {
            self.theta = other.theta;
            self.hashes.split_off(&self.theta);
        }
        self.hashes.extend(other.hashes.range(..self.theta));
        self.shrink();
        Ok(())
    }

    /// The estimated number of distinct values; exact up to `k`.
    pub fn estimate(&self) -> f64 {
        self.hashes.len() as f64 / (self.theta as f64 / ONE as f64)
    }

    /// Bounds of the true number, with a confidence of about 95 %.
    pub fn bounds(&self) -> (f64, f64) {
        let sketch = CompactThetaSketch::deserialize(&self.to_bytes())
            .expect("the canonical form is a valid image");
        (
            sketch.lower_bound(NumStdDev::Two),
            sketch.upper_bound(NumStdDev::Two),
        )
    }

    /// Whether nothing was inserted.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The canonical bytes (see the type).
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = self.hashes.len();
        let words: u8 = match (self.theta, count) {
            (ONE, 0 | 1) => 1,
            (ONE, _) => 2,
            _ => 3,
        };
        let (flags, seed_hash) = match count {
            0 => (FLAGS | EMPTY, 0),
            _ => (FLAGS, item::seed_hash()),
        };
        let mut out = Vec::with_capacity(25 + 8 * count);
        out.extend([words, SERIAL_VERSION, FAMILY, 0, 0, flags]);
        out.extend(seed_hash.to_le_bytes());
        if words > 1 {
            out.extend((count as u64).to_le_bytes());
        }
        if words > 2 {
            out.extend(self.theta.to_le_bytes());
        }
        out.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        out.push(self.lg_k);
        out
    }

    /// Reads a sketch that [`to_bytes`](Self::to_bytes) wrote. Other images of DataSketches are not
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(SKETCH, bytes);
        let [words, ..]: [u8; 8] = reader.array()?;
        if words > 1 {
            // The number of hashes follows from the length.
            reader.u64()?;
        }
        let theta = if words > 2 { reader.u64()? } else { ONE };
        let (hashes, &[lg_k]) = reader.rest().as_chunks::<8>() else {
            return Err(reader.malformed("cut short"));
        };
        if !(5..=21).contains(&lg_k) {
            return Err(reader.malformed("lg_k out of range"));
        }
        if hashes.len() > 1 << lg_k || (theta != ONE && hashes.len() < 1 << lg_k) {
            return Err(reader.malformed("the number of hashes does not fit theta and lg_k"));
        }
        let read = Self {
            lg_k,
            theta,
            hashes: hashes.iter().copied().map(u64::from_le_bytes).collect(),
        };
        let has = |hash: Option<&u64>, wrong: fn(u64, u64) -> bool| {
            hash.is_some_and(|hash| wrong(*hash, theta))
        };
        if theta > ONE
            || has(read.hashes.first(), |hash, _| hash == 0)
            || has(read.hashes.last(), |hash, theta| hash >= theta)
        {
            return Err(reader.malformed("a hash or theta is out of range"));
        }
        // All that was skipped above: order, count, flags.
        if read.to_bytes() != bytes {
            return Err(reader.malformed("not in the canonical form"));
        }
        Ok(read)
    }

    /// Drops the hashes beyond the `k` smallest; the least of those dropped becomes theta.
    fn shrink(&mut self) {
        while self.hashes.len() > 1 << self.lg_k
            && let Some(largest) = self.hashes.pop_last()
        {
            self.theta = largest;
        }
    }
}

#[cfg(test)]
mod tests {
    use datasketches::theta::{ThetaSketchBuilder, ThetaUnionBuilder};
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::{damage, history, lawful};

    lawful!(Theta, i64, |like| Theta::new(like.lg_k), |theta, v| theta
        .insert(*v));

    fn of(lg_k: u8, values: std::ops::Range<i64>) -> Theta {
        let mut theta = Theta::new(lg_k);
        values.for_each(|value| theta.insert(value));
        theta
    }

    proptest! {
        #[test]
        fn equal_histories_are_equal(lg_k in 5_u8..9, history in history(0_i64..400, 500)) {
            let ours = history.check(&Theta::new(lg_k));
            let theirs = CompactThetaSketch::deserialize(&ours.to_bytes()).unwrap();
            prop_assert_eq!(ours.estimate(), theirs.estimate());
            prop_assert_eq!(ours.hashes.len(), theirs.num_retained());
            prop_assert_eq!(ours.theta, theirs.theta64());
        }

        #[test]
        fn damage_is_refused(values in 0_i64..100, damage in damage()) {
            damage.check(&of(5, 0..values));
        }
    }

    #[test]
    fn exact_sketches_have_the_bytes_of_the_crate() {
        for n in [0, 1, 2, 100, 256] {
            let mut theirs = ThetaSketchBuilder::default().lg_k(8).build().unwrap();
            (0..n).for_each(|value: i64| theirs.update(value));
            let mut image = theirs.compact(true).serialize();
            image.push(8);
            assert_eq!(of(8, 0..n).to_bytes(), image, "{n}");
        }
    }

    #[test]
    fn the_crate_unites_ours_with_its_own() {
        let ours = CompactThetaSketch::deserialize(&of(8, 0..3_000).to_bytes()).unwrap();
        let mut theirs = ThetaSketchBuilder::default().lg_k(8).build().unwrap();
        (0..3_000_i64).for_each(|value| theirs.update(value));
        let mut union = ThetaUnionBuilder::default().lg_k(8).build().unwrap();
        union.update(&ours).unwrap();
        union.update(&theirs).unwrap();
        // The same set: nothing new comes in, and the union has the smallest theta.
        assert_eq!(
            union.to_sketch(true).theta64(),
            ours.theta64().min(theirs.theta64())
        );
    }

    #[test]
    fn estimates_are_near() {
        for n in [0, 1, 4_096, 4_097, 100_000] {
            let theta = of(12, 0..n);
            let error = (theta.estimate() - n as f64).abs();
            let allowed = if n <= 4_096 { 0.0 } else { 0.05 * n as f64 };
            assert!(error <= allowed, "{n}: {}", theta.estimate());
            let (low, high) = theta.bounds();
            assert!(low <= theta.estimate() && theta.estimate() <= high);
        }
    }

    #[test]
    fn different_parameters_do_not_merge() {
        let mut theta = of(5, 0..9);
        let before = theta.clone();
        let error = theta.merge(&of(6, 0..9)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot merge sketches of different lg_k: 5 and 6"
        );
        assert_eq!(theta, before);
    }
}
