//! The settings of `[decode.csv]`.

use super::*;

#[test]
fn the_job_says_how_it_is_written() {
    let csv = CsvOptions {
        delimiter: Some('\t'),
        quote: Some('\''),
        header: false,
        columns: vec!["b".into(), "a".into()],
        null: vec!["\\N".into()],
        ..CsvOptions::default()
    };
    let decoded = decode_csv(&a_and_b(), &options(csv), "1\t'it''s'\n\\N\t\n2\t\\N\n").unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"it's","b":1}
    {"a":"","b":null}
    {"a":null,"b":2}
    "#);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |change: fn(&mut CsvOptions)| {
        let mut csv = CsvOptions::default();
        change(&mut csv);
        let error = Decoding::new(a_and_b(), &options(csv)).err().unwrap();
        assert_eq!(error.code().to_string(), "BF0309");
        error.to_string() + "\n"
    };
    let errors = [
        wrong(|csv| csv.delimiter = Some('é')),
        wrong(|csv| csv.delimiter = Some('"')),
        wrong(|csv| csv.quote = Some('\n')),
        wrong(|csv| csv.quote = Some('\t')),
        wrong(|csv| csv.escape = Some('"')),
        wrong(|csv| csv.comment = Some(',')),
        wrong(|csv| {
            csv.delimiter = Some(' ');
            csv.trim = true;
        }),
        wrong(|csv| csv.header = false),
        wrong(|csv| csv.columns = vec!["a".into()]),
        wrong(|csv| {
            csv.header = false;
            csv.columns = vec!["a".into(), "a".into()];
        }),
    ];
    insta::assert_snapshot!(errors.concat(), @r#"
    `decode.csv.delimiter` is out of range: it is an ASCII character other than the quote
    `decode.csv.delimiter` is out of range: it is an ASCII character other than the quote
    `decode.csv.quote` is out of range: it is an ASCII character, or "" where quotes are text
    `decode.csv.delimiter` is out of range: it is an ASCII character other than the quote
    `decode.csv.escape` is out of range: it is an ASCII character other than the delimiter and the quote
    `decode.csv.comment` is out of range: it is an ASCII character other than the delimiter and the quote
    `decode.csv.trim` is out of range: spaces are the delimiter
    `decode.csv.columns` is out of range: they are named where `header = false`, and only there
    `decode.csv.columns` is out of range: they are named where `header = false`, and only there
    `decode.csv.columns` is out of range: a name stands there twice
    "#);
}

/// The rows of `text`, which has the columns `id` and `name`, and the reasons of its rejections.
fn ids_and_names(csv: CsvOptions, text: &str) -> String {
    let wanted = projection(vec![input("id", Kind::Utf8), input("name", Kind::Utf8)]);
    let decoded = decode_csv(&wanted, &options(csv), text).unwrap();
    lines(&decoded) + &decoded.reasons()
}

#[test]
fn an_escape_makes_signs_part_of_a_field_and_is_text_elsewhere() {
    let escaped = || CsvOptions {
        escape: Some('\\'),
        null: vec!["\\N".into()],
        ..CsvOptions::default()
    };
    let text = r#"id,name
1,"say \"hi\", ok"
2,a\,b\\
3,"C:\new\\"
4,\N
5,\\N
6,"a ""b""\
c"
7,d\
e
"#;
    insta::assert_snapshot!(ids_and_names(escaped(), text), @r#"
    {"id":"1","name":"say \"hi\", ok"}
    {"id":"2","name":"a,b\\"}
    {"id":"3","name":"C:\\new\\"}
    {"id":"4","name":null}
    {"id":"5","name":"\\N"}
    {"id":"6","name":"a \"b\"\nc"}
    {"id":"7","name":"d\ne"}
    "#);
    // Without the setting it is a letter, and the quote after it ends its field.
    insta::assert_snapshot!(ids_and_names(CsvOptions::default(), "id,name\n1,\"say \\\"hi\\\", ok\"\n2,plain\n"), @r#"
    {"id":"2","name":"plain"}
    0 18 -: the quote at byte 2 is not closed where its field ends: `csv.quote = ""` reads quotes as text
    "#);
    // It is open where the object ends.
    insta::assert_snapshot!(ids_and_names(escaped(), "id,name\n1,\"a\\\"\n2,b\\"), @r#"
    {"id":"2","name":"b\\"}
    0 6 -: the quote at byte 2 is not closed: `csv.quote = ""` reads quotes as text
    "#);
}

#[test]
fn blanks_around_fields_are_left_out_where_the_job_says_so() {
    let trimmed = || CsvOptions {
        trim: true,
        ..CsvOptions::default()
    };
    let text = "id, name , n\n1, \"a, b\" , 5\n 2 ,\t c d ,6\n3,\" e \",7\n4,   ,8\n";
    insta::assert_snapshot!(ids_and_names(trimmed(), text), @r#"
    {"id":"1","name":"a, b"}
    {"id":"2","name":"c d"}
    {"id":"3","name":" e "}
    {"id":"4","name":null}
    "#);
    let tabbed = CsvOptions {
        delimiter: Some('\t'),
        ..trimmed()
    };
    insta::assert_snapshot!(ids_and_names(tabbed, "id\t name\n1\t\n\t x \n"), @r#"
    {"id":"1","name":null}
    {"id":null,"name":"x"}
    "#);
}

#[test]
fn lines_that_are_no_records_are_left_out() {
    let skipped = CsvOptions {
        skip_lines: 3,
        comment: Some('#'),
        ..CsvOptions::default()
    };
    for end in ["\n", "\r\n", "\r"] {
        let text = format!(
            "report \"of{end}{end}{}{end}# a comment{end}id,name{end}1,#a{end}#{}{end}#{end}2,\"b{end}#c\"{end}#",
            "x".repeat(700),
            "y".repeat(700)
        );
        let found = ids_and_names(skipped.clone(), &text);
        let end = serde_json::to_string(end).unwrap();
        let end = end.trim_matches('"');
        let expected =
            format!("{{\"id\":\"1\",\"name\":\"#a\"}}\n{{\"id\":\"2\",\"name\":\"b{end}#c\"}}\n");
        assert_eq!(found, expected);
        assert_eq!(ids_and_names(skipped.clone(), "a\nb"), "");
    }
}

#[test]
fn access_logs_of_cloudfront_are_read() {
    let csv = CsvOptions {
        delimiter: Some('\t'),
        quote: None,
        comment: Some('#'),
        header: false,
        columns: ["date", "id", "name"].map(String::from).to_vec(),
        null: vec!["-".into()],
        ..CsvOptions::default()
    };
    let text = "#Version: 1.0\n#Fields: date time x-edge-location\n2026-01-31\t10:00:00\tFRA2\n2026-01-31\t10:00:01\t-\n";
    insta::assert_snapshot!(ids_and_names(csv, text), @r#"
    {"id":"10:00:00","name":"FRA2"}
    {"id":"10:00:01","name":null}
    "#);
}

#[test]
fn several_texts_are_null_in_quotes_too() {
    let csv = CsvOptions {
        null: vec!["".into(), "NULL".into()],
        ..CsvOptions::default()
    };
    let text = "id,name\n1,\n2,\"\"\n3,NULL\n4,\"NULL\"\n5,null\n";
    insta::assert_snapshot!(ids_and_names(csv, text), @r#"
    {"id":"1","name":null}
    {"id":"2","name":null}
    {"id":"3","name":null}
    {"id":"4","name":null}
    {"id":"5","name":"null"}
    "#);
}

#[test]
fn the_delimiter_of_a_tsv_object_is_a_tab_unless_the_job_says_so() {
    let read = |key: &str, csv: CsvOptions, text: &str| {
        let wanted = projection(vec![input("id", Kind::Utf8), input("name", Kind::Utf8)]);
        let options = DecodeOptions {
            csv,
            ..DecodeOptions::default()
        };
        let mut decoding = Decoding::new(wanted, &options).unwrap();
        let stored = match key.ends_with("gz") {
            true => gzipped(text.as_bytes()),
            false => text.into(),
        };
        lines(&run(&mut decoding, object_chunks(key, &stored, 5)).unwrap())
    };
    let row = "{\"id\":\"1\",\"name\":\"a,b\"}\n";
    for key in ["a.tsv", "a.TSV.gz"] {
        let text = "id\tname\n1\ta,b\n";
        assert_eq!(read(key, CsvOptions::default(), text), row);
        let semicolons = CsvOptions {
            delimiter: Some(';'),
            ..CsvOptions::default()
        };
        assert_eq!(read(key, semicolons, "id;name\n1;a,b\n"), row);
    }
    let commas = "id,name\n1,\"a,b\"\n";
    assert_eq!(read("a.csv", CsvOptions::default(), commas), row);
}

#[test]
fn settings_are_read_as_they_are_written() {
    let read =
        |text: &str| toml::from_str::<CsvOptions>(text).map_err(|error| error.message().to_owned());
    let csv =
        read("quote = \"\"\nnull = [\"\", \"NULL\"]\nescape = \"\\\\\"\nskip_lines = 2").unwrap();
    let expected = CsvOptions {
        quote: None,
        null: vec!["".into(), "NULL".into()],
        escape: Some('\\'),
        skip_lines: 2,
        ..CsvOptions::default()
    };
    assert_eq!(csv, expected);
    let written = serde_json::to_value(&csv).unwrap();
    assert_eq!(serde_json::from_value::<CsvOptions>(written).unwrap(), csv);
    // As before there were further settings.
    let usual = read("delimiter = \";\"\nnull = \"-\"").unwrap();
    assert_eq!(
        serde_json::to_string(&usual).unwrap(),
        r#"{"delimiter":";","quote":"\"","header":true,"columns":[],"null":"-"}"#
    );
    assert_eq!(
        read("quote = \"||\"").unwrap_err(),
        "it is one character, or \"\" where quotes are text"
    );
    assert!(
        read("null = 1")
            .unwrap_err()
            .contains("it is a text, or a list of texts")
    );
}
