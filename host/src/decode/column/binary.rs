//! Binary values in text.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::unfit::Unfit;
use crate::decode::json::unescape_into;
use crate::schema::Encoding;

/// The alphabet of RFC 4648, section 4; padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends the bytes that a string encodes; `inside` is the text between its quotes.
pub(super) fn decode_into(
    inside: &[u8],
    escaped: bool,
    encoding: Encoding,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    let mut decoded = Vec::new();
    // Some writers escape the slashes of base64.
    let text = if escaped {
        if !unescape_into(inside, &mut decoded) {
            return Err(Unfit::HALF_PAIR);
        }
        &decoded[..]
    } else {
        inside
    };
    match encoding {
        Encoding::Hex => hex_into(text, out).ok_or(Unfit::Value("not hexadecimal")),
        Encoding::Text => {
            out.extend_from_slice(text);
            Ok(())
        }
        _ => BASE64
            .decode_vec(text, out)
            .map_err(|_| Unfit::Value("not base64")),
    }
}

fn hex_into(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    for [high, low] in pairs {
        // Two digits make a byte.
        out.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(inside: &str, encoding: Encoding) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode_into(inside.as_bytes(), inside.contains('\\'), encoding, &mut out)
            .ok()
            .map(|()| out)
    }

    #[test]
    fn base64_and_hexadecimal_are_read() {
        assert_eq!(decode("Pz8/", Encoding::Standard).unwrap(), b"???");
        assert_eq!(decode(r"Pz8\/", Encoding::Standard).unwrap(), b"???");
        assert_eq!(
            decode("Pz8", Encoding::Standard),
            decode("Pz8=", Encoding::Standard)
        );
        assert_eq!(decode("00fFAb", Encoding::Hex).unwrap(), [0, 0xff, 0xab]);
        for (text, encoding) in [
            ("Pz8-", Encoding::Standard),
            ("Pz9=", Encoding::Standard),
            (r"Pz8\ud800", Encoding::Standard),
            ("abc", Encoding::Hex),
            ("0x", Encoding::Hex),
        ] {
            assert_eq!(decode(text, encoding), None, "{text}");
        }
    }
}
