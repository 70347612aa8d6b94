//! The exact sum of floats.

use super::bytes::Reader;
use super::{InsertError, Malformed, MergeError};

/// A sum of `f64` that does not depend on the order of adding: kept as an exact integer in units
/// of 2⁻¹⁰⁷⁴ (the smallest positive `f64`) and rounded once, when it is read.
///
/// Only the part of the integer between its lowest and highest digit is kept: a sum of values of
/// like size takes a few words, the widest 70.
///
/// Zero has no sign here: a sum of `-0.0` is `0.0`.
///
/// # Bytes
///
/// Zero is `00`. Otherwise: the sign (`01` positive, `02` negative), the position of the lowest
/// digit (`u8`), then the magnitude's digits in base 2³², lowest first (`u32` each,
/// little-endian), the first and the last not zero: `|sum| = Σ digit[i] · 2^(32·(position+i) − 1074)`.
#[derive(Clone, Default)]
pub struct ExactSum {
    /// Position of `limbs[0]`, in digits of base 2³² counted from 2⁻¹⁰⁷⁴.
    lowest: usize,
    /// Signed digits, carried only now and then.
    limbs: Vec<i64>,
    /// No limb's magnitude exceeds `slack · 2³²`.
    slack: u32,
}

/// Two states of this slack still add up in an `i64`.
const MAX_SLACK: u32 = 1 << 29;

/// Positions at and above this are reached only by 2⁷⁸ insertions of the largest float.
const POSITIONS: usize = 68;

const SKETCH: &str = "ExactSum";
const DIGIT_BITS: u32 = 32;
const DIGIT_MASK: i64 = 0xffff_ffff;
const MANTISSA_BITS: u32 = 52;

impl ExactSum {
    /// The sum of nothing: zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `value`.
    ///
    /// # Errors
    ///
    /// [`InsertError::NotFinite`] for an infinity or NaN.
    pub fn insert(&mut self, value: f64) -> Result<(), InsertError> {
        if !value.is_finite() {
            return Err(InsertError::NotFinite(value));
        }
        if value == 0.0 {
            return Ok(());
        }
        let bits = value.to_bits();
        let fraction = bits & ((1 << MANTISSA_BITS) - 1);
        let exponent = (bits >> MANTISSA_BITS) as u32 & 0x7ff;
        // Subnormals share the scale of the smallest normal numbers, without the implicit bit.
        let (mantissa, shift) = match exponent {
            0 => (fraction, 0),
            _ => (fraction | 1 << MANTISSA_BITS, exponent - 1),
        };
        let digits = u128::from(mantissa) << (shift % DIGIT_BITS);
        let position = (shift / DIGIT_BITS) as usize;
        let window = self.window(position, 3);
        for (i, limb) in window.iter_mut().enumerate() {
            let digit = (digits >> (DIGIT_BITS as usize * i)) as i64 & DIGIT_MASK;
            *limb += if value < 0.0 { -digit } else { digit };
        }
        self.slack += 1;
        self.carry_if_due();
        Ok(())
    }

    /// Adds another sum. Never fails: there are no parameters that could differ.
    ///
    /// # Errors
    ///
    /// None.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if !other.limbs.is_empty() {
            let window = self.window(other.lowest, other.limbs.len());
            for (limb, add) in window.iter_mut().zip(&other.limbs) {
                *limb += add;
            }
            self.slack += other.slack;
            self.carry_if_due();
        }
        Ok(())
    }

    /// The sum, rounded to the nearest `f64` (ties to even); an infinity if it is out of range.
    pub fn value(&self) -> f64 {
        let (negative, lowest, digits) = self.canonical();
        let magnitude = round(lowest, &digits);
        if negative { -magnitude } else { magnitude }
    }

    /// The canonical bytes (see the type).
    pub fn to_bytes(&self) -> Vec<u8> {
        let (negative, lowest, digits) = self.canonical();
        if digits.is_empty() {
            return vec![0];
        }
        let mut out = Vec::with_capacity(2 + 4 * digits.len());
        out.push(1 + u8::from(negative));
        out.push(lowest as u8);
        for digit in digits {
            out.extend(digit.to_le_bytes());
        }
        out
    }

    /// Reads a sum that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(SKETCH, bytes);
        let negative = match reader.u8()? {
            0 => return reader.end().map(|()| Self::new()),
            1 => false,
            2 => true,
            _ => return Err(reader.malformed("unknown sign")),
        };
        let lowest = usize::from(reader.u8()?);
        let (digits, []) = reader.rest().as_chunks::<4>() else {
            return Err(reader.malformed("cut short"));
        };
        if lowest + digits.len() > POSITIONS {
            return Err(reader.malformed("out of range"));
        }
        let limbs: Vec<i64> = digits
            .iter()
            .map(|digit| {
                let digit = i64::from(u32::from_le_bytes(*digit));
                if negative { -digit } else { digit }
            })
            .collect();
        match (limbs.first(), limbs.last()) {
            (Some(first), Some(last)) if *first != 0 && *last != 0 => Ok(Self {
                lowest,
                limbs,
                slack: 1,
            }),
            _ => Err(reader.malformed("its outer digits are zero or missing")),
        }
    }

    /// The limbs at `position..position + len`, added if they are missing.
    fn window(&mut self, position: usize, len: usize) -> &mut [i64] {
        if self.limbs.is_empty() {
            self.lowest = position;
        }
        if position < self.lowest {
            let missing = self.lowest - position;
            self.limbs.splice(0..0, std::iter::repeat_n(0, missing));
            self.lowest = position;
        }
        let start = position - self.lowest;
        if self.limbs.len() < start + len {
            self.limbs.resize(start + len, 0);
        }
        &mut self.limbs[start..start + len]
    }

    fn carry_if_due(&mut self) {
        if self.slack >= MAX_SLACK {
            self.carry();
        }
    }

    /// Brings every limb but the last to `0..2³²`; the last bears the sign.
    fn carry(&mut self) {
        let mut carried = 0;
        let last = self.limbs.len().saturating_sub(1);
        for limb in &mut self.limbs[..last] {
            let sum = *limb + carried;
            *limb = sum & DIGIT_MASK;
            carried = sum >> DIGIT_BITS;
        }
        if let Some(top) = self.limbs.last_mut() {
            *top += carried;
            if i32::try_from(*top).is_err() {
                carried = *top >> DIGIT_BITS;
                *top &= DIGIT_MASK;
                self.limbs.push(carried);
            }
        }
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        self.slack = 1;
    }

    /// Sign, position of the lowest digit, and the magnitude's digits without outer zeros.
    fn canonical(&self) -> (bool, usize, Vec<u32>) {
        let mut carried = self.clone();
        carried.carry();
        let negative = carried.limbs.last().is_some_and(|top| *top < 0);
        if negative {
            for limb in &mut carried.limbs {
                *limb = -*limb;
            }
            carried.carry();
        }
        let zeros = carried.limbs.iter().take_while(|limb| **limb == 0).count();
        let digits: Vec<u32> = carried.limbs[zeros..]
            .iter()
            .map(|limb| u32::try_from(*limb).expect("a carried magnitude has digits of 32 bits"))
            .collect();
        let lowest = if digits.is_empty() {
            0
        } else {
            carried.lowest + zeros
        };
        (negative, lowest, digits)
    }
}

/// Rounds a magnitude to nearest, ties to even.
fn round(lowest: usize, digits: &[u32]) -> f64 {
    let Some(top) = digits.last() else {
        return 0.0;
    };
    let base = lowest * DIGIT_BITS as usize;
    let bit = |i: usize| {
        i.checked_sub(base)
            .is_some_and(|i| digits[i / 32] >> (i % 32) & 1 == 1)
    };
    let length = base + digits.len() * 32 - top.leading_zeros() as usize;
    let dropped = length.saturating_sub(MANTISSA_BITS as usize + 1);
    let mantissa = (dropped..length)
        .rev()
        .fold(0, |m, i| m << 1 | u64::from(bit(i)));
    let half = dropped.checked_sub(1);
    let round_up =
        half.is_some_and(|half| bit(half) && (mantissa & 1 == 1 || (base..half).any(bit)));
    // The mantissa's implicit bit adds one to the exponent field, and so does a carry out of it.
    let bits = ((dropped as u64) << MANTISSA_BITS) + mantissa + u64::from(round_up);
    if bits >= f64::INFINITY.to_bits() {
        f64::INFINITY
    } else {
        f64::from_bits(bits)
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for ExactSum {}

impl std::fmt::Debug for ExactSum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple(SKETCH).field(&self.value()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::laws::{damage, history, lawful};

    lawful!(ExactSum, f64, |_| ExactSum::new(), |sum, v| sum
        .insert(*v)
        .unwrap());

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::new();
        for value in values {
            sum.insert(*value).unwrap();
        }
        sum
    }

    fn finite() -> impl Strategy<Value = f64> + Clone {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
    }

    proptest! {
        #[test]
        fn equal_histories_are_equal(history in history(finite(), 100)) {
            history.check(&ExactSum::new());
        }

        #[test]
        fn values_and_their_opposites_leave_nothing(values in prop::collection::vec(finite(), 0..50)) {
            let mut sum = sum(&values);
            for value in &values {
                sum.insert(-value).unwrap();
            }
            prop_assert_eq!(sum.to_bytes(), [0]);
            prop_assert_eq!(sum.value().to_bits(), 0.0_f64.to_bits());
        }

        /// The conversion of integers to floats rounds to nearest even too.
        #[test]
        fn sums_are_rounded_as_an_integer_is(
            terms in prop::collection::vec((-(1_i64 << 53)..1 << 53, 0_u32..64), 0..60),
            scale in -1074_i32..800,
        ) {
            // A power of two is built by halving and doubling, all of them exact.
            let unit = if scale < -1022 { f64::from_bits(1 << (scale + 1074)) } else {
                f64::from_bits(((scale + 1023) as u64) << 52)
            };
            let mut sum = ExactSum::new();
            let mut exact = 0_i128;
            for (mantissa, shift) in terms {
                let term = (mantissa as f64) * f64::from(shift).exp2();
                // Exact unless below the smallest float, which the unit rules out.
                sum.insert(term * unit).unwrap();
                exact += i128::from(mantissa) << shift;
            }
            prop_assert_eq!(sum.value(), exact as f64 * unit);
        }

        #[test]
        fn damage_is_refused(values in prop::collection::vec(finite(), 0..20), damage in damage()) {
            damage.check(&sum(&values));
        }
    }

    #[test]
    fn known_cases() {
        let tiny = f64::from_bits(1);
        let max = f64::MAX;
        let ulp = f64::EPSILON;
        for (values, expected) in [
            (&[][..], 0.0),
            (&[-0.0], 0.0),
            (&[0.1; 10], 1.0),
            (&[1e100, 1.0, -1e100], 1.0),
            (&[tiny, tiny, -tiny], tiny),
            (&[f64::MIN_POSITIVE, -tiny], f64::MIN_POSITIVE - tiny),
            (&[max, max, -max], max),
            (&[max, max], f64::INFINITY),
            (&[-max, -max], f64::NEG_INFINITY),
            // Half a unit of the last place of the largest float: to even is to infinity.
            (&[max, 2_f64.powi(970)], f64::INFINITY),
            (&[max, 2_f64.powi(970), -tiny], max),
            // Ties to even, and the least bit that breaks a tie.
            (&[1.0, ulp / 2.0], 1.0),
            (&[1.0 + ulp, ulp / 2.0], 1.0 + 2.0 * ulp),
            (&[1.0, ulp / 2.0, tiny], 1.0 + ulp),
            (&[-1.0, -ulp / 2.0, -tiny], -1.0 - ulp),
            (&[2.0 - ulp, ulp / 2.0], 2.0),
        ] {
            assert_eq!(sum(values).value(), expected, "{values:?}");
        }
        // Ten times the float next to 0.1 is a little more than one.
        let mut tenths = sum(&[0.1; 10]);
        tenths.insert(-1.0).unwrap();
        assert_eq!(tenths.value(), 2_f64.powi(-54));
    }

    #[test]
    fn infinities_and_nan_are_refused() {
        let mut state = sum(&[1.5]);
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let error = state.insert(value).unwrap_err();
            assert_eq!(error.to_string(), format!("{value} is not a finite number"));
        }
        assert_eq!(state, sum(&[1.5]));
    }

    /// Doubling reaches the point where limbs must be carried, many times over.
    #[test]
    fn carries_are_deferred_and_exact() {
        for value in [
            1.0 + f64::EPSILON,
            -1.0 - f64::EPSILON,
            f64::MAX,
            -f64::from_bits(1),
        ] {
            let mut state = sum(&[value]);
            for _ in 0..70 {
                let same = state.clone();
                state.merge(&same).unwrap();
                assert_eq!(ExactSum::from_bytes(&state.to_bytes()), Ok(state.clone()));
            }
            assert_eq!(state.value(), value * 2_f64.powi(70));
        }
    }

    #[test]
    fn the_bytes_are_pinned() {
        assert_eq!(ExactSum::new().to_bytes(), [0]);
        // 1 is 2^1074 units: bit 18 of digit 33.
        assert_eq!(sum(&[1.0]).to_bytes(), [1, 33, 0, 0, 4, 0]);
        assert_eq!(sum(&[-1.0]).to_bytes(), [2, 33, 0, 0, 4, 0]);
    }
}
