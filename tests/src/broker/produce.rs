//! Records into topics, plain or in transactions.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

use super::Broker;
use super::topics::{Isolation, PATIENCE, unique, wait_until};

/// A record to produce, or one that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its timestamp in milliseconds since 1970-01-01T00:00:00Z; `None` is now.
    pub timestamp_ms: Option<i64>,
    /// Its partition.
    pub partition: i32,
}

impl Record {
    /// A record without a key in partition 0.
    pub fn of(value: impl Into<Vec<u8>>) -> Self {
        Record {
            value: Some(value.into()),
            ..Record::default()
        }
    }

    /// The same with a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same in another partition.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = partition;
        self
    }

    /// The same at a time, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn at(mut self, timestamp_ms: i64) -> Self {
        self.timestamp_ms = Some(timestamp_ms);
        self
    }

    pub(super) fn from_message(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            let headers = headers.iter();
            headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        });
        Record {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.into_iter().flatten().collect(),
            timestamp_ms: message.timestamp().to_millis(),
            partition: message.partition(),
        }
    }
}

/// Keeps the first thing that went wrong.
#[derive(Default)]
struct Deliveries {
    failed: Mutex<Option<KafkaError>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| error.clone());
        }
    }
}

type Sender = BaseProducer<Deliveries>;

impl Broker {
    /// Produces records in their order, `compression` being `none`, `gzip`, `snappy`, `lz4` or `zstd`. Gives how many.
    ///
    /// # Errors
    /// If one of them does not arrive.
    pub fn produce(
        &self,
        topic: &str,
        compression: &str,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<u64> {
        let mut config = producing(self.client());
        config.set("compression.type", compression);
        let sender: Sender = config.create_with_context(Deliveries::default())?;
        let mut count = 0;
        for record in records {
            send(&sender, topic, &record)?;
            count += 1;
        }
        arrived(&sender)?;
        Ok(count)
    }

    /// A producer of transactions.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn transactional(&self) -> Result<Transactional> {
        let mut config = producing(self.client());
        config.set("transactional.id", unique("transactional"));
        let sender: Sender = config.create_with_context(Deliveries::default())?;
        sender.init_transactions(PATIENCE)?;
        let mut config = self.client();
        config.set("isolation.level", Isolation::Uncommitted.name());
        let ends = config.create()?;
        Ok(Transactional { sender, ends })
    }
}

/// A producer of one transaction after another.
///
/// A transaction that has ended has its control records in the log, provided that no other producer writes to these
/// partitions at that moment.
pub struct Transactional {
    sender: Sender,
    ends: BaseConsumer,
}

impl Transactional {
    /// Produces records in a transaction of their own.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn commit(self, topic: &str, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        self.open(topic, records)?.commit()
    }

    /// Produces records in a transaction that is aborted: they are in the log, and no consumer may see them.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn abort(self, topic: &str, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        self.open(topic, records)?.abort()
    }

    /// Produces records in a transaction that stays open.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn open(
        self,
        topic: &str,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<OpenTransaction> {
        self.sender.begin_transaction()?;
        let mut partitions = BTreeSet::new();
        for record in records {
            send(&self.sender, topic, &record)?;
            partitions.insert((topic.to_owned(), record.partition));
        }
        // An abort would discard records that were not sent yet.
        arrived(&self.sender)?;
        Ok(OpenTransaction {
            producer: self,
            partitions,
        })
    }
}

/// A transaction that holds back the records after it. Dropped, it stays open until the broker aborts it, after a
/// minute.
pub struct OpenTransaction {
    producer: Transactional,
    partitions: BTreeSet<(String, i32)>,
}

impl OpenTransaction {
    /// Commits it.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn commit(self) -> Result<Transactional> {
        self.end(|sender| sender.commit_transaction(PATIENCE))
    }

    /// Aborts it.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn abort(self) -> Result<Transactional> {
        self.end(|sender| sender.abort_transaction(PATIENCE))
    }

    fn end(
        self,
        end: impl FnOnce(&Sender) -> rdkafka::error::KafkaResult<()>,
    ) -> Result<Transactional> {
        let OpenTransaction {
            producer,
            partitions,
        } = self;
        let log_end = |(topic, partition): &(String, i32)| {
            let marks = producer.ends.fetch_watermarks(topic, *partition, PATIENCE);
            marks.map(|(_, end)| end)
        };
        let before: Vec<i64> = partitions.iter().map(log_end).collect::<Result<_, _>>()?;
        end(&producer.sender)?;
        // The broker answers before it has written the control records.
        for (partition, before) in partitions.iter().zip(before) {
            wait_until("a control record is written", || {
                Ok((log_end(partition)? > before).then_some(()))
            })?;
        }
        Ok(producer)
    }
}

fn producing(mut config: ClientConfig) -> ClientConfig {
    config
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.messages", "200000")
        .set("transaction.timeout.ms", "60000");
    config
}

/// Hands a record to the sender's thread, and waits while that has no room.
fn send(sender: &Sender, topic: &str, record: &Record) -> Result<()> {
    let mut message = BaseRecord::<[u8], [u8]>::to(topic).partition(record.partition);
    if let Some(key) = &record.key {
        message = message.key(key);
    }
    if let Some(value) = &record.value {
        message = message.payload(value);
    }
    if let Some(timestamp_ms) = record.timestamp_ms {
        message = message.timestamp(timestamp_ms);
    }
    if !record.headers.is_empty() {
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (name, value) in &record.headers {
            headers = headers.insert(Header {
                key: name,
                value: value.as_ref(),
            });
        }
        message = message.headers(headers);
    }
    while let Err((error, back)) = sender.send(message) {
        if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
            return Err(error.into());
        }
        message = back;
        // The call goes on for this time, however many records arrive.
        sender.poll(Duration::from_millis(10));
    }
    Ok(())
}

/// Waits until all that was sent has arrived.
fn arrived(sender: &Sender) -> Result<()> {
    sender.flush(PATIENCE * 5)?;
    let failed = &sender.context().failed;
    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed.take() {
        bail!("a record did not arrive: {error}");
    }
    Ok(())
}
