//! Strings, numbers, literals and blanks.
//!
//! All functions take padded text and a position in it, and return the position after the recognised text. Beyond the
//! padding they read zeros, which no rule of the grammar accepts. The padding has zeros too, or the bytes that follow
//! the text.

use super::fault::{Fault, FaultKind};
use super::vector::Vector;

/// The byte at `at`.
#[inline(always)]
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The `N` bytes at `at`; `None` beyond the padding.
#[inline(always)]
pub(super) fn bytes<const N: usize>(text: &[u8], at: usize) -> Option<&[u8; N]> {
    text.get(at..)?.first_chunk()
}

/// Skips blanks within a record. A line feed is a blank only with `lines`.
#[inline(always)]
pub(super) fn skip_space(text: &[u8], mut at: usize, lines: bool) -> usize {
    loop {
        match byte(text, at) {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\n' if lines => at += 1,
            _ => return at,
        }
    }
}

/// Skips blanks between records.
#[inline]
pub(in crate::decode) fn skip_blanks(text: &[u8], at: usize) -> usize {
    skip_space(text, at, true)
}

/// Reads a string from after its opening quote; returns the position of its closing quote, and whether it has escapes.
#[inline(always)]
pub(super) fn string<V: Vector>(
    vector: V,
    text: &[u8],
    mut at: usize,
) -> Result<(usize, bool), Fault> {
    let mut escaped = false;
    loop {
        let Some(ahead) = bytes(text, at) else {
            return Err(Fault::new(at, FaultKind::ControlCharacter));
        };
        at += vector.first_special(ahead);
        match byte(text, at) {
            b'"' => return Ok((at, escaped)),
            b'\\' => {
                at = escape(text, at)?;
                escaped = true;
            }
            0..0x20 => return Err(Fault::new(at, FaultKind::ControlCharacter)),
            // None of the 32 bytes was special.
            _ => {}
        }
    }
}

/// Reads an escape, from its backslash.
#[inline(always)]
pub(super) fn escape(text: &[u8], at: usize) -> Result<usize, Fault> {
    match byte(text, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' if bytes(text, at + 2).is_some_and(is_hexadecimal) => Ok(at + 6),
        _ => Err(Fault::new(at, FaultKind::Escape)),
    }
}

#[inline(always)]
fn is_hexadecimal(digits: &[u8; 4]) -> bool {
    digits.iter().all(u8::is_ascii_hexdigit)
}

/// Reads one digit or more.
#[inline(always)]
fn digits(text: &[u8], start: usize) -> Result<usize, Fault> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = start;
    while let Some(word) = bytes(text, at) {
        // A digit xor '0' is 0 to 9, and 0x7f at most after adding 0x76; any other byte has its high bit set then.
        let value = u64::from_le_bytes(*word) ^ (ONES * u64::from(b'0'));
        let others = (((value & !HIGH) + ONES * 0x76) | value) & HIGH;
        if others != 0 {
            at += others.trailing_zeros() as usize / 8;
            break;
        }
        at += 8;
    }
    if at == start {
        Err(Fault::new(at, FaultKind::Number))
    } else {
        Ok(at)
    }
}

/// Reads a number or a literal.
#[inline(always)]
pub(super) fn scalar(text: &[u8], at: usize) -> Result<usize, Fault> {
    match byte(text, at) {
        b'-' => number(text, at + 1),
        b'0'..=b'9' => number(text, at),
        b't' if bytes(text, at) == Some(b"true") => Ok(at + 4),
        b'f' if bytes(text, at) == Some(b"false") => Ok(at + 5),
        b'n' if bytes(text, at) == Some(b"null") => Ok(at + 4),
        _ => Err(Fault::new(at, FaultKind::Value)),
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
    use crate::decode::block::PADDING;
    use crate::decode::json::vector::{Processor, Task};

    fn padded(text: &[u8]) -> Vec<u8> {
        [text, &[0; PADDING]].concat()
    }

    struct Scan<'a>(&'a [u8]);

    impl Task for Scan<'_> {
        type Output = Result<(usize, bool), Fault>;

        #[inline(always)]
        fn run<V: Vector>(self, vector: V) -> Self::Output {
            string(vector, self.0, 0)
        }
    }

    /// The inside of a string by all instructions.
    fn scan(text: &[u8]) -> Result<(usize, bool), Fault> {
        let text = padded(text);
        let mut answers = Processor::all()
            .into_iter()
            .map(|processor| processor.run(Scan(&text)));
        let first = answers.next().unwrap();
        answers.for_each(|other| assert_eq!(other, first));
        first
    }

    #[test]
    fn strings_end_at_their_quote() {
        for (body, escaped) in [
            ("", false),
            ("abcdefgh", false),
            ("São Paulo, é longo", false),
            (r#"a\"b\\"#, true),
        ] {
            for before in 0..70 {
                let body = "x".repeat(before) + body;
                let text = format!("{body}\"tail");
                assert_eq!(scan(text.as_bytes()), Ok((body.len(), escaped)), "{body}");
            }
        }
        for (body, at, what) in [
            ("abc\u{1}\"", 3, FaultKind::ControlCharacter),
            ("abcdefghijk", 11, FaultKind::ControlCharacter),
            ("a\nb\"", 1, FaultKind::ControlCharacter),
            (r#"ab\x""#, 2, FaultKind::Escape),
            (r#"\u12g4""#, 0, FaultKind::Escape),
        ] {
            for before in 0..70 {
                let body = "x".repeat(before) + body;
                let fault = Fault::new(before + at, what);
                assert_eq!(scan(body.as_bytes()), Err(fault), "{body}");
            }
        }
    }

    #[test]
    fn nine_letters_follow_a_backslash() {
        for letter in 0..=255 {
            let text = [b'\\', letter, b'0', b'0', b'a', b'F', b'"'];
            let expected = match letter {
                b'u' => Ok(6),
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(2),
                _ => Err(Fault::new(0, FaultKind::Escape)),
            };
            assert_eq!(escape(&padded(&text), 0), expected, "{letter:#x}");
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
            "-", "+1", ".5", "1.", "1e", "1e+", "-a", "NaN", "tru", "truX", "falsX", "nulX",
            "True", "", "1.e5",
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
