//! From Arrow to WIT: the buffers of a batch in the layout of the contract, without a copy where Arrow has it
//! already.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ByteArrayType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, GenericByteArray, RecordBatch};
use arrow_buffer::{Buffer, ToByteSlice};
use arrow_schema::{DataType, TimeUnit};

use super::bindings::backfold::pipeline::columns::{BatchParam, ColumnParam};

/// A batch in the layout of the contract. Its buffers are references to those of Arrow, except for bitmaps and offsets of
/// a slice that does not begin at row 0.
pub(super) struct Lowered {
    rows: u32,
    columns: Vec<Column>,
}

struct Column {
    values: Buffer,
    offsets: Option<Buffer>,
    validity: Option<Buffer>,
}

impl Lowered {
    /// Converts `batch`.
    ///
    /// # Errors
    /// If the contract has no such type, or the batch has too many rows.
    pub(super) fn of(batch: &RecordBatch) -> Result<Lowered, String> {
        let rows = u32::try_from(batch.num_rows())
            .map_err(|_| format!("{} rows are too many", batch.num_rows()))?;
        let columns = batch
            .columns()
            .iter()
            .map(|array| lower(array.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Lowered { rows, columns })
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// The number of bytes that a call copies.
    pub(super) fn bytes(&self) -> u64 {
        let size = |buffer: &Option<Buffer>| buffer.as_ref().map_or(0, Buffer::len);
        let all = self
            .columns
            .iter()
            .map(|c| c.values.len() + size(&c.offsets) + size(&c.validity));
        all.sum::<usize>() as u64
    }

    /// Calls `call` with the batch.
    pub(super) fn with<T>(&self, call: impl FnOnce(BatchParam<'_>) -> T) -> T {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| ColumnParam {
                values: column.values.as_slice(),
                offsets: column.offsets.as_deref(),
                validity: column.validity.as_deref(),
            })
            .collect();
        call(BatchParam {
            rows: self.rows,
            columns: &columns,
        })
    }
}

fn lower(array: &dyn Array) -> Result<Column, String> {
    let (values, offsets) = match array.data_type() {
        DataType::Boolean => (array.as_boolean().values().sliced(), None),
        DataType::Int64 => (fixed::<Int64Type>(array), None),
        DataType::Float64 => (fixed::<Float64Type>(array), None),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            (fixed::<TimestampMicrosecondType>(array), None)
        }
        DataType::Date32 => (fixed::<Date32Type>(array), None),
        DataType::Utf8 => cut(array.as_string::<i32>()),
        DataType::Binary => cut(array.as_binary::<i32>()),
        other => {
            return Err(format!(
                "a column of type {other} is none of the contract's"
            ));
        }
    };
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    Ok(Column {
        values,
        offsets,
        validity: nulls.map(|nulls| nulls.inner().sliced()),
    })
}

fn fixed<T: ArrowPrimitiveType>(array: &dyn Array) -> Buffer {
    array.as_primitive::<T>().values().inner().clone()
}

/// The values and the offsets of an array. The offsets begin at 0.
fn cut<T: ByteArrayType<Offset = i32>>(array: &GenericByteArray<T>) -> (Buffer, Option<Buffer>) {
    let offsets = array.value_offsets();
    // An Arrow array has one offset more than it has rows.
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let values = array
        .values()
        .slice_with_length(first as usize, (last - first) as usize);
    let offsets = if first == 0 {
        array.offsets().inner().inner().clone()
    } else {
        Buffer::from_vec(
            offsets
                .iter()
                .map(|offset| offset - first)
                .collect::<Vec<i32>>(),
        )
    };
    debug_assert_eq!(offsets.len(), array.value_offsets().to_byte_slice().len());
    (values, Some(offsets))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Int32Array, Int64Array, StringArray,
    };

    use super::*;

    fn batch(array: impl Array + 'static) -> RecordBatch {
        RecordBatch::try_from_iter([("c", Arc::new(array) as ArrayRef)]).unwrap()
    }

    fn bytes_of(batch: &RecordBatch) -> (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>) {
        Lowered::of(batch).unwrap().with(|batch| {
            let column = &batch.columns[0];
            (
                column.values.to_vec(),
                column.offsets.map(<[u8]>::to_vec),
                column.validity.map(<[u8]>::to_vec),
            )
        })
    }

    #[test]
    fn numbers_cross_as_they_are() {
        let array = Int64Array::from(vec![1, -1, 3]);
        let address = array.values().as_ptr().cast::<u8>();
        let lowered = Lowered::of(&batch(array)).unwrap();
        assert_eq!((lowered.rows(), lowered.bytes()), (3, 24));
        lowered.with(|batch| assert_eq!(batch.columns[0].values.as_ptr(), address, "copied"));
        assert_eq!(
            bytes_of(&batch(Date32Array::from(vec![Some(1), None]))).2,
            Some(vec![0b01])
        );
    }

    #[test]
    fn a_slice_crosses_as_if_it_were_the_whole() {
        let text = StringArray::from(vec![Some("ab"), None, Some("cde"), Some("")]);
        assert_eq!(
            bytes_of(&batch(text.slice(1, 3))),
            bytes_of(&batch(StringArray::from(vec![None, Some("cde"), Some("")])))
        );
        let bits: Vec<_> = (0..20)
            .map(|i| Some(i % 3 == 0).filter(|_| i % 7 != 0))
            .collect();
        let sliced = bytes_of(&batch(BooleanArray::from(bits.clone()).slice(5, 13)));
        let whole = BooleanArray::from(bits[5..18].to_vec());
        let value = |bytes: &[u8], row: usize| bytes[row / 8] >> (row % 8) & 1 == 1;
        for row in 0..13 {
            let valid = value(sliced.2.as_ref().unwrap(), row);
            assert_eq!(valid, whole.is_valid(row));
            assert!(!valid || value(&sliced.0, row) == whole.value(row));
        }
    }

    #[test]
    fn nothing_is_something_too() {
        assert_eq!(
            bytes_of(&batch(StringArray::from(Vec::<&str>::new()))),
            (vec![], Some(vec![0; 4]), None)
        );
        assert_eq!(
            bytes_of(&batch(BinaryArray::from(vec![&b""[..]]).slice(1, 0))),
            (vec![], Some(vec![0; 4]), None)
        );
    }

    #[test]
    fn a_type_of_no_kind_is_refused() {
        assert!(Lowered::of(&batch(Int32Array::from(vec![1]))).is_err());
    }
}
