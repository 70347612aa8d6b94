//! However the same rows are written, the same comes out.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, Fields};
use parquet::basic::{Compression, Encoding as PageEncoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::support::{planned, read, written};
use crate::decode::columnar::tests::assert_alike;
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeError, DecodeOptions, EventRange, Events, Projection};
use crate::schema::{Condition, Input, Kind, Origin};
use crate::units::ByteSize;

/// Rows of three columns, one of them nested; and the same as lines of JSON.
fn rows(count: usize) -> (RecordBatch, String) {
    let second = |row: usize| 1_777_820_400 + row as i64 / 3;
    let page = |row: usize| format!("/page/{}", row * 7 % 13);
    let duration = |row: usize| (!row.is_multiple_of(5)).then_some(row as i64 * 11 - 40);
    let country = |row: usize| (row % 4 != 1).then_some(["DE", "FR", "BR"][row % 3]);
    let times =
        TimestampMillisecondArray::from_iter_values((0..count).map(|row| second(row) * 1000));
    let countries = StringArray::from_iter((0..count).map(country));
    let unwanted = Float64Array::from_iter_values((0..count).map(|row| row as f64));
    let fields: Fields = vec![
        Field::new("country", DataType::Utf8, true),
        Field::new("unwanted", DataType::Float64, false),
    ]
    .into();
    let geo = StructArray::new(fields, vec![Arc::new(countries), Arc::new(unwanted)], None);
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "at",
            Arc::new(times.with_timezone("UTC")) as ArrayRef,
            false,
        ),
        (
            "page",
            Arc::new(StringArray::from_iter_values((0..count).map(page))),
            false,
        ),
        (
            "duration",
            Arc::new(Int64Array::from_iter((0..count).map(duration))),
            true,
        ),
        ("geo", Arc::new(geo), true),
    ]);
    let line = |row: usize| {
        let at = chrono::DateTime::from_timestamp(second(row), 0).unwrap();
        let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let geo = serde_json::json!({ "country": country(row) });
        let line = serde_json::json!({
            "at": at, "page": page(row), "duration": duration(row), "geo": geo
        });
        format!("{line}\n")
    };
    (batch.unwrap(), (0..count).map(line).collect())
}

fn wanted() -> Projection {
    let duration = Input {
        nullable: false,
        ..input("duration", Kind::Int64)
    };
    let mut projection = projection(vec![
        input("geo.country", Kind::Utf8),
        duration,
        input("at", Kind::Timestamp),
    ]);
    projection.event_time = Some(2);
    projection.range = EventRange {
        from_us: Some(1_777_820_401_000_000),
        until_us: Some(1_777_820_440_000_000),
    };
    projection.only.push(Condition {
        path: "page".into(),
        any_of: (0..12).map(|page| format!("/page/{page}")).collect(),
    });
    projection
}

#[test]
fn however_it_is_written_the_same_comes_out() {
    let (batch, lines) = rows(150);
    let gzip = Compression::GZIP(GzipLevel::default());
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let plain = Compression::UNCOMPRESSED;
    let compressions = [plain, Compression::SNAPPY, gzip, zstd, Compression::LZ4_RAW];
    let versions = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
    let mut variants: Vec<(Compression, WriterVersion, bool, usize)> = Vec::new();
    for (at, compression) in compressions.into_iter().enumerate() {
        for version in versions {
            for (dictionary, group_rows) in [(true, 1000), (false, 64), (at % 2 == 0, 7)] {
                variants.push((compression, version, dictionary, group_rows));
            }
        }
    }
    for (compression, version, dictionary, group_rows) in variants {
        println!("{compression:?} {version:?} {dictionary} {group_rows}");
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
            .set_writer_version(version)
            .set_dictionary_enabled(dictionary)
            .set_max_row_group_row_count(Some(group_rows))
            .set_data_page_row_count_limit(20)
            .set_write_batch_size(10);
        if !dictionary && version == WriterVersion::PARQUET_2_0 {
            properties = properties
                .set_column_encoding("at".into(), PageEncoding::DELTA_BINARY_PACKED)
                .set_column_encoding("page".into(), PageEncoding::DELTA_BYTE_ARRAY);
        }
        let content = written(std::slice::from_ref(&batch), properties.build());
        for batch_rows in [8192, 16] {
            let options = DecodeOptions {
                batch_rows,
                ..DecodeOptions::default()
            };
            let found = read(&everything_in_range(), &options, &content).unwrap();
            assert!(
                found
                    .iter()
                    .all(|events| events.batch.num_rows() <= batch_rows as usize)
            );
            assert_alike(&everything_in_range(), &found, &lines);
            let found = read(&wanted(), &options, &content).unwrap();
            assert_same_events(&wanted(), &found, &lines);
        }
    }
}

/// As [`wanted`], without a range.
fn everything_in_range() -> Projection {
    Projection {
        range: EventRange::default(),
        ..wanted()
    }
}

/// As [`assert_alike`], but rows that were passed over with their row group count as out of range.
fn assert_same_events(projection: &Projection, found: &[Events], lines: &str) {
    let mut found = found.to_vec();
    let expected = crate::decode::tests::support::decode(projection.clone(), lines).counts;
    let mut sum = found
        .iter()
        .fold(crate::decode::Counts::default(), |mut sum, events| {
            sum += events.counts;
            sum
        });
    assert_eq!(sum.records, expected.records);
    let by_group = sum.out_of_range - expected.out_of_range;
    sum.not_wanted += by_group;
    sum.out_of_range -= by_group;
    for events in &mut found {
        events.counts = crate::decode::Counts::default();
    }
    found[0].counts = sum;
    assert_alike(projection, &found, lines);
}

#[test]
fn only_the_wanted_columns_are_read() {
    let (batch, _) = rows(5000);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let content = written(&[batch], properties);
    let read_bytes = |inputs| {
        let found = read(&projection(inputs), &DecodeOptions::default(), &content).unwrap();
        let events = found.iter();
        events.map(|events| events.counts.stored_bytes).sum::<u64>()
    };
    let nested = read_bytes(vec![input("geo.country", Kind::Utf8)]);
    assert!((5000..30_000).contains(&nested), "{nested}");
    let none = read_bytes(vec![Input {
        origin: Origin::Offset,
        ..input("n", Kind::Int64)
    }]);
    assert_eq!(none, 0);
    let all = ["at", "page", "duration", "geo"].map(|path| input(path, Kind::Json));
    assert!(read_bytes(all.to_vec()) > 150_000);
}

#[test]
fn ordinals_count_the_rows_of_groups_that_are_passed_over() {
    let (batch, _) = rows(150);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(30));
    let content = written(&[batch], properties.build());
    let mut wanted = projection(vec![
        input("at", Kind::Timestamp),
        Input {
            origin: Origin::Offset,
            ..input("n", Kind::Int64)
        },
    ]);
    wanted.event_time = Some(0);
    wanted.range.from_us = Some(1_777_820_431_000_000);
    let found = read(&wanted, &DecodeOptions::default(), &content).unwrap();
    let [events] = &found[..] else {
        panic!("one batch");
    };
    assert_eq!(events.provenance.position(0).offset, 93);
    assert_eq!(events.counts.out_of_range, 93);
    assert_eq!(events.counts.records, 150);
    let offsets =
        arrow_array::cast::AsArray::as_primitive::<types::Int64Type>(events.batch.column(1));
    assert_eq!(offsets.value(0), 93);
    assert_eq!(
        events.provenance.bytes(0).unwrap(),
        &br#"{"at":"2026-05-03T15:00:31Z"}"#[..]
    );
}

#[test]
fn a_row_group_beyond_the_limit_is_named() {
    let (batch, _) = rows(1000);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    let content = written(&[batch], properties);
    let options = DecodeOptions {
        max_row_group: ByteSize::kib(4),
        ..DecodeOptions::default()
    };
    let Err(error) = read(&wanted(), &options, &content) else {
        panic!("it is larger");
    };
    assert!(matches!(
        error,
        DecodeError::RowGroupTooLarge { group: 0, .. }
    ));
    insta::assert_snapshot!(error, @"the wanted columns of row group 0 of `a.parquet` have 29.9 KiB, more than 4.0 KiB, the limit `decode.max_row_group`");
}

#[test]
fn a_long_footer_takes_a_second_read() {
    let fields: Vec<_> = (0..1000)
        .map(|n| Field::new(format!("{}{n}", "x".repeat(100)), DataType::Int64, false))
        .collect();
    let columns = (0..1000).map(|_| Arc::new(Int64Array::from(vec![7])) as ArrayRef);
    let schema = Arc::new(arrow_schema::Schema::new(fields));
    let batch = RecordBatch::try_new(schema, columns.collect()).unwrap();
    let content = written(&[batch], WriterProperties::default());
    let last = format!("{}999", "x".repeat(100));
    let wanted = projection(vec![input(&last, Kind::Int64)]);
    assert_eq!(
        planned(&wanted, &DecodeOptions::default(), &content)
            .unwrap()
            .row_groups(),
        1
    );
    let found = read(&wanted, &DecodeOptions::default(), &content).unwrap();
    assert_alike(&wanted, &found, &format!("{{\"{last}\":7}}"));
}
