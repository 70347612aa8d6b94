//! The reader of Avro objects: the rows of one block after another.

use std::sync::Arc;

use bytes::Bytes;

use super::codec::{Codec, Fault};
use super::cut::Cut;
use super::datum::Datums;
use super::header::{Cursor, Header, SYNC_BYTES, Unread};
use super::schema;
use super::shape::{VALUES_BYTES, check_items};
use crate::decode::block::Blocks;
use crate::decode::columnar::damage::Subject;
use crate::decode::columnar::{Binding, ColumnPiece, RowMetadata};
use crate::decode::inflate::{Content, Filled};
use crate::decode::reader::{Paused, Reader};
use crate::decode::rows::Rows;
use crate::decode::{DecodeError, DecodeOptions};
use crate::source::Object;
use crate::units::ByteSize;

/// Reads one Avro object.
pub(in crate::decode) struct AvroReader {
    object: Arc<Object>,
    source: Arc<str>,
    limit: ByteSize,
    content: Content,
    /// Inflated bytes; those from `at` on are not yet read.
    waiting: Vec<u8>,
    at: usize,
    is_last: bool,
    open: Option<Open>,
    /// Ordinal of the next row passed to [`Rows`].
    ordinal: i64,
    /// Number of blocks begun, plus one for the header.
    parts: u64,
}

/// The reason to refuse a block that has more bytes than its records.
const UNFILLED: &str = "its records do not fill it";

/// An object whose header was read.
struct Open {
    codec: Codec,
    sync: [u8; SYNC_BYTES],
    datums: Datums,
    binding: Arc<Binding>,
    block: Vec<u8>,
    /// Index of the next byte of the block.
    at: usize,
    /// Number of records left in the block.
    records: u64,
    /// Items that take no bytes, in the records of the block so far.
    free_items: u64,
    /// Size in memory of the next record, once it is known.
    next_bytes: Option<u64>,
    /// Approximate size in memory of the records in the decoder, in bytes.
    held_bytes: u64,
}

impl AvroReader {
    pub(in crate::decode) fn new(
        object: Arc<Object>,
        content: Content,
        options: &DecodeOptions,
    ) -> Self {
        AvroReader {
            source: object.key.as_str().into(),
            object,
            limit: options.max_row_group,
            content,
            waiting: Vec::new(),
            at: 0,
            is_last: false,
            open: None,
            ordinal: 0,
            parts: 0,
        }
    }

    /// Reads a value from the front of the waiting bytes; `None` if more bytes of the object are needed.
    fn parse<T>(
        &mut self,
        read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Unread>,
    ) -> Result<Option<T>, DecodeError> {
        let mut cursor = Cursor {
            bytes: &self.waiting[self.at..],
        };
        match read(&mut cursor) {
            Ok(value) => {
                self.at = self.waiting.len() - cursor.bytes.len();
                Ok(Some(value))
            }
            Err(Unread::Short) if self.is_last => {
                Err(subject(&self.source).damaged(self.place(), "it is cut off"))
            }
            Err(Unread::Short) if self.waiting.len() - self.at > self.limit.bytes() => {
                Err(self.too_large())
            }
            Err(Unread::Short) => Ok(None),
            Err(Unread::Damaged(detail)) => {
                Err(subject(&self.source).damaged(self.place(), detail))
            }
        }
    }

    /// Inflates more of the object; false if more stored bytes are needed.
    fn fill(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Result<bool, DecodeError> {
        self.waiting.drain(..self.at);
        self.at = 0;
        let mut block = blocks.take(0);
        let filled = self.content.fill(&mut block)?;
        self.waiting.extend_from_slice(block.text());
        rows.counts.decoded_bytes += block.len() as u64;
        blocks.give(block.seal());
        self.is_last = filled == Filled::End;
        Ok(filled != Filled::Hungry)
    }

    fn place(&self) -> String {
        match self.parts {
            0 => "its header".to_owned(),
            number => format!("block {number}"),
        }
    }

    /// The name of the current block, for errors.
    fn within(&self) -> String {
        format!("block {}", self.parts.saturating_sub(1))
    }

    fn too_large(&self) -> DecodeError {
        DecodeError::BlockTooLarge {
            object: self.source.to_string(),
            limit: self.limit,
        }
    }

    /// Prepares for the records of an object with this header.
    fn begin(&self, header: Header, rows: &Rows) -> Result<Open, DecodeError> {
        let subject = subject(&self.source);
        let codec = Codec::of_name(&header.codec).ok_or_else(|| {
            subject.not_read(format!(
                "its blocks are compressed with `{}`. Write it anew with deflate, snappy, zstandard or bzip2",
                header.codec
            ))
        })?;
        let (plan, batch_rows) = (rows.column_plan(), rows.batch_rows());
        let place = || "its schema".to_owned();
        let made = subject.guarded(place, || {
            match Datums::new(&header.schema, plan, batch_rows) {
                Err(schema::Fault::NotRead(situation)) => Ok(Err(situation)),
                made => made.map(Ok),
            }
        })?;
        let datums = made.map_err(|situation| subject.not_read(situation))?;
        let binding = Binding::new(rows.column_plan(), datums.columns(), &self.object)?;
        Ok(Open {
            codec,
            sync: header.sync,
            datums,
            binding: Arc::new(binding),
            block: Vec::new(),
            at: 0,
            records: 0,
            free_items: 0,
            next_bytes: None,
            held_bytes: 0,
        })
    }

    /// Begins the next block; `None` if more bytes of the object are needed.
    fn next_block(&mut self, open: &mut Open) -> Result<Option<()>, DecodeError> {
        let limit = self.limit.bytes();
        let (codec, sync) = (open.codec, open.sync);
        let block = self.parse(|cursor| {
            let records = u64::try_from(cursor.long()?);
            let records = records.map_err(|_| Unread::Damaged("a negative count of records"))?;
            let length = usize::try_from(cursor.long()?)
                .map_err(|_| Unread::Damaged("a negative length"))?;
            if length > limit {
                return Ok(Err(Fault::TooLarge));
            }
            let block = cursor.take(length)?;
            if cursor.sync()? != sync {
                return Err(Unread::Damaged("it does not end with the sync marker"));
            }
            Ok(codec.decompress(block, limit).map(|block| (records, block)))
        })?;
        let Some(block) = block else {
            return Ok(None);
        };
        let (records, block) = block.map_err(|fault| match fault {
            Fault::TooLarge => self.too_large(),
            Fault::Damaged(detail) => subject(&self.source).damaged(self.place(), detail),
        })?;
        if records > block.len() as u64 {
            let detail = format!("{records} records in {} bytes", block.len());
            return Err(subject(&self.source).damaged(self.place(), detail));
        }
        let block = match &open.datums.cut {
            Some(cut) => self.cut(cut, records, &block)?,
            None => block,
        };
        (open.records, open.block, open.at) = (records, block, 0);
        open.free_items = 0;
        self.parts += 1;
        Ok(Some(()))
    }

    /// What is kept of the records of a block.
    fn cut(&self, cut: &Cut, records: u64, block: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let damaged = |detail| subject(&self.source).damaged(self.place(), detail);
        let (mut cursor, mut kept) = (Cursor { bytes: block }, Vec::new());
        for _ in 0..records {
            let read = cut.datum(&mut cursor, &mut kept);
            read.map_err(|unread| damaged(unread.detail()))?;
        }
        match cursor.bytes.is_empty() {
            true => Ok(kept),
            false => Err(damaged(UNFILLED)),
        }
    }

    /// Decodes records of the block until a batch is full; returns whether it is.
    fn decode(&self, open: &mut Open) -> Result<bool, DecodeError> {
        let subject = subject(&self.source);
        while open.records > 0 && !open.datums.decoder.batch_is_full() {
            let bytes = match (open.next_bytes.take(), open.datums.shape.gain()) {
                (Some(bytes), _) => bytes,
                // Counted after it is decoded, by its stored length.
                (None, Some(_)) => 0,
                (None, None) => self.weigh(open)?,
            };
            let held = open.held_bytes.saturating_add(bytes);
            if open.held_bytes > 0 && held > VALUES_BYTES {
                open.next_bytes = Some(bytes);
                return Ok(true);
            }
            let rest = &open.block[open.at..];
            let read = subject.guarded(|| self.within(), || open.datums.decoder.decode(rest))?;
            let gained = open
                .datums
                .shape
                .gain()
                .unwrap_or(0)
                .saturating_mul(read as u64);
            open.held_bytes = held.saturating_add(gained);
            open.at += read;
            open.records -= 1;
        }
        if open.records == 0 && open.at < open.block.len() {
            return Err(subject.damaged(self.within(), UNFILLED));
        }
        Ok(open.datums.decoder.batch_is_full())
    }

    /// Size in memory of the next record, in bytes.
    ///
    /// # Errors
    /// If the record is damaged or too large to be decoded.
    fn weigh(&self, open: &mut Open) -> Result<u64, DecodeError> {
        let damaged = |detail: String| subject(&self.source).damaged(self.within(), detail);
        let weight = open.datums.shape.weigh(&open.block[open.at..]);
        let weight = weight.map_err(|detail| damaged(detail.to_owned()))?;
        open.free_items = open.free_items.saturating_add(weight.free_items);
        check_items(open.free_items, open.block.len()).map_err(damaged)?;
        if weight.bytes > self.limit.0.max(VALUES_BYTES) {
            return Err(DecodeError::RowTooLarge {
                object: self.source.to_string(),
                place: self.within(),
                size: ByteSize(weight.bytes),
                limit: self.limit,
            });
        }
        Ok(weight.bytes)
    }

    /// Passes the rows in the decoder to `rows`.
    fn hand_over(&mut self, open: &mut Open, rows: &mut Rows) -> Result<(), DecodeError> {
        let subject = subject(&self.source);
        let Some(batch) = subject.guarded(|| self.within(), || open.datums.decoder.flush())? else {
            return Ok(());
        };
        open.held_bytes = 0;
        let first = self.ordinal;
        self.ordinal += batch.num_rows() as i64;
        rows.push_columns(ColumnPiece {
            metadata: RowMetadata::Object {
                source: self.source.clone(),
                time_us: self.object.modified_us,
                first,
            },
            binding: open.binding.clone(),
            rows: batch,
        });
        Ok(())
    }

    /// Reads an open object as far as its bytes reach.
    fn read(
        &mut self,
        open: &mut Open,
        rows: &mut Rows,
        blocks: &mut Blocks,
    ) -> Result<Paused, DecodeError> {
        loop {
            if rows.is_full_for_columns() {
                return Ok(Paused::Full);
            }
            if open.records > 0 {
                if self.decode(open)? {
                    self.hand_over(open, rows)?;
                }
                continue;
            }
            if self.is_last && self.at == self.waiting.len() {
                self.hand_over(open, rows)?;
                return Ok(Paused::Done);
            }
            if self.next_block(open)?.is_none() && !self.fill(rows, blocks)? {
                return Ok(Paused::Hungry);
            }
        }
    }
}

impl Reader for AvroReader {
    fn feed(&mut self, bytes: Bytes) {
        self.content.feed(bytes);
    }

    fn end(&mut self) {
        self.content.end();
    }

    fn advance(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Result<Paused, DecodeError> {
        loop {
            if let Some(mut open) = self.open.take() {
                let paused = self.read(&mut open, rows, blocks);
                self.open = Some(open);
                return paused;
            }
            match self.parse(|cursor| cursor.header())? {
                Some(header) => {
                    self.open = Some(self.begin(header, rows)?);
                    self.parts = 1;
                }
                None if self.fill(rows, blocks)? => {}
                None => return Ok(Paused::Hungry),
            }
        }
    }
}

fn subject(object: &str) -> Subject<'_> {
    Subject {
        object,
        format: "Avro",
    }
}
