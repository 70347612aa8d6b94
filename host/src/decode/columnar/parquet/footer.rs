//! The footer of an object: its metadata, in at most two reads from the end.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use parquet::DecodeResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use super::thrift::{Compact, I32, LIST, STRUCT};
use super::{damaged, guarded, subject};
use crate::decode::DecodeError;
use crate::source::Object;

/// Bytes at the end of the object that are read first: most footers are shorter.
const TAIL_BYTES: u64 = 64 << 10;

/// The longest footer.
const MAX_FOOTER_BYTES: u64 = 256 << 20;

/// The magic number at the end of an object whose footer is encrypted.
const ENCRYPTED: &[u8] = b"PARE";

/// Reads the footer of an object: push the [`first`](Footer::first) range, then each range that [`push`](Footer::push)
/// returns.
pub struct Footer {
    key: String,
    size_bytes: u64,
    /// Offset of the metadata, once it is known.
    begin: Option<u64>,
    /// Indices of the leaf columns that are encrypted.
    encrypted: BTreeSet<usize>,
    decoder: ParquetMetaDataPushDecoder,
}

/// The metadata of an object.
#[derive(Debug)]
pub struct ParquetMetadata {
    /// The metadata as the library reads it.
    pub(super) parquet: ParquetMetaData,
    /// Indices of the leaf columns that are encrypted, of which the library knows nothing.
    pub(super) encrypted: BTreeSet<usize>,
}

/// The result of pushing a range.
#[derive(Debug)]
pub enum FooterStep {
    /// This range is needed next.
    Needs(Range<u64>),
    /// The metadata is complete.
    Read(Box<ParquetMetadata>),
}

impl Footer {
    /// A reader of the footer of `object`.
    ///
    /// # Errors
    /// If the object is too short to be Parquet.
    pub fn new(object: &Object) -> Result<Self, DecodeError> {
        let decoder = guarded(&object.key, place, || {
            ParquetMetaDataPushDecoder::try_new(object.size_bytes)
        })?;
        Ok(Footer {
            key: object.key.clone(),
            size_bytes: object.size_bytes,
            begin: None,
            encrypted: BTreeSet::new(),
            decoder: decoder.with_page_index_policy(PageIndexPolicy::Skip),
        })
    }

    /// The range to read first.
    pub fn first(&self) -> Range<u64> {
        self.size_bytes.saturating_sub(TAIL_BYTES)..self.size_bytes
    }

    /// Takes the bytes of a range.
    ///
    /// # Errors
    /// If the bytes are not the end of a Parquet object, or the footer is encrypted.
    pub fn push(&mut self, range: Range<u64>, bytes: Bytes) -> Result<FooterStep, DecodeError> {
        if range.end == self.size_bytes && bytes.ends_with(ENCRYPTED) {
            return Err(subject(&self.key)
                .not_read("its footer is encrypted. Write it anew without encryption"));
        }
        self.check(&range, &bytes)?;
        let decoder = &mut self.decoder;
        let decoded = guarded(&self.key, place, || {
            decoder.push_range(range, bytes)?;
            decoder.try_decode()
        })?;
        match decoded {
            DecodeResult::Data(parquet) => Ok(FooterStep::Read(Box::new(ParquetMetadata {
                parquet,
                encrypted: std::mem::take(&mut self.encrypted),
            }))),
            DecodeResult::NeedsData(ranges) => match &ranges[..] {
                [range] if range.end - range.start <= MAX_FOOTER_BYTES => {
                    Ok(FooterStep::Needs(range.clone()))
                }
                _ => Err(damaged(&self.key, place(), "it is longer than 256 MiB")),
            },
            DecodeResult::Finished => Err(damaged(&self.key, place(), "it was read already")),
        }
    }
}

impl Footer {
    /// Checks the schema in `bytes`, if they have all of the metadata.
    fn check(&mut self, range: &Range<u64>, bytes: &[u8]) -> Result<(), DecodeError> {
        let end = self.size_bytes.saturating_sub(8);
        if range.end == self.size_bytes
            && let Some((_, tail)) = bytes.split_last_chunk::<8>()
        {
            let [length @ .., _, _, _, _] = *tail;
            self.begin = end.checked_sub(u32::from_le_bytes(length).into());
        }
        let metadata = self.begin.and_then(|begin| {
            let start = usize::try_from(begin.checked_sub(range.start)?).ok()?;
            let end = usize::try_from(end.checked_sub(range.start)?).ok()?;
            bytes.get(start..end)
        });
        let Some(bytes) = metadata else {
            return Ok(());
        };
        let mut metadata = Compact { bytes };
        match check_schema(&mut metadata) {
            Some(true) => {
                self.encrypted = encrypted_columns(metadata).unwrap_or_default();
                Ok(())
            }
            Some(false) => {
                let detail = format!("its schema nests deeper than {MAX_DEPTH} levels");
                Err(damaged(&self.key, place(), detail))
            }
            None => Err(damaged(&self.key, place(), "its schema makes no sense")),
        }
    }
}

/// The deepest nesting of a schema: the library recurses into it.
const MAX_DEPTH: usize = 100;

/// Whether the nesting of the schema in a footer's metadata is within [`MAX_DEPTH`]; `None` if the schema is not valid.
/// Checked before the library reads it, which allocates memory for the declared number of children of a group.
/// Stops after the schema.
fn check_schema(metadata: &mut Compact<'_>) -> Option<bool> {
    let mut id = 0;
    loop {
        match (metadata.field(&mut id)?, id) {
            (None, _) => return Some(true),
            (Some(LIST), 2) => break,
            (Some(kind), _) => metadata.skip(kind, 0)?,
        }
    }
    let (elements, kind) = metadata.list()?;
    if kind != STRUCT {
        return None;
    }
    // Number of children left, for each group around the element.
    let mut open: Vec<usize> = Vec::new();
    for left in (0..elements).rev() {
        let (mut children, mut id) = (0, 0);
        while let Some(kind) = metadata.field(&mut id)? {
            match (id, kind) {
                (5, I32) => children = usize::try_from(metadata.zigzag()?).ok()?,
                _ => metadata.skip(kind, 1)?,
            }
        }
        if children > left {
            return None;
        }
        if let Some(of_parent) = open.last_mut() {
            *of_parent -= 1;
        }
        open.push(children);
        if open.len() > MAX_DEPTH {
            return Some(false);
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    Some(true)
}

/// Indices of the columns of the first row group that are encrypted, of the metadata after the schema; row groups do not
/// differ in that. `None` if the metadata is not valid, which the library tells.
fn encrypted_columns(mut metadata: Compact<'_>) -> Option<BTreeSet<usize>> {
    // Fields after the schema, which is the second one.
    if to_field(&mut metadata, 2, ROW_GROUPS)? != LIST || metadata.list()? == (0, STRUCT) {
        return None;
    }
    if to_field(&mut metadata, 0, COLUMNS)? != LIST {
        return None;
    }
    let (columns, _) = metadata.list()?;
    let mut encrypted = BTreeSet::new();
    for column in 0..columns {
        let mut id = 0;
        while let Some(kind) = metadata.field(&mut id)? {
            if id == CRYPTO_METADATA {
                encrypted.insert(column);
            }
            metadata.skip(kind, 0)?;
        }
    }
    Some(encrypted)
}

/// Fields of the metadata of an object, a row group and a column chunk.
const ROW_GROUPS: i64 = 4;
const COLUMNS: i64 = 1;
const CRYPTO_METADATA: i64 = 8;

/// Passes over the fields of a struct, after the field `id`, up to the value of the field `wanted`; returns its type.
fn to_field(metadata: &mut Compact<'_>, mut id: i64, wanted: i64) -> Option<u8> {
    loop {
        let kind = metadata.field(&mut id)??;
        if id == wanted {
            return Some(kind);
        }
        metadata.skip(kind, 0)?;
    }
}

fn place() -> String {
    "its footer".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with a schema of groups of as many children each.
    fn metadata(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        bytes.extend([children.len() as u8 | 0x80, (children.len() >> 7) as u8]);
        for children in children {
            // name: "a", num_children
            bytes.extend([0x48, 1, b'a', 0x15, children << 1, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn a_schema_is_as_deep_as_the_library_may_go_and_has_the_elements_that_it_says() {
        let check = |children: &[u8]| {
            let bytes = metadata(children);
            check_schema(&mut Compact { bytes: &bytes })
        };
        assert_eq!(check(&[2, 0, 1, 0]), Some(true));
        assert_eq!(check(&[0]), Some(true));
        assert_eq!(check(&[3, 0, 0]), None);
        let nested = |depth: usize| [vec![1; depth - 1], vec![0]].concat();
        assert_eq!(check(&nested(MAX_DEPTH)), Some(true));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Some(false));
        assert_eq!(check(&nested(2000)), Some(false));
        let wide = [vec![60], vec![0; 60]].concat();
        assert_eq!(check(&wide), Some(true));
        for cut in 0..10 {
            let bytes = &metadata(&[1, 0])[..cut];
            assert_eq!(check_schema(&mut Compact { bytes }), None, "cut at {cut}");
        }
    }

    #[test]
    fn encrypted_columns_are_those_with_metadata_of_their_encryption() {
        let plain = [0x26, 8, 0x1c, 0, 0];
        let encrypted = [0x26, 8, 0x1c, 0, 0x5c, 0x1c, 0, 0, 0];
        // The number of rows, then one row group of three columns.
        let head = [0x16, 2, 0x19, 0x1c, 0x19, 0x3c];
        let bytes = [&head[..], &plain, &encrypted, &plain, &[0, 0]].concat();
        let found = encrypted_columns(Compact { bytes: &bytes });
        assert_eq!(found, Some(BTreeSet::from([1])));
        for cut in 0..bytes.len() - 2 {
            let bytes = &bytes[..cut];
            assert_eq!(encrypted_columns(Compact { bytes }), None, "cut at {cut}");
        }
    }
}
