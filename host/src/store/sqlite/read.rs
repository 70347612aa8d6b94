//! Reading a build's table back, in the order of its key.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rusqlite::types::ValueRef;
use tokio::sync::mpsc::Sender;

use super::builds;
use super::cells::Reader;
use super::connect::Session;
use super::fault::Fault;
use super::names::{quote, quote_all};
use crate::fold::RowsDigest;
use crate::store::{BuildInfo, Rows, StoreError, TableColumns};

/// Rows in a batch.
const BATCH_ROWS: usize = 8192;

/// The most that text and blobs of a batch take: rows may be large.
const BATCH_BYTES: usize = 2 << 20;

/// Sends all rows of a build, and their end. Stops where the receiver of `out` is gone.
pub(super) fn read(
    connection: &Session,
    build: &BuildInfo,
    columns: &TableColumns,
    out: &Sender<Rows>,
) -> Result<(), Fault> {
    builds::seen_alone(connection, build)?.readable(columns)?;
    let schema = columns.schema();
    let mut digest = RowsDigest::new(&schema)?;
    let mut readers: Vec<_> = columns
        .iter()
        .map(|column| Reader::new(column.kind, BATCH_ROWS))
        .collect();

    let mut statement = connection.prepare(&select_sql(build, columns))?;
    let mut rows = statement.query([])?;
    let (mut waiting, mut waiting_bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        for (index, (reader, column)) in readers.iter_mut().zip(columns.iter()).enumerate() {
            let value = row.get_ref(index)?;
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = value {
                waiting_bytes += bytes.len();
            }
            reader.push(value).ok_or_else(|| StoreError::Damaged {
                what: format!(
                    "row {} of `{}` has a value in column `{}` that backfold did not write",
                    digest.rows() + waiting as u64 + 1,
                    build.shadow_name(),
                    column.name
                ),
                source: None,
            })?;
        }
        waiting += 1;
        if waiting == BATCH_ROWS || waiting_bytes >= BATCH_BYTES {
            let rows = Rows::Batch(batch(&schema, &mut readers, &mut digest)?);
            if connection.wait_for(out.send(rows))?.is_err() {
                return Ok(());
            }
            (waiting, waiting_bytes) = (0, 0);
        }
    }
    if waiting > 0 {
        let rows = Rows::Batch(batch(&schema, &mut readers, &mut digest)?);
        if connection.wait_for(out.send(rows))?.is_err() {
            return Ok(());
        }
    }
    let end = Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    };
    // A receiver that is gone does not want the end either.
    let _ = connection.wait_for(out.send(end))?;
    Ok(())
}

fn batch(
    schema: &SchemaRef,
    readers: &mut [Reader],
    digest: &mut RowsDigest,
) -> Result<RecordBatch, Fault> {
    let arrays = readers.iter_mut().map(Reader::finish).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays)?;
    digest.update(&batch)?;
    Ok(batch)
}

fn select_sql(build: &BuildInfo, columns: &TableColumns) -> String {
    let all = quote_all(columns.iter().map(|column| column.name.as_str()));
    let keys = quote_all(columns.keys.iter().map(|key| key.name.as_str()));
    format!(
        "SELECT {all} FROM {} ORDER BY {keys}",
        quote(&build.shadow_name())
    )
}
