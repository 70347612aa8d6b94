//! From the end of an object to its metadata, in two reads at most.

use std::ops::Range;

use bytes::Bytes;
use parquet::DecodeResult;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use super::{damaged, guarded};
use crate::decode::DecodeError;
use crate::source::Object;

/// How much of the end is read at first: most footers are shorter.
const TAIL_BYTES: u64 = 64 << 10;

/// The longest footer.
const MAX_FOOTER_BYTES: u64 = 256 << 20;

/// The magic number at the end of an object whose footer is encrypted.
const ENCRYPTED: &[u8] = b"PARE";

/// Reads the footer of an object: push the [`first`](Footer::first) range, and then what it asks for.
pub struct Footer {
    key: String,
    size_bytes: u64,
    decoder: ParquetMetaDataPushDecoder,
}

/// What became of a footer by a range that was read.
#[derive(Debug)]
pub enum FooterStep {
    /// This range is needed, too.
    Needs(Range<u64>),
    /// It was read.
    Read(Box<ParquetMetaData>),
}

impl Footer {
    /// Makes ready for the footer of `object`.
    ///
    /// # Errors
    /// Where the object is too short to be Parquet.
    pub fn new(object: &Object) -> Result<Self, DecodeError> {
        let decoder = guarded(&object.key, place, || {
            ParquetMetaDataPushDecoder::try_new(object.size_bytes)
        })?;
        Ok(Footer {
            key: object.key.clone(),
            size_bytes: object.size_bytes,
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
    /// Where they are not the end of a Parquet object, or it is encrypted.
    pub fn push(&mut self, range: Range<u64>, bytes: Bytes) -> Result<FooterStep, DecodeError> {
        if range.end == self.size_bytes && bytes.ends_with(ENCRYPTED) {
            return Err(DecodeError::Format {
                object: self.key.clone(),
                format: "Parquet with an encrypted footer",
            });
        }
        let decoder = &mut self.decoder;
        let decoded = guarded(&self.key, place, || {
            decoder.push_range(range, bytes)?;
            decoder.try_decode()
        })?;
        match decoded {
            DecodeResult::Data(metadata) => Ok(FooterStep::Read(Box::new(metadata))),
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

fn place() -> String {
    "its footer".to_owned()
}
