//! The least and the greatest value.

use super::{Fault, Monoid, TotalOrder};
use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter, Stored, output};

macro_rules! extreme {
    ($(#[$doc:meta])* $name:ident, $wins:pat) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<T> {
            value: Option<T>,
        }

        impl<T: Stored + TotalOrder + Copy> $name<T> {
            /// Inserts a value.
            #[inline]
            pub fn insert(&mut self, value: T) {
                let wins = match &self.value {
                    Some(held) => matches!(value.total_order(held), $wins),
                    None => true,
                };
                if wins {
                    self.value = Some(value);
                }
            }

            /// The value; `None` before any was inserted.
            pub fn value(&self) -> Option<T> {
                self.value
            }
        }

        impl<T: Stored + TotalOrder + Copy> Monoid for $name<T> {
            const COMMUTATIVE: bool = true;

            fn columns(name: &str) -> Vec<Output> {
                vec![output::<Option<T>>(name)]
            }

            fn identity() -> Self {
                $name { value: None }
            }

            fn combine(&mut self, right: &Self) -> Result<(), Fault> {
                right.value.into_iter().for_each(|value| self.insert(value));
                Ok(())
            }

            fn save(&self, row: &mut RowWriter<'_>) {
                row.put(&self.value);
            }

            fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
                Ok($name { value: row.take()? })
            }

            type Mark = Option<T>;

            #[inline]
            fn mark(&mut self) -> Option<T> {
                self.value
            }

            fn restore(&mut self, value: Option<T>) {
                self.value = value;
            }
        }
    };
}

extreme! {
    /// The least of the values: `i64`, `f64` (in IEEE 754's total order), `Timestamp` or `Date`.
    Min, std::cmp::Ordering::Less
}

extreme! {
    /// The greatest of the values: `i64`, `f64` (in IEEE 754's total order), `Timestamp` or `Date`.
    Max, std::cmp::Ordering::Greater
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_has_no_value() {
        let mut least = Min::<i64>::identity();
        assert_eq!(least.value(), None);
        least.combine(&Min { value: Some(3) }).unwrap();
        least.combine(&Min::identity()).unwrap();
        assert_eq!(least.value(), Some(3));
    }

    #[test]
    fn zeros_and_nan_are_ordered() {
        for order in [[0.0, -0.0], [-0.0, 0.0]] {
            let (mut least, mut greatest) = (Min::identity(), Max::identity());
            for value in order {
                least.insert(value);
                greatest.insert(value);
            }
            assert_eq!(least.value().map(f64::to_bits), Some((-0.0_f64).to_bits()));
            assert_eq!(greatest.value().map(f64::to_bits), Some(0.0_f64.to_bits()));
        }
    }

    #[test]
    fn a_mark_brings_the_value_back() {
        let mut greatest = Max::<i64>::identity();
        greatest.insert(5);
        let mark = greatest.mark();
        greatest.insert(9);
        greatest.restore(mark);
        assert_eq!(greatest.value(), Some(5));
    }
}
