//! What a component gave back: no key of it twice, and no more than its memory can have held.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::sizes::RowBytes;
use super::{Call, GuestError, Instance};
use crate::keys::{HashedKeys, KeyCodec, table_hash};
use crate::units::ByteSize;

/// Partials: no key comes twice.
#[derive(Clone, Debug)]
pub struct Partials {
    /// The key columns, then the state columns.
    pub rows: RecordBatch,
    /// The keys of the rows.
    pub keys: Arc<HashedKeys>,
}

/// The keys drained since the accumulator was last empty. They and their states had room in the component's memory, so
/// they are held to its limit here too.
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

    /// Takes in the keys of a drain.
    ///
    /// # Errors
    /// Where they are too many, or a key came before.
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

/// How many bytes of partials are asked for at a time: they fit beside the accumulator in a component's memory,
/// and in the cache of a core.
const DRAIN_BYTES: usize = 1 << 20;

/// How many partials are asked for at first, and at most.
const FIRST_ROWS: u32 = 64;
const MOST_ROWS: u32 = 1 << 16;

/// Drains instances, as many rows at a time as are handled well.
pub(super) struct Drainer {
    /// How many partials to ask for next.
    rows: u32,
}

impl Drainer {
    pub(super) fn new() -> Self {
        Drainer { rows: FIRST_ROWS }
    }

    /// All that the instance accumulated, with at most `most_fuel` a call.
    ///
    /// # Errors
    /// Those of [`Instance::drain`]. The instance is dead then, and what it gave before must not count: what it kept
    /// is lost.
    pub(super) fn drain(
        &mut self,
        instance: &mut Instance,
        most_fuel: u64,
    ) -> Result<Vec<Partials>, GuestError> {
        let mut all = Vec::new();
        loop {
            let asked = self.rows;
            // Where it fails the rows may have been too large, or too many.
            self.rows = 1;
            let partials = instance.drain_within(asked, most_fuel)?;
            let rows = partials.rows.num_rows();
            self.rows = next_rows(asked, rows, RowBytes::of(partials.rows.columns()).all());
            if rows > 0 {
                all.push(partials);
            }
            if rows < asked as usize {
                return Ok(all);
            }
        }
    }
}

/// How many partials to ask for, after so many gave `rows` of so many bytes: as many as make [`DRAIN_BYTES`], but not
/// all of a sudden.
fn next_rows(asked: u32, rows: usize, bytes: usize) -> u32 {
    if rows == 0 {
        return asked;
    }
    let row_bytes = bytes.div_ceil(rows).max(1);
    let fitting = u32::try_from(DRAIN_BYTES / row_bytes).unwrap_or(MOST_ROWS);
    fitting.min(asked.saturating_mul(4)).clamp(1, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_states_are_drained_by_fewer_rows() {
        assert_eq!(next_rows(256, 256, 256 * 8), 1_024);
        assert_eq!(next_rows(256, 256, 256 << 20), 1);
        assert_eq!(next_rows(1, 1, 8), 4);
        assert_eq!(next_rows(256, 0, 0), 256);
        assert_eq!(next_rows(256, 256, 2_560 << 10), 102);
    }
}
