//! State columns that grow at the end and change in place, which Arrow arrays cannot.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::error::FoldError;
use super::heap::{ByteHeap, Place};
use super::paged::Paged;
use crate::schema::Kind;

/// A column of states. Rows are numbered from 0 in the order in which they were appended.
pub(super) trait StateColumn: Send {
    /// Appends the rows `rows` of `from`, an array of this column's type.
    fn append(&mut self, from: &dyn Array, rows: &[u32]) -> Result<(), FoldError>;

    /// Puts row `i` of `from` in the place of row `at[i]`.
    fn replace(&mut self, at: &[u32], from: &dyn Array) -> Result<(), FoldError>;

    /// The bytes that a row takes in an array.
    fn row_bytes(&self, row: u32) -> usize;

    /// The rows `rows`, in that order.
    fn gather(&self, rows: &[u32]) -> ArrayRef;

    /// Removes all rows, keeps the memory.
    fn clear(&mut self);

    /// The memory in use for rows, in bytes.
    fn memory_bytes(&self) -> usize;
}

/// An empty column of a kind.
pub(super) fn state_column(kind: Kind) -> Box<dyn StateColumn> {
    let data_type = kind.data_type();
    match kind {
        Kind::Boolean => Box::new(Booleans::default()),
        Kind::Int64 => Box::new(Primitives::<Int64Type>::new(data_type)),
        Kind::Float64 => Box::new(Primitives::<Float64Type>::new(data_type)),
        Kind::Timestamp => Box::new(Primitives::<TimestampMicrosecondType>::new(data_type)),
        Kind::Date => Box::new(Primitives::<Date32Type>::new(data_type)),
        Kind::Utf8 | Kind::Json => Box::new(Blobs::new(true)),
        Kind::Binary => Box::new(Blobs::new(false)),
    }
}

/// Which rows are present; costs nothing until the first null.
#[derive(Default)]
struct Validity {
    rows: usize,
    present: Vec<bool>,
}

impl Validity {
    /// Appends the presence of the rows `rows` of `from`.
    fn extend(&mut self, from: &dyn Array, rows: &[u32]) {
        if from.null_count() == 0 && self.present.is_empty() {
            self.rows += rows.len();
            return;
        }
        for &row in rows {
            self.push(from.is_valid(row as usize));
        }
    }

    fn push(&mut self, present: bool) {
        if !present && self.present.is_empty() {
            self.present.resize(self.rows, true);
        }
        if !present || !self.present.is_empty() {
            self.present.push(present);
        }
        self.rows += 1;
    }

    fn set(&mut self, row: usize, present: bool) {
        if !present && self.present.is_empty() {
            self.present.resize(self.rows, true);
        }
        if let Some(slot) = self.present.get_mut(row) {
            *slot = present;
        }
    }

    fn get(&self, row: usize) -> bool {
        self.present.get(row).copied().unwrap_or(true)
    }

    /// Which of the rows `rows` are present, unless all are.
    fn gather(&self, rows: &[u32]) -> Option<NullBuffer> {
        if self.present.is_empty() {
            return None;
        }
        Some(rows.iter().map(|&row| self.get(row as usize)).collect())
    }

    fn clear(&mut self) {
        self.rows = 0;
        self.present.clear();
    }
}

struct Primitives<T: ArrowPrimitiveType> {
    data_type: DataType,
    values: Paged<T::Native>,
    validity: Validity,
}

impl<T: ArrowPrimitiveType> Primitives<T> {
    fn new(data_type: DataType) -> Self {
        Primitives {
            data_type,
            values: Paged::default(),
            validity: Validity::default(),
        }
    }
}

impl<T: ArrowPrimitiveType> StateColumn for Primitives<T> {
    fn append(&mut self, from: &dyn Array, rows: &[u32]) -> Result<(), FoldError> {
        let from = from.as_primitive::<T>();
        for &row in rows {
            self.values.push(from.value(row as usize));
        }
        self.validity.extend(from, rows);
        Ok(())
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) -> Result<(), FoldError> {
        let from = from.as_primitive::<T>();
        for (i, &row) in at.iter().enumerate() {
            self.values.set(row as usize, from.value(i));
            self.validity.set(row as usize, from.is_valid(i));
        }
        Ok(())
    }

    fn row_bytes(&self, _row: u32) -> usize {
        size_of::<T::Native>()
    }

    fn gather(&self, rows: &[u32]) -> ArrayRef {
        let values = rows.iter().map(|&row| self.values.get(row as usize));
        let array = PrimitiveArray::<T>::new(values.collect(), self.validity.gather(rows));
        Arc::new(array.with_data_type(self.data_type.clone()))
    }

    fn clear(&mut self) {
        self.values.clear();
        self.validity.clear();
    }

    fn memory_bytes(&self) -> usize {
        size_of::<T::Native>() * self.values.len() + self.validity.present.len()
    }
}

#[derive(Default)]
struct Booleans {
    values: Vec<bool>,
    validity: Validity,
}

impl StateColumn for Booleans {
    fn append(&mut self, from: &dyn Array, rows: &[u32]) -> Result<(), FoldError> {
        let from = from.as_boolean();
        for &row in rows {
            self.values.push(from.value(row as usize));
        }
        self.validity.extend(from, rows);
        Ok(())
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) -> Result<(), FoldError> {
        let from = from.as_boolean();
        for (i, &row) in at.iter().enumerate() {
            self.values[row as usize] = from.value(i);
            self.validity.set(row as usize, from.is_valid(i));
        }
        Ok(())
    }

    fn row_bytes(&self, _row: u32) -> usize {
        1
    }

    fn gather(&self, rows: &[u32]) -> ArrayRef {
        let mut builder = BooleanBuilder::with_capacity(rows.len());
        for &row in rows {
            builder.append_option(
                self.validity
                    .get(row as usize)
                    .then(|| self.values[row as usize]),
            );
        }
        Arc::new(builder.finish())
    }

    fn clear(&mut self) {
        self.values.clear();
        self.validity.clear();
    }

    fn memory_bytes(&self) -> usize {
        self.values.len() + self.validity.present.len()
    }
}

/// Text or bytes in one heap. A value that outgrows its place moves to the end; the heap is packed once half
/// of it is dead.
struct Blobs {
    utf8: bool,
    spans: Vec<Span>,
    heap: ByteHeap,
    dead_bytes: usize,
    validity: Validity,
}

#[derive(Clone, Copy)]
struct Span {
    place: Place,
    /// The longest value, in bytes, that this place has room for.
    room: u32,
}

impl Span {
    fn new(place: Place) -> Self {
        Span {
            place,
            room: place.len() as u32,
        }
    }
}

impl Blobs {
    const PACK_FROM_BYTES: usize = 64 << 10;

    fn new(utf8: bool) -> Self {
        Blobs {
            utf8,
            spans: Vec::new(),
            heap: ByteHeap::default(),
            dead_bytes: 0,
            validity: Validity::default(),
        }
    }

    fn value<'a>(&self, from: &'a dyn Array, row: usize) -> &'a [u8] {
        if self.utf8 {
            from.as_string::<i32>().value(row).as_bytes()
        } else {
            from.as_binary::<i32>().value(row)
        }
    }

    fn bytes(&self, row: u32) -> &[u8] {
        self.heap.at(self.spans[row as usize].place)
    }

    fn pack(&mut self) -> Result<(), FoldError> {
        let mut heap = ByteHeap::default();
        for span in &mut self.spans {
            *span = Span::new(heap.push(self.heap.at(span.place))?);
        }
        self.heap = heap;
        self.dead_bytes = 0;
        Ok(())
    }
}

impl StateColumn for Blobs {
    fn append(&mut self, from: &dyn Array, rows: &[u32]) -> Result<(), FoldError> {
        for &row in rows {
            let value = self.value(from, row as usize);
            self.spans.push(Span::new(self.heap.push(value)?));
        }
        self.validity.extend(from, rows);
        Ok(())
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) -> Result<(), FoldError> {
        for (i, &row) in at.iter().enumerate() {
            let value = self.value(from, i);
            let span = self.spans[row as usize];
            let before = span.place.len();
            if value.len() <= span.room as usize {
                self.spans[row as usize].place = self.heap.replace(span.place, value);
                self.dead_bytes = self.dead_bytes + before - value.len();
            } else {
                self.dead_bytes += before;
                self.spans[row as usize] = Span::new(self.heap.push(value)?);
            }
            self.validity.set(row as usize, from.is_valid(i));
        }
        let is_half_dead = self.dead_bytes > self.heap.memory_bytes() / 2;
        if self.dead_bytes > Self::PACK_FROM_BYTES && is_half_dead {
            self.pack()?;
        }
        Ok(())
    }

    fn row_bytes(&self, row: u32) -> usize {
        size_of::<i32>() + self.spans[row as usize].place.len()
    }

    fn gather(&self, rows: &[u32]) -> ArrayRef {
        let present = |row: u32| self.validity.get(row as usize);
        if self.utf8 {
            let mut builder = StringBuilder::with_capacity(rows.len(), 0);
            for &row in rows {
                let text =
                    std::str::from_utf8(self.bytes(row)).expect("only checked UTF-8 is appended");
                builder.append_option(present(row).then_some(text));
            }
            Arc::new(builder.finish())
        } else {
            let mut builder = BinaryBuilder::with_capacity(rows.len(), 0);
            rows.iter()
                .for_each(|&row| builder.append_option(present(row).then_some(self.bytes(row))));
            Arc::new(builder.finish())
        }
    }

    fn clear(&mut self) {
        self.spans.clear();
        self.heap.clear();
        self.dead_bytes = 0;
        self.validity.clear();
    }

    fn memory_bytes(&self) -> usize {
        let spans = size_of::<Span>() * self.spans.len();
        self.heap.memory_bytes() + spans + self.validity.present.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    #[test]
    fn values_that_grow_and_shrink_keep_their_rows() {
        let mut column = state_column(Kind::Utf8);
        let first = StringArray::from(vec![Some("a"), None, Some("ccc")]);
        column.append(&first, &[2, 1, 0]).unwrap();
        let second = StringArray::from(vec![Some("long enough to move"), None]);
        column.replace(&[1, 2], &second).unwrap();
        column
            .replace(&[0], &StringArray::from(vec![Some("")]))
            .unwrap();
        let found = column.gather(&[0, 1, 2]);
        assert_eq!(
            found.as_string::<i32>(),
            &StringArray::from(vec![Some(""), Some("long enough to move"), None])
        );
    }

    #[test]
    fn dead_bytes_are_packed_away() {
        let mut column = state_column(Kind::Utf8);
        let rows: Vec<_> = (0..100).collect();
        column
            .append(&StringArray::from(vec!["x"; 100]), &rows)
            .unwrap();
        for round in 1..200 {
            let text = "y".repeat(round * 10);
            let text = StringArray::from(vec![text.as_str()]);
            column.replace(&[50], &text).unwrap();
        }
        assert!(
            column.memory_bytes() < 150 << 10,
            "{}",
            column.memory_bytes()
        );
        assert_eq!(
            column.gather(&[49, 50]).as_string::<i32>().value(1).len(),
            1990
        );
    }

    #[test]
    fn the_first_null_may_come_late() {
        let mut column = state_column(Kind::Int64);
        for part in [vec![Some(1), Some(2)], vec![None, Some(4)]] {
            let part = arrow_array::Int64Array::from(part);
            column.append(&part, &[0, 1]).unwrap();
        }
        let found = column.gather(&[0, 1, 2, 3]);
        assert_eq!(
            found.as_primitive::<Int64Type>(),
            &vec![Some(1), Some(2), None, Some(4)].into_iter().collect()
        );
    }
}
