//! Single values in columns: written by keys, states and views, read back by states.

use crate::column::{Batch, Column, ColumnBuilder, Malformed, bit};
use crate::schema::{Kind, Output};
use crate::types::{Date, Json, Timestamp};

/// A type that a column can hold.
#[diagnostic::on_unimplemented(
    message = "no column holds values of type `{Self}`",
    label = "not a type of a column",
    note = "a column holds `i64`, `f64`, `bool`, text, bytes, `Timestamp` or `Date`, or an `Option` of these"
)]
pub trait Value {
    /// The column's kind.
    const KIND: Kind;
    /// Whether a value may be null.
    const NULLABLE: bool = false;

    /// Appends the value to a column of that kind.
    fn write(&self, column: &mut ColumnBuilder);
}

/// A value that can be read back from a column, one row at a time.
pub trait Stored: Value + Sized {
    /// The value of `row`.
    ///
    /// # Errors
    /// If the column is of another kind.
    fn load(column: &Column, row: usize) -> Result<Self, Malformed>;
}

macro_rules! fixed_width {
    ($($type:ty, $kind:ident, $to:expr, $from:expr;)*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::$kind;
            fn write(&self, column: &mut ColumnBuilder) {
                column.push_fixed($to(*self));
            }
        }
        impl Stored for $type {
            fn load(column: &Column, row: usize) -> Result<Self, Malformed> {
                column.fixed(row).map($from)
            }
        }
    )*};
}

fixed_width! {
    i64, Int64, i64::to_le_bytes, i64::from_le_bytes;
    f64, Float64, f64::to_le_bytes, f64::from_le_bytes;
    Timestamp, Timestamp, |t: Timestamp| t.microseconds.to_le_bytes(), |b| Timestamp::from_microseconds(i64::from_le_bytes(b));
    Date, Date, |d: Date| d.days.to_le_bytes(), |b| Date::from_days(i32::from_le_bytes(b));
}

impl Value for bool {
    const KIND: Kind = Kind::Boolean;
    fn write(&self, column: &mut ColumnBuilder) {
        column.push_bool(*self);
    }
}

impl Stored for bool {
    fn load(column: &Column, row: usize) -> Result<Self, Malformed> {
        if row / 8 >= column.values.len() {
            return Err(Malformed::new(format!("it ends before row {row}")));
        }
        Ok(bit(&column.values, row))
    }
}

macro_rules! variable_width {
    ($($type:ty, $kind:ident, |$value:ident| $bytes:expr;)*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::$kind;
            fn write(&self, column: &mut ColumnBuilder) {
                let $value = self;
                column.push_bytes($bytes);
            }
        }
    )*};
}

variable_width! {
    &str, Utf8, |text| text.as_bytes();
    String, Utf8, |text| text.as_bytes();
    &[u8], Binary, |bytes| bytes;
    Vec<u8>, Binary, |bytes| bytes;
    Json<'_>, Json, |json| json.0.as_bytes();
}

impl Stored for String {
    fn load(column: &Column, row: usize) -> Result<Self, Malformed> {
        let text = str::from_utf8(column.bytes(row)?)
            .map_err(|_| Malformed::new(format!("row {row} is not UTF-8")))?;
        Ok(text.to_string())
    }
}

impl Stored for Vec<u8> {
    fn load(column: &Column, row: usize) -> Result<Self, Malformed> {
        column.bytes(row).map(<[u8]>::to_vec)
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;
    fn write(&self, column: &mut ColumnBuilder) {
        match self {
            Some(value) => value.write(column),
            None => column.push_null(),
        }
    }
}

impl<T: Stored> Stored for Option<T> {
    fn load(column: &Column, row: usize) -> Result<Self, Malformed> {
        if column.is_valid(row) {
            T::load(column, row).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// The column of values of type `V`.
pub fn output<V: Value>(name: impl Into<String>) -> Output {
    Output {
        name: name.into(),
        kind: V::KIND,
        nullable: V::NULLABLE,
    }
}

/// The values of a row as `name = value`, for a message.
pub fn show_row(outputs: &[Output], columns: &[Column], row: usize) -> String {
    let shown = outputs.iter().zip(columns).map(|(output, column)| {
        let value =
            show(output.kind, column, row).unwrap_or_else(|malformed| malformed.to_string());
        format!("{} = {value}", output.name)
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn show(kind: Kind, column: &Column, row: usize) -> Result<String, Malformed> {
    if !column.is_valid(row) {
        return Ok("null".to_string());
    }
    Ok(match kind {
        Kind::Boolean => bool::load(column, row)?.to_string(),
        Kind::Int64 => i64::load(column, row)?.to_string(),
        Kind::Float64 => f64::load(column, row)?.to_string(),
        Kind::Timestamp => Timestamp::load(column, row)?.to_string(),
        Kind::Date => Date::load(column, row)?.to_string(),
        Kind::Utf8 | Kind::Json => format!("{:?}", String::load(column, row)?),
        Kind::Binary => format!("\"{}\"", column.bytes(row)?.escape_ascii()),
    })
}

/// Builds the columns of a batch.
#[derive(Debug)]
pub(crate) struct BatchBuilder {
    columns: Vec<ColumnBuilder>,
}

impl BatchBuilder {
    pub(crate) fn new<'a>(
        outputs: impl IntoIterator<Item = &'a Output>,
        rows: usize,
    ) -> BatchBuilder {
        BatchBuilder {
            columns: outputs
                .into_iter()
                .map(|output| ColumnBuilder::new(output.kind, rows))
                .collect(),
        }
    }

    /// The next row, to be written from the first column on.
    pub(crate) fn row(&mut self) -> RowWriter<'_> {
        RowWriter::new(&mut self.columns)
    }

    pub(crate) fn finish(self, rows: usize) -> Batch {
        Batch {
            rows,
            columns: self
                .columns
                .into_iter()
                .map(ColumnBuilder::finish)
                .collect(),
        }
    }
}

/// A row that is being written, column after column.
#[derive(Debug)]
pub struct RowWriter<'a> {
    columns: std::slice::IterMut<'a, ColumnBuilder>,
}

impl<'a> RowWriter<'a> {
    /// The next row of these columns.
    pub fn new(columns: &'a mut [ColumnBuilder]) -> RowWriter<'a> {
        RowWriter {
            columns: columns.iter_mut(),
        }
    }

    /// Writes the value of the next column.
    ///
    /// # Panics
    /// If the row has more values than columns.
    #[inline]
    pub fn put<V: Value>(&mut self, value: &V) {
        value.write(self.next_column());
    }

    /// The next column, to which exactly one value must be appended.
    ///
    /// # Panics
    /// If there is no further column.
    #[inline]
    pub(crate) fn next_column(&mut self) -> &mut ColumnBuilder {
        self.columns
            .next()
            .expect("a row is written to as many columns as were declared")
    }
}

/// A row that is being read, column after column.
#[derive(Debug)]
pub struct RowReader<'a> {
    columns: std::slice::Iter<'a, Column>,
    row: usize,
}

impl<'a> RowReader<'a> {
    /// The row with this number, from 0, of these columns.
    pub fn new(columns: &'a [Column], row: usize) -> RowReader<'a> {
        RowReader {
            columns: columns.iter(),
            row,
        }
    }

    /// The value of the next column.
    ///
    /// # Errors
    /// If the column is of another kind, or there is none.
    pub fn take<V: Stored>(&mut self) -> Result<V, Malformed> {
        let row = self.row;
        V::load(self.next_column()?, row)
    }

    /// The bytes of the next column, which is one of text or bytes, without a copy.
    ///
    /// # Errors
    /// As [`take`](RowReader::take).
    pub fn take_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let row = self.row;
        self.next_column()?.bytes(row)
    }

    fn next_column(&mut self) -> Result<&'a Column, Malformed> {
        self.columns
            .next()
            .ok_or_else(|| Malformed::new("there are fewer columns than the state has"))
    }
}
