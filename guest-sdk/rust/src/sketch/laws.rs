//! Test support: one history, cut and merged in another way, and bytes gone wrong.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::Malformed;

/// What the laws are about; the methods are those of the sketch.
pub(super) trait State: Clone + PartialEq + Debug {
    type Value: Clone + Debug;
    /// The identity, of the same parameters.
    fn empty(&self) -> Self;
    fn insert(&mut self, value: &Self::Value);
    fn merge(&mut self, other: &Self);
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed>;
}

const PARTS: usize = 6;

/// Inserted values, and one way to cut them, to reorder them and to merge the parts.
#[derive(Debug, Clone)]
pub(super) struct History<V> {
    /// Each with the part that it goes to and its rank there.
    values: Vec<(V, usize, u32)>,
    merges: Vec<(Index, Index)>,
}

/// Histories of up to `max` values. Some parts stay empty.
pub(super) fn history<V: Clone + Debug>(
    value: impl Strategy<Value = V> + Clone,
    max: usize,
) -> impl Strategy<Value = History<V>> {
    // Parts of very different sizes, so that small states meet large ones.
    let part = || any::<u32>().prop_map(|bits| (bits.trailing_zeros() as usize).min(PARTS - 1));
    let values = prop_oneof![
        vec((value.clone(), part(), any::<u32>()), 0..8),
        vec((value, part(), any::<u32>()), 0..max),
    ];
    let merges = vec((any::<Index>(), any::<Index>()), PARTS - 1);
    (values, merges).prop_map(|(values, merges)| History { values, merges })
}

impl<V: Clone + Debug> History<V> {
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter().map(|(value, ..)| value)
    }

    /// The state of the whole history, after checking every law on it.
    pub(super) fn check<S: State<Value = V>>(&self, empty: &S) -> S {
        let mut whole = empty.clone();
        for value in self.values() {
            whole.insert(value);
        }
        let bytes = whole.to_bytes();

        let mut ranked: Vec<_> = self.values.iter().collect();
        ranked.sort_by_key(|(.., rank)| *rank);
        let mut parts = vec![empty.empty(); PARTS];
        for (value, part, _) in ranked {
            parts[*part].insert(value);
        }
        for (left, right) in &self.merges {
            let mut left = parts.swap_remove(left.index(parts.len()));
            let at = right.index(parts.len());
            left.merge(&parts[at]);
            // Half of the parents have been to disk and back.
            parts[at] = if at % 2 == 0 { reread(&left) } else { left };
        }
        assert_eq!(parts[0].to_bytes(), bytes, "cut and merged another way");
        assert_eq!(parts[0], whole);
        assert_eq!(reread(&whole), whole);

        let mut identity = empty.empty();
        identity.merge(&whole);
        assert_eq!(identity.to_bytes(), bytes, "merged into the identity");
        let mut merged = whole.clone();
        merged.merge(&empty.empty());
        assert_eq!(merged.to_bytes(), bytes, "merged with the identity");
        whole
    }
}

fn reread<S: State>(state: &S) -> S {
    S::from_bytes(&state.to_bytes()).expect("its own bytes")
}

/// One way to damage bytes.
#[derive(Debug, Clone)]
pub(super) enum Damage {
    Set(Index, u8),
    Cut(Index),
    Append(Vec<u8>),
    Replace(Vec<u8>),
}

pub(super) fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => vec(any::<u8>(), 1..9).prop_map(Damage::Append),
        1 => vec(any::<u8>(), 0..64).prop_map(Damage::Replace),
    ]
}

impl Damage {
    /// Damaged bytes are refused, or they are the canonical form of some state.
    pub(super) fn check<S: State>(&self, state: &S) {
        let mut bytes = state.to_bytes();
        match self {
            Self::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Append(more) => bytes.extend(more),
            Self::Replace(with) => bytes.clone_from(with),
        }
        if let Ok(mut read) = S::from_bytes(&bytes) {
            assert_eq!(read.to_bytes(), bytes, "accepted, but not canonical");
            read.merge(&read.clone());
            read.to_bytes();
        }
    }
}

/// Implements [`State`] for a sketch by its own methods.
macro_rules! lawful {
    ($sketch:ty, $value:ty, $empty:expr, $insert:expr) => {
        impl $crate::sketch::laws::State for $sketch {
            type Value = $value;
            fn empty(&self) -> Self {
                let empty: fn(&Self) -> Self = $empty;
                empty(self)
            }
            fn insert(&mut self, value: &Self::Value) {
                let insert: fn(&mut Self, &Self::Value) = $insert;
                insert(self, value)
            }
            fn merge(&mut self, other: &Self) {
                // Only damaged counts overflow, and then nothing may change.
                let before = self.to_bytes();
                if <$sketch>::merge(self, other).is_err() {
                    assert_eq!(self.to_bytes(), before);
                }
            }
            fn to_bytes(&self) -> Vec<u8> {
                <$sketch>::to_bytes(self)
            }
            fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::sketch::Malformed> {
                <$sketch>::from_bytes(bytes)
            }
        }
    };
}
pub(super) use lawful;
