//! Reading a split to its end, and no further.
//!
//! A split is done once the *position* reaches its end, whether or not a record stands in front of it: control records
//! of transactions, aborted transactions and compaction leave offsets without records. The position is known by the
//! next record, or by the end of the log as the fetch found it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use tokio::runtime::Handle;

use super::Shared;
use super::client;
use super::failure::KafkaError;
use super::native::{Delivery, PartitionReader, Record};
use super::offsets::{Ask, Watermarks};
use crate::source::feed::Feed;
use crate::source::{Chunk, Packer, SourceError, TopicPartition};

/// What a chunk holds about: as much as a block of the decoder.
const CHUNK_BYTES: usize = 256 << 10;

/// How long a fetch is waited for before somebody looks whether to go on.
const WAIT: Duration = Duration::from_millis(100);

/// How long the end of a log may be lower than planned: right after a change of leaders it can be.
const SHRUNK_FOR: Duration = Duration::from_secs(30);

/// A split that is being read.
pub(super) struct Reading<'a> {
    shared: &'a Shared,
    partition: TopicPartition,
    topic: Arc<str>,
    /// All before it was delivered, or is no record.
    next: i64,
    end: i64,
    packer: Packer,
    /// When something came last.
    heard_at: Instant,
    /// Since when the log seems to end before the split.
    shrunk_since: Option<Instant>,
    /// When the log's end was last asked for.
    asked_at: Instant,
}

impl<'a> Reading<'a> {
    /// Makes ready for the offsets `start..end`.
    pub(super) fn new(shared: &'a Shared, partition: TopicPartition, start: i64, end: i64) -> Self {
        let now = Instant::now();
        Reading {
            shared,
            topic: partition.topic.as_str().into(),
            partition,
            next: start,
            end,
            packer: Packer::default(),
            heard_at: now,
            shrunk_since: None,
            asked_at: now,
        }
    }

    /// Delivers all of it.
    pub(super) fn run(
        mut self,
        reader: &mut PartitionReader,
        feed: &Feed<Chunk>,
    ) -> Result<(), SourceError> {
        while self.next < self.end {
            feed.check()?;
            reader.fill(WAIT);
            if reader.peek().is_none() {
                self.flush(feed)?;
                self.wait(reader)?;
                continue;
            }
            self.heard_at = Instant::now();
            client::listen(reader.client());
            self.take(reader, feed)?;
        }
        self.flush(feed)
    }

    /// Takes what was fetched, up to the end of the split.
    fn take(
        &mut self,
        reader: &mut PartitionReader,
        feed: &Feed<Chunk>,
    ) -> Result<(), SourceError> {
        let log_start = reader.log_start();
        while self.next < self.end {
            match reader.peek() {
                None => break,
                Some(Delivery::Record(record)) => {
                    if record.offset > self.next {
                        self.skip_to(record.offset, log_start)?;
                    }
                    if self.next >= self.end {
                        // It belongs to the next split.
                        break;
                    }
                    if record.offset == self.next {
                        self.pack(&record);
                    }
                }
                Some(Delivery::End { next }) => self.end_of_log(next, reader, log_start)?,
                Some(Delivery::Failed { code, detail }) => {
                    return Err(self.failed(reader, code, detail).into());
                }
            }
            reader.advance();
            if self.packer.size_bytes() >= CHUNK_BYTES {
                self.flush(feed)?;
            }
        }
        Ok(())
    }

    fn pack(&mut self, record: &Record<'_>) {
        let time_us = record.time_ms().map(|ms| ms.saturating_mul(1000));
        if self.packer.len() == 0 {
            self.packer = Packer::new(CHUNK_BYTES + CHUNK_BYTES / 16);
        }
        self.packer.push(record.offset, time_us, record.value);
        if self.shared.parts.keys
            && let Some(key) = record.key
        {
            self.packer.key(key);
        }
        if self.shared.parts.headers {
            record.headers(|name, value| self.packer.header(name, value));
        }
        self.next = record.offset + 1;
    }

    /// Passes over offsets that no record has, unless it is not known that none had.
    fn skip_to(&mut self, offset: i64, log_start: Option<i64>) -> Result<(), KafkaError> {
        // A log that began before them still had what was there.
        if let Some(log_start) = log_start.filter(|log_start| *log_start > self.next) {
            return Err(self.gone(log_start.min(offset), log_start));
        }
        self.next = offset.min(self.end);
        Ok(())
    }

    fn gone(&self, until: i64, log_start: i64) -> KafkaError {
        KafkaError::Gone {
            partition: self.partition.clone(),
            start: self.next,
            end: until.min(self.end) - 1,
            log_start,
        }
    }

    /// The log had nothing behind `next` when that was noted, which may be a while ago.
    fn end_of_log(
        &mut self,
        next: i64,
        reader: &PartitionReader,
        log_start: Option<i64>,
    ) -> Result<(), KafkaError> {
        if next > self.next {
            self.skip_to(next, log_start)?;
        }
        if self.next < self.end {
            self.look_at_the_end(reader)?;
        }
        Ok(())
    }

    /// Nothing came for a while.
    fn wait(&mut self, reader: &PartitionReader) -> Result<(), KafkaError> {
        client::listen(reader.client());
        if self.heard_at.elapsed() >= self.shared.config.stall_timeout {
            let problem = reader.client().context().take_error();
            return Err(KafkaError::Stalled {
                partition: self.partition.clone(),
                seconds: self.heard_at.elapsed().as_secs(),
                next: self.next,
                end: self.end,
                problem: problem
                    .map_or_else(|| "the brokers say nothing".to_owned(), |said| said.reason),
            });
        }
        if self.asked_at.elapsed() >= Duration::from_secs(1) && self.shrunk_since.is_some() {
            self.look_at_the_end(reader)?;
        }
        Ok(())
    }

    /// Fails where the log ends before the split, and has done so for a while.
    fn look_at_the_end(&mut self, reader: &PartitionReader) -> Result<(), KafkaError> {
        self.asked_at = Instant::now();
        let Some(found) = self.ask(reader, Ask::Latest) else {
            return Ok(());
        };
        if found >= self.end {
            self.shrunk_since = None;
            return Ok(());
        }
        let since = *self.shrunk_since.get_or_insert_with(Instant::now);
        if since.elapsed() < SHRUNK_FOR {
            return Ok(());
        }
        Err(KafkaError::Shrunk {
            partition: self.partition.clone(),
            planned: self.end,
            found,
        })
    }

    /// What a failure of the partition means.
    fn failed(
        &self,
        reader: &PartitionReader,
        code: RDKafkaErrorCode,
        detail: String,
    ) -> KafkaError {
        let place = self.partition.to_string();
        if code == RDKafkaErrorCode::AutoOffsetReset {
            if let Some(log_start) = self.ask(reader, Ask::Earliest)
                && log_start > self.next
            {
                return self.gone(log_start, log_start);
            }
            if let Some(found) = self.ask(reader, Ask::Latest)
                && found < self.next
            {
                return KafkaError::Shrunk {
                    partition: self.partition.clone(),
                    planned: self.end,
                    found,
                };
            }
        }
        KafkaError::of_code("read", &place, Some(code), detail)
    }

    /// An end of the log, if it is told.
    fn ask(&self, reader: &PartitionReader, what: Ask) -> Option<i64> {
        let partitions = [self.partition.clone()];
        let config = &self.shared.config;
        let answer = Watermarks::ask(reader.client(), config, &partitions, what);
        match answer {
            Ok(offsets) => offsets.first().copied().flatten(),
            Err(error) => {
                tracing::debug!(partition = %self.partition, "{error}");
                None
            }
        }
    }

    /// Sends what was packed.
    fn flush(&mut self, feed: &Feed<Chunk>) -> Result<(), SourceError> {
        if self.packer.len() == 0 {
            return Ok(());
        }
        let packer = std::mem::take(&mut self.packer);
        if let Some(rate) = &self.shared.rate {
            let paced = feed.unless_gone(rate.take(packer.size_bytes() as f64));
            Handle::current().block_on(paced)?;
        }
        let messages = packer.finish(Arc::clone(&self.topic), Some(self.partition.partition));
        feed.send_blocking(Chunk::Messages(messages))
    }
}
