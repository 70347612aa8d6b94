//! The Kafka driver against a real broker: the contract of drivers, what a plan freezes, and brokers that go away.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use backfold::error::Coded;
use backfold::source::conformance::{self, Damage, Fixture};
use backfold::source::kafka::KafkaDriver;
use backfold::source::range::RangeConfig;
use backfold::source::{Chunk, EventRange, Parts, ReplayDriver};
use backfold_tests::broker::{Options, Record, shared};
use backfold_tests::ranges::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A topic, and what was put and is not produced so far: all at once is far faster.
struct Topic {
    name: String,
    put: Mutex<Vec<Record>>,
}

#[async_trait]
impl Fixture for Topic {
    async fn driver(&self) -> Box<dyn ReplayDriver> {
        let put = std::mem::take(&mut *self.put.lock().unwrap());
        if !put.is_empty() {
            shared().produce(&self.name, "none", put).unwrap();
        }
        let mut config = config(shared(), &self.name);
        config.split_size = conformance::SPLIT_SIZE;
        Box::new(driver_of(config, RangeConfig::default()))
    }

    async fn put(&mut self, key: &str, content: &[u8]) {
        let record = Record::of(content).key(key).partition(key.len() as i32 % 3);
        self.put.lock().unwrap().push(record);
    }

    async fn damage(&mut self, _: &str, _: Damage) -> bool {
        // Damage of topics has tests of its own.
        false
    }

    fn largest_bytes(&self) -> usize {
        // Producers send a megabyte by default, with all that is around it.
        990_000
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let topic = async || Topic {
        name: shared().create("contract", 3, &[]).unwrap(),
        put: Mutex::default(),
    };
    conformance::all(topic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_those_of_each_partition() {
    let broker = shared();
    let topic = broker.create("skew", 4, &[]).unwrap();
    let to = |partition: i32, count: i64| records(count).map(move |one| one.partition(partition));
    broker
        .produce(
            &topic,
            "lz4",
            to(0, 1000).chain(to(1, 10)).chain(to(2, 100)),
        )
        .unwrap();
    let ranges = async |from: &str, to: &str| -> Vec<(i64, i64)> {
        let (_, frozen) = conformance::plan(&driver(broker, &topic, from, to)).await;
        frozen.partitions.iter().map(range).collect()
    };
    assert_eq!(
        ranges("earliest", "latest").await,
        [(0, 1000), (0, 10), (0, 100), (0, 0)]
    );
    assert_eq!(
        ranges("-5", "latest").await,
        [(995, 1000), (5, 10), (95, 100), (0, 0)]
    );
    assert_eq!(ranges("+3", "+5").await, [(3, 5), (3, 5), (3, 5), (0, 0)]);
    let each = format!("{topic}/0=7,{topic}/1=2,{topic}/2=0,3=0");
    assert_eq!(
        ranges("earliest", &each).await,
        [(0, 7), (0, 2), (0, 0), (0, 0)]
    );
    assert_eq!(
        ranges("0=990,1=10", "latest").await,
        [(990, 1000), (10, 10), (0, 100), (0, 0)]
    );
    let beyond = driver(broker, &topic, "0", "500");
    assert_eq!(
        refused(&beyond).await,
        format!("BF0245: the range of {topic}/1 ends at 500, but its log ends at 10")
    );
    let strange = driver(broker, &topic, "7=0", "latest");
    assert_eq!(
        refused(&strange).await,
        "BF0245: the range of partition 7 is given in the job, but there is no such partition"
    );
    let nothing = driver(broker, &topic, "0=4", "0=4,1=0,2=0,3=0");
    assert!(
        refused(&nothing).await.starts_with("BF0246"),
        "start is end everywhere"
    );

    let (splits, frozen) = conformance::plan(&driver(broker, &topic, "earliest", "latest")).await;
    assert!(splits.len() >= 3);
    let first = &frozen.partitions[0];
    assert_eq!(first.first_us, Some(BEGIN_MS * 1000));
    assert_eq!(first.last_us, Some((BEGIN_MS + 999_000) * 1000));
    assert_eq!(
        first.record_bytes,
        Some(13),
        "the first hundred, key and value"
    );
    assert!(first.topic_id.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_large_partition_is_many_splits_read_at_a_time() {
    let broker = shared();
    let topic = broker.create("large", 1, &[]).unwrap();
    broker.produce(&topic, "zstd", records(20_000)).unwrap();
    let mut config = config(broker, &topic);
    config.split_size = backfold::units::ByteSize::kib(16);
    let driver = driver_of(config, RangeConfig::default());
    let (splits, _) = conformance::plan(&driver).await;
    assert_eq!(splits.len(), 20);
    let reads = futures::future::join_all(splits.iter().map(|split| read(&driver, split))).await;
    let found: Vec<i64> = reads
        .into_iter()
        .flat_map(|offsets| offsets.unwrap())
        .collect();
    assert!(found.into_iter().eq(0..20_000));
    let groups = broker.groups().unwrap();
    assert_eq!(groups, [""; 0], "a group was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_record_has_beside_its_value_comes_along() {
    let broker = shared();
    let topic = broker.create("beside", 1, &[]).unwrap();
    let full = Record {
        headers: vec![
            ("a".to_owned(), Some(b"1".to_vec())),
            ("a".to_owned(), None),
            ("b".to_owned(), Some(Vec::new())),
        ],
        ..Record::of("{}").key("k").at(BEGIN_MS)
    };
    let bare = Record {
        value: None,
        ..Record::default()
    };
    let empty = Record::of("").key("");
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let list = [full.clone(), bare.clone(), empty.clone()];
        broker.produce(&topic, compression, list).unwrap();
    }
    let whole = driver(broker, &topic, "earliest", "latest");
    let (out, mut received) = mpsc::channel(100);
    let all = split(&topic, 0, 15);
    whole
        .replay(&all, out, CancellationToken::new())
        .await
        .unwrap();
    let mut count = 0;
    while let Some(Chunk::Messages(messages)) = received.recv().await {
        for message in messages.iter() {
            match count % 3 {
                0 => {
                    assert_eq!(message.key, Some(&b"k"[..]));
                    assert_eq!(message.value, Some(&b"{}"[..]));
                    assert_eq!(message.time_us, Some(BEGIN_MS * 1000));
                    let headers: Vec<_> = message.headers.iter().collect();
                    let expected = [
                        (&b"a"[..], Some(&b"1"[..])),
                        (b"a", None),
                        (b"b", Some(b"")),
                    ];
                    assert_eq!(headers, expected);
                }
                1 => assert_eq!((message.key, message.value), (None, None)),
                _ => assert_eq!(
                    (message.key, message.value),
                    (Some(&b""[..]), Some(&b""[..]))
                ),
            }
            count += 1;
        }
    }
    assert_eq!(count, 15);

    let bare = KafkaDriver::new(
        config(broker, &topic),
        RangeConfig::default(),
        EventRange::default(),
        Parts {
            keys: false,
            headers: false,
        },
    );
    let (out, mut received) = mpsc::channel(100);
    bare.replay(&all, out, CancellationToken::new())
        .await
        .unwrap();
    let Some(Chunk::Messages(messages)) = received.recv().await else {
        panic!("nothing")
    };
    assert!(
        messages
            .iter()
            .all(|message| message.key.is_none() && message.headers.iter().count() == 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_frozen_and_wrong_names_refused() {
    let broker = shared();
    let name = backfold_tests::broker::topics::unique("pattern");
    for suffix in ["b", "a"] {
        let topic = format!("{name}-{suffix}");
        broker.create_named(&topic, 1, &[]).unwrap();
        broker.produce(&topic, "none", records(3)).unwrap();
    }
    let whole = driver(broker, &format!("{name}-*"), "earliest", "latest");
    let (splits, frozen) = conformance::plan(&whole).await;
    let topics: Vec<_> = frozen
        .partitions
        .iter()
        .map(|one| one.topic.clone())
        .collect();
    assert_eq!(topics, [format!("{name}-a"), format!("{name}-b")]);
    assert_eq!(splits.len(), 2);
    let none = driver(broker, "nobody-*", "earliest", "latest");
    assert_eq!(
        refused(&none).await,
        "BF0240: the brokers have no topic `nobody-*`"
    );
    let none = driver(broker, "nobody", "earliest", "latest");
    assert_eq!(
        refused(&none).await,
        "BF0240: the brokers have no topic `nobody`"
    );
    let broken = driver(broker, "nobody-[", "earliest", "latest");
    assert_eq!(
        refused(&broken).await,
        "BF0241: `nobody-[` is not a valid pattern of topics"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back_is_waited_for() {
    let mut broker = Options::default().start().unwrap();
    let topic = broker.create("killed", 1, &[]).unwrap();
    let large = (0..60).map(|n: u8| Record::of(vec![n; 900_000]));
    broker.produce(&topic, "none", large).unwrap();
    let whole = driver(&broker, &topic, "earliest", "latest");
    let (out, mut received) = mpsc::channel(1);
    let all = split(&topic, 0, 60);
    let replay = whole.replay(&all, out, CancellationToken::new());
    let kill = async {
        let mut count = messages(received.recv().await.unwrap()).len();
        broker.kill();
        broker.restart().unwrap();
        while let Some(chunk) = received.recv().await {
            count += messages(chunk).len();
        }
        count
    };
    let (ended, count) = tokio::join!(replay, kill);
    ended.unwrap();
    assert_eq!(count, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_come_back_is_not_waited_for_forever() {
    let mut broker = Options::default().start().unwrap();
    let topic = broker.create("gone", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(10)).unwrap();
    let mut config = config(&broker, &topic);
    config.stall_timeout = Duration::from_secs(2);
    config.request_timeout = Duration::from_secs(2);
    let whole = driver_of(config, RangeConfig::default());
    broker.kill();
    let error = read(&whole, &split(&topic, 0, 10)).await.unwrap_err();
    assert_eq!(error.code().number, 251, "{error}");
    let refused = refused(&whole).await;
    assert!(
        refused.starts_with("BF0244: cannot reach 127.0.0.1:"),
        "{refused}"
    );
}
