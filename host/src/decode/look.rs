//! What stands where a record should be, by its first bytes.
//!
//! A reader that meets a fault knows the byte that it expected. A person wants to know what the text is instead, and the
//! setting that reads it.

use super::inflate::of_magic;
use super::json::Fault;
use super::{Compression, TextEncoding};

/// Number of bytes that are looked at from the beginning of a record on. A fault there is settled only once they are
/// known, so that the reason does not depend on where blocks end.
pub(super) const LOOK_BYTES: usize = 64;

/// Data that is no text, and so no object of JSON or CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What it is.
    pub(super) found: &'static str,
    /// What to do about it.
    pub(super) remedy: &'static str,
}

/// What an object is that begins with `head` and should be text; `None` if it may be text.
pub(super) fn foreign(head: &[u8]) -> Option<Foreign> {
    let of = |found, remedy| Some(Foreign { found, remedy });
    let is_binary = |byte: Option<&u8>| byte.is_some_and(|byte| *byte < b' ' || *byte > b'~');
    if head.starts_with(b"Obj\x01") {
        return of("Avro", "`decode.format = \"avro\"` reads it");
    }
    if head.starts_with(b"PAR1") && is_binary(head.get(4)) {
        return of("Parquet", "`decode.format = \"parquet\"` reads it");
    }
    if head.starts_with(b"ORC") && is_binary(head.get(3)) {
        return of("ORC", "no setting reads it");
    }
    match of_magic(head) {
        Compression::None => {}
        compression => {
            return of(
                compression.within(),
                "unless `decode.compression` is set, two levels of compression are read, and no more",
            );
        }
    }
    match unmarked(head) {
        Some(TextEncoding::Utf16Le) => of(
            "UTF-16 without a byte order mark",
            "`decode.encoding = \"utf-16le\"` reads it",
        ),
        Some(_) => of(
            "UTF-16 without a byte order mark",
            "`decode.encoding = \"utf-16be\"` reads it",
        ),
        None => None,
    }
}

/// The kind of UTF-16 that a text without a byte order mark is: its first characters are ASCII, and every other byte is
/// zero.
fn unmarked(head: &[u8]) -> Option<TextEncoding> {
    let pairs = || head.chunks_exact(2).take(4);
    let all = |letter: usize| pairs().all(|pair| pair[letter] != 0 && pair[1 - letter] == 0);
    match pairs().count() {
        2.. if all(0) => Some(TextEncoding::Utf16Le),
        2.. if all(1) => Some(TextEncoding::Utf16Be),
        _ => None,
    }
}

/// The reason to reject the JSON record that begins at `start` of a text, which `text` has from there on.
#[cold]
pub(super) fn reason(fault: &Fault, start: usize, text: &[u8]) -> String {
    let text = &text[..text.len().min(LOOK_BYTES)];
    let at = fault.at() - start;
    match at {
        0 => instead(text).unwrap_or_else(|| fault.reason(at)),
        _ => match text.get(at) {
            Some(0) => format!("{NULS}, at byte {at}"),
            _ => fault.reason(at),
        },
    }
}

const NULS: &str = "not JSON: zero bytes";

/// What stands in the place of a JSON object.
fn instead(text: &[u8]) -> Option<String> {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let begins = |with: &str| {
        let head = line.get(..with.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()))
    };
    let said = match line.first()? {
        0 => return Some(NULS.to_owned()),
        b'[' => "not a JSON object: an array",
        0x1e => "not a JSON object: a record separator, as RFC 7464 has them",
        b'<' if begins("<!doctype html") || begins("<html") => {
            "not JSON: an HTML page, such as that of an error"
        }
        b'<' if begins("<?xml") || line.get(1).is_some_and(u8::is_ascii_alphabetic) => {
            "not JSON: XML, such as the answer of a failed request"
        }
        _ => return in_line(line),
    };
    Some(said.to_owned())
}

/// What a line is that does not begin with a sign of its own.
fn in_line(line: &[u8]) -> Option<String> {
    let brace = line.iter().position(|byte| *byte == b'{');
    let quoted = brace.filter(|at| line.get(at + 1) == Some(&b'"'));
    if let Some(at) = quoted {
        return Some(format!(
            "not a JSON object: other text is before it, up to byte {at}"
        ));
    }
    let count = |sign: u8| line.iter().filter(|byte| **byte == sign).count();
    if brace.is_some() || std::str::from_utf8(line).is_err_and(|error| error.error_len().is_some())
    {
        return None;
    }
    let (tabs, commas, semicolons) = (count(b'\t'), count(b','), count(b';'));
    Some(
        if tabs > 0 {
            "not JSON: fields with tabs between them, which `decode.format = \"csv\"` with `csv.delimiter = \"\\t\"` reads"
        } else if commas > 0 && line[0] != b',' {
            "not JSON: fields with commas between them, which `decode.format = \"csv\"` reads"
        } else if semicolons > 0 {
            "not JSON: fields with semicolons between them, which `decode.format = \"csv\"` with `csv.delimiter = \";\"` reads"
        } else {
            return None;
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(head: &[u8]) -> &'static str {
        foreign(head).map_or("", |foreign| foreign.found)
    }

    #[test]
    fn data_that_is_no_text_is_named() {
        assert_eq!(found(b"Obj\x01\x04\x14avro.codec"), "Avro");
        assert_eq!(found(b"PAR1\x15\x04\x15\x10"), "Parquet");
        assert_eq!(found(b"PAR1,PAR2\n"), "", "a header of CSV");
        assert_eq!(found(b"ORC\x08\x03"), "ORC");
        assert_eq!(found(b"\x1f\x8b\x08\0"), "gzip data");
        assert_eq!(found(b"\xfd7zXZ\0\0\x04"), "xz data");
        for text in ["{\"n\":1}", "id,name", "n\n", ""] {
            let wide = |order: fn(u16) -> [u8; 2]| {
                let units = text.encode_utf16();
                units.flat_map(order).collect::<Vec<u8>>()
            };
            let named = |order: fn(u16) -> [u8; 2]| {
                let head = wide(order);
                foreign(&head).map(|foreign| foreign.remedy)
            };
            let long = text.len() > 1;
            let little = "`decode.encoding = \"utf-16le\"` reads it";
            assert_eq!(named(u16::to_le_bytes), long.then_some(little), "{text}");
            let big = "`decode.encoding = \"utf-16be\"` reads it";
            assert_eq!(named(u16::to_be_bytes), long.then_some(big), "{text}");
            assert_eq!(foreign(text.as_bytes()), None);
        }
        assert_eq!(foreign(&[0; 64]), None);
    }

    #[test]
    fn text_in_the_place_of_a_json_object_is_named() {
        let said = |text: &str| instead(text.as_bytes()).unwrap_or_default() + "\n";
        let all = [
            "\0\0\0\0",
            "[{\"n\":1}]",
            "\u{1e}{\"n\":1}\n",
            "<!DOCTYPE HTML>",
            "<?xml version=\"1.0\"?>",
            "<Error><Code>AccessDenied</Code></Error>",
            "2026-01-31T10:00:00Z {\"n\":1}",
            "<14>{\"n\":2}",
            "id\tname\n1\ta,b\n",
            "id,name\n",
            "id;name\n",
            "nothing\n",
            ",{}",
        ];
        insta::assert_snapshot!(all.map(said).concat(), @r#"
        not JSON: zero bytes
        not a JSON object: an array
        not a JSON object: a record separator, as RFC 7464 has them
        not JSON: an HTML page, such as that of an error
        not JSON: XML, such as the answer of a failed request
        not JSON: XML, such as the answer of a failed request
        not a JSON object: other text is before it, up to byte 21
        not a JSON object: other text is before it, up to byte 4
        not JSON: fields with tabs between them, which `decode.format = "csv"` with `csv.delimiter = "\t"` reads
        not JSON: fields with commas between them, which `decode.format = "csv"` reads
        not JSON: fields with semicolons between them, which `decode.format = "csv"` with `csv.delimiter = ";"` reads
        "#);
    }
}
