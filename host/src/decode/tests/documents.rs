//! Documents whose records are the elements of an array at a path.

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeError, DecodeOptions, Decoding, Projection};
use crate::schema::Kind;
use crate::units::ByteSize;

fn wanted() -> Projection {
    projection(vec![input("n", Kind::Int64)])
}

fn options(path: &str) -> DecodeOptions {
    DecodeOptions {
        records: Some(path.to_owned()),
        ..DecodeOptions::default()
    }
}

/// Decodes `text` in blocks and pieces of all sizes, each of which has to give the same.
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
    let pieces = (1..text.len()).flat_map(|piece| [(1 << 18, piece), (16, piece)]);
    for (block_bytes, piece) in pieces {
        match (&whole, read(block_bytes, piece)) {
            (Ok(whole), Ok(cut)) => {
                assert_eq!(whole.rows, cut.rows, "{text}");
                assert_eq!(whole.rejected, cut.rejected, "{text}");
                assert_eq!(whole.counts, cut.counts, "{text}");
            }
            (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string(), "{text}"),
            (whole, cut) => panic!("{piece}: {whole:?}\n{cut:?}\n{text}"),
        }
    }
    whole
}

fn read(path: &str, text: &str) -> Decoded {
    read_with(&options(path), text).unwrap()
}

/// The values of `n`.
fn values(path: &str, text: &str) -> Vec<Option<i64>> {
    let decoded = read(path, text);
    assert_eq!(decoded.reasons(), "", "{text}");
    decoded.column(0, integer_value)
}

#[test]
fn the_elements_of_the_array_at_the_path_are_the_records() {
    let cloudtrail =
        r#"{"Records": [{"n": 1, "eventTime": "2026-01-31T10:01:00Z"}, {"n": 2}, {"n": 3}]}"#;
    let decoded = read("Records", cloudtrail);
    assert_eq!(
        decoded.column(0, integer_value),
        [Some(1), Some(2), Some(3)]
    );
    assert_eq!(decoded.counts.decoded_bytes as usize, cloudtrail.len());
    // Each has its own place and bytes.
    assert_eq!(decoded.rows[1], (1, Some(60), b"{\"n\": 2}".to_vec()));
    assert_eq!(decoded.rows[2], (2, Some(70), b"{\"n\": 3}".to_vec()));
}

#[test]
fn documents_are_consecutive_and_have_other_members() {
    let cloudwatch = |n: u64| {
        format!(
            r#"{{"messageType":"DATA_MESSAGE","filters":["f",{{"logEvents":[{{"n":9}}]}}],"logEvents":[{{"n":{n}}},{{"n":{}}}],"more":{{"n":9}}}}"#,
            n + 1
        )
    };
    for between in ["", "\n", " \r\n", ",\n"] {
        let text = [cloudwatch(1), cloudwatch(3)].join(between);
        assert_eq!(
            values("logEvents", &text),
            [Some(1), Some(2), Some(3), Some(4)],
            "{text}"
        );
    }
    let listed = format!("[{},\n{}]\n", cloudwatch(1), cloudwatch(3));
    assert_eq!(
        values("logEvents", &listed),
        [Some(1), Some(2), Some(3), Some(4)]
    );
}

#[test]
fn a_path_has_several_names_and_the_first_member_of_a_name_counts() {
    for (path, text) in [
        (
            "a.b",
            r#"{"b":[{"n":9}],"a":{"x":1,"b":[{"n":1}],"y":2},"z":[]}"#,
        ),
        (
            "a.b",
            r#"{"a":{"b":[{"n":1}],"b":[{"n":9}]},"a":{"b":[{"n":9}]}}"#,
        ),
        (r"a\.b", r#"{"a":{"b":[{"n":9}]},"a.b":[{"n":1}]}"#),
        ("é", r#"{"\u00e9":[{"n":1}]}"#),
        (
            "r",
            "{\n  \"r\" : [\n    {\n      \"n\": 1\n    }\n  ]\n}\n",
        ),
        ("r", r#"{"e":{},"f":[],"s":"]}","r":[{"n":1}],"u":-1.5e3}"#),
    ] {
        assert_eq!(values(path, text), [Some(1)], "{text}");
    }
    assert_eq!(values("r", r#"{"r":[]}{"r":[{"n":1},]}"#), [Some(1)]);
}

#[test]
fn a_document_without_the_array_is_rejected() {
    let text = "{\"r\":[{\"n\":1}]}\n{\"x\":{\"r\":[{\"n\":9}]},\"r\":null,\n\"r\":[{\"n\":9}]}\n{\"r\":[{\"n\":2}]}";
    let decoded = read("r", text);
    assert_eq!(decoded.column(0, integer_value), [Some(1), Some(2)]);
    assert_eq!(
        decoded.reasons(),
        "1 45 -: a document without an array at `r`, the path `decode.records`: \
         `{\"x\":{\"r\":[{\"n\":9}]},\"r\":null, \"r\":[{\"n\":9}]}`\n"
    );
    assert_eq!(decoded.rejected[0].position.byte, Some(16));
    assert_eq!(decoded.rows[1].0, 2);
    for text in [
        r#"{"R":[{"n":1}]}"#,
        r#"{"r":{"n":1}}"#,
        "{}",
        r#"{"r":{"r":[{"n":1}]}}"#,
    ] {
        let decoded = read("r", text);
        assert_eq!(decoded.counts.rejected, 1, "{text}");
        assert_eq!(
            decoded.rejected[0].length_bytes as usize,
            text.len(),
            "{text}"
        );
    }
}

#[test]
fn an_element_that_does_not_fit_costs_itself() {
    let decoded = read("r", r#"{"r":[{"n":1},{"n":"x"},{"n":3}]}"#);
    assert_eq!(decoded.column(0, integer_value), [Some(1), Some(3)]);
    let rejected = &decoded.rejected[0];
    assert_eq!(rejected.bytes.as_deref(), Some(&b"{\"n\":\"x\"}"[..]));
    assert_eq!(
        (rejected.position.offset, rejected.position.byte),
        (1, Some(14))
    );
    assert_eq!(rejected.swallowed_bytes, 0);
}

#[test]
fn after_a_fault_the_rest_of_the_object_is_swallowed() {
    for (text, values, rejected, swallowed) in [
        // In an element, between elements, after the array, and between documents.
        (
            r#"{"r":[{"n":1},{"n":02}]}{"r":[{"n":3}]}"#,
            1,
            r#"{"n":02}]}{"r":[{"n":3}]}"#,
            19,
        ),
        (
            r#"{"r":[{"n":1},2]}{"r":[{"n":3}]}"#,
            1,
            r#"2]}{"r":[{"n":3}]}"#,
            18,
        ),
        (
            r#"{"r":[{"n":1}]]{"r":[{"n":3}]}"#,
            1,
            r#"]{"r":[{"n":3}]}"#,
            16,
        ),
        (
            r#"{"r":[{"n":1}]} x {"r":[{"n":3}]}"#,
            1,
            r#"x {"r":[{"n":3}]}"#,
            17,
        ),
        (
            r#"{"x":tru,"r":[{"n":1}]}"#,
            0,
            r#""x":tru,"r":[{"n":1}]}"#,
            22,
        ),
        (r#"{"x" 1}"#, 0, r#""x" 1}"#, 6),
    ] {
        let decoded = read("r", text);
        assert_eq!(decoded.counts.events, values, "{text}");
        assert_eq!(decoded.rejected.len(), 1, "{text}");
        let kept = decoded.rejected[0].bytes.as_deref().unwrap();
        assert_eq!(String::from_utf8_lossy(kept), rejected);
        assert_eq!(decoded.rejected[0].swallowed_bytes, swallowed, "{text}");
    }
}

#[test]
fn a_document_that_is_cut_off_is_an_error() {
    let text = r#"{"a":{"b":"c"},"r":[{"n":1},{"n":2}],"x":[1,2]}"#;
    for length in 1..text.len() {
        let error = read_with(&options("r"), &text[..length]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`a.json` ends in the middle of its JSON data, after {length} bytes"),
        );
    }
    assert_eq!(values("r", text), [Some(1), Some(2)]);
}

#[test]
fn a_document_is_never_held_in_memory() {
    let options = DecodeOptions {
        max_record: ByteSize(40),
        ..options("r")
    };
    let events: Vec<String> = (0..500).map(|n| format!("{{\"n\":{n}}}")).collect();
    let members: Vec<String> = (0..100).map(|n| format!("\"m{n}\":{n}")).collect();
    let text = format!("{{{},\"r\":[{}]}}", members.join(","), events.join(","));
    let mut decoding = Decoding::with(wanted(), &options, 64, Processor::detect()).unwrap();
    let decoded = run(&mut decoding, object_chunks("a.json", text.as_bytes(), 100)).unwrap();
    let expected: Vec<_> = (0..500).map(Some).collect();
    assert_eq!(decoded.column(0, integer_value), expected);
    // A member that is passed over has the limit of a record.
    let long = format!("{{\"m\":\"{}\",\"r\":[{{\"n\":1}}]}}", "x".repeat(100));
    let decoded = read_with(&options, &long).unwrap();
    assert_eq!(decoded.counts.events, 0);
    assert_eq!(
        decoded.rejected[0].reason,
        "longer than 40 bytes, the limit `decode.max_record`"
    );
    assert_eq!(decoded.rejected[0].swallowed_bytes as usize, long.len() - 1);
}

#[test]
fn the_path_has_to_be_one() {
    for path in ["a..b", r"a\b"] {
        assert!(Decoding::new(wanted(), &options(path)).is_err(), "{path}");
    }
}
