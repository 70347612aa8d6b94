//! Servers and programs for `tests/bench --cases kafka`: a broker with a topic, and a consumer that only reads.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use backfold_tests::broker::{Broker, Record};
use clap::Parser;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::util::Timeout;

/// Servers and programs for `tests/bench --cases kafka`
#[derive(Parser)]
enum Arguments {
    /// Starts a broker with a topic that holds each line of an archive; writes a line of JSON, and ends with its input
    Serve {
        /// The archive's folder
        #[arg(long)]
        archive: PathBuf,
        /// How the producer compresses
        #[arg(long, default_value = "none")]
        compression: String,
    },
    /// Reads a partition from its beginning to its end
    Consume {
        /// Where the broker is
        #[arg(long)]
        brokers: String,
        /// The topic
        #[arg(long)]
        topic: String,
    },
}

fn main() -> Result<()> {
    match Arguments::parse() {
        Arguments::Serve {
            archive,
            compression,
        } => serve(&archive, &compression),
        Arguments::Consume { brokers, topic } => consume(&brokers, &topic),
    }
}

fn serve(archive: &Path, compression: &str) -> Result<()> {
    let broker = Broker::start()?;
    let topic = broker.create("clicks", 1, &[])?;
    let mut objects = Vec::new();
    find(archive, &mut objects)?;
    objects.sort_unstable();
    let mut records = 0;
    for object in objects {
        let lines = BufReader::new(fs::File::open(&object)?).lines();
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        records += broker.produce(&topic, compression, lines.into_iter().map(Record::of))?;
    }
    let told =
        serde_json::json!({ "brokers": broker.bootstrap(), "topic": topic, "records": records });
    println!("{told}");
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn find(folder: &Path, objects: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => find(&path, objects)?,
            false => objects.push(path),
        }
    }
    Ok(())
}

/// As bare as the wrapper of librdkafka lets it be, with the settings that backfold has.
fn consume(brokers: &str, topic: &str) -> Result<()> {
    let settings = [
        ("bootstrap.servers", brokers),
        // Nothing is assigned to a consumer without a group.
        ("group.id", "bench"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("isolation.level", "read_committed"),
        ("check.crcs", "true"),
        ("queued.max.messages.kbytes", "8192"),
        ("queued.min.messages", "1000000"),
        ("fetch.message.max.bytes", "2097152"),
        ("fetch.queue.backoff.ms", "5"),
        ("fetch.wait.max.ms", "100"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let consumer: BaseConsumer = ClientConfig::from_iter(settings).create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(0))?;
    consumer.assign(&list)?;
    let began = Instant::now();
    let (mut records, mut bytes) = (0u64, 0u64);
    loop {
        match consumer.poll(Timeout::After(Duration::from_secs(10))) {
            Some(Ok(message)) => {
                records += 1;
                bytes += message.payload().context("a tombstone")?.len() as u64;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => return Err(error.into()),
            None => bail!("nothing came"),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let told = serde_json::json!({ "records": records, "bytes": bytes, "seconds": seconds });
    println!("{told}");
    Ok(())
}
