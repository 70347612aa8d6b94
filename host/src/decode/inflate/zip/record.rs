//! The records of a zip archive around the data of its only entry. Numbers are little-endian.

use super::super::inflater::Fault;

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
pub(super) const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

const SIGNATURE_BYTES: usize = 4;
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
const END64_BYTES: usize = 56;
const LOCATOR64_BYTES: usize = 20;

/// Length of the longest descriptor and the signature after it, which decides between the kinds of descriptors.
pub(super) const DESCRIPTOR_AND_NEXT_BYTES: usize = 24 + SIGNATURE_BYTES;

/// Marks a length of 32 bits whose value is in a field of 64 bits.
const ELSEWHERE: u32 = u32::MAX;

/// The compression of the entry's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    #[default]
    Stored,
    Deflated,
}

/// The header before the entry.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Local {
    pub(super) method: Method,
    /// CRC and lengths are in a descriptor after the data; those of the header have no meaning.
    pub(super) has_descriptor: bool,
    pub(super) crc: u32,
    pub(super) stored: u64,
    pub(super) text: u64,
}

/// The directory's record of the entry.
pub(super) struct Central {
    pub(super) crc: u32,
    pub(super) stored: u64,
    pub(super) text: u64,
}

/// Position and length of the directory in the archive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Directory {
    pub(super) at: u64,
    pub(super) len: u64,
    /// Whether the archive has the end record with 64 bits.
    pub(super) is_wide: bool,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    // The lengths of records were checked.
    found.copied().unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(bytes, at))
}

fn corrupt(what: &str) -> Fault {
    Fault::Corrupt(what.to_owned())
}

fn unsupported(what: impl Into<String>) -> Fault {
    Fault::Unsupported(what.into())
}

/// Checks that a record has `signature`, as far as it is gathered. A second entry has a reason of its own.
fn check_signature(gathered: &[u8], signature: &[u8]) -> Result<(), Fault> {
    let found = &gathered[..gathered.len().min(SIGNATURE_BYTES)];
    if signature.starts_with(found) {
        return Ok(());
    }
    let is_entry = found == LOCAL || (found == CENTRAL && signature != LOCAL);
    Err(match found {
        END if signature == LOCAL => unsupported("an archive without entries"),
        _ if is_entry => unsupported("an archive of more than one entry"),
        _ => corrupt("a record that does not belong there"),
    })
}

/// The length of a record of `fixed` bytes followed by fields, whose lengths are the numbers at the indices `lengths`.
fn len(gathered: &[u8], fixed: usize, lengths: &[usize]) -> usize {
    if gathered.len() < fixed {
        return fixed;
    }
    let varying = lengths.iter().map(|at| usize::from(u16_at(gathered, *at)));
    fixed + varying.sum::<usize>()
}

impl Local {
    /// Length of the header, or the number of bytes needed to know it.
    pub(super) fn len(gathered: &[u8]) -> Result<usize, Fault> {
        check_signature(gathered, LOCAL)?;
        Ok(len(gathered, LOCAL_BYTES, &[26, 28]))
    }

    pub(super) fn read(record: &[u8]) -> Result<Self, Fault> {
        let flags = u16_at(record, 6);
        if flags & 1 != 0 {
            return Err(unsupported("an entry that is encrypted"));
        }
        let method = match u16_at(record, 8) {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => {
                let what = format!("an entry compressed by method {other}, not stored or deflated");
                return Err(unsupported(what));
            }
        };
        let has_descriptor = flags & 1 << 3 != 0;
        if has_descriptor && method == Method::Stored {
            return Err(unsupported("a stored entry whose length stands behind it"));
        }
        let extra = LOCAL_BYTES + usize::from(u16_at(record, 26));
        let mut wide = Wide::of(record.get(extra..).unwrap_or_default());
        let text = wide.or_wide(u32_at(record, 22));
        Ok(Local {
            method,
            has_descriptor,
            crc: u32_at(record, 14),
            stored: wide.or_wide(u32_at(record, 18)),
            text,
        })
    }
}

impl Central {
    /// As [`Local::len`].
    pub(super) fn len(gathered: &[u8]) -> Result<usize, Fault> {
        check_signature(gathered, CENTRAL)?;
        Ok(len(gathered, CENTRAL_BYTES, &[28, 30, 32]))
    }

    pub(super) fn read(record: &[u8]) -> Result<Self, Fault> {
        let extra = CENTRAL_BYTES + usize::from(u16_at(record, 28));
        let extra = record.get(extra..).unwrap_or_default();
        let mut wide = Wide::of(&extra[..extra.len().min(usize::from(u16_at(record, 30)))]);
        let text = wide.or_wide(u32_at(record, 24));
        let stored = wide.or_wide(u32_at(record, 20));
        if wide.or_wide(u32_at(record, 42)) != 0 {
            return Err(corrupt("the directory puts the entry elsewhere"));
        }
        Ok(Central {
            crc: u32_at(record, 16),
            stored,
            text,
        })
    }
}

/// The numbers of 64 bits in the extra field of a record: one for each number that has no room in 32 bits.
struct Wide<'a>(&'a [u8]);

impl<'a> Wide<'a> {
    const ID: u16 = 1;

    fn of(mut extra: &'a [u8]) -> Self {
        while extra.len() >= 4 {
            let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let field = &extra[4..];
            let (field, rest) = field.split_at(len.min(field.len()));
            if id == Self::ID {
                return Wide(field);
            }
            extra = rest;
        }
        Wide(&[])
    }

    /// `narrow`, or the next number of 64 bits if `narrow` is [`ELSEWHERE`].
    fn or_wide(&mut self, narrow: u32) -> u64 {
        match self.0.split_first_chunk() {
            Some((wide, rest)) if narrow == ELSEWHERE => {
                self.0 = rest;
                u64::from_le_bytes(*wide)
            }
            _ => narrow.into(),
        }
    }
}

/// The length of the descriptor with these numbers at the front of `gathered`. A descriptor has a signature or not, and
/// lengths of 32 or 64 bits; only the signature that follows it decides which.
pub(super) fn descriptor(gathered: &[u8], crc: u32, stored: u64, text: u64) -> Option<usize> {
    let narrow = [stored, text].map(u32::try_from);
    let wide = [stored, text].map(u64::to_le_bytes).concat();
    let mut lengths = vec![wide];
    if let [Ok(stored), Ok(text)] = narrow {
        lengths.push([stored, text].map(u32::to_le_bytes).concat());
    }
    for signature in [DESCRIPTOR, b""] {
        for lengths in &lengths {
            let expected = [signature, &crc.to_le_bytes(), lengths].concat();
            if let Some(next) = gathered.strip_prefix(&expected[..])
                && (next.starts_with(CENTRAL) || next.starts_with(LOCAL))
            {
                return Some(expected.len());
            }
        }
    }
    None
}

/// Length of a record at the end of the archive, as [`Local::len`].
pub(super) fn end_len(gathered: &[u8]) -> Result<usize, Fault> {
    if gathered.len() < SIGNATURE_BYTES {
        return Ok(SIGNATURE_BYTES);
    }
    if gathered.starts_with(END64) {
        // The record has its own length, without the signature and this number.
        let is_usual = gathered.len() < 12 || u64_at(gathered, 4) == END64_BYTES as u64 - 12;
        return match is_usual {
            true => Ok(END64_BYTES),
            false => Err(unsupported("a directory of another version")),
        };
    }
    if gathered.starts_with(LOCATOR64) {
        return Ok(LOCATOR64_BYTES);
    }
    check_signature(gathered, END)?;
    Ok(len(gathered, END_BYTES, &[20]))
}

/// Reads a record at the end of the archive; returns whether it is the last.
pub(super) fn end(record: &[u8], directory: &mut Directory) -> Result<bool, Fault> {
    let (found, is_last) = if record.starts_with(END64) {
        directory.is_wide = true;
        let found = [32, 40, 48].map(|at| u64_at(record, at));
        (found, false)
    } else if record.starts_with(LOCATOR64) {
        let end64_at = directory.at + directory.len;
        return match directory.is_wide && u64_at(record, 8) == end64_at {
            true => Ok(false),
            false => Err(corrupt(
                "the end of the directory is not where it should be",
            )),
        };
    } else {
        let entries = match u16_at(record, 10) {
            u16::MAX if directory.is_wide => 1,
            entries => u64::from(entries),
        };
        let narrow = |at, wide| match u32_at(record, at) {
            ELSEWHERE if directory.is_wide => wide,
            narrow => u64::from(narrow),
        };
        let found = [entries, narrow(12, directory.len), narrow(16, directory.at)];
        (found, true)
    };
    if found != [1, directory.len, directory.at] {
        return Err(corrupt(
            "the end of the directory does not fit the directory",
        ));
    }
    Ok(is_last)
}
