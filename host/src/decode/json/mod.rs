//! JSON: from the text of a record to the spans of the wanted values.
//!
//! | file | idea |
//! |---|---|
//! | [`wanted`] | the wanted paths as a tree of names |
//! | [`scan`] | strings, numbers, literals and blanks, a word at a time |
//! | [`parse`] | one pass over one record: every byte validated, wanted spans noted |
//! | [`text`] | escapes decoded |
//!
//! # What a record is
//! A record is one JSON object as RFC 8259 has it, in UTF-8, nested at most [`MAX_DEPTH`] deep; it ends where
//! its brace closes, whatever comes behind it. Between records may stand spaces, tabs, line feeds and carriage
//! returns. A line feed within a record is a fault, so that what a broken record costs ends with its line.
//! The first of several members of one name counts, in inner objects too; names are compared with their
//! escapes decoded.

mod parse;
mod scan;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod text;
mod wanted;

pub(super) use parse::{Fault, Found, parse_record};
pub(super) use scan::skip_blanks;
pub(super) use text::{same_text, unescape_into};
pub(super) use wanted::{SlotId, Wanted};

/// How deep objects and arrays may nest in a record, itself included.
pub(super) const MAX_DEPTH: usize = 128;

/// A fault that is this far from the end of what was read does not depend on what comes behind it: the longest
/// unit of which the parser looks at more than one byte at once, `\u12ab`, is shorter.
pub(super) const LOOKAHEAD_BYTES: usize = 8;
