//! JSON: from the text of a record to the spans of the wanted values.
//!
//! | file | idea |
//! |---|---|
//! | `wanted` | the wanted paths as a tree of names |
//! | `vector` | many bytes at once, with the instructions that the processor has |
//! | `scan` | strings, numbers, literals and blanks |
//! | `found` | the spans of the wanted values of one record |
//! | `general` | one pass over a record of any shape |
//! | `index` | where the special bytes of a block are |
//! | `graph` | the bytes between values, learned, and the walk along them |
//! | `learn` | from a record to its way through the graph |
//! | `pace` | when to walk, to learn, and to let it be |
//! | `parser` | the two ways put together |
//! | `text` | escapes decoded |
//!
//! Every byte is validated on both ways, and both give the same spans. The general parser is the measure: what it
//! does not accept is a fault, and only what it accepted is learned.
//!
//! # What a record is
//! A record is one JSON object as RFC 8259 has it, in UTF-8, nested at most [`MAX_DEPTH`] deep; it ends where
//! its brace closes, whatever comes behind it. Between records may stand spaces, tabs, line feeds and carriage
//! returns. A line feed within a record is a fault, so that what a broken record costs ends with its line at the
//! latest; where it ends before, [`search`](super::search) says.
//! The first of several members of one name counts, in inner objects too; names are compared with their
//! escapes decoded.

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

pub(super) use fault::Fault;
pub(super) use parser::RecordParser;
pub(super) use scan::skip_blanks;
pub(super) use spans::Span;
pub(super) use text::{same_text, unescape_into};
pub(super) use vector::Processor;
pub(super) use wanted::{SlotId, Wanted, only_name};

/// How deep objects and arrays may nest in a record, itself included.
pub(super) const MAX_DEPTH: usize = 128;

/// A fault that is this far from the end of what was read does not depend on what comes behind it: the longest
/// unit of which the parser looks at more than one byte at once, `\u12ab`, is shorter.
pub(super) const LOOKAHEAD_BYTES: usize = 8;
