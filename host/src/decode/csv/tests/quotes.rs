//! Quotes that do not end a field.

use super::*;

#[test]
fn a_quote_that_does_not_belong_there_costs_its_line() {
    let two = |text| ids_and_rejections("id,a", text);
    let three = |text| ids_and_rejections("id,a,b", text);
    // Never closed, closed where no field ends, closed by a field that is quoted itself.
    assert_eq!(two("1,x\n2,\"y\n3,z\n4,w\n"), "1 3 4 (4)");
    assert_eq!(two("1,x\n2,\"y\r\n3,\"a, b\"\r\n4,w\r\n"), "1 3 4 (4)");
    assert_eq!(two("1,\"y\n2,\"a\nb\"\n3,w"), "2 3 (4)");
    // On the second line of a record.
    assert_eq!(three("1,\"a\nb\",\"c\n2,x,y\n"), "2 (10)");
    // Quotes that hold lines are what they are, however many.
    let long = format!("1,\"{}\"\n2,x\n", "a, b\n".repeat(1000));
    assert_eq!(two(&long), "1 2");
    // Text after a closing quote.
    assert_eq!(two("1,\"x\"y\n2,z\n"), "2 (6)");
    assert_eq!(two("1,\"x\" \n2,\"z\"\n\"3\"y,z"), "2 (6) (6)");
}

#[test]
fn a_quote_that_is_never_closed_is_not_held_in_memory() {
    let text = format!("a,b\n\"{}\nx,1\n", "x".repeat(100_000));
    let short = DecodeOptions {
        max_record: ByteSize(1000),
        ..options(CsvOptions::default())
    };
    let decoded = read(&a_and_b(), &short, text.as_bytes(), 100, 100).unwrap();
    assert_eq!(decoded.counts.events, 1);
    assert_eq!(decoded.rejected[0].length_bytes, 100_001);
}

#[test]
fn quotes_that_end_no_field_are_named_with_their_place() {
    let text = "id,text\n1,\"Kostas\" Theatre\n2,\"\"\"x\"\n3,y\n4,\"open\n5,z";
    let wanted = projection(vec![input("id", Kind::Int64), input("text", Kind::Utf8)]);
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"id":2,"text":"\"x"}
    {"id":3,"text":"y"}
    {"id":5,"text":"z"}
    "#);
    insta::assert_snapshot!(decoded.reasons(), @r#"
    0 18 -: the quote at byte 2 is not closed where its field ends: `csv.quote = ""` reads quotes as text
    3 7 -: the quote at byte 2 is not closed: `csv.quote = ""` reads quotes as text
    "#);
    let bytes = |at: usize| decoded.rejected[at].bytes.as_deref();
    assert_eq!(bytes(0), Some(&b"1,\"Kostas\" Theatre"[..]));
    assert_eq!(bytes(1), Some(&b"4,\"open"[..]));
    assert_eq!(decoded.rejected[0].position.byte, Some(8));
    assert_eq!(decoded.counts.swallowed_bytes, 0);
}

#[test]
fn without_quoting_quotes_are_text() {
    let text = "id\ttext\n1\t\"Kostas\" Theatre\n2\t\"open only\n3\tplain\n4\tends\"\n5\t\"\"\n";
    let unquoted = options(CsvOptions {
        delimiter: Some('\t'),
        quote: None,
        ..CsvOptions::default()
    });
    let wanted = projection(vec![input("id", Kind::Int64), input("text", Kind::Utf8)]);
    let decoded = decode_csv(&wanted, &unquoted, text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"id":1,"text":"\"Kostas\" Theatre"}
    {"id":2,"text":"\"open only"}
    {"id":3,"text":"plain"}
    {"id":4,"text":"ends\""}
    {"id":5,"text":"\"\""}
    "#);
    assert!(decoded.rejected.is_empty());
}

#[test]
fn a_stray_quote_beyond_the_longest_record_costs_its_line_at_most() {
    let two = |text: &str| {
        let short = DecodeOptions {
            max_record: ByteSize(20),
            ..options(CsvOptions::default())
        };
        let wanted = projection(vec![input("id", Kind::Utf8)]);
        decode_csv(&wanted, &short, format!("id,a\n{text}")).unwrap()
    };
    for length in 8..40 {
        let x = "x".repeat(length);
        // The quote is closed before or after the limit, on its line or on a later one.
        for text in [
            format!("1,\"{x}\"y\n2,z\n"),
            format!("1,\"{x}\n3,{x}\"y\n2,z\n"),
            format!("1,\"{x}\n2,z\n"),
        ] {
            let decoded = two(&text);
            let last = decoded.rows.last().unwrap();
            assert_eq!(last.2, b"2,z", "{text}");
            let first = &decoded.rejected[0];
            let line = text.find('\n').unwrap();
            assert_eq!(first.length_bytes, line as u64, "{text}");
        }
    }
}
