//! The contract of an inflater: stored bytes in, decoded bytes out, step by step.

use crate::units::ByteSize;

/// Turns stored bytes into decoded ones, as many as there is room for.
pub(super) trait Inflate: Send {
    /// Reads from the front of `input`, writes to the front of `output`. No progress on non-empty `output`
    /// means that more input is needed.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;

    /// Hears that nothing comes behind what was read, and gives out in further steps what waited for that.
    fn end(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Whether what was read so far ends where compressed data may end.
    fn is_complete(&self) -> bool;
}

/// What a step moved, in bytes.
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

/// Why a step failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The data is damaged.
    Corrupt(String),
    /// The data can be inflated only with a longer window than this, in bytes.
    WindowTooLarge(ByteSize),
    /// The data is of a kind that is not read, for this reason.
    Unsupported(String),
    /// Complete data is followed by something else, which begins so many bytes into the input.
    TrailingGarbage(usize),
}

/// Moves from the front of `input` what `gathered` lacks of `wanted` bytes; says how much that was.
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
