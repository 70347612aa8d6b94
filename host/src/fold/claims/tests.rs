//! Each offset counts once, whatever worker reads it, and however often reading begins again.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::decode::{DecodeOptions, Decoding, Envelope, EventRange, Projection};
use crate::fold::PartitionOffsets;
use crate::schema::{Condition, Encoding, Input, Kind, Origin};
use crate::source::{Chunk, KeyFields, Object, TopicPartition};

fn object(key: &str, offset: i64, scattered: bool) -> Arc<Object> {
    Arc::new(Object {
        key: key.to_owned(),
        size_bytes: 1,
        etag: String::new(),
        version: None,
        modified_us: 0,
        key_fields: Some(Box::new(KeyFields {
            topic: Some("clicks".to_owned()),
            partition: Some(0),
            offset: Some(offset),
            scattered,
            ..KeyFields::default()
        })),
    })
}

/// Events of an object that holds these lines, in batches of three.
fn decoded(lines: &str, first: i64, scattered: bool, carries: bool) -> Vec<Events> {
    let begin = object("a", first, scattered);
    decoded_in_batches(lines, begin, carries, 3, Vec::new())
}

fn decoded_in_batches(
    lines: &str,
    begin: Arc<Object>,
    carries: bool,
    batch_rows: u32,
    only: Vec<Condition>,
) -> Vec<Events> {
    let options = DecodeOptions {
        batch_rows,
        envelope: match carries {
            true => Envelope::Aiven,
            false => Envelope::None,
        },
        ..DecodeOptions::default()
    };
    let input = Input {
        name: "n".to_owned(),
        origin: Origin::Path("n".to_owned()),
        kind: Kind::Int64,
        encoding: Encoding::Standard,
        nullable: true,
    };
    let projection = Projection {
        inputs: vec![input],
        only,
        event_time: None,
        range: EventRange::default(),
        cut_by_record_time: false,
        offset: None,
        value: None,
    };
    let mut decoding = Decoding::new(projection, &options).unwrap();
    for chunk in [
        Chunk::Object(begin),
        Chunk::Bytes(Bytes::from(lines.to_owned())),
        Chunk::End,
    ] {
        decoding.push(chunk).unwrap();
    }
    let mut all = Vec::new();
    while let Some(events) = decoding.next().unwrap() {
        all.push(events);
    }
    all.extend(decoding.finish().unwrap());
    all
}

/// Events of an object that holds these offsets.
fn read(offsets: &[i64], scattered: bool, carries: bool) -> Vec<Events> {
    let lines: String = offsets
        .iter()
        .map(|n| match carries {
            true => format!("{{\"offset\":{n},\"value\":{{\"n\":{n}}}}}\n"),
            false => format!("{{\"n\":{n}}}\n"),
        })
        .collect();
    let first = offsets.first().copied().unwrap_or(0);
    decoded(&lines, first, scattered, carries)
}

/// Events of an object that holds these offsets, each carried by its record; those with an even one where `even_only`.
fn read_in_batches(offsets: &[i64], batch_rows: u32, even_only: bool) -> Vec<Events> {
    let line = |n: &i64| {
        let parity = ["even", "odd"][(n % 2) as usize];
        format!("{{\"offset\":{n},\"value\":{{\"n\":{n},\"parity\":\"{parity}\"}}}}\n")
    };
    let lines: String = offsets.iter().map(line).collect();
    let only = even_only.then(|| Condition {
        path: "parity".to_owned(),
        any_of: vec!["even".to_owned()],
    });
    let begin = object("a", offsets[0], false);
    decoded_in_batches(&lines, begin, true, batch_rows, Vec::from_iter(only))
}

fn numbers(events: &Events) -> Vec<i64> {
    let column = events.batch.column(0).as_primitive::<Int64Type>();
    assert_eq!(events.provenance.rows(), column.len());
    assert_eq!(events.counts.events, column.len() as u64);
    column.values().to_vec()
}

/// Folds an object as a split; gives what is left of it.
fn fold(claims: &Arc<Claims>, own: &mut FoldedOffsets, events: Vec<Events>) -> Vec<i64> {
    fold_as(true, claims, own, events)
}

fn fold_as(
    takes_out: bool,
    claims: &Arc<Claims>,
    own: &mut FoldedOffsets,
    events: Vec<Events>,
) -> Vec<i64> {
    let (mut folded, mut split) = (Vec::new(), claims.split(1));
    for mut events in events {
        split.take_out_repeated(0, takes_out, &mut events).unwrap();
        folded.extend(numbers(&events));
    }
    own.add(&split.finish());
    folded
}

fn new_claims() -> Arc<Claims> {
    Arc::new(Claims::new(FoldedOffsets::default()))
}

fn only(offsets: &FoldedOffsets) -> PartitionOffsets {
    let mut partitions = offsets.partitions();
    let (_, only) = partitions.next().expect("a partition");
    assert!(partitions.next().is_none());
    only.clone()
}

fn covered(offsets: &FoldedOffsets) -> Vec<(i64, i64)> {
    let ranges = only(offsets).covered;
    ranges
        .ranges()
        .map(|range| (range.start, range.end))
        .collect()
}

#[test]
fn what_records_carry_is_folded_once() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    let first: Vec<i64> = (10..20).collect();
    let second: Vec<i64> = (15..27).collect();
    assert_eq!(fold(&claims, &mut own, read(&first, false, true)), first);
    let left = fold(&claims, &mut own, read(&second, false, true));
    assert_eq!(left, (20..27).collect::<Vec<_>>());
    assert_eq!(covered(&own), [(10, 27)]);
    assert_eq!(only(&own).repeated, 0);
}

#[test]
fn a_record_without_an_offset_among_records_with_offsets_counts_none() {
    let line = |n: i64| format!("{{\"offset\":{n},\"value\":{{\"n\":{n}}}}}\n");
    for text in [
        format!("broken\n{}{}", line(10), line(11)),
        format!("{}broken\nbroken\n{}", line(10), line(11)),
        format!("{}{}broken\n{{}}\n", line(10), line(11)),
        // More rejections than a batch holds, before the first offset.
        format!("{}{}{}", "broken\n".repeat(1500), line(10), line(11)),
    ] {
        let (claims, mut own) = (new_claims(), FoldedOffsets::default());
        fold(&claims, &mut own, decoded(&text, 10, false, true));
        assert_eq!((covered(&own), only(&own).repeated), (vec![(10, 12)], 0));
        let next: Vec<i64> = vec![12, 13];
        assert_eq!(fold(&claims, &mut own, read(&next, false, true)), next);
        assert_eq!((covered(&own), only(&own).repeated), (vec![(10, 14)], 0));
    }
}

#[test]
fn objects_of_which_no_record_carries_an_offset_have_consecutive_ones() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    let text = "{\"value\":{\"n\":1}}\nbroken\n{\"value\":{\"n\":2}}\n";
    fold(&claims, &mut own, decoded(text, 10, false, true));
    assert_eq!(covered(&own), [(10, 13)]);
    // The same object once more.
    fold(&claims, &mut own, decoded(text, 10, false, true));
    assert_eq!((covered(&own), only(&own).repeated), (vec![(10, 13)], 3));
}

#[test]
fn what_is_rejected_twice_is_kept_once() {
    let claims = new_claims();
    let line = |n: i64| match n % 3 {
        0 => format!("{{\"offset\":{n},\"value\":{{\"n\":\"no number\"}}}}\n"),
        _ => format!("{{\"offset\":{n},\"value\":{{\"n\":{n}}}}}\n"),
    };
    let mut offsets = Vec::new();
    for object in [0..10, 5..15] {
        let lines: String = object.clone().map(line).collect();
        let mut split = claims.split(1);
        for mut events in decoded(&lines, object.start, false, true) {
            split.take_out_repeated(0, true, &mut events).unwrap();
            assert_eq!(events.counts.rejected, events.rejected.len() as u64);
            let first = object.start;
            offsets.extend(numbers(&events));
            offsets.extend(
                events
                    .rejected
                    .iter()
                    .map(|one| first + one.position.offset),
            );
        }
    }
    offsets.sort_unstable();
    assert_eq!(offsets, (0..15).collect::<Vec<_>>());
}

#[test]
fn what_no_record_carries_is_counted_twice_and_said_so() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    fold(
        &claims,
        &mut own,
        read(&[0, 1, 2, 3, 4, 5, 6], false, false),
    );
    let again = [5, 6, 7, 8];
    assert_eq!(fold(&claims, &mut own, read(&again, false, false)), again);
    assert_eq!((covered(&own), only(&own).repeated), (vec![(0, 9)], 2));
    // And where only one of two objects tells.
    assert_eq!(fold(&claims, &mut own, read(&[8, 9], false, true)), [8, 9]);
    assert_eq!((covered(&own), only(&own).repeated), (vec![(0, 10)], 3));
}

#[test]
fn where_the_order_matters_nothing_is_taken_out() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    for _ in 0..2 {
        let events = read(&[1, 2], false, true);
        assert_eq!(fold_as(false, &claims, &mut own, events), [1, 2]);
    }
    assert_eq!(only(&own).repeated, 2);
}

#[test]
fn holes_within_an_object_are_no_gaps_and_taken_for_no_records() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    // Transactions leave such holes.
    fold(&claims, &mut own, read(&[0, 1, 3, 4, 8], false, true));
    assert_eq!(covered(&own), [(0, 9)]);
    fold(&claims, &mut own, read(&[10, 11], false, true));
    assert_eq!(covered(&own), [(0, 9), (10, 12)]);
}

#[test]
fn scattered_records_fill_each_others_holes() {
    let (claims, mut own) = (new_claims(), FoldedOffsets::default());
    let (five, six) = ([0, 1, 3, 5], [2, 4, 6, 7]);
    assert_eq!(fold(&claims, &mut own, read(&five, true, true)), five);
    assert_eq!(fold(&claims, &mut own, read(&six, true, true)), six);
    assert_eq!((covered(&own), only(&own).repeated), (vec![(0, 8)], 0));
    // Their number says nothing of their offsets.
    let mut own = FoldedOffsets::default();
    fold(&claims, &mut own, read(&five, true, false));
    assert!(own.is_empty());
}

#[test]
fn memory_is_bounded() {
    let mut offsets = FoldedOffsets::default();
    let partition = TopicPartition {
        topic: "clicks".to_owned(),
        partition: 0,
    };
    let covered = &mut offsets.of(&partition).covered;
    (0..PIECES as i64).for_each(|at| {
        covered.insert(10 * at + 100..10 * at + 101);
    });
    let mut split = Arc::new(Claims::new(offsets)).split(1);
    let mut events = read(&[0], false, false).remove(0);
    let error = split.take_out_repeated(0, true, &mut events).unwrap_err();
    insta::assert_snapshot!(error, @"the offsets that were read lie in more than 1048576 pieces, the last of them in clicks/0");
}

proptest! {
    /// Objects that overlap in any way, read by two workers in any order, one of which is killed in between.
    #[test]
    fn each_offset_counts_once_after_a_crash(
        objects in prop::collection::vec((0i64..40, 1i64..15), 1..8),
        committed in prop::collection::vec(any::<bool>(), 8),
    ) {
        let records = |(first, len): (i64, i64)| (first..first + len).collect::<Vec<_>>();
        let claims = new_claims();
        let (mut kept, mut checkpoint, mut lost) = (Vec::new(), FoldedOffsets::default(), FoldedOffsets::default());
        for (object, committed) in objects.iter().zip(&committed) {
            let events = read(&records(*object), false, true);
            if *committed {
                kept.extend(fold(&claims, &mut checkpoint, events));
            } else {
                fold(&claims, &mut lost, events);
            }
        }
        let written = serde_json::to_string(&checkpoint).unwrap();
        let mut checkpoint: FoldedOffsets = serde_json::from_str(&written).unwrap();
        let claims = Arc::new(Claims::new(checkpoint.clone()));
        for (object, _) in objects.iter().zip(&committed).filter(|(_, committed)| !**committed) {
            kept.extend(fold(&claims, &mut checkpoint, read(&records(*object), false, true)));
        }
        kept.sort_unstable();
        let mut expected: Vec<i64> = objects.iter().copied().flat_map(records).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(only(&checkpoint).repeated, 0);
    }

    /// Two lanes decode the objects of a split into batches of their own, and one of them wants only some records. Each
    /// folds each record that it wants once, also where another worker reads other splits in between.
    #[test]
    fn each_lane_of_a_split_folds_each_offset_once(
        objects in prop::collection::vec((0i64..40, 1i64..15, any::<bool>()), 1..8),
        lane_rows in [1u32..6, 1u32..6],
    ) {
        let claims = new_claims();
        let (mut offsets, mut kept) = (FoldedOffsets::default(), [vec![], vec![]]);
        let mut splits: Vec<&[(i64, i64, bool)]> = Vec::new();
        splits.extend(objects.split_inclusive(|(.., ends)| *ends));
        // The splits of two workers take turns, object by object.
        for workers in splits.chunks(2) {
            let mut open: Vec<_> = workers.iter().map(|_| claims.split(2)).collect();
            for at in 0..objects.len() {
                for (objects, split) in workers.iter().zip(&mut open) {
                    let Some((first, len, _)) = objects.get(at) else { continue };
                    let records: Vec<i64> = (*first..first + len).collect();
                    for lane in 0..2 {
                        for mut events in read_in_batches(&records, lane_rows[lane], lane == 1) {
                            split.take_out_repeated(lane, true, &mut events).unwrap();
                            kept[lane].extend(numbers(&events));
                        }
                    }
                }
            }
            open.into_iter().for_each(|split| offsets.add(&split.finish()));
        }
        let records = objects.iter().flat_map(|(first, len, _)| *first..first + len);
        let mut expected: Vec<i64> = records.collect();
        expected.sort_unstable();
        expected.dedup();
        let even: Vec<i64> = expected.iter().copied().filter(|n| n % 2 == 0).collect();
        kept.iter_mut().for_each(|kept| kept.sort_unstable());
        prop_assert_eq!(kept, [expected.clone(), even]);
        prop_assert_eq!(only(&offsets).repeated, 0);
        let covered = only(&offsets).covered;
        prop_assert_eq!(covered.ranges().flatten().collect::<Vec<_>>(), expected);
    }

    /// Objects whose offsets are in no order, and not those that their keys promise.
    #[test]
    fn each_offset_counts_once_whatever_the_objects_are(
        objects in prop::collection::vec(
            (prop::collection::vec(0i64..30, 0..12), 0i64..40, any::<bool>()),
            1..6,
        ),
    ) {
        let (claims, mut own) = (new_claims(), FoldedOffsets::default());
        let mut kept = Vec::new();
        for (offsets, first, scattered) in &objects {
            let line = |n: &i64| format!("{{\"offset\":{n},\"value\":{{\"n\":{n}}}}}\n");
            let lines: String = offsets.iter().map(line).collect();
            kept.extend(fold(&claims, &mut own, decoded(&lines, *first, *scattered, true)));
        }
        kept.sort_unstable();
        let mut expected: Vec<i64> = objects.into_iter().flat_map(|(offsets, ..)| offsets).collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(kept, expected);
        for (_, offsets) in own.partitions() {
            let mut covered = offsets.covered.clone();
            for range in offsets.claimed.ranges() {
                prop_assert_eq!(covered.insert(range.clone()), [range]);
            }
        }
    }
}
