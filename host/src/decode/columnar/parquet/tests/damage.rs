//! A small object, damaged at every byte and cut at every length.

use std::sync::Arc;

use arrow_array::*;
use bytes::Bytes;
use parquet::basic::Compression;
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::support::{read, written};
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeOptions, Events, Projection};
use crate::schema::Kind;
use crate::units::ByteSize;

fn small(compression: Compression, version: WriterVersion) -> Bytes {
    let texts =
        StringArray::from_iter((0..40).map(|row| (row % 7 != 0).then_some(["a", "bc"][row % 2])));
    let numbers = Int64Array::from_iter_values((0..40).map(|row| row * row));
    let lists = ListArray::from_iter_primitive::<types::Int32Type, _, _>(
        (0..40).map(|row| (row % 3 != 0).then_some(vec![Some(row); row as usize % 4])),
    );
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("s", Arc::new(texts) as ArrayRef, true),
        ("n", Arc::new(numbers), false),
        ("l", Arc::new(lists), true),
    ]);
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_writer_version(version)
        .set_max_row_group_row_count(Some(25))
        .set_data_page_row_count_limit(10)
        .set_write_batch_size(5);
    written(&[batch.unwrap()], properties.build())
}

fn wanted() -> Projection {
    projection(vec![
        input("s", Kind::Utf8),
        input("n", Kind::Int64),
        input("l", Kind::Json),
    ])
}

fn options() -> DecodeOptions {
    DecodeOptions {
        max_row_group: ByteSize::mib(1),
        ..DecodeOptions::default()
    }
}

fn rows(found: &[Events]) -> u64 {
    found.iter().map(|events| events.counts.records).sum()
}

#[test]
fn a_cut_object_is_an_error() {
    let content = small(Compression::SNAPPY, WriterVersion::PARQUET_1_0);
    assert_eq!(rows(&read(&wanted(), &options(), &content).unwrap()), 40);
    for length in 0..content.len() {
        let cut = read(&wanted(), &options(), &content.slice(..length));
        assert!(cut.is_err(), "cut at {length}");
    }
    for start in 1..content.len() {
        // The end is whole, but nothing is where it says.
        assert!(
            read(&wanted(), &options(), &content.slice(start..)).is_err(),
            "begun at {start}"
        );
    }
}

#[test]
fn no_damaged_byte_makes_it_panic_or_changes_how_many_rows_there_are() {
    for (compression, version) in [
        (Compression::SNAPPY, WriterVersion::PARQUET_1_0),
        (Compression::UNCOMPRESSED, WriterVersion::PARQUET_2_0),
    ] {
        let content = small(compression, version);
        for at in 0..content.len() {
            let mut damaged = content.to_vec();
            damaged[at] ^= 1 << (at % 8);
            if let Ok(found) = read(&wanted(), &options(), &damaged.into()) {
                assert_eq!(rows(&found), 40, "byte {at}");
            }
        }
    }
}
