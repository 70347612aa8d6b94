//! Avro object container files, read as a stream, and Avro messages of a log.
//!
//! The framing is read here, since it is where an object tells that it is cut off: the header, then blocks of records, each
//! between its length and the object's sync marker. Each object is read by the schema that its writer left in it, of which
//! only the wanted fields are kept.
//!
//! | file | idea |
//! |---|---|
//! | `header` | from the first bytes to the schema |
//! | `codec` | a block, decompressed within a limit |
//! | `shape` | what values of a schema become in memory |
//! | `datum` | decoders by the schema of a writer |
//! | `reader` | block after block to rows |
//! | `messages` | message after message to rows, each by the schema whose ID is in front of it |
//!
//! A block that Snappy compressed has a checksum, as those of bzip2 have and those of Zstandard may have. What is damaged
//! within the records of other blocks is found only where the records then do not fill the block. An object that ends
//! behind a block looks whole: that it is not shows in its size, to which the source holds it.

mod codec;
mod datum;
mod header;
mod messages;
mod reader;
mod shape;
#[cfg(test)]
mod tests;

pub(in crate::decode) use messages::{AvroMessages, Decoders};
pub(in crate::decode) use reader::AvroReader;
