//! Records that the decoder rejects, as the quarantine keeps them.

use bytes::Bytes;

use super::position::Position;
use crate::source::Attached;

/// A record that the decoder rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The position of the record.
    pub position: Position,
    /// The path of the value at fault; `None` where the record as a whole is at fault.
    pub path: Option<String>,
    /// The reason, as the quarantine shows it.
    pub reason: String,
    /// The record, or its first [`QUARANTINE_BYTES`]; `None` for a tombstone, and where the bytes are no longer in
    /// memory.
    pub bytes: Option<Bytes>,
    /// Length in bytes of the record, as far as it was read.
    pub length_bytes: u64,
    /// Number of the last of these bytes that may contain other records, which are lost.
    pub swallowed_bytes: u64,
    /// The header line of the object, for a CSV record of an object with a header; `None` also if that line is longer
    /// than [`QUARANTINE_BYTES`].
    pub header: Option<Bytes>,
    /// Key, headers and timestamp of the message; `None` for a record of an archive, and where they are no longer in
    /// memory.
    pub attached: Option<Box<Attached>>,
}

impl Rejected {
    /// A rejection that keeps at most the first [`QUARANTINE_BYTES`] of `record`.
    pub(crate) fn new(
        position: Position,
        path: Option<String>,
        reason: String,
        record: Option<&[u8]>,
    ) -> Self {
        let kept =
            |record: &[u8]| Bytes::copy_from_slice(&record[..record.len().min(QUARANTINE_BYTES)]);
        Rejected {
            position,
            path,
            reason,
            bytes: record.map(kept),
            length_bytes: record.map_or(0, |record| record.len() as u64),
            swallowed_bytes: 0,
            header: None,
            attached: None,
        }
    }

    /// Approximate size in memory, in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        let bytes = self.bytes.as_ref().map_or(0, Bytes::len);
        let attached = self.attached.as_ref();
        bytes + attached.map_or(0, |attached| attached.size_bytes())
    }

    /// Adds the header line of the record's object.
    pub(crate) fn below(self, header: Option<Bytes>) -> Self {
        Rejected { header, ..self }
    }

    /// Adds what the log stores with the message; of key and headers at most [`QUARANTINE_BYTES`] are kept.
    pub(crate) fn with(self, attached: Option<Attached>) -> Self {
        let attached = attached.map(|attached| attached.within(QUARANTINE_BYTES));
        Rejected {
            attached: attached.map(Box::new),
            ..self
        }
    }
}

/// The most bytes of a rejected record that are kept.
pub const QUARANTINE_BYTES: usize = 64 << 10;
