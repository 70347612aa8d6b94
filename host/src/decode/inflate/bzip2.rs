//! bzip2: consecutive streams, read as one, as pbzip2 and lbzip2 write them.

use bzip2::{Decompress, Status};

use super::inflater::{Fault, Inflate, Step};

/// The first bytes of a block, and of the end of a stream without blocks.
const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const STREAM_END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/// Whether `head` begins a stream.
pub(super) fn is_magic(head: &[u8]) -> bool {
    match head {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] => {
            let begins = |magic: [u8; 6]| magic.starts_with(&rest[..rest.len().min(6)]);
            begins(BLOCK) || begins(STREAM_END)
        }
        _ => false,
    }
}

/// Reads streams until the input ends; every block has a CRC, and so has every stream.
pub(super) struct Bzip2 {
    stream: Decompress,
    /// Whether the last stream is at its end.
    between: bool,
}

impl Bzip2 {
    pub(super) fn new() -> Self {
        Bzip2 {
            stream: Decompress::new(false),
            between: false,
        }
    }
}

impl Inflate for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        loop {
            if self.between {
                match input.first() {
                    None => return Ok(Step::NONE),
                    Some(b'B') => *self = Bzip2::new(),
                    Some(_) => return Err(Fault::TrailingGarbage(0)),
                }
            }
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self
                .stream
                .decompress(input, output)
                .map_err(|error| Fault::Corrupt(error.to_string()))?;
            // Lossless: both differences are bounded by the lengths of the slices.
            let step = Step {
                read: (self.stream.total_in() - read) as usize,
                written: (self.stream.total_out() - written) as usize,
            };
            self.between = status == Status::StreamEnd;
            if !self.between || step != Step::NONE {
                return Ok(step);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.between
    }
}
