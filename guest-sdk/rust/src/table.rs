//! The accumulator: states by key, with the means to undo a record.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::key::Key;
use crate::monoid::{Fault, Monoid};
use crate::value::{BatchBuilder, RowWriter};

/// States by key, in the order in which their keys came.
///
/// Keys lie encoded one behind the other; a key is first encoded behind them all, and taken off again where it
/// was there already. All allocations outlive a drain.
pub(crate) struct Table<S: Monoid> {
    slots: HashTable<Slot>,
    hasher: FixedState,
    keys: Vec<u8>,
    /// Where each state's key begins in `keys`.
    starts: Vec<usize>,
    states: Vec<State<S>>,
    /// The number of the current record.
    record: u64,
    /// What the current record has touched.
    touched: Vec<Touched<S::Mark>>,
    /// How many states a drain under way has given out.
    drained: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    start: usize,
    state: usize,
}

struct State<S> {
    state: S,
    /// The last record that touched it.
    record: u64,
}

struct Touched<M> {
    state: usize,
    /// How the state stood before the record; none where the record brought the key.
    before: Option<M>,
}

/// A state that its columns cannot hold.
pub(crate) struct Unfit {
    /// Its row in the drain.
    pub(crate) row: usize,
    pub(crate) fault: Fault,
}

fn hash(hasher: &FixedState, key: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(key);
    hasher.finish()
}

/// As `starts_with`, but by words: the `memcmp` of Wasm goes byte by byte.
#[inline]
fn begins_with(bytes: &[u8], beginning: &[u8]) -> bool {
    let Some(bytes) = bytes.get(..beginning.len()) else {
        return false;
    };
    let ((words, rest), (other_words, other_rest)) =
        (bytes.as_chunks::<8>(), beginning.as_chunks());
    words
        .iter()
        .zip(other_words)
        .all(|(word, other)| u64::from_ne_bytes(*word) == u64::from_ne_bytes(*other))
        && rest
            .iter()
            .zip(other_rest)
            .all(|(byte, other)| byte == other)
}

/// The encoded key of a state.
fn key_of<'a>(keys: &'a [u8], starts: &[usize], state: usize) -> &'a [u8] {
    let end = starts.get(state + 1).copied().unwrap_or(keys.len());
    &keys[starts[state]..end]
}

impl<S: Monoid> Table<S> {
    pub(crate) fn new() -> Self {
        Table {
            slots: HashTable::new(),
            // Equal input gives equal drains, on any machine.
            hasher: FixedState::with_seed(0x6261_636b_666f_6c64),
            keys: Vec::new(),
            starts: Vec::new(),
            states: Vec::new(),
            record: 0,
            touched: Vec::new(),
            drained: 0,
        }
    }

    /// The state of `key`, which is the identity if it is new, noted as touched by the current record.
    #[inline]
    pub(crate) fn at<K: Key>(&mut self, key: &K) -> &mut S {
        let Table {
            slots,
            hasher,
            keys,
            starts,
            states,
            record,
            touched,
            ..
        } = self;
        let start = keys.len();
        key.encode(keys);
        let (old, new) = keys.split_at(start);
        // No encoding is the beginning of another, so a common beginning is equality.
        let is_same = |slot: &Slot| begins_with(&old[slot.start..], new);
        let rehash = |slot: &Slot| hash(hasher, key_of(old, starts, slot.state));
        let state = match slots.entry(hash(hasher, new), is_same, rehash) {
            Entry::Occupied(slot) => {
                let state = slot.get().state;
                keys.truncate(start);
                let held = &mut states[state];
                if held.record != *record {
                    held.record = *record;
                    touched.push(Touched {
                        state,
                        before: Some(held.state.mark()),
                    });
                }
                state
            }
            Entry::Vacant(slot) => {
                let state = states.len();
                slot.insert(Slot { start, state });
                starts.push(start);
                states.push(State {
                    state: S::identity(),
                    record: *record,
                });
                touched.push(Touched {
                    state,
                    before: None,
                });
                state
            }
        };
        &mut states[state].state
    }

    /// Lets the current record stand.
    #[inline]
    pub(crate) fn commit(&mut self) {
        self.touched.clear();
        self.record += 1;
    }

    /// Takes the current record back.
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
        let (Some(start), Some(_)) = (self.starts.pop(), self.states.pop()) else {
            return;
        };
        let of_last = hash(&self.hasher, &self.keys[start..]);
        if let Ok(slot) = self.slots.find_entry(of_last, |slot| slot.start == start) {
            slot.remove();
        }
        self.keys.truncate(start);
    }

    /// Whether some states have been drained and others not.
    pub(crate) fn is_draining(&self) -> bool {
        self.drained > 0
    }

    /// Writes up to `max_rows` states, in the order in which their keys came, and says how many it wrote. The
    /// table is empty once all have been written.
    ///
    /// # Errors
    /// Where the columns cannot hold a state. The row of its key has been written then.
    pub(crate) fn drain(
        &mut self,
        max_rows: usize,
        save_key: fn(&[u8], &mut RowWriter<'_>),
        out: &mut BatchBuilder,
    ) -> Result<usize, Unfit> {
        let first = self.drained;
        let rows = self.remaining().min(max_rows);
        for state in first..first + rows {
            let mut row = out.row();
            save_key(key_of(&self.keys, &self.starts, state), &mut row);
            let held = &self.states[state].state;
            held.fits().map_err(|fault| Unfit {
                row: state - first,
                fault,
            })?;
            held.save(&mut row);
        }
        self.drained += rows;
        if self.remaining() == 0 {
            self.slots.clear();
            self.keys.clear();
            self.starts.clear();
            self.states.clear();
            self.drained = 0;
        }
        Ok(rows)
    }

    /// How many states are there to be drained.
    pub(crate) fn remaining(&self) -> usize {
        self.states.len() - self.drained
    }
}
