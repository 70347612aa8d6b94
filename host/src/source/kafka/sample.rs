//! Samples of the first and the last records of partitions, for their timestamps and sizes.
//!
//! The average size determines the number of offsets in a split. So it depends on the log alone: on the first records
//! of a partition, up to a number and a size. A value that does not arrive in time stays unknown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{self, Client};
use super::native::{Delivery, PartitionReader};
use crate::source::FrozenPartition;

/// The largest number of records from which the average size is computed.
const RECORDS: u64 = 100;

/// The number of bytes after which fewer records are enough.
const BYTES: u64 = 256 << 10;

/// The largest number of partitions that are sampled. For the others everything stays unknown.
const PARTITIONS: usize = 1000;

/// The number of partitions that are sampled at the same time: each of them fetches ahead.
const AT_A_TIME: usize = 64;

/// The distances from the end of a partition, in offsets, at which the search for its last record starts, one after the
/// other.
const BACK: [i64; 4] = [1, 8, 128, 4096];

/// Fills in the sizes and timestamps of `partitions`, as far as records arrive within `timeout`.
pub(super) fn sample(client: &Arc<Client>, partitions: &mut [FrozenPartition], timeout: Duration) {
    let until = Instant::now() + timeout;
    let with_records = |one: &&mut FrozenPartition| one.start < one.end;
    let mut chosen: Vec<_> = partitions
        .iter_mut()
        .filter(with_records)
        .take(PARTITIONS)
        .collect();
    for some in chosen.chunks_mut(AT_A_TIME) {
        let mut samples: Vec<_> = some.iter().map(|one| Sample::at(one, one.start)).collect();
        read(client, &mut samples, until);
        for (partition, sample) in some.iter_mut().zip(&samples) {
            partition.first_us = sample.first_us;
            partition.record_bytes = sample
                .is_done
                .then(|| sample.bytes.checked_div(sample.records))
                .flatten();
        }
        for back in BACK {
            let mut open: Vec<_> = some
                .iter_mut()
                .filter(|one| one.last_us.is_none())
                .collect();
            let from = |one: &FrozenPartition| one.start.max(one.end - back);
            let mut samples: Vec<_> = open
                .iter()
                .map(|one| Sample::last(one, from(one)))
                .collect();
            read(client, &mut samples, until);
            for (partition, sample) in open.iter_mut().zip(&samples) {
                partition.last_us = sample.last_us;
            }
        }
    }
}

/// A sample of a partition from an offset on.
struct Sample {
    topic: String,
    partition: i32,
    from: i64,
    end: i64,
    /// The largest number of records to read.
    most: u64,
    records: u64,
    bytes: u64,
    first_us: Option<i64>,
    last_us: Option<i64>,
    is_done: bool,
}

impl Sample {
    fn at(partition: &FrozenPartition, from: i64) -> Self {
        Sample {
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
        Sample {
            most: u64::MAX,
            ..Sample::at(partition, from)
        }
    }

    /// Adds the records that were fetched.
    fn add(&mut self, reader: &mut PartitionReader) {
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

/// Reads all samples, until each of them is complete or the time is up.
fn read(client: &Arc<Client>, samples: &mut [Sample], until: Instant) {
    let start = |sample: &Sample| {
        PartitionReader::start(
            Arc::clone(client),
            &sample.topic,
            sample.partition,
            sample.from,
        )
        .ok()
    };
    let mut readers: Vec<_> = samples.iter().map(start).collect();
    while Instant::now() < until {
        client::listen(client);
        let mut is_waiting = false;
        for (sample, slot) in samples.iter_mut().zip(&mut readers) {
            let Some(reader) = slot else { continue };
            reader.fill(Duration::ZERO);
            sample.add(reader);
            if sample.is_done {
                *slot = None;
            } else {
                is_waiting = true;
            }
        }
        if !is_waiting {
            return;
        }
        // Waits for any one of them: the others arrive at about the same time.
        if let Some(reader) = readers.iter_mut().flatten().next() {
            reader.fill(Duration::from_millis(10));
        }
    }
}
