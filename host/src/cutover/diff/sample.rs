//! A sample of rows, chosen by a hash of the key.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

/// Keeps the items of a stream whose keys have the smallest hashes: spread evenly, however the stream is ordered, and
/// the same each time.
pub(super) struct Sample<T> {
    limit: usize,
    hasher: FixedState,
    /// The largest hash of those kept, once there are enough.
    largest: u64,
    kept: Vec<(u64, Vec<u8>, T)>,
}

impl<T> Sample<T> {
    pub(super) fn new(limit: usize) -> Self {
        Sample {
            limit,
            hasher: FixedState::default(),
            largest: u64::MAX,
            kept: Vec::with_capacity(limit),
        }
    }

    /// Offers an item with this key; `make` is called only if it is kept.
    pub(super) fn offer(&mut self, key: &[u8], make: impl FnOnce() -> T) {
        if self.limit == 0 {
            return;
        }
        let hash = self.hasher.hash_one(key);
        if self.kept.len() == self.limit {
            if hash >= self.largest {
                return;
            }
            self.kept.retain(|(kept, ..)| *kept != self.largest);
        }
        self.kept.push((hash, key.to_vec(), make()));
        if self.kept.len() == self.limit {
            self.largest = self
                .kept
                .iter()
                .map(|(hash, ..)| *hash)
                .max()
                .unwrap_or(u64::MAX);
        }
    }

    /// Those kept, in the order of their keys.
    pub(super) fn finish(mut self) -> Vec<T> {
        self.kept.sort_by(|a, b| a.1.cmp(&b.1));
        self.kept.into_iter().map(|(.., kept)| kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(keys: impl Iterator<Item = u32>, limit: usize) -> Vec<u32> {
        let mut sample = Sample::new(limit);
        keys.for_each(|key| sample.offer(&key.to_be_bytes(), || key));
        sample.finish()
    }

    #[test]
    fn it_is_spread_and_does_not_depend_on_the_order() {
        let chosen = sample(0..100_000, 5);
        assert_eq!(chosen, sample((0..100_000).rev(), 5));
        assert_eq!(chosen.len(), 5);
        assert!(chosen.is_sorted());
        assert!(
            chosen[0] > 100 && chosen[4] > 10_000,
            "{chosen:?} are the first"
        );
        assert_eq!(sample(0..3, 5), [0, 1, 2]);
        assert_eq!(sample(0..3, 0), [0; 0]);
    }
}
