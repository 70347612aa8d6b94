//! DDSketch: quantiles from counts of fixed, exponentially growing buckets.

use std::collections::BTreeMap;

use super::bytes::{Reader, put_varint};
use super::dd_buckets::{bucket, density, middle};
use super::{InsertError, Malformed, MergeError};

/// Quantiles within a relative error: [DDSketch].
///
/// A value is counted in its bucket. Buckets grow exponentially, so that the middle of a bucket is
/// within `accuracy` of each of its values. Buckets are never collapsed, so counts add up, and
/// the state grows with the spread of the values: for an `accuracy` of 1 %, at most 35 buckets
/// for each doubling, about 350 from a millisecond to a second.
///
/// Magnitudes below 2⁻¹⁰²² (the subnormals) count as zero. Least and greatest value are exact.
///
/// Buckets are computed from the bits of a value by additions and multiplications alone (the
/// *cubically interpolated* mapping of the reference implementations), not by the logarithm of a
/// mathematical library: so they are the same on all machines.
///
/// # Bytes
///
/// `01`, `accuracy` (`f64`); nothing more if empty. Otherwise least and greatest value (`f64`
/// each), the count of zeros, the number of negative buckets; then the buckets, the negative
/// before the positive ones, either by ascending magnitude: distance from the bucket before (the
/// first: from that of 2⁻¹⁰²²) and count. Floats little-endian, integers LEB128.
///
/// [DDSketch]: https://www.vldb.org/pvldb/vol12/p2195-masson.pdf
#[derive(Debug, Clone, PartialEq)]
pub struct DdSketch {
    accuracy: f64,
    /// Buckets for each doubling.
    density: f64,
    negative: Buckets,
    positive: Buckets,
    zeros: u64,
    count: u64,
    /// Infinite if empty.
    least: f64,
    greatest: f64,
}

/// Counts, none of them zero, by the bucket of the magnitude.
type Buckets = BTreeMap<i32, u64>;

const SKETCH: &str = "DdSketch";
const VERSION: u8 = 1;
const ACCURACIES: std::ops::RangeInclusive<f64> = 0.0001..=0.2;

impl DdSketch {
    /// An empty sketch. `accuracy` is the relative error that quantiles may have, as a fraction:
    /// 0.01 is usual.
    ///
    /// # Panics
    ///
    /// If `accuracy` is not in 0.0001..=0.2.
    pub fn new(accuracy: f64) -> Self {
        assert!(
            ACCURACIES.contains(&accuracy),
            "accuracy must be in 0.0001..=0.2: {accuracy}"
        );
        Self {
            accuracy,
            density: density(accuracy),
            negative: Buckets::new(),
            positive: Buckets::new(),
            zeros: 0,
            count: 0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
        }
    }

    /// Counts `value`.
    ///
    /// # Errors
    ///
    /// [`InsertError::NotFinite`] for an infinity or NaN; [`InsertError::Overflow`] if the count
    /// would exceed `u64`.
    pub fn insert(&mut self, value: f64) -> Result<(), InsertError> {
        if !value.is_finite() {
            return Err(InsertError::NotFinite(value));
        }
        // No bucket exceeds the count.
        self.count = self.count.checked_add(1).ok_or(InsertError::Overflow)?;
        if value.abs() < f64::MIN_POSITIVE {
            self.zeros += 1;
        } else {
            let bucket = bucket(value.abs(), self.density);
            let buckets = if value < 0.0 {
                &mut self.negative
            } else {
                &mut self.positive
            };
            *buckets.entry(bucket).or_default() += 1;
        }
        self.extend_to(value, value);
        Ok(())
    }

    /// Adds another sketch's counts.
    ///
    /// # Errors
    ///
    /// [`MergeError::Mismatch`] if `accuracy` differs, [`MergeError::Overflow`] if the count
    /// would exceed `u64`.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.accuracy != other.accuracy {
            return Err(MergeError::mismatch(
                "accuracy",
                self.accuracy,
                other.accuracy,
            ));
        }
        self.count = self
            .count
            .checked_add(other.count)
            .ok_or(MergeError::Overflow)?;
        self.zeros += other.zeros;
        for (into, from) in [
            (&mut self.negative, &other.negative),
            (&mut self.positive, &other.positive),
        ] {
            for (bucket, count) in from {
                *into.entry(*bucket).or_default() += count;
            }
        }
        self.extend_to(other.least, other.greatest);
        Ok(())
    }

    /// The quantile `q`: a fraction `q` of all values is smaller. 0 gives the least value, 0.5 the
    /// median, 1 the greatest. It is within `accuracy` of the value with rank ⌊`q` · (`count` − 1)⌋.
    ///
    /// `None` if nothing was inserted, or if `q` is not in 0..=1.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let last = self.count - 1;
        let rank = ((q * last as f64) as u64).min(last);
        if rank == 0 {
            return Some(self.least);
        }
        if rank == last {
            return Some(self.greatest);
        }
        let value = |bucket: &i32| middle(*bucket, self.density);
        let ascending = (self.negative.iter().rev())
            .map(|(bucket, count)| (-value(bucket), *count))
            .chain([(0.0, self.zeros)])
            .chain(
                self.positive
                    .iter()
                    .map(|(bucket, count)| (value(bucket), *count)),
            );
        let mut below = 0;
        for (value, count) in ascending {
            below += count;
            if rank < below {
                return Some(value.clamp(self.least, self.greatest));
            }
        }
        None
    }

    /// The number of inserted values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The canonical bytes (see the type).
    pub fn to_bytes(&self) -> Vec<u8> {
        let buckets = self.negative.len() + self.positive.len();
        let mut out = Vec::with_capacity(31 + 4 * buckets);
        out.push(VERSION);
        out.extend(self.accuracy.to_le_bytes());
        if self.count == 0 {
            return out;
        }
        out.extend(self.least.to_le_bytes());
        out.extend(self.greatest.to_le_bytes());
        put_varint(&mut out, self.zeros);
        put_varint(&mut out, self.negative.len() as u64);
        for buckets in [&self.negative, &self.positive] {
            let mut previous = bucket(f64::MIN_POSITIVE, self.density);
            for (bucket, count) in buckets {
                put_varint(&mut out, u64::from(bucket.abs_diff(previous)));
                put_varint(&mut out, *count);
                previous = *bucket;
            }
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
        if reader.u8()? != VERSION {
            return Err(reader.malformed("unknown version"));
        }
        let accuracy = f64::from_le_bytes(reader.array()?);
        if !ACCURACIES.contains(&accuracy) {
            return Err(reader.malformed("accuracy out of range"));
        }
        let mut read = Self::new(accuracy);
        if reader.rest().is_empty() {
            return Ok(read);
        }
        read.least = f64::from_le_bytes(reader.array()?);
        read.greatest = f64::from_le_bytes(reader.array()?);
        read.zeros = reader.varint()?;
        read.count = read.zeros;
        let negative = reader.varint()?;
        for _ in 0..negative {
            read.read_bucket(&mut reader, true)?;
        }
        while !reader.rest().is_empty() {
            read.read_bucket(&mut reader, false)?;
        }
        if !read.extremes_fit() {
            return Err(reader.malformed("its extremes do not fit its buckets"));
        }
        Ok(read)
    }

    fn read_bucket(&mut self, reader: &mut Reader<'_>, negative: bool) -> Result<(), Malformed> {
        let buckets = if negative {
            &mut self.negative
        } else {
            &mut self.positive
        };
        let last = buckets.last_key_value().map(|(last, _)| *last);
        let distance = reader.varint()?;
        if last.is_some() && distance == 0 {
            return Err(reader.malformed("a bucket occurs twice"));
        }
        let bucket = i32::try_from(distance)
            .ok()
            .and_then(|distance| {
                last.unwrap_or_else(|| bucket(f64::MIN_POSITIVE, self.density))
                    .checked_add(distance)
            })
            .filter(|place| *place <= bucket(f64::MAX, self.density))
            .ok_or_else(|| reader.malformed("a bucket is out of range"))?;
        let count = reader.varint()?;
        if count == 0 {
            return Err(reader.malformed("a bucket is empty"));
        }
        buckets.insert(bucket, count);
        self.count = self
            .count
            .checked_add(count)
            .ok_or_else(|| reader.malformed("the count exceeds u64"))?;
        Ok(())
    }

    /// Whether the least and the greatest value are in the outermost buckets.
    fn extremes_fit(&self) -> bool {
        let side = |value: f64| {
            let magnitude = value.abs();
            if magnitude < f64::MIN_POSITIVE {
                (0, 0)
            } else {
                let bucket = bucket(magnitude, self.density);
                if value < 0.0 {
                    (-1, -bucket)
                } else {
                    (1, bucket)
                }
            }
        };
        let ascending = || {
            (self.negative.keys().rev().map(|bucket| (-1, -bucket)))
                .chain((self.zeros > 0).then_some((0, 0)))
                .chain(self.positive.keys().map(|bucket| (1, *bucket)))
        };
        let has_plain_zero = |value: f64| value.to_bits() != (-0.0_f64).to_bits();
        self.least.is_finite()
            && self.greatest.is_finite()
            && self.least <= self.greatest
            && (self.count > 1 || self.least == self.greatest)
            && has_plain_zero(self.least)
            && has_plain_zero(self.greatest)
            && ascending().next() == Some(side(self.least))
            && ascending().last() == Some(side(self.greatest))
    }

    fn extend_to(&mut self, least: f64, greatest: f64) {
        // Adding zero makes one of the two zeros.
        self.least = self.least.min(least) + 0.0;
        self.greatest = self.greatest.max(greatest) + 0.0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::{damage, history, lawful};

    lawful!(
        DdSketch,
        f64,
        |like| DdSketch::new(like.accuracy),
        |sketch, v| {
            sketch.insert(*v).unwrap();
        }
    );

    fn finite() -> impl Strategy<Value = f64> + Clone {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        prop_oneof![POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO, -1e3..1e3]
    }

    fn accuracy() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.2), Just(0.01), Just(0.0001)]
    }

    fn of(accuracy: f64, values: &[f64]) -> DdSketch {
        let mut sketch = DdSketch::new(accuracy);
        for value in values {
            sketch.insert(*value).unwrap();
        }
        sketch
    }

    proptest! {
        #[test]
        fn equal_histories_are_equal(
            accuracy in accuracy(),
            history in history(finite(), 200),
            q in 0.0..=1.0_f64,
        ) {
            let sketch = history.check(&DdSketch::new(accuracy));
            let mut sorted: Vec<f64> = history.values().copied().collect();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(sketch.count(), sorted.len() as u64);
            for q in [0.0, q, 1.0] {
                let Some(last) = sorted.len().checked_sub(1) else {
                    prop_assert_eq!(sketch.quantile(q), None);
                    continue;
                };
                let exact = sorted[(q * last as f64) as usize];
                let error = (sketch.quantile(q).unwrap() - exact).abs();
                // Subnormals count as zero; the rest of the slack is rounding.
                let allowed = accuracy * exact.abs() * (1.0 + 1e-9) + f64::MIN_POSITIVE;
                prop_assert!(error <= allowed, "{} of {}: off by {}", q, exact, error);
            }
        }

        #[test]
        fn damage_is_refused(
            values in prop::collection::vec(finite(), 0..20),
            damage in damage(),
        ) {
            damage.check(&of(0.01, &values));
        }
    }

    #[test]
    fn quantiles_of_a_ramp() {
        let values: Vec<f64> = (0..=1000).map(f64::from).collect();
        let sketch = of(0.01, &values);
        for (q, exact) in [(0.0, 0.0), (0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let value = sketch.quantile(q).unwrap();
            assert!((value - exact).abs() <= 0.01 * exact, "{q}: {value}");
        }
        assert_eq!(sketch.quantile(1.1), None);
        assert_eq!(sketch.quantile(f64::NAN), None);
    }

    #[test]
    fn infinities_and_nan_are_refused() {
        let mut sketch = of(0.01, &[1.0]);
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert!(matches!(
                sketch.insert(value),
                Err(InsertError::NotFinite(_))
            ));
        }
        assert_eq!(sketch, of(0.01, &[1.0]));
    }

    #[test]
    fn an_overflow_changes_nothing() {
        let mut sketch = of(0.01, &[1.0]);
        for _ in 0..63 {
            let same = sketch.clone();
            sketch.merge(&same).unwrap();
        }
        let before = sketch.clone();
        assert_eq!(sketch.merge(&before), Err(MergeError::Overflow));
        assert_eq!(sketch, before);
    }

    #[test]
    fn different_parameters_do_not_merge() {
        let error = of(0.01, &[]).merge(&of(0.02, &[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot merge sketches of different accuracy: 0.01 and 0.02"
        );
    }

    #[test]
    fn the_bytes_are_pinned() {
        let mut expected = vec![1];
        expected.extend(0.2_f64.to_le_bytes());
        assert_eq!(of(0.2, &[]).to_bytes(), expected);
        expected.extend((-1.0_f64).to_le_bytes());
        expected.extend(1.0_f64.to_le_bytes());
        // One zero, one negative bucket; bucket 0 is 1765 above that of 2⁻¹⁰²².
        expected.extend([1, 1, 0xe5, 0x0d, 1, 0xe5, 0x0d, 2]);
        assert_eq!(of(0.2, &[1.0, -0.0, -1.0, 1.0]).to_bytes(), expected);
    }
}
