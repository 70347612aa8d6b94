//! The search for special bytes with the vector instructions that every x86-64 has.
//!
//! One comparison of 16 bytes takes the place of the arithmetic on two words that other machines do.
#![expect(
    unsafe_code,
    reason = "the compiler does not know that SSE2 is part of x86-64"
)]

use std::arch::x86_64::{
    _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
};

/// Bit n is set where byte n is a quote, a backslash or a control character.
#[inline(always)]
pub(super) fn specials(bytes: &[u8; 16]) -> u32 {
    // SAFETY: SSE2 belongs to the baseline of x86-64, for which alone this module is compiled; no pointer is
    // involved.
    unsafe { specials_sse2(bytes) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn specials_sse2(bytes: &[u8; 16]) -> u32 {
    let both = u128::from_le_bytes(*bytes);
    let bytes = _mm_set_epi64x((both >> 64) as i64, both as i64);
    let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
    let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
    _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))) as u32
}
