//! One bare block: its decompressed length, then literals and copies. It is inflated once it is complete, since it ends
//! where the object ends.

use super::super::inflater::{Fault, Inflate, Step};
use super::{Pending, check_len, corrupt, is_possible};

/// The most bytes of a block that inflates to 15 bytes: its length, a tag, and a literal. The first byte of a longer
/// block, read as the first of a big-endian length, would be too large for a block of Hadoop's.
pub(in super::super) const SHORT_BYTES: usize = 17;

/// Whether `object` is a whole block of at most [`SHORT_BYTES`].
pub(in super::super) fn is_short(object: &[u8]) -> bool {
    let mut text = [0; 15];
    object.len() <= SHORT_BYTES
        && snap::raw::Decoder::new()
            .decompress(object, &mut text)
            .is_ok_and(|len| len > 0)
}

/// Whether `head` can begin a block: a length followed by a literal, since there is nothing to copy yet.
pub(in super::super) fn is_plausible(head: &[u8]) -> bool {
    let length_bytes = 1 + head.iter().take_while(|byte| **byte >= 0x80).count();
    match snap::raw::decompress_len(head) {
        Ok(0) => head.len() == 1,
        Ok(_) => head.get(length_bytes).is_some_and(|tag| tag & 3 == 0),
        Err(_) => false,
    }
}

/// Gathers the block, then writes its text.
#[derive(Default)]
pub(in super::super) struct Raw {
    block: Vec<u8>,
    text: Pending,
    /// Whether the block was inflated.
    inflated: bool,
}

impl Inflate for Raw {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.inflated {
            return Ok(self.text.give(output));
        }
        self.block.extend_from_slice(input);
        if let Ok(len) = snap::raw::decompress_len(&self.block) {
            check_len(len)?;
            if self.block.len() > snap::raw::max_compress_len(len) {
                let detail = format!("more bytes than a block has that inflates to {len}");
                return Err(Fault::Corrupt(detail));
            }
        }
        Ok(Step {
            read: input.len(),
            written: 0,
        })
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Ok(len) = snap::raw::decompress_len(&self.block) else {
            return Ok(());
        };
        if !is_possible(&self.block, len) {
            return Ok(());
        }
        let mut text = vec![0; len];
        match snap::raw::Decoder::new().decompress(&self.block, &mut text) {
            Ok(_) => {
                *self = Raw {
                    block: Vec::new(),
                    text: Pending::new(text),
                    inflated: true,
                };
                Ok(())
            }
            // The block is cut off, which `is_complete` reports.
            Err(snap::Error::HeaderMismatch { .. } | snap::Error::CopyRead { .. }) => Ok(()),
            Err(snap::Error::Literal { len, src_len, .. }) if src_len < len => Ok(()),
            Err(error) => Err(corrupt(error)),
        }
    }

    fn is_complete(&self) -> bool {
        self.inflated && self.text.is_empty()
    }
}
