//! A vector that grows without moving its values.

/// Values by number, in pages: growing neither copies the values nor takes twice the memory.
pub(super) struct Paged<T> {
    pages: Vec<Vec<T>>,
    len: usize,
}

const PAGE_BITS: u32 = 14;
const PAGE_LEN: usize = 1 << PAGE_BITS;

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Paged {
            pages: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy> Paged<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> T {
        self.pages[at >> PAGE_BITS][at % PAGE_LEN]
    }

    #[inline]
    pub(super) fn set(&mut self, at: usize, value: T) {
        self.pages[at >> PAGE_BITS][at % PAGE_LEN] = value;
    }

    #[inline]
    pub(super) fn push(&mut self, value: T) {
        let page = self.len >> PAGE_BITS;
        if page == self.pages.len() {
            // The first page may stay small; where there are others, they will be filled.
            let room = if page == 0 { 0 } else { PAGE_LEN };
            self.pages.push(Vec::with_capacity(room));
        }
        self.pages[page].push(value);
        self.len += 1;
    }

    /// Removes the values, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.pages.iter_mut().for_each(Vec::clear);
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_numbers_across_pages_and_lives() {
        let mut paged = Paged::default();
        for life in 0..2 {
            for value in 0..3 * PAGE_LEN + 5 {
                paged.push(value + life);
            }
            paged.set(PAGE_LEN, 7);
            assert_eq!(paged.len(), 3 * PAGE_LEN + 5);
            assert_eq!(
                [PAGE_LEN - 1, PAGE_LEN, 3 * PAGE_LEN + 4].map(|at| paged.get(at)),
                [PAGE_LEN - 1 + life, 7, 3 * PAGE_LEN + 4 + life]
            );
            paged.clear();
            assert_eq!(paged.len(), 0);
        }
    }
}
