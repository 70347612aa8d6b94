//! Text as people have it: dialects of CSV, encodings, compression within compression; and what is said of the rest.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::io::Write;
use std::path::Path;

use backfold_tests::workbench::Workbench;
use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::types::Value;

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A table of the sum of column `n` by column `s`, over one object.
fn bench(key: &str, object: impl AsRef<[u8]>, settings: &str) -> Workbench {
    let bench = Workbench::new(Path::new("aggregate")).unwrap();
    let pipeline =
        "[pipeline]\nkey = { s = \"s\" }\nkeep = { events = \"count\", total = \"sum(n)\" }\n";
    let job = format!("{settings}\n{pipeline}");
    bench.write_job(Path::new("aggregate"), &job).unwrap();
    bench.write_object(key, object).unwrap();
    bench
}

/// The rows of the table, as `s events total`.
fn table(bench: &Workbench) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let rows = bench.rows().unwrap();
    let line = |row: &Vec<Value>| row.iter().map(text).collect::<Vec<_>>().join(" ");
    rows.iter().map(line).collect()
}

#[test]
fn what_the_job_describes_is_read() {
    let wide = |text: &str| -> Vec<u8> {
        let text = format!("\u{feff}{text}");
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let csv = "[decode]\nformat = \"csv\"\n[decode.csv]\n";
    let json = "{\"s\":\"a\",\"n\":1}{\"s\":\"b\",\"n\":2}";
    let cases: [(&str, Vec<u8>, String); 9] = [
        (
            "access.gz",
            gzip("#Version: 1.0\n#Fields: s n\na\t1\nb\t2\n"),
            format!(
                "{csv}delimiter = \"\\t\"\nquote = \"\"\ncomment = \"#\"\nheader = false\ncolumns = [\"s\", \"n\"]"
            ),
        ),
        (
            "a.csv",
            b"made by a tool\n\ns;n\n\"a\";1\n;\nb;2\nNULL;5".to_vec(),
            format!(
                "{csv}delimiter = \";\"\nskip_lines = 2\nnull = [\"\", \"NULL\"]\n[pipeline]\nwhere = {{ s = [\"a\", \"b\"] }}"
            ),
        ),
        (
            "a.csv",
            b"s, n\n\"a\", 1\nb ,2".to_vec(),
            format!("{csv}trim = true"),
        ),
        ("a.tsv", b"s\tn\na\t1\nb\t2\n".to_vec(), String::new()),
        ("a.csv", wide("s,n\r\na,1\r\nb,2\r\n"), String::new()),
        ("a.json", wide(json), String::new()),
        ("cloudwatch", gzip(gzip(json)), String::new()),
        (
            "members.json.gz",
            [
                gzip("\u{feff}{\"s\":\"a\",\"n\":1}\n"),
                gzip("\u{feff}{\"s\":\"b\",\"n\":2}\n"),
            ]
            .concat(),
            String::new(),
        ),
        ("a.csv", b"n,s\n1,a\nn,s\n2,b\n".to_vec(), String::new()),
    ];
    for (key, object, settings) in cases {
        // Both have a section `pipeline`, which TOML has once.
        let (settings, only) = settings
            .split_once("[pipeline]\n")
            .unwrap_or((&settings, ""));
        let bench = bench(key, object, settings);
        if !only.is_empty() {
            let pipeline = format!(
                "[pipeline]\n{only}\nkey = {{ s = \"s\" }}\nkeep = {{ events = \"count\", total = \"sum(n)\" }}\n"
            );
            bench
                .write_job(Path::new("aggregate"), &format!("{settings}\n{pipeline}"))
                .unwrap();
        }
        bench.run("run --swap").success();
        assert_eq!(table(&bench), ["a 1 1", "b 1 2"], "{key} {settings}");
    }
}

#[test]
fn repeated_headers_are_printed_and_counted() {
    let bench = bench("a.csv", "n,s\n1,a\nn,s\n2,b\n", "");
    let said = bench.run("run").success().stdout;
    assert!(said.contains("repeated headers  1\n"), "{said}");
    let report = bench.run("run --output json").success().json();
    assert_eq!(report["result"]["counts"]["repeated_headers"], 1);
    assert_eq!(report["result"]["counts"]["records"], 2);
}

#[test]
fn a_refusal_names_the_reasons_and_the_objects() {
    let bench = bench("a.csv", "n,s\n1,\"a\" b\n2,c\n3,\"d\"e\n4,\"f", "");
    bench
        .write_object("b.json", "<html>\n{\"n\":1 \"s\":2}\n{\"n\" 1}\n")
        .unwrap();
    let said = bench.refuses("run", 3, "BF0701");
    let (_, reasons) = said.split_once("rejected, ").unwrap();
    insta::assert_snapshot!(reasons, @r#"at most 0 may be: 2 × the quote at byte N is not closed where its field ends: `csv.quote = ""` reads quotes as text (the first is a.csv record 0); 1 × the quote at byte N is not closed: `csv.quote = ""` reads quotes as text (the first is a.csv record 3); 1 × not JSON: an HTML page, such as that of an error (the first is b.json record 0); 2 × other reasons"#);
    let counts = bench
        .run("quarantine counts --output json")
        .success()
        .json();
    let counted = counts["result"]["reasons"].as_array().unwrap().iter();
    let counted = counted.map(|one| {
        format!(
            "{} {} {}",
            one["count"], one["position"]["source"], one["reason"]
        )
    });
    insta::assert_snapshot!(counted.collect::<Vec<_>>().join("\n"), @r#"
    2 "a.csv" "the quote at byte N is not closed where its field ends: `csv.quote = \"\"` reads quotes as text"
    1 "a.csv" "the quote at byte N is not closed: `csv.quote = \"\"` reads quotes as text"
    1 "b.json" "not JSON: an HTML page, such as that of an error"
    1 "b.json" "not JSON: expected `,` or `}` at byte N"
    1 "b.json" "not JSON: expected `:` at byte N"
    "#);
}

#[test]
fn an_object_that_is_not_what_its_name_says_is_named() {
    let bench = bench("a.json", b"PAR1\x15\x04\x15\x10\x15\x14", "");
    let said = bench.refuses("run", 42, "BF0312");
    assert!(
        said.contains("`a.json` should be JSON, but its first bytes are Parquet: `decode.format = \"parquet\"` reads it"),
        "{said}"
    );
}
