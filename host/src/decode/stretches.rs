//! Which offsets of a topic were read, where the key of an object names the partition and the first of them.
//!
//! The others follow one by one, unless the records carry their own: then those count. Of an object whose records are
//! scattered (see [`KeyFields::scattered`]) only those that they carry do.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{KeyFields, TopicPartition};

/// Records of one object that were read in a row, as part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetStretch {
    /// Where they were once taken from.
    pub partition: Arc<TopicPartition>,
    /// The object's records are scattered.
    pub is_scattered: bool,
    /// Offsets that the object accounts for: those of the records, and what lies between them and the ones before, of
    /// which the log had no record to give.
    pub covered: Range<i64>,
    /// The offsets that the records carry, one by one. Empty where they carry none.
    pub carried: Range<i64>,
    /// The rows of the batch among them that carry an offset, and that offset.
    pub rows: Vec<(u32, i64)>,
    /// The same of the batch's rejections.
    pub rejected: Vec<(u32, i64)>,
}

/// What became of a record: its place among the rows or the rejections of the batch, if it is there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Became {
    Row(usize),
    Rejected(usize),
    Nothing,
}

impl OffsetStretch {
    fn add(&mut self, offset: i64, became: Became) {
        // Batches are far smaller than 4 Gi rows.
        match became {
            Became::Row(row) => self.rows.push((row as u32, offset)),
            Became::Rejected(at) => self.rejected.push((at as u32, offset)),
            Became::Nothing => {}
        }
    }
}

/// Watches the records of objects.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    object: Option<Tracked>,
    stretches: Vec<OffsetStretch>,
    /// The last stretch is of the object at hand.
    is_open: bool,
}

#[derive(Debug)]
struct Tracked {
    partition: Arc<TopicPartition>,
    /// The offset behind those that the object accounts for so far.
    next: i64,
    is_scattered: bool,
}

impl Tracker {
    /// Makes ready for the records of an object with such a key.
    pub(super) fn begin(&mut self, key_fields: Option<&KeyFields>) {
        self.is_open = false;
        self.object = key_fields.and_then(|key_fields| {
            Some(Tracked {
                partition: Arc::new(TopicPartition {
                    topic: key_fields.topic.clone().unwrap_or_default(),
                    partition: key_fields.partition?,
                }),
                next: key_fields.offset?,
                is_scattered: key_fields.scattered,
            })
        });
    }

    /// Whether the records of the object at hand are watched.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.object.is_some()
    }

    /// Takes in the next record: the offset that it carries, and what became of it.
    #[inline]
    pub(super) fn see(&mut self, carried: Option<i64>, became: Became) {
        if self.is_on() {
            match carried {
                Some(offset) => self.see_carried(offset, became),
                None => self.see_more(1),
            }
        }
    }

    /// Takes in records that carry no offset, or of which none is known.
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
        if let Some(last) = self.stretches.last_mut()
            && self.is_open
            && last.carried.is_empty()
        {
            last.covered.end = end;
            return;
        }
        self.open(start..end, 0..0);
    }

    fn see_carried(&mut self, offset: i64, became: Became) {
        let Some(object) = &mut self.object else {
            return;
        };
        // The last of all integers is the offset of nothing.
        let end = offset.saturating_add(1);
        let covered = if object.is_scattered {
            offset..end
        } else {
            object.next.min(offset)..end
        };
        object.next = object.next.max(end);
        if let Some(last) = self.stretches.last_mut()
            && self.is_open
            && !last.carried.is_empty()
            && last.carried.end == offset
        {
            last.carried.end = end;
            last.covered.end = last.covered.end.max(covered.end);
            last.add(offset, became);
            return;
        }
        self.open(covered, offset..end);
        if let Some(last) = self.stretches.last_mut() {
            last.add(offset, became);
        }
    }

    fn open(&mut self, covered: Range<i64>, carried: Range<i64>) {
        if let Some(object) = &self.object {
            self.is_open = true;
            self.stretches.push(OffsetStretch {
                partition: object.partition.clone(),
                is_scattered: object.is_scattered,
                covered,
                carried,
                rows: Vec::new(),
                rejected: Vec::new(),
            });
        }
    }

    /// What was read since the call before; the object at hand goes on.
    pub(super) fn take(&mut self) -> Vec<OffsetStretch> {
        self.is_open = false;
        std::mem::take(&mut self.stretches)
    }
}
