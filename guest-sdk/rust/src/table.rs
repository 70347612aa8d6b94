//! The accumulator: states by key, with undo of the current record.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::index::Index;
use crate::key::Key;
use crate::monoid::{Fault, Monoid};
use crate::value::{BatchBuilder, RowWriter};

/// States by key, in the order in which their keys came.
///
/// Encoded keys are stored one after the other; a key is encoded only if it is new. Allocations are kept after a drain.
pub(crate) struct Table<S: Monoid> {
    index: Index,
    hasher: FixedState,
    keys: Vec<u8>,
    states: Vec<Held<S>>,
    /// The number of the current record.
    record: u64,
    /// The states that the current record has changed.
    touched: Vec<Touched<S::Mark>>,
    /// The number of states that the current drain has returned.
    drained: usize,
}

struct Held<S> {
    state: S,
    /// The last record that changed it.
    record: u64,
    /// Where its key begins in `keys`.
    key_start: usize,
    /// The hash of its key.
    hash: u32,
}

struct Touched<M> {
    state: usize,
    /// The state before the record; `None` if the record added the key.
    before: Option<M>,
}

/// A state that its columns cannot hold.
pub(crate) struct Unfit {
    /// Its row in the drain.
    pub(crate) row: usize,
    pub(crate) fault: Fault,
}

impl<S: Monoid> Table<S> {
    pub(crate) fn new() -> Self {
        Table {
            index: Index::new(),
            // Equal input gives equal drains, on any machine.
            hasher: FixedState::with_seed(0x6261_636b_666f_6c64),
            keys: Vec::new(),
            states: Vec::new(),
            record: 0,
            touched: Vec::new(),
            drained: 0,
        }
    }

    /// The state of `key`, which is the identity if the key is new, to be changed by the current record.
    #[inline]
    pub(crate) fn at<K: Key>(&mut self, key: &K) -> &mut S {
        let hash = self.hash(key);
        let is_same = |key_start: usize| {
            let encoded = self.keys.get(key_start..);
            encoded.is_some_and(|bytes| key.begins(bytes))
        };
        match self.index.find(hash, is_same) {
            Ok(state) => {
                let held = &mut self.states[state];
                if held.record != self.record {
                    held.record = self.record;
                    let before = Some(held.state.mark());
                    self.touched.push(Touched { state, before });
                }
                &mut held.state
            }
            Err(free) => self.insert(key, hash, free),
        }
    }

    #[inline]
    fn hash(&self, key: &impl Key) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        key.hash(&mut hasher);
        hasher.finish() as u32
    }

    fn insert(&mut self, key: &impl Key, hash: u32, free: usize) -> &mut S {
        self.index.push(free, hash, self.keys.len());
        let state = self.states.len();
        self.touched.push(Touched {
            state,
            before: None,
        });
        self.states.push(Held {
            state: S::identity(),
            record: self.record,
            key_start: self.keys.len(),
            hash,
        });
        key.encode(&mut self.keys);
        if self.index.is_full() {
            self.index
                .grow(self.states.iter().map(|held| (held.hash, held.key_start)));
        }
        &mut self.states[state].state
    }

    /// Keeps the changes of the current record.
    #[inline]
    pub(crate) fn commit(&mut self) {
        self.touched.clear();
        self.record += 1;
    }

    /// Undoes the changes of the current record.
    #[cold]
    pub(crate) fn rollback(&mut self) {
        while let Some(Touched { state, before }) = self.touched.pop() {
            match before {
                Some(mark) => self.states[state].state.restore(mark),
                // Newest first, so this is the last state of all.
                None => self.forget_last(),
            }
        }
        self.record += 1;
    }

    fn forget_last(&mut self) {
        if let Some(last) = self.states.pop() {
            self.index.pop(last.hash);
            self.keys.truncate(last.key_start);
        }
    }

    /// The encoded key of a state.
    fn key_of(&self, state: usize) -> &[u8] {
        let next = self.states.get(state + 1);
        let end = next.map_or(self.keys.len(), |next| next.key_start);
        &self.keys[self.states[state].key_start..end]
    }

    /// Whether some states have been drained and others not.
    pub(crate) fn is_draining(&self) -> bool {
        self.drained > 0
    }

    /// Writes up to `max_rows` states, in the order in which their keys came, and returns how many. The table is
    /// empty after all of them.
    ///
    /// # Errors
    /// If the columns cannot hold a state. The row of its key has been written by then.
    pub(crate) fn drain(
        &mut self,
        max_rows: usize,
        save_key: impl Fn(&[u8], &mut RowWriter<'_>),
        out: &mut BatchBuilder,
    ) -> Result<usize, Unfit> {
        let first = self.drained;
        let rows = self.remaining().min(max_rows);
        for state in first..first + rows {
            let mut row = out.row();
            save_key(self.key_of(state), &mut row);
            let held = &self.states[state].state;
            held.fits().map_err(|fault| Unfit {
                row: state - first,
                fault,
            })?;
            held.save(&mut row);
        }
        self.drained += rows;
        if self.remaining() == 0 {
            self.index.clear();
            self.keys.clear();
            self.states.clear();
            self.drained = 0;
        }
        Ok(rows)
    }

    /// The number of states that are not drained yet.
    pub(crate) fn remaining(&self) -> usize {
        self.states.len() - self.drained
    }
}
