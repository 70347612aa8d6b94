//! The contract of a reader of objects, whatever their format.

use bytes::Bytes;

use super::DecodeError;
use super::block::Blocks;
use super::rows::Rows;

/// The reason for which a reader returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paused {
    /// The batch has to be taken first.
    Full,
    /// The reader needs more chunks.
    Hungry,
    /// The object was read to its end.
    Done,
}

/// Reads the records of one object, which is fed in pieces.
///
/// # Contract
/// - [`feed`](Reader::feed) gets the pieces in order, as stored; [`end`](Reader::end) is called once, after the last.
///   Neither does any work: [`advance`](Reader::advance) does.
/// - The reader passes each record to [`Rows`] once, accepted or rejected, in the order of the object, with its ordinal
///   from 0. The records do not depend on where the pieces are cut.
/// - `advance` returns [`Paused::Full`] as soon as [`Rows::is_full`], or [`Rows::is_heavy`] before another block, and
///   continues after the last record when it is called again. It returns [`Paused::Hungry`] if it needs another piece,
///   never after the end, and [`Paused::Done`] once all is read.
/// - A truncated or damaged object is an error, never `Done`. What is wrong with one record is a rejection.
/// - Memory is bounded by the limits of [`DecodeOptions`](super::DecodeOptions), whatever the object claims.
pub(super) trait Reader: Send {
    /// Takes the next piece of the object.
    fn feed(&mut self, bytes: Bytes);

    /// Marks the end of the object.
    fn end(&mut self);

    /// Reads records as far as the pieces reach.
    ///
    /// # Errors
    /// If the object is truncated, damaged or beyond a limit.
    fn advance(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Result<Paused, DecodeError>;
}
