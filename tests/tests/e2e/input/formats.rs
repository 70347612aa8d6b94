//! The same visits make the same table in every format, compression and layout, from files and from S3.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::path::Path;

use backfold_tests::components::guest;
use backfold_tests::gateway::{BUCKET, Gateway};
use backfold_tests::process;
use backfold_tests::visits::{Compression, Format, Part, TOPIC, Visit, Writer};
use backfold_tests::workbench::Workbench;
use rusqlite::types::Value;

/// An archive of the same visits.
#[derive(Clone, Copy)]
struct Case {
    writer: Writer,
    format: Format,
    compression: Compression,
    /// The ending of names.
    ending: &'static str,
    /// Settings of the decoder.
    decode: &'static str,
    /// Whether the day and the hour are in the key alone.
    by_key: bool,
}

const fn case(
    writer: Writer,
    format: Format,
    compression: Compression,
    ending: &'static str,
) -> Case {
    Case {
        writer,
        format,
        compression,
        ending,
        decode: "",
        by_key: false,
    }
}

impl Case {
    const fn with(self, decode: &'static str) -> Self {
        Case { decode, ..self }
    }

    const fn by_key(self) -> Self {
        Case {
            by_key: true,
            ..self
        }
    }

    /// Its folder or prefix.
    fn name(&self) -> String {
        format!(
            "{:?}-{:?}-{:?}{}",
            self.writer,
            self.format,
            self.compression,
            if self.by_key { "-by-key" } else { "" }
        )
    }

    fn write(&self, bench: &Workbench, parts: &[Part]) {
        for part in parts {
            let key = format!("{}/{}", self.name(), self.writer.key(part, self.ending));
            let content = part.content(self.format, !self.by_key).unwrap();
            let stored = self.compression.compress(&content).unwrap();
            bench.write_object(&key, stored).unwrap();
        }
    }
}

use Compression as C;
use Format as F;
use Writer as W;

const BARE_CSV: &str = r#"
format = "csv"
csv = { delimiter = ";", header = false, columns = ["note", "ts", "page_id", "duration_ms", "dt", "hour"] }
"#;

/// Each layout, each format, each compression, in pairs that real writers make.
const CASES: [Case; 28] = [
    case(W::Anybody, F::JsonLines, C::None, ".jsonl"),
    case(W::Anybody, F::JsonLines, C::Zstd, ".jsonl.zst"),
    case(W::Anybody, F::JsonLines, C::SnappyJava, ".snappy"),
    case(W::Anybody, F::Json, C::Bzip2, ".json.bz2"),
    case(W::Anybody, F::Csv, C::Gzip, ".csv.gz"),
    case(W::Anybody, F::BareCsv, C::Zstd, ".txt.zst").with(BARE_CSV),
    case(W::Anybody, F::Lenses, C::None, ".json").with("envelope = \"lenses\""),
    case(W::Anybody, F::Avro, C::None, ".bin"),
    case(W::Anybody, F::Parquet, C::None, ""),
    case(W::Firehose, F::Json, C::None, ""),
    case(W::Firehose, F::Json, C::Gzip, ".gz"),
    case(W::Firehose, F::Json, C::Zip, ".zip"),
    case(W::Firehose, F::Json, C::SnappyFramed, ".snappy"),
    case(W::Firehose, F::Json, C::SnappyHadoop, ".hsnappy"),
    case(W::Firehose, F::Parquet, C::None, ".parquet"),
    case(W::Confluent, F::Avro, C::None, ".avro"),
    case(W::Confluent, F::JsonLines, C::Gzip, ".json.gz"),
    case(W::Confluent, F::ConnectSchema, C::None, ".json").with("envelope = \"connect-schema\""),
    case(W::ConfluentByTime, F::Parquet, C::None, ".snappy.parquet"),
    case(W::ConfluentByTime, F::Avro, C::None, ".avro"),
    case(W::Aiven, F::Aiven, C::Gzip, ".gz").with("envelope = \"aiven\""),
    case(W::Aiven, F::JsonLines, C::SnappyRaw, ".snappy"),
    case(W::AivenByTime, F::Parquet, C::None, ".parquet"),
    case(W::Msk, F::JsonLines, C::Gzip, ".json.gz"),
    case(W::Spark, F::Parquet, C::None, ".snappy.parquet").by_key(),
    case(W::Spark, F::Csv, C::Bzip2, ".csv.bz2").by_key(),
    case(W::Spark, F::JsonLines, C::Zstd, ".json.zst").by_key(),
    case(W::Template, F::Avro, C::None, ".avro"),
];

/// Writes a job over the archive called `name`: files, or a prefix of the bucket.
fn write_job(bench: &Workbench, component: &Path, case: &Case, in_bucket: bool, settings: &str) {
    let (name, layout, decode) = (case.name(), case.writer.layout(), case.decode);
    let source = if in_bucket {
        format!("[source.s3]\nbucket = \"{BUCKET}\"\nprefix = \"{name}/\"")
    } else {
        format!("[source.files]\npath = \"archive/{name}\"")
    };
    let settings =
        format!("{settings}\n{source}\nlayout = {layout}\nlateness = \"0s\"\n[decode]\n{decode}\n");
    bench.write_job(component, &settings).unwrap();
}

/// The columns of the folded table and their types, and its rows.
#[derive(PartialEq)]
struct Table {
    digest: String,
    rows: Vec<Vec<Value>>,
    objects: u64,
}

fn fold(bench: &Workbench, gateway: &Gateway) -> Table {
    let mut command = bench.command("run --swap --trust-laws --output json");
    command.envs(gateway.environment());
    let report = process::run(&mut command).success().json();
    let result = &report["result"];
    Table {
        digest: result["loaded"]["digest"].as_str().unwrap().to_owned(),
        rows: bench.rows().unwrap(),
        objects: result["frozen"]["objects"].as_u64().unwrap(),
    }
}

/// Visits, milliseconds and bytes of notes by page, day and hour.
fn tally(parts: &[Part]) -> Vec<Vec<Value>> {
    let mut tallies = BTreeMap::<_, [i64; 3]>::new();
    for visit in parts.iter().flat_map(|part| &part.visits) {
        let key = (visit.page.clone(), visit.day(), i64::from(visit.hour()));
        let tally = tallies.entry(key).or_default();
        tally[0] += 1;
        tally[1] += visit.duration_ms;
        tally[2] += visit.note.len() as i64;
    }
    let row = |((page, day, hour), numbers): ((String, String, i64), [i64; 3])| {
        let mut row = vec![Value::Text(page), Value::Text(day), Value::Integer(hour)];
        row.extend(numbers.map(Value::Integer));
        row
    };
    tallies.into_iter().map(row).collect()
}

/// A bench with all archives of `cases`, and a bucket that holds the same.
async fn bench(component: &Path, cases: &[Case], parts: &[Part]) -> (Workbench, Gateway) {
    let bench = Workbench::new(component).unwrap();
    for case in cases {
        case.write(&bench, parts);
    }
    let gateway = Gateway::start().await.unwrap();
    gateway.upload(&bench.archive(), "").await.unwrap();
    (bench, gateway)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_archive_makes_the_same_table() {
    let component = guest("visits");
    let parts = Part::all().unwrap();
    let (bench, gateway) = bench(&component, &CASES, &parts).await;
    let expected = tally(&parts);
    let mut digest = None;
    for case in &CASES {
        for in_bucket in [false, true] {
            let what = format!("{} in a bucket: {in_bucket}", case.name());
            write_job(&bench, &component, case, in_bucket, "");
            let table = fold(&bench, &gateway);
            assert_eq!(table.objects, parts.len() as u64, "{what}");
            assert!(table.rows == expected, "{what}");
            let digest = digest.get_or_insert_with(|| table.digest.clone());
            assert_eq!(*digest, table.digest, "{what}");
        }
    }
}

/// A range lists and reads those hours alone that a key tells of.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_makes_the_same_table_of_fewer_objects() {
    let component = guest("visits");
    let parts = Part::all().unwrap();
    // The first of each writer.
    let mut cases = CASES.to_vec();
    cases.dedup_by_key(|case| case.writer);
    let (bench, gateway) = bench(&component, &cases, &parts).await;
    let range = "range = { from = \"2026-01-01T05:30Z\", to = \"2026-01-01T08:00Z\" }";
    let within = |visit: &&Visit| {
        let ts = visit.ts();
        ("2026-01-01T05:30".."2026-01-01T08:00").contains(&ts.as_str())
    };
    let ranged: Vec<Part> = parts
        .iter()
        .map(|part| Part {
            visits: part.visits.iter().filter(within).cloned().collect(),
            ..part.clone()
        })
        .collect();
    let expected = tally(&ranged);
    for case in &cases {
        write_job(&bench, &component, case, true, range);
        let table = fold(&bench, &gateway);
        assert!(table.rows == expected, "{}", case.name());
        let objects = if case.writer.tells_time() { 3 } else { 24 };
        assert_eq!(table.objects, objects, "{}", case.name());
    }
}

/// Archives whose keys or envelopes tell of topic, partition and offset.
const WITH_ORIGINS: [Case; 9] = [
    case(W::Anybody, F::Lenses, C::Gzip, ".json.gz").with("envelope = \"lenses\""),
    case(W::Confluent, F::Avro, C::None, ".avro"),
    case(W::Confluent, F::ConnectSchema, C::None, ".json").with("envelope = \"connect-schema\""),
    // Its keys name the first offset, and the others do not follow from it.
    case(W::ConfluentByTime, F::Lenses, C::Gzip, ".json.gz").with("envelope = \"lenses\""),
    case(W::Aiven, F::Csv, C::Gzip, ".csv.gz"),
    case(W::Aiven, F::Aiven, C::Gzip, ".gz").with("envelope = \"aiven\""),
    case(W::AivenByTime, F::Parquet, C::None, ".parquet"),
    case(W::Msk, F::JsonLines, C::Gzip, ".json.gz"),
    case(W::Template, F::Json, C::None, ".json"),
];

#[tokio::test(flavor = "multi_thread")]
async fn topic_partition_and_offset_are_the_same_from_keys_and_envelopes() {
    let component = guest("origins");
    let parts = Part::all().unwrap();
    let mut tallies = BTreeMap::<i64, (i64, i64, i64, i64)>::new();
    for part in &parts {
        for (offset, visit) in (part.offset..).zip(&part.visits) {
            let first = (0, offset, offset, 0);
            let tally = tallies.entry(part.partition.into()).or_insert(first);
            tally.0 += 1;
            tally.1 = tally.1.min(offset);
            tally.2 = tally.2.max(offset);
            tally.3 += offset * visit.duration_ms;
        }
    }
    let expected: Vec<Vec<Value>> = tallies
        .into_iter()
        .map(|(partition, (records, first, last, weighted))| {
            let mut row = vec![Value::Text(TOPIC.to_owned())];
            row.extend([partition, records, first, last, weighted].map(Value::Integer));
            row
        })
        .collect();
    let (bench, gateway) = bench(&component, &WITH_ORIGINS, &parts).await;
    for case in &WITH_ORIGINS {
        write_job(&bench, &component, case, true, "");
        let table = fold(&bench, &gateway);
        assert!(table.rows == expected, "{}: {:?}", case.name(), table.rows);
    }
}
