//! Avro object container files, read as a stream, and Avro messages of a log.
//!
//! The framing is read here rather than by the library, since only the framing shows that an object is cut off: a
//! header, then blocks of records, each between its length and the object's sync marker. Each object is read by the
//! schema in its header, of which only the wanted fields are decoded.
//!
//! | file | content |
//! |---|---|
//! | `header` | the header of an object: schema, codec, sync marker |
//! | `codec` | decompression of a block, within a limit |
//! | `schema` | a writer's schema as a graph of types, and as the library reads it |
//! | `cut` | datums of recursive schemas, cut down to the wanted paths |
//! | `shape` | the size in memory of values of a schema |
//! | `datum` | decoders of datums by the schema of their writer |
//! | `reader` | the blocks of an object to rows |
//! | `messages` | messages to rows, each by the schema whose ID it begins with |
//!
//! Blocks compressed with Snappy and bzip2 have a checksum, and those with Zstandard may have one. Damage within the
//! records of other blocks is found only if the records then do not fill the block. An object that is cut off after a
//! block looks complete; the source compares its size with the plan.

mod codec;
mod cut;
mod datum;
mod header;
mod messages;
mod reader;
mod schema;
mod shape;
#[cfg(test)]
pub(super) mod tests;

pub(in crate::decode) use messages::{AvroMessages, Decoders};
pub(in crate::decode) use reader::AvroReader;
