//! The first and the last records of partitions: when they were written, and how large they are.
//!
//! What is found decides how many offsets a split has, so it depends on the log alone: the first records of a
//! partition, up to a number and a size. What does not come within the time for it is left unknown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{self, Client};
use super::native::{Delivery, PartitionReader};
use crate::source::FrozenPartition;

/// How many records are looked at to tell their size,
const RECORDS: u64 = 100;
/// unless they have so many bytes before.
const BYTES: u64 = 256 << 10;

/// How many partitions are looked at; of others all is left unknown.
const PARTITIONS: usize = 1000;

/// How many of them at a time: each fetches ahead.
const AT_A_TIME: usize = 64;

/// How far in front of its end the last record of a partition is looked for, step by step.
const BACK: [i64; 4] = [1, 8, 128, 4096];

/// Tells of each of `partitions` what its records say, as far as they come within `patience`.
pub(super) fn sample(client: &Arc<Client>, partitions: &mut [FrozenPartition], patience: Duration) {
    let until = Instant::now() + patience;
    let with_records = |one: &&mut FrozenPartition| one.start < one.end;
    let mut chosen: Vec<_> = partitions
        .iter_mut()
        .filter(with_records)
        .take(PARTITIONS)
        .collect();
    for some in chosen.chunks_mut(AT_A_TIME) {
        let mut looks: Vec<_> = some.iter().map(|one| Look::at(one, one.start)).collect();
        look(client, &mut looks, until);
        for (partition, look) in some.iter_mut().zip(&looks) {
            partition.first_us = look.first_us;
            partition.record_bytes = look
                .is_done
                .then(|| look.bytes.checked_div(look.records))
                .flatten();
        }
        for back in BACK {
            let mut open: Vec<_> = some
                .iter_mut()
                .filter(|one| one.last_us.is_none())
                .collect();
            let from = |one: &FrozenPartition| one.start.max(one.end - back);
            let mut looks: Vec<_> = open.iter().map(|one| Look::last(one, from(one))).collect();
            look(client, &mut looks, until);
            for (partition, look) in open.iter_mut().zip(&looks) {
                partition.last_us = look.last_us;
            }
        }
    }
}

/// A look at a partition from an offset on.
struct Look {
    topic: String,
    partition: i32,
    from: i64,
    end: i64,
    /// How many records are wanted.
    most: u64,
    records: u64,
    bytes: u64,
    first_us: Option<i64>,
    last_us: Option<i64>,
    is_done: bool,
}

impl Look {
    fn at(partition: &FrozenPartition, from: i64) -> Self {
        Look {
            topic: partition.topic.clone(),
            partition: partition.partition,
            from,
            end: partition.end,
            most: RECORDS,
            records: 0,
            bytes: 0,
            first_us: None,
            last_us: None,
            is_done: false,
        }
    }

    fn last(partition: &FrozenPartition, from: i64) -> Self {
        Look {
            most: u64::MAX,
            ..Look::at(partition, from)
        }
    }

    /// Takes in what was fetched.
    fn see(&mut self, reader: &mut PartitionReader) {
        while !self.is_done {
            match reader.peek() {
                None => return,
                Some(Delivery::Record(record)) if record.offset < self.end => {
                    let time_us = record.time_ms().map(|ms| ms.saturating_mul(1000));
                    self.first_us = self.first_us.or(time_us);
                    self.last_us = time_us;
                    self.records += 1;
                    let length = |part: Option<&[u8]>| part.map_or(0, |part| part.len() as u64);
                    self.bytes += length(record.key) + length(record.value);
                    self.is_done = self.records >= self.most
                        || (self.most < u64::MAX && self.bytes >= BYTES)
                        || record.offset + 1 >= self.end;
                }
                Some(Delivery::End { next }) if next < self.end => {}
                Some(_) => self.is_done = true,
            }
            reader.advance();
        }
    }
}

/// Looks at all, until each has what it wants or time is up.
fn look(client: &Arc<Client>, looks: &mut [Look], until: Instant) {
    let start = |look: &Look| {
        PartitionReader::start(Arc::clone(client), &look.topic, look.partition, look.from).ok()
    };
    let mut readers: Vec<_> = looks.iter().map(start).collect();
    while Instant::now() < until {
        client::listen(client);
        let mut is_waiting = false;
        for (look, slot) in looks.iter_mut().zip(&mut readers) {
            let Some(reader) = slot else { continue };
            reader.fill(Duration::ZERO);
            look.see(reader);
            if look.is_done {
                *slot = None;
            } else {
                is_waiting = true;
            }
        }
        if !is_waiting {
            return;
        }
        // Waits on one of them, whichever it is: the others come about as soon.
        if let Some(reader) = readers.iter_mut().flatten().next() {
            reader.fill(Duration::from_millis(10));
        }
    }
}
