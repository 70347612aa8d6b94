//! Objects and messages in memory: a driver for tests of programs that embed backfold, with the feature `conformance`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::source::archive::{ArchiveOptions, Freezing};
use crate::source::feed::Feed;
use crate::source::{
    Chunk, EventRange, Frozen, HandoffPosition, Message, Messages, Object, RangeReader,
    ReplayDriver, SourceError, Split, SplitInput,
};
use crate::units::ByteSize;

/// The name of this driver.
const NAME: &str = "memory";

const PIECE_BYTES: usize = 64 << 10;
const MESSAGES_PER_CHUNK: usize = 256;

/// An archive, a log, or both: objects come before messages. Clones share their content.
#[derive(Clone, Debug)]
pub struct MemoryDriver {
    split_size: ByteSize,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    objects: BTreeMap<String, Bytes>,
    partitions: BTreeMap<(Arc<str>, i32), Vec<Message>>,
}

impl MemoryDriver {
    /// An empty driver, which cuts its content into splits of at most `split_size`, or one object or message.
    pub fn new(split_size: ByteSize) -> Self {
        MemoryDriver {
            split_size,
            held: Arc::default(),
        }
    }

    /// Puts an object, or replaces the one of that key.
    pub fn put(&self, key: &str, content: impl Into<Bytes>) {
        self.held().objects.insert(key.to_owned(), content.into());
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) {
        self.held().objects.remove(key);
    }

    /// Appends a message, and gives it the next offset of its partition, from 0.
    pub fn append(&self, topic: &str, partition: i32, message: Message) {
        let mut held = self.held();
        let log = held
            .partitions
            .entry((topic.into(), partition))
            .or_default();
        let offset = log.len() as i64;
        log.push(Message { offset, ..message });
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn freeze_objects(&self, splits: &mut Vec<Split>) -> Result<Frozen, SourceError> {
        let held = self.held();
        if held.objects.is_empty() && !held.partitions.is_empty() {
            return Ok(Frozen::default());
        }
        let options = ArchiveOptions {
            split_size: self.split_size,
            ..ArchiveOptions::default()
        };
        let mut freezing = Freezing::new(NAME, &options, EventRange::default());
        for (key, content) in &held.objects {
            splits.extend(freezing.push(object_of(key, content)));
        }
        let (last, frozen) = freezing.finish("memory", Vec::new())?;
        splits.push(last);
        Ok(frozen)
    }

    fn freeze_messages(&self, splits: &mut Vec<Split>, frozen: &mut Frozen) {
        for ((topic, partition), log) in &self.held().partitions {
            let mut cut = |start: usize, end: usize, size_bytes: u64| {
                frozen.size_bytes += size_bytes;
                splits.push(Split {
                    number: frozen.splits,
                    size_bytes,
                    input: SplitInput::Offsets {
                        topic: topic.to_string(),
                        partition: *partition,
                        start: start as i64,
                        end: end as i64,
                    },
                });
                frozen.splits += 1;
            };
            let (mut start, mut size_bytes) = (0, 0);
            for (at, message) in log.iter().enumerate() {
                let length =
                    |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
                let message_bytes = length(&message.key) + length(&message.value);
                if at > start && size_bytes + message_bytes > self.split_size.0 {
                    cut(start, at, size_bytes);
                    (start, size_bytes) = (at, 0);
                }
                size_bytes += message_bytes;
            }
            cut(start, log.len(), size_bytes);
            frozen.handoff.positions.push(HandoffPosition::Offset {
                source: "memory".to_owned(),
                topic: topic.to_string(),
                partition: *partition,
                next: log.len() as i64,
                until_us: None,
            });
        }
    }

    /// The content of an object, which must be the one that was `planned`.
    fn content(&self, planned: &Object) -> Result<Bytes, SourceError> {
        let content = self.held().objects.get(&planned.key).cloned();
        let describe =
            |object: &Object| format!("{} bytes, digest {}", object.size_bytes, object.etag);
        let content = content.ok_or_else(|| SourceError::Vanished {
            object: planned.key.clone(),
            planned: describe(planned),
        })?;
        let found = object_of(&planned.key, &content);
        if found != *planned {
            return Err(SourceError::Changed {
                object: planned.key.clone(),
                planned: describe(planned),
                found: describe(&found),
            });
        }
        Ok(content)
    }

    async fn deliver_object(
        &self,
        planned: &Object,
        feed: &Feed<Chunk>,
    ) -> Result<(), SourceError> {
        let content = self.content(planned)?;
        feed.send(Chunk::Object(Arc::new(planned.clone()))).await?;
        for start in (0..content.len()).step_by(PIECE_BYTES) {
            let end = content.len().min(start + PIECE_BYTES);
            feed.send(Chunk::Bytes(content.slice(start..end))).await?;
        }
        feed.send(Chunk::End).await
    }

    async fn deliver_messages(
        &self,
        topic: &str,
        partition: i32,
        offsets: std::ops::Range<i64>,
        feed: &Feed<Chunk>,
    ) -> Result<(), SourceError> {
        let topic: Arc<str> = topic.into();
        let wanted = usize::try_from(offsets.start)
            .ok()
            .zip(usize::try_from(offsets.end).ok())
            .and_then(|(start, end)| {
                let held = self.held();
                let log = held.partitions.get(&(Arc::clone(&topic), partition))?;
                log.get(start..end).map(<[Message]>::to_vec)
            });
        let wanted = wanted.ok_or_else(|| SourceError::Vanished {
            object: format!("{topic}/{partition}"),
            planned: format!("offsets {} to {}", offsets.start, offsets.end),
        })?;
        for list in wanted.chunks(MESSAGES_PER_CHUNK) {
            let messages = Messages::new(Arc::clone(&topic), Some(partition), list.to_vec());
            feed.send(Chunk::Messages(messages)).await?;
        }
        Ok(())
    }
}

fn object_of(key: &str, content: &Bytes) -> Object {
    Object {
        key: key.to_owned(),
        size_bytes: content.len() as u64,
        etag: blake3::hash(content).to_hex().to_string(),
        version: None,
        modified_us: 0,
        key_fields: None,
    }
}

#[async_trait]
impl ReplayDriver for MemoryDriver {
    fn name(&self) -> &str {
        NAME
    }

    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError> {
        let feed = Feed::new(splits, CancellationToken::new());
        let mut all = Vec::new();
        let mut frozen = self.freeze_objects(&mut all)?;
        self.freeze_messages(&mut all, &mut frozen);
        for split in all {
            feed.send(split).await?;
        }
        Ok(frozen)
    }

    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let feed = Feed::new(out, cancel);
        match &split.input {
            SplitInput::Objects(objects) => {
                for object in objects {
                    self.deliver_object(object, &feed).await?;
                }
                Ok(())
            }
            SplitInput::Offsets {
                topic,
                partition,
                start,
                end,
            } => {
                self.deliver_messages(topic, *partition, *start..*end, &feed)
                    .await
            }
        }
    }

    fn ranges(&self) -> Option<&dyn RangeReader> {
        Some(self)
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        Ok(())
    }
}

#[async_trait]
impl RangeReader for MemoryDriver {
    async fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes, SourceError> {
        SourceError::check_range(object, &range)?;
        // Not beyond the content, whose length fits.
        Ok(self
            .content(object)?
            .slice(range.start as usize..range.end as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::conformance::{self, Damage, Fixture, SPLIT_SIZE};

    struct Archive(MemoryDriver);

    #[async_trait]
    impl Fixture for Archive {
        async fn driver(&self) -> Box<dyn ReplayDriver> {
            Box::new(self.0.clone())
        }

        async fn put(&mut self, key: &str, content: &[u8]) {
            self.0.put(key, content.to_vec());
        }

        async fn damage(&mut self, key: &str, damage: Damage) -> bool {
            let content = self.0.held().objects[key].clone();
            match damage {
                Damage::Changed => self
                    .0
                    .put(key, content.iter().map(|byte| !byte).collect::<Vec<u8>>()),
                Damage::Truncated => self.0.put(key, content.slice(..content.len() / 2)),
                Damage::Removed => self.0.remove(key),
            }
            true
        }
    }

    struct Log(MemoryDriver);

    #[async_trait]
    impl Fixture for Log {
        async fn driver(&self) -> Box<dyn ReplayDriver> {
            Box::new(self.0.clone())
        }

        async fn put(&mut self, key: &str, content: &[u8]) {
            let message = Message {
                offset: 0,
                time_us: None,
                key: Some(key.to_owned().into()),
                headers: Vec::new(),
                value: Some(content.to_vec().into()),
            };
            self.0.append("clicks", key.len() as i32 % 3, message);
        }

        async fn damage(&mut self, _: &str, _: Damage) -> bool {
            false
        }
    }

    #[tokio::test]
    async fn an_archive_keeps_the_contract() {
        conformance::all(async || Archive(MemoryDriver::new(SPLIT_SIZE))).await;
    }

    #[tokio::test]
    async fn a_log_keeps_the_contract() {
        conformance::all(async || Log(MemoryDriver::new(SPLIT_SIZE))).await;
    }

    #[tokio::test]
    async fn messages_appended_after_the_plan_are_not_delivered() {
        let mut log = Log(MemoryDriver::new(SPLIT_SIZE));
        log.put("before", b"1").await;
        let (plan, frozen) = conformance::plan(&log.0).await;
        log.put("beyond", b"2").await;
        let delivered = conformance::deliver(&log.0, &plan[0])
            .await
            .expect("delivered");
        assert_eq!(delivered, [("before".to_owned(), b"1".to_vec())]);
        let next = HandoffPosition::Offset {
            source: "memory".to_owned(),
            topic: "clicks".to_owned(),
            partition: 0,
            next: 1,
            until_us: None,
        };
        assert_eq!(frozen.handoff.positions, [next]);
    }
}
