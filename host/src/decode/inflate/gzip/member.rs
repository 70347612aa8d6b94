//! The contract of a library that inflates gzip members.

use super::super::inflater::{Fault, Step};

/// One member at a time.
pub(super) trait Member: Send + 'static {
    /// Ready for a member.
    fn new() -> Self;

    /// Makes ready for the next one.
    fn reset(&mut self);

    /// As [`Inflate::step`](super::super::inflater::Inflate::step), but reads no further than the member's end, and tells when it is there. Then its
    /// CRC and length were right.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Step, Ended), Fault>;
}

/// Whether all of a member was read and written.
pub(super) type Ended = bool;
