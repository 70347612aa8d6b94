//! What other writers made of the events in `fixtures/events.jsonl`.

use std::sync::Arc;

use bytes::Bytes;

use super::super::Footer;
use super::super::pages::pages;
use super::support::{object, planned, read, read_object};
use crate::decode::columnar::tests::{
    assert_alike, assert_alike_under, event_inputs, events_as_json, inputs_of_a_key, key_of_events,
};
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeOptions, RowGroup, Step};
use crate::schema::{Condition, Kind};

const PYARROW: &[u8] = include_bytes!("../../fixtures/pyarrow.parquet");
const PYARROW_V2: &[u8] = include_bytes!("../../fixtures/pyarrow-v2.parquet");
const PYARROW_INT96: &[u8] = include_bytes!("../../fixtures/pyarrow-int96.parquet");
const PYARROW_INT96_FAR: &[u8] = include_bytes!("../../fixtures/pyarrow-int96-far.parquet");
const DUCKDB: &[u8] = include_bytes!("../../fixtures/duckdb.parquet");
const PARQUET_MR_V1: &[u8] = include_bytes!("../../fixtures/parquet-mr-v1.parquet");
const PARQUET_MR_V2: &[u8] = include_bytes!("../../fixtures/parquet-mr-v2.parquet");

#[test]
fn what_others_write_gives_the_same_as_json() {
    for content in [
        PYARROW,
        PYARROW_V2,
        PYARROW_INT96,
        DUCKDB,
        PARQUET_MR_V1,
        PARQUET_MR_V2,
    ] {
        let projection = projection(event_inputs());
        let content = Bytes::from_static(content);
        let found = read(&projection, &DecodeOptions::default(), &content).unwrap();
        assert_alike(&projection, &found, &events_as_json());
    }
}

#[test]
fn under_a_key_rows_have_what_it_says() {
    let key = key_of_events();
    let mut inputs = event_inputs();
    inputs.extend(inputs_of_a_key());
    let mut projection = projection(inputs);
    let content = Bytes::from_static(PYARROW);
    let mut under = object("a.json", &content);
    Arc::make_mut(&mut under).key_fields = Some(Box::new(key.clone()));
    for only in [None, Some("eu"), Some("us")] {
        projection.only = only
            .map(|region| Condition {
                path: "region".to_owned(),
                any_of: vec![region.to_owned()],
            })
            .into_iter()
            .collect();
        let options = DecodeOptions::default();
        let found = read_object(&projection, &options, under.clone(), &content).unwrap();
        assert_alike_under(Some(&key), &projection, &found, &events_as_json());
    }
}

#[test]
fn what_is_read_of_row_groups_and_what_is_not_make_up_the_object() {
    for inputs in [vec![input("price", Kind::Float64)], vec![], event_inputs()] {
        let content = Bytes::from_static(PYARROW);
        let options = DecodeOptions::default();
        let file = planned(&projection(inputs), &options, &content).unwrap();
        let mut sum = 0;
        for number in 0..file.row_groups() {
            let Step::Read(ranges) = file.step(number).unwrap() else {
                panic!("there is no range of time");
            };
            let parts = ranges.into_iter().map(|range| {
                let bytes = content.slice(range.start as usize..range.end as usize);
                sum += bytes.len() as u64;
                (range, bytes)
            });
            let group = RowGroup::read(file.clone(), number, parts, ());
            sum += group.unread_bytes();
        }
        assert_eq!(sum, content.len() as u64);
    }
}

#[test]
fn int96_has_room_for_every_year_of_a_calendar() {
    let projection = projection(vec![input("at", Kind::Timestamp)]);
    let content = Bytes::from_static(PYARROW_INT96_FAR);
    let found = read(&projection, &DecodeOptions::default(), &content).unwrap();
    let json = "{\"at\":\"0001-01-01T00:00:00Z\"}\n{\"at\":\"9999-12-31T23:59:59Z\"}";
    assert_alike(&projection, &found, json);
}

#[test]
fn a_damaged_page_with_a_checksum_is_an_error() {
    let projection = projection(event_inputs());
    let options = DecodeOptions::default();
    let file = planned(&projection, &options, &Bytes::from_static(PYARROW)).unwrap();
    let chunks = (0..file.row_groups()).flat_map(|number| file.wanted_chunks(number));
    let bodies = chunks.flat_map(|chunk| {
        let range = file.chunk_range(chunk).unwrap();
        let (start, bytes) = (
            range.start as usize,
            &PYARROW[range.start as usize..range.end as usize],
        );
        let pages = pages(bytes, chunk.num_values() as u64, 4).unwrap();
        pages
            .into_iter()
            .flat_map(move |page| page.body.map(move |at| start + at))
    });
    for at in bodies {
        let mut damaged = PYARROW.to_vec();
        damaged[at] ^= 1 << (at % 8);
        assert!(
            read(&projection, &options, &damaged.into()).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn an_encrypted_footer_is_said_to_be_one() {
    let mut content = PYARROW.to_vec();
    let end = content.len() - 1;
    content[end] = b'E';
    let content = Bytes::from(content);
    let mut footer = Footer::new(&object("a.parquet", &content)).unwrap();
    let tail = footer.first();
    let tail_bytes = content.slice(tail.start as usize..);
    let error = footer.push(tail, tail_bytes).unwrap_err();
    insta::assert_snapshot!(error, @"`a.parquet` is Parquet that cannot be read: its footer is encrypted. Write it anew without encryption");
}
