//! What the keys of an archive tell of its completeness, where they name Kafka offsets.
//!
//! A few numbers a partition, whatever the number of objects. Keys tell where objects begin, not where they end: so
//! this finds what is missing at the beginning and between partitions, and objects that begin twice; whether objects
//! follow on one another is known only once their records are counted: see the gate.

use std::collections::BTreeMap;

use crate::source::{EventRange, KeyFields};

/// The most partitions that are told one by one.
const TOLD: usize = 20;

/// The most partitions that are watched: far beyond any cluster, it bounds memory where keys are not what they seem.
const WATCHED: usize = 100_000;

/// What was seen of each partition.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// By topic, empty where keys name none, and partition.
    partitions: BTreeMap<(String, i32), Partition>,
    /// Objects of partitions beyond those watched.
    not_watched: u64,
    /// Objects whose records are scattered.
    scattered: u64,
}

/// What was seen of one partition. Offsets are those of the objects' first records.
#[derive(Debug, PartialEq, Eq)]
struct Partition {
    objects: u64,
    lowest: i64,
    highest: i64,
    last: i64,
    /// Objects that begin at the offset at which the one before them begins, or at the lowest or the highest so far.
    repeated: u64,
    first_repeated: Option<i64>,
}

impl Partition {
    fn see(&mut self, offset: i64) {
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
    /// Takes in the next object, by what its key says.
    pub(super) fn see(&mut self, key_fields: &KeyFields) {
        let (Some(partition), Some(offset)) = (key_fields.partition, key_fields.offset) else {
            return;
        };
        self.scattered += u64::from(key_fields.scattered);
        let topic = key_fields.topic.clone().unwrap_or_default();
        let is_full = self.partitions.len() >= WATCHED;
        match self.partitions.entry((topic, partition)) {
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().see(offset),
            std::collections::btree_map::Entry::Vacant(_) if is_full => self.not_watched += 1,
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

    /// What a person should know of it; `range` is what the job wants of the archive.
    pub(super) fn notes(&self, range: &EventRange) -> Vec<String> {
        let mut notes = Vec::new();
        let each = self.partitions.iter().take(TOLD);
        notes.extend(
            each.map(|((topic, number), partition)| match partition.objects {
                1 => format!(
                    "{} has 1 object, which begins at offset {}.",
                    shown(topic, *number),
                    partition.lowest
                ),
                objects => format!(
                    "{} has {objects} objects, which begin at offsets {} to {}.",
                    shown(topic, *number),
                    partition.lowest,
                    partition.highest
                ),
            }),
        );
        if let more @ 1.. = self.partitions.len().saturating_sub(TOLD) {
            notes.push(format!("Partitions that are not told one by one: {more}."));
        }
        if self.not_watched > 0 {
            notes.push(format!(
                "Objects of further partitions, more than {WATCHED}, of which nothing is told: {}.",
                self.not_watched
            ));
        }
        notes.extend(self.missing());
        // Where a range narrows, the beginning of the log is not wanted.
        if range.from_us.is_none() {
            notes.extend(self.begun_late());
        }
        notes.extend(self.repeated());
        if self.scattered > 0 {
            notes.push(format!(
                "Objects to which a partitioner dealt records of a partition that need not follow on one another: {}. Whether offsets are missing is known only where records carry theirs (`decode.envelope` or `decode.record_offset`).",
                self.scattered
            ));
        }
        notes
    }

    /// Partitions between 0 and the highest of a topic that have no object.
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
        missing.note("Partitions without any object, though there are such of a higher number")
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
        late.note(
            "Partitions that begin behind offset 0, so that what was before is not in the archive",
        )
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
            "Partitions with objects that begin at the same offset as another, so that their records count twice unless they carry their offsets",
        )
    }
}

/// A partition as people write it.
fn shown(topic: &str, number: i32) -> String {
    match topic {
        "" => format!("Partition {number}"),
        topic => format!("{topic}/{number}"),
    }
}

/// A list of which the first are told, and how many more there are.
#[derive(Default)]
struct Listed {
    told: Vec<String>,
    count: u64,
}

impl Listed {
    fn extend<I: IntoIterator<Item = String>>(&mut self, count: u64, all: impl FnOnce() -> I) {
        self.count += count;
        let room = TOLD - self.told.len();
        if room > 0 && count > 0 {
            self.told.extend(all().into_iter().take(room));
        }
    }

    fn note(self, what: &str) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let more = match self.count - self.told.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("{what}: {}{more}.", self.told.join(", ")))
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
    fn each_partition_is_told_with_what_is_missing_and_what_is_there_twice() {
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
        Partition 0 has 1 object, which begins at offset 7.
        clicks/0 has 4 objects, which begin at offsets 0 to 100.
        clicks/3 has 1 object, which begins at offset 42.
        views/1 has 1 object, which begins at offset 0.
        Partitions without any object, though there are such of a higher number: clicks/1, clicks/2, views/0.
        Partitions that begin behind offset 0, so that what was before is not in the archive: Partition 0 at 7, clicks/3 at 42.
        Partitions with objects that begin at the same offset as another, so that their records count twice unless they carry their offsets: clicks/0 at 100 (2 times).
        ");
        let narrowed = EventRange {
            from_us: Some(0),
            until_us: None,
        };
        insta::assert_snapshot!(notes(narrowed, [("clicks", 0, 42)]), @"clicks/0 has 1 object, which begins at offset 42.");
        assert_eq!(notes(EventRange::default(), []), "");
    }

    #[test]
    fn scattered_records_are_said_to_be_unproved() {
        let mut coverage = Coverage::default();
        coverage.see(&KeyFields {
            partition: Some(0),
            offset: Some(0),
            scattered: true,
            ..KeyFields::default()
        });
        let notes = coverage.notes(&EventRange::default());
        insta::assert_snapshot!(notes.join("\n"), @r"
        Partition 0 has 1 object, which begins at offset 0.
        Objects to which a partitioner dealt records of a partition that need not follow on one another: 1. Whether offsets are missing is known only where records carry theirs (`decode.envelope` or `decode.record_offset`).
        ");
    }

    #[test]
    fn many_partitions_are_not_told_one_by_one() {
        let objects = (0..50).map(|number| ("clicks", number * 2, 1));
        let notes = notes(EventRange::default(), objects);
        assert_eq!(notes.lines().count(), TOLD + 3);
        insta::assert_snapshot!(notes.lines().skip(TOLD).collect::<Vec<_>>().join("\n"), @r"
        Partitions that are not told one by one: 30.
        Partitions without any object, though there are such of a higher number: clicks/1, clicks/3, clicks/5, clicks/7, clicks/9, clicks/11, clicks/13, clicks/15, clicks/17, clicks/19, clicks/21, clicks/23, clicks/25, clicks/27, clicks/29, clicks/31, clicks/33, clicks/35, clicks/37, clicks/39 and 29 more.
        Partitions that begin behind offset 0, so that what was before is not in the archive: clicks/0 at 1, clicks/2 at 1, clicks/4 at 1, clicks/6 at 1, clicks/8 at 1, clicks/10 at 1, clicks/12 at 1, clicks/14 at 1, clicks/16 at 1, clicks/18 at 1, clicks/20 at 1, clicks/22 at 1, clicks/24 at 1, clicks/26 at 1, clicks/28 at 1, clicks/30 at 1, clicks/32 at 1, clicks/34 at 1, clicks/36 at 1, clicks/38 at 1 and 30 more.
        ");
        // Nothing is walked through that a key claims: that would take minutes.
        assert!(
            super::tests::notes(EventRange::default(), [("t", i32::MAX, 0)])
                .contains("2147483627 more")
        );
    }

    #[test]
    fn only_so_many_partitions_are_watched() {
        let mut coverage = Coverage::default();
        for partition in 0..WATCHED as i32 + 5 {
            coverage.see(&KeyFields {
                partition: Some(partition),
                offset: Some(0),
                ..KeyFields::default()
            });
        }
        assert_eq!(
            (coverage.partitions.len(), coverage.not_watched),
            (WATCHED, 5)
        );
    }
}
