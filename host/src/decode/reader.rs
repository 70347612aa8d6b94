//! What reads an object, whatever its format.

use bytes::Bytes;

use super::DecodeError;
use super::block::Blocks;
use super::decoding::Paused;
use super::rows::Rows;

/// Reads the records of one object, which comes in pieces.
///
/// # Contract
/// - [`feed`](Reader::feed) gets the pieces in order as they are stored, [`end`](Reader::end) comes once behind the
///   last. Neither does any work: that is [`advance`](Reader::advance)'s.
/// - Each record is handed to [`Rows`] once, accepted or rejected, in the order of the object, with its ordinal
///   from 0. What is handed over does not depend on where the pieces are cut.
/// - `advance` gives [`Paused::Full`] as soon as [`Rows::is_full`], or [`Rows::is_heavy`] before another block, and
///   goes on behind the last record when it is called again; [`Paused::Hungry`] where it needs another piece, never
///   behind the end; [`Paused::Done`] once all was read.
/// - An object that is cut off or damaged is an error, never `Done`. What is wrong with one record is a rejection.
/// - Memory is bounded by the limits of [`DecodeOptions`](super::DecodeOptions), whatever the object says of itself.
pub(super) trait Reader: Send {
    /// Takes the next piece.
    fn feed(&mut self, bytes: Bytes);

    /// Says that the object was fed whole.
    fn end(&mut self);

    /// Goes on as far as the pieces reach.
    fn advance(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Result<Paused, DecodeError>;
}
