//! Where in a run its batches begin, in few bytes: keys come from data, and may be as long as a batch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::sort::common_prefix;

/// The longest separator, in bytes; a batch that needs a longer one is not in the index.
const SEPARATOR_BYTES: usize = 1 << 10;

/// Memory for the separators of a run, in bytes; where they would take more, every second is left out.
const INDEX_BYTES: usize = 128 << 10;

/// The first and the last key of a run. A run with one that is longer than a separator may be has no bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyBounds {
    pub(super) first: Vec<u8>,
    pub(super) last: Vec<u8>,
}

impl KeyBounds {
    /// The bounds as JSON.
    pub(super) fn to_json(&self) -> String {
        let keys = [&self.first, &self.last].map(|key| BASE64.encode(key));
        serde_json::json!(keys).to_string()
    }

    /// Reads bounds from JSON; `None` where they are none.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        let [first, last]: [String; 2] = serde_json::from_str(json).ok()?;
        let [first, last] = [BASE64.decode(first).ok()?, BASE64.decode(last).ok()?];
        (first <= last).then_some(KeyBounds { first, last })
    }
}

/// Where some batches of a run, or of a chain of runs, begin: the first, and as many of the others as fit.
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

impl Entry {
    /// Its memory.
    fn bytes(&self) -> usize {
        size_of::<Entry>() + self.separator.len()
    }
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
    /// The first key, unless it is long.
    first_key: Option<Vec<u8>>,
    last_key: Vec<u8>,
}

impl IndexBuilder {
    pub(super) fn new() -> Self {
        IndexBuilder {
            index: RunIndex::default(),
            bytes: 0,
            batches: 0,
            stride: 1,
            first_key: None,
            last_key: Vec::new(),
        }
    }

    /// Adds a batch with this first and this last key.
    pub(super) fn add(&mut self, first_key: &[u8], last_key: &[u8]) {
        let batch = self.batches;
        self.batches += 1;
        if batch == 0 && first_key.len() <= SEPARATOR_BYTES {
            self.first_key = Some(first_key.to_vec());
        }
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
        let entry = Entry { batch, separator };
        self.bytes += entry.bytes();
        self.index.entries.push(entry);
        if self.bytes > INDEX_BYTES {
            self.stride *= 2;
            let entries = &mut self.index.entries;
            entries.retain(|entry| entry.batch.is_multiple_of(self.stride));
            self.bytes = entries.iter().map(Entry::bytes).sum();
        }
    }

    /// The first and the last key, where there are keys and neither is long.
    pub(super) fn bounds(&self) -> Option<KeyBounds> {
        let first = self.first_key.clone()?;
        let last = (self.last_key.len() <= SEPARATOR_BYTES).then(|| self.last_key.clone())?;
        Some(KeyBounds { first, last })
    }

    pub(super) fn finish(self) -> RunIndex {
        self.index
    }
}

/// Makes the index of a chain of runs from theirs.
#[derive(Default)]
pub(super) struct ChainIndex {
    index: RunIndex,
    bytes: usize,
    batches: usize,
    last_key: Vec<u8>,
}

impl ChainIndex {
    /// The number of batches so far.
    pub(super) fn batches(&self) -> usize {
        self.batches
    }

    /// Adds a run whose keys are greater than all before. Only the first may be without bounds.
    pub(super) fn add(&mut self, run: &RunIndex, batches: usize, bounds: Option<&KeyBounds>) {
        for entry in &run.entries {
            let separator = match (entry.batch, bounds) {
                (0, Some(bounds)) if self.batches > 0 => {
                    let length = common_prefix(&self.last_key, &bounds.first) + 1;
                    bounds.first[..length.min(bounds.first.len())].to_vec()
                }
                _ => entry.separator.clone(),
            };
            let batch = self.batches + entry.batch;
            let entry = Entry { batch, separator };
            self.bytes += entry.bytes();
            self.index.entries.push(entry);
            if self.bytes > INDEX_BYTES {
                let mut is_kept = false;
                self.index.entries.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.bytes = self.index.entries.iter().map(Entry::bytes).sum();
            }
        }
        self.batches += batches;
        if let Some(bounds) = bounds {
            self.last_key.clone_from(&bounds.last);
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
    fn bounds_are_known_unless_they_are_long() {
        let bounds = |batches: &[(&[u8], &[u8])]| {
            let mut builder = IndexBuilder::new();
            batches
                .iter()
                .for_each(|(first, last)| builder.add(first, last));
            builder.bounds()
        };
        let (first, last) = (b"a".to_vec(), b"d".to_vec());
        let known = KeyBounds { first, last };
        let json = known.to_json();
        assert_eq!(bounds(&[(b"a", b"b"), (b"c", b"d")]), Some(known.clone()));
        assert_eq!(KeyBounds::from_json(&json), Some(known));
        for json in [
            "",
            "{}",
            "[\"YQ==\"]",
            "[\"?\", \"?\"]",
            "[\"Yg==\", \"YQ==\"]",
        ] {
            assert_eq!(KeyBounds::from_json(json), None, "{json}");
        }
        let long = vec![b'c'; SEPARATOR_BYTES + 1];
        assert_eq!(bounds(&[]), None);
        assert_eq!(bounds(&[(b"a", &long)]), None);
        assert_eq!(bounds(&[(&long, b"d"), (b"e", b"f")]), None);
    }

    #[test]
    fn the_index_of_a_chain_finds_batches_of_all_runs_and_stays_small() {
        let key = |n: usize| format!("{n:08}{}", "x".repeat(n % 200)).into_bytes();
        let (mut chain, mut begins) = (ChainIndex::default(), Vec::new());
        for run in 0..1_000 {
            let mut builder = IndexBuilder::new();
            for batch in 0..1 + run % 7 {
                let first = 100 * run + 10 * batch;
                builder.add(&key(first), &key(first + 5));
                begins.push(first);
            }
            let (bounds, batches) = (builder.bounds(), builder.batches);
            assert_eq!(chain.batches(), begins.len() - batches);
            chain.add(&builder.finish(), batches, bounds.as_ref());
            assert!(chain.bytes <= INDEX_BYTES);
        }
        let index = chain.finish();
        assert!(index.entries.len() > 500);
        assert_eq!(
            RunIndex::from_json(&index.to_json(), begins.len()),
            Some(index.clone())
        );
        for (batch, first) in begins.iter().enumerate() {
            for n in [*first, first + 5] {
                let found = index.find(&key(n), begins.len());
                assert!(found.contains(&batch) && found.len() < 17, "{n}: {found:?}");
            }
        }
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
