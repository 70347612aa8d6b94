//! Inflating ahead of the worker that decodes, on another thread.
//!
//! To inflate an object takes about as long as to decode it. A worker does both in turn while its text is in
//! cache, which costs the least. Where a core would be idle otherwise, it inflates for a worker instead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::block::{BLOCK_BYTES, Block, Blocks};
use super::inflate::{Content, Filled};
use super::{DecodeError, DecodeOptions};
use crate::source::Chunk;

/// A chunk in which nothing is compressed; one kind of [`Piece`](super::Piece).
#[derive(Clone, Debug)]
pub struct Inflated {
    pub(super) chunk: Chunk,
    /// How many bytes were read, as stored, for those of the chunk.
    pub(super) stored_bytes: u64,
    spent: Duration,
}

impl Inflated {
    /// How long inflating it took.
    pub fn spent(&self) -> Duration {
        self.spent
    }
}

/// Inflates the chunks of one split.
pub struct Inflating {
    options: DecodeOptions,
    blocks: Blocks,
    /// The object at hand, and the block that it fills.
    open: Option<(Content, Block)>,
    /// Bytes taken, and time spent, since the last chunk was given.
    stored_bytes: u64,
    spent: Duration,
}

impl Inflating {
    /// Makes ready for the first chunk.
    pub fn new(options: &DecodeOptions) -> Self {
        Inflating {
            options: options.clone(),
            blocks: Blocks::new(BLOCK_BYTES),
            open: None,
            stored_bytes: 0,
            spent: Duration::ZERO,
        }
    }

    /// Takes the next chunk, and hands to `give` what can be inflated by then, in order, for as long as it says
    /// that it wants more. Says so too.
    ///
    /// # Errors
    /// Where the object is damaged or inflates beyond the limits.
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
            // Records that are no part of an object; and whatever is out of order, of which the decoder complains.
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

    /// Gives blocks as far as the bytes reach.
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

/// The text of a block, which can be filled again once it is dropped.
struct Text(Arc<Block>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.text()
    }
}
