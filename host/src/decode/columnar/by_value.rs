//! Conversion value by value: of bytes as they are, of all others by their JSON text.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{ArrowError, DataType};
use serde::de::IgnoredAny;

use super::bson;
use super::converted::{COLUMN_BYTES, Converted};
use super::form::Form;
use super::target::TargetType;
use super::values;
use crate::decode::column::Column;
use crate::decode::json::Span;
use crate::units::ByteSize;

/// Converts bytes as they are, checked where text is wanted.
///
/// # Errors
/// If several rows take more than [`COLUMN_BYTES`].
pub(super) fn bytes_as_they_are(
    array: &ArrayRef,
    target: TargetType,
) -> Result<Converted, ArrowError> {
    by_value(array, target, |column, row, _| {
        push_bytes(column, array, row)
    })
}

/// Converts values by their JSON text.
///
/// # Errors
/// If several rows take more than [`COLUMN_BYTES`].
pub(super) fn texts(
    array: &ArrayRef,
    form: &Form,
    target: TargetType,
) -> Result<Converted, ArrowError> {
    by_value(array, target, |column, row, text| {
        push_text(column, array, form, row, target, text)
    })
}

/// Converts text that is a JSON value, or documents of BSON, as these values.
///
/// # Errors
/// If several rows take more than [`COLUMN_BYTES`].
pub(super) fn documents(
    array: &ArrayRef,
    form: &Form,
    target: TargetType,
) -> Result<Converted, ArrowError> {
    by_value(array, target, |column, row, text| match form {
        Form::Bson => {
            bson::write(bytes(array, row)?, text).ok_or("not BSON")?;
            push_json(column, text)
        }
        _ => push_document(column, array, row),
    })
}

/// Converts value by value. `push` appends the value of a row to a column; it returns the value's size in bytes, or the
/// reason to refuse it. Its buffer is empty and free to use.
///
/// # Errors
/// If several rows take more than [`COLUMN_BYTES`].
fn by_value(
    array: &ArrayRef,
    target: TargetType,
    push: impl Fn(&mut Column, usize, &mut Vec<u8>) -> Result<usize, String>,
) -> Result<Converted, ArrowError> {
    let rows = array.len();
    let column = Column::new(target.kind, target.encoding, rows);
    let mut column = column.converting(target.conversion);
    let (mut misfits, mut text) = (Vec::new(), Vec::new());
    let mut bytes = 0usize;
    for row in 0..rows {
        if array.is_null(row) {
            column.push_null();
            continue;
        }
        text.clear();
        match push(&mut column, row, &mut text) {
            Ok(pushed) => bytes += pushed,
            Err(reason) => {
                column.truncate(row);
                column.push_null();
                misfits.push((row as u32, reason));
            }
        }
        if bytes > COLUMN_BYTES && rows > 1 {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
    }
    Ok(Converted {
        array: column.finish(0)?,
        misfits,
    })
}

fn push_text(
    column: &mut Column,
    array: &dyn Array,
    form: &Form,
    row: usize,
    target: TargetType,
    text: &mut Vec<u8>,
) -> Result<usize, String> {
    values::write(array, form, row, target, text);
    if text.len() > values::MAX_TEXT_BYTES {
        let most = ByteSize(values::MAX_TEXT_BYTES as u64);
        return Err(format!("its JSON text has more than {most}"));
    }
    push_json(column, text)
}

fn push_json(column: &mut Column, text: &[u8]) -> Result<usize, String> {
    let span = Span {
        start: 0,
        end: text.len() as u32,
        escaped: text.contains(&b'\\'),
    };
    let pushed = column.push_json(text, span);
    pushed.map(|_| text.len()).map_err(|misfit| misfit.0)
}

fn push_document(column: &mut Column, array: &dyn Array, row: usize) -> Result<usize, String> {
    let text = bytes(array, row)?.trim_ascii();
    match serde_json::from_slice::<IgnoredAny>(text) {
        Err(error) => Err(format!("not JSON: {error}")),
        Ok(_) if text == b"null" => {
            column.push_null();
            Ok(text.len())
        }
        Ok(_) => push_json(column, text),
    }
}

fn push_bytes(column: &mut Column, array: &dyn Array, row: usize) -> Result<usize, String> {
    let bytes = bytes(array, row)?;
    let pushed = column.push_bytes(bytes);
    pushed.map(|()| bytes.len()).map_err(|misfit| misfit.0)
}

/// The bytes of a value of text or binary.
fn bytes(array: &dyn Array, row: usize) -> Result<&[u8], String> {
    let bytes = match array.data_type() {
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).as_bytes(),
        DataType::Utf8View => array.as_string_view().value(row).as_bytes(),
        DataType::Utf8 => array.as_string::<i32>().value(row).as_bytes(),
        DataType::LargeBinary => array.as_binary::<i64>().value(row),
        DataType::BinaryView => array.as_binary_view().value(row),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().value(row),
        _ => array.as_binary::<i32>().value(row),
    };
    match bytes.len() > values::MAX_TEXT_BYTES {
        true => {
            let most = ByteSize(values::MAX_TEXT_BYTES as u64);
            Err(format!("it has more than {most}"))
        }
        false => Ok(bytes),
    }
}
