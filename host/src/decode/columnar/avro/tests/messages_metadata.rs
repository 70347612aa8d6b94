//! Key, headers, time and position of Avro messages, and tombstones.

use arrow_array::Array;
use bytes::Bytes;
use serde_json::json;

use super::encode::message;
use super::messages::{chunk, decoded, id_and_page, options, registered, versions};
use crate::decode::EventRange;
use crate::decode::tests::support::{input, integer_value, projection, text_value};
use crate::schema::{Condition, Input, Kind, Origin};
use crate::source::{Chunk, Message, Messages};

/// A nullable input from elsewhere than the value.
fn metadata(name: &str, origin: Origin, kind: Kind) -> Input {
    Input {
        origin,
        ..input(name, kind)
    }
}

/// Messages with the offsets from 40 on, with `value` and all kinds of metadata.
fn metadata_messages(value: &[u8]) -> Vec<Message> {
    let bytes = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
    let both = vec![
        ("h".to_owned(), bytes("first")),
        ("h".to_owned(), bytes("last")),
    ];
    let list = [
        (Some(value.to_vec()), bytes("k1"), both, Some(5)),
        (None, bytes("k2"), vec![], None),
        (
            Some(value.to_vec()),
            Some(Bytes::from_static(b"\xff")),
            vec![],
            Some(6),
        ),
        (
            Some(value.to_vec()),
            None,
            vec![("h".to_owned(), None)],
            Some(7),
        ),
    ];
    let messages = (40..)
        .zip(list)
        .map(|(offset, (value, key, headers, time_us))| Message {
            offset,
            time_us,
            key,
            headers,
            value: value.map(Bytes::from),
        });
    messages.collect()
}

#[test]
fn inputs_may_come_from_beside_the_value() {
    let versions = versions();
    let value = message(1, &versions[0], &json!({"id": 1, "old": "x"}));
    let messages = Messages::new("t".into(), Some(9), metadata_messages(&value));
    let wanted = projection(vec![
        input("id", Kind::Int64),
        metadata("key", Origin::RecordKey, Kind::Utf8),
        metadata("header", Origin::RecordHeader("h".into()), Kind::Utf8),
        metadata("offset", Origin::Offset, Kind::Int64),
        metadata("partition", Origin::Partition, Kind::Int64),
        metadata("topic", Origin::SourceName, Kind::Utf8),
        metadata("time", Origin::RecordTime, Kind::Timestamp),
        metadata("payload", Origin::Payload, Kind::Binary),
    ]);
    let chunks = [Chunk::Messages(messages)];
    let found = decoded(&wanted, &registered(&versions), &options(10), chunks);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found.column(0, integer_value), [Some(1), None, Some(1)]);
    assert_eq!(found.column(1, text_value), [text("k1"), text("k2"), None]);
    assert_eq!(found.column(2, text_value), [text("last"), None, None]);
    assert_eq!(found.column(3, integer_value), [40, 41, 43].map(Some));
    assert_eq!(found.column(4, integer_value), [Some(9); 3]);
    assert_eq!(
        found.column(5, text_value),
        [text("t"), text("t"), text("t")]
    );
    let time = |column: &dyn Array, row: usize| {
        use arrow_array::TimestampMicrosecondArray as Times;
        column.as_any().downcast_ref::<Times>().unwrap().value(row)
    };
    assert_eq!(found.column(6, time), [Some(5), None, Some(7)]);
    let payload = |column: &dyn Array, row: usize| {
        use arrow_array::BinaryArray as Binaries;
        let binaries = column.as_any().downcast_ref::<Binaries>().unwrap();
        binaries.value(row).to_vec()
    };
    assert_eq!(
        found.column(7, payload),
        [Some(value.clone()), None, Some(value)]
    );
    assert_eq!(found.reasons(), "42 8 -: not UTF-8\n");
}

#[test]
fn of_a_tombstone_all_that_would_be_in_the_value_is_null() {
    let versions = versions();
    let value = message(1, &versions[0], &json!({"id": 1, "old": "x"}));
    let values = [Some(value.clone()), None, None, Some(value)];
    let schemas = registered(&versions);
    let found = decoded(
        &id_and_page(),
        &schemas,
        &options(10),
        [chunk(values.clone())],
    );
    let expected = [Some(1), None, None, Some(1)];
    assert_eq!(found.column(0, integer_value), expected);
    assert_eq!(found.batches.len(), 1, "with its neighbours in one batch");
    let mut wanted = id_and_page();
    wanted.inputs[0].nullable = false;
    let found = decoded(&wanted, &schemas, &options(10), [chunk(values.clone())]);
    let why = "a tombstone: the record has no value";
    assert_eq!(
        found.reasons(),
        format!("101 0 id: {why}\n102 0 id: {why}\n")
    );
    wanted.only = vec![Condition {
        path: "old".into(),
        any_of: vec!["x".into()],
    }];
    let found = decoded(&wanted, &schemas, &options(10), [chunk(values)]);
    assert_eq!((found.counts.events, found.counts.not_wanted), (2, 2));
}

#[test]
fn a_range_is_cut_on_the_timestamps_of_records_where_no_event_time_is_named() {
    let versions = versions();
    let value = message(1, &versions[0], &json!({"id": 1, "old": "x"}));
    let mut wanted = id_and_page();
    wanted.cut_by_record_time = true;
    wanted.range = EventRange {
        from_us: Some(1_000_000),
        until_us: Some(3_000_000),
    };
    let schemas = registered(&versions);
    let values = vec![
        Some(value.clone()),
        None,
        Some(value.clone()),
        Some(value.clone()),
    ];
    let found = decoded(&wanted, &schemas, &options(10), [chunk(values)]);
    assert_eq!(found.column(0, integer_value), [None, Some(1)]);
    assert_eq!(found.counts.out_of_range, 2);
    let untimed = Message {
        offset: 0,
        time_us: None,
        key: None,
        headers: vec![],
        value: Some(value.into()),
    };
    let untimed = Chunk::Messages(Messages::new("t".into(), Some(0), [untimed]));
    let found = decoded(&wanted, &schemas, &options(10), [untimed]);
    assert!(
        found
            .reasons()
            .contains("no timestamp, to which the job's range applies")
    );
}
