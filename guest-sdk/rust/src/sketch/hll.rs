//! HyperLogLog in the serialized form of DataSketches, from registers and coupons alone.

use std::collections::BTreeSet;

use datasketches::common::NumStdDev;
use datasketches::hll::HllSketch;

use super::bytes::Reader;
use super::item::{self, Item};
use super::{Malformed, MergeError};

/// An estimate of the number of distinct values: HyperLogLog.
///
/// A standard error of 1.04/√2^`lg_k`: 1.6 % for `lg_k` 12. Up to a few hundred values (384 for
/// `lg_k` 12) the state holds a *coupon* for each, 4 bytes in the serialized form, and the
/// estimate is exact for all practical purposes; then it turns to 2^`lg_k` registers of a byte.
///
/// # Bytes
///
/// A DataSketches HLL image (`HLL_8`, compact, serial version 1), which that family's Java, C++,
/// Python and Rust libraries read. Two things that depend on the order of insertions in DataSketches are fixed: the
/// coupons are sorted, and the registers bear the out-of-order flag with no HIP accumulator, so
/// every reader uses the composite estimate. As there, a state turns dense by its number of
/// distinct coupons, which does not depend on how it came about.
///
/// Layout: [`PreambleUtil`], little-endian. Bytes 0–7: preamble length in words (2 list, 3 set,
/// 10 registers), serial version, family, `lg_k`, log₂ of the table that a reader makes for the
/// coupons, flags, number of coupons (list), mode. Then: list, the coupons; set, their number as
/// `u32` and the coupons; registers, HIP accumulator, the sum of 2^−register over registers
/// below 32 and over the others (`f64` each), number of zero registers, number of exceptions
/// (`u32` each), the registers. A coupon is 6 bits of register value, 26 bits of address.
///
/// [`PreambleUtil`]: https://github.com/apache/datasketches-java/blob/main/src/main/java/org/apache/datasketches/hll/PreambleUtil.java
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hll {
    lg_k: u8,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Sparse(BTreeSet<u32>),
    Dense(Box<[u8]>),
}

const SKETCH: &str = "Hll";
const SERIAL_VERSION: u8 = 1;
const FAMILY: u8 = 7;
const EMPTY: u8 = 4;
const COMPACT: u8 = 8;
const OUT_OF_ORDER: u8 = 16;

/// The preamble's length in words, and the mode byte: coupon list, coupon set or registers,
/// each on its way to `HLL_8`.
const LIST: (u8, u8) = (2, 2 << 2);
const SET: (u8, u8) = (3, 2 << 2 | 1);
const REGISTERS: (u8, u8) = (10, 2 << 2 | 2);

const LG_LIST: u8 = 3;
const LG_MIN_SET: u8 = 5;
const ADDRESS_BITS: u32 = 26;
const ADDRESS_MASK: u32 = (1 << ADDRESS_BITS) - 1;
/// Six bits, as in a coupon.
const MAX_REGISTER: u8 = 63;

impl Hll {
    /// An empty sketch of 2^`lg_k` registers.
    ///
    /// # Panics
    ///
    /// If `lg_k` is not in 4..=21.
    pub fn new(lg_k: u8) -> Self {
        assert!((4..=21).contains(&lg_k), "lg_k must be in 4..=21: {lg_k}");
        Self {
            lg_k,
            state: State::Sparse(BTreeSet::new()),
        }
    }

    /// Counts `item`, if it is new.
    pub fn insert(&mut self, item: impl Item) {
        if let Some(hash) = item::hash(&item) {
            self.insert_hash(hash);
        }
    }

    /// Counts an item by its hash.
    pub(crate) fn insert_hash(&mut self, (h1, h2): (u64, u64)) {
        let register = (h2.leading_zeros() + 1).min(u32::from(MAX_REGISTER));
        let coupon = register << ADDRESS_BITS | h1 as u32 & ADDRESS_MASK;
        match &mut self.state {
            State::Sparse(coupons) => {
                coupons.insert(coupon);
                self.densify_if_due();
            }
            State::Dense(registers) => raise(registers, coupon),
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
        match (&mut self.state, &other.state) {
            (State::Sparse(coupons), State::Sparse(others)) => {
                coupons.extend(others);
                self.densify_if_due();
            }
            (State::Sparse(coupons), State::Dense(registers)) => {
                let mut registers = registers.clone();
                coupons
                    .iter()
                    .for_each(|coupon| raise(&mut registers, *coupon));
                self.state = State::Dense(registers);
            }
            (State::Dense(registers), State::Sparse(coupons)) => {
                coupons.iter().for_each(|coupon| raise(registers, *coupon));
            }
            (State::Dense(registers), State::Dense(others)) => {
                for (register, other) in registers.iter_mut().zip(others) {
                    *register = (*register).max(*other);
                }
            }
        }
        Ok(())
    }

    /// The estimated number of distinct values (DataSketches' composite estimate).
    pub fn estimate(&self) -> f64 {
        self.oracle().estimate()
    }

    /// The bounds that the true number is within, with a confidence of about 95 %.
    pub fn bounds(&self) -> (f64, f64) {
        let sketch = self.oracle();
        (
            sketch.lower_bound(NumStdDev::Two),
            sketch.upper_bound(NumStdDev::Two),
        )
    }

    /// Whether nothing was inserted.
    pub fn is_empty(&self) -> bool {
        matches!(&self.state, State::Sparse(coupons) if coupons.is_empty())
    }

    /// The canonical bytes (see the type).
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.state {
            State::Sparse(coupons) => self.sparse_bytes(coupons),
            State::Dense(registers) => self.dense_bytes(registers),
        }
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote: not every DataSketches image, but those in
    /// the canonical form.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(SKETCH, bytes);
        let [_, _, _, lg_k, _, _, _, mode] = reader.array()?;
        if !(4..=21).contains(&lg_k) {
            return Err(reader.malformed("lg_k out of range"));
        }
        let mut read = Self::new(lg_k);
        if mode == REGISTERS.1 {
            // HIP accumulator, two sums, two counts: all follow from the registers.
            let _: [u8; 32] = reader.array()?;
            let registers = reader.rest();
            if registers.len() != 1 << lg_k {
                return Err(reader.malformed("the number of registers is not 2^lg_k"));
            }
            if registers.iter().any(|register| *register > MAX_REGISTER) {
                return Err(reader.malformed("a register exceeds six bits"));
            }
            if registers.iter().all(|register| *register == 0) {
                return Err(reader.malformed("registers of nothing"));
            }
            read.state = State::Dense(registers.into());
        } else {
            if mode == SET.1 {
                reader.u32()?;
            }
            let (coupons, _) = reader.rest().as_chunks::<4>();
            if read.is_dense_at(coupons.len()) {
                return Err(reader.malformed("too many coupons"));
            }
            let coupons: BTreeSet<u32> = coupons.iter().copied().map(u32::from_le_bytes).collect();
            if coupons
                .first()
                .is_some_and(|least| least >> ADDRESS_BITS == 0)
            {
                return Err(reader.malformed("a coupon has no value"));
            }
            read.state = State::Sparse(coupons);
        }
        // All that was skipped above: order, counts, sums, flags, nothing after.
        if read.to_bytes() != bytes {
            return Err(reader.malformed("not in the canonical form"));
        }
        Ok(read)
    }

    /// Whether DataSketches holds registers for this many coupons.
    fn is_dense_at(&self, coupons: usize) -> bool {
        match self.lg_k {
            ..8 => coupons >= 1 << LG_LIST,
            lg_k => overfull(coupons, lg_k - 3),
        }
    }

    fn densify_if_due(&mut self) {
        if let State::Sparse(coupons) = &self.state
            && self.is_dense_at(coupons.len())
        {
            let mut registers = vec![0; 1 << self.lg_k].into_boxed_slice();
            coupons
                .iter()
                .for_each(|coupon| raise(&mut registers, *coupon));
            self.state = State::Dense(registers);
        }
    }

    fn sparse_bytes(&self, coupons: &BTreeSet<u32>) -> Vec<u8> {
        let count = coupons.len();
        let is_list = count < 1 << LG_LIST;
        let mut out = Vec::with_capacity(12 + 4 * count);
        if is_list {
            let flags = COMPACT | if count == 0 { EMPTY } else { 0 };
            out.extend(self.preamble(LIST, LG_LIST, flags, count as u8));
        } else {
            let mut lg_table = LG_MIN_SET;
            while overfull(count, lg_table) {
                lg_table += 1;
            }
            out.extend(self.preamble(SET, lg_table, COMPACT, 0));
            out.extend((count as u32).to_le_bytes());
        }
        out.extend(coupons.iter().flat_map(|coupon| coupon.to_le_bytes()));
        out
    }

    fn dense_bytes(&self, registers: &[u8]) -> Vec<u8> {
        let mut counts = [0_u32; MAX_REGISTER as usize + 1];
        for register in registers {
            counts[usize::from(*register)] += 1;
        }
        // Multiples of one power of two, and few enough: both sums are exact.
        let sum = |range: std::ops::Range<usize>| -> f64 {
            range
                .map(|value| f64::from(counts[value]) / (1_u64 << value) as f64)
                .sum()
        };
        let mut out = Vec::with_capacity(40 + registers.len());
        out.extend(self.preamble(REGISTERS, 0, OUT_OF_ORDER, 0));
        out.extend(0_f64.to_le_bytes());
        out.extend(sum(0..32).to_le_bytes());
        out.extend(sum(32..64).to_le_bytes());
        out.extend(counts[0].to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend(registers);
        out
    }

    fn preamble(&self, (words, mode): (u8, u8), lg_table: u8, flags: u8, count: u8) -> [u8; 8] {
        [
            words,
            SERIAL_VERSION,
            FAMILY,
            self.lg_k,
            lg_table,
            flags,
            count,
            mode,
        ]
    }

    fn oracle(&self) -> HllSketch {
        HllSketch::deserialize(&self.to_bytes()).expect("the canonical form is a valid image")
    }
}

/// Whether `count` coupons fill more than three quarters of a table.
fn overfull(count: usize, lg_table: u8) -> bool {
    4 * count > 3 << lg_table
}

fn raise(registers: &mut [u8], coupon: u32) {
    let slot = (coupon & ADDRESS_MASK) as usize & (registers.len() - 1);
    registers[slot] = registers[slot].max((coupon >> ADDRESS_BITS) as u8);
}

#[cfg(test)]
mod tests {
    use datasketches::hash::value::raw_bytes;
    use datasketches::hll::{HllType, HllUnion};
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::{damage, history, lawful};

    lawful!(Hll, i64, |like| Hll::new(like.lg_k), |hll, v| hll
        .insert(*v));

    fn lg_k() -> impl Strategy<Value = u8> {
        prop_oneof![Just(4_u8), Just(7), Just(8), Just(10), Just(12)]
    }

    fn of(lg_k: u8, values: std::ops::Range<i64>) -> Hll {
        let mut hll = Hll::new(lg_k);
        values.for_each(|value| hll.insert(value));
        hll
    }

    proptest! {
        #[test]
        fn equal_histories_are_equal(lg_k in lg_k(), history in history(0_i64..1000, 900)) {
            let ours = history.check(&Hll::new(lg_k));
            // The crate, fed directly, has the same registers or coupons.
            let mut theirs = HllSketch::new(lg_k, HllType::Hll8).unwrap();
            history.values().for_each(|value| theirs.update(value));
            prop_assert_eq!(ours.estimate(), theirs.composite_estimate());
            prop_assert_eq!(ours.to_bytes().len(), theirs.serialize().len());
        }

        #[test]
        fn damage_is_refused(lg_k in lg_k(), values in 0_i64..600, damage in damage()) {
            damage.check(&of(lg_k, 0..values));
        }
    }

    #[test]
    fn the_state_turns_dense_where_the_crate_does() {
        for lg_k in [4, 7, 8, 9, 12] {
            let mut ours = Hll::new(lg_k);
            let mut theirs = HllSketch::new(lg_k, HllType::Hll8).unwrap();
            for value in 0..500_i64 {
                assert_eq!(
                    ours.to_bytes().len(),
                    theirs.serialize().len(),
                    "{lg_k} {value}"
                );
                ours.insert(value);
                theirs.update(value);
            }
        }
    }

    #[test]
    fn estimates_are_near() {
        for n in [0, 1, 7, 8, 100, 384, 385, 5_000, 100_000] {
            let hll = of(12, 0..n);
            let error = (hll.estimate() - n as f64).abs();
            assert!(error <= 0.05 * n as f64, "{n}: {}", hll.estimate());
            let (low, high) = hll.bounds();
            assert!(low <= hll.estimate() && hll.estimate() <= high);
        }
    }

    #[test]
    fn text_hashes_as_in_the_crate() {
        let mut ours = Hll::new(10);
        let mut theirs = HllSketch::new(10, HllType::Hll8).unwrap();
        ours.insert("");
        for n in 0..60 {
            let text = "ä".repeat(n % 20 + 1) + &n.to_string();
            ours.insert(&text);
            theirs.update(raw_bytes::from_str(&text));
        }
        let mut union = HllUnion::new(10).unwrap();
        union.update(&ours.oracle());
        union.update(&theirs);
        assert_eq!(union.to_sketch(HllType::Hll8).estimate(), ours.estimate());
        assert_eq!(ours.estimate(), theirs.estimate());
    }

    #[test]
    fn different_parameters_do_not_merge() {
        let mut hll = of(12, 0..9);
        let before = hll.clone();
        let error = hll.merge(&of(11, 0..9)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot merge sketches of different lg_k: 12 and 11"
        );
        assert_eq!(hll, before);
    }

    #[test]
    fn the_image_is_pinned() {
        let hll = of(12, 1..3);
        assert_eq!(
            Hll::new(12).to_bytes(),
            [2, 1, 7, 12, 3, 12, 0, 8],
            "empty list"
        );
        assert_eq!(hll.to_bytes()[..8], [2, 1, 7, 12, 3, 8, 2, 8], "list");
        assert_eq!(of(12, 0..9).to_bytes()[..8], [3, 1, 7, 12, 5, 8, 0, 9]);
        assert_eq!(of(12, 0..999).to_bytes()[..8], [10, 1, 7, 12, 0, 16, 0, 10]);
    }
}
