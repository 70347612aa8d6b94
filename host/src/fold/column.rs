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

use super::paged::Paged;
use crate::schema::Kind;

/// A column of states. Rows are numbered from 0 in the order in which they were appended.
pub(super) trait StateColumn: Send {
    /// Appends the rows `rows` of `from`, an array of this column's type.
    fn append(&mut self, from: &dyn Array, rows: &[u32]);

    /// Puts row `i` of `from` in the place of row `at[i]`.
    fn replace(&mut self, at: &[u32], from: &dyn Array);

    /// The rows `rows`, in that order.
    fn gather(&self, rows: &[u32]) -> ArrayRef;

    /// Forgets all rows, keeps the memory.
    fn clear(&mut self);

    /// The memory in use for rows.
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
    fn append(&mut self, from: &dyn Array, rows: &[u32]) {
        let from = from.as_primitive::<T>();
        for &row in rows {
            self.values.push(from.value(row as usize));
        }
        self.validity.extend(from, rows);
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) {
        let from = from.as_primitive::<T>();
        for (i, &row) in at.iter().enumerate() {
            self.values.set(row as usize, from.value(i));
            self.validity.set(row as usize, from.is_valid(i));
        }
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
    fn append(&mut self, from: &dyn Array, rows: &[u32]) {
        let from = from.as_boolean();
        for &row in rows {
            self.values.push(from.value(row as usize));
        }
        self.validity.extend(from, rows);
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) {
        let from = from.as_boolean();
        for (i, &row) in at.iter().enumerate() {
            self.values[row as usize] = from.value(i);
            self.validity.set(row as usize, from.is_valid(i));
        }
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
    heap: Vec<u8>,
    dead_bytes: usize,
    validity: Validity,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    len: u32,
    room: u32,
}

impl Blobs {
    const PACK_FROM_BYTES: usize = 64 << 10;

    fn new(utf8: bool) -> Self {
        Blobs {
            utf8,
            spans: Vec::new(),
            heap: Vec::new(),
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

    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.heap.len();
        self.heap.extend_from_slice(bytes);
        // An array's offsets are 32 bits wide, so no value of it is longer.
        let len = bytes.len() as u32;
        Span {
            start,
            len,
            room: len,
        }
    }

    fn bytes(&self, row: u32) -> &[u8] {
        let span = self.spans[row as usize];
        &self.heap[span.start..span.start + span.len as usize]
    }

    fn pack(&mut self) {
        let mut heap = Vec::with_capacity(self.heap.len() - self.dead_bytes);
        for span in &mut self.spans {
            let start = heap.len();
            heap.extend_from_slice(&self.heap[span.start..span.start + span.len as usize]);
            *span = Span {
                start,
                len: span.len,
                room: span.len,
            };
        }
        self.heap = heap;
        self.dead_bytes = 0;
    }
}

impl StateColumn for Blobs {
    fn append(&mut self, from: &dyn Array, rows: &[u32]) {
        for &row in rows {
            let span = self.push(self.value(from, row as usize));
            self.spans.push(span);
        }
        self.validity.extend(from, rows);
    }

    fn replace(&mut self, at: &[u32], from: &dyn Array) {
        for (i, &row) in at.iter().enumerate() {
            let value = self.value(from, i);
            let span = self.spans[row as usize];
            if value.len() <= span.room as usize {
                self.heap[span.start..span.start + value.len()].copy_from_slice(value);
                self.spans[row as usize].len = value.len() as u32;
                self.dead_bytes = self.dead_bytes + span.len as usize - value.len();
            } else {
                self.dead_bytes += span.len as usize;
                self.spans[row as usize] = self.push(value);
            }
            self.validity.set(row as usize, from.is_valid(i));
        }
        if self.dead_bytes > Self::PACK_FROM_BYTES && self.dead_bytes > self.heap.len() / 2 {
            self.pack();
        }
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
        self.heap.len() + size_of::<Span>() * self.spans.len() + self.validity.present.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    #[test]
    fn values_that_grow_and_shrink_keep_their_rows() {
        let mut column = state_column(Kind::Utf8);
        column.append(
            &StringArray::from(vec![Some("a"), None, Some("ccc")]),
            &[2, 1, 0],
        );
        column.replace(
            &[1, 2],
            &StringArray::from(vec![Some("long enough to move"), None]),
        );
        column.replace(&[0], &StringArray::from(vec![Some("")]));
        let found = column.gather(&[0, 1, 2]);
        assert_eq!(
            found.as_string::<i32>(),
            &StringArray::from(vec![Some(""), Some("long enough to move"), None])
        );
    }

    #[test]
    fn dead_bytes_are_packed_away() {
        let mut column = state_column(Kind::Utf8);
        column.append(
            &StringArray::from(vec!["x"; 100]),
            &(0..100).collect::<Vec<_>>(),
        );
        for round in 1..200 {
            let text = "y".repeat(round * 10);
            column.replace(&[50], &StringArray::from(vec![text.as_str()]));
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
        column.append(&arrow_array::Int64Array::from(vec![1, 2]), &[0, 1]);
        column.append(&arrow_array::Int64Array::from(vec![None, Some(4)]), &[0, 1]);
        let found = column.gather(&[0, 1, 2, 3]);
        assert_eq!(
            found.as_primitive::<Int64Type>(),
            &vec![Some(1), Some(2), None, Some(4)].into_iter().collect()
        );
    }
}
