//! Undo for states that are too large to copy: the values of a record are held back until the record is kept.

use std::borrow::Cow;

/// A state into which a value can be inserted, but not removed again.
pub(crate) trait Absorb<V>: Clone {
    fn absorb(&mut self, value: &V);
}

/// `settled`, and the values that the current record has inserted since. Most records insert one value, which needs
/// no allocation.
#[derive(Clone, Debug)]
pub(crate) struct Deferred<S, V> {
    settled: S,
    first: Option<V>,
    rest: Vec<V>,
}

impl<V: Clone, S: Absorb<V>> Deferred<S, V> {
    pub(crate) fn new(settled: S) -> Self {
        Deferred {
            settled,
            first: None,
            rest: Vec::new(),
        }
    }

    pub(crate) fn insert(&mut self, value: V) {
        if self.first.is_none() {
            self.first = Some(value);
        } else {
            self.rest.push(value);
        }
    }

    /// Inserts the values that were held back.
    pub(crate) fn settle(&mut self) -> &mut S {
        if let Some(value) = self.first.take() {
            self.settled.absorb(&value);
            self.rest
                .drain(..)
                .for_each(|value| self.settled.absorb(&value));
        }
        &mut self.settled
    }

    /// Drops the values that were held back.
    pub(crate) fn forget(&mut self) {
        self.first = None;
        self.rest.clear();
    }

    /// The state with the values that are held back.
    pub(crate) fn get(&self) -> Cow<'_, S> {
        if self.first.is_none() {
            return Cow::Borrowed(&self.settled);
        }
        Cow::Owned(self.clone().settle().clone())
    }

    /// The state without the values that are held back, to test quickly whether an insertion changes it.
    pub(crate) fn settled(&self) -> &S {
        &self.settled
    }
}
