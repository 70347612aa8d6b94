//! Columns in Arrow's layout, written value by value and read row by row.

use std::fmt;

use crate::schema::Kind;

/// A column's buffers, as `pipeline.wit` describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The values, little-endian, in the form of the column's kind.
    pub values: Vec<u8>,
    /// For text and bytes: `rows + 1` unsigned 32-bit numbers, the beginning of each value and the end of the last.
    pub offsets: Option<Vec<u8>>,
    /// A bitmap, least significant bit first: 1 where the value is present. Absent: all values are present.
    pub validity: Option<Vec<u8>>,
}

/// Columns with the same number of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The number of rows.
    pub rows: usize,
    /// One column per input or output of the descriptor, in order.
    pub columns: Vec<Column>,
}

/// A column or a state whose bytes do not have the form of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    what: String,
}

impl Malformed {
    /// An error with this text.
    pub fn new(what: impl Into<String>) -> Malformed {
        Malformed { what: what.into() }
    }

    pub(crate) fn in_column(self, name: &str) -> Malformed {
        Malformed {
            what: format!("column {name}: {}", self.what),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

/// The bit of `row` in a bitmap, least significant bit first.
pub(crate) fn bit(bitmap: &[u8], row: usize) -> bool {
    bitmap[row / 8] >> (row % 8) & 1 == 1
}

impl Column {
    pub(crate) fn is_valid(&self, row: usize) -> bool {
        self.validity
            .as_deref()
            .is_none_or(|validity| bit(validity, row))
    }

    /// The value of `row` in a column of `N` bytes a value.
    pub(crate) fn fixed<const N: usize>(&self, row: usize) -> Result<[u8; N], Malformed> {
        let (values, _) = self.values.as_chunks::<N>();
        values
            .get(row)
            .copied()
            .ok_or_else(|| Malformed::new(format!("it ends before row {row}")))
    }

    /// The text or bytes of `row`.
    pub(crate) fn bytes(&self, row: usize) -> Result<&[u8], Malformed> {
        let (offsets, _) = self.offsets.as_deref().unwrap_or_default().as_chunks::<4>();
        let range = match offsets.get(row..row + 2) {
            Some([start, end]) => {
                u32::from_le_bytes(*start) as usize..u32::from_le_bytes(*end) as usize
            }
            _ => return Err(Malformed::new(format!("its offsets end before row {row}"))),
        };
        self.values
            .get(range)
            .ok_or_else(|| Malformed::new(format!("the offsets of row {row} lead out of it")))
    }
}

/// Builds a column, value by value.
#[derive(Debug)]
pub struct ColumnBuilder {
    kind: Kind,
    rows: usize,
    column: Column,
}

impl ColumnBuilder {
    /// An empty column with room for `rows` values.
    pub fn new(kind: Kind, rows: usize) -> ColumnBuilder {
        let (value_bytes, is_cut) = match kind {
            Kind::Boolean => (rows.div_ceil(8), false),
            Kind::Int64 | Kind::Float64 | Kind::Timestamp => (rows * 8, false),
            Kind::Date => (rows * 4, false),
            Kind::Utf8 | Kind::Binary | Kind::Json => (rows * 8, true),
        };
        let offsets = is_cut.then(|| {
            let mut offsets = Vec::with_capacity(rows * 4 + 4);
            offsets.extend_from_slice(&0_u32.to_le_bytes());
            offsets
        });
        ColumnBuilder {
            kind,
            rows: 0,
            column: Column {
                values: Vec::with_capacity(value_bytes),
                offsets,
                validity: None,
            },
        }
    }

    /// The column.
    pub fn finish(self) -> Column {
        self.column
    }

    #[inline]
    pub(crate) fn push_fixed<const N: usize>(&mut self, value: [u8; N]) {
        self.column.values.extend_from_slice(&value);
        self.count(true);
    }

    pub(crate) fn push_bool(&mut self, value: bool) {
        push_bit(&mut self.column.values, self.rows, value);
        self.count(true);
    }

    #[inline]
    pub(crate) fn push_bytes(&mut self, value: &[u8]) {
        self.column.values.extend_from_slice(value);
        self.end_value();
        self.count(true);
    }

    pub(crate) fn push_null(&mut self) {
        if self.column.validity.is_none() {
            let mut validity = vec![0xff; self.rows / 8];
            if !self.rows.is_multiple_of(8) {
                validity.push((1 << (self.rows % 8)) - 1);
            }
            self.column.validity = Some(validity);
        }
        match self.kind {
            Kind::Boolean => push_bit(&mut self.column.values, self.rows, false),
            Kind::Int64 | Kind::Float64 | Kind::Timestamp => {
                self.column.values.extend_from_slice(&[0; 8])
            }
            Kind::Date => self.column.values.extend_from_slice(&[0; 4]),
            Kind::Utf8 | Kind::Binary | Kind::Json => self.end_value(),
        }
        self.count(false);
    }

    #[inline]
    fn end_value(&mut self) {
        let end = u32::try_from(self.column.values.len()).expect("a column holds less than 4 GiB");
        self.column
            .offsets
            .get_or_insert_default()
            .extend_from_slice(&end.to_le_bytes());
    }

    #[inline]
    fn count(&mut self, is_valid: bool) {
        if let Some(validity) = &mut self.column.validity {
            push_bit(validity, self.rows, is_valid);
        }
        self.rows += 1;
    }
}

fn push_bit(bitmap: &mut Vec<u8>, row: usize, value: bool) {
    if row.is_multiple_of(8) {
        bitmap.push(0);
    }
    if let Some(last) = bitmap.last_mut() {
        *last |= u8::from(value) << (row % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_null_marks_what_came_before_as_present() {
        let mut builder = ColumnBuilder::new(Kind::Int64, 0);
        for value in 0..9_i64 {
            builder.push_fixed(value.to_le_bytes());
        }
        builder.push_null();
        builder.push_fixed(10_i64.to_le_bytes());
        let column = builder.finish();
        assert_eq!(column.validity, Some(vec![0b1111_1111, 0b0000_0101]));
        assert_eq!(column.values.len(), 11 * 8);
        assert!(column.is_valid(8) && !column.is_valid(9) && column.is_valid(10));
    }

    #[test]
    fn a_null_text_is_empty() {
        let mut builder = ColumnBuilder::new(Kind::Utf8, 2);
        builder.push_null();
        builder.push_bytes(b"ab");
        let column = builder.finish();
        assert_eq!(column.validity, Some(vec![0b10]));
        assert_eq!(
            (column.bytes(0), column.bytes(1)),
            (Ok(&b""[..]), Ok(&b"ab"[..]))
        );
        assert!(column.bytes(2).is_err());
    }

    #[test]
    fn booleans_are_bits() {
        let mut builder = ColumnBuilder::new(Kind::Boolean, 9);
        for row in 0..9 {
            builder.push_bool(row % 2 == 1);
        }
        assert_eq!(builder.finish().values, vec![0b1010_1010, 0]);
    }

    #[test]
    fn offsets_that_lead_out_are_malformed() {
        let column = Column {
            values: b"ab".to_vec(),
            offsets: Some([0_u32, 9].map(u32::to_le_bytes).concat()),
            validity: None,
        };
        assert_eq!(
            column.bytes(0),
            Err(Malformed::new("the offsets of row 0 lead out of it"))
        );
    }
}
