//! Keys and whole rows as bytes in the same order, and the hashes of keys.

mod codec;
mod hashed;

pub use codec::KeyCodec;
pub use hashed::{HashedKeys, table_hash};
