//! Values of columns as JSON text.
//!
//! The text is that of the same value in JSON Lines. It is the reference for conversions that are not plain copies, the
//! text that conditions compare, and the form of a row in the quarantine.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, GenericListArray, OffsetSizeTrait, StructArray, UnionArray, downcast_integer,
};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};

use super::bson;
use super::form::Form;
use super::target::TargetType;
use super::texts::*;
use crate::schema::Kind;

/// Whether values of this type can be written.
pub(super) fn is_writable(data_type: &DataType) -> bool {
    use DataType::*;
    match data_type {
        Null | Boolean | Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => true,
        Float16 | Float32 | Float64 | Timestamp(..) | Date32 | Date64 => true,
        Time32(TimeUnit::Second | TimeUnit::Millisecond) => true,
        Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => true,
        Interval(IntervalUnit::MonthDayNano) => true,
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => {
            true
        }
        Decimal32(_, scale) | Decimal64(_, scale) => *scale >= 0,
        Decimal128(_, scale) | Decimal256(_, scale) => *scale >= 0,
        List(item) | LargeList(item) | FixedSizeList(item, _) => is_writable(item.data_type()),
        Struct(fields) => fields.iter().all(|field| is_writable(field.data_type())),
        Map(entries, _) => is_writable(entries.data_type()),
        Union(branches, _) => branches
            .iter()
            .all(|(_, branch)| is_writable(branch.data_type())),
        Dictionary(_, value) => is_writable(value),
        _ => false,
    }
}

/// The most bytes of a value's text.
pub(super) const MAX_TEXT_BYTES: usize = 256 << 20;

/// The branch of a union in `row`: its index, its values, and the index of the row's value among them. Types of unions
/// are numbered as their branches.
pub(super) fn branch(union: &UnionArray, row: usize) -> (usize, &ArrayRef, usize) {
    let id = union.type_id(row);
    // No type is negative.
    (id as usize, union.child(id), union.value_offset(row))
}

/// Whether the value in `row` is null, also as the branch of a union.
pub(super) fn is_null(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        DataType::Null => true,
        DataType::Union(..) => {
            let (_, values, at) = branch(array.as_union(), row);
            is_null(values, at)
        }
        _ => array.is_null(row),
    }
}

/// Appends the value in `row`, of a type that [`is_writable`]. Nulls are written as `null`, also within a struct. Stops
/// soon after `out` has more than [`MAX_TEXT_BYTES`]; `out` is then incomplete.
pub(super) fn write(
    array: &dyn Array,
    form: &Form,
    row: usize,
    target: TargetType,
    out: &mut Vec<u8>,
) {
    use DataType::*;
    if out.len() > MAX_TEXT_BYTES {
        return;
    }
    if array.is_null(row) || *form == Form::Blocked {
        return out.extend_from_slice(b"null");
    }
    match array.data_type() {
        Boolean if array.as_boolean().value(row) => out.extend_from_slice(b"true"),
        Boolean => out.extend_from_slice(b"false"),
        Float16 | Float32 | Float64 => any_float(array, row, out),
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
            decimal(out, array, row, target);
        }
        Timestamp(unit, _) => timestamp(out, array, *unit, row, target),
        Date32 => date(out, array.as_primitive::<Date32Type>().value(row).into()),
        Date64 => {
            let millis = array.as_primitive::<Date64Type>().value(row);
            date(out, millis.div_euclid(DAY_MS));
        }
        Time32(_) | Time64(_) => time(out, nanoseconds_of_day(array, row)),
        Interval(_) => {
            let of = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            // Avro counts without signs.
            duration(out, of.months as u32, of.days as u32, of.nanoseconds);
        }
        Utf8 => text(out, array.as_string::<i32>().value(row), form, target),
        LargeUtf8 => string(out, array.as_string::<i64>().value(row)),
        Utf8View => text(out, array.as_string_view().value(row), form, target),
        Binary => bytes(out, array.as_binary::<i32>().value(row), form, target),
        LargeBinary => binary(out, array.as_binary::<i64>().value(row), target),
        BinaryView => bytes(out, array.as_binary_view().value(row), form, target),
        FixedSizeBinary(_) => fixed(out, array.as_fixed_size_binary().value(row), form, target),
        List(_) => list(out, array.as_list::<i32>(), form, row),
        LargeList(_) => list(out, array.as_list::<i64>(), form, row),
        FixedSizeList(..) => items(out, &array.as_fixed_size_list().value(row), form.part(0)),
        Struct(_) => object(out, array.as_struct(), form, row),
        Map(..) => map(out, &array.as_map().value(row), form),
        Union(..) => {
            let (at, values, row) = branch(array.as_union(), row);
            write(values, form.part(at), row, target, out);
        }
        Dictionary(..) => {
            let one = array.slice(row, 1);
            let dictionary = one.as_any_dictionary();
            let key = dictionary.normalized_keys()[0];
            write(dictionary.values(), form, key, target, out);
        }
        _ => integer(array, row, out),
    }
}

fn integer(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    macro_rules! written {
        ($of:ty) => {
            number(out, array.as_primitive::<$of>().value(row))
        };
    }
    downcast_integer! {
        array.data_type() => (written),
        _ => out.extend_from_slice(b"null"),
    }
}

fn any_float(array: &dyn Array, row: usize, out: &mut Vec<u8>) {
    match array.data_type() {
        DataType::Float16 => {
            let value = array.as_primitive::<Float16Type>().value(row).to_f32();
            float(out, value.into(), value);
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            float(out, value.into(), value);
        }
        _ => {
            let value = array.as_primitive::<Float64Type>().value(row);
            float(out, value, value);
        }
    }
}

/// Text; as a JSON value if it is one, except for kind utf8, which takes its text.
fn text(out: &mut Vec<u8>, value: &str, form: &Form, target: TargetType) {
    match form {
        Form::Json if target.kind != Kind::Utf8 => document(out, value),
        _ => string(out, value),
    }
}

/// Bytes; as a JSON value if they are a document of BSON, except for kind binary.
fn bytes(out: &mut Vec<u8>, value: &[u8], form: &Form, target: TargetType) {
    let begin = out.len();
    let is_document = *form == Form::Bson && target.kind != Kind::Binary;
    if !is_document || bson::write(value, out).is_none() {
        out.truncate(begin);
        binary(out, value, target);
    }
}

/// Bytes of a fixed length; as the text of their logical type, except for kind binary.
fn fixed(out: &mut Vec<u8>, bytes: &[u8], form: &Form, target: TargetType) {
    match form {
        Form::Uuid if target.kind != Kind::Binary => uuid(out, bytes),
        Form::Interval if target.kind != Kind::Binary => interval(out, bytes),
        _ => binary(out, bytes, target),
    }
}

fn list<O: OffsetSizeTrait>(
    out: &mut Vec<u8>,
    lists: &GenericListArray<O>,
    form: &Form,
    row: usize,
) {
    items(out, &lists.value(row), form.part(0));
}

fn items(out: &mut Vec<u8>, values: &ArrayRef, form: &Form) {
    out.push(b'[');
    for row in 0..values.len() {
        if out.len() > MAX_TEXT_BYTES {
            return;
        }
        if row > 0 {
            out.push(b',');
        }
        write(values, form, row, TargetType::JSON, out);
    }
    out.push(b']');
}

fn object(out: &mut Vec<u8>, members: &StructArray, form: &Form, row: usize) {
    out.push(b'{');
    for (place, (field, column)) in members.fields().iter().zip(members.columns()).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        string(out, field.name());
        out.push(b':');
        write(column, form.part(place), row, TargetType::JSON, out);
    }
    out.push(b'}');
}

/// An object with the entries in stored order. The name of a key that is not a string is its JSON text.
fn map(out: &mut Vec<u8>, entries: &StructArray, form: &Form) {
    out.push(b'{');
    let (keys, values) = (entries.column(0), entries.column(1));
    for row in 0..entries.len() {
        if out.len() > MAX_TEXT_BYTES {
            return;
        }
        if row > 0 {
            out.push(b',');
        }
        let mut key = Vec::new();
        write(keys, form.part(0), row, TargetType::JSON, &mut key);
        match key.first() {
            Some(b'"') => out.extend_from_slice(&key),
            _ => string(out, &String::from_utf8_lossy(&key)),
        }
        out.push(b':');
        write(values, form.part(1), row, TargetType::JSON, out);
    }
    out.push(b'}');
}
