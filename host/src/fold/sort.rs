//! The order of encoded keys.

use std::ops::Range;

use super::heap::Place;

/// A row, and 16 bytes of its key as a number that sorts as the bytes do.
#[derive(Clone, Copy)]
pub(super) struct SortEntry {
    digit: u128,
    /// The place of the key.
    pub(super) key: Place,
    /// The number of the row.
    pub(super) row: u32,
}

impl SortEntry {
    pub(super) fn new(key: Place, row: u32) -> Self {
        SortEntry { digit: 0, key, row }
    }
}

const DIGIT_BYTES: usize = 16;

/// Up to this number of rows are sorted by comparing their keys.
const FEW_ROWS: usize = 8;

/// Sorts rows by their keys, of which none is the beginning of another.
///
/// A radix sort with digits of 16 bytes: the digits of all rows are fetched at once, which costs a look at each key, not
/// at two keys a comparison; only rows with equal digits go on to the next. Bytes that all of them have in common are
/// passed over in one go, and the groups that are left to sort are kept in a list: keys come from data, so neither the
/// stack nor the time may depend on how long they are alike.
pub(super) fn sort<'a>(entries: &mut [SortEntry], key_at: impl Fn(Place) -> &'a [u8]) {
    let mut left = vec![Alike {
        rows: 0..entries.len(),
        bytes: 0,
    }];
    while let Some(Alike { rows, bytes }) = left.pop() {
        let group = &mut entries[rows.clone()];
        let rest = |entry: &SortEntry| key_at(entry.key).get(bytes..).unwrap_or_default();
        if group.len() <= FEW_ROWS {
            group.sort_unstable_by(|a, b| rest(a).cmp(rest(b)));
            continue;
        }
        for entry in &mut *group {
            entry.digit = digit(rest(entry));
        }
        group.sort_unstable_by_key(|entry| entry.digit);
        if group.first().map(|entry| entry.digit) == group.last().map(|entry| entry.digit) {
            let common = common_bytes(group.iter().map(rest));
            if common == 0 {
                // No keys of one table: one of them ends here.
                group.sort_unstable_by(|a, b| rest(a).cmp(rest(b)));
                continue;
            }
            let bytes = bytes + common;
            left.push(Alike { rows, bytes });
            continue;
        }
        let mut start = rows.start;
        for alike in group.chunk_by_mut(|a, b| a.digit == b.digit) {
            let rows = start..start + alike.len();
            start = rows.end;
            if alike.len() > FEW_ROWS {
                let bytes = bytes + DIGIT_BYTES;
                left.push(Alike { rows, bytes });
            } else if alike.len() > 1 {
                alike.sort_unstable_by(|a, b| rest(a).cmp(rest(b)));
            }
        }
    }
}

/// Rows that are yet to be sorted, whose keys are alike in their first `bytes`.
struct Alike {
    rows: Range<usize>,
    bytes: usize,
}

fn digit(rest: &[u8]) -> u128 {
    if let Some(bytes) = rest.first_chunk::<DIGIT_BYTES>() {
        return u128::from_be_bytes(*bytes);
    }
    let mut bytes = [0; DIGIT_BYTES];
    bytes[..rest.len()].copy_from_slice(rest);
    u128::from_be_bytes(bytes)
}

/// The number of bytes that all keys begin with.
fn common_bytes<'a>(mut all: impl Iterator<Item = &'a [u8]>) -> usize {
    let mut common = all.next().unwrap_or_default();
    for other in all {
        common = &common[..common_prefix(common, other)];
    }
    common.len()
}

/// The number of bytes that both keys begin with.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    const STEP_BYTES: usize = 64;
    let equal = |(a, b): &(&[u8], &[u8])| a == b;
    let steps = a.chunks(STEP_BYTES).zip(b.chunks(STEP_BYTES));
    let from = (steps.take_while(equal).count() * STEP_BYTES)
        .min(a.len())
        .min(b.len());
    let rest = a[from..].iter().zip(&b[from..]);
    from + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::super::heap::ByteHeap;
    use super::*;

    /// The order in which these keys are sorted.
    fn sorted(keys: &[Vec<u8>]) -> Vec<u32> {
        let mut heap = ByteHeap::default();
        let places = keys.iter().map(|key| heap.push(key).unwrap());
        let mut entries: Vec<_> = places
            .zip(0..)
            .map(|(key, row)| SortEntry::new(key, row))
            .collect();
        sort(&mut entries, |place| heap.at(place));
        entries.iter().map(|entry| entry.row).collect()
    }

    /// The same by comparing.
    fn expected(keys: &[Vec<u8>]) -> Vec<u32> {
        let mut rows: Vec<_> = (0..keys.len() as u32).collect();
        rows.sort_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
        rows
    }

    #[test]
    fn keys_that_are_long_alike_take_neither_stack_nor_time() {
        let alike = |count: usize, bytes: usize| -> Vec<Vec<u8>> {
            let key = |i: usize| [&vec![b'x'; bytes][..], &i.to_be_bytes()].concat();
            (0..count).rev().map(key).collect()
        };
        // Each is alike with the next for sixteen bytes more than with the one before.
        let stairs = (1..1_000).map(|i| [&vec![7; 16 * i][..], &[3]].concat());
        let all = [alike(2, 400_000), alike(1_000, 20_000), stairs.collect()];
        let began = Instant::now();
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        let done = thread.spawn(move || all.iter().all(|keys| sorted(keys) == expected(keys)));
        assert!(done.unwrap().join().unwrap());
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn what_two_have_in_common_is_counted() {
        for length in [0, 1, 63, 64, 65, 128, 200] {
            let a = vec![1; length];
            assert_eq!(common_prefix(&a, &a), length);
            let b = [&a[..], &[2]].concat();
            assert_eq!(
                (common_prefix(&a, &b), common_prefix(&b, &a)),
                (length, length)
            );
            let c = [&a[..], &[3; 100]].concat();
            assert_eq!(common_prefix(&b, &c), length);
        }
    }

    proptest! {
        #[test]
        fn keys_are_sorted_as_bytes_are(
            prefix in prop::collection::vec(0_u8..2, 0..100),
            tails in prop::collection::vec((0_usize..=100, prop::collection::vec(0_u8..3, 0..40)), 0..200),
        ) {
            // A last byte that no other has keeps one key from being the beginning of another.
            let key = |(common, tail): (usize, Vec<u8>)| {
                [&prefix[..common.min(prefix.len())], &tail, &[9]].concat()
            };
            let mut keys: Vec<_> = tails.into_iter().map(key).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.reverse();
            prop_assert_eq!(sorted(&keys), expected(&keys));
        }
    }
}
