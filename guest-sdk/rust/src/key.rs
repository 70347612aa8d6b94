//! Keys of states.

use std::hash::{Hash, Hasher};

use crate::column::ColumnBuilder;
use crate::schema::Output;
use crate::types::{Date, Timestamp};
use crate::value::{RowWriter, Value};

/// The key of a state. Derive it: `#[derive(Key)]` on a struct whose fields are `&str`, `&[u8]`, `i64`, `bool`,
/// [`Timestamp`], [`Date`] or an `Option` of one of these.
///
/// The accumulator keeps keys encoded. Only equal keys have equal encodings, and no encoding is a prefix of another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key",
    note = "derive it: `#[derive(Key)]` on a struct with a field for each key column"
)]
pub trait Key {
    /// The key columns.
    fn columns() -> Vec<Output>;

    /// Feeds the key to a hasher; equal keys feed it the same.
    fn hash(&self, hasher: &mut impl Hasher);

    /// Whether `bytes` begins with the key's encoding.
    fn begins(&self, bytes: &[u8]) -> bool;

    /// Appends the key's encoding.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Writes an encoded key to its columns.
    fn save(encoded: &[u8], row: &mut RowWriter<'_>);
}

/// One field of a key.
#[diagnostic::on_unimplemented(
    message = "a key's field cannot be of type `{Self}`",
    label = "not a type of a key column",
    note = "a key's field is `&str`, `&[u8]`, `i64`, `bool`, `Timestamp` or `Date`, or an `Option` of these",
    note = "an `f64` names nothing: NaN does not equal itself, and 0.0 equals -0.0"
)]
pub trait KeyPart: Value {
    /// Feeds the field to a hasher; equal values feed it the same.
    fn hash(&self, hasher: &mut impl Hasher);

    /// The bytes after the field's encoding, if `bytes` begins with it.
    fn strip<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]>;

    /// Appends the field's encoding.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Writes the encoded field that `bytes` begins with to `column`, and returns the bytes after it.
    fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8];
}

/// Writes the field that `bytes` begins with to the next column; `#[derive(Key)]` calls this.
pub fn save_part<'b, P: KeyPart>(bytes: &'b [u8], row: &mut RowWriter<'_>) -> &'b [u8] {
    P::save(bytes, row.next_column())
}

const OWN_ENCODING: &str = "a key is read back as it was encoded";

macro_rules! fixed_width {
    ($($type:ty, |$value:ident| $number:expr;)*) => {$(
        impl KeyPart for $type {
            #[inline]
            fn hash(&self, hasher: &mut impl Hasher) {
                let $value = self;
                Hash::hash(&$number, hasher);
            }
            #[inline]
            fn strip<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
                let $value = self;
                let (value, rest) = bytes.split_first_chunk()?;
                ($number.to_le_bytes() == *value).then_some(rest)
            }
            #[inline]
            fn encode(&self, bytes: &mut Vec<u8>) {
                let $value = self;
                bytes.extend_from_slice(&$number.to_le_bytes());
            }
            fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8] {
                const BYTES: usize = size_of::<$type>();
                let (value, rest) = bytes.split_first_chunk::<BYTES>().expect(OWN_ENCODING);
                column.push_fixed(*value);
                rest
            }
        }
    )*};
}

fixed_width! {
    i64, |number| *number;
    Timestamp, |instant| instant.microseconds;
    Date, |date| date.days;
}

impl KeyPart for bool {
    fn hash(&self, hasher: &mut impl Hasher) {
        hasher.write_u8(u8::from(*self));
    }
    fn strip<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        bytes.strip_prefix(&[u8::from(*self)])
    }
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }
    fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8] {
        let (value, rest) = bytes.split_first().expect(OWN_ENCODING);
        column.push_bool(*value == 1);
        rest
    }
}

/// Appends the length of some bytes, then the bytes.
pub(crate) fn encode_bytes(value: &[u8], bytes: &mut Vec<u8>) {
    let length =
        u32::try_from(value.len()).expect("a value comes from a column of less than 4 GiB");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value);
}

/// Reads a length and that many bytes from the beginning of `bytes`; returns them and the bytes after them.
pub(crate) fn decode_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Whether the bytes are the same, by words: the `memcmp` of Wasm goes byte by byte.
#[inline]
fn is_same(bytes: &[u8], other: &[u8]) -> bool {
    let ((words, rest), (other_words, other_rest)) = (bytes.as_chunks::<8>(), other.as_chunks());
    bytes.len() == other.len()
        && words
            .iter()
            .zip(other_words)
            .all(|(word, other)| u64::from_ne_bytes(*word) == u64::from_ne_bytes(*other))
        && rest
            .iter()
            .zip(other_rest)
            .all(|(byte, other)| byte == other)
}

macro_rules! variable_width {
    ($($type:ty, |$value:ident| $bytes:expr;)*) => {$(
        impl KeyPart for $type {
            #[inline]
            fn hash(&self, hasher: &mut impl Hasher) {
                let $value = self;
                hasher.write($bytes);
            }
            #[inline]
            fn strip<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
                let $value = self;
                let (value, rest) = decode_bytes(bytes)?;
                is_same(value, $bytes).then_some(rest)
            }
            #[inline]
            fn encode(&self, bytes: &mut Vec<u8>) {
                let $value = self;
                encode_bytes($bytes, bytes);
            }
            fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8] {
                let (value, rest) = decode_bytes(bytes).expect(OWN_ENCODING);
                column.push_bytes(value);
                rest
            }
        }
    )*};
}

variable_width! {
    &str, |text| text.as_bytes();
    String, |text| text.as_bytes();
    &[u8], |bytes| bytes;
    Vec<u8>, |bytes| bytes;
}

impl<P: KeyPart> KeyPart for Option<P> {
    fn hash(&self, hasher: &mut impl Hasher) {
        hasher.write_u8(u8::from(self.is_some()));
        if let Some(part) = self {
            part.hash(hasher);
        }
    }
    fn strip<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let rest = bytes.strip_prefix(&[u8::from(self.is_some())])?;
        match self {
            Some(part) => part.strip(rest),
            None => Some(rest),
        }
    }
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self.is_some()));
        if let Some(part) = self {
            part.encode(bytes);
        }
    }
    fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8] {
        match bytes.split_first().expect(OWN_ENCODING) {
            (0, rest) => {
                column.push_null();
                rest
            }
            (_, rest) => P::save(rest, column),
        }
    }
}
