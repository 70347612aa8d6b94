//! What fastavro wrote of the events in `fixtures`, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

pub(in crate::decode::columnar) mod encode;
mod growth;
pub(in crate::decode::columnar) mod messages;
mod messages_as_json;
mod messages_metadata;
mod not_read;
mod recursive;
mod unions;

use crate::decode::columnar::tests::{
    assert_alike, assert_alike_under, event_inputs, events_as_json, inputs_of_a_key, key_of_events,
};
use crate::decode::tests::support::{input, object_chunks, projection, under};
use crate::decode::{DecodeError, DecodeOptions, Decoding, Events, Projection};
use crate::schema::Kind;
use crate::units::ByteSize;

const NULL: &[u8] = include_bytes!("../fixtures/fastavro-null.avro");
const DEFLATE: &[u8] = include_bytes!("../fixtures/fastavro-deflate.avro");
const SNAPPY: &[u8] = include_bytes!("../fixtures/fastavro-snappy.avro");
const ZSTANDARD: &[u8] = include_bytes!("../fixtures/fastavro-zstandard.avro");
const BZIP2: &[u8] = include_bytes!("../fixtures/fastavro-bzip2.avro");

fn read_with(
    projection: &Projection,
    options: &DecodeOptions,
    content: &[u8],
    piece: usize,
) -> Result<Vec<Events>, DecodeError> {
    let mut decoding = Decoding::new(projection.clone(), options)?;
    let mut all = Vec::new();
    for chunk in object_chunks("a.avro", content, piece) {
        decoding.push(chunk)?;
        while let Some(events) = decoding.next()? {
            all.push(events);
        }
    }
    all.extend(decoding.finish()?);
    Ok(all)
}

/// The events of an object.
pub(in crate::decode::columnar) fn read_container(
    projection: &Projection,
    content: &[u8],
) -> Result<Vec<Events>, DecodeError> {
    read_with(projection, &DecodeOptions::default(), content, usize::MAX)
}

fn read(content: &[u8]) -> Result<Vec<Events>, DecodeError> {
    read_with(&wanted(), &DecodeOptions::default(), content, usize::MAX)
}

fn wanted() -> Projection {
    projection(event_inputs())
}

fn rows(found: &[Events]) -> u64 {
    found.iter().map(|events| events.counts.records).sum()
}

#[test]
fn every_codec_gives_the_same_as_json_in_pieces_of_any_size() {
    // An enum has names for symbols, not paths.
    let lines = events_as_json()
        .replace("\"/a\"", "\"a\"")
        .replace("\"/größe\"", "\"b\"")
        .replace("\"/c\"", "\"c\"");
    for content in [NULL, DEFLATE, SNAPPY, ZSTANDARD, BZIP2] {
        for (piece, batch_rows) in [(usize::MAX, 8192), (1, 3), (100, 1)] {
            let options = DecodeOptions {
                batch_rows,
                ..DecodeOptions::default()
            };
            let found = read_with(&wanted(), &options, content, piece).unwrap();
            assert_alike(&wanted(), &found, &lines);
        }
    }
}

#[test]
fn fields_that_are_not_wanted_and_fields_that_are_not_there_do_no_harm() {
    let few = projection(vec![
        input("geo.zip", Kind::Int64),
        input("other", Kind::Utf8),
    ]);
    let found = read_with(&few, &DecodeOptions::default(), NULL, usize::MAX).unwrap();
    assert_alike(&few, &found, &events_as_json());
    let none = projection(vec![input("other", Kind::Utf8)]);
    let found = read_with(&none, &DecodeOptions::default(), NULL, usize::MAX).unwrap();
    assert_alike(&none, &found, &events_as_json());
}

#[test]
fn under_a_key_rows_have_what_it_says() {
    let key = key_of_events();
    let mut wanted = wanted();
    wanted.inputs.truncate(2);
    wanted.inputs.extend(inputs_of_a_key());
    let options = DecodeOptions {
        batch_rows: 3,
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(wanted.clone(), &options).unwrap();
    let mut found = Vec::new();
    for chunk in under(Some(key.clone()), object_chunks("a.avro", NULL, 100)) {
        decoding.push(chunk).unwrap();
        while let Some(events) = decoding.next().unwrap() {
            found.push(events);
        }
    }
    found.extend(decoding.finish().unwrap());
    assert_alike_under(Some(&key), &wanted, &found, &events_as_json());
}

#[test]
fn an_object_that_is_cut_off_within_a_block_is_an_error() {
    for content in [NULL, DEFLATE, SNAPPY, ZSTANDARD, BZIP2] {
        let mut whole_blocks = 0;
        for length in 0..content.len() {
            if let Ok(found) = read(&content[..length]) {
                // After the header and after each block, nothing shows that more has to follow.
                whole_blocks += 1;
                assert!(rows(&found) < 10);
            }
        }
        assert!(whole_blocks <= 5, "{whole_blocks}");
    }
}

#[test]
fn no_damaged_byte_makes_it_panic_or_changes_how_many_rows_there_are() {
    for content in [NULL, SNAPPY] {
        for at in 0..content.len() {
            let mut damaged = content.to_vec();
            damaged[at] ^= 1 << (at % 8);
            if let Ok(found) = read(&damaged) {
                assert_eq!(rows(&found), 10, "byte {at}");
            }
        }
    }
}

#[test]
fn a_block_beyond_the_limit_is_an_error() {
    let options = DecodeOptions {
        max_row_group: ByteSize(500),
        ..DecodeOptions::default()
    };
    let Err(error) = read_with(&wanted(), &options, BZIP2, 64) else {
        panic!("its header is longer");
    };
    assert!(
        matches!(error, DecodeError::BlockTooLarge { .. }),
        "{error}"
    );
}
