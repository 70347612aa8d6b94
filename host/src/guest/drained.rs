//! What a component gave back, and the check that no key of it comes twice.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::keys::{HashedKeys, KeyCodec, table_hash};

/// Partials: no key comes twice.
#[derive(Clone, Debug)]
pub struct Partials {
    /// The key columns, then the state columns.
    pub rows: RecordBatch,
    /// The keys of the rows.
    pub keys: Arc<HashedKeys>,
}

/// The keys drained since the accumulator was last empty. They had room in the component's memory, so they
/// are bounded by its limit here too.
pub(super) struct DrainedKeys {
    codec: Arc<KeyCodec>,
    drains: Vec<Arc<HashedKeys>>,
    seen: HashTable<Seen>,
}

#[derive(Clone, Copy)]
struct Seen {
    hash: u32,
    drain: u32,
    row: u32,
}

impl DrainedKeys {
    pub(super) fn new(codec: Arc<KeyCodec>) -> Self {
        DrainedKeys {
            codec,
            drains: Vec::new(),
            seen: HashTable::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.drains.clear();
        self.seen.clear();
    }

    /// Takes in the keys of a drain.
    ///
    /// # Errors
    /// The first row whose key came before.
    pub(super) fn add(&mut self, rows: RecordBatch) -> Result<Partials, String> {
        let shown = |error: ArrowError| error.to_string();
        let keys = Arc::new(HashedKeys::of(&rows, &self.codec).map_err(shown)?);
        self.drains.push(keys.clone());
        let drain = self.drains.len() as u32 - 1;
        for (row, &hash) in keys.hashes().iter().enumerate() {
            let is_same = |seen: &Seen| {
                seen.hash == hash
                    && self.drains[seen.drain as usize].key(seen.row as usize) == keys.key(row)
            };
            let rehash = |seen: &Seen| table_hash(seen.hash);
            match self.seen.entry(table_hash(hash), is_same, rehash) {
                Entry::Occupied(_) => {
                    return Err(format!(
                        "row {row} has a key that came before in the same drain"
                    ));
                }
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
