//! Decoding of the escapes of strings.

/// Appends the decoded text of a string; `inside` is the text between its quotes, whose syntax has to be checked. False
/// for half a surrogate pair; then an undefined part is appended.
pub(in crate::decode) fn unescape_into(inside: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let Some((&kind, behind)) = rest[at + 1..].split_first() else {
            return false;
        };
        rest = behind;
        let plain = match kind {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let Some((character, behind)) = character(rest) else {
                    return false;
                };
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
                continue;
            }
            other => other,
        };
        out.push(plain);
    }
    out.extend_from_slice(rest);
    true
}

/// The character of a `\u` escape, or of the two escapes of a surrogate pair; `rest` begins after the first `\u`.
fn character(rest: &[u8]) -> Option<(char, &[u8])> {
    let (high, rest) = unit(rest)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, rest));
    }
    let (low, rest) = unit(rest.strip_prefix(b"\\u")?)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    Some((
        char::from_u32(0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff))?,
        rest,
    ))
}

fn unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let value = digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })?;
    Some((value, rest))
}

/// Whether `text` is the decoded text of a string.
pub(in crate::decode) fn same_text(inside: &[u8], escaped: bool, text: &[u8]) -> bool {
    if !escaped {
        return inside == text;
    }
    let mut decoded = Vec::with_capacity(inside.len());
    unescape_into(inside, &mut decoded) && decoded == text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescape(inside: &str) -> Option<String> {
        let mut out = Vec::new();
        unescape_into(inside.as_bytes(), &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn escapes_stand_for_characters() {
        assert_eq!(
            unescape(r#"\"\\\/\b\f\n\r\t"#).unwrap(),
            "\"\\/\u{8}\u{c}\n\r\t"
        );
        assert_eq!(
            unescape(r"S\u00e3o \ud83d\uDE00 \u0000.").unwrap(),
            "São 😀 \0."
        );
    }

    #[test]
    fn half_a_pair_stands_for_nothing() {
        for half in [
            r"\ud800",
            r"\udc00",
            r"\ud800x",
            r"\ud800\n",
            r"\ud800\u0041",
            r"\ud800\ud800",
        ] {
            assert_eq!(unescape(half), None, "{half}");
        }
    }
}
