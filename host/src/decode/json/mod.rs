//! JSON: from the text of a record to the spans of the wanted values.
//!
//! | file | content |
//! |---|---|
//! | `parser` | [`RecordParser`]: walks the graph where it can, and calls the general parser elsewhere |
//! | `wanted` | the wanted paths as a tree of names |
//! | `spans` | the spans of the wanted values of one record |
//! | `general` | the general parser: one pass over a record of any shape |
//! | `graph` | the graph of the bytes between values, learned from records, and the walk along it |
//! | `learn` | the steps of a record through the graph |
//! | `pace` | when to walk, when to learn, and when to pause |
//! | `index` | the positions of the special bytes of a block |
//! | `scan` | strings, numbers, literals and blanks |
//! | `vector` | operations on 32 or 64 bytes at once, by the instructions of the processor |
//! | `fault` | position and kind of a syntax error |
//! | `text` | escapes of strings |
//!
//! The walk and the general parser both validate every byte and give the same spans. The general parser is the
//! reference: text that it does not accept is a fault, and only records that it accepted are learned.
//!
//! # Records
//! A record is one JSON object by RFC 8259, in UTF-8, nested at most [`MAX_DEPTH`] deep. It ends with its closing
//! brace, whatever follows. Spaces, tabs, line feeds and carriage returns are allowed between records, and what
//! [`separators`](super::separators) lists. A line feed within a record is a fault, so that a broken record ends with
//! its line at the latest; [`search`](super::search) finds an earlier end. Where the first record of an object is on
//! several lines, as [`objects`](super::objects) finds out, line feeds are blanks in all of its records. Of several
//! members with one name the first counts, in inner objects too; names are compared with their escapes decoded.

mod fault;
mod general;
mod graph;
mod index;
mod learn;
mod pace;
mod parser;
mod scan;
mod spans;
mod text;
mod vector;
mod wanted;

pub(super) use fault::{Fault, FaultKind};
pub(super) use parser::RecordParser;
pub(super) use scan::skip_blanks;
pub(super) use spans::Span;
pub(super) use text::{same_text, unescape_into};
pub(super) use vector::Processor;
pub(super) use wanted::{SlotId, Wanted, only_name, segments};

/// The deepest nesting of objects and arrays in a record, itself included.
pub(super) const MAX_DEPTH: usize = 128;

/// A fault that is this many bytes before the end of the text does not depend on the bytes that follow: the longest
/// unit that the parser reads at once, `\u12ab`, is shorter.
pub(super) const LOOKAHEAD_BYTES: usize = 8;
