//! What can be counted, and its hash: that of DataSketches.

/// A value to count, turned to bytes as DataSketches turns it, so that sketches of other
/// implementations agree: text is its UTF-8, integers widen to 64 bits (little-endian), floats
/// are their bits as `f64` (`-0.0` as `0.0`, one NaN). These bytes are then hashed with
/// MurmurHash3 (x64, 128 bits), seed 9001.
///
/// As there, **empty text and empty bytes are not counted**.
pub trait Item {
    /// Calls `with` with the bytes to hash.
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R;
}

impl Item for [u8] {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        with(self)
    }
}

impl Item for str {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        with(self.as_bytes())
    }
}

impl Item for String {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        with(self.as_bytes())
    }
}

impl Item for Vec<u8> {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        with(self)
    }
}

impl<T: Item + ?Sized> Item for &T {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        (**self).bytes(with)
    }
}

macro_rules! integers {
    ($($int:ty => $wide:ty),+) => {$(
        impl Item for $int {
            fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
                with(&<$wide>::from(*self).to_le_bytes())
            }
        }
    )+};
}

integers!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => u64, u16 => u64, u32 => u64, u64 => u64);

impl Item for f64 {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        let bits = if self.is_nan() {
            0x7ff8_0000_0000_0000
        } else {
            (self + 0.0).to_bits()
        };
        with(&bits.to_le_bytes())
    }
}

impl Item for f32 {
    fn bytes<R>(&self, with: impl FnOnce(&[u8]) -> R) -> R {
        f64::from(*self).bytes(with)
    }
}

/// The 128 bits of `item`, or nothing if it is empty.
pub(crate) fn hash(item: &impl Item) -> Option<(u64, u64)> {
    item.bytes(|bytes| (!bytes.is_empty()).then(|| murmur3(bytes, DEFAULT_SEED)))
}

/// DataSketches' default seed.
const DEFAULT_SEED: u64 = 9001;

/// Austin Appleby's MurmurHash3_x64_128, with a seed of 64 bits as DataSketches has it.
fn murmur3(bytes: &[u8], seed: u64) -> (u64, u64) {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);

    let (mut h1, mut h2) = (seed, seed);
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        h1 = (h1 ^ mix1(block as u64)).rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 = (h2 ^ mix2((block >> 64) as u64))
            .rotate_left(31)
            .wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    // A missing half mixes to zero, so a padded tail is the same as a short one.
    let mut block = [0; 16];
    block[..tail.len()].copy_from_slice(tail);
    let block = u128::from_le_bytes(block);
    h1 ^= mix1(block as u64) ^ bytes.len() as u64;
    h2 ^= mix2((block >> 64) as u64) ^ bytes.len() as u64;

    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (avalanche(h1), avalanche(h2));
    h1 = h1.wrapping_add(h2);
    (h1, h2.wrapping_add(h1))
}

fn avalanche(mut k: u64) -> u64 {
    k = (k ^ (k >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    k = (k ^ (k >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    k ^ (k >> 33)
}

/// What DataSketches stores of the seed: sixteen bits of its hash.
pub(super) fn seed_hash() -> u16 {
    murmur3(&DEFAULT_SEED.to_le_bytes(), 0).0 as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_murmur3() {
        // Published vectors of MurmurHash3_x64_128.
        assert_eq!(murmur3(b"", 0), (0, 0));
        assert_eq!(
            murmur3(b"The quick brown fox jumps over the lazy dog", 0),
            (0xe34b_bc7b_bc07_1b6c, 0x7a43_3ca9_c49a_9347)
        );
        // The seed hash that every DataSketches image with the default seed bears.
        assert_eq!(seed_hash(), 0x93cc);
    }

    #[test]
    fn equal_values_of_different_types_are_one_item() {
        assert_eq!(hash(&7_i8), hash(&7_u64));
        assert_eq!(hash(&-1_i16), hash(&-1_i64));
        assert_eq!(hash(&0.0), hash(&-0.0));
        assert_eq!(hash(&0.5_f32), hash(&0.5_f64));
        assert_eq!(hash(&f64::NAN), hash(&-f64::NAN));
        assert_eq!(hash(&"é"), hash(&"é".as_bytes()));
        assert_eq!(hash(&""), None);
    }
}
