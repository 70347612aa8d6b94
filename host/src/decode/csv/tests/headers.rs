//! Headers, and the columns of an object.

use super::*;

#[test]
fn headers_that_are_of_no_use_stop_the_run() {
    let default = CsvOptions::default;
    let errors = [
        error(&a_and_b(), default(), "a,b,a\n1,2,3\n"),
        error(&a_and_b(), default(), "a;b\n1;2\n"),
        error(&a_and_b(), default(), "a,\"b\n1,2\n"),
        error(&a_and_b(), default(), "a, b\n1,2\n"),
        error(&a_and_b(), default(), "x,y\n1,2\n"),
        error(&a_and_b(), default(), "{\"a\":1}\n"),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    the header of `a` is unusable: `a` stands in it twice
    the header of `a` is unusable: none of the columns that the component wants is in it: `a;b`; `csv.delimiter = ";"` finds some
    the header of `a` is unusable: the quote at byte 2 is not closed: `csv.quote = ""` reads quotes as text
    the header of `a` is unusable: the column ` b` is `b` only without blanks: `csv.trim = true` leaves them out
    the header of `a` is unusable: none of the columns that the component wants is in it: `x,y`
    the header of `a` is unusable: none of the columns that the component wants is in it: `{"a":1}`; `decode.format = "json"` reads JSON
    "#);
    let none = decode_csv(&a_and_b(), &options(default()), "").unwrap();
    assert_eq!(none.counts.records, 0);
    let commas = decode_csv(&a_and_b(), &options(default()), "a,b,,\n1,2,,\n").unwrap();
    assert_eq!(commas.counts.events, 1);
}

#[test]
fn each_object_has_a_header_of_its_own() {
    let wanted = projection(vec![
        input("geo.city", Kind::Utf8),
        Input {
            nullable: false,
            ..input("n", Kind::Int64)
        },
    ]);
    let mut decoding = Decoding::new(wanted, &options(CsvOptions::default())).unwrap();
    let texts = [
        "n,geo.city\n1,a\n",
        "geo.city,x,n\nb,,2\n",
        "n\n3\n",
        "geo.city\nd\n",
    ];
    let chunks = texts.map(|text| object_chunks("a", text.as_bytes(), usize::MAX));
    let decoded = run(&mut decoding, chunks.into_iter().flatten()).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"geo.city":"a","n":1}
    {"geo.city":"b","n":2}
    {"geo.city":null,"n":3}
    "#);
    assert_eq!(
        decoded.reasons(),
        "0 1 n: missing: the header of its object has no such column\n"
    );
}

#[test]
fn a_column_that_the_header_lacks_is_that_of_the_key() {
    let wanted = projection(vec![
        input("region", Kind::Utf8),
        input("hour", Kind::Int64),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let columns = [("region", "eu"), ("hour", "05")];
    let columns = columns.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let key_fields = KeyFields {
        columns: columns.into_iter().collect(),
        ..KeyFields::default()
    };
    let key = |name: &str| {
        Chunk::Object(Arc::new(Object {
            key_fields: Some(Box::new(key_fields.clone())),
            ..(*object(name)).clone()
        }))
    };
    let mut chunks = Vec::new();
    for (name, text) in [
        ("a.csv", b"region\nus\n\n".to_vec()),
        ("b.csv.gz", gzipped(b"x\n1\n")),
    ] {
        chunks.extend([key(name), Chunk::Bytes(text.into()), Chunk::End]);
    }
    let decoded = run(&mut decoding, chunks).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"hour":5,"region":"us"}
    {"hour":5,"region":"eu"}
    "#);
}

#[test]
fn a_name_that_nobody_wants_may_stand_there_twice() {
    let decoded = decode_csv(
        &a_and_b(),
        &options(CsvOptions::default()),
        "b,name,name,a\n1,x,y,z\n",
    );
    assert_eq!(lines(&decoded.unwrap()), "{\"a\":\"z\",\"b\":1}\n");
}

#[test]
fn a_header_that_is_repeated_is_no_record() {
    let text = "a,b\nx,1\na,b\r\ny,2\n\u{feff}a,b\n\"a\",b\nz,3\na,b";
    let decoded = decode_csv(&a_and_b(), &options(CsvOptions::default()), text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"x","b":1}
    {"a":"y","b":2}
    {"a":"z","b":3}
    "#);
    assert_eq!(
        decoded.reasons(),
        "2 5 b: `b` is not a value of kind int64\n"
    );
    let counts = decoded.counts;
    assert_eq!((counts.records, counts.repeated_headers), (4, 3));
    // The job names the columns: all lines are records.
    let named = options(CsvOptions {
        header: false,
        columns: vec!["a".into(), "b".into()],
        ..CsvOptions::default()
    });
    let decoded = decode_csv(&a_and_b(), &named, "x,1\na,b\n").unwrap();
    let counts = decoded.counts;
    assert_eq!((counts.rejected, counts.repeated_headers), (1, 0));
}
