//! Objects and settings of decoding.

use std::fs;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use backfold_tests::components::guest;
use backfold_tests::visits::parquet_of;
use backfold_tests::workbench::Workbench;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Case, bench, provoke, record, set, works, works_planned_again};

pub(crate) const CASES: &[Case] = &[
    ("BF0301", not_compressed_as_its_name_says),
    ("BF0302", half_an_object),
    ("BF0303", a_wrong_checksum),
    ("BF0304", something_appended),
    ("BF0305", more_than_an_object_may_have),
    ("BF0308", paths_into_raw_records),
    ("BF0309", a_setting_that_cannot_be),
    ("BF0311", too_long_a_window),
    ("BF0312", a_format_that_is_not_read),
    ("BF0313", a_compression_that_is_not_read),
    ("BF0314", a_header_of_no_use),
    ("BF0350", a_type_without_a_rule),
    ("BF0351", bytes_of_rows),
    ("BF0352", half_a_parquet_object),
    ("BF0353", a_large_row_group),
    ("BF0355", an_array_in_place_of_records),
];

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// An archive that has this object too, over which `run --swap` fails with this code.
fn provoked(key: &str, bytes: impl AsRef<[u8]>, code: &str) -> Workbench {
    let bench = bench();
    bench.write_object(key, bytes).unwrap();
    let said = provoke(&bench, "run --swap", code);
    assert!(said.contains(key), "{said}");
    bench
}

fn leave_out(bench: &Workbench, key: &str) {
    fs::remove_file(bench.archive().join(key)).unwrap();
    works_planned_again(bench);
}

fn not_compressed_as_its_name_says() {
    let spoiled = || provoked("part-2.gz", record("/b", 1), "BF0301");
    let bench = spoiled();
    let of = |key: &str| bench.archive().join(key);
    fs::rename(of("part-2.gz"), of("part-2.jsonl")).unwrap();
    works_planned_again(&bench);
    let bench = spoiled();
    set(&bench, "decode.compression = \"none\"");
    works(&bench);
}

/// An object that is restored, or left out.
fn spoiled(key: &str, bytes: &[u8], whole: &[u8], code: &str) {
    let bench = provoked(key, bytes, code);
    bench.write_object(key, whole).unwrap();
    works_planned_again(&bench);
    leave_out(&bench, key);
}

fn half_an_object() {
    let whole = gzip(record("/b", 1).repeat(1000));
    spoiled("part-2.gz", &whole[..whole.len() / 2], &whole, "BF0302");
}

fn a_wrong_checksum() {
    let whole = gzip(record("/b", 1));
    let mut damaged = whole.clone();
    let crc = damaged.len() - 8;
    damaged[crc] ^= 1;
    spoiled("part-2.gz", &damaged, &whole, "BF0303");
}

fn something_appended() {
    let whole = gzip(record("/b", 1));
    let longer = [&whole[..], b"garbage"].concat();
    spoiled("part-2.gz", &longer, &whole, "BF0304");
}

fn more_than_an_object_may_have() {
    let bench = bench();
    let most = |size: &str| set(&bench, &format!("decode.max_object = \"{size}\""));
    most("10 B");
    provoke(&bench, "run --swap", "BF0305");
    most("1 KiB");
    works(&bench);
}

fn paths_into_raw_records() {
    let bench = bench();
    let raw = "decode.format = \"raw-lines\"";
    set(&bench, raw);
    provoke(&bench, "run --swap", "BF0308");
    bench.write_job(&guest("payloads"), raw).unwrap();
    works(&bench);

    let bench = self::bench();
    set(&bench, raw);
    provoke(&bench, "run --swap", "BF0308");
    set(&bench, "decode.format = \"json\"");
    works(&bench);
}

fn a_setting_that_cannot_be() {
    let bench = bench();
    set(&bench, "decode.record_offset = \"a..b\"");
    let said = provoke(&bench, "run --swap", "BF0309");
    assert!(said.contains("record_offset"), "{said}");
    set(&bench, "");
    works(&bench);
}

fn too_long_a_window() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(record("/b", 1).as_bytes()).unwrap();
    let bench = provoked("part-2.zst", encoder.finish().unwrap(), "BF0311");
    // As the tool named there does.
    let object = fs::read(bench.archive().join("part-2.zst")).unwrap();
    let mut decoder = zstd::Decoder::new(&object[..]).unwrap();
    decoder.window_log_max(31).unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    std::io::copy(&mut decoder, &mut encoder).unwrap();
    bench
        .write_object("part-2.zst", encoder.finish().unwrap())
        .unwrap();
    works_planned_again(&bench);
}

fn a_format_that_is_not_read() {
    let bench = provoked("part-2.orc", record("/b", 1), "BF0312");
    set(&bench, "decode.format = \"json\"");
    works(&bench);
    let bench = provoked("part-2.orc", "ORC", "BF0312");
    leave_out(&bench, "part-2.orc");
}

fn a_compression_that_is_not_read() {
    // The header of an entry that is compressed by bzip2.
    let mut header = b"PK\x03\x04\x2e\0\0\0\x0c\0".to_vec();
    header.resize(26, 0);
    header.extend_from_slice(b"\x01\0\0\0a");
    header.extend_from_slice(b"BZh9");
    let bench = provoked("part-2.zip", header, "BF0313");
    bench
        .write_object("part-2.gz", gzip(record("/b", 1)))
        .unwrap();
    leave_out(&bench, "part-2.zip");
}

fn a_header_of_no_use() {
    let bench = provoked("part-2.csv", "2026-01-01T10:00:00Z;/b;7\n", "BF0314");
    let csv = r#"
        [decode.csv]
        delimiter = ";"
        header = false
        columns = ["ts", "page_id", "duration_ms"]
    "#;
    set(&bench, csv);
    works(&bench);
}

/// A visit as columns, with this duration.
fn columns(page: ArrayRef, duration: ArrayRef) -> Vec<u8> {
    let at = TimestampMillisecondArray::from_iter_values([1_767_261_600_000]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", Arc::new(at)),
        ("page_id", page),
        ("duration_ms", duration),
    ];
    parquet_of(&RecordBatch::try_from_iter(columns).unwrap()).unwrap()
}

fn visit(page: &str) -> Vec<u8> {
    let duration = Int64Array::from(vec![7]);
    columns(Arc::new(StringArray::from(vec![page])), Arc::new(duration))
}

fn a_type_without_a_rule() {
    let page = Arc::new(StringArray::from(vec!["/b"]));
    let odd = columns(page, Arc::new(BooleanArray::from(vec![true])));
    leave_out(&provoked("part-2.parquet", odd, "BF0350"), "part-2.parquet");
}

fn bytes_of_rows() {
    let bench = bench();
    bench.write_object("part-2.parquet", visit("/b")).unwrap();
    bench.write_job(&guest("payloads"), "").unwrap();
    provoke(&bench, "run --swap", "BF0351");
    set(&bench, "");
    works(&bench);
}

fn half_a_parquet_object() {
    let whole = visit("/b");
    spoiled(
        "part-2.parquet",
        &whole[..whole.len() - 9],
        &whole,
        "BF0352",
    );
}

fn a_large_row_group() {
    let bench = bench();
    let page = "b".repeat(4000);
    bench.write_object("part-2.parquet", visit(&page)).unwrap();
    let most = |size: &str| set(&bench, &format!("decode.max_row_group = \"{size}\""));
    most("1 KiB");
    provoke(&bench, "run --swap", "BF0353");
    most("1 MiB");
    works(&bench);
}

/// An Avro object of one record, of a schema and with bytes that end with the length of a block.
fn avro(schema: &str, value: &[u8]) -> Vec<u8> {
    let length = |length: usize| [(length as u8) << 1 | 0x80, (length >> 6) as u8];
    let block = [&[2, (value.len() as u8) << 1][..], value].concat();
    [
        b"Obj\x01\x02\x16avro.schema",
        &length(schema.len())[..],
        schema.as_bytes(),
        &[0],
        &[7; 16],
        &block,
        &[7; 16],
    ]
    .concat()
}

fn an_array_in_place_of_records() {
    let schema = r#"{"type": "array", "items": "string"}"#;
    let object = avro(schema, &[2, 2, b'a', 0]);
    leave_out(&provoked("part-2.avro", object, "BF0355"), "part-2.avro");
}
