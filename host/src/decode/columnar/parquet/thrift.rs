//! Thrift's compact protocol, as far as headers and footers are checked before the library reads them.

/// The deepest nesting of a skipped value: headers nest twice, footers a few times.
const MAX_DEPTH: usize = 16;

/// The bytes left to read. Every function returns `None` if they end too early or are not valid.
pub(super) struct Compact<'a> {
    pub(super) bytes: &'a [u8],
}

impl Compact<'_> {
    /// The type of the next field, whose number is written to `id`; the inner `None` is the end of the struct.
    pub(super) fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
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

    pub(super) fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            // The value of a boolean is part of its type.
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
            LIST | SET if depth < MAX_DEPTH => {
                let (items, kind) = self.list()?;
                (0..items).try_for_each(|_| self.skip_item(kind, depth + 1))?;
            }
            // Headers and footers have no maps.
            _ => return None,
        }
        Some(())
    }

    /// Number and type of the items of a list.
    pub(super) fn list(&mut self) -> Option<(usize, u8)> {
        let byte = self.byte()?;
        let items = match byte >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            items => items.into(),
        };
        // Each item takes at least a byte.
        (items <= self.bytes.len()).then_some((items, byte & 0x0f))
    }

    fn skip_item(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            // In a list, a boolean takes a byte.
            1 | 2 => self.take(1),
            kind => self.skip(kind, depth),
        }
    }

    pub(super) fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn varint(&mut self) -> Option<u64> {
        varint(&mut self.bytes)
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

/// Takes a number of seven bits per byte from the front of `bytes`.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const BYTE: u8 = 3;
pub(super) const I32: u8 = 5;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
const SET: u8 = 10;
pub(super) const STRUCT: u8 = 12;
