//! Snappy. The format itself has bare blocks only, and writers put them into files in different ways.
//!
//! | file | written by |
//! |---|---|
//! | `framed` | snzip, python-snappy, Go: Google's framing format, with checksums |
//! | `blocks` | Hadoop, Spark and Trino; snappy-java: blocks, each after its length |
//! | `raw` | programs that compress an object as a whole |

use super::inflater::{Fault, Step, copy};

pub(super) mod blocks;
pub(super) mod framed;
pub(super) mod raw;

/// The largest decompressed block that is kept in memory.
const BLOCK_LIMIT: usize = 256 << 20;

/// More than the most decompressed bytes per byte of a block: a copy of at most 64 bytes takes three bytes.
const COPY_BYTES: usize = 64;

/// The decompressed length that `block` declares, within the limit. Checked against the length of `block`, so that the
/// memory allocated for it is bounded by the bytes read.
fn inflated_len(block: &[u8]) -> Result<usize, Fault> {
    let len = snap::raw::decompress_len(block).map_err(corrupt)?;
    check_len(len)?;
    if !is_possible(block, len) {
        let stored = block.len();
        return Err(Fault::Corrupt(format!(
            "a block of {stored} bytes that says it inflates to {len}"
        )));
    }
    Ok(len)
}

fn check_len(len: usize) -> Result<(), Fault> {
    if len > BLOCK_LIMIT {
        return Err(Fault::Unsupported(format!(
            "a block of {len} bytes, of which {BLOCK_LIMIT} at most are held in memory"
        )));
    }
    Ok(())
}

/// Whether `block` is long enough to inflate to `len` bytes.
fn is_possible(block: &[u8], len: usize) -> bool {
    len <= block.len().saturating_mul(COPY_BYTES)
}

/// Inflates a whole block.
fn inflate(block: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut text = vec![0; inflated_len(block)?];
    let mut decoder = snap::raw::Decoder::new();
    decoder.decompress(block, &mut text).map_err(corrupt)?;
    Ok(text)
}

fn corrupt(error: snap::Error) -> Fault {
    Fault::Corrupt(error.to_string())
}

/// Bytes that are partly given out.
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    given: usize,
}

impl Pending {
    fn new(bytes: Vec<u8>) -> Self {
        Pending { bytes, given: 0 }
    }

    fn is_empty(&self) -> bool {
        self.given == self.bytes.len()
    }

    /// Writes to the front of `output` as many bytes as fit.
    fn give(&mut self, output: &mut [u8]) -> Step {
        let written = copy(&self.bytes[self.given..], output).written;
        self.given += written;
        Step { read: 0, written }
    }
}

#[cfg(test)]
mod tests;
