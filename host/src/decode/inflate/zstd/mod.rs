//! Zstandard, RFC 8878: consecutive frames, read as one; skippable frames are skipped.

use zstd::stream::raw::{DParameter, Decoder, Operation};
use zstd::zstd_safe::{self, zstd_sys::ZSTD_ErrorCode};

use super::inflater::{Fault, Inflate, Step};
use crate::units::ByteSize;

/// The largest window, as a power of two: 128 MiB, the default of `zstd --long`. It bounds the memory of an inflater.
const WINDOW_LOG_MAX: u32 = 27;

/// Whether `head` begins a frame or a skippable frame.
pub(super) fn is_magic(head: &[u8]) -> bool {
    match head {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => true,
        [first, 0x2a, 0x4d, 0x18, ..] => (0x50..=0x5f).contains(first),
        _ => false,
    }
}

/// Reads frames until the input ends; checksums are verified where frames have them.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    /// Whether the last frame is at its end.
    between: bool,
}

impl Zstd {
    pub(super) fn new() -> Result<Self, Fault> {
        let mut decoder = Decoder::new().map_err(corrupt)?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
            .map_err(corrupt)?;
        Ok(Zstd {
            decoder,
            between: true,
        })
    }
}

/// The code of zstd for a window beyond the limit, negated as its functions return it.
const WINDOW_TOO_LARGE: usize =
    (ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge as usize).wrapping_neg();

fn corrupt(error: std::io::Error) -> Fault {
    let detail = error.to_string();
    // The error has the name of the code alone.
    if detail == zstd_safe::get_error_name(WINDOW_TOO_LARGE) {
        return Fault::WindowTooLarge(ByteSize(1 << WINDOW_LOG_MAX));
    }
    Fault::Corrupt(detail)
}

impl Inflate for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.between {
            match input.first() {
                None => return Ok(Step::NONE),
                Some(0x28 | 0x50..=0x5f) => self.between = false,
                Some(_) => return Err(Fault::TrailingGarbage(0)),
            }
        }
        let status = self
            .decoder
            .run_on_buffers(input, output)
            .map_err(corrupt)?;
        if status.remaining == 0 {
            self.between = true;
            self.decoder.reinit().map_err(corrupt)?;
        }
        Ok(Step {
            read: status.bytes_read,
            written: status.bytes_written,
        })
    }

    fn is_complete(&self) -> bool {
        self.between
    }
}

#[cfg(test)]
mod tests;
