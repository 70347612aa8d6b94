//! The encoded keys of a table.

use super::error::FoldError;
use super::paged::Paged;

/// Keys by row, in pages of bytes: growing does not move them. A page holds one key that is longer than it would
/// otherwise be.
#[derive(Default)]
pub(super) struct KeyHeap {
    places: Paged<KeyPlace>,
    pages: Vec<Vec<u8>>,
    /// The page that is being filled.
    filling: usize,
    bytes: usize,
}

/// Where a key lies in its heap.
#[derive(Clone, Copy)]
pub(super) struct KeyPlace {
    page: u32,
    start: u32,
    len: u32,
}

const PAGE_BYTES: usize = 1 << 20;

impl KeyHeap {
    /// How many keys there are.
    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    /// The memory that the keys take.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes + self.rows() * size_of::<KeyPlace>()
    }

    #[inline]
    pub(super) fn place(&self, row: u32) -> KeyPlace {
        self.places.get(row as usize)
    }

    #[inline]
    pub(super) fn at(&self, place: KeyPlace) -> &[u8] {
        let start = place.start as usize;
        &self.pages[place.page as usize][start..start + place.len as usize]
    }

    #[inline]
    pub(super) fn get(&self, row: u32) -> &[u8] {
        self.at(self.place(row))
    }

    /// Adds the key of the next row.
    ///
    /// # Errors
    /// A key of 4 GiB or more.
    pub(super) fn push(&mut self, key: &[u8]) -> Result<(), FoldError> {
        let len = u32::try_from(key.len()).map_err(|_| FoldError::TooLarge { bytes: key.len() })?;
        let fits = |page: &Vec<u8>| page.is_empty() || page.len() + key.len() <= PAGE_BYTES;
        if !self.pages.get(self.filling).is_some_and(fits) {
            self.filling += usize::from(!self.pages.is_empty());
            if self.filling == self.pages.len() {
                // The first may stay small; behind it the others will be filled.
                let room = if self.filling == 0 { 0 } else { PAGE_BYTES };
                self.pages.push(Vec::with_capacity(room));
            }
        }
        let page = &mut self.pages[self.filling];
        self.places.push(KeyPlace {
            page: self.filling as u32,
            start: page.len() as u32,
            len,
        });
        page.extend_from_slice(key);
        self.bytes += key.len();
        Ok(())
    }

    /// Forgets the keys, keeps the memory, but for that of the longest.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.pages.retain(|page| page.capacity() <= PAGE_BYTES);
        self.pages.iter_mut().for_each(Vec::clear);
        self.filling = 0;
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_sizes_keep_their_rows() {
        let keys: Vec<Vec<u8>> = [
            3,
            PAGE_BYTES - 3,
            1,
            0,
            PAGE_BYTES + 1,
            5,
            2 * PAGE_BYTES,
            7,
        ]
        .into_iter()
        .enumerate()
        .map(|(row, len)| vec![row as u8; len])
        .collect();
        let mut heap = KeyHeap::default();
        for _ in 0..2 {
            keys.iter().for_each(|key| heap.push(key).unwrap());
            assert_eq!(heap.rows(), keys.len());
            for (row, key) in keys.iter().enumerate() {
                assert_eq!(heap.get(row as u32), key);
            }
            heap.clear();
            assert_eq!((heap.rows(), heap.memory_bytes()), (0, 0));
        }
    }
}
