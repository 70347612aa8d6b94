//! Blocks, each after its length in big-endian, as Hadoop's codec and snappy-java write them.
//!
//! Hadoop writes the decompressed length of a block, then its parts, each after its stored length. snappy-java writes a
//! header, then blocks of one part, each after its stored length; the header may occur again. Neither has checksums.

use super::super::inflater::{Fault, Inflate, Step, gather};
use super::{BLOCK_LIMIT, Pending, inflate, inflated_len};

/// The first bytes of snappy-java, before two versions of four bytes each.
const JAVA_MAGIC: &[u8; 8] = b"\x82SNAPPY\0";
const VERSION_BYTES: usize = 8;

const LENGTH_BYTES: usize = 4;

/// Whether `head` begins a stream of snappy-java.
pub(in super::super) fn is_java_magic(head: &[u8]) -> bool {
    head.starts_with(JAVA_MAGIC)
}

/// Whether `head` can begin a Hadoop file: the lengths of a block and of its first part fit.
pub(in super::super) fn is_plausible(head: &[u8]) -> bool {
    match (length(head, 0), length(head, LENGTH_BYTES)) {
        (Some(0), part) => part.is_none_or(|part| part <= BLOCK_LIMIT),
        (Some(block), Some(part)) => block <= BLOCK_LIMIT && is_part(part, block),
        _ => false,
    }
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let length = u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
    usize::try_from(length).ok()
}

/// Whether a part of `stored` bytes can be part of a block that inflates to `block` bytes.
fn is_part(stored: usize, block: usize) -> bool {
    stored > 0 && stored <= snap::raw::max_compress_len(block)
}

/// Reads blocks until the input ends.
pub(in super::super) struct Blocks {
    is_java: bool,
    at: At,
    /// The beginning of a length or a part.
    gathered: Vec<u8>,
    text: Pending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Before a block, or a header of snappy-java.
    Block,
    /// Before the rest of such a header.
    Version,
    /// Before a part, with `left` decompressed bytes left of its block.
    Length { left: usize },
    /// Before the bytes of a part.
    Part { left: usize, stored: usize },
}

impl Blocks {
    pub(in super::super) fn of_hadoop() -> Self {
        Blocks {
            is_java: false,
            at: At::Block,
            gathered: Vec::new(),
            text: Pending::default(),
        }
    }

    pub(in super::super) fn of_java() -> Self {
        Blocks {
            is_java: true,
            ..Self::of_hadoop()
        }
    }

    /// Number of bytes to gather next.
    fn wanted(&self) -> usize {
        match self.at {
            At::Block | At::Length { .. } => LENGTH_BYTES,
            At::Version => JAVA_MAGIC.len() - LENGTH_BYTES + VERSION_BYTES,
            At::Part { stored, .. } => stored,
        }
    }

    /// Moves to the next state, once the wanted bytes are gathered.
    fn go_on(&mut self) -> Result<(), Fault> {
        let corrupt = |what: &str| Err(Fault::Corrupt(what.to_owned()));
        let bytes = &self.gathered[..];
        let length = length(bytes, 0).unwrap_or(usize::MAX);
        self.at = match self.at {
            At::Block if self.is_java && bytes == &JAVA_MAGIC[..LENGTH_BYTES] => At::Version,
            At::Block if self.is_java => {
                if !is_part(length, BLOCK_LIMIT) {
                    return corrupt("the length of a block is none");
                }
                At::Part {
                    left: BLOCK_LIMIT,
                    stored: length,
                }
            }
            At::Block if length == 0 => At::Block,
            At::Block if length > BLOCK_LIMIT => {
                return corrupt("the length of a block is none");
            }
            At::Block => At::Length { left: length },
            At::Version if bytes.starts_with(&JAVA_MAGIC[LENGTH_BYTES..]) => At::Block,
            At::Version => return corrupt("not a header of snappy-java"),
            At::Length { left } if is_part(length, left) => At::Part {
                left,
                stored: length,
            },
            At::Length { .. } => return corrupt("the length of a part does not fit its block"),
            At::Part { left, .. } => {
                if inflated_len(bytes)? > left {
                    return corrupt("a part inflates to more than its block");
                }
                let text = inflate(bytes)?;
                let left = left - text.len();
                self.text = Pending::new(text);
                match left {
                    _ if self.is_java => At::Block,
                    0 => At::Block,
                    left => At::Length { left },
                }
            }
        };
        self.gathered.clear();
        Ok(())
    }
}

impl Inflate for Blocks {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if !self.text.is_empty() {
            return Ok(self.text.give(output));
        }
        let wanted = self.wanted();
        let read = gather(&mut self.gathered, wanted, input);
        if self.gathered.len() == wanted {
            self.go_on()?;
        }
        Ok(Step { read, written: 0 })
    }

    fn is_complete(&self) -> bool {
        self.at == At::Block && self.gathered.is_empty() && self.text.is_empty()
    }
}
