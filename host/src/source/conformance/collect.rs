//! The records of a split, collected from the chunks of a driver, which must be those of the split.

use std::ops::Range;

use tokio::sync::mpsc;

use super::Record;
use crate::source::{Chunk, Messages, Split, SplitInput};

/// The records that were delivered whole.
pub(super) async fn collect(split: &Split, mut received: mpsc::Receiver<Chunk>) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut current: Option<Record> = None;
    let mut next_offset = i64::MIN;
    while let Some(chunk) = received.recv().await {
        match (chunk, &split.input) {
            (Chunk::Object(object), SplitInput::Objects(objects)) => {
                assert!(
                    current.is_none(),
                    "`{}` begins within another object",
                    object.key
                );
                assert_eq!(
                    objects.get(records.len()),
                    Some(&*object),
                    "not the next object of the split"
                );
                current = Some((object.key.clone(), Vec::new()));
            }
            (Chunk::Bytes(bytes), SplitInput::Objects(_)) => {
                assert!(!bytes.is_empty(), "an empty piece");
                current
                    .as_mut()
                    .expect("a piece outside any object")
                    .1
                    .extend_from_slice(&bytes);
            }
            (Chunk::End, SplitInput::Objects(objects)) => {
                let record = current.take().expect("an end outside any object");
                assert_eq!(
                    record.1.len() as u64,
                    objects[records.len()].size_bytes,
                    "`{}` ends early",
                    record.0
                );
                records.push(record);
            }
            (
                Chunk::Messages(messages),
                SplitInput::Offsets {
                    topic,
                    partition,
                    start,
                    end,
                },
            ) => {
                assert_eq!(
                    (&*messages.topic, messages.partition),
                    (topic.as_str(), Some(*partition))
                );
                next_offset = collect_messages(&messages, *start..*end, next_offset, &mut records);
            }
            (chunk, input) => panic!("{chunk:?} is no part of {input:?}"),
        }
    }
    records
}

/// Adds messages to `records`. Their offsets have to lie in `range`, and to rise from `next_offset` on. The offset after the
/// last one.
fn collect_messages(
    messages: &Messages,
    range: Range<i64>,
    mut next_offset: i64,
    records: &mut Vec<Record>,
) -> i64 {
    assert!(!messages.is_empty(), "no messages");
    for message in messages.iter() {
        assert!(
            range.contains(&message.offset),
            "offset {} is outside",
            message.offset
        );
        assert!(
            message.offset >= next_offset,
            "offset {} does not rise",
            message.offset
        );
        next_offset = message.offset + 1;
        let key = message.key.unwrap_or_default();
        records.push((
            String::from_utf8_lossy(key).into_owned(),
            message.value.unwrap_or_default().to_vec(),
        ));
    }
    next_offset
}
