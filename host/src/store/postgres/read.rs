//! Reading a build's table back, in the order of its key.

use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::Sender;
use tokio_postgres::error::SqlState;

use super::builds;
use super::connect::{Database, Session};
use super::copy::{Decoder, Undecodable};
use super::ddl::{order_sql, select_sql};
use super::fault::Fault;
use super::records::Lock;
use super::transaction::{begin_reading, end_reading, roll_back};
use crate::fold::RowsDigest;
use crate::store::{BuildInfo, Rows, StoreError, TableColumns};

/// Rows in a batch.
const BATCH_ROWS: usize = 8192;
/// The most that the values of a batch take: rows may be large.
const BATCH_BYTES: usize = 2 << 20;

/// Sends all rows of a build, and their end. Stops where the receiver of `out` is gone.
pub(super) async fn read(
    database: &Database,
    build: &BuildInfo,
    columns: &TableColumns,
    out: &Sender<Rows>,
) -> Result<(), Fault> {
    let session = database.session().await?;
    let schema = &database.schema;
    begin_reading(&session).await?;
    let seen = builds::seen_alone(&session, schema, build, Lock::None).await?;
    seen.readable(columns)?;
    match copy_out(&session, schema, build, columns, out).await {
        // The table was dropped after the snapshot: what is there by now says it.
        Err(fault) if fault.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            roll_back(&session).await;
            let seen = builds::seen_alone(&session, schema, build, Lock::None).await?;
            seen.readable(columns)?;
            Err(fault)
        }
        Ok(true) => end_reading(&session).await,
        Ok(false) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Says whether the receiver took all of it.
async fn copy_out(
    session: &Session,
    schema: &str,
    build: &BuildInfo,
    columns: &TableColumns,
    out: &Sender<Rows>,
) -> Result<bool, Fault> {
    let shadow = build.shadow_name();
    // The index of the key has the rows in order. Without it, a sort on the server does.
    session.run("SET LOCAL enable_sort = off").await?;
    let query = select_sql(schema, &shadow, columns);
    let order = order_sql(columns);
    let sql = format!("COPY ({query} ORDER BY {order}) TO STDOUT (FORMAT binary)");
    let stream = session.wait_for(session.copy_out(&sql)).await?;
    let mut stream = Box::pin(stream.map(|piece| piece.map_err(Fault::from)));
    let mut sending = Sending {
        session,
        digest: RowsDigest::new(&columns.schema())?,
        decoder: Decoder::new(columns, BATCH_ROWS),
        out,
    };
    while let Some(piece) = session.wait_for(stream.try_next()).await? {
        let taken = sending.decoder.take(&piece);
        taken.map_err(|what| sending.damaged(what, columns, &shadow))?;
        let decoder = &sending.decoder;
        if (decoder.rows() >= BATCH_ROWS || decoder.bytes() >= BATCH_BYTES)
            && !sending.send_batch().await?
        {
            return Ok(false);
        }
    }
    if !sending.decoder.has_ended() {
        return Err(sending.damaged(Undecodable::Form, columns, &shadow).into());
    }
    sending.send_end().await
}

/// Rows on their way to a receiver.
struct Sending<'a> {
    session: &'a Session,
    digest: RowsDigest,
    decoder: Decoder,
    out: &'a Sender<Rows>,
}

impl Sending<'_> {
    /// Sends the rows that wait. Says whether the receiver is there.
    async fn send_batch(&mut self) -> Result<bool, Fault> {
        let batch = self.decoder.batch()?;
        self.digest.update(&batch)?;
        self.send(Rows::Batch(batch)).await
    }

    async fn send_end(mut self) -> Result<bool, Fault> {
        if self.decoder.rows() > 0 && !self.send_batch().await? {
            return Ok(false);
        }
        let end = Rows::End {
            rows: self.digest.rows(),
            digest: self.digest.hex().into(),
        };
        self.send(end).await
    }

    async fn send(&self, rows: Rows) -> Result<bool, Fault> {
        let sent = async { Ok::<_, Fault>(self.out.send(rows).await.is_ok()) };
        self.session.wait_for(sent).await
    }

    fn damaged(&self, what: Undecodable, columns: &TableColumns, shadow: &str) -> StoreError {
        let row = self.digest.rows() + self.decoder.rows() as u64 + 1;
        let what = match what {
            Undecodable::Value(place) => {
                let column = columns.iter().nth(place);
                let column = column.map_or("", |column| column.name.as_str());
                format!(
                    "row {row} of `{shadow}` has a value in column `{column}` that backfold did not write"
                )
            }
            Undecodable::Form => {
                format!(
                    "what the server sent after row {} of `{shadow}` is no row",
                    row - 1
                )
            }
        };
        StoreError::Damaged { what, source: None }
    }
}
