//! Where the rows of a batch came from.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::Position;
use super::block::Block;
use super::columnar::Lines;
use crate::source::{Attached, Messages};

/// The position of each row of a batch, and its bytes until they are forgotten.
#[derive(Clone, Debug)]
pub struct Provenance(Rows);

#[derive(Clone, Debug)]
enum Rows {
    /// Records in the text of a source.
    Text {
        rows: Arc<Vec<Row>>,
        stretches: Vec<Stretch>,
    },
    /// Rows of columns.
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

/// A row of columns that became a row of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnRow {
    /// As in [`Position`].
    pub(super) offset: i64,
    /// The place of what it is of among the sources.
    pub(super) source: u32,
    /// Its place there.
    pub(super) row: u32,
}

/// What rows of columns were taken from.
#[derive(Clone, Debug)]
pub(super) enum ColumnSource {
    /// An object that holds columns, by its key.
    Object {
        source: Arc<str>,
        /// The columns, until they are forgotten.
        lines: Option<Arc<Lines>>,
    },
    /// Messages of a log.
    Log {
        topic: Arc<str>,
        partition: Option<i32>,
        /// `None` once forgotten.
        messages: Option<Arc<Messages>>,
    },
}

impl ColumnSource {
    /// Whether both are the same messages.
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

    /// What it keeps in memory until it is forgotten.
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
    /// The line that names the columns of the object, as [`Rejected::header`](super::Rejected::header) has it.
    pub(super) header: Option<Bytes>,
    /// What the block is made of, where that is messages; `None` once forgotten.
    pub(super) messages: Option<Arc<Messages>>,
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

    /// What a log keeps of the record at that offset.
    pub(super) fn attached(&self, offset: i64) -> Option<Attached> {
        let message = self.messages.as_ref()?.at_offset(offset)?;
        Some(message.attached())
    }
}

impl Provenance {
    pub(super) fn new(rows: Vec<Row>, stretches: Vec<Stretch>) -> Self {
        Provenance(Rows::Text {
            rows: Arc::new(rows),
            stretches,
        })
    }

    pub(super) fn of_columns(rows: Vec<ColumnRow>, sources: Vec<ColumnSource>) -> Self {
        Provenance(Rows::Columns {
            rows: Arc::new(rows),
            sources,
        })
    }

    /// How many rows the batch has.
    pub fn rows(&self) -> usize {
        match &self.0 {
            Rows::Text { rows, .. } => rows.len(),
            Rows::Columns { rows, .. } => rows.len(),
        }
    }

    /// Where the record of `row` stands.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn position(&self, row: usize) -> Position {
        match &self.0 {
            Rows::Text { rows, stretches } => {
                let row = rows[row];
                stretches[row.stretch as usize].position(row.offset, row.start as usize)
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].position(row.offset)
            }
        }
    }

    /// The record of `row` as it stood in the source, decompressed; of an object that holds columns, the wanted values
    /// as a line of JSON. `None` of a tombstone, and once it was forgotten.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn bytes(&self, row: usize) -> Option<Cow<'_, [u8]>> {
        match &self.0 {
            Rows::Text { rows, stretches } => {
                let row = rows[row];
                let stretch = &stretches[row.stretch as usize];
                let block = stretch.block.as_ref()?;
                let is_tombstone = |messages: &Arc<Messages>| {
                    let message = messages.at_offset(row.offset);
                    message.is_some_and(|message| message.value.is_none())
                };
                if stretch.messages.as_ref().is_some_and(is_tombstone) {
                    return None;
                }
                let text = &block.text()[row.start as usize..row.end as usize];
                Some(Cow::Borrowed(text))
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].bytes(row.row as usize)
            }
        }
    }

    /// What a log keeps of the record of `row` beside its value. `None` of a record of an archive, and once the bytes were
    /// forgotten.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn attached(&self, row: usize) -> Option<Attached> {
        match &self.0 {
            Rows::Text { rows, stretches } => {
                let row = rows[row];
                stretches[row.stretch as usize].attached(row.offset)
            }
            Rows::Columns { rows, sources } => {
                let row = rows[row];
                sources[row.source as usize].attached(row.row as usize)
            }
        }
    }

    /// The line that names the columns of the object that the record of `row` is in, where it is CSV with a header.
    ///
    /// # Panics
    /// Where the batch has no such row.
    pub fn header(&self, row: usize) -> Option<Bytes> {
        match &self.0 {
            Rows::Text { rows, stretches } => stretches[rows[row].stretch as usize].header.clone(),
            Rows::Columns { .. } => None,
        }
    }

    /// Takes out the rows that are not `kept`, one answer for each.
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

    /// Lets go of the records' bytes; their positions stay known.
    pub fn forget_bytes(&mut self) {
        match &mut self.0 {
            Rows::Text { stretches, .. } => stretches.iter_mut().for_each(|stretch| {
                stretch.block = None;
                stretch.messages = None;
            }),
            Rows::Columns { sources, .. } => {
                sources.iter_mut().for_each(ColumnSource::forget_bytes)
            }
        }
    }
}
