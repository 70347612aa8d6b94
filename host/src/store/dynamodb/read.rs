//! Reading a build's table, in no order.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::builds::Looked;
use super::fault::Fault;
use super::scan::Scan;
use super::service::Service;
use crate::fold::RowsDigest;
use crate::store::{BuildInfo, Rows, TableColumns};

/// Sends all rows of a build, and their end. Stops where the receiver of `out` is gone.
pub(super) async fn read(
    service: &Arc<Service>,
    build: &BuildInfo,
    columns: &TableColumns,
    out: &Sender<Rows>,
) -> Result<(), Fault> {
    let looked = Looked::at_record(service, &build.table, &build.build).await?;
    looked.seen(&build.table, &build.build).readable(columns)?;
    let kept = looked.known(&build.table, &build.build)?;
    let mut digest = RowsDigest::new(&columns.schema())?;
    let mut scan = Scan::start(service, &kept.place.physical, columns)?;
    while let Some(batch) = scan.next().await? {
        digest.update(&batch)?;
        let sent = out.send(Rows::Batch(batch));
        if service.unless_cancelled(sent).await?.is_err() {
            return Ok(());
        }
    }
    let end = Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    };
    // A receiver that is gone does not want the end either.
    let _ = service.unless_cancelled(out.send(end)).await?;
    Ok(())
}
