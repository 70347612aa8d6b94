//! Total orders, also for types whose order in Rust is partial.

use std::cmp::Ordering;

use crate::types::{Date, Timestamp};

/// A total order in which only equal bytes are equal. So the least of some values does not depend on the order in
/// which they came.
pub trait TotalOrder {
    /// The order of `self` and `other`.
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
    /// The total order of IEEE 754: -0.0 before 0.0, NaN at both ends.
    fn total_order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }
}
