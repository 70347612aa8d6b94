//! Notes about missing and repeated objects of an archive, from the Kafka offsets in its keys.
//!
//! The memory is a few numbers for each partition, whatever the number of objects. A key has the first offset of its
//! object, but not the last one. So these notes cover missing partitions, partitions that start late, and objects with
//! the same first offset. Gaps between objects are found later, when their records are counted, by the gate.

use std::collections::BTreeMap;

use crate::source::{EventRange, KeyFields};

/// The largest number of partitions that a note lists.
const LISTED: usize = 20;

/// The largest number of partitions that are tracked. It is far beyond any cluster, and bounds the memory if the layout
/// misreads the keys.
const TRACKED: usize = 100_000;

/// The offsets that were seen in keys, by partition.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// By topic and partition; the topic is empty if the keys have none.
    partitions: BTreeMap<(String, i32), Partition>,
    /// The number of objects of partitions that are not tracked.
    not_tracked: u64,
    /// The number of objects whose records are scattered.
    scattered: u64,
}

/// The objects of one partition. All offsets are those of first records.
#[derive(Debug, PartialEq, Eq)]
struct Partition {
    objects: u64,
    lowest: i64,
    highest: i64,
    last: i64,
    /// The number of objects with the same offset as the object before them, or as the lowest or the highest so far.
    repeated: u64,
    first_repeated: Option<i64>,
}

impl Partition {
    fn add(&mut self, offset: i64) {
        if [self.lowest, self.highest, self.last].contains(&offset) {
            self.repeated += 1;
            self.first_repeated.get_or_insert(offset);
        }
        self.objects += 1;
        self.lowest = self.lowest.min(offset);
        self.highest = self.highest.max(offset);
        self.last = offset;
    }
}

impl Coverage {
    /// Adds the next object, by the fields of its key.
    pub(super) fn see(&mut self, key_fields: &KeyFields) {
        let (Some(partition), Some(offset)) = (key_fields.partition, key_fields.offset) else {
            return;
        };
        self.scattered += u64::from(key_fields.scattered);
        let topic = key_fields.topic.clone().unwrap_or_default();
        let is_full = self.partitions.len() >= TRACKED;
        match self.partitions.entry((topic, partition)) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().add(offset),
            std::collections::btree_map::Entry::Vacant(_) if is_full => self.not_tracked += 1,
            std::collections::btree_map::Entry::Vacant(fresh) => {
                fresh.insert(Partition {
                    objects: 1,
                    lowest: offset,
                    highest: offset,
                    last: offset,
                    repeated: 0,
                    first_repeated: None,
                });
            }
        }
    }

    /// Notes for the user, one sentence each; `range` is the range of the job.
    pub(super) fn notes(&self, range: &EventRange) -> Vec<String> {
        let mut notes = Vec::new();
        let each = self.partitions.iter().take(LISTED);
        notes.extend(
            each.map(|((topic, number), partition)| match partition.objects {
                1 => format!(
                    "{} has 1 object, which starts at offset {}.",
                    shown(topic, *number),
                    partition.lowest
                ),
                objects => format!(
                    "{} has {objects} objects, which start at offsets {} to {}.",
                    shown(topic, *number),
                    partition.lowest,
                    partition.highest
                ),
            }),
        );
        if let more @ 1.. = self.partitions.len().saturating_sub(LISTED) {
            notes.push(format!("Further partitions that are not listed: {more}."));
        }
        if self.not_tracked > 0 {
            notes.push(format!(
                "Objects of partitions after the first {TRACKED}, which are not checked: {}.",
                self.not_tracked
            ));
        }
        notes.extend(self.missing());
        // With a lower bound, the start of the log need not be in the archive.
        if range.from_us.is_none() {
            notes.extend(self.begun_late());
        }
        notes.extend(self.repeated());
        if self.scattered > 0 {
            notes.push(format!(
                "Objects that a partitioner filled with records of a partition between which offsets may be missing: {}. Missing offsets can be found only if the records contain their offsets (`decode.envelope` or `decode.record_offset`).",
                self.scattered
            ));
        }
        notes
    }

    /// The partitions between 0 and the highest one of a topic that have no object.
    fn missing(&self) -> Option<String> {
        let mut missing = Listed::default();
        let mut before: Option<(&str, i32)> = None;
        for (topic, number) in self.partitions.keys() {
            let begin = match before {
                Some((same, number)) if same == topic => number.saturating_add(1),
                _ => 0,
            };
            missing.extend(u64::from(number.abs_diff(begin)), || {
                (begin..*number).map(|number| shown(topic, number))
            });
            before = Some((topic, *number));
        }
        missing.note(
            "Partitions without objects, although partitions with a higher number have objects",
        )
    }

    fn begun_late(&self) -> Option<String> {
        let mut late = Listed::default();
        for ((topic, number), partition) in &self.partitions {
            if partition.lowest > 0 {
                late.extend(1, || {
                    [format!("{} at {}", shown(topic, *number), partition.lowest)]
                });
            }
        }
        late.note("Partitions that start after offset 0, so earlier records are not in the archive")
    }

    fn repeated(&self) -> Option<String> {
        let mut repeated = Listed::default();
        for ((topic, number), partition) in &self.partitions {
            if let Some(offset) = partition.first_repeated {
                repeated.extend(1, || {
                    [format!(
                        "{} at {offset} ({} times)",
                        shown(topic, *number),
                        partition.repeated
                    )]
                });
            }
        }
        repeated.note(
            "Partitions with several objects that start at the same offset; their records count twice unless they contain their offsets",
        )
    }
}

/// A partition as notes show it.
fn shown(topic: &str, number: i32) -> String {
    match topic {
        "" => format!("Partition {number}"),
        topic => format!("{topic}/{number}"),
    }
}

/// The first items of a list, and the number of all of them.
#[derive(Default)]
struct Listed {
    shown: Vec<String>,
    count: u64,
}

impl Listed {
    fn extend<I: IntoIterator<Item = String>>(&mut self, count: u64, all: impl FnOnce() -> I) {
        self.count += count;
        let room = LISTED - self.shown.len();
        if room > 0 && count > 0 {
            self.shown.extend(all().into_iter().take(room));
        }
    }

    fn note(self, what: &str) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let more = match self.count - self.shown.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("{what}: {}{more}.", self.shown.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(
        range: EventRange,
        objects: impl IntoIterator<Item = (&'static str, i32, i64)>,
    ) -> String {
        let mut coverage = Coverage::default();
        for (topic, partition, offset) in objects {
            coverage.see(&KeyFields {
                topic: (!topic.is_empty()).then(|| topic.to_owned()),
                partition: Some(partition),
                offset: Some(offset),
                ..KeyFields::default()
            });
        }
        coverage.notes(&range).join("\n")
    }

    #[test]
    fn notes_list_each_partition_and_what_is_missing_or_repeated() {
        let objects = [
            ("clicks", 0, 0),
            ("clicks", 0, 100),
            ("clicks", 0, 100),
            ("clicks", 0, 0),
            ("clicks", 3, 42),
            ("views", 1, 0),
            ("", 0, 7),
        ];
        insta::assert_snapshot!(notes(EventRange::default(), objects), @r"
        Partition 0 has 1 object, which starts at offset 7.
        clicks/0 has 4 objects, which start at offsets 0 to 100.
        clicks/3 has 1 object, which starts at offset 42.
        views/1 has 1 object, which starts at offset 0.
        Partitions without objects, although partitions with a higher number have objects: clicks/1, clicks/2, views/0.
        Partitions that start after offset 0, so earlier records are not in the archive: Partition 0 at 7, clicks/3 at 42.
        Partitions with several objects that start at the same offset; their records count twice unless they contain their offsets: clicks/0 at 100 (2 times).
        ");
        let narrowed = EventRange {
            from_us: Some(0),
            until_us: None,
        };
        insta::assert_snapshot!(notes(narrowed, [("clicks", 0, 42)]), @"clicks/0 has 1 object, which starts at offset 42.");
        assert_eq!(notes(EventRange::default(), []), "");
    }

    #[test]
    fn scattered_records_have_a_note() {
        let mut coverage = Coverage::default();
        coverage.see(&KeyFields {
            partition: Some(0),
            offset: Some(0),
            scattered: true,
            ..KeyFields::default()
        });
        let notes = coverage.notes(&EventRange::default());
        insta::assert_snapshot!(notes.join("\n"), @r"
        Partition 0 has 1 object, which starts at offset 0.
        Objects that a partitioner filled with records of a partition between which offsets may be missing: 1. Missing offsets can be found only if the records contain their offsets (`decode.envelope` or `decode.record_offset`).
        ");
    }

    #[test]
    fn only_the_first_partitions_are_listed() {
        let objects = (0..50).map(|number| ("clicks", number * 2, 1));
        let notes = notes(EventRange::default(), objects);
        assert_eq!(notes.lines().count(), LISTED + 3);
        insta::assert_snapshot!(notes.lines().skip(LISTED).collect::<Vec<_>>().join("\n"), @r"
        Further partitions that are not listed: 30.
        Partitions without objects, although partitions with a higher number have objects: clicks/1, clicks/3, clicks/5, clicks/7, clicks/9, clicks/11, clicks/13, clicks/15, clicks/17, clicks/19, clicks/21, clicks/23, clicks/25, clicks/27, clicks/29, clicks/31, clicks/33, clicks/35, clicks/37, clicks/39 and 29 more.
        Partitions that start after offset 0, so earlier records are not in the archive: clicks/0 at 1, clicks/2 at 1, clicks/4 at 1, clicks/6 at 1, clicks/8 at 1, clicks/10 at 1, clicks/12 at 1, clicks/14 at 1, clicks/16 at 1, clicks/18 at 1, clicks/20 at 1, clicks/22 at 1, clicks/24 at 1, clicks/26 at 1, clicks/28 at 1, clicks/30 at 1, clicks/32 at 1, clicks/34 at 1, clicks/36 at 1, clicks/38 at 1 and 30 more.
        ");
        // The partitions before a high number are not enumerated: that would take minutes.
        assert!(
            super::tests::notes(EventRange::default(), [("t", i32::MAX, 0)])
                .contains("2147483627 more")
        );
    }

    #[test]
    fn the_number_of_tracked_partitions_is_bounded() {
        let mut coverage = Coverage::default();
        for partition in 0..TRACKED as i32 + 5 {
            coverage.see(&KeyFields {
                partition: Some(partition),
                offset: Some(0),
                ..KeyFields::default()
            });
        }
        assert_eq!(
            (coverage.partitions.len(), coverage.not_tracked),
            (TRACKED, 5)
        );
    }
}
