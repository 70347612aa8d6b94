//! CSV, RFC 4180: records of fields, with a header or without.
//!
//! | file | idea |
//! |---|---|
//! | `records` | records told apart and cut into fields |
//! | `quotes` | quotes that do not end where their field does |
//! | `header` | the columns of an object, and where the wanted ones are |
//! | `fields` | the wanted values of a record |
//!
//! # What a record is
//! A record ends with its line, be that ended by a line feed, a carriage return or both; within quotes both are text.
//! Lines without anything on them are no records. A quote within a field that does not begin with one is text. The
//! record has as many fields as the header, or is rejected; so is one that is not UTF-8.
//!
//! # What a quote costs that does not belong there
//! Within quotes a field may have lines, many of them. Where such a quote is not followed by a delimiter or the end of a
//! line, is open where the object ends or for longer than a record may be, it was not meant to be there: what is rejected
//! is the line on which it opened, with the lines of the same record before, and the next line is read as a record. A
//! record that its quotes close, but that has another number of fields than the header, is one rejection; if one of its
//! lines has that number by itself, what follows from there on counts as swallowed. So does what follows the last field of
//! a record that has as many fields as two records on one line would have, as when a line feed was lost.
//!
//! # What a field is
//! A path names a column: its names joined by dots, so that `geo.city` is the column of that name. A field that
//! reads like `decode.csv.null` is null, in quotes too. Of every other field the text is the value of an input of kind
//! utf8; of the other kinds it has to be written as JSON writes them, but without quotes: `true` or `false`, `-1.5`,
//! a time of the input's encoding, base64 or hexadecimal; a JSON value for `json`. Conditions compare the text.
//!
//! # From object to object
//! Each object has its own header, in any order of columns. A wanted column that it lacks is null in all its records,
//! or what the key of the object says. Where it has none of them, and the key says nothing, it is not what the job
//! means, and the run stops; so it does where a name stands twice in the header.

mod fields;
mod header;
mod quotes;
mod records;
#[cfg(test)]
mod tests;

pub(super) use records::CsvRecords;
