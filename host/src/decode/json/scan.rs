//! Strings, numbers, literals and blanks, a word at a time.
//!
//! All functions take padded text and a position in it, and give the position behind what they recognised.
//! Behind the end they see zeros, which no grammar rule accepts.

use super::parse::{Fault, What};

/// Every byte 1.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The high bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The byte at `at`.
#[inline(always)]
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?
        .first_chunk()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

/// High bits; the lowest one set marks the first zero byte. Borrows reach only bytes above a zero one.
#[inline(always)]
fn first_zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// High bits; the lowest one set marks the first byte that a string cannot hold as it is: a quote, a backslash
/// or a control character.
#[inline(always)]
fn first_special(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control
        | first_zero(word ^ (ONES * u64::from(b'"')))
        | first_zero(word ^ (ONES * u64::from(b'\\')))
}

/// Blanks within a record; a line feed is one only where a record may have several lines.
#[inline(always)]
pub(super) fn skip_space<const LINES: bool>(text: &[u8], mut at: usize) -> usize {
    loop {
        match byte(text, at) {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\n' if LINES => at += 1,
            _ => return at,
        }
    }
}

/// Blanks between records.
pub(in crate::decode) fn skip_blanks(text: &[u8], at: usize) -> usize {
    skip_space::<true>(text, at)
}

/// How many bytes a string is searched by.
const STRIDE: usize = 16;

/// Bit n is set where byte n cannot stand in a string as it is.
#[cfg(target_arch = "x86_64")]
use super::sse2::specials;

/// The lowest bit set tells the first byte that cannot stand in a string as it is.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn specials(bytes: &[u8; STRIDE]) -> u32 {
    let (low, high) = halves(bytes);
    match (first_special(low), first_special(high)) {
        (0, 0) => 0,
        (0, high) => 1 << (8 + high.trailing_zeros() / 8),
        (low, _) => 1 << (low.trailing_zeros() / 8),
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn halves(bytes: &[u8; STRIDE]) -> (u64, u64) {
    let both = u128::from_le_bytes(*bytes);
    (both as u64, (both >> 64) as u64)
}

/// The inside of a string: from behind its opening quote to its closing quote, and whether it has escapes.
#[inline(always)]
pub(super) fn string(text: &[u8], mut at: usize) -> Result<(usize, bool), Fault> {
    loop {
        let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk()) else {
            return string_tail(text, at, false);
        };
        let special = specials(bytes);
        if special != 0 {
            at += special.trailing_zeros() as usize;
            if byte(text, at) == b'"' {
                return Ok((at, false));
            }
            return string_tail(text, at, false);
        }
        at += STRIDE;
    }
}

/// The rest of a string that has escapes, or is faulty.
#[inline(never)]
fn string_tail(text: &[u8], mut at: usize, mut escaped: bool) -> Result<(usize, bool), Fault> {
    loop {
        match byte(text, at) {
            b'"' => return Ok((at, escaped)),
            b'\\' => {
                at = escape(text, at)?;
                escaped = true;
            }
            0..0x20 => return Err(Fault::new(at, What::ControlCharacter)),
            _ => match word(text, at).map(first_special) {
                Some(0) => at += 8,
                Some(special) => at += special.trailing_zeros() as usize / 8,
                None => at += 1,
            },
        }
    }
}

#[inline(always)]
fn escape(text: &[u8], at: usize) -> Result<usize, Fault> {
    match byte(text, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' if (2..6).all(|ahead| byte(text, at + ahead).is_ascii_hexdigit()) => Ok(at + 6),
        _ => Err(Fault::new(at, What::Escape)),
    }
}

/// One digit or more.
#[inline(always)]
fn digits(text: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while let Some(word) = word(text, at) {
        // A digit xor '0' is 0 to 9, which 0x76 lifts to at most 0x7f; anything else ends with its high bit set.
        let value = word ^ (ONES * u64::from(b'0'));
        let others = (((value & !HIGH) + ONES * 0x76) | value) & HIGH;
        if others != 0 {
            at += others.trailing_zeros() as usize / 8;
            break;
        }
        at += 8;
    }
    while byte(text, at).is_ascii_digit() {
        at += 1;
    }
    if at == start {
        Err(Fault::new(at, What::Number))
    } else {
        Ok(at)
    }
}

/// A number or a literal.
#[inline(always)]
pub(super) fn scalar(text: &[u8], at: usize) -> Result<usize, Fault> {
    match byte(text, at) {
        b'-' => number(text, at + 1),
        b'0'..=b'9' => number(text, at),
        b't' if text[at..].starts_with(b"true") => Ok(at + 4),
        b'f' if text[at..].starts_with(b"false") => Ok(at + 5),
        b'n' if text[at..].starts_with(b"null") => Ok(at + 4),
        _ => Err(Fault::new(at, What::Value)),
    }
}

#[inline(always)]
fn number(text: &[u8], mut at: usize) -> Result<usize, Fault> {
    at = if byte(text, at) == b'0' {
        at + 1
    } else {
        digits(text, at)?
    };
    if byte(text, at) == b'.' {
        at = digits(text, at + 1)?;
    }
    if matches!(byte(text, at), b'e' | b'E') {
        at += 1;
        if matches!(byte(text, at), b'+' | b'-') {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(text: &[u8]) -> Vec<u8> {
        [text, &[0; 16]].concat()
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for at in 0..8 {
                for filler in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut bytes = [filler; 8];
                    assert_eq!(first_special(u64::from_le_bytes(bytes)), 0, "{filler:#x}");
                    bytes[at] = special;
                    let found = first_special(u64::from_le_bytes(bytes));
                    assert_eq!(
                        found.trailing_zeros() as usize / 8,
                        at,
                        "{special:#x} among {filler:#x}"
                    );
                }
            }
        }
    }

    #[test]
    fn specials_are_found_sixteen_bytes_at_a_time() {
        for special in 0..=255u8 {
            for at in 0..STRIDE {
                let mut bytes = [b'a'; STRIDE];
                bytes[at] = special;
                let expected = (special < 0x20 || matches!(special, b'"' | b'\\')).then_some(at);
                let found = specials(&bytes);
                let found = (found != 0).then(|| found.trailing_zeros() as usize);
                assert_eq!(found, expected, "{special:#x} at {at}");
            }
        }
    }

    #[test]
    fn strings_end_at_their_quote() {
        for (body, escaped) in [
            ("", false),
            ("abcdefgh", false),
            ("São Paulo, é longo", false),
            (r#"a\"b\\"#, true),
        ] {
            let text = padded(format!("{body}\"tail").as_bytes());
            assert_eq!(string(&text, 0), Ok((body.len(), escaped)), "{body}");
        }
        for (body, at, what) in [
            ("abc\u{1}\"", 3, What::ControlCharacter),
            ("abcdefghijk", 11, What::ControlCharacter),
            ("a\nb\"", 1, What::ControlCharacter),
            (r#"ab\x""#, 2, What::Escape),
            (r#"\u12g4""#, 0, What::Escape),
        ] {
            assert_eq!(
                string(&padded(body.as_bytes()), 0),
                Err(Fault::new(at, what)),
                "{body}"
            );
        }
    }

    #[test]
    fn numbers_follow_the_grammar() {
        for good in [
            "0",
            "-0",
            "7",
            "1234567890123456789012",
            "0.5",
            "-1.25e+10",
            "1E5",
            "1e-07",
            "12345678.12345678",
        ] {
            assert_eq!(
                scalar(&padded(good.as_bytes()), 0),
                Ok(good.len()),
                "{good}"
            );
        }
        for bad in [
            "-", "+1", ".5", "1.", "1e", "1e+", "-a", "NaN", "tru", "True", "", "1.e5",
        ] {
            assert!(scalar(&padded(bad.as_bytes()), 0).is_err(), "{bad}");
        }
        assert_eq!(
            scalar(&padded(b"01"), 0),
            Ok(1),
            "the caller refuses the 1 that follows"
        );
    }

    #[test]
    fn digits_stop_at_every_other_byte() {
        for other in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
            let text = [b'1', b'2', b'9', other, b'0', b'0', b'0', b'0', b'0', b'0'];
            assert_eq!(digits(&padded(&text), 0), Ok(3), "{other:#x}");
        }
    }
}
