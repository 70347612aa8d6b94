//! AVX2: 32 bytes at a time.
#![expect(
    unsafe_code,
    reason = "the compiler cannot know that a value of `Avx2` proves that the processor has AVX2"
)]

use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8,
};

use super::{Head, Task, Vector};

/// The proof that this processor has AVX2, BMI1, BMI2, LZCNT and POPCNT: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has all of them.
    pub(super) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        all.then_some(Avx2(()))
    }
}

#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn root<T: Task>(avx2: Avx2, task: T) -> T::Output {
    task.run(avx2)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the reference is to 32 bytes, which is all that the load reads, from any address.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn specials(bytes: &[u8; 32]) -> u32 {
    let bytes = load(bytes);
    let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    let quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'"' as i8));
    let backslash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'\\' as i8));
    _mm256_movemask_epi8(_mm256_or_si256(control, _mm256_or_si256(quote, backslash))) as u32
}

/// A mask: bit n is set if byte n is the same.
#[inline]
#[target_feature(enable = "avx2")]
fn same(a: &[u8; 32], b: &[u8; 32]) -> u32 {
    _mm256_movemask_epi8(_mm256_cmpeq_epi8(load(a), load(b))) as u32
}

impl Vector for Avx2 {
    #[inline(always)]
    fn specials(self, bytes: &[u8; 64]) -> u64 {
        let ([low, high], []) = bytes.as_chunks::<32>() else {
            unreachable!("64 bytes are twice 32")
        };
        // SAFETY: `self` proves that the processor has AVX2.
        let (low, high) = unsafe { (specials(low), specials(high)) };
        u64::from(low) | u64::from(high) << 32
    }

    #[inline(always)]
    fn first_special(self, bytes: &[u8; 32]) -> usize {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { specials(bytes) }.trailing_zeros() as usize
    }

    #[inline(always)]
    fn begins(self, bytes: &[u8; 32], head: &Head) -> bool {
        // SAFETY: `self` proves that the processor has AVX2.
        !unsafe { same(bytes, &head.bytes) } & head.mask == 0
    }

    #[inline(always)]
    fn call<T: Task>(self, task: T) -> T::Output {
        // SAFETY: `self` proves that the processor has what the function is compiled for.
        unsafe { root(self, task) }
    }
}
