//! JSON documents whose records are the elements of an array, at the path `decode.records`.
//!
//! The text of an object is one document after another, with [`separators`](super::separators) between them or none. A
//! document is never held as a whole: its members are passed over one at a time, and the elements of its array are read
//! as records. The limit `decode.max_record` holds for each member that is passed over, and for each element.
//!
//! Of several members with one name the first counts. A document without an array at the path is rejected. After a
//! fault outside of the elements, no place is known at which another document begins: the rest of the object is
//! rejected, all of it swallowed. An object that ends within a document is truncated.

use super::block::Block;
use super::json::{Fault, FaultKind, LOOKAHEAD_BYTES, same_text, segments, skip_blanks};
use super::look::{self, LOOK_BYTES};
use super::objects::JsonObjects;
use super::position::Position;
use super::rows::Rows;
use super::separators::{Array, Separated, Separators};
use super::text::{BYTE_ORDER_MARK, ObjectCursor, Records, Stopped, Text, too_long};
use super::{DecodeError, DecodeOptions};

/// The most bytes of a document that the reason of its rejection shows.
const SHOWN_BYTES: usize = 120;

/// Framing of the records in the documents of a text.
pub(super) struct JsonDocuments {
    /// The path of the array, as the job has it, and its names.
    path: String,
    names: Vec<Vec<u8>>,
    max_record: usize,
    separators: Separators,
    elements: JsonObjects,
    place: Place,
    /// For each open object on the path, the document first: whether the next name of the path was met there.
    met: Vec<bool>,
    document: Option<Document>,
}

/// The place at which reading continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between documents.
    Outside,
    /// At the first member of an object, or its end.
    FirstMember,
    /// At another member.
    Member,
    /// After a member.
    AfterMember,
    /// Among the elements.
    Elements,
}

/// A document in which the array was not found yet.
struct Document {
    position: Position,
    length_bytes: u64,
    /// The first [`SHOWN_BYTES`].
    beginning: Vec<u8>,
}

/// The end of a step within a document.
enum Step {
    /// Reading continues after this position.
    To(usize, Place),
    /// It depends on the bytes after the block.
    Unknown,
    /// The text is not a document.
    Fault(String),
}

impl JsonDocuments {
    /// Framing by `options`, whose `records` is a valid path.
    pub(super) fn new(path: &str, options: &DecodeOptions) -> Self {
        JsonDocuments {
            path: path.to_owned(),
            names: segments(path).unwrap_or_default(),
            max_record: options.max_record.bytes(),
            separators: Separators::new(Array::Possible),
            elements: JsonObjects::of_documents(options),
            place: Place::Outside,
            met: Vec::new(),
            document: None,
        }
    }

    /// Moves on to `end`.
    fn move_on(&mut self, text: &mut Text, end: usize) {
        if let Some(document) = &mut self.document {
            let passed = &text.block.text()[text.at..end];
            let room = SHOWN_BYTES - document.beginning.len();
            document.length_bytes += passed.len() as u64;
            document
                .beginning
                .extend_from_slice(&passed[..passed.len().min(room)]);
        }
        text.at = end;
    }

    /// Reads what is at `text.at`, which is not blank; false if it depends on the bytes after the block.
    fn step(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<bool, DecodeError> {
        let step = match self.place {
            Place::Outside => return Ok(self.begin_document(text, cursor)),
            Place::FirstMember if text.block.text()[text.at] == b'}' => {
                self.close(text, cursor, rows);
                return Ok(true);
            }
            Place::FirstMember | Place::Member => self.member(text, rows),
            Place::AfterMember => match text.block.text()[text.at] {
                b',' => Step::To(text.at + 1, Place::Member),
                b'}' => {
                    self.close(text, cursor, rows);
                    return Ok(true);
                }
                _ => Step::Fault(FaultKind::CommaOrBrace.reason().to_owned()),
            },
            Place::Elements => unreachable!("the elements are read elsewhere"),
        };
        match step {
            Step::To(end, place) => {
                self.move_on(text, end);
                self.place = place;
                if place == Place::Elements {
                    self.document = None;
                    self.elements.open();
                }
                Ok(true)
            }
            Step::Unknown if text.last => Err(cursor.truncated(text.block.len())),
            Step::Unknown => Ok(false),
            Step::Fault(reason) => {
                self.document = None;
                self.elements.lose(text, 0, cursor, reason);
                Ok(true)
            }
        }
    }

    /// Begins with the document at `text.at`, or passes over what is before it; false if that depends on the bytes
    /// after the block.
    fn begin_document(&mut self, text: &mut Text, cursor: &mut ObjectCursor) -> bool {
        if text.block.text()[text.at] == b'{' {
            self.document = Some(Document {
                position: cursor.next_position(text.at),
                length_bytes: 0,
                beginning: Vec::new(),
            });
            self.met.push(false);
            self.move_on(text, text.at + 1);
            self.place = Place::FirstMember;
            return true;
        }
        match self.separators.pass(text, cursor.is_at_first()) {
            Separated::Passed => true,
            Separated::Unknown => false,
            Separated::No if !text.last && text.at + LOOK_BYTES > text.block.len() => false,
            Separated::No => {
                let rest = &text.block.text()[text.at..];
                if rest.starts_with(BYTE_ORDER_MARK) {
                    text.at += BYTE_ORDER_MARK.len();
                    return true;
                }
                let reason = look::reason(&Fault::no_object(text.at), text.at, rest);
                self.elements.lose(text, 0, cursor, reason);
                true
            }
        }
    }

    /// Reads the member at `text.at`: to its end, or to the beginning of its value if that is on the path.
    fn member(&mut self, text: &Text, rows: &mut Rows) -> Step {
        let (padded, len) = (text.block.padded(), text.block.len());
        let depth = self.met.len();
        if padded[text.at] != b'"' {
            return Step::Fault(FaultKind::Name.reason().to_owned());
        }
        let end = match rows.pass(&text.block, text.at, depth) {
            Ok(end) => end,
            Err(fault) => return self.fault(text, fault),
        };
        let colon = skip_blanks(padded, end);
        if colon >= len {
            return self.unknown(text);
        }
        if padded[colon] != b':' {
            return Step::Fault(FaultKind::Colon.reason().to_owned());
        }
        let value = skip_blanks(padded, colon + 1);
        if value >= len {
            return self.unknown(text);
        }
        let name = &padded[text.at + 1..end - 1];
        let is_wanted =
            !self.met[depth - 1] && same_text(name, name.contains(&b'\\'), &self.names[depth - 1]);
        let is_last = depth == self.names.len();
        match padded[value] {
            b'[' if is_wanted && is_last => {
                self.met[depth - 1] = true;
                return Step::To(value + 1, Place::Elements);
            }
            b'{' if is_wanted && !is_last => {
                self.met[depth - 1] = true;
                self.met.push(false);
                return Step::To(value + 1, Place::FirstMember);
            }
            _ => {}
        }
        match rows.pass(&text.block, value, depth) {
            // A number may continue in the next block.
            Ok(end) if end >= len => self.unknown(text),
            Ok(end) if end - text.at > self.max_record => Step::Fault(too_long(self.max_record)),
            Ok(end) => {
                self.met[depth - 1] |= is_wanted;
                Step::To(end, Place::AfterMember)
            }
            Err(fault) => self.fault(text, fault),
        }
    }

    /// The step at a member that goes on after the block.
    fn unknown(&self, text: &Text) -> Step {
        match text.block.len() - text.at > self.max_record {
            true => Step::Fault(too_long(self.max_record)),
            false => Step::Unknown,
        }
    }

    fn fault(&self, text: &Text, fault: Fault) -> Step {
        let len = text.block.len();
        if fault.at() - text.at > self.max_record {
            Step::Fault(too_long(self.max_record))
        } else if fault.at() >= len || (!text.last && fault.at() + LOOKAHEAD_BYTES > len) {
            Step::Unknown
        } else {
            Step::Fault(fault.kind().reason().to_owned())
        }
    }

    /// Closes the innermost object on the path. A document in which the array was not found is rejected.
    fn close(&mut self, text: &mut Text, cursor: &mut ObjectCursor, rows: &mut Rows) {
        self.move_on(text, text.at + 1);
        self.met.pop();
        if !self.met.is_empty() {
            self.place = Place::AfterMember;
            return;
        }
        self.place = Place::Outside;
        if let Some(document) = self.document.take() {
            let beginning = String::from_utf8_lossy(&document.beginning);
            let beginning = beginning.replace(char::is_control, " ");
            let is_cut = document.length_bytes > document.beginning.len() as u64;
            let more = if is_cut { "…" } else { "" };
            let reason = format!(
                "a document without an array at `{}`, the path `decode.records`: `{beginning}{more}`",
                self.path
            );
            cursor.refuse_unread(document.position, document.length_bytes, reason, rows);
        }
    }
}

impl Records for JsonDocuments {
    fn begin(&mut self, block: &Block, rows: &mut Rows) {
        self.elements.begin(block, rows);
    }

    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        loop {
            if self.place == Place::Elements || self.elements.is_lost() {
                match self.elements.read_records(text, cursor, rows)? {
                    Some(stopped) => return Ok(stopped),
                    None => self.place = Place::AfterMember,
                }
            }
            if rows.is_full() {
                return Ok(Stopped::Full);
            }
            let at = skip_blanks(text.block.padded(), text.at).min(text.block.len());
            self.move_on(text, at);
            let is_over = at == text.block.len();
            if is_over
                && text.last
                && (self.place != Place::Outside || self.separators.array == Array::Open)
            {
                return Err(cursor.truncated(at));
            }
            if is_over || !self.step(text, cursor, rows)? {
                self.separators.end_block(text);
                return Ok(Stopped::Exhausted);
            }
        }
    }
}
