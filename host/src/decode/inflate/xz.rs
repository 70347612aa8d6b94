//! xz: consecutive streams, read as one, with the padding between them.

use liblzma::stream::{Action, Error, Status, Stream};

use super::inflater::{Fault, Inflate, Step};
use crate::units::ByteSize;

/// The largest dictionary: twice that of `xz -9`. It bounds the memory of an inflater.
const DICTIONARY_MAX: ByteSize = ByteSize::mib(128);
/// Memory of a decoder in addition to its dictionary.
const STATE_BYTES: u64 = 1 << 20;

const MAGIC: &[u8] = b"\xfd7zXZ\0";

/// Whether `head` begins a stream.
pub(super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Reads streams until the input ends. The check of each block is verified, and the index of each stream.
pub(super) struct Xz {
    stream: Stream,
    /// Whether the last stream is at its end.
    between: bool,
}

impl Xz {
    pub(super) fn new() -> Result<Self, Fault> {
        let stream = Stream::new_stream_decoder(DICTIONARY_MAX.0 + STATE_BYTES, 0);
        Ok(Xz {
            stream: stream.map_err(fault)?,
            between: false,
        })
    }
}

fn fault(error: Error) -> Fault {
    match error {
        Error::MemLimit => Fault::WindowTooLarge(DICTIONARY_MAX),
        Error::Options => Fault::Unsupported("its filters or checks are unknown".to_owned()),
        error => Fault::Corrupt(error.to_string()),
    }
}

impl Inflate for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        loop {
            if self.between {
                match input.first() {
                    None => return Ok(Step::NONE),
                    Some(0) => {
                        let padding = input.iter().take_while(|byte| **byte == 0);
                        return Ok(Step {
                            read: padding.count(),
                            written: 0,
                        });
                    }
                    Some(first) if *first == MAGIC[0] => *self = Xz::new()?,
                    Some(_) => return Err(Fault::TrailingGarbage(0)),
                }
            }
            let (read, written) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.process(input, output, Action::Run);
            let status = status.map_err(fault)?;
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
