//! Columns that come, go and change their types from object to object, through the whole command.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampMillisecondArray,
};
use backfold_tests::components::guest;
use backfold_tests::visits::{Format, Part, Visit, avro_of, parquet_of};
use backfold_tests::workbench::Workbench;
use rusqlite::types::Value;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How a writer had its columns at a time.
#[derive(Clone, Copy, Debug)]
enum Version {
    First,
    /// All columns in another order and in other types, with unwanted columns between them.
    Changed,
    /// Without the column that a visit may lack.
    WithoutNote,
    /// Without one that it may not lack.
    WithoutDuration,
    /// With words where there were numbers.
    Words,
}

type Columns = Vec<(&'static str, ArrayRef)>;

/// The name of a column of CSV, and what stands in it.
type Field = (&'static str, fn(&Visit) -> String);

fn collected<T: From<Vec<V>>, V>(visits: &[Visit], value: impl Fn(&Visit) -> V) -> Arc<T> {
    Arc::new(T::from(visits.iter().map(value).collect::<Vec<_>>()))
}

impl Version {
    fn columns(self, visits: &[Visit]) -> RecordBatch {
        let ts: TimestampMillisecondArray = visits.iter().map(|visit| Some(visit.at_ms)).collect();
        let first: Columns = vec![
            ("ts", Arc::new(ts.with_timezone("UTC"))),
            (
                "page_id",
                collected::<StringArray, _>(visits, |visit| visit.page.clone()),
            ),
            (
                "dt",
                collected::<Date32Array, _>(visits, |visit| (visit.at_ms / DAY_MS) as i32),
            ),
            ("hour", collected::<Int32Array, _>(visits, Visit::hour)),
            (
                "duration_ms",
                collected::<Int32Array, _>(visits, |visit| visit.duration_ms as i32),
            ),
            (
                "note",
                collected::<StringArray, _>(visits, |visit| visit.note),
            ),
        ];
        let without = |gone: &str| {
            first
                .iter()
                .filter(|(name, _)| *name != gone)
                .cloned()
                .collect()
        };
        let columns: Columns = match self {
            Version::First => first,
            Version::Changed => changed(visits),
            Version::WithoutNote => without("note"),
            Version::WithoutDuration => without("duration_ms"),
            Version::Words => {
                let mut columns: Columns = without("hour");
                columns.push(("hour", collected::<StringArray, _>(visits, |_| "noon")));
                columns
            }
        };
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// The columns of CSV.
    fn fields(self) -> Vec<Field> {
        let mut fields: Vec<Field> = vec![
            ("ts", |visit| visit.ts()),
            ("page_id", |visit| visit.page.clone()),
            ("dt", |visit| visit.day()),
            ("hour", |visit| visit.hour().to_string()),
            ("duration_ms", |visit| visit.duration_ms.to_string()),
            ("note", |visit| {
                format!("\"{}\"", visit.note.replace('"', "\"\""))
            }),
        ];
        match self {
            Version::First => {}
            Version::Changed => {
                fields.reverse();
                fields.insert(2, ("country", |_| "DE".to_owned()));
                fields.push(("hour.of.day", |_| "soon".to_owned()));
            }
            Version::WithoutNote => fields.retain(|(name, _)| *name != "note"),
            Version::WithoutDuration => fields.retain(|(name, _)| *name != "duration_ms"),
            Version::Words => fields[3].1 = |_| "noon".to_owned(),
        }
        fields
    }

    fn csv(self, visits: &[Visit]) -> Vec<u8> {
        let fields = self.fields();
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        let mut text = names.join(",") + "\n";
        for visit in visits {
            let values: Vec<_> = fields.iter().map(|(_, value)| value(visit)).collect();
            text += &(values.join(",") + "\n");
        }
        text.into_bytes()
    }
}

fn changed(visits: &[Visit]) -> Columns {
    let ts: TimestampMicrosecondArray = visits
        .iter()
        .map(|visit| Some(visit.at_ms * 1000))
        .collect();
    let durations: Decimal128Array = visits
        .iter()
        .map(|visit| Some(i128::from(visit.duration_ms)))
        .collect();
    vec![
        (
            "note",
            collected::<StringArray, _>(visits, |visit| visit.note),
        ),
        ("country", collected::<StringArray, _>(visits, |_| "DE")),
        (
            "duration_ms",
            Arc::new(durations.with_precision_and_scale(20, 0).unwrap()),
        ),
        (
            "hour",
            collected::<Int64Array, _>(visits, |visit| i64::from(visit.hour())),
        ),
        (
            "dt",
            collected::<StringArray, _>(visits, |visit| visit.day()),
        ),
        ("retries", collected::<Int32Array, _>(visits, |_| 3)),
        (
            "page_id",
            collected::<StringArray, _>(visits, |visit| visit.page.clone()),
        ),
        ("ts", Arc::new(ts)),
    ]
}

const FORMATS: [Format; 3] = [Format::Parquet, Format::Avro, Format::Csv];

/// An archive with an object a version.
fn bench(format: Format, versions: &[Version], settings: &str) -> Workbench {
    let bench = Workbench::new(&guest("visits")).unwrap();
    bench.write_job(&guest("visits"), settings).unwrap();
    for (part, version) in Part::all().unwrap().iter().zip(versions) {
        let (content, ending) = match format {
            Format::Parquet => (
                parquet_of(&version.columns(&part.visits)).unwrap(),
                "parquet",
            ),
            Format::Avro => (avro_of(&version.columns(&part.visits)).unwrap(), "avro"),
            _ => (version.csv(&part.visits), "csv"),
        };
        let key = format!("{}.{ending}", part.number);
        bench.write_object(&key, content).unwrap();
    }
    bench
}

#[test]
fn what_a_visit_may_lack_is_null_and_what_it_may_not_costs_the_object_s_rows() {
    use Version::*;
    let versions = [First, Changed, WithoutNote, First, WithoutDuration, Changed];
    let parts = Part::all().unwrap();
    let mut tallies = BTreeMap::<_, [i64; 3]>::new();
    for (part, version) in parts.iter().zip(versions) {
        for visit in &part.visits {
            let key = (visit.page.clone(), visit.day(), i64::from(visit.hour()));
            let note_bytes = match version {
                WithoutDuration => continue,
                WithoutNote => 0,
                _ => visit.note.len() as i64,
            };
            let tally = tallies.entry(key).or_default();
            tally[0] += 1;
            tally[1] += visit.duration_ms;
            tally[2] += note_bytes;
        }
    }
    let row = |((page, day, hour), numbers): ((String, String, i64), [i64; 3])| {
        let mut row = vec![Value::Text(page), Value::Text(day), Value::Integer(hour)];
        row.extend(numbers.map(Value::Integer));
        row
    };
    let expected: Vec<_> = tallies.into_iter().map(row).collect();
    let rejected = parts[4].visits.len();
    for format in FORMATS {
        let bench = bench(format, &versions, "");
        bench.refuses("run --trust-laws", 3, "BF0701");
        let settings = format!("gate.max_quarantined = {rejected}");
        bench.write_job(&guest("visits"), &settings).unwrap();
        let report = bench.run("run --swap --trust-laws --output json").success();
        assert_eq!(report.json()["result"]["rejected"], rejected, "{format:?}");
        assert!(bench.rows().unwrap() == expected, "{format:?}");
        let list = bench.run("quarantine counts").success().stdout;
        let reason = match format {
            Format::Csv => "missing: the header of its object has no such column",
            _ => "missing or null",
        };
        assert!(list.contains(reason), "{format:?}: {list}");
    }
}

#[test]
fn a_type_that_no_rule_covers_stops_the_run_and_is_named() {
    let mut told = String::new();
    for format in [Format::Parquet, Format::Avro] {
        let bench = bench(format, &[Version::First, Version::Words], "");
        told += &(bench.refuses("run --trust-laws", 42, "BF0350") + "\n");
    }
    insta::assert_snapshot!(told, @r"
    split 0 could not be decoded: column `hour` of `1.parquet` is of type Utf8, which does not become int64
    split 0 could not be decoded: column `hour` of `1.avro` is of type Utf8, which does not become int64
    ");
    // CSV has no types: each record says what it is.
    let bench = bench(
        Format::Csv,
        &[Version::First, Version::Words],
        "gate.max_quarantined = 100",
    );
    let report = bench.run("run --trust-laws --output json").success().json();
    assert_eq!(report["result"]["rejected"], 100);
    assert_eq!(report["result"]["counts"]["events"], 100);
}

#[test]
fn a_header_in_which_nothing_is_wanted_stops_the_run() {
    let bench = bench(Format::Csv, &[Version::First], "");
    bench
        .write_object("1.csv", "when;page\n2026-01-01;/a\n")
        .unwrap();
    let told = bench.refuses("run --trust-laws", 42, "BF0314");
    insta::assert_snapshot!(told, @"split 0 could not be decoded: the header of `1.csv` is unusable: none of the columns that the component wants is in it: `when;page`");
}
