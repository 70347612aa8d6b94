//! The table of `host/docs/archives.md` that says what writes which archive: each of its jobs reads an archive as its
//! writer makes it.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use backfold_tests::components::root;
use backfold_tests::visits::{Compression, parquet_of};
use backfold_tests::workbench::Workbench;
use rusqlite::Row;
use rusqlite::types::Value;

/// An archive of a writer, a pipeline over it, and the table that it makes.
struct Writer {
    /// Keys and contents.
    objects: Vec<(&'static str, Vec<u8>)>,
    /// The section `pipeline` of a job.
    pipeline: &'static str,
    /// The rows of the table, a line each.
    rows: &'static str,
}

/// The settings of each row of the table, by its first column.
fn documented() -> BTreeMap<String, String> {
    let page = fs::read_to_string(root().join("host/docs/archives.md")).unwrap();
    let (_, section) = page.split_once("\n## Writers\n").unwrap();
    let table = section.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = table.skip(1).take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [writer, _, job] = cells[..] else {
            panic!("not three columns: {line}");
        };
        // Each piece of code is a line of the job.
        let lines: Vec<_> = job.split('`').skip(1).step_by(2).collect();
        (writer.to_owned(), lines.join("\n"))
    };
    rows.map(row).collect()
}

#[test]
fn each_job_of_the_table_reads_the_archive_of_its_writer() {
    let mut writers = writers();
    let mut told = Vec::new();
    for (name, settings) in documented() {
        let writer = writers.remove(name.as_str());
        let writer = writer.unwrap_or_else(|| panic!("no archive of {name} is tested"));
        let made = table(&writer, &settings);
        if made != writer.rows {
            told.push(format!("{name}:\n{made}\nis not\n{}\n", writer.rows));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    let missing: Vec<_> = writers.into_keys().collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

/// The rows of the table that a job with these settings makes, or the report of its failure.
fn table(writer: &Writer, settings: &str) -> String {
    let component = Path::new("aggregate");
    let bench = Workbench::new(component).unwrap();
    for (key, content) in &writer.objects {
        bench.write_object(key, content).unwrap();
    }
    let settings = format!("{settings}\n[pipeline]\n{}", writer.pipeline);
    bench.write_job(component, &settings).unwrap();
    let run = bench.run("run --swap --output json");
    let report = run.json();
    if report["ok"] != true || report["result"]["rejected"] != 0 {
        return format!("{report:#}");
    }
    let reader = bench.reader().unwrap();
    let mut select = reader
        .prepare("SELECT * FROM page_days ORDER BY 1, 2")
        .unwrap();
    let width = select.column_count();
    let line = |row: &Row<'_>| {
        let text = |column| {
            Ok(match row.get(column)? {
                Value::Text(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Null => "-".to_owned(),
                other => format!("{other:?}"),
            })
        };
        (0..width).map(text).collect::<Result<Vec<_>, _>>()
    };
    let rows = select.query_map((), line).unwrap();
    let rows = rows.map(|row| row.unwrap().join(" "));
    rows.collect::<Vec<_>>().join("\n")
}

fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    Compression::Gzip.compress(content.as_ref()).unwrap()
}

/// UTF-16 with the byte order mark of little endian.
fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    parquet_of(&RecordBatch::try_from_iter(columns).unwrap()).unwrap()
}

fn writers() -> BTreeMap<&'static str, Writer> {
    let mut all = of_aws();
    all.extend(of_topics());
    all.extend(of_databases());
    all.extend(of_files());
    all
}

fn of_aws() -> BTreeMap<&'static str, Writer> {
    let event = |name: &str, minute: u8| {
        format!(
            r#"{{"eventVersion":"1.08","eventTime":"2026-01-31T10:{minute:02}:00Z","eventName":"{name}"}}"#
        )
    };
    let trail = format!(
        r#"{{"Records": [{}, {}, {}]}}"#,
        event("PutObject", 1),
        event("GetObject", 2),
        event("PutObject", 3)
    );
    let logs = |stream: &str, messages: [&str; 2]| {
        let [one, other] = messages.map(|message| {
            format!(r#"{{"id":"1","timestamp":1769853600000,"message":"{message}"}}"#)
        });
        gzip(format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"{stream}","logEvents":[{one},{other}]}}"#
        ))
    };
    let watched = gzip([logs("a", ["start", "end"]), logs("b", ["start", "[]"])].concat());
    let delivered = r#"{"page":"a","ms":1}{"page":"b","ms":2}{"page":"a","ms":3}"#;
    let failed =
        r#"{"attemptsMade":4,"errorCode":"Lambda.FunctionError","rawData":"eyJwYWdlIjoiYSJ9"}"#;
    let front = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method\n\
                 2026-01-31\t10:00:00\tFRA2\t512\t1.2.3.4\tGET\n2026-01-31\t10:00:01\tFRA2\t1024\t1.2.3.5\tGET\n";
    let flow = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
                2 1 eni-1 10.0.0.1 10.0.0.2 443 50000 6 10 840 1769853600 1769853660 ACCEPT OK\n\
                2 1 eni-1 - - - - - - - 1769853600 1769853660 - NODATA\n";
    BTreeMap::from([
        (
            "AWS CloudTrail",
            Writer {
                objects: vec![(
                    "AWSLogs/1/CloudTrail/eu-west-1/2026/01/31/1_CloudTrail_eu-west-1_20260131T1010Z_x.json.gz",
                    gzip(trail),
                )],
                pipeline: "event_time = \"eventTime\"\nkey = { name = \"eventName\" }\nkeep = { n = \"count\" }",
                rows: "GetObject 1\nPutObject 2",
            },
        ),
        (
            "CloudWatch Logs, by Data Firehose",
            Writer {
                objects: vec![("2026/01/31/10/logs-1-2026-01-31-10-00-00-x.gz", watched)],
                pipeline: "key = { message = \"message\" }\nkeep = { n = \"count\" }",
                rows: "[] 1\nend 1\nstart 2",
            },
        ),
        (
            "Amazon Data Firehose",
            Writer {
                objects: vec![
                    (
                        "2026/01/31/10/clicks-1-2026-01-31-10-00-00-x",
                        delivered.into(),
                    ),
                    (
                        "processing-failed/2026/01/31/10/clicks-1-2026-01-31-10-00-00-y",
                        failed.into(),
                    ),
                ],
                pipeline: "key = { page = \"page\" }\nkeep = { ms = \"sum(ms)\" }",
                rows: "a 4\nb 2",
            },
        ),
        (
            "Amazon CloudFront",
            Writer {
                objects: vec![("E1.2026-01-31-10.abc.gz", gzip(front))],
                pipeline: "key = { location = \"location\" }\nkeep = { bytes = \"sum(bytes)\" }",
                rows: "FRA2 1536",
            },
        ),
        (
            "VPC flow logs",
            Writer {
                objects: vec![(
                    "1_vpcflowlogs_eu-west-1_fl-1_20260131T1000Z_h.log.gz",
                    gzip(flow),
                )],
                pipeline: "key = { action = \"action?\" }\nkeep = { bytes = \"sum(bytes?)\", n = \"count\" }",
                rows: "- 0 1\nACCEPT 840 1",
            },
        ),
    ])
}

fn of_topics() -> BTreeMap<&'static str, Writer> {
    let change = |before: &str, after: &str, op: &str| {
        format!(
            r#"{{"schema":{{"type":"struct","fields":[]}},"payload":{{"before":{before},"after":{after},"op":"{op}","ts_ms":1769853600200}}}}"#
        )
    };
    let row = r#"{"id":1,"price":12}"#;
    let changes = [
        change("null", row, "c"),
        change(row, "null", "d"),
        // After a deletion Debezium sends a tombstone.
        "null".to_owned(),
    ];
    let aiven = r#"[
{"key":"a","offset":7,"timestamp":"2026-01-31T10:00:00.001Z","value":{"page":"a","n":1},"headers":[]},
{"key":"b","offset":8,"timestamp":"2026-01-31T10:00:01.001Z","value":{"page":"b","n":2},"headers":[]}
]
"#;
    BTreeMap::from([
        (
            "Confluent's S3 sink",
            Writer {
                objects: vec![
                    (
                        "topics/t/partition=0/t+0+0000000000.json",
                        b"{\"n\":1,\"page\":\"a\"}\n{\"n\":2,\"page\":\"b\"}\n".to_vec(),
                    ),
                    (
                        "topics/t/partition=0/t+0+0000000000.keys.json",
                        b"\"k1\"\n\"k2\"\n".to_vec(),
                    ),
                    (
                        "topics/t/partition=0/t+0+0000000000.headers.json",
                        b"[]\n[]\n".to_vec(),
                    ),
                ],
                pipeline: "key = { page = \"page\" }\nkeep = { n = \"sum(n)\" }",
                rows: "a 1\nb 2",
            },
        ),
        (
            "Aiven's S3 sink",
            Writer {
                objects: vec![("t-0-7.json", aiven.into())],
                pipeline: "key = { page = \"page\" }\nkeep = { n = \"sum(n)\" }",
                rows: "a 1\nb 2",
            },
        ),
        (
            "Debezium, in Kafka Connect's JSON",
            Writer {
                objects: vec![(
                    "topics/t/partition=0/t+0+0000000000.json",
                    changes.join("\n").into(),
                )],
                pipeline: "key = { op = \"op?\" }\nkeep = { changes = \"count\", price = \"sum(after.price?)\" }",
                rows: "- 1 0\nc 1 12\nd 1 0",
            },
        ),
    ])
}

fn of_databases() -> BTreeMap<&'static str, Writer> {
    let bigquery = "{\"n\":\"1\",\"ts\":\"2026-01-31 10:00:00 UTC\"}\n{\"n\":\"2\",\"ts\":\"2026-02-01 10:00:00.25 UTC\"}\n";
    let dynamodb = "{\"Item\":{\"pk\":{\"S\":\"a\"},\"n\":{\"N\":\"12\"}}}\n{\"Item\":{\"pk\":{\"S\":\"b\"},\"n\":{\"N\":\"1E+3\"}}}\n";
    let mongo = "{\"_id\":{\"$oid\":\"65bb\"},\"at\":{\"$date\":\"2026-01-31T10:00:00Z\"},\"n\":{\"$numberLong\":\"42\"}}\n\
                 {\"_id\":{\"$oid\":\"65bc\"},\"at\":{\"$date\":{\"$numberLong\":\"1769853600000\"}},\"n\":{\"$numberInt\":\"7\"}}\n\
                 {\"_id\":{\"$oid\":\"65bd\"},\"at\":{\"$date\":1769940000000},\"n\":8}\n";
    BTreeMap::from([
        (
            "BigQuery, as JSON",
            Writer {
                objects: vec![("export-000000000000.json.gz", gzip(bigquery))],
                pipeline: "event_time = \"ts\"\nkey = { day = \"day_of(ts)\" }\nkeep = { n = \"sum(n)\" }",
                rows: "2026-01-31 1\n2026-02-01 2",
            },
        ),
        (
            "DynamoDB's export to S3",
            Writer {
                objects: vec![("AWSDynamoDB/01/data/x.json.gz", gzip(dynamodb))],
                pipeline: "key = { pk = \"Item.pk\" }\nkeep = { n = \"sum(Item.n)\" }",
                rows: "a 12\nb 1000",
            },
        ),
        (
            "MongoDB's `mongoexport`",
            Writer {
                objects: vec![("clicks.json", mongo.into())],
                pipeline: "event_time = \"at\"\nkey = { day = \"day_of(at)\" }\nkeep = { n = \"sum(n)\" }",
                rows: "2026-01-31 49\n2026-02-01 8",
            },
        ),
        (
            "MySQL's `mysqldump --tab`",
            Writer {
                objects: vec![("clicks.txt", b"1\ta\\\tb\n2\t\\N\n3\ta\\\tb\n".to_vec())],
                pipeline: "key = { page = \"page?\" }\nkeep = { ids = \"sum(id)\" }",
                rows: "- 2\na\tb 4",
            },
        ),
    ])
}

fn of_files() -> BTreeMap<&'static str, Writer> {
    let spark = |pages: [&str; 2], ms: [i64; 2]| {
        parquet(vec![
            ("page", Arc::new(StringArray::from(pages.to_vec()))),
            ("ms", Arc::new(Int64Array::from(ms.to_vec()))),
        ])
    };
    BTreeMap::from([
        (
            "GH Archive",
            Writer {
                objects: vec![(
                    "2026-01-31-10.json.gz",
                    gzip(
                        r#"{"id":"4","type":"PushEvent","actor":{"id":4},"created_at":"2026-01-31T10:30:43Z"}{"id":"5","type":"ForkEvent","actor":{"id":5},"created_at":"2026-01-31T10:30:43Z"}"#,
                    ),
                )],
                pipeline: "event_time = \"created_at\"\nkey = { type = \"type\" }\nkeep = { n = \"count\" }",
                rows: "ForkEvent 1\nPushEvent 1",
            },
        ),
        (
            "Spark, Hive, Athena",
            Writer {
                objects: vec![
                    ("dt=2026-01-31/part-00000-x.snappy.parquet", spark(["a", "b"], [1, 2])),
                    ("dt=2026-02-01/part-00000-x.snappy.parquet", spark(["a", "b"], [3, 4])),
                    ("_SUCCESS", Vec::new()),
                ],
                pipeline: "key = { dt = \"dt\", page = \"page\" }\nkeep = { ms = \"sum(ms)\" }",
                rows: "2026-01-31 a 1\n2026-01-31 b 2\n2026-02-01 a 3\n2026-02-01 b 4",
            },
        ),
        (
            "pandas, `to_csv` and `to_json`",
            Writer {
                objects: vec![
                    ("a.csv", b",page,ms\n0,a,1.0\n1,b,\n2,a,3.0\n".to_vec()),
                    ("b.jsonl", b"{\"page\":\"b\",\"ms\":1e3}\n{\"page\":\"b\",\"ms\":null}\n".to_vec()),
                ],
                pipeline: "key = { page = \"page\" }\nkeep = { ms = \"sum(ms?)\" }",
                rows: "a 4\nb 1000",
            },
        ),
        (
            "`jq`, APIs",
            Writer {
                objects: vec![
                    ("pretty.json", b"{\n  \"page\": \"a\",\n  \"ms\": 1\n}\n{\n  \"page\": \"b\",\n  \"ms\": 2\n}\n".to_vec()),
                    ("array.json", b"[{\"page\":\"a\",\"ms\":3},\n {\"page\":\"b\",\"ms\":4}]\n".to_vec()),
                    ("sequence.json", b"\x1e{\"page\":\"a\",\"ms\":5}\n\x1e{\"page\":\"b\",\"ms\":6}\n".to_vec()),
                ],
                pipeline: "key = { page = \"page\" }\nkeep = { ms = \"sum(ms)\" }",
                rows: "a 9\nb 12",
            },
        ),
        (
            "Excel, Unicode text",
            Writer {
                objects: vec![("clicks.txt", utf16("page\tms\r\nMüller\t1\r\nMüller\t2\r\n"))],
                pipeline: "key = { page = \"page\" }\nkeep = { ms = \"sum(ms)\" }",
                rows: "Müller 3",
            },
        ),
        (
            "Excel, CSV in Western Europe",
            Writer {
                objects: vec![("clicks.csv", b"page;ms\r\nM\xfcller;1\r\nMeier;2\r\n".to_vec())],
                pipeline: "key = { page = \"page\" }\nkeep = { ms = \"sum(ms)\" }",
                rows: "Meier 2\nMüller 1",
            },
        ),
    ])
}
