//! The pieces in which a driver delivers the records of a split.

use std::sync::Arc;

use bytes::Bytes;

use super::layout::KeyFields;
use super::messages::Messages;
use super::split::Object;

/// A piece of a split.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// The start of an object: the [`Chunk::Bytes`] that follow are its content as stored, from the first byte.
    Object(Arc<Object>),
    /// The next bytes of the current object; never empty.
    Bytes(Bytes),
    /// The end of the current object: all of it was delivered, and it was the object that the plan names.
    End,
    /// Records of a log, which already come one by one.
    Messages(Messages),
    /// A single record that was taken from an object earlier, such as one from the quarantine. It never comes between
    /// [`Chunk::Object`] and [`Chunk::End`].
    Record(Box<ArchivedRecord>),
}

/// A record that was taken from an object of an archive.
#[derive(Clone, Debug)]
pub struct ArchivedRecord {
    /// The key of the object.
    pub source: Arc<str>,
    /// The fields that the layout read from the key.
    pub key_fields: Option<KeyFields>,
    /// The position of the record in the object, from 0.
    pub offset: i64,
    /// The position of the first byte of the record in the decompressed object.
    pub byte: Option<u64>,
    /// The header line of the object, where the object is CSV with a header.
    pub header: Option<Bytes>,
    /// The decompressed record; a line of JSON where the object holds columns.
    pub bytes: Bytes,
}
