//! Where JSON goes on after a broken record, and what counts as lost.

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeOptions, Decoding};
use crate::schema::Kind;
use crate::units::ByteSize;

/// The values of `n`, then each rejection, with the number of its last bytes that are swallowed.
fn read(text: &str) -> String {
    let mut all = [64, 7, 1 << 18].map(|block_bytes| {
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let options = DecodeOptions::default();
        let mut decoding =
            Decoding::with(wanted, &options, block_bytes, Processor::detect()).unwrap();
        let chunks = object_chunks("a", text.as_bytes(), 1 + block_bytes / 3);
        let decoded = run(&mut decoding, chunks).unwrap();
        let values = decoded.column(0, integer_value).into_iter();
        let values = values.map(|n| n.map_or("null".to_owned(), |n| n.to_string()));
        let rejected = decoded.rejected.iter().map(|one| {
            let bytes = one.bytes.as_deref().unwrap();
            let text = String::from_utf8_lossy(bytes);
            match one.swallowed_bytes {
                0 => format!("‹{text}›"),
                bytes => format!("‹{text}› swallowed {bytes}"),
            }
        });
        values.chain(rejected).collect::<Vec<_>>().join(" ")
    });
    let first = std::mem::take(&mut all[0]);
    assert!(all[1..].iter().all(|other| *other == first), "{all:?}");
    first
}

#[test]
fn a_broken_record_ends_where_the_next_one_begins() {
    for (text, expected) in [
        // One byte wrong, two records wrong, garbage between.
        (r#"{"n":1}{"n":01}{"n":3}"#, r#"1 3 ‹{"n":01}›"#),
        (
            r#"{"n":01} {"n":02} {"n":3}"#,
            r#"3 ‹{"n":01} › ‹{"n":02} ›"#,
        ),
        ("{\"n\":1}\0\0{\"n\":2}", "1 2 ‹\0\0›"),
        // Its last brace is lost, or is another sign.
        (r#"{"n":1{"n":2}{"n":3}"#, r#"2 3 ‹{"n":1›"#),
        (r#"{"n":1,{"n":2}{"n":3}"#, r#"2 3 ‹{"n":1,›"#),
        (r#"{"n":"x":{"n":2}{"n":3}"#, r#"2 3 ‹{"n":"x":›"#),
        (r#"{"n":[1][{"n":2}"#, r#"2 ‹{"n":[1][›"#),
        (r#"{"n":{"n":1}{"n":2}"#, r#"2 ‹{"n":{"n":1}›"#),
        // The next one has lost its first bytes, or the first quote.
        (r#"{"n":1}"n":2}{"n":3}"#, r#"1 3 ‹"n":2}›"#),
        (r#"{"n":1}{n":2}{"n":3}"#, r#"1 3 ‹{n":2}›"#),
        // A quote is lost, so that strings and the rest change places.
        (r#"{"s":"x}{"n":2}{"n":3}"#, r#"2 3 ‹{"s":"x}›"#),
        (r#"{"s":"x\"}{"n":2}"#, r#"2 ‹{"s":"x\"}›"#),
        // The last one, cut off and broken.
        (r#"{"n":1}{"n":"#, r#"1 ‹{"n":›"#),
        (r#"{"n":01}{"n":2"#, r#"‹{"n":01}› ‹{"n":2›"#),
        (r#"{"n":1}{"s":"x"y"}"#, r#"1 ‹{"s":"x"y"}›"#),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_stands_within_a_broken_record_is_none() {
    for text in [
        r#"{"g"{"n":1},"s":2}"#,
        r#"{"g":[{"n":1}{"n":2}],"s":2}"#,
        r#"{"g":[{"n":1}x{"n":2},{"n":3}]}"#,
        r#"{"n":01,"g":{"n":1}"#,
        r#"{"n":01,"s":"a {} and {} {b}{c}"}"#,
        r#"{"n":01,"s":"{\"n\":1}{\"n\":2}"}"#,
        r#"{"n":01,"g":[{"n":1},{"n":2}],"h":{"n":3}}"#,
    ] {
        let read = [
            read(&format!("{text}{{\"n\":7}}")),
            read(&format!("{text}\n{{\"n\":7}}")),
        ];
        for read in read {
            assert!(read.starts_with("7 "), "{text}: {read}");
            assert!(!read.contains("swallowed"), "{text}: {read}");
        }
    }
}

#[test]
fn records_that_are_not_found_again_are_swallowed() {
    for (text, expected) in [
        // Empty ones, which strings look like.
        (r#"{"n":01}{}{}{"n":2}"#, r#"2 ‹{"n":01}{}{}› swallowed 4"#),
        // Both bytes that it could begin with are wrong.
        (
            r#"{"n":01}{n":2}{"n":3}"#,
            r#"3 ‹{"n":01}{n":2}› swallowed 6"#,
        ),
        (
            r#"{"n":01}"n":2}{"n":3}"#,
            r#"3 ‹{"n":01}"n":2}› swallowed 6"#,
        ),
        (
            r#"{"n":01{"n":02}{"n":3}"#,
            r#"3 ‹{"n":01{"n":02}› swallowed 8"#,
        ),
        // Another kind of text.
        ("{n:1}{n:2}{n:3}", "‹{n:1}{n:2}{n:3}› swallowed 10"),
        // An array that does not begin its object.
        (
            r#"x[{"n":1},{"n":2}]"#,
            r#"‹x[{"n":1},{"n":2}]› swallowed 9"#,
        ),
        (
            "x[{\"n\":1},{\"n\":2}]\n",
            r#"‹x[{"n":1},{"n":2}]› swallowed 9"#,
        ),
        ("{\"n\":1}<a/><b/>", "1 ‹<a/><b/>› swallowed 8"),
        // In a line, what follows a record does not begin another one.
        ("{\"n\":01} # wrong\n{\"n\":2}", "2 ‹{\"n\":01} # wrong›"),
        ("{\"n\":1}\nno record", "1 ‹no record›"),
        (
            "{\"n\":01}{n:2}\n{\"n\":3}",
            "3 ‹{\"n\":01}{n:2}› swallowed 5",
        ),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_record_that_is_too_long_ends_where_the_next_one_begins() {
    for text in [
        format!(r#"{{"n":1}}{{"s":"{}","n":2}}{{"n":3}}"#, "x".repeat(300)),
        format!(r#"{{"n":1}}{{"n":01,"s":"{}"}}{{"n":3}}"#, "x".repeat(300)),
        // Longer than the limit both, one after the other.
        format!(
            r#"{{"n":1}}{{"s":"{0}"}}{{"s":"{0}"}}{{"n":3}}"#,
            "x".repeat(300)
        ),
        // A candidate that is too long to be looked at as a whole.
        format!(
            r#"{{"n":1}}{{"n":01}}{{"s":"{}"}}{{"n":3}}"#,
            "x".repeat(300)
        ),
    ] {
        for block_bytes in [7, 64, 250, 1 << 18] {
            let wanted = projection(vec![input("n", Kind::Int64)]);
            let options = DecodeOptions {
                max_record: ByteSize(200),
                ..DecodeOptions::default()
            };
            let mut decoding =
                Decoding::with(wanted, &options, block_bytes, Processor::detect()).unwrap();
            let chunks = object_chunks("a", text.as_bytes(), block_bytes);
            let decoded = run(&mut decoding, chunks).unwrap();
            assert_eq!(decoded.column(0, integer_value), [Some(1), Some(3)]);
            assert_eq!(decoded.counts.swallowed_bytes, 0);
            let rejected = decoded.rejected.iter().map(|one| one.length_bytes);
            assert_eq!(rejected.sum::<u64>(), text.len() as u64 - 14);
        }
    }
}

#[test]
fn candidates_without_end_take_no_longer() {
    // Records within strings, strings within records, objects that are never closed.
    for part in [
        r#"}{"":"}{","":""#,
        r#"}{"a":["#,
        r#"x{"a":x{"a":"#,
        r#"}{"a":"\\"#,
        r#"}{                        "#,
        r#"{},"#,
    ] {
        let text = format!("{{\"n\":01{}", part.repeat(60_000));
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let decoded = decode(wanted, &text);
        let rejected = decoded.rejected.iter();
        let bytes = rejected.map(|one| one.length_bytes).sum::<u64>();
        let length = text.trim_end().len() as u64..=text.len() as u64;
        assert!(length.contains(&bytes), "{part}: {bytes}");
    }
}
