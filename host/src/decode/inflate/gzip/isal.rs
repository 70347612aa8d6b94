//! Members by ISA-L, through its C API.
#![expect(unsafe_code, reason = "ISA-L is written in C and assembly")]

use std::ptr::null_mut;

use isal_sys::igzip_lib as isal;

use super::super::inflater::{Fault, Step};
use super::member::{self, Ended};

/// The reserved flags of a header.
const RESERVED_FLAGS: u32 = 0xe0;

/// The state, about 90 KiB, points to input and output, which are used within [`step`](member::Member::step)
/// alone.
pub(super) struct Member {
    state: Box<isal::inflate_state>,
    /// The header read so far, which `isal_inflate` would lose between two pieces.
    header: isal::isal_gzip_header,
}

// SAFETY: the state is reached through this owner alone; ISA-L keeps nothing per thread.
unsafe impl Send for Member {}

impl member::Member for Member {
    fn new() -> Self {
        // SAFETY: the struct is of integers and raw pointers, for all of which zero is a value.
        let mut state = unsafe { Box::<isal::inflate_state>::new_zeroed().assume_init() };
        // SAFETY: the pointer is to a state.
        unsafe { isal::isal_inflate_init(&mut *state) };
        state.crc_flag = isal::ISAL_GZIP;
        Member {
            state,
            header: header(),
        }
    }

    fn reset(&mut self) {
        // SAFETY: `new` initialised the state.
        unsafe { isal::isal_inflate_reset(&mut *self.state) };
        self.header = header();
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(Step, Ended), Fault> {
        let (available, room) = (bounded(input.len()), bounded(output.len()));
        let state = &mut *self.state;
        state.next_in = input.as_ptr().cast_mut();
        state.avail_in = available;
        state.next_out = output.as_mut_ptr();
        state.avail_out = room;
        let mut code = 0;
        if state.wrapper_flag == 0 {
            // SAFETY: `new` initialised the state; its pointer and length are those of the slice, which is only
            // read; the header has no buffers to write to.
            code = unsafe { isal::isal_read_gzip_header(state, &mut self.header) };
            if self.header.flags & RESERVED_FLAGS != 0 {
                return Err(Fault::Corrupt("unknown header flags set".to_owned()));
            }
        }
        if state.wrapper_flag != 0 {
            // SAFETY: `new` initialised the state; the pointers and lengths are those of the two slices, of
            // which ISA-L only reads the first.
            code = unsafe { isal::isal_inflate(state) };
        }
        state.next_in = null_mut();
        state.next_out = null_mut();
        if code < 0 {
            // The counts of input and output are not reliable after an error.
            return Err(Fault::Corrupt(message(code)));
        }
        let step = Step {
            read: (available - state.avail_in) as usize,
            written: (room - state.avail_out) as usize,
        };
        Ok((
            step,
            state.block_state == isal::isal_block_state_ISAL_BLOCK_FINISH,
        ))
    }
}

/// An empty header.
fn header() -> isal::isal_gzip_header {
    // SAFETY: the struct is of integers and raw pointers, for all of which zero is a value; null pointers mean that
    // name, comment and extra field are not wanted.
    unsafe { std::mem::zeroed() }
}

/// The length as a C integer; the next step reads the rest of a longer slice.
fn bounded(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn message(code: i32) -> String {
    match code {
        isal::ISAL_INVALID_BLOCK => "invalid block".to_owned(),
        isal::ISAL_INVALID_SYMBOL => "invalid symbol".to_owned(),
        isal::ISAL_INVALID_LOOKBACK => "reference to before the beginning".to_owned(),
        isal::ISAL_INVALID_WRAPPER => "invalid header".to_owned(),
        isal::ISAL_UNSUPPORTED_METHOD => "unknown compression method".to_owned(),
        isal::ISAL_INCORRECT_CHECKSUM => "incorrect checksum or length".to_owned(),
        code => format!("ISA-L gives the code {code}"),
    }
}
