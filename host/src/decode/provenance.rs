//! Position and bytes of the record of each row of a batch.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::Position;
use super::block::Block;
use super::columnar::Lines;
use crate::source::{Attached, Messages};

/// The position of the record of each row of a batch, and its bytes until [`forget_bytes`](Provenance::forget_bytes).
#[derive(Clone, Debug)]
pub struct Provenance(Rows);

#[derive(Clone, Debug)]
enum Rows {
    /// Records of formats that are text.
    Text {
        rows: Arc<Vec<Row>>,
        blocks: Vec<SourceBlock>,
    },
    /// Records of columnar formats.
    Columns {
        rows: Arc<Vec<ColumnRow>>,
        sources: Vec<ColumnSource>,
    },
}

impl Default for Provenance {
    fn default() -> Self {
        Provenance::new(Vec::new(), Vec::new())
    }
}

/// A row of a columnar format that became a row of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnRow {
    /// As in [`Position`].
    pub(super) offset: i64,
    /// Index among the sources.
    pub(super) source: u32,
    /// Index of the row in its source.
    pub(super) row: u32,
}

/// The source of rows of a columnar format.
#[derive(Clone, Debug)]
pub(super) enum ColumnSource {
    /// A columnar object, by its key.
    Object {
        source: Arc<str>,
        /// The columns; `None` once forgotten.
        lines: Option<Arc<Lines>>,
    },
    /// Avro messages of a log.
    Log {
        topic: Arc<str>,
        partition: Option<i32>,
        /// `None` once forgotten.
        messages: Option<Arc<Messages>>,
    },
}

impl ColumnSource {
    /// Whether both are the same chunk of messages.
    pub(super) fn is_same(&self, other: &ColumnSource) -> bool {
        match (self, other) {
            (
                ColumnSource::Log {
                    messages: Some(one),
                    ..
                },
                ColumnSource::Log {
                    messages: Some(other),
                    ..
                },
            ) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Bytes that the source keeps in memory until they are forgotten.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            ColumnSource::Object { lines, .. } => {
                lines.as_ref().map_or(0, |lines| lines.size_bytes())
            }
            ColumnSource::Log { messages, .. } => messages
                .as_ref()
                .map_or(0, |messages| messages.size_bytes()),
        }
    }

    fn position(&self, offset: i64) -> Position {
        let (source, partition) = match self {
            ColumnSource::Object { source, .. } => (source, None),
            ColumnSource::Log {
                topic, partition, ..
            } => (topic, *partition),
        };
        Position {
            source: source.clone(),
            partition,
            offset,
            byte: None,
        }
    }

    fn bytes(&self, row: usize) -> Option<Cow<'_, [u8]>> {
        match self {
            ColumnSource::Object { lines, .. } => {
                lines.as_ref().map(|lines| Cow::Owned(lines.line(row)))
            }
            ColumnSource::Log { messages, .. } => messages
                .as_ref()
                .and_then(|messages| messages.get(row).value.map(Cow::Borrowed)),
        }
    }

    fn attached(&self, row: usize) -> Option<Attached> {
        match self {
            ColumnSource::Object { .. } => None,
            ColumnSource::Log { messages, .. } => Some(messages.as_ref()?.get(row).attached()),
        }
    }

    fn forget_bytes(&mut self) {
        match self {
            ColumnSource::Object { lines, .. } => *lines = None,
            ColumnSource::Log { messages, .. } => *messages = None,
        }
    }
}

/// A record of a text that became a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// As in [`Position`].
    pub(super) offset: i64,
    /// Index among the blocks.
    pub(super) block: u32,
    /// The record is `start..end` of the block's text.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A block of records of one source, with its position there.
#[derive(Clone, Debug)]
pub(super) struct SourceBlock {
    pub(super) source: Arc<str>,
    pub(super) partition: Option<i32>,
    /// Offset in bytes of the block in the decompressed object.
    pub(super) byte: Option<u64>,
    /// The block; `None` once forgotten.
    pub(super) text: Option<Arc<Block>>,
    /// The header line of a CSV object, as in [`Rejected::header`](super::Rejected::header).
    pub(super) header: Option<Bytes>,
    /// The messages of which the block is made; `None` in an archive, and once forgotten.
    pub(super) messages: Option<Arc<Messages>>,
}

impl SourceBlock {
    /// The position of the record that begins at `start` of the block.
    pub(super) fn position(&self, offset: i64, start: usize) -> Position {
        Position {
            source: self.source.clone(),
            partition: self.partition,
            offset,
            byte: self.byte.map(|byte| byte + start as u64),
        }
    }

    /// Key, headers and timestamp of the message at `offset`.
    pub(super) fn attached(&self, offset: i64) -> Option<Attached> {
        let message = self.messages.as_ref()?.at_offset(offset)?;
        Some(message.attached())
    }
}

impl Provenance {
    pub(super) fn new(rows: Vec<Row>, blocks: Vec<SourceBlock>) -> Self {
        Provenance(Rows::Text {
            rows: Arc::new(rows),
            blocks,
        })
    }

    pub(super) fn of_columns(rows: Vec<ColumnRow>, sources: Vec<ColumnSource>) -> Self {
        Provenance(Rows::Columns {
            rows: Arc::new(rows),
            sources,
        })
    }

    /// Number of rows in the batch.
    pub fn rows(&self) -> usize {
        match &self.0 {
            Rows::Text { rows, .. } => rows.len(),
            Rows::Columns { rows, .. } => rows.len(),
        }
    }

    /// The position of the record of `row`.
    ///
    /// # Panics
    /// If the batch has no such row.
    pub fn position(&self, row: usize) -> Position {
        match &self.0 {
            Rows::Text { rows, blocks } => {
                let row = rows[row];
                blocks[row.block as usize].position(row.offset, row.start as usize)
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].position(row.offset)
            }
        }
    }

    /// The record of `row`, decompressed; of a columnar object, its wanted values as a line of JSON. `None` for a
    /// tombstone, and once the bytes are forgotten.
    ///
    /// # Panics
    /// If the batch has no such row.
    pub fn bytes(&self, row: usize) -> Option<Cow<'_, [u8]>> {
        match &self.0 {
            Rows::Text { rows, blocks } => {
                let row = rows[row];
                let block = &blocks[row.block as usize];
                let sealed = block.text.as_ref()?;
                let is_tombstone = |messages: &Arc<Messages>| {
                    let message = messages.at_offset(row.offset);
                    message.is_some_and(|message| message.value.is_none())
                };
                if block.messages.as_ref().is_some_and(is_tombstone) {
                    return None;
                }
                let text = &sealed.text()[row.start as usize..row.end as usize];
                Some(Cow::Borrowed(text))
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].bytes(row.row as usize)
            }
        }
    }

    /// Key, headers and timestamp of the message of `row`. `None` for a record of an archive, and once the bytes are
    /// forgotten.
    ///
    /// # Panics
    /// If the batch has no such row.
    pub fn attached(&self, row: usize) -> Option<Attached> {
        match &self.0 {
            Rows::Text { rows, blocks } => {
                let row = rows[row];
                blocks[row.block as usize].attached(row.offset)
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].attached(row.row as usize)
            }
        }
    }

    /// The header line of the object of `row`, if it is CSV with a header.
    ///
    /// # Panics
    /// If the batch has no such row.
    pub fn header(&self, row: usize) -> Option<Bytes> {
        match &self.0 {
            Rows::Text { rows, blocks } => blocks[rows[row].block as usize].header.clone(),
            Rows::Columns { .. } => None,
        }
    }

    /// Keeps the rows for which `kept` is true; it has a value per row.
    pub(crate) fn retain(&mut self, kept: &[bool]) {
        fn retained<T: Copy>(rows: &Arc<Vec<T>>, kept: &[bool]) -> Arc<Vec<T>> {
            let rows = rows.iter().zip(kept);
            Arc::new(
                rows.filter(|(_, kept)| **kept)
                    .map(|(row, _)| *row)
                    .collect(),
            )
        }
        match &mut self.0 {
            Rows::Text { rows, .. } => *rows = retained(rows, kept),
            Rows::Columns { rows, .. } => *rows = retained(rows, kept),
        }
    }

    /// Releases the bytes of the records. Their positions stay known.
    pub fn forget_bytes(&mut self) {
        match &mut self.0 {
            Rows::Text { blocks, .. } => blocks.iter_mut().for_each(|block| {
                block.text = None;
                block.messages = None;
            }),
            Rows::Columns { sources, .. } => {
                sources.iter_mut().for_each(ColumnSource::forget_bytes)
            }
        }
    }
}
