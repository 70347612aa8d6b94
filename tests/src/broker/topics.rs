//! Topics: made, changed and looked into.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context as Waiting, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Broker;
use super::produce::Record;

/// How long a request may take, and how long a test waits.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The isolation level of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Records of those that were committed, up to the first that is open.
    Committed,
    /// All records.
    Uncommitted,
}

impl Isolation {
    /// The value of `isolation.level`.
    pub fn name(self) -> &'static str {
        match self {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        }
    }
}

/// The records and positions that a consumer got from a partition.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The offsets of the records.
    pub offsets: Vec<i64>,
    /// The records.
    pub records: Vec<Record>,
    /// The offset at which the consumer would go on.
    pub position: i64,
}

/// A name for a topic that no other test of this process has.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Names of one length, since tables are as wide as the names in them.
    format!("{name}-{:03}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Broker {
    /// Makes a topic with a name that begins with `name`. Gives the name.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn create(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<String> {
        let topic = unique(name);
        self.create_named(&topic, partitions, settings)?;
        Ok(topic)
    }

    /// Makes the topic `topic`, and waits until it can be written to.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn create_named(
        &self,
        topic: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<()> {
        let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            new = new.set(name, value);
        }
        let made = wait(self.admin()?.create_topics([&new], &options()))?;
        check(made)?;
        self.wait_for_partitions(topic, partitions)
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn delete(&self, topic: &str) -> Result<()> {
        check(wait(self.admin()?.delete_topics(&[topic], &options()))?)?;
        self.wait_for_partitions(topic, 0)
    }

    /// Deletes a topic and makes another of that name.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn make_anew(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
        self.delete(topic)?;
        self.create_named(topic, partitions, settings)
    }

    /// Adds partitions to a topic, so that it has `total`.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn add_partitions(&self, topic: &str, total: i32) -> Result<()> {
        let more = NewPartitions::new(topic, usize::try_from(total)?);
        check(wait(self.admin()?.create_partitions([&more], &options()))?)?;
        self.wait_for_partitions(topic, total)
    }

    /// Gives a topic these settings, and no others.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn configure(&self, topic: &str, settings: &[(&str, &str)]) -> Result<()> {
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (name, value) in settings {
            change = change.set(name, value);
        }
        for changed in wait(self.admin()?.alter_configs([&change], &options()))? {
            changed.map_err(|(topic, code)| anyhow!("{topic:?}: {code}"))?;
        }
        Ok(())
    }

    /// Deletes the records of a partition before `offset`.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) -> Result<()> {
        let mut before = TopicPartitionList::new();
        before.add_partition_offset(topic, partition, Offset::Offset(offset))?;
        let deleted = wait(self.admin()?.delete_records(&before, &options()))?;
        for partition in deleted.elements() {
            partition.error()?;
        }
        Ok(())
    }

    /// The names of all groups of consumers.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn groups(&self) -> Result<Vec<String>> {
        let consumer: BaseConsumer = self.client().create()?;
        wait_until("groups are known", || {
            match consumer.fetch_group_list(None, PATIENCE) {
                Ok(groups) => {
                    let groups = groups.groups().iter();
                    Ok(Some(groups.map(|group| group.name().to_owned()).collect()))
                }
                // The topic that holds them is being made or read.
                Err(KafkaError::GroupListFetch(RDKafkaErrorCode::CoordinatorLoadInProgress)) => {
                    Ok(None)
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    /// The offset of the first record of a partition, and the one behind the last: of its log, or of that part which no
    /// open transaction holds back.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn watermarks(
        &self,
        topic: &str,
        partition: i32,
        isolation: Isolation,
    ) -> Result<(i64, i64)> {
        let mut client = self.client();
        client.set("isolation.level", isolation.name());
        let consumer: BaseConsumer = client.create()?;
        Ok(consumer.fetch_watermarks(topic, partition, PATIENCE)?)
    }

    /// Reads a partition from `start` to its end.
    ///
    /// # Errors
    /// If the broker has no such offset.
    pub fn read(
        &self,
        topic: &str,
        partition: i32,
        start: i64,
        isolation: Isolation,
    ) -> Result<Reading> {
        read(self.client(), topic, partition, start, isolation)
    }

    /// Waits until the first offset of a partition is `offset` at least, and gives it.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub fn wait_for_low_watermark(&self, topic: &str, partition: i32, offset: i64) -> Result<i64> {
        let consumer: BaseConsumer = self.client().create()?;
        wait_until("records are deleted", || {
            let (low, _) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
            Ok((low >= offset).then_some(low))
        })
    }

    /// Compacts all that a partition holds, and waits until that is done. `last` is written behind it, and stays as it is:
    /// its time has to be later than that of the first record since the last time by more than `segment.ms`.
    ///
    /// The topic needs `cleanup.policy=compact`, `segment.ms` and `min.cleanable.dirty.ratio=0`.
    ///
    /// # Errors
    /// If it is not done in time.
    pub fn compact(&self, topic: &str, last: Record) -> Result<()> {
        let partition = last.partition;
        let (_, end) = self.watermarks(topic, partition, Isolation::Uncommitted)?;
        self.produce(topic, "none", [last])?;
        let partition = format!("{topic} {partition} ");
        let path = self.folder.path().join("data/cleaner-offset-checkpoint");
        wait_until("the log is compacted", || {
            // A line each: topic, partition, the offset up to which it is clean.
            let clean = fs::read_to_string(&path).unwrap_or_default();
            let clean = clean.lines().find_map(|line| line.strip_prefix(&partition));
            Ok(clean
                .and_then(|offset| offset.parse::<i64>().ok())
                .filter(|offset| *offset >= end))
        })?;
        Ok(())
    }

    /// The folder in which the broker keeps a partition.
    pub fn local_folder(&self, topic: &str, partition: i32) -> PathBuf {
        self.folder.path().join(format!("data/{topic}-{partition}"))
    }

    /// The first offsets of the segments that the broker has itself, in order.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn local_segments(&self, topic: &str, partition: i32) -> Result<Vec<i64>> {
        let mut first = Vec::new();
        for entry in fs::read_dir(self.local_folder(topic, partition))? {
            let name = entry?.file_name();
            let name = name.to_str().context("not UTF-8")?;
            if let Some(offset) = name.strip_suffix(".log") {
                first.push(offset.parse()?);
            }
        }
        first.sort_unstable();
        Ok(first)
    }

    /// Waits until all segments of a partition but the last are tiered storage's alone. Gives the first offset that the
    /// broker still has itself.
    ///
    /// The topic needs `remote.storage.enable=true` and `local.retention.bytes=1`.
    ///
    /// # Errors
    /// If that does not happen in time.
    pub fn wait_until_tiered(&self, topic: &str, partition: i32) -> Result<i64> {
        wait_until("segments are tiered", || {
            let local = self.local_segments(topic, partition)?;
            Ok((local.len() == 1 && local[0] > 0).then(|| local[0]))
        })
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(self.client().create()?)
    }

    /// Waits until a topic has `partitions` partitions with leaders; a deleted topic has 0.
    fn wait_for_partitions(&self, topic: &str, partitions: i32) -> Result<()> {
        let consumer: BaseConsumer = self.client().create()?;
        wait_until("all know of the topic", || {
            let metadata = consumer.fetch_metadata(None, PATIENCE)?;
            let found = metadata.topics().iter().find(|found| found.name() == topic);
            let led = found.map_or(0, |found| {
                let led = found.partitions().iter();
                led.filter(|partition| partition.error().is_none() && partition.leader() >= 0)
                    .count()
            });
            Ok((led == usize::try_from(partitions)?).then_some(()))
        })
    }
}

/// Reads a partition from `start` to its end, as a client with these settings.
///
/// # Errors
/// If the client is not let in, or the broker has no such offset.
pub fn read(
    mut client: ClientConfig,
    topic: &str,
    partition: i32,
    start: i64,
    isolation: Isolation,
) -> Result<Reading> {
    client
        .set("group.id", "none-is-made")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        // The consumer reports the end of a partition after this time without a record.
        .set("fetch.wait.max.ms", "10")
        .set("isolation.level", isolation.name());
    let consumer: BaseConsumer = client.create()?;
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(topic, partition, Offset::Offset(start))?;
    consumer.assign(&from)?;
    let (mut offsets, mut records) = (Vec::new(), Vec::new());
    loop {
        match consumer.poll(PATIENCE).context("nothing comes")? {
            Ok(message) => {
                offsets.push(message.offset());
                records.push(Record::from_message(&message));
            }
            Err(KafkaError::PartitionEOF(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let position = consumer.position()?;
    let position = position
        .find_partition(topic, partition)
        .context("no position")?;
    let Offset::Offset(position) = position.offset() else {
        bail!("no position: {:?}", position.offset());
    };
    Ok(Reading {
        offsets,
        records,
        position,
    })
}

/// Asks until `check` has an answer.
pub(super) fn wait_until<T>(what: &str, mut check: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = check()? {
            return Ok(answer);
        }
        ensure!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE))
}

fn check(results: Vec<TopicResult>) -> Result<()> {
    for result in results {
        result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
    }
    Ok(())
}

/// Waits for a result of the client's own thread, in tests with a runtime of tokio and in those without.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(ready) = future.as_mut().poll(&mut Waiting::from_waker(&waker)) {
            return ready;
        }
        thread::park();
    }
}
