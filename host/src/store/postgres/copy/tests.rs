//! What is encoded is decoded to the same rows, however the stream is cut.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::schema::{Kind, Output};
use crate::store::TableColumns;

const KINDS: [Kind; 8] = [
    Kind::Boolean,
    Kind::Int64,
    Kind::Float64,
    Kind::Timestamp,
    Kind::Date,
    Kind::Utf8,
    Kind::Binary,
    Kind::Json,
];

const MICROSECONDS: std::ops::RangeInclusive<i64> =
    -62_135_596_800_000_000..=253_402_300_799_999_999;
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

fn column(name: &str, kind: Kind, nullable: bool) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable,
    }
}

/// A key of a number and a column of each kind.
fn all_kinds() -> TableColumns {
    TableColumns {
        keys: vec![column("key", Kind::Int64, false)],
        values: KINDS
            .iter()
            .map(|kind| column(kind.name(), *kind, true))
            .collect(),
    }
}

fn written(columns: &TableColumns, batch: &RecordBatch) -> Vec<u8> {
    let encoded = Encoded::new(columns, batch).unwrap();
    let mut stream = BytesMut::from(&HEADER[..]);
    let mut row = 0;
    while row < encoded.rows() {
        let next = encoded.write(row, &mut stream, 1);
        assert_eq!(next, row + 1, "one byte is enough after one row");
        row = next;
    }
    stream.extend_from_slice(&TRAILER);
    stream.to_vec()
}

fn decoded(columns: &TableColumns, stream: &[u8], piece: usize) -> RecordBatch {
    let mut decoder = Decoder::new(columns, 0);
    for piece in stream.chunks(piece) {
        assert!(!decoder.has_ended());
        decoder.take(piece).unwrap();
    }
    assert!(decoder.has_ended());
    decoder.batch().unwrap()
}

prop_compose! {
    fn arrays(rows: usize)(
        keys in vec(any::<i64>(), rows),
        booleans in vec(option::of(any::<bool>()), rows),
        integers in vec(option::of(any::<i64>()), rows),
        floats in vec(option::of(any::<f64>()), rows),
        moments in vec(option::of(MICROSECONDS), rows),
        days in vec(option::of(DAYS), rows),
        texts in vec(option::of("[^\0]{0,9}"), rows),
        bytes in vec(option::of(vec(any::<u8>(), 0..9)), rows),
    ) -> Vec<ArrayRef> {
        let json: StringArray = texts.iter().map(|text| text.as_ref().map(|text| serde_json::to_string(text).unwrap())).collect();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(keys)),
            Arc::new(BooleanArray::from(booleans)),
            Arc::new(Int64Array::from(integers)),
            Arc::new(Float64Array::from(floats)),
            Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")),
            Arc::new(Date32Array::from(days)),
            Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>()),
            Arc::new(bytes.iter().map(Option::as_deref).collect::<BinaryArray>()),
            Arc::new(json),
        ];
        arrays
    }
}

proptest! {
    #[test]
    fn rows_come_back(
        arrays in (0..20_usize).prop_flat_map(arrays),
        from in 0..20_usize,
        piece in 1..200_usize,
    ) {
        let columns = all_kinds();
        let whole = RecordBatch::try_new(columns.schema(), arrays).unwrap();
        let from = from.min(whole.num_rows());
        let batch = whole.slice(from, whole.num_rows() - from);
        let found = decoded(&columns, &written(&columns, &batch), piece);
        // Equality of bits: NaN is not equal to itself.
        prop_assert_eq!(found.columns().iter().map(|array| array.to_data()).collect::<Vec<_>>(),
            batch.columns().iter().map(|array| array.to_data()).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_refused_or_decoded(bytes in vec(any::<u8>(), 0..200), cut in 0..200_usize) {
        let columns = all_kinds();
        let mut stream = HEADER.to_vec();
        stream.extend_from_slice(&9_i16.to_be_bytes());
        stream.extend(bytes);
        let mut decoder = Decoder::new(&columns, 0);
        let (first, second) = stream.split_at(cut.min(stream.len()));
        let _ = decoder.take(first).and_then(|()| decoder.take(second));
    }
}

/// The refusal of the last value of a column after values that can be kept.
fn refused(kind: Kind, is_key: bool, array: ArrayRef) -> Option<(String, usize, &'static str)> {
    let columns = match is_key {
        true => TableColumns {
            keys: vec![column("day", Kind::Int64, false), column("it", kind, true)],
            values: Vec::new(),
        },
        false => TableColumns {
            keys: vec![column("day", Kind::Int64, false)],
            values: vec![column("it", kind, true)],
        },
    };
    let days: ArrayRef = Arc::new(Int64Array::from(vec![1; array.len()]));
    let batch = RecordBatch::try_new(columns.schema(), vec![days, array]).unwrap();
    let refused = Encoded::new(&columns, &batch).err()?;
    Some((refused.column.name.clone(), refused.row, refused.why))
}

#[test]
fn what_postgresql_would_refuse_is_found_in_its_place() {
    let moments = |values: Vec<Option<i64>>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
    };
    let texts = |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let deep = format!("{}{}", "[".repeat(1001), "]".repeat(1001));
    let (long, shorter) = ("x".repeat(2585), "x".repeat(2584));
    let cases: [(Kind, bool, ArrayRef); 6] = [
        (
            Kind::Timestamp,
            false,
            moments(vec![None, Some(*MICROSECONDS.end() + 1)]),
        ),
        (
            Kind::Date,
            false,
            Arc::new(Date32Array::from(vec![*DAYS.start(), *DAYS.start() - 1])),
        ),
        (Kind::Utf8, false, texts(vec![Some("a"), Some("b\0")])),
        (
            Kind::Json,
            false,
            texts(vec![Some(" [1.50]\n"), Some("{a: 1}")]),
        ),
        (Kind::Json, false, texts(vec![Some("1e400"), Some(&deep)])),
        (Kind::Utf8, true, texts(vec![Some(&shorter), Some(&long)])),
    ];
    let mut found = String::new();
    for (kind, is_key, array) in cases {
        let Some((column, row, why)) = refused(kind, is_key, array.clone()) else {
            panic!("{array:?} was not refused");
        };
        assert_eq!((column.as_str(), row), ("it", 1), "{array:?}");
        found.push_str(&format!("{why}\n"));
        // Null is no value, whatever stands in its place.
        let nulls = arrow_buffer::NullBuffer::from(vec![true, false]);
        let data = array.to_data().into_builder().nulls(Some(nulls)).build();
        let without = arrow_array::make_array(data.unwrap());
        assert_eq!(refused(kind, is_key, without), None, "{array:?}");
    }
    insta::assert_snapshot!(found, @r"
    a moment outside the years 0001 to 9999
    a day outside the years 0001 to 9999
    U+0000, which text in PostgreSQL cannot have
    text that is no JSON
    JSON of more than 1000 levels
    so much that the key is longer than 2,600 bytes, and no index of PostgreSQL takes it
    ");
}
