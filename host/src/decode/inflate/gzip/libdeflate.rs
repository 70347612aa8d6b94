//! Members by libdeflate, which inflates them whole or not at all, through its C API.
//!
//! So it serves objects that are small both as stored and inflated. All others, and whatever it refuses, are
//! left to zlib-rs, which also says what is wrong.
#![expect(unsafe_code, reason = "libdeflate is written in C")]

use std::cell::Cell;
use std::ptr::NonNull;

use libdeflate_sys as c;

use super::{Ended, Fault, Step, zlib_rs};

/// The most bytes of an object that are gathered.
const MAX_STORED: usize = 4 << 20;

/// The most bytes that a member may inflate to.
const MAX_INFLATED: usize = 16 << 20;

/// How many bytes at a member's end tell its length.
const LENGTH_BYTES: usize = 4;

/// The flag of a header that has a CRC.
const HEADER_CRC: u8 = 2;

pub(super) struct Member {
    decompressor: Decompressor,
    /// Inflated bytes, or nothing before the first.
    inflated: Vec<u8>,
    at: At,
    streaming: zlib_rs::Member,
}

enum At {
    /// At the beginning of a member.
    Start,
    /// The member's bytes up to `end` are there, and given out up to `next`.
    Whole { next: usize, end: usize },
    /// What is left of the object is streamed.
    Streaming,
}

thread_local! {
    /// The room for inflated bytes, between objects: a new one would cost a page fault for every page of it.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Drop for Member {
    fn drop(&mut self) {
        if !self.inflated.is_empty() {
            ROOM.set(std::mem::take(&mut self.inflated));
        }
    }
}

impl Member {
    /// Decides how the member at the beginning of `input` is read; gives its length if whole.
    fn start(&mut self, input: &[u8], last: bool) -> Option<usize> {
        self.at = At::Streaming;
        let (_, length) = input.split_last_chunk::<LENGTH_BYTES>()?;
        // libdeflate does not verify the header's CRC.
        if input.get(3).is_none_or(|flags| flags & HEADER_CRC != 0) {
            return None;
        }
        // That of the last member. The others are likely to be as long.
        if !last || u32::from_le_bytes(*length) as usize > MAX_INFLATED {
            return None;
        }
        if self.inflated.is_empty() {
            self.inflated = ROOM.take();
            self.inflated.resize(MAX_INFLATED, 0);
        }
        let (read, end) = self.decompressor.inflate(input, &mut self.inflated)?;
        self.at = At::Whole { next: 0, end };
        Some(read)
    }
}

impl super::Member for Member {
    fn new() -> Self {
        Member {
            decompressor: Decompressor::new(),
            inflated: Vec::new(),
            at: At::Start,
            streaming: zlib_rs::Member::new(),
        }
    }

    fn reset(&mut self) {
        if matches!(self.at, At::Streaming) {
            self.streaming.reset();
        } else {
            self.at = At::Start;
        }
    }

    fn step(
        &mut self,
        input: &[u8],
        last: bool,
        output: &mut [u8],
    ) -> Result<(Step, Ended), Fault> {
        let mut read = 0;
        if matches!(self.at, At::Start) {
            if !last && input.len() < MAX_STORED {
                return Ok((Step::NONE, false));
            }
            read = self.start(input, last).unwrap_or(0);
        }
        let At::Whole { next, end } = &mut self.at else {
            return self.streaming.step(input, last, output);
        };
        let written = output.len().min(*end - *next);
        output[..written].copy_from_slice(&self.inflated[*next..*next + written]);
        *next += written;
        Ok((Step { read, written }, next == end))
    }
}

struct Decompressor(NonNull<c::libdeflate_decompressor>);

// SAFETY: the decompressor is reached through this owner alone; libdeflate keeps nothing per thread.
unsafe impl Send for Decompressor {}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: libdeflate allocated it, and it is freed here alone.
        unsafe { c::libdeflate_free_decompressor(self.0.as_ptr()) };
    }
}

impl Decompressor {
    fn new() -> Self {
        // SAFETY: this may be called at any time.
        let decompressor = unsafe { c::libdeflate_alloc_decompressor() };
        Decompressor(NonNull::new(decompressor).expect("memory does not fail"))
    }

    /// The length of the member at the beginning of `input`, and of what it inflates to. Nothing where it is
    /// damaged, cut off, or longer than `output`.
    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Option<(usize, usize)> {
        let (mut read, mut written) = (0, 0);
        // SAFETY: the decompressor is not freed yet; pointers and lengths are those of the two slices, of which
        // libdeflate only reads the first.
        let result = unsafe {
            c::libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
                &mut read,
                &mut written,
            )
        };
        (result == c::libdeflate_result_LIBDEFLATE_SUCCESS).then_some((read, written))
    }
}
