//! Repetition levels, and lengths stored as deltas, which decide the size of a page in memory.

use super::thrift::varint;

/// Number of window lengths: 2^0 to 2^20 rows.
const WINDOWS: usize = 21;

/// The most values of consecutive rows, by the number of rows: a window of length `at` has 2^`at` rows and begins at a
/// multiple of that.
#[derive(Clone, Debug, Default)]
pub(super) struct RowLengths {
    /// Values of the current row.
    row: u64,
    rows: u64,
    /// Values of the current window of each length.
    open: [u64; WINDOWS],
    most: [u64; WINDOWS],
}

impl RowLengths {
    /// Adds the repetition levels of a page, with values up to `highest`; `None` if they are damaged.
    pub(super) fn add(&mut self, mut levels: &[u8], highest: i16, values: u32) -> Option<()> {
        let width = 16 - highest.leading_zeros();
        let mut left = u64::from(values);
        while left > 0 {
            let header = varint(&mut levels)?;
            if header & 1 == 0 {
                let run = (header >> 1).min(left);
                let bytes = width.div_ceil(8) as usize;
                let (level, rest) = levels.split_at_checked(bytes)?;
                levels = rest;
                if level.iter().any(|byte| *byte != 0) {
                    self.row += run;
                } else {
                    (0..run).for_each(|_| self.begin_row());
                }
                left -= run;
                // An empty run would loop forever.
                (run > 0).then_some(())?;
            } else {
                let groups = header >> 1;
                let bytes = usize::try_from(groups.checked_mul(width.into())?).ok()?;
                // The last run may be cut off where the values end.
                let (packed, rest) = levels.split_at_checked(bytes.min(levels.len()))?;
                levels = rest;
                let run = groups.checked_mul(8)?.min(left);
                let mut bits = Bits {
                    bytes: packed,
                    at: 0,
                };
                for _ in 0..run {
                    match bits.take(width)? {
                        0 => self.begin_row(),
                        _ => self.row += 1,
                    }
                }
                left -= run;
                (run > 0).then_some(())?;
            }
        }
        Some(())
    }

    fn begin_row(&mut self) {
        self.end_row();
        self.row = 1;
    }

    fn end_row(&mut self) {
        let mut values = std::mem::take(&mut self.row);
        if values == 0 {
            return;
        }
        self.rows += 1;
        self.most[0] = self.most[0].max(values);
        for window in 1..WINDOWS {
            self.open[window] += values;
            if !self.rows.is_multiple_of(1 << window) {
                return;
            }
            values = std::mem::take(&mut self.open[window]);
            self.most[window] = self.most[window].max(values);
        }
    }

    /// Ends the current row and windows, once all levels are added.
    pub(super) fn end(mut self) -> Self {
        self.end_row();
        let mut values = 0;
        for window in 1..WINDOWS {
            values += self.open[window];
            self.most[window] = self.most[window].max(values);
        }
        self
    }

    /// The most values of `rows` rows that begin at a multiple of `rows`.
    pub(super) fn most(&self, rows: usize) -> u64 {
        let window = rows.max(1).next_power_of_two().ilog2() as usize;
        let most = self.most[window.min(WINDOWS - 1)];
        // Another number of rows may overlap two windows.
        match rows.is_power_of_two() {
            true => most,
            false => most.saturating_mul(2),
        }
    }
}

/// Reads bits, the lowest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, width: u32) -> Option<u64> {
        let mut value = 0u64;
        let mut done = 0;
        while done < width {
            let byte = *self.bytes.get(self.at / 8)?;
            let offset = (self.at % 8) as u32;
            let count = (8 - offset).min(width - done);
            let bits = u64::from(byte >> offset) & ((1 << count) - 1);
            value |= bits << done;
            done += count;
            self.at += count as usize;
        }
        Some(value)
    }
}

/// Numbers in the encoding DELTA_BINARY_PACKED.
pub(super) struct Deltas<'a, 'b> {
    bytes: &'b mut &'a [u8],
    /// Number of parts (miniblocks) per block, and of values per part.
    parts: u64,
    part_values: u64,
    count: u64,
    first: i64,
}

impl<'a, 'b> Deltas<'a, 'b> {
    /// Reads the header at the front of `bytes`; `None` if it is not valid or declares more than `most` numbers.
    pub(super) fn new(bytes: &'b mut &'a [u8], most: u32) -> Option<Self> {
        let (block_values, parts) = (varint(bytes)?, varint(bytes)?);
        let (count, first) = (varint(bytes)?, varint(bytes)?);
        let part_values = block_values.checked_div(parts)?;
        let makes_sense = count <= u64::from(most)
            && part_values > 0
            && part_values.checked_mul(parts) == Some(block_values);
        makes_sense.then_some(Deltas {
            bytes,
            parts,
            part_values,
            count,
            first: (first >> 1) as i64 ^ -((first & 1) as i64),
        })
    }

    /// Calls `each` with one number after another, as 32 bits; `None` if they are damaged or `each` returns it.
    pub(super) fn for_each(self, mut each: impl FnMut(i32) -> Option<()>) -> Option<()> {
        if self.count == 0 {
            return Some(());
        }
        let mut value = self.first as i32;
        each(value)?;
        let mut left = self.count - 1;
        while left > 0 {
            let least = varint(self.bytes)?;
            let least = (least >> 1) as i32 ^ -((least & 1) as i32);
            let parts = usize::try_from(self.parts).ok()?;
            let (widths, rest) = self.bytes.split_at_checked(parts)?;
            *self.bytes = rest;
            for width in widths {
                if left == 0 {
                    break;
                }
                let width = u32::from(*width);
                let bits = self.part_values.checked_mul(width.into())?;
                let length = usize::try_from(bits.div_ceil(8)).ok()?;
                let (packed, rest) = self.bytes.split_at_checked(length)?;
                *self.bytes = rest;
                let mut bits = Bits {
                    bytes: packed,
                    at: 0,
                };
                for _ in 0..self.part_values.min(left) {
                    let delta = match width {
                        0 => 0,
                        1..=64 => bits.take(width)? as i32,
                        _ => return None,
                    };
                    value = value.wrapping_add(least).wrapping_add(delta);
                    each(value)?;
                    left -= 1;
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_tell_the_most_values_of_rows() {
        let mut lengths = RowLengths::default();
        // Rows of 1, 3, 1, 1 and 5 values, of levels of one bit: a run, bits, a run.
        lengths.add(&[1 << 1, 0], 1, 1).unwrap();
        lengths.add(&[(1 << 1) | 1, 0b0000_0110], 1, 5).unwrap();
        lengths.add(&[1 << 1, 0, 4 << 1, 1], 1, 5).unwrap();
        let lengths = lengths.end();
        assert_eq!(lengths.most(1), 5);
        assert_eq!(lengths.most(2), 5);
        assert_eq!(lengths.most(4), 6);
        assert_eq!(lengths.most(8), 11);
        assert_eq!(lengths.most(3), 12);
        for damaged in [&[][..], &[0, 0], &[4], &[3]] {
            let mut lengths = RowLengths::default();
            assert_eq!(lengths.add(damaged, 1, 3), None, "{damaged:?}");
        }
    }

    #[test]
    fn deltas_are_read_to_their_end_and_no_more_of_them_than_may_be() {
        // Blocks of 128 in four parts; five numbers: 7, 5, 3, 1, 2, as Parquet's description has them.
        let stored = [
            0x80,
            0x01,
            4,
            5,
            14, // the header
            3,
            2,
            0,
            0,
            0, // the least delta, -2, and the widths
            0b1100_0000,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        let read = |most| {
            let (mut bytes, mut found) = (&stored[..], Vec::new());
            let deltas = Deltas::new(&mut bytes, most)?;
            deltas.for_each(|value| {
                found.push(value);
                Some(())
            })?;
            Some((found, bytes.len()))
        };
        assert_eq!(read(5), Some((vec![7, 5, 3, 1, 2], 0)));
        assert_eq!(read(4), None);
        let endless = [0x80, 0x01, 1, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0, 0];
        assert!(Deltas::new(&mut &endless[..], 1000).is_none());
    }
}
