//! The Kafka driver against a real broker: the contract of drivers, and each trap that lies in a range of offsets.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::time::Duration;

use async_trait::async_trait;
use backfold::error::Coded;
use backfold::source::conformance::{self, Damage, Fixture};
use backfold::source::kafka::{KafkaConfig, KafkaDriver};
use backfold::source::range::{Bound, RangeConfig};
use backfold::source::{
    Chunk, EventRange, Frozen, FrozenPartition, HandoffPosition, Parts, ReplayDriver, SourceError,
    Split, SplitInput,
};
use backfold_tests::broker::{Broker, Options, Record, shared};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// 2026-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// Records with different keys, a second apart.
fn records(count: i64) -> impl Iterator<Item = Record> {
    (0..count).map(|n| {
        Record::of(format!("value {n}"))
            .key(format!("key {n}"))
            .at(BEGIN_MS + n * 1000)
    })
}

fn config(broker: &Broker, topic: &str) -> KafkaConfig {
    KafkaConfig::new(broker.bootstrap(), &[topic])
}

/// A driver over what is written as a range, with times seen from the beginning of 2027.
fn driver_of(config: KafkaConfig, range: RangeConfig) -> KafkaDriver {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    let times = range.resolve(now).unwrap();
    KafkaDriver::new(config, range, times, Parts::ALL)
}

fn driver(broker: &Broker, topic: &str, from: &str, to: &str) -> KafkaDriver {
    let bound = |text: &str| -> Bound { text.parse().unwrap() };
    let range = RangeConfig {
        from: bound(from),
        to: bound(to),
    };
    driver_of(config(broker, topic), range)
}

/// What a failed plan says.
async fn refused(driver: &dyn ReplayDriver) -> String {
    let (splits, _received) = mpsc::channel(1000);
    let error = driver.plan(splits).await.unwrap_err();
    format!("{}: {error}", error.code())
}

/// All records of a split: offset, timestamp, value.
async fn read(
    driver: &dyn ReplayDriver,
    split: &Split,
) -> Result<Vec<(i64, Option<i64>, Option<String>)>, SourceError> {
    let (out, mut received) = mpsc::channel(1);
    let collect = async {
        let mut all = Vec::new();
        while let Some(chunk) = received.recv().await {
            let Chunk::Messages(messages) = chunk else {
                panic!("{chunk:?}");
            };
            for message in messages.iter() {
                let value = message
                    .value
                    .map(|value| String::from_utf8_lossy(value).into_owned());
                all.push((message.offset, message.time_us, value));
            }
        }
        all
    };
    let replay = driver.replay(split, out, CancellationToken::new());
    let (ended, all) = tokio::join!(replay, collect);
    ended.map(|()| all)
}

/// The offsets of all splits.
async fn offsets(driver: &dyn ReplayDriver, splits: &[Split]) -> Vec<i64> {
    let mut all = Vec::new();
    for split in splits {
        let records = read(driver, split).await.unwrap();
        all.extend(records.into_iter().map(|record| record.0));
    }
    all
}

fn range(partition: &FrozenPartition) -> (i64, i64) {
    (partition.start, partition.end)
}

fn next(frozen: &Frozen) -> Vec<i64> {
    let positions = frozen.handoff.positions.iter();
    positions
        .map(|position| match position {
            HandoffPosition::Offset { next, .. } => *next,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn split(topic: &str, start: i64, end: i64) -> Split {
    Split {
        number: 0,
        size_bytes: 0,
        input: SplitInput::Offsets {
            topic: topic.to_owned(),
            partition: 0,
            start,
            end,
        },
    }
}

struct Topic(String);

#[async_trait]
impl Fixture for Topic {
    async fn driver(&self) -> Box<dyn ReplayDriver> {
        let mut config = config(shared(), &self.0);
        config.split_size = conformance::SPLIT_SIZE;
        Box::new(driver_of(config, RangeConfig::default()))
    }

    async fn put(&mut self, key: &str, content: &[u8]) {
        let record = Record::of(content).key(key).partition(key.len() as i32 % 3);
        shared().produce(&self.0, "none", [record]).unwrap();
    }

    async fn damage(&mut self, _: &str, _: Damage) -> bool {
        // What a topic can suffer has tests of its own.
        false
    }

    fn largest_bytes(&self) -> usize {
        // Producers send a megabyte by default, with all that is around it.
        990_000
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    conformance::all(async || Topic(shared().create("contract", 3, &[]).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_ends_where_control_records_stand() {
    let broker = shared();
    let topic = broker.create("transactions", 1, &[]).unwrap();
    let producer = broker.transactional().unwrap();
    let producer = producer.commit(&topic, records(3)).unwrap();
    let producer = producer.abort(&topic, records(2)).unwrap();
    let producer = producer.commit(&topic, records(2)).unwrap();
    let open = producer.open(&topic, records(1)).unwrap();

    // 0 1 2 C, 4 5 aborted A, 7 8 C, 10 open.
    let whole = driver(broker, &topic, "earliest", "latest");
    let (splits, frozen) = conformance::plan(&whole).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 10));
    assert_eq!(next(&frozen), [10]);
    assert_eq!(
        frozen.notes,
        [format!(
            "A transaction is open in {topic}/0: it ends at its last stable offset 10, and 1 offsets behind that are left out."
        )]
    );
    assert_eq!(offsets(&whole, &splits).await, [0, 1, 2, 7, 8]);

    // Every range of this log, whatever stands at its ends.
    for start in 0..10 {
        for end in start + 1..=10 {
            let found = offsets(&whole, &[split(&topic, start, end)]).await;
            let expected = [0, 1, 2, 7, 8].into_iter();
            let expected: Vec<i64> = expected.filter(|at| (start..end).contains(at)).collect();
            assert_eq!(found, expected, "{start}..{end}");
        }
    }
    // The end may be asked for where an open transaction holds it back.
    let beyond = driver(broker, &topic, "0", "11");
    let (_, frozen) = conformance::plan(&beyond).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 10));
    assert_eq!(frozen.notes.len(), 1);
    open.commit().unwrap();
}

/// The client notes the end of a log when it comes there; by the time that somebody reads the note, there may be more.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_of_the_log_that_was_one_is_none_any_more() {
    let broker = shared();
    let topic = broker.create("stale", 1, &[]).unwrap();
    let mut count = 0;
    let driver = driver(broker, &topic, "earliest", "latest");
    // One reader goes on from split to split.
    for _ in 0..20 {
        broker.produce(&topic, "none", records(10)).unwrap();
        let found = offsets(&driver, &[split(&topic, count, count + 10)]).await;
        assert!(found.into_iter().eq(count..count + 10));
        count += 10;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_aborted_transaction_is_passed_over() {
    let broker = shared();
    let topic = broker.create("aborted", 1, &[]).unwrap();
    let large = (0..60).map(|n: u8| Record::of(vec![n; 900_000]));
    let producer = broker.transactional().unwrap();
    producer.abort(&topic, large).unwrap();
    broker.produce(&topic, "none", records(1)).unwrap();
    let whole = driver(broker, &topic, "earliest", "latest");
    let (splits, frozen) = conformance::plan(&whole).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 62));
    assert_eq!(offsets(&whole, &splits).await, [61]);
    let within = [split(&topic, 5, 50), split(&topic, 60, 61)];
    assert_eq!(offsets(&whole, &within).await, [0i64; 0]);
    // A plan of nothing but aborted records is one: its offsets are there.
    let aborted = driver(broker, &topic, "5", "50");
    let (splits, _) = conformance::plan(&aborted).await;
    assert_eq!(offsets(&aborted, &splits).await, [0i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_leaves_holes_and_the_range_is_whole() {
    let broker = shared();
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1000000"),
        ("min.cleanable.dirty.ratio", "0"),
    ];
    let topic = broker.create("compacted", 1, &settings).unwrap();
    let same = records(40).map(|record| record.key("same"));
    broker.produce(&topic, "none", same).unwrap();
    let last = Record::of("last").key("last").at(BEGIN_MS + 2_000_000);
    broker.compact(&topic, last).unwrap();
    let whole = driver(broker, &topic, "earliest", "latest");
    let (splits, frozen) = conformance::plan(&whole).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 41));
    assert_eq!(offsets(&whole, &splits).await, [39, 40]);
    // All of it is gone, and that is no loss.
    let hole = split(&topic, 0, 39);
    assert_eq!(offsets(&whole, &[hole]).await, [0i64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_an_error_and_never_passed_over() {
    let broker = shared();
    let topic = broker.create("deleted", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(500)).unwrap();
    let whole = driver(broker, &topic, "earliest", "latest");
    let (splits, _) = conformance::plan(&whole).await;
    broker.delete_records(&topic, 0, 250).unwrap();
    let error = read(&whole, &splits[0]).await.unwrap_err();
    assert_eq!(error.code().number, 247);
    assert_eq!(
        error.to_string(),
        format!("offsets 0 to 249 of {topic}/0 are gone: its log begins at 250")
    );
    let error = read(&whole, &split(&topic, 100, 200)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("offsets 100 to 199 of {topic}/0 are gone: its log begins at 250")
    );
    assert_eq!(offsets(&whole, &[split(&topic, 250, 500)]).await.len(), 250);

    let late = driver(broker, &topic, "100", "latest");
    assert_eq!(
        refused(&late).await,
        format!("BF0247: offsets 100 to 249 of {topic}/0 are gone: its log begins at 250")
    );
    let (_, frozen) = conformance::plan(&driver(broker, &topic, "earliest", "latest")).await;
    assert_eq!(range(&frozen.partitions[0]), (250, 500));
}

/// Records are deleted behind the reader's back while it waits for room.
#[tokio::test(flavor = "multi_thread")]
async fn deletion_in_the_middle_of_a_split_is_found() {
    let broker = shared();
    let topic = broker.create("cut", 1, &[]).unwrap();
    // More than a client fetches ahead.
    let large = (0..60).map(|n: u8| Record::of(vec![n; 900_000]));
    broker.produce(&topic, "none", large).unwrap();
    let whole = driver(broker, &topic, "earliest", "latest");
    let (out, mut received) = mpsc::channel(1);
    let all = split(&topic, 0, 60);
    let replay = whole.replay(&all, out, CancellationToken::new());
    let cut = async {
        let first = received.recv().await.unwrap();
        tokio::task::spawn_blocking({
            let topic = topic.clone();
            move || shared().delete_records(&topic, 0, 55).unwrap()
        })
        .await
        .unwrap();
        let mut count = chunk_len(&first);
        while let Some(chunk) = received.recv().await {
            count += chunk_len(&chunk);
        }
        count
    };
    let (ended, count) = tokio::join!(replay, cut);
    let error = ended.unwrap_err().to_string();
    assert!(count < 55, "{count} were delivered: all was fetched before");
    assert_eq!(
        error,
        format!("offsets {count} to 54 of {topic}/0 are gone: its log begins at 55")
    );
}

fn chunk_len(chunk: &Chunk) -> usize {
    match chunk {
        Chunk::Messages(messages) => messages.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_time_finds_all_that_are_out_of_order() {
    let broker = shared();
    let topic = broker.create("times", 1, &[]).unwrap();
    // In hours: 0 1 2 3 10 4 5 20 6 7.
    let hours = [0, 1, 2, 3, 10, 4, 5, 20, 6, 7];
    let hour_ms = 3_600_000;
    let list = hours.map(|hour| Record::of(hour.to_string()).at(BEGIN_MS + hour * hour_ms));
    for record in list {
        broker.produce(&topic, "none", [record]).unwrap();
    }
    let within = |from: &str, to: &str, lateness_hours: u64| {
        let mut config = config(broker, &topic);
        config.lateness = Duration::from_secs(lateness_hours * 3600);
        let range = RangeConfig {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        };
        driver_of(config, range)
    };
    // The first record of 2 o'clock or later is at 2; the first of 10 or later at 4, and 10 + 4 or later at 7.
    let narrow = within("2026-01-01T02:00Z", "2026-01-01T06:00Z", 0);
    let (_, frozen) = conformance::plan(&narrow).await;
    assert_eq!(
        (range(&frozen.partitions[0]), next(&frozen)),
        ((2, 4), vec![4])
    );
    let wide = within("2026-01-01T02:00Z", "2026-01-01T06:00Z", 8);
    let (_, frozen) = conformance::plan(&wide).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 7));
    assert_eq!(
        next(&frozen),
        [0],
        "a consumer goes on where records from 6 o'clock on may be"
    );
    let until = HandoffPosition::Offset {
        topic: topic.clone(),
        partition: 0,
        next: 0,
        until_us: Some((BEGIN_MS + 6 * hour_ms) * 1000),
    };
    assert_eq!(frozen.handoff.positions, [until]);
    // No record is that late: up to the end, and never the end of all time.
    let late = within("2026-01-01T15:00Z", "2026-06-01", 0);
    let (_, frozen) = conformance::plan(&late).await;
    assert_eq!(range(&frozen.partitions[0]), (7, 10));
    let nothing = within("2026-06-01", "latest", 0);
    assert!(refused(&nothing).await.starts_with("BF0246"));
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
        format!("BF0245: the range of {topic}/1 ends at 500, and its log ends at 10")
    );
    let strange = driver(broker, &topic, "7=0", "latest");
    assert_eq!(
        refused(&strange).await,
        "BF0245: the range of partition 7 is named in the job, and there is no such partition"
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
    let read = futures::future::join_all(splits.iter().map(|split| read(&driver, split))).await;
    let found: Vec<i64> = read
        .into_iter()
        .flat_map(|records| records.unwrap())
        .map(|record| record.0)
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
async fn a_topic_made_anew_is_another_and_a_partition_added_is_not_missed() {
    let broker = shared();
    let topic = broker.create("anew", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(10)).unwrap();
    let driver = driver(broker, &topic, "earliest", "latest");
    let (splits, frozen) = conformance::plan(&driver).await;
    driver.verify(&frozen).await.unwrap();
    broker.add_partitions(&topic, 2).unwrap();
    driver.verify(&frozen).await.unwrap();
    assert_eq!(offsets(&driver, &splits).await.len(), 10);

    broker.make_anew(&topic, 1, &[]).unwrap();
    broker.produce(&topic, "none", records(20)).unwrap();
    let error = driver.verify(&frozen).await.unwrap_err();
    assert_eq!(
        format!("{}: {error}", error.code()),
        format!("BF0249: `{topic}` was deleted and made anew since the plan")
    );
    broker.delete(&topic).unwrap();
    let error = driver.verify(&frozen).await.unwrap_err();
    assert_eq!(
        format!("{}: {error}", error.code()),
        format!("BF0250: the topic `{topic}` has vanished since the plan")
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
        "BF0241: `nobody-[` is not a pattern of topics"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tiered_segments_are_read_like_others() {
    let broker = shared();
    let settings = [
        ("remote.storage.enable", "true"),
        ("local.retention.bytes", "1"),
        ("segment.bytes", "1048576"),
    ];
    let topic = broker.create("tiered", 1, &settings).unwrap();
    let large = records(1000).map(|record| Record {
        value: Some(vec![b'x'; 10_000]),
        ..record
    });
    broker.produce(&topic, "none", large).unwrap();
    let first_local = broker.wait_until_tiered(&topic, 0).unwrap();
    assert!(first_local > 0, "all is local");
    let whole = driver(broker, &topic, "earliest", "latest");
    let (splits, frozen) = conformance::plan(&whole).await;
    assert_eq!(range(&frozen.partitions[0]), (0, 1000));
    assert!(offsets(&whole, &splits).await.into_iter().eq(0..1000));
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
        let mut count = chunk_len(&received.recv().await.unwrap());
        broker.kill();
        broker.restart().unwrap();
        while let Some(chunk) = received.recv().await {
            count += chunk_len(&chunk);
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
