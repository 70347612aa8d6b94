//! JSON that is not one record on each line: arrays, records on several lines, commas, record separators.

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeError, DecodeOptions, Decoding, Projection};
use crate::schema::Kind;
use crate::source::KeyFields;
use crate::units::ByteSize;

fn wanted() -> Projection {
    projection(vec![input("n", Kind::Int64)])
}

/// Decodes `text` in blocks and pieces of one size after another, each of which has to give the same.
fn read_with(options: &DecodeOptions, text: &str) -> Result<Decoded, DecodeError> {
    let read = |block_bytes, piece| {
        let mut decoding =
            Decoding::with(wanted(), options, block_bytes, Processor::detect()).unwrap();
        run(
            &mut decoding,
            object_chunks("a.json", text.as_bytes(), piece),
        )
    };
    let whole = read(1 << 18, usize::MAX);
    for (block_bytes, piece) in [(1 << 18, 1), (8, 1), (64, 7), (100, 1000)] {
        match (&whole, read(block_bytes, piece)) {
            (Ok(whole), Ok(cut)) => {
                assert_eq!(whole.rows, cut.rows, "{text}");
                assert_eq!(whole.rejected, cut.rejected, "{text}");
                assert_eq!(whole.counts, cut.counts, "{text}");
            }
            (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string(), "{text}"),
            (whole, cut) => panic!("{whole:?}\n{cut:?}\n{text}"),
        }
    }
    // A cut after each byte.
    for at in 0..text.len() {
        let mut decoding = Decoding::with(wanted(), options, 1 << 18, Processor::detect()).unwrap();
        let mut chunks = object_chunks("a.json", text.as_bytes(), at.max(1));
        chunks.truncate(2);
        let rest = object_chunks(
            "a.json",
            &text.as_bytes()[at.max(1).min(text.len())..],
            usize::MAX,
        );
        chunks.extend(rest.into_iter().skip(1));
        match (&whole, run(&mut decoding, chunks)) {
            (Ok(whole), Ok(cut)) => assert_eq!(whole.rows, cut.rows, "cut at {at}: {text}"),
            (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string(), "{text}"),
            (whole, cut) => panic!("cut at {at}: {whole:?}\n{cut:?}\n{text}"),
        }
    }
    whole
}

/// The values of `n` by ordinal and first byte, then each rejection with the number of its swallowed bytes.
fn read(text: &str) -> String {
    summary(&read_with(&DecodeOptions::default(), text).unwrap())
}

fn summary(decoded: &Decoded) -> String {
    let values = decoded.column(0, integer_value);
    let rows = decoded
        .rows
        .iter()
        .zip(values)
        .map(|((ordinal, byte, _), n)| {
            let n = n.map_or("null".to_owned(), |n| n.to_string());
            format!("{ordinal}@{}={n}", byte.unwrap())
        });
    let rejected = decoded.rejected.iter().map(|one| {
        let kept = String::from_utf8_lossy(one.bytes.as_deref().unwrap_or_default());
        let swallowed = match one.swallowed_bytes {
            0 => String::new(),
            bytes => format!(" swallowed {bytes}"),
        };
        format!(
            "{}@{}‹{kept}›{swallowed}",
            one.position.offset,
            one.position.byte.unwrap()
        )
    });
    rows.chain(rejected).collect::<Vec<_>>().join(" ")
}

fn error(text: &str) -> String {
    read_with(&DecodeOptions::default(), text)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_elements_of_an_array_are_records() {
    for (text, expected) in [
        (r#"[{"n": 1}, {"n": 2}]"#, "0@1=1 1@11=2"),
        (
            "[{\"n\":1},\n{\"n\":2},\n{\"n\":3}]\n",
            "0@1=1 1@10=2 2@19=3",
        ),
        ("[\n{\"n\":1},\n{\"n\":2}\n]\n", "0@2=1 1@11=2"),
        (" \n [ {\"n\":1}\r\n , {\"n\":2} ] \n", "0@5=1 1@17=2"),
        ("[]", ""),
        (" [ ] ", ""),
        // Arrays one after another, as an object of several flushes has them.
        (
            "[{\"n\":1}]\n[{\"n\":2},{\"n\":3}]\n",
            "0@1=1 1@11=2 2@19=3",
        ),
        ("[{\"n\":1}][][{\"n\":2}]", "0@1=1 1@12=2"),
        // The comma after the last element says nothing that could be lost.
        ("[{\"n\":1},]", "0@1=1"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn an_element_that_does_not_fit_costs_itself() {
    assert_eq!(
        read(r#"[{"n":1},{"n":"x"},{"n":3}]"#),
        r#"0@1=1 2@19=3 1@9‹{"n":"x"}›"#
    );
    // Broken syntax costs the line of the element where it has one.
    assert_eq!(
        read("[\n{\"n\":1},\n{\"n\":02},\n{\"n\":3}\n]"),
        "0@2=1 2@21=3 1@11‹{\"n\":02},›"
    );
    // Elsewhere it costs the elements after it too, and they are counted.
    assert_eq!(
        read(r#"[{"n":1},{"n":02},{"n":3}]"#),
        r#"0@1=1 1@9‹{"n":02},{"n":3}]› swallowed 9"#
    );
    assert_eq!(
        read("[{\"n\":1},{\"n\":{02},{\"n\":3}]\n"),
        "0@1=1 1@9‹{\"n\":{02},{\"n\":3}]› swallowed 12"
    );
}

#[test]
fn elements_that_are_no_objects_are_rejected() {
    assert_eq!(read("[{\"n\":1},\n2,\n{\"n\":3}]"), "0@1=1 2@13=3 1@10‹2,›");
    // No array of records at all: log lines.
    assert_eq!(
        read("[2026-01-31] up\n[2026-01-31] down\n{\"n\":3}"),
        "2@34=3 0@0‹[2026-01-31] up› 1@16‹[2026-01-31] down›"
    );
    assert_eq!(read("{\"n\":1}\n[{\"n\":2}]"), "0@0=1 1@8‹[{\"n\":2}]›");
}

#[test]
fn an_array_that_is_cut_off_is_an_error() {
    for (text, byte) in [
        ("[", 1),
        ("[{\"n\":1}", 8),
        ("[{\"n\":1},", 9),
        ("[{\"n\":1},\n", 10),
        ("[{\"n\":1},{\"n\":", 14),
        ("[{\"n\":1},{\"n\":[1]", 17),
        ("[\n  {\n    \"n\": 1\n  },\n  {\n", 26),
        ("[{\"n\":1}]\n[{\"n\":2}", 18),
    ] {
        let expected = format!("`a.json` ends in the middle of its JSON data, after {byte} bytes");
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn records_may_be_on_several_lines() {
    for (text, expected) in [
        (
            "{\n  \"n\": 1,\n  \"o\": {\n    \"x\": 1\n  }\n}\n{\n  \"n\": 2\n}\n",
            "0@0=1 1@38=2",
        ),
        ("{\r\n\"n\": 1\r\n}{\r\n\"n\": 2}", "0@0=1 1@12=2"),
        (
            "{\"n\": 1,\n \"m\": 2}\n{\"n\": 2,\n \"m\": 2}\n",
            "0@0=1 1@18=2",
        ),
        (
            "[\n  {\n    \"n\": 1\n  },\n  {\n    \"n\": 2\n  }\n]\n",
            "0@4=1 1@24=2",
        ),
        ("{\n\n}\n{\n}", "0@0=null 1@5=null"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn after_a_broken_record_on_several_lines_the_rest_is_swallowed() {
    // The element of the list is no record.
    let text = "{\n\"n\": 1\n}\n{\n\"n\": x,\n\"list\": [\n{\n\"n\": 3\n}\n]\n}\n{\n\"n\": 4\n}\n";
    let broken = &text[11..];
    assert_eq!(
        read(text),
        format!("0@0=1 1@11‹{broken}› swallowed {}", broken.len() - 7)
    );
    // The first record, cut off, is one line: the next ones are not part of it.
    assert_eq!(
        read("{\"n\":1,\n{\"n\":2}\n{\"n\":3}\n"),
        "1@8=2 2@16=3 0@0‹{\"n\":1,›"
    );
    assert_eq!(read("{\n{\"n\":2}\n"), "1@2=2 0@0‹{›");
}

#[test]
fn commas_and_record_separators_stand_between_records() {
    for (text, expected) in [
        ("{\"n\":1},{\"n\":2},\n{\"n\":3}\n", "0@0=1 1@8=2 2@17=3"),
        ("{\"n\":1}\n, {\"n\":2}", "0@0=1 1@10=2"),
        ("\x1e{\"n\":1}\n\x1e{\"n\":2}\n", "0@1=1 1@10=2"),
        ("\x1e\x1e{\"n\":1}\x1e", "0@2=1"),
        // Where a comma is no separator, something may be lost.
        ("{\"n\":1},,{\"n\":2}", "0@0=1 2@9=2 1@8‹,›"),
        (",{\"n\":1}\n{\"n\":2}", "1@1=1 2@9=2 0@0‹,›"),
        ("{\"n\":1}]\n{\"n\":2}", "0@0=1 2@9=2 1@7‹]›"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_record_of_an_array_is_read_again_by_itself() {
    let options = DecodeOptions::default();
    let record = |bytes: &'static [u8]| {
        let mut decoding = Decoding::new(wanted(), &options).unwrap();
        let record = crate::source::ArchivedRecord {
            source: "a.json".into(),
            key_fields: None,
            offset: 7,
            byte: Some(70),
            header: None,
            bytes: bytes.into(),
        };
        summary(
            &run(
                &mut decoding,
                [crate::source::Chunk::Record(Box::new(record))],
            )
            .unwrap(),
        )
    };
    assert_eq!(record(b"{\"n\":1}"), "7@70=1");
    assert_eq!(record(b"{\n  \"n\": 1\n}"), "7@70=1");
    // It would be two records at one place.
    assert_eq!(
        record(b"[{\"n\":1},{\"n\":2}]"),
        "7@70‹[{\"n\":1},{\"n\":2}]› swallowed 9"
    );
}

#[test]
fn a_line_null_is_a_tombstone_in_an_archive_of_a_topic() {
    let topic = KeyFields {
        topic: Some("t".to_owned()),
        ..KeyFields::default()
    };
    let text = "null\n{\"n\":1}\nnull\r\nnullx\n";
    for piece in 1..text.len() {
        let mut decoding = Decoding::new(wanted(), &DecodeOptions::default()).unwrap();
        let chunks = object_chunks("a.json", text.as_bytes(), piece);
        let decoded = run(&mut decoding, under(Some(topic.clone()), chunks)).unwrap();
        assert_eq!(
            summary(&decoded),
            "0@0=null 1@5=1 2@13=null 3@19‹nullx›",
            "{piece}"
        );
    }
    // The input is not nullable.
    let mut strict = wanted();
    strict.inputs[0].nullable = false;
    let decoded = decode_under(Some(&topic), strict, "null\n");
    assert_eq!(
        decoded.reasons(),
        "0 0 n: a tombstone: the record has no value\n"
    );
    // Elsewhere it is no record.
    assert_eq!(read("null\n{\"n\":1}"), "1@5=1 0@0‹null›");
}

#[test]
fn an_array_is_not_held_in_memory_and_its_elements_have_the_limit() {
    let options = DecodeOptions {
        max_record: ByteSize(40),
        ..DecodeOptions::default()
    };
    let elements: Vec<String> = (0..500).map(|n| format!("{{\"n\":{n}}}")).collect();
    let text = format!("[{}]", elements.join(","));
    let mut decoding = Decoding::with(wanted(), &options, 64, Processor::detect()).unwrap();
    let decoded = run(&mut decoding, object_chunks("a.json", text.as_bytes(), 100)).unwrap();
    let expected: Vec<_> = (0..500).map(Some).collect();
    assert_eq!(decoded.column(0, integer_value), expected);
    let long = format!(
        "[\n{{\"n\":1}},\n{{\"s\":\"{}\"}},\n{{\"n\":2}}\n]",
        "x".repeat(100)
    );
    let decoded = read_with(&options, &long).unwrap();
    assert_eq!(decoded.column(0, integer_value), [Some(1), Some(2)]);
    assert_eq!(decoded.rejected.len(), 1);
    assert_eq!(
        decoded.rejected[0].reason,
        "longer than 40 bytes, the limit `decode.max_record`"
    );
}
