//! Loading the rows of a build: written in random order, read back, and marked as loaded if they are the same.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::fault::Fault;
use super::items::Encoder;
use super::ledger::Kept;
use super::scan::Scan;
use super::service::Service;
use super::shadow;
use super::shuffle::Shuffle;
use super::sum::RowsSum;
use super::write::Writer;
use crate::source::Handoff;
use crate::store::loading::LoadRows;
use crate::store::{BuildInfo, Loaded, Rows, StoreError, TableColumns};

/// Loads all of `rows`.
pub(super) async fn load(
    service: &Arc<Service>,
    build: &BuildInfo,
    columns: &TableColumns,
    handoff: &Handoff,
    rows: Receiver<Rows>,
) -> Result<Loaded, Fault> {
    let mine = shadow::begin_load(service, build, columns).await?;
    match load_as(service, &mine, columns, handoff, rows).await {
        // A later load, or a drop, deletes the table of this one: it says so better than a table that is not there.
        Err(fault @ (Fault::NoTable(_) | Fault::TableInUse(_))) => {
            shadow::check_attempt(service, &mine).await?;
            Err(fault)
        }
        result => result,
    }
}

async fn load_as(
    service: &Arc<Service>,
    mine: &Kept,
    columns: &TableColumns,
    handoff: &Handoff,
    rows: Receiver<Rows>,
) -> Result<Loaded, Fault> {
    let table = mine.place.physical.as_str();
    let encoder = Encoder::new(columns)?;
    let cancel = service.context.cancel.clone();
    let mut rows = LoadRows::new(&mine.record.info, columns, rows, cancel)?;
    let mut written = RowsSum::new(columns)?;
    let mut writer = Writer::new(service, table);
    let mut shuffle = Shuffle::new();
    while let Some(batch) = rows.next().await? {
        shadow::check_attempt(service, mine).await?;
        written.add(&batch)?;
        let mut items = encoder.batch(&batch)?;
        for row in 0..batch.num_rows() {
            if let Some(request) = shuffle.push(items.at(row)?) {
                writer.put(request).await?;
            }
        }
    }
    while let Some(request) = shuffle.draw() {
        writer.put(request).await?;
    }
    writer.finish().await?;
    let loaded = rows.finish()?;
    verify(service, mine, columns, &written).await?;
    shadow::end_load(service, mine, &loaded, handoff).await?;
    Ok(loaded)
}

/// Reads the table back, and compares its rows with those that were written.
///
/// # Errors
/// [`StoreError::Disagrees`] where they are not the same.
async fn verify(
    service: &Arc<Service>,
    mine: &Kept,
    columns: &TableColumns,
    written: &RowsSum,
) -> Result<(), Fault> {
    let mut found = RowsSum::new(columns)?;
    let mut scan = Scan::start(service, &mine.place.physical, columns)?;
    while let Some(batch) = scan.next().await? {
        found.add(&batch)?;
    }
    let said = |sum: &RowsSum| Loaded {
        rows: sum.rows(),
        digest: sum.hex(),
    };
    let (expected, found) = (said(written), said(&found));
    if expected == found {
        return Ok(());
    }
    Err(StoreError::Disagrees {
        build: mine.record.info.build.clone(),
        expected: expected.into(),
        found: found.into(),
    }
    .into())
}
