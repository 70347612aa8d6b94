//! Values numbered from 0 in the order in which they come first.

/// Numbers for integers of 64 bits.
pub(crate) struct Numbers {
    slots: Vec<Slot>,
    values: Vec<u64>,
}

/// A slot of [`Numbers`]: the value itself, so that one place in memory answers.
#[derive(Clone, Copy, Default)]
struct Slot {
    value: u64,
    /// The number plus 1; 0 where the slot is free.
    number: u32,
}

const FIRST_SLOTS: usize = 1 << 10;
const IN_MEMORY: &str = "values are in a component's memory";

impl Numbers {
    pub(crate) fn new() -> Self {
        Numbers {
            slots: vec![Slot::default(); FIRST_SLOTS],
            values: Vec::new(),
        }
    }

    /// The number of a value.
    #[inline]
    pub(crate) fn number(&mut self, value: u64) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = mix(value) as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.number == 0 {
                return self.insert(value, at);
            }
            if slot.value == value {
                return slot.number - 1;
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, value: u64, free: usize) -> u32 {
        let number = self.add(value);
        self.slots[free] = Slot {
            value,
            number: number + 1,
        };
        if self.values.len() >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        number
    }

    /// A number that no value has: that of a missing value.
    pub(crate) fn add(&mut self, value: u64) -> u32 {
        let number = u32::try_from(self.values.len()).expect(IN_MEMORY);
        self.values.push(value);
        number
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![Slot::default(); mask + 1];
        for slot in self.slots.iter().filter(|slot| slot.number > 0) {
            let mut at = mix(slot.value) as usize & mask;
            while slots[at].number > 0 {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }

    /// The value with this number.
    pub(crate) fn value(&self, number: u32) -> u64 {
        self.values[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Forgets all values, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.values.clear();
    }
}

/// Numbers for texts and bytes.
pub(crate) struct Texts {
    slots: Vec<TextSlot>,
    /// The texts, one after the other.
    bytes: Vec<u8>,
    /// Where each of them ends, with its hash.
    ends: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Default)]
struct TextSlot {
    hash: u32,
    /// The number plus 1; 0 where the slot is free.
    number: u32,
    start: u32,
    length: u32,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Texts {
            slots: vec![TextSlot::default(); FIRST_SLOTS],
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The number of a text.
    #[inline]
    pub(crate) fn number(&mut self, text: &[u8]) -> u32 {
        let hash = hash(text);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.number == 0 {
                return self.insert(text, hash, at);
            }
            if slot.hash == hash && slot.length as usize == text.len() {
                let start = slot.start as usize;
                if is_same(&self.bytes[start..start + text.len()], text) {
                    return slot.number - 1;
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, text: &[u8], hash: u32, free: usize) -> u32 {
        let start = u32::try_from(self.bytes.len()).expect(IN_MEMORY);
        let number = self.add(text, hash);
        self.slots[free] = TextSlot {
            hash,
            number: number + 1,
            start,
            length: u32::try_from(text.len()).expect(IN_MEMORY),
        };
        if self.ends.len() >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        number
    }

    /// A number that no text has: that of a missing text.
    pub(crate) fn add_missing(&mut self) -> u32 {
        self.add(&[], 0)
    }

    fn add(&mut self, text: &[u8], hash: u32) -> u32 {
        let number = u32::try_from(self.ends.len()).expect(IN_MEMORY);
        self.bytes.extend_from_slice(text);
        self.ends
            .push((u32::try_from(self.bytes.len()).expect(IN_MEMORY), hash));
        number
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![TextSlot::default(); mask + 1];
        for slot in self.slots.iter().filter(|slot| slot.number > 0) {
            let mut at = slot.hash as usize & mask;
            while slots[at].number > 0 {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }

    /// The text with this number.
    pub(crate) fn value(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = match number {
            0 => 0,
            _ => self.ends[number - 1].0,
        };
        &self.bytes[start as usize..self.ends[number].0 as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Forgets all texts, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(TextSlot::default());
        self.bytes.clear();
        self.ends.clear();
    }
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads all bits of a number over the low ones.
#[inline]
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 32)).wrapping_mul(ODD);
    number ^ (number >> 29)
}

/// The same on all machines, and without the multiplication to 128 bits that WebAssembly does not have.
#[inline]
fn hash(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = (bytes.len() as u64).wrapping_mul(ODD);
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
        hash ^= hash >> 32;
    }
    if !rest.is_empty() {
        hash = mix(hash ^ tail(bytes, rest));
    }
    // The high bits of a product depend on all bits of its factors.
    (hash.wrapping_mul(ODD) >> 32) as u32
}

/// The last bytes as a number: without a loop, by words that overlap.
#[inline]
fn tail(bytes: &[u8], rest: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << 32;
    }
    let (first, middle, last) = (rest[0], rest[rest.len() / 2], rest[rest.len() - 1]);
    u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
}

/// Whether the bytes are the same; both are of the same length. The `memcmp` of WebAssembly goes byte by byte.
#[inline]
fn is_same(bytes: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (other_words, other_rest)) = (bytes.as_chunks::<8>(), other.as_chunks());
    let same_words = words
        .iter()
        .zip(other_words)
        .all(|(word, other): (&[u8; 8], &[u8; 8])| {
            u64::from_le_bytes(*word) == u64::from_le_bytes(*other)
        });
    same_words && (rest.is_empty() || tail(bytes, rest) == tail(other, other_rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_numbers_in_the_order_of_their_coming() {
        let mut numbers = Numbers::new();
        let mut texts = Texts::new();
        for round in 0..2 {
            for value in 0..5_000_u64 {
                assert_eq!(numbers.number(value << 40 | value) as u64, value, "{round}");
                let text = "ab/".repeat(value as usize % 9) + &value.to_string();
                assert_eq!(u64::from(texts.number(text.as_bytes())), value, "{round}");
            }
        }
        assert_eq!(
            (numbers.value(7), texts.value(10)),
            (7 << 40 | 7, &b"ab/10"[..])
        );
        let missing = (numbers.add(0), texts.add_missing());
        assert_eq!(
            (missing, numbers.len(), texts.len()),
            ((5_000, 5_000), 5_001, 5_001)
        );
        assert_eq!((numbers.number(9 << 40 | 9), texts.number(b"9")), (9, 9));
        numbers.clear();
        texts.clear();
        assert_eq!((numbers.number(3), texts.number(b"")), (0, 0));
        assert_eq!((numbers.number(4), texts.number(b"x")), (1, 1));
    }

    /// Texts that differ in their last digits do not fall into few slots.
    #[test]
    fn similar_texts_have_hashes_that_differ_in_the_low_bits() {
        for stem in ["", "p", "/docs/install-", "https://example.org/articles/"] {
            let slots: std::collections::BTreeSet<u32> = (0..4_096)
                .map(|number| hash(format!("{stem}{number}").as_bytes()) % 4_096)
                .collect();
            // 4,096 random numbers of 4,096 are about 2,589 different ones.
            assert!(slots.len() > 2_200, "{stem}: {}", slots.len());
        }
        let slots: std::collections::BTreeSet<u64> = (0..4_096_u64)
            .map(|number| mix((number / 64) << 32 | (20_000 + number % 64)) % 4_096)
            .collect();
        assert!(slots.len() > 1_600, "{}", slots.len());
    }

    #[test]
    fn texts_of_every_length_are_told_apart() {
        let mut texts = Texts::new();
        let mut known = Vec::new();
        for length in 0..40 {
            let text = vec![b'a'; length];
            known.push(text.clone());
            for at in 0..length {
                let mut other = text.clone();
                other[at] = b'b';
                known.push(other);
            }
        }
        for (number, text) in known.iter().enumerate() {
            assert_eq!(texts.number(text) as usize, number, "{text:?}");
        }
        for (number, text) in known.iter().enumerate() {
            assert_eq!(texts.value(number as u32), text.as_slice());
        }
    }
}
