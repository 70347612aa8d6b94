//! Rows in the binary format of `COPY`: a header, then for each row the number of its columns and, column by column, the
//! length of a value and its bytes, all in network byte order; -1 is the length of a null, and the number of columns after
//! the last row.

mod decode;
mod encode;
mod storable;

pub(super) use decode::{Decoder, Undecodable};
pub(super) use encode::Encoded;
pub(super) use storable::Unstorable;

/// What the stream begins with: a signature, no flags, no extension.
pub(super) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What the stream ends with.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
/// The same day, in days since 1970-01-01.
const EPOCH_DAY: i32 = 10_957;

#[cfg(test)]
mod tests;
