//! CSV, RFC 4180: records of fields, with a header or without.
//!
//! | file | content |
//! |---|---|
//! | `records` | framing: the text cut into records |
//! | `lines` | lines that are not records |
//! | `cut` | a record cut into fields |
//! | `dialect` | the syntax of an object, and one field in it |
//! | `header` | the columns of an object, and the column of each wanted path |
//! | `fields` | the wanted values of a record |
//!
//! # Records
//! A record ends with its line: with a line feed, a carriage return or both. Within quotes both are text. Empty lines
//! are not records, and neither are the lines that `skip_lines` and `comment` leave out. A quote within a field that
//! does not begin with a quote is text. A record is rejected if its number of fields is not that of the header, or if it
//! is not UTF-8.
//!
//! Objects may be concatenations. A byte order mark at the beginning of a record is skipped. A line that is equal to the
//! header of the object is a header again, which is counted.
//!
//! # Quotes that do not end a field
//! RFC 4180 has no text after a closing quote. A quote that is closed where its field does not end, or that is open at
//! the end of the object or for longer than `decode.max_record`, is not one around a field: as often as not, it is a
//! letter of a text that nobody quoted. Its line is rejected, with the lines of the same record before it. The next line
//! is read as a record, since the quote may have taken in whole records. So nothing but the line is lost, unless the
//! lines have as many fields as two records: then the bytes after the quote are swallowed. A quoted field with lines that is closed
//! where it ends is a field, whatever is in it; `quote = ""` is the setting for objects without quotes.
//!
//! A record whose quotes are closed but whose number of fields is not that of the header is one rejection. If one of its
//! lines alone has the right number of fields, the bytes from that line on are swallowed. If a record has as many fields
//! as two records on one line, as when a line feed was lost, the bytes after the fields of the first are swallowed.
//!
//! # Fields
//! A path is the name of a column: the path `geo.city` is the column `geo.city`. A field whose text is one of
//! `decode.csv.null` is null, even in quotes; the text is compared before doubled quotes and escapes are resolved, so
//! that `\N` can be null where `\` is the escape. The value of any other field is its text for an input of kind utf8.
//! For the other kinds, the text has to be that of JSON without quotes: `true` or `false`, `-1.5`, a time in the encoding
//! of the input, base64 or hexadecimal; for `json`, a JSON value. Conditions compare the text.
//!
//! # From object to object
//! Each object has its own header, with the columns in any order. A wanted column that it lacks has the value of the
//! object's key, or is null in all records. If an object has no wanted column and its key has no values, it cannot be
//! what the job means, and the run stops. It also stops if a wanted name occurs twice in the header, or only with blanks
//! around it.

mod cut;
mod dialect;
mod fields;
mod header;
mod lines;
mod records;
#[cfg(test)]
mod tests;

pub(super) use records::CsvRecords;
