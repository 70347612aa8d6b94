//! The headers of a column chunk's pages, looked at before the library allocates by them.
//!
//! A header is a struct of Thrift's compact protocol. Of it the sizes and the number of values are read here, and the rest
//! is walked over.

use std::ops::Range;

/// A page of a column chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Where its body lies within the chunk.
    pub(super) body: Range<usize>,
    /// How many bytes it says that it has uncompressed.
    pub(super) uncompressed_bytes: u64,
}

/// The pages of a chunk that hold its `values` values.
///
/// # Errors
/// Where a header makes no sense, or the pages are not those of so many values.
pub(super) fn pages(chunk: &[u8], values: u64) -> Result<Vec<Page>, &'static str> {
    let mut pages = Vec::new();
    let (mut at, mut found) = (0, 0u64);
    while found < values {
        let mut reader = Compact {
            bytes: chunk.get(at..).unwrap_or_default(),
        };
        let length = reader.bytes.len();
        let header = reader
            .page_header()
            .ok_or("the header of a page is damaged")?;
        let begin = at + length - reader.bytes.len();
        let end = usize::try_from(header.compressed_bytes)
            .ok()
            .and_then(|length| begin.checked_add(length))
            .filter(|end| *end <= chunk.len())
            .ok_or("a page does not lie within its column")?;
        let uncompressed_bytes =
            u64::try_from(header.uncompressed_bytes).map_err(|_| "a page has a negative size")?;
        found += u64::from(header.values);
        pages.push(Page {
            body: begin..end,
            uncompressed_bytes,
        });
        at = end;
    }
    if found > values {
        return Err("its pages have more values than the column");
    }
    Ok(pages)
}

#[derive(Debug, Default)]
struct PageHeader {
    uncompressed_bytes: i64,
    compressed_bytes: i64,
    /// Those of rows: none for a dictionary.
    values: u32,
}

/// How deep structs may nest: a header's do so twice.
const MAX_DEPTH: usize = 8;

/// What is left to read. Every function gives `None` where it ends too early or makes no sense.
struct Compact<'a> {
    bytes: &'a [u8],
}

impl Compact<'_> {
    fn page_header(&mut self) -> Option<PageHeader> {
        let (mut header, mut id) = (PageHeader::default(), 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (2, I32) => header.uncompressed_bytes = self.zigzag()?,
                (3, I32) => header.compressed_bytes = self.zigzag()?,
                // The headers of data pages, of either version, begin with how many values there are.
                (5 | 8, STRUCT) => header.values = self.values()?,
                _ => self.skip(kind, 0)?,
            }
        }
        Some(header)
    }

    fn values(&mut self) -> Option<u32> {
        let (mut values, mut id) = (0, 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (1, I32) => values = u32::try_from(self.zigzag()?).ok()?,
                _ => self.skip(kind, 1)?,
            }
        }
        Some(values)
    }

    /// The type of the next field, whose number goes to `id`; within, `None` at the end of the struct.
    fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        *id = match byte >> 4 {
            0 => self.zigzag()?,
            delta => id.checked_add(delta.into())?,
        };
        Some(Some(byte & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            // A boolean's value is its type.
            1 | 2 => {}
            BYTE => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            DOUBLE => self.take(8)?,
            BINARY => {
                let length = self.varint()?;
                self.take(usize::try_from(length).ok()?)?;
            }
            STRUCT if depth < MAX_DEPTH => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            // Lists, sets and maps: no header has any.
            _ => return None,
        }
        Some(())
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }

    fn take(&mut self, length: usize) -> Option<()> {
        self.bytes = self.bytes.get(length..)?;
        Some(())
    }
}

const BYTE: u8 = 3;
const I32: u8 = 5;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const STRUCT: u8 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of `values` values, with a body of three bytes that become `uncompressed`.
    fn page(uncompressed: u8, values: u8) -> Vec<u8> {
        let zigzag = |value: u8| value << 1;
        // type, sizes, data_page_header { num_values, encoding, a field of another kind }.
        let header = [0x15, 0, 0x15, zigzag(uncompressed), 0x15, zigzag(3)];
        let of_data = [
            0x2c,
            0x15,
            zigzag(values),
            0x15,
            0,
            0x38,
            2,
            b'a',
            b'b',
            0,
            0,
        ];
        [&header[..], &of_data, b"xyz"].concat()
    }

    #[test]
    fn pages_are_found_up_to_the_last_value() {
        let chunk = [page(7, 2), page(9, 3), b"padding".to_vec()].concat();
        let length = page(7, 2).len();
        let found = pages(&chunk, 5).unwrap();
        let expected = |body: Range<usize>, uncompressed_bytes| Page {
            body,
            uncompressed_bytes,
        };
        let [first, second] = [length, 2 * length];
        assert_eq!(
            found,
            [
                expected(first - 3..first, 7),
                expected(second - 3..second, 9)
            ]
        );
        assert_eq!(pages(&chunk, 0), Ok(vec![]));
        assert!(pages(&chunk, 4).is_err(), "more values than promised");
        assert!(pages(&chunk, 6).is_err(), "fewer");
        for cut in 0..second {
            assert!(pages(&chunk[..cut], 5).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn structs_without_end_are_refused() {
        assert!(pages(&[0x1c; 1000], 1).is_err());
        assert!(pages(&[0xff; 1000], 1).is_err());
    }
}
