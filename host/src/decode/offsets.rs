//! Which offsets of a topic were read, for objects whose keys have the partition and the first offset.
//!
//! The offsets of the other records are consecutive, unless the records carry their own offsets: then those count, and a
//! record that carries none, such as a broken line, has no offset. For an object whose records are scattered (see
//! [`KeyFields::scattered`]), only offsets that records carry count.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{KeyFields, TopicPartition};

/// The offsets of consecutive records of one object, as part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOffsets {
    /// Topic and partition that the records were archived from.
    pub partition: Arc<TopicPartition>,
    /// Whether the object's records are scattered, as in [`KeyFields::scattered`].
    pub is_scattered: bool,
    /// Offsets that the object accounts for: those of the records, and the gap before them, for which the log had no
    /// records.
    pub covered: Range<i64>,
    /// The consecutive offsets that the records carry. Empty if they carry none.
    pub carried: Range<i64>,
    /// Rows of the batch that carry an offset, and that offset.
    pub rows: Vec<(u32, i64)>,
    /// Rejections of the batch that carry an offset, by index, and that offset.
    pub rejected: Vec<(u32, i64)>,
}

/// Index of a record among the rows or the rejections of the batch, if it is one of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum RecordPlace {
    Row(usize),
    Rejected(usize),
    Nowhere,
}

impl ReadOffsets {
    fn add(&mut self, offset: i64, place: RecordPlace) {
        // Batches are far smaller than 4 Gi rows.
        match place {
            RecordPlace::Row(row) => self.rows.push((row as u32, offset)),
            RecordPlace::Rejected(at) => self.rejected.push((at as u32, offset)),
            RecordPlace::Nowhere => {}
        }
    }
}

/// Collects the offsets of the records of objects.
#[derive(Debug, Default)]
pub(super) struct OffsetTracker {
    /// Whether records may carry their offsets: the job names a path for them.
    may_carry: bool,
    object: Option<TrackedObject>,
    ranges: Vec<ReadOffsets>,
    /// Whether the last range is of the object being read, and can be extended.
    is_open: bool,
}

#[derive(Debug)]
struct TrackedObject {
    partition: Arc<TopicPartition>,
    /// The offset after those that the object accounts for so far.
    next: i64,
    is_scattered: bool,
    /// Whether a record of the object carries its offset.
    carries: bool,
    /// Records without an offset, as long as no record carries one: whether their offsets are consecutive is not yet
    /// known.
    without: u64,
}

impl OffsetTracker {
    /// A tracker of objects whose records may carry their offsets, or do not.
    pub(super) fn new(may_carry: bool) -> Self {
        OffsetTracker {
            may_carry,
            ..OffsetTracker::default()
        }
    }

    /// Prepares for the records of an object with these key fields.
    pub(super) fn begin(&mut self, key_fields: Option<&KeyFields>) {
        self.end();
        self.is_open = false;
        self.object = key_fields.and_then(|key_fields| {
            Some(TrackedObject {
                partition: Arc::new(TopicPartition {
                    topic: key_fields.topic.clone().unwrap_or_default(),
                    partition: key_fields.partition?,
                }),
                next: key_fields.offset?,
                is_scattered: key_fields.scattered,
                carries: false,
                without: 0,
            })
        });
    }

    /// Ends the object being read: if none of its records carried an offset, theirs are consecutive.
    pub(super) fn end(&mut self) {
        if let Some(object) = &mut self.object {
            let without = std::mem::take(&mut object.without);
            self.see_more(without);
        }
    }

    /// Whether no offset was read since the batch before.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the offsets of the object being read are collected.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.object.is_some()
    }

    /// Adds the next record: the offset that it carries, and where it went.
    #[inline]
    pub(super) fn see(&mut self, carried: Option<i64>, place: RecordPlace) {
        if self.is_on() {
            match carried {
                Some(offset) => self.see_carried(offset, place),
                None => self.see_without(1),
            }
        }
    }

    /// Adds records that carry no offset.
    pub(super) fn see_without(&mut self, records: u64) {
        match &mut self.object {
            Some(object) if self.may_carry => {
                // Between records that carry offsets, such a record has none that anything is known of.
                object.without += if object.carries { 0 } else { records };
            }
            _ => self.see_more(records),
        }
    }

    /// Adds records that were not decoded, with consecutive offsets.
    pub(super) fn see_more(&mut self, records: u64) {
        let Some(object) = &mut self.object else {
            return;
        };
        if object.is_scattered || records == 0 {
            return;
        }
        let start = object.next;
        object.next = start.saturating_add_unsigned(records);
        let end = object.next;
        if let Some(last) = self.ranges.last_mut()
            && self.is_open
            && last.carried.is_empty()
        {
            last.covered.end = end;
            return;
        }
        self.open(start..end, 0..0);
    }

    fn see_carried(&mut self, offset: i64, place: RecordPlace) {
        let Some(object) = &mut self.object else {
            return;
        };
        (object.carries, object.without) = (true, 0);
        // No record has the largest integer as its offset.
        let end = offset.saturating_add(1);
        let covered = if object.is_scattered {
            offset..end
        } else {
            object.next.min(offset)..end
        };
        object.next = object.next.max(end);
        if let Some(last) = self.ranges.last_mut()
            && self.is_open
            && !last.carried.is_empty()
            && last.carried.end == offset
        {
            last.carried.end = end;
            last.covered.end = last.covered.end.max(covered.end);
            last.add(offset, place);
            return;
        }
        self.open(covered, offset..end);
        if let Some(last) = self.ranges.last_mut() {
            last.add(offset, place);
        }
    }

    fn open(&mut self, covered: Range<i64>, carried: Range<i64>) {
        if let Some(object) = &self.object {
            self.is_open = true;
            self.ranges.push(ReadOffsets {
                partition: object.partition.clone(),
                is_scattered: object.is_scattered,
                covered,
                carried,
                rows: Vec::new(),
                rejected: Vec::new(),
            });
        }
    }

    /// Takes the offsets read since the call before. More records of the object may follow.
    pub(super) fn take(&mut self) -> Vec<ReadOffsets> {
        self.is_open = false;
        std::mem::take(&mut self.ranges)
    }
}
