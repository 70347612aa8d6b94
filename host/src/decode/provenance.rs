//! Where the rows of a batch came from.

use std::sync::Arc;

use super::Position;
use super::block::Block;

/// The position of each row of a batch, and its bytes until they are forgotten.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    rows: Arc<Vec<Row>>,
    stretches: Vec<Stretch>,
}

/// A record that became a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// As in [`Position`].
    pub(super) offset: i64,
    /// Its place among the stretches.
    pub(super) stretch: u32,
    /// Its text is `start..end` of the stretch's block.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A block that holds records of one source.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) source: Arc<str>,
    pub(super) partition: Option<i32>,
    /// Where the block begins within the decompressed object.
    pub(super) byte: Option<u64>,
    /// `None` once forgotten.
    pub(super) block: Option<Arc<Block>>,
}

impl Stretch {
    /// The position of the record that begins at `start` of the block.
    pub(super) fn position(&self, offset: i64, start: usize) -> Position {
        Position {
            source: self.source.clone(),
            partition: self.partition,
            offset,
            byte: self.byte.map(|byte| byte + start as u64),
        }
    }
}

impl Provenance {
    pub(super) fn new(rows: Vec<Row>, stretches: Vec<Stretch>) -> Self {
        Provenance {
            rows: Arc::new(rows),
            stretches,
        }
    }

    /// How many rows the batch has.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Where the record of `row` stands.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn position(&self, row: usize) -> Position {
        let row = self.rows[row];
        self.stretches[row.stretch as usize].position(row.offset, row.start as usize)
    }

    /// The record of `row` as it stood in the source, decompressed; `None` once it was forgotten.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn bytes(&self, row: usize) -> Option<&[u8]> {
        let row = self.rows[row];
        let block = self.stretches[row.stretch as usize].block.as_ref()?;
        Some(&block.text()[row.start as usize..row.end as usize])
    }

    /// Lets go of the records' bytes; their positions stay known.
    pub fn forget_bytes(&mut self) {
        for stretch in &mut self.stretches {
            stretch.block = None;
        }
    }
}
