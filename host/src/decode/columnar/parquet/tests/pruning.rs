//! Row groups are passed over only where no event can be lost.

use std::sync::Arc;

use arrow_array::*;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use proptest::prelude::*;

use super::super::Step;
use super::support::{planned, read, written};
use crate::decode::columnar::tests::events;
use crate::decode::tests::support::{input, projection};
use crate::decode::{DecodeOptions, EventRange, Projection};
use crate::schema::{Encoding, Input, Kind};

fn wanted(encoding: Encoding, range: EventRange) -> Projection {
    let mut projection = projection(vec![Input {
        encoding,
        ..input("t", Kind::Timestamp)
    }]);
    projection.event_time = Some(0);
    projection.range = range;
    projection
}

fn content(times: ArrayRef, properties: WriterProperties) -> bytes::Bytes {
    let batch = RecordBatch::try_from_iter_with_nullable([("t", times, true)]).unwrap();
    written(&[batch], properties)
}

/// Whether the only row group is passed over.
fn passes_over(projection: &Projection, content: &bytes::Bytes) -> bool {
    let file = planned(projection, &DecodeOptions::default(), content).unwrap();
    file.step(0).unwrap() == Step::PassOver
}

#[test]
fn timestamps_of_each_unit_are_compared_as_what_they_become() {
    use Encoding::*;
    let range = |from_us: i64, until_us: i64| EventRange {
        from_us: Some(from_us),
        until_us: Some(until_us),
    };
    // Each from 10 s up to and with 20 s.
    let cases: [(ArrayRef, Encoding); 7] = [
        (
            Arc::new(TimestampMillisecondArray::from(vec![10_000, 20_000])),
            Standard,
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![
                10_000_000, 20_000_000,
            ])),
            Standard,
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![
                10_000_000_999,
                20_000_000_999,
            ])),
            Standard,
        ),
        (Arc::new(Int32Array::from(vec![10, 20])), EpochSeconds),
        (Arc::new(Int64Array::from(vec![20, 10])), EpochSeconds),
        (
            Arc::new(Int64Array::from(vec![10_000, 20_000])),
            EpochMilliseconds,
        ),
        (
            Arc::new(Int64Array::from(vec![10_000_000_000, 20_000_000_000])),
            EpochNanoseconds,
        ),
    ];
    for (times, encoding) in cases {
        println!("{} {encoding:?}", times.data_type());
        let content = content(times, WriterProperties::default());
        for (range, is_outside) in [
            (range(0, 10_000_000), true),
            (range(0, 10_000_001), false),
            (range(20_000_000, 30_000_000), false),
            (range(20_000_001, 30_000_000), true),
            (range(12_000_000, 13_000_000), false),
        ] {
            assert_eq!(
                passes_over(&wanted(encoding, range), &content),
                is_outside,
                "{range:?}"
            );
        }
    }
}

#[test]
fn what_statistics_do_not_tell_is_read() {
    let past = EventRange {
        from_us: Some(1 << 60),
        until_us: None,
    };
    let with = |times: ArrayRef, encoding, statistics| {
        let properties = WriterProperties::builder().set_statistics_enabled(statistics);
        passes_over(&wanted(encoding, past), &content(times, properties.build()))
    };
    let times = |times: Vec<Option<i64>>| Arc::new(TimestampMicrosecondArray::from(times));
    use EnabledStatistics::{Chunk, None as Nothing};
    assert!(with(
        times(vec![Some(1), Some(2)]),
        Encoding::Standard,
        Chunk
    ));
    // A row without event time is rejected, not passed over.
    assert!(!with(times(vec![Some(1), None]), Encoding::Standard, Chunk));
    assert!(!with(times(vec![Some(1)]), Encoding::Standard, Nothing));
    // One that no timestamp can hold, too.
    let seconds: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 1]));
    assert!(!with(seconds, Encoding::EpochSeconds, Chunk));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["2026-05-03T15:00:00Z"]));
    assert!(!with(texts, Encoding::Standard, Chunk));
    let unsigned: ArrayRef = Arc::new(UInt32Array::from(vec![1, u32::MAX]));
    assert!(!with(unsigned, Encoding::EpochSeconds, Chunk));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_event_is_lost(
        times in proptest::collection::vec(proptest::option::weighted(0.95, -50..50i64), 1..60),
        group_rows in 1..8usize,
        from in proptest::option::of(-60..60i64),
        until in proptest::option::of(-60..60i64),
    ) {
        let range = EventRange { from_us: from, until_us: until };
        let wanted = wanted(Encoding::EpochMicroseconds, range);
        let times: ArrayRef = Arc::new(Int64Array::from(times));
        let batch = RecordBatch::try_from_iter_with_nullable([("t", times, true)]).unwrap();
        let expected = events(wanted.clone(), &batch).unwrap();
        let properties =
            WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
        let found = read(&wanted, &DecodeOptions::default(), &written(&[batch], properties)).unwrap();
        let sum = |value: fn(&crate::decode::Counts) -> u64| {
            found.iter().map(|events| value(&events.counts)).sum::<u64>()
        };
        prop_assert_eq!(sum(|counts| counts.events), expected.counts.events);
        prop_assert_eq!(sum(|counts| counts.rejected), expected.counts.rejected);
        prop_assert_eq!(sum(|counts| counts.out_of_range), expected.counts.out_of_range);
        prop_assert_eq!(sum(|counts| counts.records), expected.counts.records);
    }
}
