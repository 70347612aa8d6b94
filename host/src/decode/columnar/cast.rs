//! Conversion of a column of an object to a column of the component.
//!
//! The conversion is chosen once per object, by type. Types whose values can only be out of range are converted as
//! whole arrays. All others are written as JSON text and read as the decoder of JSON Lines reads it, so that both
//! reject the same values for the same reasons.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Float64Array, Int64Array, PrimitiveArray, new_null_array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, TimeUnit};
use arrow_select::take::take;

use super::by_value;
use super::converted::{COLUMN_BYTES, Converted};
use super::form::Form;
use super::target::TargetType;
use super::values;
use crate::schema::{Encoding, Kind};

/// The conversion of one type to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// The type of the component's column, zones aside.
    Same,
    /// All values are null.
    Nothing,
    /// To an int64.
    Integer,
    /// To a float64.
    Float,
    /// Counts of `unit_ns` nanoseconds to a timestamp.
    Timestamp { unit_ns: i64 },
    /// Milliseconds since 1970-01-01 to a date.
    Date,
    /// Bytes as they are, checked where text is wanted.
    Bytes,
    /// Values by their JSON text.
    Text,
    /// Text that is a JSON value, or a document of BSON, as this value.
    Document,
}

impl Cast {
    /// The conversion of values of type `from` to `target`; `None` if there is none.
    pub(super) fn of(from: &DataType, form: &Form, target: TargetType) -> Option<Self> {
        match (form, from) {
            (_, DataType::Null) => Some(Cast::Nothing),
            (Form::Blocked, _) => None,
            (Form::Uuid | Form::Interval, _) => match target.kind {
                Kind::Binary if target.encoding != Encoding::Text => Some(Cast::Bytes),
                Kind::Utf8 | Kind::Binary | Kind::Json => Some(Cast::Text),
                _ => None,
            },
            (Form::Bson, _) => match target.kind {
                Kind::Json => Some(Cast::Document),
                Kind::Binary => Some(Cast::Bytes),
                _ => None,
            },
            (Form::Json, _) if !matches!(target.kind, Kind::Utf8 | Kind::Binary) => {
                Some(Cast::Document)
            }
            (_, DataType::Dictionary(_, values)) => Cast::of(values, form, target),
            _ => Cast::of_type(from, target),
        }
    }

    fn of_type(from: &DataType, target: TargetType) -> Option<Self> {
        use DataType::*;
        let is_text = matches!(from, Utf8 | LargeUtf8 | Utf8View);
        let is_bytes = matches!(from, Binary | LargeBinary | BinaryView | FixedSizeBinary(_));
        let is_number = from.is_floating() || scale(from).is_some();
        let has_encoding = target.encoding != Encoding::Standard;
        let is_zone_set = target.conversion.time_zone.is_some() && !has_encoding;
        let is_text_of_number = is_text && target.conversion.is_lenient();
        match (target.kind, from) {
            (Kind::Boolean, Boolean)
            | (Kind::Int64, Int64)
            | (Kind::Date, Date32)
            | (Kind::Utf8, Utf8)
            | (Kind::Binary, Binary) => Some(Cast::Same),
            (Kind::Int64, from) if from.is_integer() => Some(Cast::Integer),
            (Kind::Int64, _) => (is_number || is_text_of_number).then_some(Cast::Text),
            (Kind::Float64, from) if from.is_integer() || from.is_floating() => Some(Cast::Float),
            (Kind::Float64, from) => {
                (scale(from).is_some() || is_text_of_number).then_some(Cast::Text)
            }
            (Kind::Timestamp, Timestamp(_, None)) if is_zone_set => Some(Cast::Text),
            (Kind::Timestamp, Timestamp(TimeUnit::Microsecond, _)) => Some(Cast::Same),
            (Kind::Timestamp, Timestamp(unit, _)) => Some(Cast::Timestamp {
                unit_ns: unit_ns(*unit),
            }),
            (Kind::Timestamp, _) => match epoch_ns(target.encoding) {
                None => is_text.then_some(Cast::Text),
                Some(_) if *from == UInt64 => Some(Cast::Text),
                Some(unit_ns) if from.is_integer() => Some(Cast::Timestamp { unit_ns }),
                Some(unit_ns) => (is_number && unit_ns > 1).then_some(Cast::Text),
            },
            (Kind::Date, Date64) => Some(Cast::Date),
            (Kind::Date, _) => is_text.then_some(Cast::Text),
            (Kind::Utf8 | Kind::Binary, from)
                if target.encoding == Encoding::Text && !is_text && !is_bytes =>
            {
                values::is_writable(from).then_some(Cast::Text)
            }
            (Kind::Utf8, _) if is_text || is_bytes => Some(Cast::Bytes),
            (Kind::Utf8, from) => {
                let has_text = scale(from).is_some() || from.is_temporal();
                (has_text && values::is_writable(from)).then_some(Cast::Text)
            }
            (Kind::Binary, _) if is_text => Some(Cast::Text),
            (Kind::Binary, _) => is_bytes.then_some(Cast::Bytes),
            (Kind::Json, from) => values::is_writable(from).then_some(Cast::Text),
            (Kind::Boolean, _) => None,
        }
    }

    /// Converts a column, whose type has to be that of [`Cast::of`].
    ///
    /// # Errors
    /// If several rows take more than [`COLUMN_BYTES`].
    pub(super) fn apply(
        self,
        array: &ArrayRef,
        form: &Form,
        target: TargetType,
    ) -> Result<Converted, ArrowError> {
        let array = &plain(array)?;
        let converted = match self {
            Cast::Same => same(array).into(),
            Cast::Nothing => new_null_array(&target.kind.data_type(), array.len()).into(),
            Cast::Integer if *array.data_type() == DataType::UInt64 => {
                unsigned(array.as_primitive())
            }
            Cast::Integer => Converted::from(Arc::new(widened(array)) as ArrayRef),
            Cast::Float => finite(floats(array)),
            Cast::Timestamp { unit_ns } => timestamps(&counts(array), unit_ns),
            Cast::Date => {
                let millis = array.as_primitive::<Date64Type>();
                dates(millis)
            }
            Cast::Bytes => by_value::bytes_as_they_are(array, target)?,
            Cast::Text => by_value::texts(array, form, target)?,
            Cast::Document => by_value::documents(array, form, target)?,
        };
        Ok(converted)
    }
}

/// The scale of a decimal type; `None` for other types and negative scales.
fn scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale).filter(|scale| *scale >= 0),
        _ => None,
    }
}

/// Nanoseconds per unit of a timestamp.
pub(super) fn unit_ns(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1000,
        TimeUnit::Nanosecond => 1,
    }
}

/// Nanoseconds per unit of a number in an `epoch-…` encoding.
pub(super) fn epoch_ns(encoding: Encoding) -> Option<i64> {
    match encoding {
        Encoding::EpochSeconds => Some(1_000_000_000),
        Encoding::EpochMilliseconds => Some(1_000_000),
        Encoding::EpochMicroseconds => Some(1000),
        Encoding::EpochNanoseconds => Some(1),
        Encoding::Standard | Encoding::Hex | Encoding::Text => None,
    }
}

/// Microseconds of a count of `unit_ns` nanoseconds, rounded towards the past; `None` beyond the range.
pub(super) fn micros(count: i64, unit_ns: i64) -> Option<i64> {
    match unit_ns {
        1 => Some(count.div_euclid(1000)),
        unit_ns => count.checked_mul(unit_ns / 1000),
    }
}

/// The column with a dictionary replaced by its values.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(dictionary) = array.as_any_dictionary_opt() else {
        return Ok(array.clone());
    };
    let lengths = dictionary.values().as_string_opt::<i32>().map(|values| {
        let ends = values.value_offsets().windows(2);
        ends.map(|ends| (ends[1] - ends[0]) as usize)
    });
    let longest = lengths.and_then(Iterator::max).unwrap_or_default();
    let bytes = longest.saturating_mul(array.len());
    if bytes > COLUMN_BYTES && array.len() > 1 {
        return Err(ArrowError::OffsetOverflowError(bytes));
    }
    take(dictionary.values(), dictionary.keys(), None)
}

fn same(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(timestamps) => Arc::new(timestamps.clone().with_timezone("UTC")),
        None => array.clone(),
    }
}

/// Integers of any width but unsigned ones of 64 bits as int64.
fn widened(array: &dyn Array) -> Int64Array {
    fn of<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array) -> Int64Array {
        array.as_primitive::<T>().unary(Into::into)
    }
    match array.data_type() {
        DataType::Int8 => of::<Int8Type>(array),
        DataType::Int16 => of::<Int16Type>(array),
        DataType::Int32 => of::<Int32Type>(array),
        DataType::UInt8 => of::<UInt8Type>(array),
        DataType::UInt16 => of::<UInt16Type>(array),
        DataType::UInt32 => of::<UInt32Type>(array),
        _ => array.as_primitive::<Int64Type>().clone(),
    }
}

/// A column of timestamps or integers as counts.
fn counts(array: &ArrayRef) -> Int64Array {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => array
            .as_primitive::<TimestampSecondType>()
            .reinterpret_cast(),
        DataType::Timestamp(TimeUnit::Millisecond, _) => array
            .as_primitive::<TimestampMillisecondType>()
            .reinterpret_cast(),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array
            .as_primitive::<TimestampNanosecondType>()
            .reinterpret_cast(),
        _ => widened(array),
    }
}

/// Numbers of any type as float64, each rounded to the nearest.
fn floats(array: &dyn Array) -> Float64Array {
    match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().clone(),
        DataType::Float32 => array.as_primitive::<Float32Type>().unary(f64::from),
        DataType::Float16 => array
            .as_primitive::<Float16Type>()
            .unary(|value| f64::from(value.to_f32())),
        DataType::UInt64 => array
            .as_primitive::<UInt64Type>()
            .unary(|value| value as f64),
        _ => widened(array).unary(|value| value as f64),
    }
}

/// Refuses NaN and infinities, which JSON does not have.
fn finite(floats: Float64Array) -> Converted {
    if floats.values().iter().all(|value| value.is_finite()) {
        return Converted::from(Arc::new(floats) as ArrayRef);
    }
    fallible::<Float64Type, Float64Type>(&floats, |value| {
        value
            .is_finite()
            .then_some(value)
            .ok_or_else(|| format!("`{value}` is not a finite number"))
    })
}

fn unsigned(array: &PrimitiveArray<UInt64Type>) -> Converted {
    fallible::<UInt64Type, Int64Type>(array, |value| {
        i64::try_from(value).map_err(|_| format!("`{value}` is beyond the range of an int64"))
    })
}

fn timestamps(counts: &Int64Array, unit_ns: i64) -> Converted {
    let converted = fallible::<Int64Type, TimestampMicrosecondType>(counts, |count| {
        micros(count, unit_ns)
            .ok_or_else(|| format!("`{count}` is beyond the range of a timestamp"))
    });
    Converted {
        array: same(&converted.array),
        ..converted
    }
}

fn dates(millis: &PrimitiveArray<Date64Type>) -> Converted {
    fallible::<Date64Type, Date32Type>(millis, |millis| {
        i32::try_from(millis.div_euclid(86_400_000))
            .map_err(|_| format!("`{millis}` is beyond the range of a date"))
    })
}

/// Computes each value; values that `compute` refuses are null.
fn fallible<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &PrimitiveArray<F>,
    compute: impl Fn(F::Native) -> Result<T::Native, String>,
) -> Converted {
    let mut misfits = Vec::new();
    let mut row = 0;
    let values: Vec<T::Native> = array
        .values()
        .iter()
        .map(|value| {
            let at = row;
            row += 1;
            compute(*value).unwrap_or_else(|reason| {
                if array.is_valid(at) {
                    misfits.push((at as u32, reason));
                }
                T::Native::default()
            })
        })
        .collect();
    let nulls = without(array.nulls(), array.len(), &misfits);
    Converted {
        array: Arc::new(PrimitiveArray::<T>::new(values.into(), nulls)),
        misfits,
    }
}

/// `nulls`, with the misfits null too.
fn without(
    nulls: Option<&NullBuffer>,
    rows: usize,
    misfits: &[(u32, String)],
) -> Option<NullBuffer> {
    if misfits.is_empty() {
        return nulls.cloned();
    }
    let mut valid = vec![true; rows];
    for (row, _) in misfits {
        valid[*row as usize] = false;
    }
    NullBuffer::union(nulls, Some(&NullBuffer::from(valid)))
}
