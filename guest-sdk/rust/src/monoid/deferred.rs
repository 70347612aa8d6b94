//! Undo for what is too large to copy: what a record inserts is held back until the record stands.

use std::borrow::Cow;

/// Something that can take in a value, and cannot let go of it.
pub(crate) trait Absorb<V>: Clone {
    fn absorb(&mut self, value: &V);
}

/// `settled`, and what the current record has inserted since. Most records insert one value, which needs no
/// allocation.
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

    /// Takes in what was held back.
    pub(crate) fn settle(&mut self) -> &mut S {
        if let Some(value) = self.first.take() {
            self.settled.absorb(&value);
            self.rest
                .drain(..)
                .for_each(|value| self.settled.absorb(&value));
        }
        &mut self.settled
    }

    /// Forgets what was held back.
    pub(crate) fn forget(&mut self) {
        self.first = None;
        self.rest.clear();
    }

    /// What it would be if settled.
    pub(crate) fn get(&self) -> Cow<'_, S> {
        if self.first.is_none() {
            return Cow::Borrowed(&self.settled);
        }
        Cow::Owned(self.clone().settle().clone())
    }

    /// What is settled, for a quick look at whether an insertion would change anything.
    pub(crate) fn settled(&self) -> &S {
        &self.settled
    }
}
