//! Whether any value was true, and whether all were.

use super::{Fault, Monoid};
use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter, output};

macro_rules! logic {
    ($(#[$doc:meta])* $name:ident, $identity:literal, $operator:tt) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(bool);

        impl $name {
            /// Inserts a value.
            pub fn insert(&mut self, value: bool) {
                self.0 = self.0 $operator value;
            }

            /// The result.
            pub fn value(&self) -> bool {
                self.0
            }
        }

        impl Monoid for $name {
            const COMMUTATIVE: bool = true;

            fn columns(name: &str) -> Vec<Output> {
                vec![output::<bool>(name)]
            }

            fn identity() -> Self {
                $name($identity)
            }

            fn combine(&mut self, right: &Self) -> Result<(), Fault> {
                self.insert(right.0);
                Ok(())
            }

            fn save(&self, row: &mut RowWriter<'_>) {
                row.put(&self.0);
            }

            fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
                row.take().map($name)
            }

            type Mark = Self;

            fn mark(&mut self) -> Self {
                *self
            }

            fn restore(&mut self, mark: Self) {
                *self = mark;
            }
        }
    };
}

logic! {
    /// Whether any value was true; false if there is none.
    Any, false, ||
}

logic! {
    /// Whether all values were true; true if there is none.
    All, true, &&
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_tables() {
        for (left, right) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut any = Any::identity();
            let mut all = All::identity();
            for value in [left, right] {
                any.combine(&Any(value)).unwrap();
                all.combine(&All(value)).unwrap();
            }
            assert_eq!((any.value(), all.value()), (left || right, left && right));
        }
    }
}
