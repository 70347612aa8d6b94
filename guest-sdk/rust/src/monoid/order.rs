//! Total orders, also where Rust's own is partial.

use std::cmp::Ordering;

use crate::types::{Date, Timestamp};

/// A total order whose equality is that of the bytes, so that the least of some values is one and the same
/// whatever the order in which they came.
pub trait TotalOrder {
    /// How `self` stands to `other`.
    fn total_order(&self, other: &Self) -> Ordering;
}

macro_rules! by_ord {
    ($($type:ty),*) => {$(
        impl TotalOrder for $type {
            #[inline]
            fn total_order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        }
    )*};
}

by_ord!(i64, bool, str, String, [u8], Vec<u8>, Timestamp, Date);

impl TotalOrder for f64 {
    /// As IEEE 754 has it: -0.0 before 0.0, NaN at the ends.
    fn total_order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}
