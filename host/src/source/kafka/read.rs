//! Reading a split exactly to its end.
//!
//! A split is done when the *position* reaches its end, whether or not the last offset has a record: control records of
//! transactions, aborted transactions and compaction leave offsets without records. The position is known from the next
//! record, or from the end of the log at the time of the fetch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use tokio::runtime::Handle;

use super::client;
use super::error::KafkaError;
use super::native::{Delivery, PartitionReader, Record};
use super::offsets::{self, OffsetAt};
use super::shared::Shared;
use crate::source::feed::Feed;
use crate::source::{Chunk, Packer, SourceError, TopicPartition};

/// The approximate size of a chunk; about the size of a block of the decoder.
const CHUNK_BYTES: usize = 256 << 10;

/// How long to wait for a fetch before cancellation and timeouts are checked.
const WAIT: Duration = Duration::from_millis(100);

/// How long the end of a log may be lower than planned, which is normal right after a change of the leader.
const SHRUNK_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads one split.
pub(super) struct SplitReader<'a> {
    shared: &'a Shared,
    partition: TopicPartition,
    topic: Arc<str>,
    /// The position: all records before it were delivered.
    next: i64,
    end: i64,
    packer: Packer,
    /// The time of the last delivery.
    delivered_at: Instant,
    /// The time since which the log seems to end before the split.
    shrunk_since: Option<Instant>,
    /// The time of the last request for the end of the log.
    requested_at: Instant,
}

impl<'a> SplitReader<'a> {
    /// A reader for the offsets `start..end`.
    pub(super) fn new(shared: &'a Shared, partition: TopicPartition, start: i64, end: i64) -> Self {
        let now = Instant::now();
        SplitReader {
            shared,
            topic: partition.topic.as_str().into(),
            partition,
            next: start,
            end,
            packer: Packer::default(),
            delivered_at: now,
            shrunk_since: None,
            requested_at: now,
        }
    }

    /// Delivers all records of the split.
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
            self.delivered_at = Instant::now();
            client::listen(reader.client());
            self.take(reader, feed)?;
        }
        self.flush(feed)
    }

    /// Packs the records that were fetched, up to the end of the split.
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

    /// Moves the position over offsets without records. If the log now begins after the position, its records may have
    /// been deleted, which is an error.
    fn skip_to(&mut self, offset: i64, log_start: Option<i64>) -> Result<(), KafkaError> {
        // As long as the log begins before these offsets, none of their records was deleted.
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

    /// Handles the end of the log, which was at `next` at the time of the fetch.
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
            self.check_end(reader)?;
        }
        Ok(())
    }

    /// Handles a wait without a delivery: checks for a stall, and whether the log is shorter than planned.
    fn wait(&mut self, reader: &PartitionReader) -> Result<(), KafkaError> {
        client::listen(reader.client());
        if self.delivered_at.elapsed() >= self.shared.config.stall_timeout {
            let problem = reader.client().context().take_error();
            return Err(KafkaError::Stalled {
                partition: self.partition.clone(),
                seconds: self.delivered_at.elapsed().as_secs(),
                next: self.next,
                end: self.end,
                problem: problem.map_or_else(
                    || "the brokers reported no error".to_owned(),
                    |error| error.reason,
                ),
            });
        }
        if self.requested_at.elapsed() >= Duration::from_secs(1) && self.shrunk_since.is_some() {
            self.check_end(reader)?;
        }
        Ok(())
    }

    /// Returns an error if the log has ended before the split for longer than [`SHRUNK_TIMEOUT`].
    fn check_end(&mut self, reader: &PartitionReader) -> Result<(), KafkaError> {
        self.requested_at = Instant::now();
        let Some(found) = self.fetch_offset(reader, OffsetAt::End) else {
            return Ok(());
        };
        if found >= self.end {
            self.shrunk_since = None;
            return Ok(());
        }
        let since = *self.shrunk_since.get_or_insert_with(Instant::now);
        if since.elapsed() < SHRUNK_TIMEOUT {
            return Ok(());
        }
        Err(KafkaError::Shrunk {
            partition: self.partition.clone(),
            planned: self.end,
            found,
        })
    }

    /// The error for a failed fetch.
    fn failed(
        &self,
        reader: &PartitionReader,
        code: RDKafkaErrorCode,
        detail: String,
    ) -> KafkaError {
        let place = self.partition.to_string();
        if code == RDKafkaErrorCode::AutoOffsetReset {
            if let Some(log_start) = self.fetch_offset(reader, OffsetAt::Start)
                && log_start > self.next
            {
                return self.gone(log_start, log_start);
            }
            if let Some(found) = self.fetch_offset(reader, OffsetAt::End)
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

    /// The start or the end of the log; `None` if the request failed.
    fn fetch_offset(&self, reader: &PartitionReader, at: OffsetAt) -> Option<i64> {
        let partitions = [self.partition.clone()];
        let config = &self.shared.config;
        let answer = offsets::fetch(reader.client(), config, &partitions, at);
        match answer {
            Ok(offsets) => offsets.first().copied().flatten(),
            Err(error) => {
                tracing::debug!(partition = %self.partition, "{error}");
                None
            }
        }
    }

    /// Sends the packed records.
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
