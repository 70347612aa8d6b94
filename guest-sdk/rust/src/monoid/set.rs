//! The smallest of the distinct values.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use super::deferred::{Absorb, Deferred};
use super::{Fault, Monoid};
use crate::column::Malformed;
use crate::key::{decode_bytes, encode_bytes};
use crate::schema::Output;
use crate::types::{Date, Timestamp};
use crate::value::{RowReader, RowWriter, output};

/// A type that a [`Set`] can hold: `String`, `Vec<u8>`, `i64`, [`Timestamp`] or [`Date`].
pub trait Element: Ord + Clone {
    /// Appends the element's encoding.
    fn encode(&self, bytes: &mut Vec<u8>);
    /// Reads an element from the beginning of `bytes`; returns it and the bytes after it.
    fn decode(bytes: &[u8]) -> Option<(Self, &[u8])>;
}

macro_rules! fixed_width {
    ($($type:ty, $to:expr, $from:expr;)*) => {$(
        impl Element for $type {
            fn encode(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&$to(*self));
            }
            fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
                bytes.split_first_chunk().map(|(value, rest)| ($from(*value), rest))
            }
        }
    )*};
}

fixed_width! {
    i64, i64::to_le_bytes, i64::from_le_bytes;
    Timestamp, |t: Timestamp| t.microseconds.to_le_bytes(), |b| Timestamp::from_microseconds(i64::from_le_bytes(b));
    Date, |d: Date| d.days.to_le_bytes(), |b| Date::from_days(i32::from_le_bytes(b));
}

impl Element for Vec<u8> {
    fn encode(&self, bytes: &mut Vec<u8>) {
        encode_bytes(self, bytes);
    }
    fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        decode_bytes(bytes).map(|(value, rest)| (value.to_vec(), rest))
    }
}

impl Element for String {
    fn encode(&self, bytes: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), bytes);
    }
    fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (value, rest) = decode_bytes(bytes)?;
        Some((str::from_utf8(value).ok()?.to_string(), rest))
    }
}

/// The `MAX` smallest of the distinct values, and whether there were more.
///
/// The kept values depend on the values alone: a value is left out only if `MAX` smaller ones were inserted, and these
/// leave it out of any union as well. So the bound keeps `combine` associative; a bound on the first values to come would
/// not.
///
/// The state column holds a byte that is 1 if there were more, then the values in ascending order: numbers in
/// little-endian, text and bytes after their length of 32 bits.
#[derive(Clone, Debug)]
pub struct Set<T: Element, const MAX: usize>(Deferred<Smallest<T, MAX>, T>);

#[derive(Clone, Debug)]
struct Smallest<T, const MAX: usize> {
    values: BTreeSet<T>,
    had_more: bool,
}

impl<T: Element, const MAX: usize> Smallest<T, MAX> {
    /// Whether inserting this value changes nothing.
    fn has<B: Ord + ?Sized>(&self, value: &B) -> bool
    where
        T: Borrow<B>,
    {
        let is_beyond = self.had_more
            && self
                .values
                .last()
                .is_none_or(|greatest| value > greatest.borrow());
        is_beyond || self.values.contains(value)
    }

    fn cut(&mut self) {
        while self.values.len() > MAX {
            self.values.pop_last();
            self.had_more = true;
        }
    }
}

impl<T: Element, const MAX: usize> Absorb<T> for Smallest<T, MAX> {
    fn absorb(&mut self, value: &T) {
        if !self.has(value) {
            self.values.insert(value.clone());
            self.cut();
        }
    }
}

impl<T: Element, const MAX: usize> Set<T, MAX> {
    /// Inserts a value. A `String` takes a `&str`, a `Vec<u8>` takes a `&[u8]`, other types take a reference: the value
    /// is copied only if it is new.
    pub fn insert<B>(&mut self, value: &B)
    where
        B: Ord + ToOwned<Owned = T> + ?Sized,
        T: Borrow<B>,
    {
        if !self.0.settled().has(value) {
            self.0.insert(value.to_owned());
        }
    }

    /// The smallest values, in ascending order.
    pub fn values(&self) -> Vec<T> {
        self.0.get().values.iter().cloned().collect()
    }

    /// Whether there were more than `MAX` distinct values.
    pub fn had_more(&self) -> bool {
        self.0.get().had_more
    }
}

impl<T: Element, const MAX: usize> Monoid for Set<T, MAX> {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<Vec<u8>>(name)]
    }

    fn identity() -> Self {
        const { assert!(MAX > 0, "a Set holds at least one value") };
        Set(Deferred::new(Smallest {
            values: BTreeSet::new(),
            had_more: false,
        }))
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        let left = self.0.settle();
        let right = right.0.get();
        left.values.extend(right.values.iter().cloned());
        left.had_more |= right.had_more;
        left.cut();
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        let held = self.0.get();
        let mut bytes = vec![u8::from(held.had_more)];
        held.values
            .iter()
            .for_each(|value| value.encode(&mut bytes));
        row.put(&bytes);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("not a set");
        let (&had_more, mut rest) = row.take_bytes()?.split_first().ok_or_else(malformed)?;
        let mut values = BTreeSet::new();
        while !rest.is_empty() {
            let (value, after) = T::decode(rest).ok_or_else(malformed)?;
            if values.last().is_some_and(|last| *last >= value) {
                return Err(malformed());
            }
            values.insert(value);
            rest = after;
        }
        if had_more > 1 || values.len() > MAX || (had_more == 1 && values.len() < MAX) {
            return Err(malformed());
        }
        Ok(Set(Deferred::new(Smallest {
            values,
            had_more: had_more == 1,
        })))
    }

    type Mark = ();

    fn mark(&mut self) {
        self.0.settle();
    }

    fn restore(&mut self, (): ()) {
        self.0.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[&str]) -> Set<String, 2> {
        let mut set = Set::identity();
        values.iter().for_each(|value| set.insert(*value));
        set
    }

    #[test]
    fn it_holds_the_smallest_and_says_that_there_were_more() {
        let two = set(&["b", "a", "b"]);
        assert_eq!(
            (two.values(), two.had_more()),
            (vec!["a".to_string(), "b".to_string()], false)
        );
        let mut three = two.clone();
        three.combine(&set(&["c"])).unwrap();
        assert_eq!((three.values(), three.had_more()), (two.values(), true));
        three.mark();
        three.insert("aa");
        three.insert("d");
        assert_eq!(three.values(), ["a", "aa"]);
        three.restore(());
        assert_eq!(three.values(), ["a", "b"]);
    }
}
