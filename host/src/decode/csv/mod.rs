//! CSV, RFC 4180: records of fields, with a header or without.
//!
//! | file | content |
//! |---|---|
//! | `records` | framing: the text cut into records and fields |
//! | `quotes` | stray quotes, which do not end where their field ends |
//! | `header` | the columns of an object, and the column of each wanted path |
//! | `fields` | the wanted values of a record |
//!
//! # Records
//! A record ends with its line: with a line feed, a carriage return or both. Within quotes both are text. Empty lines
//! are not records. A quote within a field that does not begin with a quote is text. A record is rejected if its number
//! of fields is not that of the header, or if it is not UTF-8.
//!
//! # Stray quotes
//! A quoted field may have many lines. If its closing quote is not followed by a delimiter or the end of a line, or if
//! the quote is open at the end of the object or for longer than `decode.max_record`, the opening quote is a stray one:
//! the rejection has the line on which it opened and the lines of the same record before it, and the next line is read
//! as a record. A record whose quotes are closed but whose number of fields is not that of the header is one rejection.
//! If one of its lines alone has the right number of fields, the bytes from that line on are swallowed. If a record has
//! as many fields as two records on one line, as when a line feed was lost, the bytes after the fields of the first are
//! swallowed.
//!
//! # Fields
//! A path is the name of a column: the path `geo.city` is the column `geo.city`. A field whose text is that of
//! `decode.csv.null` is null, even in quotes. The value of any other field is its text for an input of kind utf8. For
//! the other kinds, the text has to be that of JSON without quotes: `true` or `false`, `-1.5`, a time in the encoding
//! of the input, base64 or hexadecimal; for `json`, a JSON value. Conditions compare the text.
//!
//! # From object to object
//! Each object has its own header, with the columns in any order. A wanted column that it lacks has the value of the
//! object's key, or is null in all records. If an object has no wanted column and its key has no values, it cannot be
//! what the job means, and the run stops. It also stops if a name occurs twice in the header.

mod fields;
mod header;
mod quotes;
mod records;
#[cfg(test)]
mod tests;

pub(super) use records::CsvRecords;
