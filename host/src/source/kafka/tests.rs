//! The driver with the mock cluster of librdkafka, for events that a real broker cannot produce on demand.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::sync::mpsc::{Receiver, channel};
use tokio_util::sync::CancellationToken;

use super::client::{self, Isolation};
use super::native::{Delivery, PartitionReader};
use super::*;
use crate::source::Messages;

const TOPIC: &str = "clicks";

/// The mock cluster keeps 5 MB of a partition.
const RECORDS: i64 = 400;
const VALUE_BYTES: usize = 10_000;

type Mock = MockCluster<'static, DefaultProducerContext>;

fn value(n: i64) -> Vec<u8> {
    let mut value = format!("{n} ").into_bytes();
    value.resize(VALUE_BYTES, b'.');
    value
}

/// A cluster of three brokers with one partition of [`RECORDS`].
fn cluster() -> Mock {
    let mock = MockCluster::new(3).unwrap();
    mock.create_topic(TOPIC, 1, 3).unwrap();
    mock.partition_leader(TOPIC, 0, Some(1)).unwrap();
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", mock.bootstrap_servers());
    let producer: BaseProducer = settings.create().unwrap();
    for n in 0..RECORDS {
        let (key, value) = (n.to_string(), value(n));
        let record = BaseRecord::to(TOPIC).key(&key).payload(&value).partition(0);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    mock
}

/// Settings with a short queue, so that a split is still being fetched when its first records arrive.
fn config(mock: &Mock) -> KafkaConfig {
    let mut config = KafkaConfig::new(mock.bootstrap_servers(), &[TOPIC]);
    let little = [
        ("queued.max.messages.kbytes", "100"),
        ("fetch.message.max.bytes", "50000"),
    ];
    let little = little.map(|(name, value)| (name.to_owned(), value.to_owned()));
    config.properties.extend(little);
    config
}

fn driver(mock: &Mock) -> KafkaDriver {
    let config = config(mock);
    let range = RangeConfig::default();
    KafkaDriver::new(config, range, EventRange::default(), Parts::ALL)
}

fn whole() -> Split {
    Split {
        number: 0,
        size_bytes: 0,
        input: SplitInput::Offsets {
            topic: TOPIC.to_owned(),
            partition: 0,
            start: 0,
            end: RECORDS,
        },
    }
}

async fn next(received: &mut Receiver<Chunk>) -> Option<Messages> {
    match received.recv().await? {
        Chunk::Messages(messages) => Some(messages),
        other => panic!("{other:?}"),
    }
}

/// Reads all, with `disturb` after the first records.
async fn read_disturbed(disturb: impl FnOnce(&Mock)) {
    let mock = cluster();
    let driver = driver(&mock);
    let (out, mut received) = channel(1);
    let split = whole();
    let replay = driver.replay(&split, out, CancellationToken::new());
    let collect = async {
        let mut offsets = Vec::new();
        let mut disturb = Some(disturb);
        while let Some(messages) = next(&mut received).await {
            for message in messages.iter() {
                assert_eq!(message.value, Some(&*value(message.offset)));
                offsets.push(message.offset);
            }
            if let Some(disturb) = disturb.take() {
                disturb(&mock);
            }
        }
        offsets
    };
    let (ended, offsets) = tokio::join!(replay, collect);
    ended.unwrap();
    assert!(offsets.into_iter().eq(0..RECORDS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_gets_another_leader_in_the_middle() {
    read_disturbed(|mock| {
        mock.partition_leader(TOPIC, 0, Some(2)).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_has_no_leader_for_a_while() {
    read_disturbed(|mock| {
        mock.broker_down(1).unwrap();
        mock.partition_leader(TOPIC, 0, Some(3)).unwrap();
        mock.broker_up(1).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fetches_fail_and_are_tried_again() {
    read_disturbed(|mock| {
        let errors = [
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        ];
        mock.request_errors(RDKafkaApiKey::Fetch, &errors);
    })
    .await;
}

#[test]
fn readers_begin_and_end_anywhere_and_their_records_stay_as_they_are() {
    let mock = cluster();
    let client = Arc::new(client::open(&config(&mock), Isolation::Committed).unwrap());
    let mut seen = BTreeSet::new();
    for round in 0..40 {
        let start = round * 7;
        let mut reader = PartitionReader::start(Arc::clone(&client), TOPIC, 0, start).unwrap();
        let mut offset = start;
        // Some records are released, and some are still held when the reader is dropped.
        while offset < start + round % 5 + 1 {
            reader.fill(Duration::from_secs(10));
            let Some(Delivery::Record(record)) = reader.peek() else {
                panic!("no record at {offset}");
            };
            assert_eq!(record.offset, offset);
            assert_eq!(record.key, Some(offset.to_string().as_bytes()));
            assert_eq!(record.value, Some(&*value(offset)));
            seen.insert(offset);
            reader.advance();
            offset += 1;
        }
    }
    assert!(seen.len() > 40);
}

/// The line of log about an error is queued before the error itself.
#[test]
fn all_queued_errors_of_a_client_are_read() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client::open(&KafkaConfig::new(address, &[TOPIC]), Isolation::Committed).unwrap();
    let answer = client.fetch_metadata(Some(TOPIC), Duration::from_secs(1));
    assert!(answer.is_err());
    client::listen(&client);
    let said = client.context().take_error().unwrap();
    assert!(said.reason.contains("Connection refused"), "{said:?}");
}
