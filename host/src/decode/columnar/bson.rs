//! Documents of BSON as JSON, in the relaxed form of MongoDB's Extended JSON, which `mongoexport` writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Datelike, SecondsFormat};

use super::texts::{hex, number, string};

/// The deepest nesting of documents, which is that of MongoDB.
const MAX_DEPTH: usize = 100;

/// Appends the document in `bytes`; `None` if it is not valid, with `out` incomplete.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader { bytes };
    reader.document(out, false, 0)?;
    reader.bytes.is_empty().then_some(())
}

/// Reads from the front of `bytes`.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.i32()?).ok()
    }

    /// Text up to a zero byte.
    fn name(&mut self) -> Option<&'a str> {
        let end = memchr::memchr(0, self.bytes)?;
        let name = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(name).ok()
    }

    /// Text after its length, with a zero byte at the end.
    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (text, [0]) = self
            .take(length)?
            .split_at_checked(length.checked_sub(1)?)?
        else {
            return None;
        };
        std::str::from_utf8(text).ok()
    }

    fn document(&mut self, out: &mut Vec<u8>, is_array: bool, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let length = self.length()?.checked_sub(4)?;
        let mut inside = Reader {
            bytes: self.take(length)?,
        };
        out.push(if is_array { b'[' } else { b'{' });
        let mut is_first = true;
        loop {
            let [kind] = inside.array()?;
            if kind == 0 {
                break;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            let name = inside.name()?;
            if !is_array {
                string(out, name);
                out.push(b':');
            }
            inside.value(kind, out, depth)?;
        }
        out.push(if is_array { b']' } else { b'}' });
        inside.bytes.is_empty().then_some(())
    }

    fn value(&mut self, kind: u8, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        match kind {
            0x01 => double(out, f64::from_le_bytes(self.array()?)),
            0x02 => string(out, self.text()?),
            0x03 => self.document(out, false, depth + 1)?,
            0x04 => self.document(out, true, depth + 1)?,
            0x05 => {
                let length = self.length()?;
                let [kind] = self.array()?;
                let bytes = BASE64.encode(self.take(length)?);
                let binary = format_args!(
                    "{{\"$binary\":{{\"base64\":\"{bytes}\",\"subType\":\"{kind:02x}\"}}}}"
                );
                number(out, binary);
            }
            0x06 => out.extend_from_slice(b"{\"$undefined\":true}"),
            0x07 => {
                out.extend_from_slice(b"{\"$oid\":\"");
                self.take(12)?
                    .iter()
                    .for_each(|byte| out.extend(hex(*byte)));
                out.extend_from_slice(b"\"}");
            }
            0x08 => out.extend_from_slice(match self.array()? {
                [0] => b"false",
                [_] => b"true",
            }),
            0x09 => date(out, i64::from_le_bytes(self.array()?)),
            0x0a => out.extend_from_slice(b"null"),
            0x0b => {
                let (pattern, options) = (self.name()?, self.name()?);
                out.extend_from_slice(b"{\"$regularExpression\":{\"pattern\":");
                string(out, pattern);
                out.extend_from_slice(b",\"options\":");
                string(out, options);
                out.extend_from_slice(b"}}");
            }
            0x0d | 0x0e => {
                let name: &[u8] = if kind == 0x0d {
                    b"{\"$code\":"
                } else {
                    b"{\"$symbol\":"
                };
                out.extend_from_slice(name);
                string(out, self.text()?);
                out.push(b'}');
            }
            0x10 => number(out, self.i32()?),
            0x11 => {
                let [i, t] = [self.i32()? as u32, self.i32()? as u32];
                number(
                    out,
                    format_args!("{{\"$timestamp\":{{\"t\":{t},\"i\":{i}}}}}"),
                );
            }
            0x12 => number(out, i64::from_le_bytes(self.array()?)),
            0x13 => {
                let digits = decimal(u128::from_le_bytes(self.array()?));
                number(out, format_args!("{{\"$numberDecimal\":\"{digits}\"}}"));
            }
            0x7f => out.extend_from_slice(b"{\"$maxKey\":1}"),
            0xff => out.extend_from_slice(b"{\"$minKey\":1}"),
            // Code with a scope and pointers between collections are of the past.
            _ => return None,
        }
        Some(())
    }
}

fn double(out: &mut Vec<u8>, value: f64) {
    let name = match value {
        value if value.is_finite() => {
            let _ = serde_json::to_writer(out, &value);
            return;
        }
        value if value.is_nan() => "NaN",
        value if value > 0.0 => "Infinity",
        _ => "-Infinity",
    };
    number(out, format_args!("{{\"$numberDouble\":\"{name}\"}}"));
}

/// RFC 3339 for the years from 1970 to 9999.
fn date(out: &mut Vec<u8>, millis: i64) {
    let time = DateTime::from_timestamp_millis(millis);
    match time.filter(|time| (1970..=9999).contains(&time.year())) {
        Some(time) => {
            let text = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            number(out, format_args!("{{\"$date\":\"{text}\"}}"));
        }
        None => number(
            out,
            format_args!("{{\"$date\":{{\"$numberLong\":\"{millis}\"}}}}"),
        ),
    }
}

/// The digits of an IEEE 754 decimal of 128 bits, whose coefficient is a binary integer.
fn decimal(bits: u128) -> String {
    let sign = if bits >> 127 == 1 { "-" } else { "" };
    match bits >> 122 & 0x1f {
        0x1f => return "NaN".to_owned(),
        0x1e => return format!("{sign}Infinity"),
        _ => {}
    }
    // A coefficient beyond 113 bits has more than 34 digits, and counts as zero.
    let (exponent, coefficient) = match bits >> 125 & 3 {
        3 => (bits >> 111 & 0x3fff, 0),
        _ => (bits >> 113 & 0x3fff, bits & ((1 << 113) - 1)),
    };
    let exponent = exponent as i64 - 6176;
    let digits = coefficient.to_string();
    let adjusted = exponent + digits.len() as i64 - 1;
    if exponent > 0 || adjusted < -6 {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}E{adjusted:+}");
    }
    let decimals = exponent.unsigned_abs() as usize;
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document of these elements.
    fn document(elements: &[u8]) -> Vec<u8> {
        let length = elements.len() as u32 + 5;
        [&length.to_le_bytes()[..], elements, &[0]].concat()
    }

    fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
        [&[kind], name.as_bytes(), &[0], value].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        let length = text.len() as u32 + 1;
        [&length.to_le_bytes()[..], text.as_bytes(), &[0]].concat()
    }

    fn written(bytes: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        write(bytes, &mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    fn all() -> Vec<u8> {
        let inner = document(&element(0x10, "0", &7i32.to_le_bytes()));
        document(
            &[
                element(0x07, "_id", &[0xab; 12]),
                element(0x01, "d", &0.5f64.to_le_bytes()),
                element(0x01, "n", &f64::NAN.to_le_bytes()),
                element(0x02, "s", &text("a\"b")),
                element(0x03, "o", &inner),
                element(0x04, "a", &inner),
                element(0x05, "b", &[2, 0, 0, 0, 4, 0, 255]),
                element(0x08, "t", &[1]),
                element(0x09, "at", &1_777_820_400_120i64.to_le_bytes()),
                element(0x09, "before", &(-1i64).to_le_bytes()),
                element(0x0a, "nothing", &[]),
                element(0x0b, "r", b"^a\0i\0"),
                element(0x11, "ts", &[1, 0, 0, 0, 2, 0, 0, 0]),
                element(0x12, "l", &i64::MIN.to_le_bytes()),
                element(0x13, "x", &(((6176u128 - 2) << 113) | 1230).to_le_bytes()),
            ]
            .concat(),
        )
    }

    #[test]
    fn a_document_is_what_mongoexport_writes() {
        insta::assert_snapshot!(written(&all()).unwrap(), @r#"{"_id":{"$oid":"abababababababababababab"},"d":0.5,"n":{"$numberDouble":"NaN"},"s":"a\"b","o":{"0":7},"a":[7],"b":{"$binary":{"base64":"AP8=","subType":"04"}},"t":true,"at":{"$date":"2026-05-03T15:00:00.120Z"},"before":{"$date":{"$numberLong":"-1"}},"nothing":null,"r":{"$regularExpression":{"pattern":"^a","options":"i"}},"ts":{"$timestamp":{"t":2,"i":1}},"l":-9223372036854775808,"x":{"$numberDecimal":"12.30"}}"#);
    }

    #[test]
    fn decimals_are_written_as_their_specification_says() {
        let of = |coefficient: u128, exponent: i64| {
            decimal(((exponent + 6176) as u128) << 113 | coefficient)
        };
        assert_eq!(of(0, 0), "0");
        assert_eq!(of(123, 0), "123");
        assert_eq!(of(5, -3), "0.005");
        assert_eq!(of(5, -7), "5E-7");
        assert_eq!(of(12, 3), "1.2E+4");
        assert_eq!(decimal(1 << 127 | 6176 << 113 | 7), "-7");
        assert_eq!(decimal(0x1f << 122), "NaN");
        assert_eq!(decimal(0x3e << 122), "-Infinity");
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_no_document() {
        let whole = all();
        for cut in 0..whole.len() {
            assert_eq!(written(&whole[..cut]), None, "cut at {cut}");
        }
        assert_eq!(written(&[&whole[..], &[0]].concat()), None);
        let deep = (0..200).fold(document(&[]), |inner, _| document(&element(3, "a", &inner)));
        assert_eq!(written(&deep), None);
    }
}
