//! Parquet objects of given physical values, which the Arrow writer would not write.

use std::sync::Arc;

use bytes::Bytes;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// A physical value.
#[derive(Clone, Debug)]
pub(super) enum Physical {
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    /// Nanoseconds of a day, and the number of the day.
    Int96(u64, u32),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
}

/// A leaf column: its values, and a definition and a repetition level for each, null or not.
pub(super) struct Leaf {
    pub(super) values: Vec<Physical>,
    pub(super) definition: Vec<i16>,
    pub(super) repetition: Vec<i16>,
}

impl Leaf {
    /// A column that is optional, at the top.
    pub(super) fn optional(values: impl IntoIterator<Item = Option<Physical>>) -> Self {
        let values: Vec<_> = values.into_iter().collect();
        Leaf {
            definition: values.iter().map(|value| value.is_some().into()).collect(),
            repetition: vec![0; values.len()],
            values: values.into_iter().flatten().collect(),
        }
    }
}

/// An object with this schema, as Parquet writes it as text, and these leaf columns.
pub(super) fn parquet_of(message: &str, leaves: &[Leaf]) -> Bytes {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in leaves {
        let mut column = group.next_column().unwrap().unwrap();
        write(column.untyped(), leaf);
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap().into()
}

fn write(column: &mut ColumnWriter<'_>, leaf: &Leaf) {
    macro_rules! write {
        ($writer:ident, $pattern:pat => $value:expr) => {{
            let values = leaf.values.iter().map(|value| match value {
                $pattern => $value,
                other => panic!("{other:?} is of another physical type"),
            });
            let values: Vec<_> = values.collect();
            let levels = (Some(&leaf.definition[..]), Some(&leaf.repetition[..]));
            $writer.write_batch(&values, levels.0, levels.1).unwrap();
        }};
    }
    match column {
        ColumnWriter::BoolColumnWriter(of) => write!(of, Physical::Boolean(value) => *value),
        ColumnWriter::Int32ColumnWriter(of) => write!(of, Physical::Int32(value) => *value),
        ColumnWriter::Int64ColumnWriter(of) => write!(of, Physical::Int64(value) => *value),
        ColumnWriter::Int96ColumnWriter(of) => write!(of, Physical::Int96(nanos, day) => {
            let mut value = Int96::new();
            value.set_data(*nanos as u32, (*nanos >> 32) as u32, *day);
            value
        }),
        ColumnWriter::FloatColumnWriter(of) => write!(of, Physical::Float(value) => *value),
        ColumnWriter::DoubleColumnWriter(of) => write!(of, Physical::Double(value) => *value),
        ColumnWriter::ByteArrayColumnWriter(of) => {
            write!(of, Physical::Bytes(value) => ByteArray::from(value.clone()));
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(of) => {
            write!(of, Physical::Bytes(value) => {
                FixedLenByteArray::from(ByteArray::from(value.clone()))
            });
        }
    }
}
