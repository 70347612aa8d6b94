//! Drained partials: no key comes twice, and all of them fit into the component's memory.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::sizes::RowBytes;
use super::{Call, GuestError};
use crate::keys::{HashedKeys, KeyCodec, table_hash};
use crate::units::ByteSize;

/// Partials, of which no key comes twice.
#[derive(Clone, Debug)]
pub struct Partials {
    /// The key columns, then the state columns.
    pub rows: RecordBatch,
    /// The keys of the rows.
    pub keys: Arc<HashedKeys>,
}

/// The keys drained since the accumulator was last empty. They and their states were in the component's memory, so its
/// limit applies to them here too.
pub(super) struct DrainedKeys {
    codec: Arc<KeyCodec>,
    drains: Vec<Arc<HashedKeys>>,
    seen: HashTable<Seen>,
    bytes: u64,
    limit: ByteSize,
}

#[derive(Clone, Copy)]
struct Seen {
    hash: u32,
    drain: u32,
    row: u32,
}

impl DrainedKeys {
    pub(super) fn new(codec: Arc<KeyCodec>, limit: ByteSize) -> Self {
        DrainedKeys {
            codec,
            drains: Vec::new(),
            seen: HashTable::new(),
            bytes: 0,
            limit,
        }
    }

    pub(super) fn clear(&mut self) {
        self.drains.clear();
        self.seen.clear();
        self.bytes = 0;
    }

    /// Adds the keys of a drain.
    ///
    /// # Errors
    /// If the partials are larger than the limit, or a key came before.
    pub(super) fn add(&mut self, rows: RecordBatch) -> Result<Partials, GuestError> {
        let bad = |error: ArrowError| GuestError::BadAnswer {
            call: Call::Drain,
            what: error.to_string(),
        };
        self.bytes += RowBytes::of(rows.columns()).all() as u64;
        if self.bytes > self.limit.0 {
            let before: usize = self.drains.iter().map(|keys| keys.hashes().len()).sum();
            return Err(GuestError::EndlessDrain {
                rows: (before + rows.num_rows()) as u64,
                bytes: ByteSize(self.bytes),
                limit: self.limit,
            });
        }
        let keys = Arc::new(HashedKeys::of(&rows, &self.codec).map_err(bad)?);
        self.drains.push(keys.clone());
        let drain = self.drains.len() as u32 - 1;
        for (row, &hash) in keys.hashes().iter().enumerate() {
            let is_same = |seen: &Seen| {
                seen.hash == hash
                    && self.drains[seen.drain as usize].key(seen.row as usize) == keys.key(row)
            };
            let rehash = |seen: &Seen| table_hash(seen.hash);
            match self.seen.entry(table_hash(hash), is_same, rehash) {
                Entry::Occupied(_) => return Err(GuestError::KeyTwice { row }),
                Entry::Vacant(free) => {
                    free.insert(Seen {
                        hash,
                        drain,
                        row: row as u32,
                    });
                }
            }
        }
        Ok(Partials { rows, keys })
    }
}
