//! From the hash of a key to its state.

/// Numbers of states by the hashes of their keys. States are numbered from 0 in the order of their first event.
///
/// Open addressing with linear probing. A slot holds the whole hash and the place of the key, so that key and state are
/// fetched from memory at the same time and not one after the other: most of a fold's time is waiting for memory.
pub(crate) struct Index {
    /// The slots: a power of two, at least a quarter of them free.
    slots: Vec<Slot>,
    states: usize,
}

/// A state, by offsets of 32 bits: its number and its key are in the memory of a component.
#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// The state's number plus 1; 0 where the slot is free.
    number: u32,
    key_start: u32,
}

const FIRST_SLOTS: usize = 1 << 10;

impl Index {
    pub(crate) fn new() -> Self {
        Index {
            slots: vec![Slot::default(); FIRST_SLOTS],
            states: 0,
        }
    }

    /// The state with that hash whose key, by where it begins, `is_same`; otherwise the free slot for it.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_same: impl Fn(usize) -> bool) -> Result<usize, usize> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot.number == 0 {
                return Err(at);
            }
            if slot.hash == hash && is_same(slot.key_start as usize) {
                return Ok(slot.number as usize - 1);
            }
            at = self.after(at);
        }
    }

    /// Puts the next state into the free slot that [`find`](Index::find) gave for its hash.
    ///
    /// # Panics
    /// If states or keys reach 2^32, for which the memory of a component is too small.
    #[inline]
    pub(crate) fn push(&mut self, free: usize, hash: u32, key_start: usize) {
        const IN_MEMORY: &str = "states and keys are in a component's memory";
        self.states += 1;
        self.slots[free] = Slot {
            hash,
            number: u32::try_from(self.states).expect(IN_MEMORY),
            key_start: u32::try_from(key_start).expect(IN_MEMORY),
        };
    }

    /// Whether there must be more slots before another state is put.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.states >= self.slots.len() / 4 * 3
    }

    /// Doubles the slots. Takes the hashes of all states in order, and where their keys begin.
    #[cold]
    pub(crate) fn grow(&mut self, states: impl Iterator<Item = (u32, usize)>) {
        self.slots = vec![Slot::default(); self.slots.len() * 2];
        self.states = 0;
        for (hash, key_start) in states {
            if let Err(free) = self.find(hash, |_| false) {
                self.push(free, hash, key_start);
            }
        }
    }

    /// Removes the last state, which has this hash.
    pub(crate) fn pop(&mut self, hash: u32) {
        // States were added in order, so no other state was moved because of the last one.
        let mut at = self.home(hash);
        while self.slots[at].number as usize != self.states {
            at = self.after(at);
        }
        self.slots[at] = Slot::default();
        self.states -= 1;
    }

    /// Removes all states, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.states = 0;
    }

    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few hashes, so that the slots of many states follow one another.
    fn hash(state: usize) -> u32 {
        (state % 7) as u32 * 0x1000_0001
    }

    fn find(index: &Index, state: usize) -> Result<usize, usize> {
        index.find(hash(state), |key_start| key_start == state * 10)
    }

    #[test]
    fn states_are_found_among_others_of_the_same_hash() {
        let mut index = Index::new();
        for state in 0..2_000 {
            let free = find(&index, state).unwrap_err();
            index.push(free, hash(state), state * 10);
            if index.is_full() {
                index.grow((0..=state).map(|state| (hash(state), state * 10)));
            }
        }
        assert!((0..2_000).all(|state| find(&index, state) == Ok(state)));
        for state in (1_000..2_000).rev() {
            index.pop(hash(state));
            assert!(find(&index, state).is_err());
        }
        assert!((0..1_000).all(|state| find(&index, state) == Ok(state)));
        index.clear();
        assert!((0..1_000).all(|state| find(&index, state).is_err()));
    }
}
