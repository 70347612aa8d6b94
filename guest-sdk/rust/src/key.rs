//! Keys: what names a state.

use crate::column::ColumnBuilder;
use crate::schema::Output;
use crate::types::{Date, Timestamp};
use crate::value::{RowWriter, Value};

/// What names a state. Derive it: `#[derive(Key)]` on a struct of `&str`, `&[u8]`, `i64`, `bool`,
/// [`Timestamp`], [`Date`] or an `Option` of these.
///
/// The table compares keys by their encoding; equal keys, and only they, have equal encodings, and none is the
/// beginning of another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key",
    note = "derive it: `#[derive(Key)]` on a struct with a field for each key column"
)]
pub trait Key {
    /// The key columns.
    fn columns() -> Vec<Output>;

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
    /// Appends the field's encoding.
    fn encode(&self, bytes: &mut Vec<u8>);

    /// Writes the encoded field that `bytes` begins with to `column`, and returns what comes after it.
    fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8];
}

/// Writes the field that `bytes` begins with to the next column; `#[derive(Key)]` calls this.
pub fn save_part<'b, P: KeyPart>(bytes: &'b [u8], row: &mut RowWriter<'_>) -> &'b [u8] {
    P::save(bytes, row.next_column())
}

const OWN_ENCODING: &str = "a key is read back as it was encoded";

macro_rules! fixed_width {
    ($($type:ty, $to:expr;)*) => {$(
        impl KeyPart for $type {
            #[inline]
            fn encode(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&$to(*self));
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
    i64, i64::to_le_bytes;
    Timestamp, |t: Timestamp| t.microseconds.to_le_bytes();
    Date, |d: Date| d.days.to_le_bytes();
}

impl KeyPart for bool {
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }
    fn save<'b>(bytes: &'b [u8], column: &mut ColumnBuilder) -> &'b [u8] {
        let (value, rest) = bytes.split_first().expect(OWN_ENCODING);
        column.push_bool(*value == 1);
        rest
    }
}

/// Appends bytes behind their length.
pub(crate) fn encode_bytes(value: &[u8], bytes: &mut Vec<u8>) {
    let length =
        u32::try_from(value.len()).expect("a value comes from a column of less than 4 GiB");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value);
}

/// The bytes behind their length that `bytes` begins with, and what comes after them.
pub(crate) fn decode_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

macro_rules! variable_width {
    ($($type:ty, |$value:ident| $bytes:expr;)*) => {$(
        impl KeyPart for $type {
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
