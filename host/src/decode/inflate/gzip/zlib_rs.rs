//! Members by zlib-rs, a zlib in Rust.

use flate2::{Decompress, FlushDecompress, Status};

use super::super::inflater::{Fault, Step};
use super::member::{self, Ended};

/// The largest window of deflate, as a power of two.
const WINDOW_BITS: u8 = 15;

pub(super) struct Member(Decompress);

impl member::Member for Member {
    fn new() -> Self {
        Member(Decompress::new_gzip(WINDOW_BITS))
    }

    fn reset(&mut self) {
        // `Decompress::reset` knows zlib's header and none, but not gzip's.
        *self = Self::new();
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Step, Ended), Fault> {
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let status = self
            .0
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        // Lossless: both differences are bounded by the lengths of the slices.
        let step = Step {
            read: (self.0.total_in() - read) as usize,
            written: (self.0.total_out() - written) as usize,
        };
        Ok((step, status == Status::StreamEnd))
    }
}
