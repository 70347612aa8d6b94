//! Any bytes as the content of an object.

use super::readers::{Readers, plain, rich};
use crate::decode::tests::oracle::expected;
use crate::decode::tests::outcome::outcomes;
use crate::decode::tests::support::object_chunks;

/// Reads objects in all ways, and compares with serde_json.
pub struct ObjectTarget {
    plain: Readers,
    rich: Readers,
}

impl Default for ObjectTarget {
    fn default() -> Self {
        ObjectTarget {
            plain: plain(),
            rich: rich(),
        }
    }
}

impl ObjectTarget {
    /// Reads `text`.
    ///
    /// # Panics
    /// If two ways of reading give different results.
    pub fn run(&mut self, text: &[u8]) {
        let chunks = |piece| object_chunks("a", text, piece);
        // An object that begins like a compressed one is for the target `inflate`.
        let Some(decoded) = self.plain.read(chunks) else {
            return;
        };
        self.rich.read(chunks);
        assert_eq!(Some(outcomes(&decoded)), expected(text));
    }
}
