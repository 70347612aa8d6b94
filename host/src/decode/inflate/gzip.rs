//! gzip, RFC 1952: members one after another, read as one.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Fault, Inflate, Step};

/// The largest window that deflate has, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Whether `head` begins a gzip member.
pub(super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// Reads members until the input ends. Header, CRC and length of each are checked. As gzip(1) does, zeros
/// behind the last member are passed over, since tapes and block devices pad with them; anything else there
/// is a fault.
pub(super) struct Gzip {
    at: At,
}

enum At {
    Member(Box<Decompress>),
    /// Behind a complete member.
    Between,
    /// Behind the last member, in zeros.
    Padding,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Gzip {
            at: At::Member(member()),
        }
    }
}

fn member() -> Box<Decompress> {
    Box::new(Decompress::new_gzip(WINDOW_BITS))
}

impl Inflate for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        loop {
            match &mut self.at {
                At::Member(inflate) => {
                    let (read, written) = (inflate.total_in(), inflate.total_out());
                    let status = inflate
                        .decompress(input, output, FlushDecompress::None)
                        .map_err(|error| Fault::Corrupt(error.to_string()))?;
                    // Lossless: both differences are bounded by the lengths of the slices.
                    let step = Step {
                        read: (inflate.total_in() - read) as usize,
                        written: (inflate.total_out() - written) as usize,
                    };
                    if status == Status::StreamEnd {
                        self.at = At::Between;
                        if step
                            == (Step {
                                read: 0,
                                written: 0,
                            })
                        {
                            continue;
                        }
                    }
                    return Ok(step);
                }
                At::Between => match input.first() {
                    None => {
                        return Ok(Step {
                            read: 0,
                            written: 0,
                        });
                    }
                    Some(0) => self.at = At::Padding,
                    Some(0x1f) => self.at = At::Member(member()),
                    Some(_) => return Err(Fault::TrailingGarbage(0)),
                },
                At::Padding => {
                    return match input.iter().position(|byte| *byte != 0) {
                        None => Ok(Step {
                            read: input.len(),
                            written: 0,
                        }),
                        Some(at) => Err(Fault::TrailingGarbage(at)),
                    };
                }
            }
        }
    }

    fn is_complete(&self) -> bool {
        !matches!(self.at, At::Member(_))
    }
}
