//! Where in a run its batches begin, in few bytes: keys come from data, and may be as long as a batch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::sort::common_prefix;

/// The longest separator, in bytes; a batch that needs a longer one is not in the index.
const SEPARATOR_BYTES: usize = 1 << 10;

/// Memory for the separators of a run, in bytes; where they would take more, every second is left out.
const INDEX_BYTES: usize = 128 << 10;

/// Where some batches of a run begin: the first, and as many of the others as fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RunIndex {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    batch: usize,
    /// The shortest beginning of the batch's first key that is greater than all keys before the batch.
    separator: Vec<u8>,
}

impl RunIndex {
    /// The index of a run that has none.
    pub(super) fn unknown() -> Self {
        let (batch, separator) = (0, Vec::new());
        RunIndex {
            entries: vec![Entry { batch, separator }],
        }
    }

    /// A range of batches that contains the last one that begins with `key` or before.
    pub(super) fn find(&self, key: &[u8], batches: usize) -> std::ops::Range<usize> {
        let after = self
            .entries
            .partition_point(|entry| entry.separator.as_slice() <= key);
        let batch = |entry: &Entry| entry.batch;
        let first = after.checked_sub(1).and_then(|last| self.entries.get(last));
        let end = self.entries.get(after).map_or(batches, batch);
        first.map_or(0, batch)..end
    }

    /// The separators in rising order, each with the number of batches from there to the next.
    pub(super) fn separators(&self, batches: usize) -> impl Iterator<Item = (&[u8], usize)> {
        let ends = self.entries.iter().skip(1).map(|entry| entry.batch);
        let ends = ends.chain(std::iter::once(batches));
        let entries = self.entries.iter().zip(ends);
        entries.map(|(entry, end)| (&*entry.separator, end - entry.batch))
    }

    /// The index as JSON.
    pub(super) fn to_json(&self) -> String {
        let entries = self.entries.iter();
        let pairs: Vec<_> = entries
            .map(|entry| (entry.batch, BASE64.encode(&entry.separator)))
            .collect();
        serde_json::json!(pairs).to_string()
    }

    /// Reads an index from JSON; `None` where it is no index of `batches` batches.
    pub(super) fn from_json(json: &str, batches: usize) -> Option<Self> {
        let pairs: Vec<(usize, String)> = serde_json::from_str(json).ok()?;
        let entry = |(batch, separator): (usize, String)| {
            let separator = BASE64.decode(separator).ok()?;
            Some(Entry { batch, separator })
        };
        let entries: Vec<Entry> = pairs.into_iter().map(entry).collect::<Option<_>>()?;
        let rises = entries.is_sorted_by(|a, b| a.batch < b.batch && a.separator < b.separator);
        let begins = entries.first().is_none_or(|first| first.batch == 0);
        let ends = entries.last().is_none_or(|last| last.batch < batches);
        (rises && begins && ends).then_some(RunIndex { entries })
    }
}

/// Makes the index of a run while it is written.
pub(super) struct IndexBuilder {
    index: RunIndex,
    bytes: usize,
    batches: usize,
    /// One batch of N is in the index.
    stride: usize,
    last_key: Vec<u8>,
}

impl IndexBuilder {
    pub(super) fn new() -> Self {
        IndexBuilder {
            index: RunIndex::default(),
            bytes: 0,
            batches: 0,
            stride: 1,
            last_key: Vec::new(),
        }
    }

    /// Adds a batch with this first and this last key.
    pub(super) fn add(&mut self, first_key: &[u8], last_key: &[u8]) {
        let batch = self.batches;
        self.batches += 1;
        let length = match batch {
            0 => 0,
            _ => common_prefix(&self.last_key, first_key) + 1,
        };
        self.last_key.clear();
        self.last_key.extend_from_slice(last_key);
        if length > SEPARATOR_BYTES || !batch.is_multiple_of(self.stride) {
            return;
        }
        let separator = first_key[..length.min(first_key.len())].to_vec();
        self.bytes += size_of::<Entry>() + separator.len();
        self.index.entries.push(Entry { batch, separator });
        if self.bytes > INDEX_BYTES {
            self.stride *= 2;
            let entries = &mut self.index.entries;
            entries.retain(|entry| entry.batch.is_multiple_of(self.stride));
            let bytes = |entry: &Entry| size_of::<Entry>() + entry.separator.len();
            self.bytes = entries.iter().map(bytes).sum();
        }
    }

    pub(super) fn finish(self) -> RunIndex {
        self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(batches: &[(&[u8], &[u8])]) -> RunIndex {
        let mut builder = IndexBuilder::new();
        batches
            .iter()
            .for_each(|(first, last)| builder.add(first, last));
        builder.finish()
    }

    #[test]
    fn separators_are_as_short_as_they_can_be() {
        let index = index(&[
            (b"apple", b"banana"),
            (b"bandage", b"cat"),
            (b"dog", b"dog"),
        ]);
        let found: Vec<_> = index.separators(3).collect();
        assert_eq!(found, [(&b""[..], 1), (b"band", 1), (b"d", 1)]);
        for (key, batch) in [
            (&b""[..], 0),
            (b"banana", 0),
            (b"band", 1),
            (b"cz", 1),
            (b"dog", 2),
            (b"z", 2),
        ] {
            assert_eq!(index.find(key, 3), batch..batch + 1, "{key:?}");
        }
        assert_eq!(RunIndex::from_json(&index.to_json(), 3), Some(index));
    }

    #[test]
    fn what_is_no_index_is_none() {
        let index = index(&[(b"a", b"b"), (b"c", b"d")]);
        assert_eq!(RunIndex::from_json(&index.to_json(), 1), None);
        for json in [
            "",
            "{}",
            "[[1, \"\"]]",
            "[[0, \"?\"]]",
            "[[0, \"\"], [0, \"YQ==\"]]",
        ] {
            assert_eq!(RunIndex::from_json(json, 9), None, "{json}");
        }
        assert_eq!(RunIndex::from_json("[]", 0), Some(RunIndex::default()));
        assert_eq!(RunIndex::unknown().find(b"x", 7), 0..7);
    }

    #[test]
    fn an_index_stays_small_whatever_the_keys() {
        let key = |i: usize, bytes: usize| {
            let mut key = i.to_be_bytes().to_vec();
            key.rotate_left(4);
            key.resize(bytes, b'x');
            key.rotate_right(bytes / 2);
            key
        };
        for bytes in [100, 1_800, 100_000] {
            let mut builder = IndexBuilder::new();
            let batches = 300_000 / bytes;
            for i in 0..batches {
                builder.add(&key(2 * i, bytes), &key(2 * i + 1, bytes));
            }
            let index = builder.finish();
            assert!(index.to_json().len() < 2 * INDEX_BYTES);
            for i in 0..batches {
                assert!(index.find(&key(2 * i, bytes), batches).contains(&i));
                assert!(index.find(&key(2 * i + 1, bytes), batches).contains(&i));
            }
        }
    }
}
