//! The contract of an inflater: stored bytes in, decoded bytes out, step by step.

use crate::units::ByteSize;

/// Decompresses the bytes of one object, step by step.
pub(super) trait Inflate: Send {
    /// Reads from the front of `input` and writes to the front of `output`. A step without progress on a non-empty
    /// `output` means that more input is needed.
    ///
    /// # Errors
    /// If the data is damaged or not supported.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;

    /// Marks the end of the input. Further steps write output that needed it.
    ///
    /// # Errors
    /// If the data is damaged.
    fn end(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Whether compressed data may end after the bytes read so far.
    fn is_complete(&self) -> bool;

    /// The most bytes that were written so far between the parts that this inflater is made of; 0 if it has no parts.
    fn most_written(&self) -> u64 {
        0
    }
}

/// The progress of a step, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

impl Step {
    pub(super) const NONE: Step = Step {
        read: 0,
        written: 0,
    };
}

/// The reason for which a step failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The data is damaged.
    Corrupt(String),
    /// The data needs a larger window than this limit.
    WindowTooLarge(ByteSize),
    /// The data is of an unsupported kind, for this reason.
    Unsupported(String),
    /// Complete data is followed by other data, which begins at this index of the input.
    TrailingGarbage(usize),
}

/// Extends `gathered` to `wanted` bytes from the front of `input`, as far as it reaches; returns the number of bytes
/// read.
pub(super) fn gather(gathered: &mut Vec<u8>, wanted: usize, input: &[u8]) -> usize {
    let read = input.len().min(wanted.saturating_sub(gathered.len()));
    gathered.extend_from_slice(&input[..read]);
    read
}

pub(super) fn copy(input: &[u8], output: &mut [u8]) -> Step {
    let moved = input.len().min(output.len());
    output[..moved].copy_from_slice(&input[..moved]);
    Step {
        read: moved,
        written: moved,
    }
}
