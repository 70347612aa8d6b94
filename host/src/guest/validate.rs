//! From WIT to Arrow: the columns of an answer, with all checks.

use std::sync::Arc;

use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, PrimitiveArray, RecordBatch,
    StringArray,
};
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::SchemaRef;
use serde::de::IgnoredAny;

use super::bindings::backfold::pipeline::columns::{BatchResult, ColumnResult};
use crate::schema::{Kind, Output};

/// The rows that an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// This number.
    Exactly(u32),
    /// At most this number.
    UpTo(u32),
}

/// The answer as Arrow columns. Buffers are moved, or copied if their memory is not aligned.
///
/// # Errors
/// The rule of the contract that the answer breaks, with column and row.
pub(super) fn batch(
    answer: BatchResult,
    outputs: &[&Output],
    schema: &SchemaRef,
    rows: Rows,
) -> Result<RecordBatch, String> {
    match rows {
        Rows::Exactly(expected) if answer.rows != expected => {
            return Err(format!("it has {} rows instead of {expected}", answer.rows));
        }
        Rows::UpTo(most) if answer.rows > most => {
            return Err(format!(
                "it has {} rows, and at most {most} were asked for",
                answer.rows
            ));
        }
        _ => {}
    }
    if answer.columns.len() != outputs.len() {
        return Err(format!(
            "it has {} columns instead of {}",
            answer.columns.len(),
            outputs.len()
        ));
    }
    let rows = answer.rows as usize;
    let mut arrays = Vec::with_capacity(outputs.len());
    for (given, output) in answer.columns.into_iter().zip(outputs) {
        arrays.push(
            column(given, output, rows)
                .map_err(|what| format!("column `{}`: {what}", output.name))?,
        );
    }
    RecordBatch::try_new(schema.clone(), arrays).map_err(|error| error.to_string())
}

fn column(given: ColumnResult, output: &Output, rows: usize) -> Result<ArrayRef, String> {
    let ColumnResult {
        values,
        offsets,
        validity,
    } = given;
    let nulls = validity
        .map(|bits| nulls(bits, rows))
        .transpose()?
        .flatten();
    if let Some(nulls) = &nulls
        && !output.nullable
    {
        let row = nulls.iter().position(|valid| !valid).unwrap_or_default();
        return Err(format!("row {row} is null, and the column is not nullable"));
    }
    let kind = output.kind;
    let Some(cut) = offsets else {
        return Ok(match kind {
            Kind::Boolean => Arc::new(BooleanArray::new(bits(values, rows, "values")?, nulls)),
            Kind::Int64 => Arc::new(fixed::<Int64Type>(values, nulls, rows)?),
            Kind::Float64 => Arc::new(fixed::<Float64Type>(values, nulls, rows)?),
            Kind::Date => Arc::new(fixed::<Date32Type>(values, nulls, rows)?),
            Kind::Timestamp => Arc::new(
                fixed::<TimestampMicrosecondType>(values, nulls, rows)?.with_timezone("UTC"),
            ),
            Kind::Utf8 | Kind::Binary | Kind::Json => {
                return Err(format!(
                    "it has no offsets, and its kind is {}",
                    kind.name()
                ));
            }
        });
    };
    let cut = match kind {
        Kind::Utf8 | Kind::Binary | Kind::Json => cuts(cut, rows, values.len())?,
        _ => return Err(format!("it has offsets, and its kind is {}", kind.name())),
    };
    let values = Buffer::from_vec(values);
    Ok(match kind {
        Kind::Binary => {
            Arc::new(BinaryArray::try_new(cut, values, nulls).map_err(|error| error.to_string())?)
        }
        Kind::Json => Arc::new(json(text(values, cut, nulls)?)?),
        _ => Arc::new(text(values, cut, nulls)?),
    })
}

/// The nulls among `rows`; `None` if all values are present.
fn nulls(bytes: Vec<u8>, rows: usize) -> Result<Option<NullBuffer>, String> {
    let nulls = NullBuffer::new(bits(bytes, rows, "its validity")?);
    Ok(Some(nulls).filter(|nulls| nulls.null_count() > 0))
}

/// A bitmap of `rows` bits. Further bits of the last byte are ignored.
fn bits(bytes: Vec<u8>, rows: usize, what: &str) -> Result<BooleanBuffer, String> {
    let expected = rows.div_ceil(8);
    if bytes.len() != expected {
        return Err(format!(
            "{what}: {} bytes instead of {expected} for a bitmap of {rows} rows",
            bytes.len()
        ));
    }
    Ok(BooleanBuffer::new(Buffer::from_vec(bytes), 0, rows))
}

fn fixed<T: ArrowPrimitiveType>(
    values: Vec<u8>,
    nulls: Option<NullBuffer>,
    rows: usize,
) -> Result<PrimitiveArray<T>, String> {
    let expected = rows * size_of::<T::Native>();
    if values.len() != expected {
        return Err(format!(
            "values: {} bytes instead of {expected} for {rows} rows",
            values.len()
        ));
    }
    PrimitiveArray::try_new(aligned(values), nulls).map_err(|error| error.to_string())
}

/// The bytes as values, copied only if they are not aligned.
fn aligned<T: ArrowNativeType>(bytes: Vec<u8>) -> ScalarBuffer<T> {
    let fits = bytes.as_ptr().cast::<T>().is_aligned();
    let buffer = if fits {
        Buffer::from_vec(bytes)
    } else {
        Buffer::from_slice_ref(&bytes)
    };
    ScalarBuffer::from(buffer)
}

/// Offsets that begin with 0, never fall, and end with `length`.
fn cuts(bytes: Vec<u8>, rows: usize, length: usize) -> Result<OffsetBuffer<i32>, String> {
    let expected = (rows + 1) * size_of::<i32>();
    if bytes.len() != expected {
        return Err(format!(
            "offsets: {} bytes instead of {expected} for {rows} rows",
            bytes.len()
        ));
    }
    // An offset above 2^31 is negative here, and refused because it falls.
    let offsets: ScalarBuffer<i32> = aligned(bytes);
    if offsets[0] != 0 {
        return Err(format!(
            "offsets: the first is {} instead of 0",
            offsets[0] as u32
        ));
    }
    // The loop has no branch; the place of a wrong offset is searched only if there is one.
    let falls = offsets
        .windows(2)
        .fold(false, |falls, pair| falls | (pair[1] < pair[0]));
    if falls {
        let row = offsets
            .windows(2)
            .position(|pair| pair[1] < pair[0])
            .unwrap_or_default();
        return Err(format!(
            "offsets: that after row {row} is lower than that before, or beyond 2^31"
        ));
    }
    let last = offsets[rows];
    if last as usize != length {
        return Err(format!(
            "offsets: the last is {last}, and the values have {length} bytes"
        ));
    }
    Ok(OffsetBuffer::new(offsets))
}

fn text(
    values: Buffer,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
) -> Result<StringArray, String> {
    // Checks the whole text, and that no offset is within a character.
    StringArray::try_new(offsets.clone(), values.clone(), nulls).map_err(|_| {
        let row = offsets
            .windows(2)
            .position(|cut| str::from_utf8(&values[cut[0] as usize..cut[1] as usize]).is_err());
        format!("row {} is not valid UTF-8", row.unwrap_or_default())
    })
}

fn json(array: StringArray) -> Result<StringArray, String> {
    for (row, value) in array.iter().enumerate() {
        if let Some(error) = value.and_then(|value| serde_json::from_str::<IgnoredAny>(value).err())
        {
            return Err(format!("row {row} is not JSON: {error}"));
        }
    }
    Ok(array)
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use proptest::prelude::*;

    use super::*;
    use crate::guest::columns::Lowered;

    fn output(kind: Kind, nullable: bool) -> Output {
        Output {
            name: "c".into(),
            kind,
            nullable,
        }
    }

    fn given(values: &[u8], offsets: Option<&[u32]>, validity: Option<&[u8]>) -> ColumnResult {
        let offsets = offsets.map(|offsets| {
            offsets
                .iter()
                .flat_map(|offset| offset.to_le_bytes())
                .collect()
        });
        ColumnResult {
            values: values.to_vec(),
            offsets,
            validity: validity.map(<[u8]>::to_vec),
        }
    }

    fn check(
        kind: Kind,
        nullable: bool,
        rows: usize,
        given: ColumnResult,
    ) -> Result<ArrayRef, String> {
        column(given, &output(kind, nullable), rows)
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let eight = given(&[0; 8], None, None);
        assert!(check(Kind::Int64, false, 1, eight.clone()).is_ok());
        assert_eq!(
            check(Kind::Int64, false, 2, eight.clone()).unwrap_err(),
            "values: 8 bytes instead of 16 for 2 rows"
        );
        assert!(check(Kind::Date, false, 1, eight.clone()).is_err());
        assert!(check(Kind::Boolean, false, 57, eight.clone()).is_ok());
        assert!(check(Kind::Boolean, false, 56, eight.clone()).is_err());
        assert!(check(Kind::Boolean, false, 65, eight).is_err());
        let validity = given(&[0; 8], None, Some(&[1, 0]));
        assert!(
            check(Kind::Int64, true, 1, validity)
                .unwrap_err()
                .starts_with("its validity: 2 bytes")
        );
    }

    #[test]
    fn nulls_stand_only_where_they_may() {
        let null = given(&[0; 16], None, Some(&[0b01]));
        assert_eq!(
            check(Kind::Int64, true, 2, null.clone())
                .unwrap()
                .null_count(),
            1
        );
        assert_eq!(
            check(Kind::Int64, false, 2, null).unwrap_err(),
            "row 1 is null, and the column is not nullable"
        );
        // Bits beyond the rows say nothing.
        assert!(check(Kind::Int64, false, 2, given(&[0; 16], None, Some(&[0b11]))).is_ok());
        let beyond = check(
            Kind::Int64,
            true,
            2,
            given(&[0; 16], None, Some(&[0b1111_1110])),
        )
        .unwrap();
        assert_eq!(beyond.null_count(), 1);
    }

    #[test]
    fn offsets_are_walked() {
        let text = |values: &str, offsets: &[u32]| {
            check(
                Kind::Utf8,
                false,
                2,
                given(values.as_bytes(), Some(offsets), None),
            )
            .map(|array| array.len())
        };
        assert_eq!(text("abc", &[0, 1, 3]), Ok(2));
        assert!(
            text("abc", &[0, 3])
                .unwrap_err()
                .starts_with("offsets: 8 bytes instead of 12")
        );
        assert!(
            text("abc", &[1, 1, 3])
                .unwrap_err()
                .starts_with("offsets: the first is 1")
        );
        assert!(
            text("abc", &[0, 3, 2])
                .unwrap_err()
                .starts_with("offsets: that after row 1 is lower")
        );
        assert!(
            text("abc", &[0, u32::MAX, 3])
                .unwrap_err()
                .starts_with("offsets: that after row 0")
        );
        assert!(
            text("abc", &[0, 1, 4])
                .unwrap_err()
                .starts_with("offsets: the last is 4")
        );
        assert!(
            text("abc", &[0, 1, 2])
                .unwrap_err()
                .starts_with("offsets: the last is 2")
        );
        assert!(text("abc", &[0, 4, 3]).is_err());
        assert_eq!(
            text("é", &[0, 1, 2]).unwrap_err(),
            "row 0 is not valid UTF-8"
        );
        assert!(check(Kind::Utf8, false, 1, given(b"\xff", Some(&[0, 1]), None)).is_err());
        assert!(check(Kind::Utf8, false, 1, given(b"a", None, None)).is_err());
        assert!(check(Kind::Int64, false, 1, given(&[0; 8], Some(&[0, 8]), None)).is_err());
        assert!(check(Kind::Binary, false, 1, given(b"\xff", Some(&[0, 1]), None)).is_ok());
    }

    #[test]
    fn json_is_parsed() {
        let json = |value: &str| {
            check(
                Kind::Json,
                true,
                1,
                given(value.as_bytes(), Some(&[0, value.len() as u32]), None),
            )
            .is_ok()
        };
        assert!(json(r#"{"a": [1, 2.5e3, null, "\u00e9"]}"#));
        for bad in ["", "{", "{} {}", "nul", "01", "\"\n\""] {
            assert!(!json(bad), "{bad}");
        }
        assert!(!json(&"[".repeat(100_000)));
        assert!(
            check(Kind::Json, true, 1, given(b"", Some(&[0, 0]), Some(&[0]))).is_ok(),
            "a null is no JSON"
        );
    }

    #[test]
    fn columns_and_rows_are_counted() {
        let output = output(Kind::Int64, false);
        let schema =
            std::sync::Arc::new(arrow_schema::Schema::new(vec![arrow_schema::Field::new(
                "c",
                Kind::Int64.data_type(),
                false,
            )]));
        let answer = |rows: u32, columns: usize| BatchResult {
            rows,
            columns: vec![given(&vec![0; rows as usize * 8], None, None); columns],
        };
        let check =
            |answer, rows| batch(answer, &[&output], &schema, rows).map(|batch| batch.num_rows());
        assert_eq!(check(answer(2, 1), Rows::Exactly(2)), Ok(2));
        assert_eq!(check(answer(0, 1), Rows::UpTo(2)), Ok(0));
        assert_eq!(
            check(answer(2, 1), Rows::Exactly(3)).unwrap_err(),
            "it has 2 rows instead of 3"
        );
        assert!(check(answer(3, 1), Rows::UpTo(2)).is_err());
        assert!(check(answer(2, 0), Rows::UpTo(2)).is_err());
        assert!(check(answer(2, 2), Rows::UpTo(2)).is_err());
        assert_eq!(
            check(
                BatchResult {
                    rows: u32::MAX,
                    columns: vec![given(&[], None, None)]
                },
                Rows::UpTo(u32::MAX)
            )
            .unwrap_err(),
            "column `c`: values: 0 bytes instead of 34359738360 for 4294967295 rows"
        );
    }

    #[test]
    fn misaligned_memory_is_moved() {
        let bytes: Vec<u8> = (0..16).collect();
        let moved: ScalarBuffer<i64> = aligned(bytes.clone());
        let same: Vec<i64> = bytes
            .chunks(8)
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        assert_eq!(&moved[..], same);
    }

    proptest! {
        /// Any bytes are either refused or an array that can be read to its end.
        #[test]
        fn whatever_comes_nothing_breaks(
            kind in prop::sample::select(vec![Kind::Boolean, Kind::Int64, Kind::Date, Kind::Utf8, Kind::Binary, Kind::Json]),
            rows in 0_usize..20,
            values in prop::collection::vec(any::<u8>(), 0..40),
            offsets in prop::option::of(prop::collection::vec(0_u32..40, 0..20)),
            validity in prop::option::of(prop::collection::vec(any::<u8>(), 0..4)),
        ) {
            let given = given(&values, offsets.as_deref(), validity.as_deref());
            if let Ok(array) = check(kind, true, rows, given) {
                prop_assert_eq!(array.len(), rows);
                prop_assert_eq!(array.data_type(), &kind.data_type());
                array.to_data().validate_full().unwrap();
            }
        }

        /// What the host lays out for a component, it takes back as the same.
        #[test]
        fn there_and_back(values in prop::collection::vec(prop::option::of(".{0,5}"), 0..20), skip in 0_usize..5) {
            let array = StringArray::from(values);
            let array = array.slice(skip.min(array.len()), array.len().saturating_sub(skip));
            let batch = RecordBatch::try_from_iter_with_nullable([("c", Arc::new(array.clone()) as ArrayRef, true)]).unwrap();
            let back = Lowered::of(&batch).unwrap().with(|batch| {
                let given = &batch.columns[0];
                ColumnResult {
                    values: given.values.to_vec(),
                    offsets: given.offsets.map(<[u8]>::to_vec),
                    validity: given.validity.map(<[u8]>::to_vec),
                }
            });
            let back = check(Kind::Utf8, true, array.len(), back).unwrap();
            prop_assert_eq!(back.as_string::<i32>(), &array);
        }
    }
}
