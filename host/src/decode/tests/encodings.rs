//! Text in other encodings, byte order marks, and objects that are not the text they should be.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use super::support::*;
use crate::decode::inflate::support::{gzipped, zstd_of};
use crate::decode::json::Processor;
use crate::decode::{DecodeError, DecodeOptions, Decoding, Format, Projection, TextEncoding};
use crate::error::Coded;
use crate::schema::Kind;

fn n_and_s() -> Projection {
    projection(vec![input("n", Kind::Int64), input("s", Kind::Utf8)])
}

/// What the object `key` gives, wherever it is cut in two, and in pieces and blocks of all sizes.
fn read(key: &str, stored: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    let read = |block_bytes, pieces: Vec<&[u8]>| {
        let processor = Processor::detect();
        let mut decoding = Decoding::with(n_and_s(), options, block_bytes, processor).unwrap();
        let mut chunks = object_chunks(key, b"", 1);
        let end = chunks.pop();
        let pieces = pieces.into_iter().map(<[u8]>::to_vec);
        chunks.extend(pieces.map(|piece| crate::source::Chunk::Bytes(piece.into())));
        chunks.extend(end);
        run(&mut decoding, chunks)
    };
    let whole = read(1 << 16, vec![stored]);
    let cuts = (1..stored.len().min(300)).map(|cut| (100, stored.split_at(cut)));
    let halves = cuts.map(|(block, (head, tail))| (block, vec![head, tail]));
    let sizes = [(1, 1), (7, 3), (64, 50)];
    let sizes = sizes.map(|(block, piece)| (block, stored.chunks(piece).collect()));
    for (block_bytes, pieces) in halves.chain(sizes) {
        match (&whole, read(block_bytes, pieces)) {
            (Ok(whole), Ok(other)) => {
                assert_eq!(other.rows, whole.rows);
                assert_eq!(other.rejected, whole.rejected);
                assert_eq!(other.counts, whole.counts);
            }
            (Err(whole), Err(other)) => assert_eq!(other.to_string(), whole.to_string()),
            (whole, other) => panic!("{whole:?} {other:?}"),
        }
    }
    whole
}

fn with(encoding: TextEncoding) -> DecodeOptions {
    DecodeOptions {
        encoding,
        ..DecodeOptions::default()
    }
}

fn texts(decoded: &Decoded) -> Vec<String> {
    let texts = decoded.column(1, text_value).into_iter();
    texts.map(Option::unwrap_or_default).collect()
}

fn wide(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn utf_16_is_read_by_its_mark_or_as_the_job_says() {
    let json = "{\"n\":1,\"s\":\"Müller €\"}\n{\"n\":2,\"s\":\"𝄞\"}\n";
    let csv = "n,s\r\n1,Müller €\r\n2,𝄞\r\n";
    for (key, text) in [("a.json", json), ("a.csv", csv)] {
        for encoding in [TextEncoding::Utf16Le, TextEncoding::Utf16Be] {
            let order = match encoding {
                TextEncoding::Utf16Le => u16::to_le_bytes,
                _ => u16::to_be_bytes,
            };
            let marked = wide(&format!("\u{feff}{text}"), order);
            let bare = wide(text, order);
            let set = with(encoding);
            for decoded in [
                read(key, &marked, &DecodeOptions::default()),
                read(key, &gzipped(&marked), &DecodeOptions::default()),
                read(key, &marked, &set),
                read(key, &bare, &set),
            ] {
                let decoded = decoded.unwrap();
                assert_eq!(texts(&decoded), ["Müller €", "𝄞"]);
                // Positions and bytes are those of the text in UTF-8.
                let second = text.char_indices().filter(|(_, letter)| *letter == '\n');
                let second = second
                    .map(|(at, _)| at as u64 + 1)
                    .nth(usize::from(key == "a.csv"));
                assert_eq!(decoded.rows[1].1, second);
                assert_eq!(decoded.counts.decoded_bytes, text.len() as u64);
            }
            let error = read(key, &bare, &DecodeOptions::default()).unwrap_err();
            assert_eq!(error.code().to_string(), "BF0312");
            assert!(
                error.to_string().contains("`decode.encoding = \"utf-16"),
                "{error}"
            );
        }
    }
}

#[test]
fn windows_1252_is_read_where_the_job_says_so_and_named_elsewhere() {
    let csv = b"n;s\n1;M\xfcller\n2;Meier\n";
    let mut options = with(TextEncoding::Windows1252);
    options.csv.delimiter = Some(';');
    assert_eq!(
        texts(&read("a.csv", csv, &options).unwrap()),
        ["Müller", "Meier"]
    );
    options.encoding = TextEncoding::Auto;
    let decoded = read("a.csv", csv, &options).unwrap();
    assert_eq!(texts(&decoded), ["Meier"]);
    insta::assert_snapshot!(decoded.reasons(), @r#"0 8 -: not UTF-8 at byte 3: `decode.encoding = "windows-1252"` reads Windows-1252 and Latin-1"#);
    assert_eq!(
        decoded.rejected[0].bytes.as_deref(),
        Some(&b"1;M\xfcller"[..])
    );

    let json = b"{\"n\":1,\"s\":\"caf\xe9\"}\n{\"n\":2,\"s\":\"ok\"}\n";
    let decoded = read("a.json", json, &with(TextEncoding::Windows1252)).unwrap();
    assert_eq!(texts(&decoded), ["café", "ok"]);
    let decoded = read("a.json", json, &DecodeOptions::default()).unwrap();
    assert_eq!(texts(&decoded), ["ok"]);
    insta::assert_snapshot!(decoded.reasons(), @r#"0 18 -: not UTF-8 at byte 15: `decode.encoding = "windows-1252"` reads Windows-1252 and Latin-1"#);
}

#[test]
fn what_is_no_character_is_rejected_with_its_record() {
    let mut stored = wide("\u{feff}{\"n\":1,\"s\":\"", u16::to_le_bytes);
    stored.extend([0x00, 0xd8]);
    stored.extend(wide("\"}\n{\"n\":2,\"s\":\"x\"}\n", u16::to_le_bytes));
    let decoded = read("a.json", &stored, &DecodeOptions::default()).unwrap();
    assert_eq!(texts(&decoded), ["x"]);
    assert_eq!(decoded.reasons(), "0 15 -: not UTF-8 at byte 12\n");
}

#[test]
fn each_object_of_a_concatenation_may_begin_with_a_mark() {
    let json = [
        "\u{feff}{\"n\":1,\"s\":\"a\"}\n",
        "\u{feff}{\"n\":2,\"s\":\"b\"}{\"n\":3,\"s\":\"\u{feff}\"}",
    ];
    let csv = ["\u{feff}n,s\n1,a\n", "\u{feff}n,s\n2,b\n3,\u{feff}\n"];
    for (key, parts) in [("a.json", json), ("a.csv", csv)] {
        let text = parts.concat();
        let members = parts.map(|part| gzipped(part.as_bytes())).concat();
        let units = wide(&text, u16::to_be_bytes);
        for stored in [text.into_bytes(), members, units] {
            let decoded = read(key, &stored, &DecodeOptions::default()).unwrap();
            assert_eq!(texts(&decoded), ["a", "b", "\u{feff}"], "{key}");
            assert_eq!(decoded.reasons(), "");
        }
    }
}

#[test]
fn objects_that_are_not_text_are_named_with_the_setting_that_reads_them() {
    let parquet = b"PAR1\x15\x04\x15\x10\x15\x14\x4c\x15\x02\x15";
    let gzip = gzipped(&gzipped(b"{}"));
    let as_json = DecodeOptions {
        format: Format::Json,
        ..DecodeOptions::default()
    };
    let one_level = DecodeOptions {
        compression: crate::decode::Compression::Gzip,
        ..DecodeOptions::default()
    };
    let error = |key: &str, stored: &[u8], options: &DecodeOptions| {
        let error = read(key, stored, options).unwrap_err();
        assert_eq!(error.code().to_string(), "BF0312");
        error.to_string() + "\n"
    };
    let auto = DecodeOptions::default();
    let errors = [
        error("a.json", parquet, &auto),
        error("a.json.gz", &gzipped(parquet), &auto),
        error("a.csv", parquet, &auto),
        error("a.json", b"Obj\x01\x04\x14", &as_json),
        error("a.json.gz", &gzip, &one_level),
        error("a.json", &zstd_of(&gzip), &auto),
        error("a.json", &wide("{\"n\":1}", u16::to_be_bytes), &auto),
    ];
    insta::assert_snapshot!(errors.concat(), @r#"
    `a.json` should be JSON, but its first bytes are Parquet: `decode.format = "parquet"` reads it
    `a.json.gz` should be JSON, but its first bytes are Parquet: `decode.format = "parquet"` reads it
    `a.csv` should be CSV, but its first bytes are Parquet: `decode.format = "parquet"` reads it
    `a.json` should be JSON, but its first bytes are Avro: `decode.format = "avro"` reads it
    `a.json.gz` should be JSON, but its first bytes are gzip data: unless `decode.compression` is set, two levels of compression are read, and no more
    `a.json` should be JSON, but its first bytes are gzip data: unless `decode.compression` is set, two levels of compression are read, and no more
    `a.json` should be JSON, but its first bytes are UTF-16 without a byte order mark: `decode.encoding = "utf-16be"` reads it
    "#);
    // Avro names itself, whatever the object is called.
    let error = read("a.json", b"Obj\x01 and more", &auto).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0352");
}

#[test]
fn text_that_is_not_json_is_named() {
    let said = |text: &str| {
        let decoded = read("a.json", text.as_bytes(), &DecodeOptions::default()).unwrap();
        assert_eq!(decoded.counts.events, 0);
        decoded.reasons()
    };
    let all = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<!DOCTYPE html><html>",
        "id\tname\n",
        "id,name\n1,a\n",
        "\0\0\0\0\0\0\0\0\0\0\0\0",
        "2026-01-31T10:00:00Z {\"n\":01}\n",
        "{\"n\":1 \"s\":2}\n",
        "{\"n\":1\0\0\0\0\n",
        "n",
    ];
    insta::assert_snapshot!(all.map(said).concat(), @r#"
    0 38 -: not JSON: XML, such as the answer of a failed request
    0 21 -: not JSON: an HTML page, such as that of an error
    0 7 -: not JSON: fields with tabs between them, which `decode.format = "csv"` with `csv.delimiter = "\t"` reads
    0 7 -: not JSON: fields with commas between them, which `decode.format = "csv"` reads
    1 3 -: not JSON: fields with commas between them, which `decode.format = "csv"` reads
    0 12 -: not JSON: zero bytes
    0 29 -: not a JSON object: other text is before it, up to byte 21
    0 13 -: not JSON: expected `,` or `}` at byte 7
    0 10 -: not JSON: zero bytes, at byte 6
    0 1 -: not a JSON object: expected `{` at byte 0
    "#);
}

#[test]
fn raw_records_have_no_encoding() {
    let options = DecodeOptions {
        format: Format::RawLines,
        ..with(TextEncoding::Utf16Le)
    };
    let raw = projection(vec![]);
    let error = Decoding::new(raw, &options).err().unwrap();
    assert_eq!(
        error.to_string(),
        "`decode.encoding` is out of range: JSON and CSV have one, other formats are bytes"
    );
}
