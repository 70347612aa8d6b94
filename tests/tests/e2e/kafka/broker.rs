//! Facts about a real broker that tests of Kafka rely on: where control records are, what deleting, compacting and tiering
//! leave, what survives a kill, which clients may log in.

use std::thread;

use backfold_tests::broker::topics::read;
use backfold_tests::broker::{Broker, Isolation, Listener, Options, Record, shared};
use backfold_tests::registry::Registry;
use rdkafka::consumer::{BaseConsumer, Consumer};

use Isolation::{Committed, Uncommitted};

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

#[test]
fn control_records_have_offsets_that_are_never_delivered() {
    let broker = shared();
    let topic = broker.create("transactions", 1, &[]).unwrap();
    let producer = broker.transactional().unwrap();
    let producer = producer.commit(&topic, records(3)).unwrap();
    let producer = producer.abort(&topic, records(2)).unwrap();
    let producer = producer.commit(&topic, records(2)).unwrap();
    let open = producer.open(&topic, records(1)).unwrap();

    let committed = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(committed.offsets, [0, 1, 2, 7, 8]);
    assert_eq!(committed.position, 10);
    let all = broker.read(&topic, 0, 0, Uncommitted).unwrap();
    assert_eq!(all.offsets, [0, 1, 2, 4, 5, 7, 8, 10]);
    assert_eq!(all.position, 11);
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 10));
    assert_eq!(broker.watermarks(&topic, 0, Uncommitted).unwrap(), (0, 11));

    let producer = open.commit().unwrap();
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 12));
    producer.open(&topic, records(1)).unwrap().abort().unwrap();
    let committed = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(committed.offsets, [0, 1, 2, 7, 8, 10]);
    assert_eq!(committed.position, 14);
}

#[test]
fn records_come_back_as_they_were_in_every_compression() {
    let broker = shared();
    let topic = broker.create("compressions", 2, &[]).unwrap();
    let compressions = ["none", "gzip", "snappy", "lz4", "zstd"];
    let sent = |compression: &str| {
        let full = Record {
            key: Some(compression.into()),
            value: Some(compression.repeat(5000).into()),
            headers: vec![
                ("same".to_owned(), Some(b"1".to_vec())),
                ("same".to_owned(), Some(Vec::new())),
                ("none".to_owned(), None),
            ],
            timestamp_ms: Some(BEGIN_MS),
            partition: 1,
        };
        let tombstone = Record {
            value: None,
            headers: Vec::new(),
            ..full.clone()
        };
        [full, tombstone]
    };
    let mut ends = vec![0];
    for compression in compressions {
        broker
            .produce(&topic, compression, sent(compression))
            .unwrap();
        // The folder of a broker is read as it is, so this is the size on disk.
        let log = broker
            .local_folder(&topic, 1)
            .join(format!("{:020}.log", 0));
        ends.push(log.metadata().unwrap().len());
    }
    let sizes: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(sizes[0] > 20_000, "{sizes:?}");
    assert!(sizes[1..].iter().all(|size| *size < 3_000), "{sizes:?}");
    let read = broker.read(&topic, 1, 0, Committed).unwrap();
    let sent: Vec<Record> = compressions.into_iter().flat_map(sent).collect();
    assert_eq!(read.records, sent);
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 0));
}

#[test]
fn deleted_records_move_the_low_watermark() {
    let broker = shared();
    let topic = broker.create("deleted", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(10)).unwrap();
    broker.delete_records(&topic, 0, 4).unwrap();
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (4, 10));
    let read = broker.read(&topic, 0, 4, Committed).unwrap();
    assert_eq!(read.offsets, (4..10).collect::<Vec<_>>());
    let error = broker.read(&topic, 0, 0, Committed).unwrap_err();
    assert!(
        format!("{error:#}").contains("AutoOffsetReset"),
        "{error:#}"
    );
}

#[test]
fn retention_moves_it_too() {
    let broker = shared();
    let settings = [("retention.bytes", "1048576"), ("segment.bytes", "1048576")];
    let topic = broker.create("retention", 1, &settings).unwrap();
    let large = records(400).map(|record| Record {
        value: Some(vec![b'x'; 10_000]),
        ..record
    });
    broker.produce(&topic, "none", large).unwrap();
    let low = broker.wait_for_low_watermark(&topic, 0, 100).unwrap();
    let read = broker.read(&topic, 0, low, Committed).unwrap();
    assert_eq!(read.offsets, (low..400).collect::<Vec<_>>());
}

#[test]
fn compaction_leaves_gaps_below_which_the_low_watermark_stays() {
    let broker = shared();
    let settings = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1000000"),
        ("min.cleanable.dirty.ratio", "0"),
    ];
    let topic = broker.create("compacted", 1, &settings).unwrap();
    let with_few_keys = records(10).enumerate().map(|(n, record)| {
        let key = if n == 0 {
            "once".to_owned()
        } else {
            format!("key {}", n % 2)
        };
        record.key(key)
    });
    broker.produce(&topic, "none", with_few_keys).unwrap();
    let last = Record::of("last").key("last");
    broker
        .compact(&topic, last.clone().at(BEGIN_MS + 2_000_000))
        .unwrap();
    let read = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(read.offsets, [0, 8, 9, 10]);
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 11));

    // The first record goes, and nothing else says so.
    let again = Record::of("again").key("once").at(BEGIN_MS + 2_000_001);
    broker.produce(&topic, "none", [again]).unwrap();
    broker
        .compact(&topic, last.at(BEGIN_MS + 4_000_000))
        .unwrap();
    let read = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(read.offsets, [8, 9, 10, 11, 12]);
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 13));
}

#[test]
fn what_is_tiered_is_read_all_the_same() {
    let broker = shared();
    let settings = [
        ("remote.storage.enable", "true"),
        ("local.retention.bytes", "1"),
        ("segment.bytes", "1048576"),
    ];
    let topic = broker.create("tiered", 1, &settings).unwrap();
    let large = records(500).map(|record| Record {
        value: Some(vec![b'x'; 10_000]),
        ..record
    });
    broker.produce(&topic, "none", large).unwrap();
    let local = broker.wait_until_tiered(&topic, 0).unwrap();
    assert!((300..500).contains(&local), "{local}");
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 500));
    let read = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(read.offsets, (0..500).collect::<Vec<_>>());
    broker.delete_records(&topic, 0, 50).unwrap();
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (50, 500));
}

#[test]
fn topics_grow_and_are_made_anew() {
    let broker = shared();
    let topic = broker.create("changing", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(3)).unwrap();
    broker.add_partitions(&topic, 3).unwrap();
    let record = Record::of("in another").partition(2);
    broker.produce(&topic, "none", [record]).unwrap();
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 3));
    assert_eq!(broker.watermarks(&topic, 2, Committed).unwrap(), (0, 1));
    broker.make_anew(&topic, 2, &[]).unwrap();
    assert_eq!(broker.watermarks(&topic, 0, Committed).unwrap(), (0, 0));
    assert!(broker.watermarks(&topic, 2, Committed).is_err());
}

#[test]
fn groups_are_listed() {
    let broker = Broker::start().unwrap();
    let topic = broker.create("groups", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(1)).unwrap();
    // An assigned consumer makes none, though it names one.
    broker.read(&topic, 0, 0, Committed).unwrap();
    assert!(broker.groups().unwrap().is_empty());
    let consumer: BaseConsumer = broker
        .client()
        .set("group.id", "a-group")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[&topic]).unwrap();
    consumer.iter().next().unwrap().unwrap();
    assert_eq!(broker.groups().unwrap(), ["a-group"]);
}

#[test]
fn a_killed_broker_comes_back_with_its_data() {
    let mut broker = Options::default().with_tiering().start().unwrap();
    let topic = broker.create("kept", 1, &[]).unwrap();
    let producer = broker.transactional().unwrap();
    let producer = producer.commit(&topic, records(100)).unwrap();
    let address = broker.bootstrap();
    broker.kill();
    assert!(broker.server().is_err());
    broker.restart().unwrap();
    assert_eq!(broker.bootstrap(), address);
    // A broker that was killed before it had noted that the control record is written writes another one.
    let (low, end) = broker.watermarks(&topic, 0, Committed).unwrap();
    assert!(low == 0 && (101..=102).contains(&end), "{low}..{end}");
    producer.commit(&topic, records(1)).unwrap();
    broker.stop().unwrap();
    broker.restart().unwrap();
    let read = broker.read(&topic, 0, 0, Committed).unwrap();
    assert_eq!(read.offsets[..100], (0..100).collect::<Vec<_>>());
    assert_eq!(read.offsets[100..], [end]);
    assert_eq!(read.position, end + 2);
}

#[test]
fn a_broker_that_stands_still_answers_once_it_goes_on() {
    let broker = Broker::start().unwrap();
    let topic = broker.create("still", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(5)).unwrap();
    let consumer: BaseConsumer = broker.client().create().unwrap();
    let soon = std::time::Duration::from_secs(60);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, soon).unwrap(), (0, 5));
    broker.pause().unwrap();
    let shortly = std::time::Duration::from_millis(300);
    assert!(consumer.fetch_watermarks(&topic, 0, shortly).is_err());
    thread::scope(|scope| {
        let answer = scope.spawn(|| consumer.fetch_watermarks(&topic, 0, soon));
        broker.resume().unwrap();
        assert_eq!(answer.join().unwrap().unwrap(), (0, 5));
    });
}

#[test]
fn tls_and_logins_let_in_whom_they_should() {
    let broker = shared();
    let topic = broker.create("secure", 1, &[]).unwrap();
    broker.produce(&topic, "none", records(3)).unwrap();
    let logins = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
    let ways = [(Listener::Ssl, ""), (Listener::Mtls, "")]
        .into_iter()
        .chain(logins.map(|login| (Listener::SaslPlaintext, login)))
        .chain(logins.map(|login| (Listener::SaslSsl, login)));
    for (listener, login) in ways {
        let client = broker.client_of(listener, login);
        let found = read(client.clone(), &topic, 0, 0, Committed);
        let found = found.unwrap_or_else(|error| panic!("{listener:?} {login}: {error:#}"));
        assert_eq!(found.offsets, [0, 1, 2], "{listener:?} {login}");

        let mut wrong = client;
        match listener {
            Listener::Ssl => wrong.remove("ssl.ca.location"),
            Listener::Mtls => wrong
                .remove("ssl.certificate.location")
                .remove("ssl.key.location"),
            _ => wrong.set("sasl.password", "another"),
        };
        let refused = read(wrong, &topic, 0, 0, Committed);
        let refused = format!("{:#}", refused.unwrap_err());
        let expected = match listener {
            Listener::Plaintext | Listener::Ssl => "SSL error",
            // The broker shuts the door without a word.
            Listener::Mtls => "transport failure",
            Listener::SaslPlaintext | Listener::SaslSsl => "Authentication failure",
        };
        assert!(
            refused.contains(expected),
            "{listener:?} {login}: {refused}"
        );
    }
}

#[test]
fn the_registry_gives_a_schema_by_its_id() {
    let registry = Registry::start().unwrap();
    let schema = r#"{"type":"record","name":"V","fields":[{"name":"page","type":"string"}]}"#;
    let id = registry.register("visits-value", "AVRO", schema).unwrap();
    assert_eq!(registry.schema(id).unwrap(), schema);
    assert_eq!(
        registry.register("visits-value", "AVRO", schema).unwrap(),
        id
    );
    let other = schema.replace("page", "site");
    assert_ne!(
        registry.register("others-value", "AVRO", &other).unwrap(),
        id
    );
    assert!(registry.schema(id + 100).is_err());
    assert!(registry.register("visits-value", "AVRO", "{}").is_err());
}
