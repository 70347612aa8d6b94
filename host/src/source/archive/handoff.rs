//! Where a live consumer of an archive continues: at offsets where keys name them, otherwise with the objects that were
//! not read.
//!
//! The greatest key would not do: where keys begin with the partition, as those of the sinks of Kafka Connect do, new
//! objects of all partitions but the last have smaller keys.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use crate::source::handoff::ObjectTime;
use crate::source::range::show_us;
use crate::source::{EventRange, Handoff, HandoffPosition, Object, TopicPartition};

/// The largest number of objects that a position lists, which bounds its memory.
const LISTED: usize = 10_000;

/// The largest number of partitions with a position. It is far beyond any cluster, and bounds the memory if the layout
/// misreads the keys: the objects of further partitions are listed.
const PARTITIONS: usize = 100_000;

/// The positions of an archive, collected while its objects are planned.
#[derive(Debug)]
pub(super) struct Positions {
    source: String,
    until_us: Option<i64>,
    lateness_us: i64,
    partitions: BTreeMap<TopicPartition, Next>,
    /// The other objects whose keys have a time, by that time.
    timed: Listed,
    /// Those whose keys have none, by the time of the last write.
    untimed: Listed,
}

/// The next offset of a partition, as far as keys name it.
#[derive(Debug)]
struct Next {
    /// The first offset of the newest object.
    newest: i64,
    /// The lowest first offset of an object that may hold events after the end of the range.
    unfinished: Option<i64>,
}

/// The newest of some objects.
#[derive(Debug, Default)]
struct Listed {
    /// By time and key, the oldest first.
    objects: BinaryHeap<Reverse<(i64, String)>>,
    newest_us: Option<i64>,
    last_key: Option<String>,
    /// The latest time of an object that is not listed for want of room.
    cut_us: Option<i64>,
}

impl Positions {
    pub(super) fn new(source: &str, range: EventRange, lateness: Duration) -> Self {
        Positions {
            source: source.to_owned(),
            until_us: range.until_us,
            lateness_us: i64::try_from(lateness.as_micros()).unwrap_or(i64::MAX),
            partitions: BTreeMap::new(),
            timed: Listed::default(),
            untimed: Listed::default(),
        }
    }

    /// Takes the next object, with the fields of its key; `span` is the time in its key.
    pub(super) fn see(&mut self, object: &Object, span: Option<EventRange>) {
        match self.offset_of(object) {
            Some((partition, offset)) => {
                let is_unfinished = self.may_exceed_range(span);
                let next = self.partitions.entry(partition).or_insert(Next {
                    newest: offset,
                    unfinished: None,
                });
                next.newest = next.newest.max(offset);
                if is_unfinished {
                    next.unfinished = Some(next.unfinished.map_or(offset, |one| one.min(offset)));
                }
            }
            None => match span.and_then(|span| span.from_us) {
                Some(time_us) => self.timed.push(&object.key, time_us),
                None => self.untimed.push(&object.key, object.modified_us),
            },
        }
    }

    /// The partition and the first offset of an object. None if its records are scattered: others of the partition, which
    /// come before the last of its records, may be written later.
    fn offset_of(&self, object: &Object) -> Option<(TopicPartition, i64)> {
        let fields = object
            .key_fields
            .as_deref()
            .filter(|fields| !fields.scattered)?;
        let partition = TopicPartition {
            topic: fields.topic.clone().unwrap_or_default(),
            partition: fields.partition?,
        };
        let has_room =
            self.partitions.len() < PARTITIONS || self.partitions.contains_key(&partition);
        Some((partition, fields.offset?)).filter(|_| has_room)
    }

    /// Whether an object of this time may hold events after the end of the range.
    fn may_exceed_range(&self, span: Option<EventRange>) -> bool {
        let Some(until_us) = self.until_us else {
            return false;
        };
        let end = span.and_then(|span| span.until_us);
        end.is_none_or(|end| end.saturating_add(self.lateness_us) > until_us)
    }

    /// The positions, and notes about them for people.
    pub(super) fn finish(self) -> (Handoff, Vec<String>) {
        let (source, range_end_us) = (self.source, self.until_us);
        let partitions = self.partitions.into_iter().map(|(partition, next)| {
            let (next, until_us) = match next.unfinished {
                Some(offset) => (offset, range_end_us),
                None => (next.newest, None),
            };
            HandoffPosition::Offset {
                source: source.clone(),
                topic: partition.topic,
                partition: partition.partition,
                next,
                until_us,
            }
        });
        let mut positions: Vec<_> = partitions.collect();
        let mut notes = Vec::new();
        let (time, mut listed, beside) = match self.timed.last_key {
            Some(_) => (ObjectTime::Key, self.timed, self.untimed),
            None => (ObjectTime::Written, self.untimed, Listed::default()),
        };
        let last_key = listed.last_key.take().max(beside.last_key.clone());
        if let Some(last_key) = last_key {
            let (since_us, mut objects) = listed.finish(self.lateness_us);
            if let Some(cut_us) = since_us.filter(|_| listed.is_cut(self.lateness_us)) {
                notes.push(format!(
                    "The handoff lists the newest {LISTED} objects, those from {} on: objects with an earlier time that are \
                     written after this plan are not seen by a consumer that continues from it.",
                    show_us(cut_us)
                ));
            }
            // All of them, however old.
            objects.extend(beside.finish(i64::MAX).1);
            if beside.cut_us.is_some() {
                notes.push(format!(
                    "The handoff lists {LISTED} of the objects whose keys have no time: a consumer that continues from it \
                     must not read the others again."
                ));
            }
            objects.sort_unstable();
            positions.push(HandoffPosition::Archive {
                source,
                last_key,
                since_us,
                time,
                objects,
                until_us: range_end_us,
            });
        }
        (Handoff { positions }, notes)
    }
}

impl Listed {
    fn push(&mut self, key: &str, time_us: i64) {
        self.newest_us = self.newest_us.max(Some(time_us));
        self.last_key = Some(key.to_owned());
        self.objects.push(Reverse((time_us, key.to_owned())));
        if self.objects.len() > LISTED {
            let oldest = self.objects.pop();
            self.cut_us = self.cut_us.max(oldest.map(|Reverse((time_us, _))| time_us));
        }
    }

    /// Whether objects are missing that are not older than the newest by more than this.
    fn is_cut(&self, lateness_us: i64) -> bool {
        let wanted_us = self.newest_us.map(|us| us.saturating_sub(lateness_us));
        self.cut_us
            .is_some_and(|cut_us| wanted_us.is_some_and(|wanted_us| cut_us >= wanted_us))
    }

    /// The time from which objects are listed, and their keys.
    fn finish(&self, lateness_us: i64) -> (Option<i64>, Vec<String>) {
        let wanted_us = self.newest_us.map(|us| us.saturating_sub(lateness_us));
        let cut_us = self.cut_us.map(|us| us.saturating_add(1));
        let since_us = wanted_us.max(cut_us);
        let objects = self.objects.iter().map(|Reverse(object)| object);
        let objects = objects.filter(|(time_us, _)| Some(*time_us) >= since_us);
        (since_us, objects.map(|(_, key)| key.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::KeyFields;

    const HOUR_US: i64 = 3_600_000_000;

    fn object(key: &str, modified_us: i64, fields: Option<(i32, i64)>) -> Object {
        let fields = fields.map(|(partition, offset)| KeyFields {
            topic: Some("clicks".to_owned()),
            partition: Some(partition),
            offset: Some(offset),
            ..KeyFields::default()
        });
        Object {
            key: key.to_owned(),
            size_bytes: 1,
            etag: String::new(),
            version: None,
            modified_us,
            key_fields: fields.map(Box::new),
        }
    }

    fn hour(number: i64) -> Option<EventRange> {
        Some(EventRange {
            from_us: Some(number * HOUR_US),
            until_us: Some((number + 1) * HOUR_US),
        })
    }

    fn positions(until_us: Option<i64>) -> Positions {
        let range = EventRange {
            from_us: None,
            until_us,
        };
        Positions::new("s3", range, Duration::from_secs(3600))
    }

    fn offset(partition: i32, next: i64, until_us: Option<i64>) -> HandoffPosition {
        HandoffPosition::Offset {
            source: "s3".to_owned(),
            topic: "clicks".to_owned(),
            partition,
            next,
            until_us,
        }
    }

    fn listed(handoff: &Handoff) -> (Option<i64>, Vec<&str>) {
        match handoff.positions.last() {
            Some(HandoffPosition::Archive {
                since_us, objects, ..
            }) => (*since_us, objects.iter().map(String::as_str).collect()),
            other => panic!("not an archive: {other:?}"),
        }
    }

    #[test]
    fn offsets_in_keys_are_positions_of_their_partitions() {
        // In the order of keys, partition 10 comes before partition 2.
        let mut positions = positions(None);
        for (partition, offset) in [(0, 0), (0, 40), (10, 0), (10, 7), (2, 0), (2, 90)] {
            let key = format!("partition={partition}/{offset:09}");
            positions.see(&object(&key, 0, Some((partition, offset))), None);
        }
        let (handoff, notes) = positions.finish();
        assert_eq!(notes, [""; 0]);
        let after = handoff.after(|partition| match partition.partition {
            0 => Some(45),
            10 => Some(8),
            _ => None,
        });
        let expected = [
            offset(0, 45, None),
            offset(2, 90, None),
            offset(10, 8, None),
        ];
        assert_eq!(after.positions, expected);
    }

    #[test]
    fn a_range_that_ends_keeps_the_offsets_whose_records_may_be_later() {
        let mut positions = positions(Some(10 * HOUR_US));
        for (partition, first, span) in [
            (0, 0, hour(7)),
            // With an hour of lateness, records of the hour from 9 on may be later than 10:00.
            (0, 50, hour(9)),
            (0, 80, hour(10)),
            (1, 0, hour(7)),
            (1, 30, hour(8)),
            (2, 20, None),
        ] {
            let key = format!("{partition}/{first}");
            positions.see(&object(&key, 0, Some((partition, first))), span);
        }
        let (handoff, _) = positions.finish();
        let until_us = Some(10 * HOUR_US);
        let expected = [
            offset(0, 50, until_us),
            offset(1, 99, None),
            offset(2, 20, until_us),
        ];
        assert_eq!(handoff.after(|_| Some(99)).positions, expected);
    }

    #[test]
    fn other_objects_are_listed_from_the_lateness_on() {
        let mut by_key = positions(Some(7));
        for (key, span) in [
            ("a", hour(8)),
            ("b", hour(4)),
            ("c", hour(9)),
            ("d", hour(7)),
            ("no time", None),
        ] {
            by_key.see(&object(key, 0, None), span);
        }
        let (handoff, notes) = by_key.finish();
        assert_eq!(notes, [""; 0]);
        let expected = (Some(8 * HOUR_US), vec!["a", "c", "no time"]);
        assert_eq!(listed(&handoff), expected);

        let mut by_write = positions(None);
        for (key, modified_us) in [("a", 8 * HOUR_US), ("b", 4 * HOUR_US), ("c", 9 * HOUR_US)] {
            by_write.see(&object(key, modified_us, None), None);
        }
        let (handoff, _) = by_write.finish();
        assert_eq!(listed(&handoff), (Some(8 * HOUR_US), vec!["a", "c"]));
    }

    #[test]
    fn records_that_are_scattered_over_objects_have_no_next_offset() {
        let mut positions = positions(None);
        let mut scattered = object("a", 5, Some((0, 3)));
        scattered.key_fields.as_mut().unwrap().scattered = true;
        positions.see(&scattered, None);
        positions.see(&object("b", 6, Some((0, 9))), None);
        let (handoff, _) = positions.finish();
        assert_eq!(handoff.positions[0], offset(0, 9, None));
        assert_eq!(listed(&handoff).1, ["a"]);
    }

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut positions = positions(None);
        for number in 0..=LISTED as i64 {
            positions.see(&object(&format!("{number:09}"), number, None), None);
        }
        let (handoff, notes) = positions.finish();
        let (since_us, objects) = listed(&handoff);
        assert_eq!((since_us, objects.len()), (Some(1), LISTED));
        insta::assert_snapshot!(notes.join("\n"), @"The handoff lists the newest 10000 objects, those from 1970-01-01T00:00:00.000001Z on: objects with an earlier time that are written after this plan are not seen by a consumer that continues from it.");
    }
}
