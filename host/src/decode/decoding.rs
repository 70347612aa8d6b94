//! The interface of a worker: pieces in, events out.

use std::collections::VecDeque;
use std::sync::Arc;

use super::block::{BLOCK_BYTES, Blocks};
use super::columnar::{AvroMessages, Decoders, GroupReader};
use super::format::{Opening, reader_of_record};
use super::inflate::Content;
use super::json::Processor;
use super::messages::MessageReader;
use super::piece::Piece;
use super::reader::{Paused, Reader};
use super::rows::Rows;
use super::{DecodeError, DecodeOptions, Events, Format, Projection, Schemas, Spent};
use crate::source::{Chunk, Object};

/// Decodes the pieces of one split after another, on the thread of a worker.
///
/// After each [`push`](Decoding::push), call [`next`](Decoding::next) until it returns `None`; after the last piece of
/// a split, call [`finish`](Decoding::finish). A decoding that returned an error cannot be used further.
pub struct Decoding {
    options: DecodeOptions,
    rows: Rows,
    blocks: Blocks,
    pieces: VecDeque<Piece>,
    /// The object whose chunks are being pushed.
    open: Option<Arc<Object>>,
    reading: Reading,
    /// Decoders of Avro messages; `None` where messages are text.
    avro: Option<Decoders>,
}

enum Reading {
    Nothing,
    /// An object whose format is not yet known.
    Opening(Box<Opening>),
    Object(Box<dyn Reader>),
    RowGroup(Box<GroupReader>),
    Messages(MessageReader),
    AvroMessages(AvroMessages),
}

impl Decoding {
    /// A decoding that makes the columns of `projection`.
    ///
    /// It uses the best vector instructions of the processor, or none if the environment has `BACKFOLD_SIMD=off`.
    ///
    /// # Errors
    /// If a setting of `options` is out of range, or if the projection wants values that the format cannot have.
    pub fn new(projection: Projection, options: &DecodeOptions) -> Result<Self, DecodeError> {
        let processor = Processor::detect();
        tracing::debug!(instructions = processor.name(), "decoding");
        Self::with(projection, options, BLOCK_BYTES, processor)
    }

    pub(super) fn with(
        projection: Projection,
        options: &DecodeOptions,
        block_bytes: usize,
        processor: Processor,
    ) -> Result<Self, DecodeError> {
        options.check()?;
        options.check_paths(&projection)?;
        let projection = options.open(projection)?;
        Ok(Decoding {
            rows: Rows::new(projection, options.batch_rows as usize, processor)?
                .converting(options.conversion()),
            options: options.clone(),
            blocks: Blocks::new(block_bytes),
            pieces: VecDeque::new(),
            open: None,
            reading: Reading::Nothing,
            avro: None,
        })
    }

    /// Reads messages as Avro, if that is the format of the job. `schemas` has to have the schema of each message, or
    /// the reason why there is none, before the message is pushed. Without `schemas`, messages are text.
    #[must_use]
    pub fn with_schemas(mut self, schemas: Option<Schemas>) -> Self {
        let schemas = schemas.filter(|_| self.options.format == Format::Avro);
        self.avro = schemas.map(Decoders::new);
        self
    }

    /// Queues the next piece of the split.
    ///
    /// # Errors
    /// If the piece is out of order: bytes outside of an object, or another object before the end of the last.
    pub fn push(&mut self, piece: impl Into<Piece>) -> Result<(), DecodeError> {
        let piece = piece.into();
        match (&piece, &self.open) {
            (Piece::Chunk(chunk), _) => self.check_order(chunk)?,
            (Piece::Inflated(inflated), _) => self.check_order(&inflated.chunk)?,
            (Piece::RowGroup(_), Some(object)) => return Err(unfinished(object)),
            (Piece::RowGroup(_), None) => {}
        }
        self.pieces.push_back(piece);
        Ok(())
    }

    fn check_order(&mut self, chunk: &Chunk) -> Result<(), DecodeError> {
        match (chunk, &self.open) {
            (Chunk::Object(_) | Chunk::Messages(_) | Chunk::Record(_), Some(object)) => {
                return Err(unfinished(object));
            }
            (Chunk::Bytes(_) | Chunk::End, None) => return Err(DecodeError::Stray),
            (Chunk::Object(object), None) => self.open = Some(object.clone()),
            (Chunk::End, Some(_)) => self.open = None,
            (Chunk::Bytes(_), Some(_)) | (Chunk::Messages(_) | Chunk::Record(_), None) => {}
        }
        Ok(())
    }

    /// Decodes until a batch is full and returns it, or returns `None` if another chunk is needed. A batch is full at
    /// [`DecodeOptions::batch_rows`] rows, or earlier if its records or rejections take much memory.
    ///
    /// # Errors
    /// If an object cannot be decoded further. What is wrong with one record is a rejection, not an error.
    #[expect(clippy::should_implement_trait, reason = "it is not over after None")]
    pub fn next(&mut self) -> Result<Option<Events>, DecodeError> {
        loop {
            if self.rows.is_due() {
                return Ok(Some(self.rows.take()));
            }
            let (reading, paused) = match std::mem::replace(&mut self.reading, Reading::Nothing) {
                Reading::Nothing => (Reading::Nothing, Paused::Hungry),
                Reading::Opening(opening) => match opening.open(&self.options)? {
                    Ok(reader) => {
                        self.reading = Reading::Object(reader);
                        continue;
                    }
                    Err(opening) => (Reading::Opening(Box::new(opening)), Paused::Hungry),
                },
                Reading::Object(mut reader) => {
                    let paused = reader.advance(&mut self.rows, &mut self.blocks)?;
                    (Reading::Object(reader), paused)
                }
                Reading::RowGroup(mut reader) => {
                    let paused = reader.advance(&mut self.rows)?;
                    (Reading::RowGroup(reader), paused)
                }
                Reading::Messages(mut reader) => {
                    let paused = reader.advance(&mut self.rows);
                    (Reading::Messages(reader), paused)
                }
                Reading::AvroMessages(mut reader) => {
                    let paused = match &mut self.avro {
                        Some(decoders) => reader.advance(&mut self.rows, decoders),
                        None => Paused::Done,
                    };
                    (Reading::AvroMessages(reader), paused)
                }
            };
            self.reading = reading;
            match paused {
                Paused::Full => return Ok(Some(self.rows.take())),
                Paused::Done => self.reading = Reading::Nothing,
                Paused::Hungry => match self.pieces.pop_front() {
                    None => return Ok(None),
                    Some(piece) => self.take_in(piece),
                },
            }
        }
    }

    /// Ends a split: returns its last batch, if it has one. The next split can then be pushed.
    ///
    /// # Errors
    /// As [`next`](Decoding::next), and if the last object was not pushed to its end.
    pub fn finish(&mut self) -> Result<Option<Events>, DecodeError> {
        if let Some(events) = self.next()? {
            // Only if the caller did not call `next` until `None`: the rest stays for the next call.
            return Ok(Some(events));
        }
        if let Some(object) = &self.open {
            return Err(unfinished(object));
        }
        self.rows.end_split();
        Ok(if self.rows.is_idle() {
            None
        } else {
            Some(self.rows.take())
        })
    }

    /// Ends the decoding in the middle of an object, and returns the events since the batch before.
    pub fn into_so_far(mut self) -> Events {
        self.rows.take()
    }

    /// Time spent since the call before.
    pub fn take_spent(&mut self) -> Spent {
        std::mem::take(&mut self.rows.spent)
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn parser(&mut self) -> &mut super::json::RecordParser {
        self.rows.parser()
    }

    fn take_in(&mut self, piece: Piece) {
        let (chunk, inflated_from) = match piece {
            Piece::Chunk(chunk) => (chunk, None),
            Piece::Inflated(inflated) => (inflated.chunk, Some(inflated.stored_bytes)),
            Piece::RowGroup(group) => {
                if group.is_first() {
                    self.rows.begin_object(group.object());
                }
                self.reading = Reading::RowGroup(Box::new(GroupReader::new(group)));
                return;
            }
        };
        match (chunk, &mut self.reading) {
            (Chunk::Object(object), _) => {
                let content = match inflated_from {
                    None => Content::new(&object.key, &self.options),
                    Some(_) => Content::inflated(&object.key),
                };
                self.rows.begin_object(&object);
                self.reading = Reading::Opening(Box::new(Opening::new(object, content)));
            }
            (Chunk::Messages(messages), _) => {
                self.rows.begin_log(None);
                self.reading = match self.avro {
                    Some(_) => Reading::AvroMessages(AvroMessages::new(messages, &self.options)),
                    None => Reading::Messages(MessageReader::new(messages, &self.options)),
                };
            }
            (Chunk::Record(record), _) => {
                self.rows.begin_log(record.key_fields.as_ref());
                self.rows.counts.stored_bytes += record.bytes.len() as u64;
                self.reading = Reading::Object(reader_of_record(*record, &self.options));
            }
            (Chunk::Bytes(bytes), reading) => {
                self.rows.counts.stored_bytes += inflated_from.unwrap_or(bytes.len() as u64);
                match reading {
                    Reading::Opening(opening) => opening.feed(bytes),
                    Reading::Object(reader) => reader.feed(bytes),
                    _ => unreachable!("{REFUSED}"),
                }
            }
            (Chunk::End, reading) => {
                self.rows.counts.stored_bytes += inflated_from.unwrap_or(0);
                match reading {
                    Reading::Opening(opening) => opening.end(),
                    Reading::Object(reader) => reader.end(),
                    _ => unreachable!("{REFUSED}"),
                }
            }
        }
    }
}

const REFUSED: &str = "`check_order` refuses bytes outside of an object";

fn unfinished(object: &Object) -> DecodeError {
    DecodeError::Unfinished {
        object: object.key.clone(),
    }
}
