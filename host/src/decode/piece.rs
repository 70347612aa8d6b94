//! The pieces of a split, as a [`Decoding`](super::Decoding) takes them.

use super::ahead::Inflated;
use super::columnar::RowGroup;
use crate::source::Chunk;

/// A piece of a split, on its way from a source to a [`Decoding`](super::Decoding).
#[derive(Clone, Debug)]
pub enum Piece {
    /// A chunk as the source delivered it.
    Chunk(Chunk),
    /// A chunk that was inflated ahead. Of an object, all chunks are inflated ahead or none.
    Inflated(Inflated),
    /// A row group of a Parquet object; it comes between the chunks of other objects.
    RowGroup(RowGroup),
}

impl From<Chunk> for Piece {
    fn from(chunk: Chunk) -> Self {
        Piece::Chunk(chunk)
    }
}

impl From<Inflated> for Piece {
    fn from(inflated: Inflated) -> Self {
        Piece::Inflated(inflated)
    }
}

impl From<RowGroup> for Piece {
    fn from(group: RowGroup) -> Self {
        Piece::RowGroup(group)
    }
}
