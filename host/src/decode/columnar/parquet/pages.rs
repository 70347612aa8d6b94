//! The headers of a column chunk's pages, checked before the library allocates memory by them.
//!
//! Only sizes, encoding and number of values of a header are read here; the rest is skipped.

use std::ops::Range;

use super::thrift::{Compact, I32, STRUCT};

/// A page of a column chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) kind: PageKind,
    /// Encoding of its values, by Parquet's number.
    pub(super) encoding: i64,
    /// Number of values by its header, nulls included.
    pub(super) values: u32,
    /// Range of its body in the chunk.
    pub(super) body: Range<usize>,
    /// Uncompressed size of the body by its header.
    pub(super) uncompressed_bytes: u64,
}

/// The kind of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Dictionary,
    Data,
    /// A kind that the decoder ignores.
    Other,
}

/// The encodings that begin with a number of lengths: `DELTA_LENGTH_BYTE_ARRAY` and `DELTA_BYTE_ARRAY`.
const LENGTHS: [i64; 2] = [6, 7];

/// The pages of a chunk with `values` values, each of which takes at least `value_bytes` in a dictionary.
///
/// # Errors
/// If a header is not valid, or the pages do not have that many values.
pub(super) fn pages(
    chunk: &[u8],
    values: u64,
    value_bytes: u64,
) -> Result<Vec<Page>, &'static str> {
    let mut pages = Vec::new();
    let (mut at, mut found) = (0, 0u64);
    while at < chunk.len() || found < values {
        let mut reader = Compact {
            bytes: chunk.get(at..).unwrap_or_default(),
        };
        let length = reader.bytes.len();
        let header = reader
            .page_header()
            .ok_or("the header of a page is damaged")?;
        let is_beyond = found >= values && header.kind == PageKind::Data;
        // The library reads these pages too, up to the end of the column's bytes, and allocates memory for the lengths
        // that even a page without values declares.
        if is_beyond && (header.values > 0 || LENGTHS.contains(&header.encoding)) {
            return Err("its pages have more values than the column");
        }
        let begin = at + length - reader.bytes.len();
        let end = usize::try_from(header.compressed_bytes)
            .ok()
            .and_then(|length| begin.checked_add(length))
            .filter(|end| *end <= chunk.len())
            .ok_or("a page does not lie within its column")?;
        let uncompressed_bytes =
            u64::try_from(header.uncompressed_bytes).map_err(|_| "a page has a negative size")?;
        match header.kind {
            PageKind::Data => found += u64::from(header.values),
            // A decoder allocates memory for the values before it reads them.
            _ if u64::from(header.values) * value_bytes > uncompressed_bytes => {
                return Err("a dictionary has more values than bytes for them");
            }
            _ => {}
        }
        pages.push(Page {
            kind: header.kind,
            encoding: header.encoding,
            values: header.values,
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

/// Whether a page has dictionary indices as values and no dictionary comes before it.
pub(super) fn lacks_dictionary(pages: &[Page]) -> bool {
    const PLAIN_DICTIONARY: i64 = 2;
    const RLE_DICTIONARY: i64 = 8;
    let mut before = pages
        .iter()
        .take_while(|page| page.kind != PageKind::Dictionary);
    before.any(|page| {
        page.kind == PageKind::Data && matches!(page.encoding, PLAIN_DICTIONARY | RLE_DICTIONARY)
    })
}

#[derive(Debug)]
struct PageHeader {
    kind: PageKind,
    uncompressed_bytes: i64,
    compressed_bytes: i64,
    values: u32,
    encoding: i64,
}

impl Compact<'_> {
    fn page_header(&mut self) -> Option<PageHeader> {
        let mut header = PageHeader {
            kind: PageKind::Other,
            uncompressed_bytes: 0,
            compressed_bytes: 0,
            values: 0,
            encoding: 0,
        };
        let (mut id, mut kinds) = (0, 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (2, I32) => header.uncompressed_bytes = self.zigzag()?,
                (3, I32) => header.compressed_bytes = self.zigzag()?,
                // The header of a data page of either version, or of a dictionary: one of them.
                (5 | 7 | 8, STRUCT) => {
                    kinds += 1;
                    header.kind = match id {
                        7 => PageKind::Dictionary,
                        _ => PageKind::Data,
                    };
                    let at_encoding = if id == 8 { 4 } else { 2 };
                    (header.values, header.encoding) = self.values(at_encoding)?;
                }
                _ => self.skip(kind, 0)?,
            }
        }
        (kinds <= 1).then_some(header)
    }

    /// Number and encoding of a page's values.
    fn values(&mut self, at_encoding: i64) -> Option<(u32, i64)> {
        let (mut values, mut encoding, mut id) = (0, 0, 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (1, I32) => values = u32::try_from(self.zigzag()?).ok()?,
                (at, I32) if at == at_encoding => encoding = self.zigzag()?,
                _ => self.skip(kind, 1)?,
            }
        }
        Some((values, encoding))
    }
}

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
        let chunk = [page(7, 2), page(9, 3)].concat();
        let length = page(7, 2).len();
        let found = pages(&chunk, 5, 4).unwrap();
        let expected = |body: Range<usize>, uncompressed_bytes, values| Page {
            kind: PageKind::Data,
            encoding: 0,
            values,
            body,
            uncompressed_bytes,
        };
        let [first, second] = [length, 2 * length];
        assert_eq!(
            found,
            [
                expected(first - 3..first, 7, 2),
                expected(second - 3..second, 9, 3)
            ]
        );
        assert!(pages(&chunk, 0, 4).is_err(), "values of a column without");
        assert!(pages(&chunk, 2, 4).is_err(), "a page beyond the last value");
        let mut lengths = page(7, 0);
        assert_eq!(pages(&lengths, 0, 4).map(|pages| pages.len()), Ok(1));
        lengths[10] = 7 << 1;
        assert!(pages(&lengths, 0, 4).is_err(), "lengths without values");
        assert!(pages(&chunk, 4, 4).is_err(), "more values than promised");
        assert!(pages(&chunk, 6, 4).is_err(), "fewer");
        for cut in 0..second {
            assert!(pages(&chunk[..cut], 5, 4).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_dictionary_has_bytes_for_its_values() {
        // type, sizes, dictionary_page_header { num_values, encoding }.
        let dictionary = |values: u8| {
            let header = [
                0x15,
                4,
                0x15,
                16,
                0x15,
                6,
                0x4c,
                0x15,
                values << 1,
                0x15,
                0,
                0,
                0,
            ];
            [&header[..], b"xyz", &page(7, 2)].concat()
        };
        let found = pages(&dictionary(2), 2, 4).unwrap();
        let kinds: Vec<_> = found.iter().map(|page| page.kind).collect();
        assert_eq!(kinds, [PageKind::Dictionary, PageKind::Data]);
        assert!(pages(&dictionary(3), 2, 4).is_err());
    }

    #[test]
    fn a_dictionary_is_lacking_where_it_does_not_come_before_its_values() {
        let page = |kind, encoding| Page {
            kind,
            encoding,
            values: 1,
            body: 0..1,
            uncompressed_bytes: 1,
        };
        let [plain, dictionary] = [page(PageKind::Data, 0), page(PageKind::Dictionary, 0)];
        assert!(!lacks_dictionary(std::slice::from_ref(&plain)));
        for encoding in [2, 8] {
            let of_it = page(PageKind::Data, encoding);
            let pages = |list: [&Page; 3]| list.map(Page::clone);
            assert!(lacks_dictionary(&pages([&plain, &of_it, &dictionary])));
            assert!(!lacks_dictionary(&pages([&plain, &dictionary, &of_it])));
        }
    }

    #[test]
    fn structs_without_end_are_refused() {
        assert!(pages(&[0x1c; 1000], 1, 4).is_err());
        assert!(pages(&[0xff; 1000], 1, 4).is_err());
    }
}
