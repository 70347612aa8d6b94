//! Parquet written and read in memory.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::super::{Footer, FooterStep, ParquetFile, ParquetPlanner, RowGroup, Step};
use crate::decode::{DecodeError, DecodeOptions, Decoding, Events, Projection};
use crate::source::Object;

pub(in crate::decode::columnar) fn written(
    batches: &[RecordBatch],
    properties: WriterProperties,
) -> Bytes {
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap().into()
}

pub(super) fn object(key: &str, content: &Bytes) -> Arc<Object> {
    Arc::new(Object {
        key: key.to_owned(),
        size_bytes: content.len() as u64,
        etag: String::new(),
        version: None,
        modified_us: 1_000_000,
        key_fields: None,
    })
}

/// Plans what is to be read of `content`.
pub(super) fn planned(
    projection: &Projection,
    options: &DecodeOptions,
    content: &Bytes,
) -> Result<Arc<ParquetFile>, DecodeError> {
    planned_object(projection, options, object("a.parquet", content), content)
}

fn planned_object(
    projection: &Projection,
    options: &DecodeOptions,
    object: Arc<Object>,
    content: &Bytes,
) -> Result<Arc<ParquetFile>, DecodeError> {
    let planner = ParquetPlanner::new(projection.clone(), options)?;
    let mut footer = Footer::new(&object)?;
    let mut range = footer.first();
    loop {
        let bytes = content.slice(range.start as usize..range.end as usize);
        match footer.push(range, bytes)? {
            FooterStep::Needs(more) => range = more,
            FooterStep::Read(metadata) => {
                return Ok(Arc::new(planner.plan(object, *metadata)?));
            }
        }
    }
}

/// Reads all of `content`.
pub(in crate::decode::columnar) fn read(
    projection: &Projection,
    options: &DecodeOptions,
    content: &Bytes,
) -> Result<Vec<Events>, DecodeError> {
    read_object(projection, options, object("a.parquet", content), content)
}

/// The same of an object of which more is known.
pub(super) fn read_object(
    projection: &Projection,
    options: &DecodeOptions,
    object: Arc<Object>,
    content: &Bytes,
) -> Result<Vec<Events>, DecodeError> {
    let file = planned_object(projection, options, object, content)?;
    let mut decoding = Decoding::new(projection.clone(), options)?;
    let mut all = Vec::new();
    for number in 0..file.row_groups() {
        let group = match file.step(number)? {
            Step::PassOver => RowGroup::passed_over(file.clone(), number),
            Step::Read(ranges) => {
                let parts = ranges.into_iter().map(|range| {
                    let bytes = content.slice(range.start as usize..range.end as usize);
                    (range, bytes)
                });
                RowGroup::read(file.clone(), number, parts, ())
            }
        };
        decoding.push(group)?;
        while let Some(events) = decoding.next()? {
            all.push(events);
        }
    }
    all.extend(decoding.finish()?);
    Ok(all)
}
