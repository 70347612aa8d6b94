//! Eight bytes at a time in a word, on any processor.

use super::{Head, Task, Vector};

/// Every byte 1.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Arithmetic on words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Portable;

/// The high bit of each byte that is zero.
#[inline(always)]
fn zero(word: u64) -> u64 {
    // Adding 0x7f lifts all but zero to the high bit, and cannot carry into the next byte.
    !(((word & !HIGH) + !HIGH) | word) & HIGH
}

/// The high bit of each byte that is special.
#[inline(always)]
fn special(word: u64) -> u64 {
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    // Adding 0x60 lifts 0x20 and more to the high bit.
    let control = !(((word & !HIGH) + ONES * 0x60) | word) & HIGH;
    quote | backslash | control
}

/// The high bits of the bytes, as the lowest eight bits.
#[inline(always)]
fn gather(high: u64) -> u64 {
    // Each bit is moved to a bit of its own in the highest byte.
    (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[inline(always)]
fn words<const BYTES: usize>(bytes: &[u8; BYTES]) -> impl Iterator<Item = u64> {
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
}

impl Vector for Portable {
    #[inline(always)]
    fn specials(self, bytes: &[u8; 64]) -> u64 {
        words(bytes).enumerate().fold(0, |mask, (at, word)| {
            mask | gather(special(word)) << (8 * at)
        })
    }

    #[inline(always)]
    fn first_special(self, bytes: &[u8; 32]) -> usize {
        for (at, word) in words(bytes).enumerate() {
            let special = special(word);
            if special != 0 {
                return 8 * at + special.trailing_zeros() as usize / 8;
            }
        }
        32
    }

    #[inline(always)]
    fn begins(self, bytes: &[u8; 32], head: &Head) -> bool {
        let mut left = head.len;
        for (a, b) in words(bytes).zip(words(&head.bytes)) {
            let differs = a ^ b;
            if left <= 8 {
                // A shift by 64 is none.
                return left == 0 || differs << (64 - 8 * left) == 0;
            }
            if differs != 0 {
                return false;
            }
            left -= 8;
        }
        true
    }

    #[inline(never)]
    fn call<T: Task>(self, task: T) -> T::Output {
        task.run(self)
    }
}
