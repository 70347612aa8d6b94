//! Encoded keys with their hashes, computed once for all hash tables.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use arrow_array::RecordBatch;
use arrow_row::Rows;
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;

use super::KeyCodec;

/// A random seed, since keys such as URLs may be chosen by an attacker. No result depends on it.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// The encoded keys of a batch, and a hash of each, comparable within this process.
#[derive(Debug)]
pub struct HashedKeys {
    keys: Rows,
    hashes: Vec<u32>,
}

impl HashedKeys {
    /// The keys of `batch`, whose first columns are those of `codec`.
    ///
    /// # Errors
    /// If the columns are of other types.
    pub fn of(batch: &RecordBatch, codec: &KeyCodec) -> Result<Self, ArrowError> {
        let keys = codec.encode(batch)?;
        let hashes = keys.iter().map(|key| hash(key.data())).collect();
        Ok(HashedKeys { keys, hashes })
    }

    /// The encoded key of `row`.
    #[inline]
    pub fn key(&self, row: usize) -> &[u8] {
        self.keys.row(row).data()
    }

    /// The hashes, row by row.
    pub fn hashes(&self) -> &[u32] {
        &self.hashes
    }
}

fn hash(key: &[u8]) -> u32 {
    let mut hasher = HASHER.build_hasher();
    hasher.write(key);
    hasher.finish() as u32
}

/// A key's hash for a table of hashbrown, which takes the bucket from the lowest bits and compares the highest seven
/// within it.
#[inline]
pub fn table_hash(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
