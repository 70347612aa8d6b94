//! Contents of a range of offsets of a real broker that are easily missed: control records, aborted transactions, holes,
//! records that are gone, times out of order, topics that are other ones.

use std::time::Duration;

use backfold::error::Coded;
use backfold::source::range::RangeConfig;
use backfold::source::{HandoffPosition, ReplayDriver, conformance};
use backfold_tests::broker::{Record, shared};
use backfold_tests::ranges::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

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
            "{topic}/0 has an open transaction: the plan ends at its last stable offset 10. Offsets after it that are left out: 1."
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
        let mut count = messages(first).len();
        while let Some(chunk) = received.recv().await {
            count += messages(chunk).len();
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
        source: "kafka".to_owned(),
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
        format!("BF0249: `{topic}` was deleted and created again since the plan")
    );
    broker.delete(&topic).unwrap();
    let error = driver.verify(&frozen).await.unwrap_err();
    assert_eq!(
        format!("{}: {error}", error.code()),
        format!("BF0250: the topic `{topic}` no longer exists")
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
