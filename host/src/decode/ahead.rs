//! Decompression ahead of the worker that decodes, on another thread.
//!
//! Inflating an object takes about as long as decoding it. A worker that does both in turn uses its text while it is in
//! cache, which costs the least. A core that would be idle otherwise inflates for a worker instead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::block::{BLOCK_BYTES, Block, Blocks};
use super::inflate::{Content, Filled};
use super::{DecodeError, DecodeOptions};
use crate::source::Chunk;

/// A decompressed chunk; one kind of [`Piece`](super::Piece).
#[derive(Clone, Debug)]
pub struct Inflated {
    pub(super) chunk: Chunk,
    /// Stored bytes that were read for the chunk.
    pub(super) stored_bytes: u64,
    spent: Duration,
}

impl Inflated {
    /// Time that inflating the chunk took.
    pub fn spent(&self) -> Duration {
        self.spent
    }
}

/// Inflates the chunks of one split, on a thread of its own.
pub struct Inflating {
    options: DecodeOptions,
    blocks: Blocks,
    /// The object being inflated, and the block being filled.
    open: Option<(Content, Block)>,
    /// Stored bytes read, and time spent, since the last chunk that was given.
    stored_bytes: u64,
    spent: Duration,
}

impl Inflating {
    /// An inflater for the chunks of one split, from the first.
    pub fn new(options: &DecodeOptions) -> Self {
        Inflating {
            options: options.clone(),
            blocks: Blocks::new(BLOCK_BYTES),
            open: None,
            stored_bytes: 0,
            spent: Duration::ZERO,
        }
    }

    /// Takes the next chunk, and calls `give` with each inflated chunk, in order, until it returns false. Returns false
    /// once `give` does: no more chunks are wanted.
    ///
    /// # Errors
    /// If the object is damaged or inflates beyond the limits of [`DecodeOptions`].
    pub fn push(
        &mut self,
        chunk: Chunk,
        mut give: impl FnMut(Inflated) -> bool,
    ) -> Result<bool, DecodeError> {
        match (chunk, &mut self.open) {
            (Chunk::Object(object), None) => {
                let content = Content::new(&object.key, &self.options);
                self.open = Some((content, self.blocks.take(0)));
                Ok(give(self.of(Chunk::Object(object))))
            }
            (Chunk::Bytes(bytes), Some((content, _))) => {
                self.stored_bytes += bytes.len() as u64;
                content.feed(bytes);
                self.fill(&mut give)
            }
            (Chunk::End, Some((content, _))) => {
                content.end();
                Ok(self.fill(&mut give)? && give(self.of(Chunk::End)))
            }
            // Messages and records; and chunks that are out of order, for which `Decoding` returns the error.
            (chunk, _) => Ok(give(self.of(chunk))),
        }
    }

    fn of(&mut self, chunk: Chunk) -> Inflated {
        Inflated {
            chunk,
            stored_bytes: std::mem::take(&mut self.stored_bytes),
            spent: std::mem::take(&mut self.spent),
        }
    }

    /// Fills blocks from the bytes fed so far, and gives them.
    fn fill(&mut self, give: &mut impl FnMut(Inflated) -> bool) -> Result<bool, DecodeError> {
        while let Some((mut content, mut block)) = self.open.take() {
            let began = Instant::now();
            let filled = content.fill(&mut block)?;
            self.spent += began.elapsed();
            if filled == Filled::Hungry {
                self.open = Some((content, block));
                break;
            }
            if filled == Filled::Full {
                self.open = Some((content, self.blocks.take(0)));
            }
            if block.len() == 0 {
                continue;
            }
            let block = block.seal();
            let text = Bytes::from_owner(Text(block.clone()));
            self.blocks.give(block);
            if !give(self.of(Chunk::Bytes(text))) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The text of a block. Once it is dropped, the block can be filled again.
struct Text(Arc<Block>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.text()
    }
}
