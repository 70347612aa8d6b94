//! Events: typed rows over the input columns, read without copying.

use crate::column::{Column, Malformed, bit};
use crate::schema::{Condition, Input, Kind};
use crate::types::{Date, Json, Timestamp};

/// The columns that a pipeline reads from a record. Derive it: `#[derive(Event)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    note = "derive it: `#[derive(Event)]` on a struct with a field for each value that is read"
)]
pub trait Event<'a>: Sized {
    /// The input columns.
    const INPUTS: &'static [Input];
    /// The conditions that a record must meet.
    const ONLY: &'static [Condition];
    /// The input that holds the event time.
    const EVENT_TIME: Option<&'static str>;
    /// The columns of a batch, ready to be read.
    type Readers;

    /// Checks the columns of a batch once, so that reading a row takes only an index.
    ///
    /// # Errors
    /// If the columns are not those of [`INPUTS`](Event::INPUTS).
    fn readers(columns: &'a [Column], rows: usize) -> Result<Self::Readers, Malformed>;

    /// The event in `row`.
    fn read(readers: &Self::Readers, row: usize) -> Self;
}

/// A type for a field of an event: `i64`, `f64`, `bool`, `&str`, `&[u8]`, [`Timestamp`], [`Date`], [`Json`], or an
/// `Option` of one of these if the record may lack the value.
#[diagnostic::on_unimplemented(
    message = "an event's field cannot be of type `{Self}`",
    label = "not a type that a column is read as",
    note = "a field is `i64`, `f64`, `bool`, `&str`, `&[u8]`, `Timestamp`, `Date` or `Json`, or an `Option` of these"
)]
pub trait Field<'a>: Sized {
    /// The column's kind.
    const KIND: Kind;
    /// Whether a record may lack the value.
    const NULLABLE: bool = false;
    /// The column, ready to be read.
    type Reader;

    /// Checks the column once.
    ///
    /// # Errors
    /// If the column does not hold `rows` values of this kind.
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed>;

    /// The value in `row`.
    fn read(reader: &Self::Reader, row: usize) -> Self;
}

/// The column of the input at `index`, ready to be read; `#[derive(Event)]` calls this.
///
/// # Errors
/// If there is no such column, or its kind is not that of the field.
pub fn field_reader<'a, F: Field<'a>>(
    columns: &'a [Column],
    rows: usize,
    inputs: &[Input],
    index: usize,
) -> Result<F::Reader, Malformed> {
    let column = columns
        .get(index)
        .ok_or_else(|| Malformed::new("there are fewer columns than inputs"))?;
    F::reader(column, rows).map_err(|malformed| malformed.in_column(inputs[index].name))
}

fn fixed<const N: usize>(column: &Column, rows: usize) -> Result<&[[u8; N]], Malformed> {
    match column.values.as_chunks() {
        (values, []) if values.len() == rows => Ok(values),
        _ => Err(Malformed::new(format!(
            "{} bytes are not {rows} values of {N}",
            column.values.len()
        ))),
    }
}

fn bitmap(bitmap: &[u8], rows: usize) -> Result<&[u8], Malformed> {
    if bitmap.len() < rows.div_ceil(8) {
        return Err(Malformed::new(format!(
            "{} bytes of bitmap are too few for {rows} rows",
            bitmap.len()
        )));
    }
    Ok(bitmap)
}

macro_rules! fixed_width {
    ($($type:ty, $kind:ident, $bytes:literal, $from:expr;)*) => {$(
        impl<'a> Field<'a> for $type {
            const KIND: Kind = Kind::$kind;
            type Reader = &'a [[u8; $bytes]];
            fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
                fixed(column, rows)
            }
            #[inline]
            fn read(reader: &Self::Reader, row: usize) -> Self {
                $from(reader[row])
            }
        }
    )*};
}

fixed_width! {
    i64, Int64, 8, i64::from_le_bytes;
    f64, Float64, 8, f64::from_le_bytes;
    Timestamp, Timestamp, 8, |bytes| Timestamp::from_microseconds(i64::from_le_bytes(bytes));
    Date, Date, 4, |bytes| Date::from_days(i32::from_le_bytes(bytes));
}

impl<'a> Field<'a> for bool {
    const KIND: Kind = Kind::Boolean;
    type Reader = &'a [u8];
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
        bitmap(&column.values, rows)
    }
    fn read(reader: &Self::Reader, row: usize) -> Self {
        bit(reader, row)
    }
}

/// Bytes or text with the offsets that cut them.
#[derive(Debug)]
pub struct Cut<'a, T: ?Sized> {
    values: &'a T,
    offsets: &'a [[u8; 4]],
}

impl<T: ?Sized> Cut<'_, T> {
    #[inline]
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let at = |offset: [u8; 4]| u32::from_le_bytes(offset) as usize;
        at(self.offsets[row])..at(self.offsets[row + 1])
    }
}

fn cut<'a, T: ?Sized>(
    values: &'a T,
    column: &'a Column,
    rows: usize,
) -> Result<Cut<'a, T>, Malformed> {
    match column.offsets.as_deref().map(<[u8]>::as_chunks) {
        Some((offsets, [])) if offsets.len() == rows + 1 => Ok(Cut { values, offsets }),
        _ => Err(Malformed::new(format!("it has no offsets for {rows} rows"))),
    }
}

impl<'a> Field<'a> for &'a [u8] {
    const KIND: Kind = Kind::Binary;
    type Reader = Cut<'a, [u8]>;
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
        cut(column.values.as_slice(), column, rows)
    }
    #[inline]
    fn read(reader: &Self::Reader, row: usize) -> Self {
        &reader.values[reader.range(row)]
    }
}

impl<'a> Field<'a> for &'a str {
    const KIND: Kind = Kind::Utf8;
    type Reader = Cut<'a, str>;
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
        // The whole column at once: a row then costs no more than its bounds.
        let text = str::from_utf8(&column.values).map_err(|_| Malformed::new("it is not UTF-8"))?;
        cut(text, column, rows)
    }
    #[inline]
    fn read(reader: &Self::Reader, row: usize) -> Self {
        &reader.values[reader.range(row)]
    }
}

impl<'a> Field<'a> for Json<'a> {
    const KIND: Kind = Kind::Json;
    type Reader = Cut<'a, str>;
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
        <&str>::reader(column, rows)
    }
    fn read(reader: &Self::Reader, row: usize) -> Self {
        Json(<&str>::read(reader, row))
    }
}

impl<'a, F: Field<'a>> Field<'a> for Option<F> {
    const KIND: Kind = F::KIND;
    const NULLABLE: bool = true;
    type Reader = (F::Reader, Option<&'a [u8]>);
    fn reader(column: &'a Column, rows: usize) -> Result<Self::Reader, Malformed> {
        let validity = column
            .validity
            .as_deref()
            .map(|validity| bitmap(validity, rows))
            .transpose()?;
        Ok((F::reader(column, rows)?, validity))
    }
    #[inline]
    fn read((values, validity): &Self::Reader, row: usize) -> Self {
        let is_valid = validity.is_none_or(|validity| bit(validity, row));
        is_valid.then(|| F::read(values, row))
    }
}
