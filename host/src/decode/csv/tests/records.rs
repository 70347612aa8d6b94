//! Records: where they end, and what is no record.

use super::*;

#[test]
fn records_are_cut_as_rfc_4180_has_it() {
    let text = "\u{feff}b,unwanted,a\r\n1,,plain\r\n2,x,\"quoted, with \"\"quotes\"\"\r\nand lines\"\n\n\r\n3,\"\",in\"ner\r\n5,,last";
    let decoded = decode_csv(&a_and_b(), &options(CsvOptions::default()), text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"plain","b":1}
    {"a":"quoted, with \"quotes\"\r\nand lines","b":2}
    {"a":"in\"ner","b":3}
    {"a":"last","b":5}
    "#);
    assert!(decoded.rejected.is_empty());
    assert_eq!(decoded.rows[0], (0, Some(17), b"1,,plain".to_vec()));
    assert_eq!(decoded.rows[3].2, b"5,,last");
    assert_eq!(decoded.counts.decoded_bytes, text.len() as u64);
}

#[test]
fn a_byte_order_mark_begins_each_of_the_objects_that_were_concatenated() {
    let text = "\u{feff}a\n\u{feff}x\n\u{feff}\ny\u{feff}\n\u{feff}a\nz\n\u{feff}";
    let wanted = projection(vec![input("a", Kind::Utf8)]);
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), text).unwrap();
    let texts = ["x", "y\u{feff}", "z"].map(|text| Some(text.to_owned()));
    assert_eq!(decoded.column(0, text_value), texts);
    assert_eq!(decoded.rows[0], (0, Some(8), b"x".to_vec()));
    assert_eq!(decoded.counts.repeated_headers, 1);
    assert!(decoded.rejected.is_empty());
}

#[test]
fn broken_records_cost_themselves() {
    let mut text = b"a,b\n1\n2,3,4\n\xff,5\nsix,6\nseven,7.0\n,8\nnine,\"9\nten,10\n".to_vec();
    let wanted = projection(vec![
        Input {
            nullable: false,
            ..input("a", Kind::Utf8)
        },
        input("b", Kind::Int64),
    ]);
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), &text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"six","b":6}
    {"a":"ten","b":10}
    "#);
    insta::assert_snapshot!(decoded.reasons(), @r#"
    0 1 -: 1 field, and its object has 2 columns
    1 5 -: 3 fields, and its object has 2 columns
    2 3 -: not UTF-8 at byte 0
    4 9 b: `7.0` is not written as an integer; a lenient `decode.numbers` takes it
    5 2 a: missing or null
    6 7 -: the quote at byte 5 is not closed: `csv.quote = ""` reads quotes as text
    "#);
    assert_eq!(decoded.rejected[0].bytes.as_deref(), Some(&b"1"[..]));
    assert_eq!(decoded.rejected[0].position.byte, Some(4));
    assert_eq!(
        decoded.rejected.last().unwrap().bytes.as_deref(),
        Some(&b"nine,\"9"[..])
    );

    // So long that the quote's end is not looked for; what follows its line is read.
    text.extend(b"x".repeat(100));
    text.extend(b"\nsix,6\n");
    let short = DecodeOptions {
        max_record: ByteSize(20),
        ..options(CsvOptions::default())
    };
    let decoded = decode_csv(&wanted, &short, &text).unwrap();
    assert_eq!(decoded.counts.events, 3);
    assert_eq!(decoded.rejected[6].length_bytes, 100);
    assert!(
        decoded
            .reasons()
            .ends_with("longer than 20 bytes, the limit `decode.max_record`\n")
    );
}

#[test]
fn many_fields_are_counted_and_no_more() {
    let text = format!("a,b\nx,1\n{}\ny,2", ",".repeat(200_000));
    let decoded = read(
        &a_and_b(),
        &options(CsvOptions::default()),
        text.as_bytes(),
        1 << 18,
        1 << 16,
    );
    let decoded = decoded.unwrap();
    assert_eq!(
        decoded.reasons(),
        "1 200000 -: 200001 fields, and its object has 2 columns\n"
    );
    assert_eq!(decoded.counts.events, 2);
}

#[test]
fn bytes_in_which_csv_records_may_be_lost_are_swallowed() {
    let three = |text| ids_and_rejections("id,a,b", text);
    // A record of other width, and one whose text looks like a record.
    assert_eq!(three("1,\"a\nb\"\n2,x,y\n"), "2 (7)");
    assert_eq!(three("1,\"a\n2,b,c\nd\"\n3,x,y\n"), "3 (13, swallowed 8)");
    // A lost line feed; a delimiter too many.
    assert_eq!(three("1,a,b2,c,d\n3,x,y\n"), "3 (10, swallowed 4)");
    assert_eq!(three("1,a,b,c\n3,x,y\n"), "3 (7)");
    assert_eq!(
        three("1,a,\"b\"\"2,c,d\n3,x,\"y z\"\n"),
        "3 (13, swallowed 9)"
    );
}
