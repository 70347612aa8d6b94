//! Objects of few bytes that stand for very many: they are read within bounds, or refused by name.

use std::time::{Duration, Instant};

use arrow_array::Array;
use arrow_array::cast::AsArray;

use super::super::craft::*;
use super::support::read;
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeError, DecodeOptions, Events, Projection};
use crate::error::Coded;
use crate::schema::{Condition, Kind};
use crate::units::ByteSize;

const TEXT_BYTES: usize = 50_000;
const ROWS: u64 = 4_000;

/// A batch is closed at 64 MiB, and a column of one is made in parts of half of that.
const MOST_BYTES: usize = 80 << 20;

fn text() -> Vec<u8> {
    (0..TEXT_BYTES).map(|at| b'a' + (at % 26) as u8).collect()
}

/// A dictionary of one string that all rows have.
fn repeated(rows: u64) -> Craft<'static> {
    let dictionary = dictionary_page(1, &plain(&text()));
    // A run of the first entry, in bits of one each.
    let data = data_page(rows as i64, DICTIONARY, &[vec![1], run(rows, 0)].concat());
    Craft {
        schema: STRING,
        rows: rows as i64,
        values: rows as i64,
        pages: [dictionary, data].concat(),
    }
}

/// Strings that all are the one before.
fn shared(rows: u64) -> Craft<'static> {
    let length = TEXT_BYTES as i64;
    let body = [lengths(0, length, rows), lengths(length, 0, rows), text()].concat();
    Craft {
        schema: STRING,
        rows: rows as i64,
        values: rows as i64,
        pages: data_page(rows as i64, DELTA_BYTE_ARRAY, &body),
    }
}

/// One row of as many nulls.
fn nulls(items: u64) -> Craft<'static> {
    let repetition = levels(&[run(1, 0), run(items - 1, 1)]);
    let definition = levels(&[run(items, 2)]);
    Craft {
        schema: LIST,
        rows: 1,
        values: items as i64,
        pages: data_page(items as i64, PLAIN, &[repetition, definition].concat()),
    }
}

fn checked(wanted: &Projection, object: &Craft<'_>) -> Result<Vec<Events>, DecodeError> {
    let found = read(wanted, &DecodeOptions::default(), &object.object())?;
    for events in &found {
        let bytes = events.batch.get_array_memory_size();
        assert!(bytes <= MOST_BYTES, "a batch of {}", ByteSize(bytes as u64));
    }
    Ok(found)
}

#[test]
fn a_string_that_every_row_repeats_is_read_in_parts() {
    for object in [repeated(ROWS), shared(ROWS)] {
        let bytes = object.object().len();
        assert!(bytes < 200_000, "{bytes}");
        for kind in [Kind::Utf8, Kind::Json] {
            let found = checked(&projection(vec![input("s", kind)]), &object).unwrap();
            let rows: usize = found.iter().map(|events| events.batch.num_rows()).sum();
            assert_eq!(rows as u64, ROWS);
            let quotes = if kind == Kind::Json { 2 } else { 0 };
            for events in &found {
                let texts = events.batch.column(0).as_string::<i32>();
                let is_whole = |row| texts.value(row).len() == TEXT_BYTES + quotes;
                assert!((0..texts.len()).all(is_whole));
            }
            let offsets = found.iter().flat_map(|events| {
                (0..events.batch.num_rows()).map(|row| events.provenance.position(row).offset)
            });
            assert!(offsets.eq(0..ROWS as i64), "rows keep their place");
        }
    }
}

#[test]
fn of_such_strings_those_that_are_not_wanted_cost_nothing() {
    let mut wanted = projection(vec![input("s", Kind::Utf8)]);
    wanted.only.push(Condition {
        path: "s".to_owned(),
        any_of: vec!["another".to_owned()],
    });
    let found = checked(&wanted, &repeated(ROWS)).unwrap();
    let not_wanted: u64 = found.iter().map(|events| events.counts.not_wanted).sum();
    assert_eq!(not_wanted, ROWS);
}

#[test]
fn a_row_that_is_too_large_is_refused_by_its_name() {
    let began = Instant::now();
    let wanted = projection(vec![input("l", Kind::Json)]);
    let few = checked(&wanted, &nulls(1_000)).unwrap();
    assert_eq!(few[0].batch.num_rows(), 1);
    // 40 GB from less than 100 bytes of pages.
    let error = checked(&wanted, &nulls(2_000_000_000)).unwrap_err();
    assert_eq!(error.code().number, 354, "{error}");
    let told = error.to_string();
    assert!(
        told.starts_with("row group 0, column `l.list.element` of `a.parquet`: a row may take")
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn nulls_of_a_fixed_length_are_weighed() {
    let rows = 2_000;
    let schema = [Node {
        length: Some(100_000),
        repetition: 1,
        ..Node::leaf("f", FIXED)
    }];
    let object = Craft {
        schema: &schema,
        rows,
        values: rows,
        pages: data_page(rows, PLAIN, &levels(&[run(rows as u64, 0)])),
    };
    let wanted = projection(vec![input("f", Kind::Binary)]);
    let found = checked(&wanted, &object).unwrap();
    let nulls: usize = found
        .iter()
        .map(|events| events.batch.column(0).null_count())
        .sum();
    assert_eq!(nulls as i64, rows);
}

#[test]
fn lengths_and_dictionaries_that_promise_too_many_values_are_damage() {
    let damaged = |pages: Vec<u8>| {
        let object = Craft {
            schema: STRING,
            rows: 3,
            values: 3,
            pages,
        };
        let error = checked(&projection(vec![input("s", Kind::Utf8)]), &object).unwrap_err();
        assert!(matches!(error, DecodeError::Damaged { .. }), "{error}");
    };
    let many = 1 << 40;
    // Blocks of 128 values in one part, and then the count.
    let mut promised = lengths(0, 0, 3)[..3].to_vec();
    promised.extend(run(many >> 1, 0));
    damaged(data_page(3, DELTA_BYTE_ARRAY, &promised));
    damaged(data_page(3, 6, &promised));
    let dictionary = dictionary_page(i64::from(i32::MAX), &plain(b"a"));
    damaged([dictionary, data_page(3, DICTIONARY, &[1, 6, 0])].concat());
}

#[test]
fn a_page_that_says_that_it_becomes_gigabytes_is_too_large() {
    let mut object = repeated(10);
    // The first field after the type: the uncompressed size.
    let header = [0x15, 4, 0x15];
    assert_eq!(object.pages[..3], header);
    let length = object.pages[3..]
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .unwrap()
        + 1;
    let gigabytes = [0x80, 0x80, 0x80, 0x80, 0x0f];
    object.pages.splice(3..3 + length, gigabytes);
    let error = checked(&projection(vec![input("s", Kind::Utf8)]), &object).unwrap_err();
    assert!(
        matches!(error, DecodeError::RowGroupTooLarge { .. }),
        "{error}"
    );
}

#[test]
fn numbers_of_a_dictionary_that_is_missing_are_damage() {
    let number = [Node::leaf("n", INT64)];
    let object = Craft {
        schema: &number,
        rows: 3,
        values: 3,
        pages: data_page(3, DICTIONARY, &[1, 6, 0]),
    };
    let error = checked(&projection(vec![input("n", Kind::Int64)]), &object).unwrap_err();
    let DecodeError::Damaged { detail, .. } = &error else {
        panic!("{error}");
    };
    assert!(detail.contains("dictionary that is missing"), "{detail}");
}
