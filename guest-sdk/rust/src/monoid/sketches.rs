//! The sketches and the exact sum as parts of a state; [`crate::sketch`] has the plain types.

use std::ops::AddAssign;

use super::deferred::{Absorb, Deferred};
use super::{Fault, Monoid, Sum, Summand};
use crate::column::Malformed;
use crate::schema::Output;
use crate::sketch::{self, Item, item};
use crate::value::{RowReader, RowWriter, output};

const COUNTABLE: &str = "there are fewer than 2^64 events";

/// The hash of an item.
type Hash = (u64, u64);

impl Absorb<Hash> for sketch::Hll {
    fn absorb(&mut self, hash: &Hash) {
        self.insert_hash(*hash);
    }
}

impl Absorb<Hash> for sketch::Theta {
    fn absorb(&mut self, hash: &Hash) {
        self.insert_hash(*hash);
    }
}

impl Absorb<Hash> for sketch::CountMin {
    fn absorb(&mut self, hash: &Hash) {
        self.insert_hash(*hash, 1).expect(COUNTABLE);
    }
}

/// A number that is neither infinite nor NaN.
#[derive(Clone, Copy, Debug)]
struct Finite(f64);

const FINITE: &str = "numbers that are not finite are held back by no state";

impl Absorb<Finite> for sketch::DdSketch {
    fn absorb(&mut self, number: &Finite) {
        self.insert(number.0).expect(FINITE);
    }
}

impl Absorb<Finite> for sketch::ExactSum {
    fn absorb(&mut self, number: &Finite) {
        self.insert(number.0).expect(FINITE);
    }
}

/// Numbers; an infinity or NaN is a fault.
#[derive(Clone, Debug)]
struct Numbers<S> {
    held: Deferred<S, Finite>,
    is_refused: bool,
}

impl<S: Absorb<Finite>> Numbers<S> {
    fn new(sketch: S) -> Self {
        Numbers {
            held: Deferred::new(sketch),
            is_refused: false,
        }
    }

    fn insert(&mut self, number: f64) {
        if number.is_finite() {
            self.held.insert(Finite(number));
        } else {
            self.is_refused = true;
        }
    }

    fn get(&self) -> std::borrow::Cow<'_, S> {
        self.held.get()
    }

    fn settle(&mut self) -> &mut S {
        self.held.settle()
    }

    fn forget(&mut self) {
        self.held.forget();
        self.is_refused = false;
    }

    fn fault(&self) -> Option<Fault> {
        self.is_refused
            .then(|| Fault::new("the number is not finite"))
    }
}

impl<S: Absorb<Hash>> Deferred<S, Hash> {
    fn insert_item(&mut self, item: impl Item) {
        item::hash(&item)
            .into_iter()
            .for_each(|hash| self.insert(hash));
    }

    fn fault(&self) -> Option<Fault> {
        None
    }
}

macro_rules! sketch_monoid {
    ([$($params:tt)*] $type:ty, $held:ident, $sketch:ident, $new:expr) => {
        impl<$($params)*> Monoid for $type {
            const COMMUTATIVE: bool = true;

            fn columns(name: &str) -> Vec<Output> {
                vec![output::<Vec<u8>>(name)]
            }

            fn identity() -> Self {
                Self($held::new($new))
            }

            fn combine(&mut self, right: &Self) -> Result<(), Fault> {
                self.0.settle().merge(&right.0.get()).map_err(|error| Fault::new(error.to_string()))
            }

            fn save(&self, row: &mut RowWriter<'_>) {
                row.put(&self.0.get().to_bytes());
            }

            fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
                let loaded = sketch::$sketch::from_bytes(row.take_bytes()?)
                    .map_err(|malformed| Malformed::new(malformed.to_string()))?;
                // Merging fails if the parameters are not those of this type.
                let mut held = $new;
                held.merge(&loaded).map_err(|error| Malformed::new(error.to_string()))?;
                Ok(Self($held::new(held)))
            }

            type Mark = ();

            fn mark(&mut self) {
                self.0.settle();
            }

            fn restore(&mut self, (): ()) {
                self.0.forget();
            }

            fn fault(&self) -> Option<Fault> {
                self.0.fault()
            }
        }
    };
}

/// The number of distinct values, estimated from 2^`LG_K` registers with a relative error of about
/// 1.04 / sqrt(2^`LG_K`), 1.6 % by default. The state column is the serialized form of Apache DataSketches.
#[derive(Clone, Debug)]
pub struct Hll<const LG_K: u8 = 12>(Deferred<sketch::Hll, Hash>);

sketch_monoid!([const LG_K: u8] Hll<LG_K>, Deferred, Hll, sketch::Hll::new(LG_K));

impl<const LG_K: u8> Hll<LG_K> {
    /// Inserts a value. Empty text and empty bytes are not counted.
    pub fn insert(&mut self, item: impl Item) {
        self.0.insert_item(item);
    }

    /// The estimated number of distinct values.
    pub fn estimate(&self) -> f64 {
        self.0.get().estimate()
    }
}

/// The number of distinct values, estimated from the 2^`LG_K` smallest hashes: exact up to that number. Readers of the
/// table can intersect and subtract such sketches. The state column is the serialized form of Apache DataSketches.
#[derive(Clone, Debug)]
pub struct Theta<const LG_K: u8 = 12>(Deferred<sketch::Theta, Hash>);

sketch_monoid!([const LG_K: u8] Theta<LG_K>, Deferred, Theta, sketch::Theta::new(LG_K));

impl<const LG_K: u8> Theta<LG_K> {
    /// Inserts a value. Empty text and empty bytes are not counted.
    pub fn insert(&mut self, item: impl Item) {
        self.0.insert_item(item);
    }

    /// The estimated number of distinct values.
    pub fn estimate(&self) -> f64 {
        self.0.get().estimate()
    }
}

/// An upper bound for the occurrences of each value, from `DEPTH` rows of `WIDTH` counters: with a probability of
/// 1 - e^-`DEPTH`, it is too large by less than e / `WIDTH` of all occurrences.
#[derive(Clone, Debug)]
pub struct CountMin<const WIDTH: u32 = 2048, const DEPTH: u8 = 5>(Deferred<sketch::CountMin, Hash>);

sketch_monoid!(
    [const WIDTH: u32, const DEPTH: u8] CountMin<WIDTH, DEPTH>, Deferred, CountMin, sketch::CountMin::new(WIDTH, DEPTH)
);

impl<const WIDTH: u32, const DEPTH: u8> CountMin<WIDTH, DEPTH> {
    /// Counts an occurrence of a value. Empty text and empty bytes are not counted.
    pub fn insert(&mut self, item: impl Item) {
        self.0.insert_item(item);
    }

    /// An upper bound for the occurrences of a value.
    pub fn estimate(&self, item: impl Item) -> u64 {
        self.0.get().estimate(item)
    }
}

/// Quantiles, each within `PER_MILLE` thousandths of the true value, 1 % by default.
///
/// A record that inserts an infinity or NaN is rejected.
#[derive(Clone, Debug)]
pub struct DdSketch<const PER_MILLE: u32 = 10>(Numbers<sketch::DdSketch>);

sketch_monoid!(
    [const PER_MILLE: u32] DdSketch<PER_MILLE>, Numbers, DdSketch, sketch::DdSketch::new(f64::from(PER_MILLE) / 1000.0)
);

impl<const PER_MILLE: u32> DdSketch<PER_MILLE> {
    /// Inserts a value.
    pub fn insert(&mut self, value: f64) {
        self.0.insert(value);
    }

    /// The quantile `q`: a fraction `q` of all values is smaller. `None` before any value was inserted.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.0.get().quantile(q)
    }
}

/// A sum of floating-point numbers without rounding.
#[derive(Clone, Debug)]
pub struct Exact(Numbers<sketch::ExactSum>);

sketch_monoid!([] Exact, Numbers, ExactSum, sketch::ExactSum::new());

impl Summand for f64 {
    type Total = Exact;
}

impl Sum<f64> {
    /// The sum, rounded once.
    pub fn value(&self) -> f64 {
        self.0.0.get().value()
    }
}

impl AddAssign<f64> for Sum<f64> {
    /// Adds a number. A record that adds an infinity or NaN is rejected.
    fn add_assign(&mut self, value: f64) {
        self.0.0.insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_floats_is_exact_in_any_order() {
        for order in [[1e16, 1.0, 1.0, -1e16], [1.0, -1e16, 1e16, 1.0]] {
            let mut sum = Sum::<f64>::identity();
            order.into_iter().for_each(|value| sum += value);
            assert_eq!(sum.value(), 2.0);
        }
    }

    #[test]
    fn what_was_inserted_since_the_mark_can_be_forgotten() {
        let (mut visitors, mut sum) = (Hll::<12>::identity(), Sum::<f64>::identity());
        visitors.insert("a");
        sum += 0.5;
        visitors.mark();
        sum.mark();
        visitors.insert("b");
        visitors.insert("c");
        sum += f64::NAN;
        assert_eq!(visitors.estimate().round(), 3.0);
        assert!(sum.fault().is_some());
        visitors.restore(());
        sum.restore(());
        assert_eq!(
            (visitors.estimate().round(), sum.value(), sum.fault()),
            (1.0, 0.5, None)
        );
    }

    #[test]
    fn sketches_of_other_parameters_do_not_load() {
        let mut builder = crate::value::BatchBuilder::new(&Hll::<10>::columns("visitors"), 1);
        Hll::<10>::identity().save(&mut builder.row());
        let batch = builder.finish(1);
        assert!(Hll::<12>::load(&mut RowReader::new(&batch.columns, 0)).is_err());
        assert!(Hll::<10>::load(&mut RowReader::new(&batch.columns, 0)).is_ok());
    }
}
