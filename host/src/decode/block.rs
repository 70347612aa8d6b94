//! Blocks of decompressed text, reused once no reference to them is left.

use std::sync::Arc;

use bytes::Bytes;

use crate::source::Messages;

/// Capacity of a block unless a record needs more: small enough for the L2 cache of a core.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Room for the rest of a record, beyond its carried beginning, in the first block that bridges to the next piece.
const BRIDGE_BYTES: usize = 4 << 10;

// Bytes after the text, so that a scanner may load 64 bytes anywhere in it. They are zeros, at which every scanner
// stops, or the bytes that follow the text in the source.
pub(super) use crate::source::PADDING;

/// Text followed by [`PADDING`].
#[derive(Debug, Default)]
pub(super) struct Block {
    memory: Memory,
    len: usize,
}

#[derive(Debug)]
enum Memory {
    /// Memory of the block: zeros follow the text.
    Own(Vec<u8>),
    /// A piece of the source: more of it follows the text.
    Lent(Bytes),
}

impl Default for Memory {
    fn default() -> Self {
        Memory::Own(Vec::new())
    }
}

impl Block {
    fn with_capacity(capacity: usize) -> Self {
        Block {
            memory: Memory::Own(vec![0; capacity + PADDING]),
            len: 0,
        }
    }

    /// A block over `bytes` without a copy: the last [`PADDING`] bytes are the padding. `None` if `bytes` is shorter
    /// than that.
    pub(super) fn lent(bytes: Bytes) -> Option<Self> {
        let len = bytes.len().checked_sub(PADDING)?;
        Some(Block {
            memory: Memory::Lent(bytes),
            len,
        })
    }

    /// A block over the values of messages, without a copy.
    pub(super) fn of_messages(messages: &Messages) -> Self {
        let values = messages.values().clone();
        Block {
            len: values.len() - PADDING,
            memory: Memory::Lent(values),
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.memory {
            Memory::Own(bytes) => bytes,
            Memory::Lent(bytes) => bytes,
        }
    }

    /// The most bytes of text that the block can hold.
    pub(super) fn capacity(&self) -> usize {
        self.bytes().len().saturating_sub(PADDING)
    }

    /// Length of the text, in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The text.
    #[inline(always)]
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes()[..self.len]
    }

    /// The text and the padding after it.
    #[inline(always)]
    pub(super) fn padded(&self) -> &[u8] {
        &self.bytes()[..self.len + PADDING]
    }

    /// The bytes of the source from `at` on that the block holds: to the end of the text, or of the piece that was
    /// lent.
    pub(super) fn rest(&self, at: usize) -> &[u8] {
        match &self.memory {
            Memory::Own(bytes) => &bytes[at..self.len],
            Memory::Lent(bytes) => &bytes[at..],
        }
    }

    /// The free room after the text. [`advance`](Block::advance) makes what was written there part of the text.
    pub(super) fn room(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Own(bytes) => {
                let end = bytes.len().saturating_sub(PADDING);
                &mut bytes[self.len..end]
            }
            Memory::Lent(_) => &mut [],
        }
    }

    /// Extends the text by `written` bytes of the room.
    pub(super) fn advance(&mut self, written: usize) {
        self.len += written;
        debug_assert!(self.len <= self.capacity());
    }

    /// Appends `text`, which fits into the room.
    pub(super) fn append(&mut self, text: &[u8]) {
        self.room()[..text.len()].copy_from_slice(text);
        self.advance(text.len());
    }

    /// Prepares the block to be shared: sets the padding to zeros, if the memory is the block's own.
    pub(super) fn seal(mut self) -> Arc<Block> {
        if let Memory::Own(bytes) = &mut self.memory {
            bytes[self.len..self.len + PADDING].fill(0);
        }
        Arc::new(self)
    }
}

/// A pool of blocks.
#[derive(Debug)]
pub(super) struct Blocks {
    block_bytes: usize,
    /// Blocks that were shared, used as a stack: the one released last is the likeliest to be in cache.
    lent: Vec<Arc<Block>>,
}

/// The most blocks that are kept for reuse; more than a batch refers to.
const KEPT_BLOCKS: usize = 64;

impl Blocks {
    pub(super) fn new(block_bytes: usize) -> Self {
        Blocks {
            block_bytes,
            lent: Vec::new(),
        }
    }

    /// An empty block with room for `carried` bytes and at least as many more, so that a record that spans several
    /// blocks is parsed again only each time its length doubles.
    pub(super) fn take(&mut self, carried: usize) -> Block {
        let capacity = self.block_bytes.max(carried.saturating_mul(2));
        if capacity > self.block_bytes {
            return Block::with_capacity(capacity);
        }
        for at in (0..self.lent.len()).rev() {
            if let Some(block) = Arc::get_mut(&mut self.lent[at]) {
                let mut block = std::mem::take(block);
                self.lent.swap_remove(at);
                block.len = 0;
                return block;
            }
        }
        Block::with_capacity(capacity)
    }

    /// The least length of a piece that becomes a block without a copy; shorter pieces are copied together.
    pub(super) fn least_lent(&self) -> usize {
        (self.block_bytes / 16).max(2 * PADDING)
    }

    /// An empty block with room for `carried` bytes and the rest of a record of usual length.
    pub(super) fn bridge(&self, carried: usize) -> Block {
        let ahead = BRIDGE_BYTES.min(self.block_bytes);
        Block::with_capacity(carried + carried.max(ahead))
    }

    /// Keeps a block for reuse once no other reference to it is left.
    pub(super) fn give(&mut self, block: Arc<Block>) {
        let is_own = matches!(block.memory, Memory::Own(_));
        if is_own && block.capacity() == self.block_bytes && self.lent.len() < KEPT_BLOCKS {
            self.lent.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_only_when_nobody_refers_to_it() {
        let mut blocks = Blocks::new(64);
        let mut block = blocks.take(0);
        block.append(b"abc");
        let shared = block.seal();
        let memory = shared.text().as_ptr();
        blocks.give(shared.clone());
        assert_ne!(blocks.take(0).text().as_ptr(), memory);
        assert_eq!(shared.padded()[3..], [0; PADDING]);
        drop(shared);
        let again = blocks.take(0);
        assert_eq!((again.text().as_ptr(), again.len()), (memory, 0));
        let sealed = again.seal();
        assert_eq!(sealed.padded(), [0; PADDING], "not what stood there before");
    }

    #[test]
    fn what_is_carried_doubles_the_block() {
        let mut blocks = Blocks::new(64);
        let grown = blocks.take(100);
        assert_eq!(grown.capacity(), 200);
        blocks.give(grown.seal());
        assert_eq!(blocks.take(0).capacity(), 64, "it is not kept");
    }
}
