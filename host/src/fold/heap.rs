//! Bytes that stay where they are: the keys of a table, and its states of text and binary.

use super::error::FoldError;
use super::paged::Paged;

/// Byte strings in pages: growing does not move them. A page holds one string that is longer than a page would
/// otherwise be.
#[derive(Default)]
pub(super) struct ByteHeap {
    pages: Vec<Vec<u8>>,
    /// The page that is being filled.
    filling: usize,
    /// The room of the pages before it.
    full_bytes: usize,
}

/// Where a byte string lies in its heap.
#[derive(Clone, Copy)]
pub(super) struct Place {
    page: u32,
    start: u32,
    len: u32,
}

const PAGE_BYTES: usize = 1 << 20;

impl ByteHeap {
    /// The memory that the strings take, with the room that long ones left unused.
    pub(super) fn memory_bytes(&self) -> usize {
        self.full_bytes + self.pages.get(self.filling).map_or(0, Vec::len)
    }

    #[inline]
    pub(super) fn at(&self, place: Place) -> &[u8] {
        let start = place.start as usize;
        &self.pages[place.page as usize][start..start + place.len as usize]
    }

    /// Puts `bytes` over the beginning of the string at `place`, which is no shorter.
    pub(super) fn replace(&mut self, place: Place, bytes: &[u8]) -> Place {
        let start = place.start as usize;
        self.pages[place.page as usize][start..start + bytes.len()].copy_from_slice(bytes);
        Place {
            len: bytes.len() as u32,
            ..place
        }
    }

    /// Adds a string.
    ///
    /// # Errors
    /// A string of 4 GiB or more.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Place, FoldError> {
        let len =
            u32::try_from(bytes.len()).map_err(|_| FoldError::TooLarge { bytes: bytes.len() })?;
        let fits = |page: &Vec<u8>| page.is_empty() || page.len() + bytes.len() <= PAGE_BYTES;
        if !self.pages.get(self.filling).is_some_and(fits) {
            if let Some(full) = self.pages.get(self.filling) {
                self.full_bytes += full.capacity();
                self.filling += 1;
            }
            if self.filling == self.pages.len() {
                // The first may stay small; after it the others will be filled.
                let room = if self.filling == 0 { 0 } else { PAGE_BYTES };
                self.pages.push(Vec::with_capacity(room));
            }
        }
        let page = &mut self.pages[self.filling];
        if bytes.len() > PAGE_BYTES {
            page.reserve_exact(bytes.len());
        }
        let place = Place {
            page: self.filling as u32,
            start: page.len() as u32,
            len,
        };
        page.extend_from_slice(bytes);
        Ok(place)
    }

    /// Removes the strings, keeps the memory, but for that of the longest.
    pub(super) fn clear(&mut self) {
        self.pages.retain(|page| page.capacity() <= PAGE_BYTES);
        self.pages.iter_mut().for_each(Vec::clear);
        self.filling = 0;
        self.full_bytes = 0;
    }
}

impl Place {
    /// The length of the string in bytes.
    pub(super) fn len(self) -> usize {
        self.len as usize
    }
}

/// The encoded keys of a table, by row.
#[derive(Default)]
pub(super) struct KeyHeap {
    places: Paged<Place>,
    bytes: ByteHeap,
}

impl KeyHeap {
    /// The number of keys.
    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    /// The memory that the keys take.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.memory_bytes() + self.rows() * size_of::<Place>()
    }

    #[inline]
    pub(super) fn place(&self, row: u32) -> Place {
        self.places.get(row as usize)
    }

    #[inline]
    pub(super) fn at(&self, place: Place) -> &[u8] {
        self.bytes.at(place)
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
        self.places.push(self.bytes.push(key)?);
        Ok(())
    }

    /// Removes the keys, keeps the memory, but for that of the longest.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings() -> Vec<Vec<u8>> {
        let lengths = [
            3,
            PAGE_BYTES - 3,
            1,
            0,
            PAGE_BYTES + 1,
            5,
            2 * PAGE_BYTES,
            7,
        ];
        let string = |(row, len)| vec![row as u8; len];
        lengths.into_iter().enumerate().map(string).collect()
    }

    #[test]
    fn keys_of_all_sizes_keep_their_rows() {
        let keys = strings();
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

    #[test]
    fn the_room_that_long_strings_leave_is_counted() {
        let mut heap = ByteHeap::default();
        for _ in 0..10 {
            heap.push(&vec![1; PAGE_BYTES * 2 / 3]).unwrap();
        }
        let taken: usize = heap.pages.iter().map(Vec::capacity).sum();
        assert!(heap.memory_bytes() <= taken);
        assert!(
            heap.memory_bytes() > 9 * PAGE_BYTES,
            "{}",
            heap.memory_bytes()
        );
    }

    #[test]
    fn a_string_is_replaced_in_its_place() {
        let mut heap = ByteHeap::default();
        let (first, second) = (heap.push(b"first").unwrap(), heap.push(b"second").unwrap());
        let first = heap.replace(first, b"one");
        assert_eq!(
            (heap.at(first), heap.at(second)),
            (&b"one"[..], &b"second"[..])
        );
    }
}
