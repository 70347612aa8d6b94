//! The value at the earliest time, and at the latest.

use std::borrow::Borrow;
use std::cmp::Ordering;

use super::deferred::{Absorb, Deferred};
use super::{Fault, Monoid, TotalOrder, column_name};
use crate::column::Malformed;
use crate::schema::Output;
use crate::types::Timestamp;
use crate::value::{RowReader, RowWriter, Stored, output};

macro_rules! timed {
    ($(#[$doc:meta])* $name:ident, $held:ident, $wins:pat) => {
        #[derive(Clone, Debug)]
        struct $held<T>(Option<(Timestamp, T)>);

        impl<T> $held<T> {
            fn loses_to<B: TotalOrder + ?Sized>(&self, at: Timestamp, value: &B) -> bool
            where
                T: Borrow<B>,
            {
                self.0.as_ref().is_none_or(|(held_at, held)| {
                    matches!(at.cmp(held_at).then_with(|| value.total_order(held.borrow())), $wins)
                })
            }
        }

        impl<T: TotalOrder + Clone> Absorb<(Timestamp, T)> for $held<T> {
            fn absorb(&mut self, (at, value): &(Timestamp, T)) {
                if self.loses_to::<T>(*at, value) {
                    self.0 = Some((*at, value.clone()));
                }
            }
        }

        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<T>(Deferred<$held<T>, (Timestamp, T)>);

        impl<T: Stored + TotalOrder + Clone> $name<T> {
            /// Inserts a value with its time. A `String` takes a `&str`, a `Vec<u8>` takes a `&[u8]`, other types
            /// take a reference: the value is copied only if it is kept.
            pub fn insert<B>(&mut self, at: Timestamp, value: &B)
            where
                B: TotalOrder + ToOwned<Owned = T> + ?Sized,
                T: Borrow<B>,
            {
                if self.0.settled().loses_to(at, value) {
                    self.0.insert((at, value.to_owned()));
                }
            }

            /// The value and its time; `None` before any was inserted.
            pub fn get(&self) -> Option<(Timestamp, T)> {
                self.0.get().into_owned().0
            }

            /// The value; `None` before any was inserted.
            pub fn value(&self) -> Option<T> {
                self.get().map(|(_, value)| value)
            }
        }

        impl<T: Stored + TotalOrder + Clone> Monoid for $name<T> {
            const COMMUTATIVE: bool = true;

            fn columns(name: &str) -> Vec<Output> {
                vec![output::<Option<T>>(name), output::<Option<Timestamp>>(column_name(name, "at"))]
            }

            fn identity() -> Self {
                $name(Deferred::new($held(None)))
            }

            fn combine(&mut self, right: &Self) -> Result<(), Fault> {
                let held = self.0.settle();
                right.0.get().0.iter().for_each(|value| held.absorb(value));
                Ok(())
            }

            fn save(&self, row: &mut RowWriter<'_>) {
                let held = self.0.get();
                let (at, value) = match &held.0 {
                    Some((at, value)) => (Some(*at), Some(Ref(value))),
                    None => (None, None),
                };
                row.put(&value);
                row.put(&at);
            }

            fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
                let held = match (row.take()?, row.take()?) {
                    (Some(value), Some(at)) => Some((at, value)),
                    (None, None) => None,
                    _ => return Err(Malformed::new("a value and its time are both null or neither")),
                };
                Ok($name(Deferred::new($held(held))))
            }

            type Mark = ();

            fn mark(&mut self) {
                self.0.settle();
            }

            fn restore(&mut self, (): ()) {
                self.0.forget();
            }
        }
    };
}

timed! {
    /// The value at the earliest time; of several at that time, the least.
    First, Earliest, Ordering::Less
}

timed! {
    /// The value at the latest time; of several at that time, the greatest.
    Last, Latest, Ordering::Greater
}

/// Writes a borrowed value.
struct Ref<'a, T>(&'a T);

impl<T: Stored> crate::value::Value for Ref<'_, T> {
    const KIND: crate::schema::Kind = T::KIND;
    fn write(&self, column: &mut crate::column::ColumnBuilder) {
        self.0.write(column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microseconds: i64) -> Timestamp {
        Timestamp::from_microseconds(microseconds)
    }

    #[test]
    fn a_tie_does_not_depend_on_the_order() {
        for values in [["a", "b"], ["b", "a"]] {
            let (mut first, mut last) = (First::<String>::identity(), Last::<String>::identity());
            for value in values {
                first.insert(at(7), value);
                last.insert(at(7), value);
            }
            assert_eq!(first.value().as_deref(), Some("a"));
            assert_eq!(last.value().as_deref(), Some("b"));
        }
    }

    #[test]
    fn time_decides_before_the_value() {
        let mut last = Last::<i64>::identity();
        last.insert(at(1), &100);
        last.insert(at(2), &-100);
        last.insert(at(0), &7);
        assert_eq!(last.get(), Some((at(2), -100)));
    }

    #[test]
    fn what_was_inserted_since_the_mark_can_be_forgotten() {
        let mut first = First::<String>::identity();
        first.insert(at(5), "kept");
        first.mark();
        first.insert(at(1), "one");
        first.insert(at(0), "two");
        assert_eq!(first.value().as_deref(), Some("two"));
        first.restore(());
        assert_eq!(first.value().as_deref(), Some("kept"));
    }
}
