//! The contract of a library that inflates gzip members.

use super::super::inflater::{Fault, Step};

/// Inflates one member at a time.
pub(super) trait Member: Send + 'static {
    /// An inflater at the beginning of a member.
    fn new() -> Self;

    /// Prepares for the next member.
    fn reset(&mut self);

    /// As [`Inflate::step`](super::super::inflater::Inflate::step), but stops at the end of the member and returns
    /// whether it is reached. Then CRC and length are verified.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Step, Ended), Fault>;
}

/// Whether a member is at its end, all of it read and written.
pub(super) type Ended = bool;
