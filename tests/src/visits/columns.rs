//! Parquet and Avro, as Arrow's own writers make them.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::{
    ArrayRef, Date32Array, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroOcfFormat;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::Part;

/// So few that an object has several.
const ROW_GROUP_ROWS: usize = 40;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Part {
    /// The visits as columns.
    pub(super) fn columns(&self, own_day: bool) -> Result<RecordBatch> {
        let visits = || self.visits.iter();
        let ts = TimestampMillisecondArray::from_iter_values(visits().map(|visit| visit.at_ms));
        let pages = StringArray::from_iter_values(visits().map(|visit| &visit.page));
        let durations = visits().map(|visit| i32::try_from(visit.duration_ms));
        let durations = Int32Array::from(durations.collect::<Result<Vec<_>, _>>()?);
        let notes = StringArray::from_iter_values(visits().map(|visit| visit.note));
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("note", Arc::new(notes)),
            ("page_id", Arc::new(pages)),
            ("ts", Arc::new(ts.with_timezone("UTC"))),
            ("duration_ms", Arc::new(durations)),
        ];
        if own_day {
            let days = visits().map(|visit| (visit.at_ms / DAY_MS) as i32);
            let hours = visits().map(|visit| visit.hour());
            columns.push(("dt", Arc::new(Date32Array::from_iter_values(days))));
            columns.push(("hour", Arc::new(Int32Array::from_iter_values(hours))));
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    }
}

/// A Parquet object of several row groups, in snappy as most writers have it.
///
/// # Errors
/// Where the library does not take the rows.
pub fn parquet_of(rows: &RecordBatch) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties))?;
    writer.write(rows)?;
    Ok(writer.into_inner()?)
}

/// An Avro object in deflate, a block a hundred rows or so.
///
/// # Errors
/// Where the library does not take the rows.
pub fn avro_of(rows: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer = WriterBuilder::new(rows.schema().as_ref().clone())
        .with_compression(Some(CompressionCodec::Deflate))
        .build::<_, AvroOcfFormat>(Vec::new())?;
    for start in (0..rows.num_rows()).step_by(ROW_GROUP_ROWS) {
        let length = ROW_GROUP_ROWS.min(rows.num_rows() - start);
        writer.write(&rows.slice(start, length))?;
    }
    writer.finish()?;
    Ok(writer.into_inner())
}
