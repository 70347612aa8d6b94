//! The tests of [`RangeReader`]: drivers without one pass.

use std::ops::Range;

use futures::future::join_all;

use super::{Damage, Fixture, Record, fill, plan, soon};
use crate::source::{Object, RangeReader, ReplayDriver, SourceError, Split, SplitInput};

/// Any range of any object is exactly that of its content, one at a time and many at a time; one that reaches beyond the
/// object is an error.
pub async fn ranges_are_exact<F: Fixture>(mut fixture: F) {
    let put = fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, _) = plan(driver.as_ref()).await;
    let Some(reader) = driver.ranges() else {
        return;
    };
    for object in objects(&splits) {
        let content = content_of(&put, &object.key);
        let size = content.len() as u64;
        let ranges: Vec<_> = ranges(size).collect();
        for range in &ranges {
            let read = read(reader, object, range.clone()).await.expect("read");
            assert_range(object, range, &read, content);
        }
        let all = ranges
            .iter()
            .map(|range| read(reader, object, range.clone()));
        for (range, read) in ranges.iter().zip(join_all(all).await) {
            assert_range(object, range, &read.expect("read side by side"), content);
        }
        for beyond in [size..size + 1, size / 2..size + 1, size + 5..size + 9] {
            let found = read(reader, object, beyond.clone()).await;
            assert!(found.is_err(), "bytes {beyond:?} of {size} were delivered");
        }
    }
}

/// Ranges at both ends and in the middle, short ones, empty ones and the whole object.
fn ranges(size: u64) -> impl Iterator<Item = Range<u64>> {
    let ranges = [0, 1, 8, 4096, size / 2, size].map(|length| {
        let length = length.min(size);
        let middle = (size - length) / 2;
        [0..length, middle..middle + length, size - length..size]
    });
    ranges.into_iter().flatten()
}

/// A range of an object other than the planned one fails by the object's name; ranges of other objects do not.
pub(super) async fn damage_is_found_in_ranges(
    driver: &dyn ReplayDriver,
    splits: &[Split],
    damaged: &str,
    damage: Damage,
) {
    let Some(reader) = driver.ranges() else {
        return;
    };
    for object in objects(splits) {
        let (half, size) = (object.size_bytes / 2, object.size_bytes);
        for range in [0..size.min(8), half..size.min(half + 8), 0..size] {
            let found = read(reader, object, range.clone()).await;
            if object.key != damaged {
                assert!(found.is_ok(), "`{}` is whole: {found:?}", object.key);
                continue;
            }
            let error = found.expect_err("a range of a damaged object was delivered");
            assert!(
                error.to_string().contains(damaged),
                "{damage:?} `{damaged}` is not named: {error}"
            );
        }
    }
}

async fn read(
    reader: &dyn RangeReader,
    object: &Object,
    range: Range<u64>,
) -> Result<bytes::Bytes, SourceError> {
    soon(reader.read(object, range)).await
}

fn objects(splits: &[Split]) -> impl Iterator<Item = &Object> {
    splits.iter().flat_map(|split| match &split.input {
        SplitInput::Objects(objects) => objects.as_slice(),
        SplitInput::Offsets { .. } => &[],
    })
}

fn content_of<'a>(put: &'a [Record], key: &str) -> &'a [u8] {
    let (_, content) = put.iter().find(|(put, _)| put == key).expect("put");
    content
}

fn assert_range(object: &Object, range: &Range<u64>, read: &[u8], content: &[u8]) {
    let expected = &content[range.start as usize..range.end as usize];
    assert!(
        read == expected,
        "bytes {range:?} of `{}`: {} bytes were delivered, and not those",
        object.key,
        read.len()
    );
}
