//! gzip, RFC 1952: consecutive members, read as one.
//!
//! This file reads the sequence of members; a library inflates each member, with its header, CRC and length. All
//! libraries that are compiled in pass the same tests; the first of [`LIBRARIES`] is used.
//!
//! | feature | library | needs to build |
//! |---|---|---|
//! | always | zlib-rs | Rust |
//! | `gzip-zlib-ng` | zlib-ng | a C compiler, cmake |
//! | `gzip-isal` | ISA-L | a C compiler, make, autotools, nasm |

use super::inflater::{Fault, Inflate, Step};

#[cfg(feature = "gzip-isal")]
mod isal;
mod member;
#[cfg(feature = "gzip-zlib-ng")]
mod zlib_ng;
mod zlib_rs;

use member::Member;

/// Whether `head` begins a gzip member.
pub(super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

/// A library that inflates members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Library {
    pub(super) name: &'static str,
    new: fn() -> Box<dyn Inflate>,
}

/// The libraries that are compiled in, the fastest first.
pub(super) const LIBRARIES: &[Library] = &[
    #[cfg(feature = "gzip-isal")]
    Library {
        name: "ISA-L",
        new: || Gzip::<isal::Member>::boxed(),
    },
    #[cfg(feature = "gzip-zlib-ng")]
    Library {
        name: "zlib-ng",
        new: || Gzip::<zlib_ng::Member>::boxed(),
    },
    Library {
        name: "zlib-rs",
        new: || Gzip::<zlib_rs::Member>::boxed(),
    },
];

impl Library {
    /// An inflater that reads members until the input ends.
    pub(super) fn inflater(self) -> Box<dyn Inflate> {
        (self.new)()
    }
}

/// Reads the members of an object. As in gzip(1), zeros after the last member are skipped, since tapes and block
/// devices pad with them; other data there is a fault.
struct Gzip<M> {
    at: At,
    member: M,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Member,
    /// After a complete member.
    Between,
    /// In the zeros after the last member.
    Padding,
}

impl<M: Member> Gzip<M> {
    fn boxed() -> Box<dyn Inflate> {
        Box::new(Gzip {
            at: At::Member,
            member: M::new(),
        })
    }
}

impl<M: Member> Inflate for Gzip<M> {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        loop {
            match self.at {
                At::Member => {
                    let (step, ended) = self.member.step(input, output)?;
                    if ended {
                        self.at = At::Between;
                        if step == Step::NONE {
                            continue;
                        }
                    }
                    return Ok(step);
                }
                At::Between => match input.first() {
                    None => return Ok(Step::NONE),
                    Some(0) => self.at = At::Padding,
                    Some(0x1f) => {
                        self.member.reset();
                        self.at = At::Member;
                    }
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
        self.at != At::Member
    }
}

#[cfg(test)]
mod tests;
