//! The types of values, as the SDK reads them from a column and keeps them in a state.

use backfold_guest::sketch::{Hll, Item};
use backfold_guest::{Date, Field, Stored, Timestamp, TotalOrder};

/// A type of values.
pub(crate) trait Values: 'static {
    /// A value in a column.
    type Read<'a>: Field<'a> + Copy;
    /// A value in a state.
    type Kept: Stored + TotalOrder + Clone;
    /// The borrowed form of a value in a state.
    type Borrowed: TotalOrder + ToOwned<Owned = Self::Kept> + ?Sized;

    /// The value in the form of a state.
    fn borrow<'a>(value: &'a Self::Read<'_>) -> &'a Self::Borrowed;
}

/// Values that can be counted.
pub(crate) trait Countable: Values {
    /// Inserts the value.
    fn insert(hll: &mut Hll, value: Self::Read<'_>);
}

macro_rules! values {
    ($($name:ident, $read:ty, $kept:ty, $borrowed:ty, |$value:ident| $borrow:expr;)*) => {$(
        /// Values of this type.
        pub(crate) struct $name;

        impl Values for $name {
            type Read<'a> = $read;
            type Kept = $kept;
            type Borrowed = $borrowed;
            fn borrow<'a>($value: &'a Self::Read<'_>) -> &'a $borrowed {
                $borrow
            }
        }
    )*};
}

values! {
    Booleans, bool, bool, bool, |value| value;
    Integers, i64, i64, i64, |value| value;
    Floats, f64, f64, f64, |value| value;
    Timestamps, Timestamp, Timestamp, Timestamp, |value| value;
    Dates, Date, Date, Date, |value| value;
    Texts, &'a str, String, str, |value| value;
    Bytes, &'a [u8], Vec<u8>, [u8], |value| value;
}

macro_rules! countable {
    ($($name:ident, |$value:ident| $item:expr;)*) => {$(
        impl Countable for $name {
            #[inline]
            fn insert(hll: &mut Hll, $value: Self::Read<'_>) {
                insert(hll, $item);
            }
        }
    )*};
}

countable! {
    Integers, |value| value;
    Floats, |value| value;
    Timestamps, |value| value.microseconds;
    Dates, |value| value.days;
    Bytes, |value| value;
}

#[inline]
fn insert(hll: &mut Hll, item: impl Item) {
    hll.insert(item);
}
