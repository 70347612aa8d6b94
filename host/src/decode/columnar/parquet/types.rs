//! The Arrow types of the columns of an object.
//!
//! They follow from the Parquet schema alone: the Arrow schema that a writer may have added describes its memory, not the
//! values. Where the library's type loses the logical type, the column gets another type, or its field names the logical
//! type.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, ParquetMetaData};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type, TypePtr};

use super::weight;
use crate::decode::columnar::form::{BSON, INTERVAL, JSON, LOGICAL_TYPE, UUID};

/// A logical type that the library's Arrow type of a column does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// Nanoseconds have no room for all years of an INT96 timestamp, which is a time in UTC.
    Int96,
    /// Text that is read as bytes.
    Enum,
    Uuid,
    Json,
    Bson,
    /// Twelve bytes, of which the library reads eight.
    Interval,
}

impl Lost {
    fn of(column: &ColumnDescriptor) -> Option<Self> {
        match (column.logical_type_ref(), column.converted_type()) {
            _ if column.physical_type() == Physical::INT96 => Some(Lost::Int96),
            (Some(LogicalType::Uuid), _) => Some(Lost::Uuid),
            (Some(LogicalType::Json), _) | (None, ConvertedType::JSON) => Some(Lost::Json),
            (Some(LogicalType::Bson), _) | (None, ConvertedType::BSON) => Some(Lost::Bson),
            (Some(LogicalType::Enum), _) | (None, ConvertedType::ENUM) => Some(Lost::Enum),
            (None, ConvertedType::INTERVAL) => Some(Lost::Interval),
            _ => None,
        }
    }

    /// The field of a column, from that of the library.
    fn restore(self, field: &Field) -> Field {
        let field = field.clone();
        let named = |field: Field, name: &str| {
            let metadata = [(LOGICAL_TYPE.to_owned(), name.to_owned())];
            field.with_metadata(HashMap::from(metadata))
        };
        match self {
            Lost::Int96 => {
                let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
                field.with_data_type(utc)
            }
            Lost::Enum => field.with_data_type(DataType::Utf8),
            Lost::Uuid => named(field, UUID),
            Lost::Json => named(field, JSON),
            Lost::Bson => named(field, BSON),
            Lost::Interval => named(field, INTERVAL),
        }
    }
}

/// The metadata with the Arrow types of the columns.
///
/// # Errors
/// If the library has no types for the schema.
pub(super) fn arrow_metadata(
    metadata: ParquetMetaData,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let schema = metadata.file_metadata().schema_descr_ptr();
    let columns = 0..schema.num_columns();
    let lost: Vec<_> = columns.map(|leaf| Lost::of(&schema.column(leaf))).collect();
    let metadata = match lost.contains(&Some(Lost::Interval)) {
        true => with_whole_intervals(metadata)?,
        false => metadata,
    };
    let metadata = Arc::new(metadata);
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let plain = ArrowReaderMetadata::try_new(metadata.clone(), options.clone())?;
    if lost.iter().all(Option::is_none) {
        return Ok(plain);
    }
    let mut lost = lost.into_iter();
    let mut restore = |field: &Field| match lost.next().flatten() {
        Some(lost) => lost.restore(field),
        None => field.clone(),
    };
    let fields = replaced(plain.schema().fields(), &mut restore);
    let schema = Schema::new_with_metadata(fields, plain.schema().metadata().clone());
    ArrowReaderMetadata::try_new(metadata, options.with_schema(Arc::new(schema)))
}

/// The metadata with the strings and bytes of `schema` as views, where [`weight::has_views`] selects them.
///
/// # Errors
/// If the library refuses the schema.
pub(super) fn with_views(
    metadata: Arc<ParquetMetaData>,
    schema: &Schema,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let parquet = metadata.file_metadata().schema_descr();
    let mut leaf = 0;
    let mut view = |field: &Field| {
        let is_viewed = weight::has_views(&parquet.column(leaf));
        leaf += 1;
        let data_type = match field.data_type() {
            DataType::Utf8 if is_viewed => DataType::Utf8View,
            DataType::Binary if is_viewed => DataType::BinaryView,
            other => other.clone(),
        };
        field.clone().with_data_type(data_type)
    };
    let fields = replaced(schema.fields(), &mut view);
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ArrowReaderMetadata::try_new(metadata, options.with_schema(Arc::new(schema)))
}

/// The fields with their leaves replaced, in the order of the leaves.
fn replaced(fields: &Fields, replace: &mut impl FnMut(&Field) -> Field) -> Fields {
    let fields = fields.iter();
    fields.map(|field| replaced_field(field, replace)).collect()
}

fn replaced_field(field: &Field, replace: &mut impl FnMut(&Field) -> Field) -> Arc<Field> {
    let data_type = match field.data_type() {
        DataType::Struct(members) => DataType::Struct(replaced(members, replace)),
        DataType::List(item) => DataType::List(replaced_field(item, replace)),
        DataType::LargeList(item) => DataType::LargeList(replaced_field(item, replace)),
        DataType::FixedSizeList(item, length) => {
            DataType::FixedSizeList(replaced_field(item, replace), *length)
        }
        DataType::Map(entries, sorted) => DataType::Map(replaced_field(entries, replace), *sorted),
        _ => return Arc::new(replace(field)),
    };
    Arc::new(field.clone().with_data_type(data_type))
}

/// The metadata with intervals as bytes of a fixed length.
fn with_whole_intervals(metadata: ParquetMetaData) -> Result<ParquetMetaData, ParquetError> {
    let file = metadata.file_metadata();
    let schema = with_interval_bytes(&file.schema_descr().root_schema_ptr())?;
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        Arc::new(SchemaDescriptor::new(schema)),
        file.column_orders().cloned(),
    );
    Ok(ParquetMetaData::new(file, metadata.row_groups().to_vec()))
}

fn with_interval_bytes(of: &TypePtr) -> Result<TypePtr, ParquetError> {
    let info = of.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let made = match of.as_ref() {
        Type::PrimitiveType { .. } if info.converted_type() == ConvertedType::INTERVAL => {
            Type::primitive_type_builder(of.name(), Physical::FIXED_LEN_BYTE_ARRAY)
                .with_repetition(info.repetition())
                .with_length(12)
                .with_id(id)
                .build()?
        }
        Type::PrimitiveType { .. } => return Ok(of.clone()),
        Type::GroupType { fields, .. } => {
            let fields = fields.iter().map(with_interval_bytes);
            let group = Type::group_type_builder(of.name())
                .with_fields(fields.collect::<Result<_, _>>()?)
                .with_converted_type(info.converted_type())
                .with_logical_type(info.logical_type_ref().cloned())
                .with_id(id);
            match info.has_repetition() {
                true => group.with_repetition(info.repetition()).build()?,
                false => group.build()?,
            }
        }
    };
    Ok(Arc::new(made))
}
