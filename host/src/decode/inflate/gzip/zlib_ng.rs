//! Members by zlib-ng, through its C API.
#![expect(unsafe_code, reason = "zlib-ng is written in C")]

use std::ffi::{CStr, c_int, c_uint};

use libz_ng_sys as ng;

use super::super::inflater::{Fault, Step};
use super::member::{self, Ended};

/// The largest window of deflate, as a power of two, plus 16 for a gzip header.
const WINDOW_BITS: c_int = 15 + 16;

/// The stream, boxed because its state points back to it. The pointers to input and output are used within
/// [`step`](member::Member::step) alone.
pub(super) struct Member(Box<ng::z_stream>);

// SAFETY: the stream and its state are reached through this owner alone; zlib-ng keeps nothing per thread.
unsafe impl Send for Member {}

impl Drop for Member {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised by `new`, and is ended here alone.
        unsafe { ng::inflateEnd(&mut *self.0) };
    }
}

impl member::Member for Member {
    fn new() -> Self {
        let mut stream = Box::<ng::z_stream>::new_zeroed();
        // SAFETY: zeros mean no input, and that zlib-ng is to fill in its own functions for memory.
        let code = unsafe { ng::zng_inflateInit2(stream.as_mut_ptr(), WINDOW_BITS) };
        assert_eq!(
            code,
            ng::Z_OK,
            "zlib-ng takes these settings, as memory does not fail"
        );
        // SAFETY: after success the functions, which alone must not be zero, are filled in.
        Member(unsafe { stream.assume_init() })
    }

    fn reset(&mut self) {
        // SAFETY: `new` initialised the stream.
        unsafe { ng::inflateReset(&mut *self.0) };
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Step, Ended), Fault> {
        let (available, room) = (bounded(input.len()), bounded(output.len()));
        let stream = &mut *self.0;
        stream.next_in = input.as_ptr().cast_mut();
        stream.avail_in = available;
        stream.next_out = output.as_mut_ptr();
        stream.avail_out = room;
        // SAFETY: `new` initialised the stream; the pointers and lengths are those of the two slices, of which
        // zlib-ng only reads the first.
        let code = unsafe { ng::inflate(stream, ng::Z_NO_FLUSH) };
        let step = Step {
            read: (available - stream.avail_in) as usize,
            written: (room - stream.avail_out) as usize,
        };
        match code {
            ng::Z_STREAM_END => Ok((step, true)),
            // The latter if there was no progress, which is not a fault.
            ng::Z_OK | ng::Z_BUF_ERROR => Ok((step, false)),
            code => Err(Fault::Corrupt(message(stream, code))),
        }
    }
}

/// The length as a C integer; the next step reads the rest of a longer slice.
fn bounded(len: usize) -> c_uint {
    c_uint::try_from(len).unwrap_or(c_uint::MAX)
}

fn message(stream: &ng::z_stream, code: c_int) -> String {
    if stream.msg.is_null() {
        return format!("zlib-ng gives the code {code}");
    }
    // SAFETY: zlib-ng sets it to a constant string.
    unsafe { CStr::from_ptr(stream.msg) }
        .to_string_lossy()
        .into_owned()
}
