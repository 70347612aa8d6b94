//! Any bytes as messages.

use bytes::Bytes;

use super::readers::{Readers, plain, rich};
use crate::decode::tests::oracle::expected_of_message;
use crate::decode::tests::outcome::outcomes;
use crate::decode::tests::support::object_chunks;
use crate::source::{Chunk, Message, Messages};

/// The byte between messages, which is not part of UTF-8.
const SEPARATOR: u8 = 0xff;

/// Reads messages in all ways, and compares with serde_json.
pub struct MessageTarget {
    plain: Readers,
    rich: Readers,
}

impl Default for MessageTarget {
    fn default() -> Self {
        MessageTarget {
            plain: plain(),
            rich: rich(),
        }
    }
}

impl MessageTarget {
    /// Reads the messages in `input`, separated by the byte 0xff, and then the whole input as an object, so that
    /// literals learned from messages meet an object and the other way round.
    ///
    /// # Panics
    /// If two ways of reading give different results.
    pub fn run(&mut self, input: &[u8]) {
        let values: Vec<_> = input.split(|byte| *byte == SEPARATOR).collect();
        let messages = |piece: usize| {
            let numbered: Vec<_> = values.iter().enumerate().collect();
            // `piece` messages at a time, as `piece` bytes of objects.
            let lists = numbered.chunks(piece).map(list);
            lists.collect()
        };
        let decoded = self.plain.read(messages).expect("messages are always read");
        self.rich.read(messages).expect("messages are always read");
        let outcomes = outcomes(&decoded);
        assert_eq!(outcomes.len(), values.len());
        for (found, value) in outcomes.iter().zip(&values) {
            assert_eq!(found.3, expected_of_message(value));
        }
        let text = values.join(&b'\n');
        for readers in [&mut self.plain, &mut self.rich] {
            readers.read(|piece| object_chunks("a", &text, piece));
        }
    }
}

/// Messages of one chunk.
fn list(values: &[(usize, &&[u8])]) -> Chunk {
    let message = |(offset, value): &(usize, &&[u8])| Message {
        offset: *offset as i64,
        time_us: None,
        key: None,
        headers: Vec::new(),
        value: Some(Bytes::copy_from_slice(value)),
    };
    Chunk::Messages(Messages::new(
        "t".into(),
        Some(0),
        values.iter().map(message),
    ))
}
