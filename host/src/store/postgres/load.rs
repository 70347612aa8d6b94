//! Loading sorted rows into a shadow table.

use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::SinkExt;
use tokio::sync::mpsc::Receiver;
use tokio_postgres::CopyInSink;
use tokio_postgres::error::SqlState;

use super::connect::{Database, Session};
use super::copy::{self, Encoded, Unstorable};
use super::ddl::{key_sql, table_sql};
use super::fault::Fault;
use super::names::{qualified, quote};
use super::outcome::commit_record;
use super::records::Lock;
use super::shape::KEY_PREFIX;
use super::transaction::{begin, roll_back};
use super::waiting::{self, Patience};
use super::{builds, records, shadow};
use crate::fault_point::{after, before};
use crate::source::Handoff;
use crate::store::loading::LoadRows;
use crate::store::rules::{self, BuildRecord, TableFound};
use crate::store::{BuildInfo, Loaded, Rows, StoreError, TableColumns};

/// The size of the pieces that are sent to the server: smaller ones cost more a row, larger ones gain nothing.
const CHUNK_BYTES: usize = 1 << 20;
/// The time after which a load looks whether another took over.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// Loads all of `rows`.
///
/// A first transaction makes this load the only one of its build. A second makes a table under a name of its own, fills
/// it, adds the key, and puts it in the place of the build's: whatever happens before its commit leaves nothing, and
/// another load never waits for this one.
pub(super) async fn load(
    database: &Database,
    build: &BuildInfo,
    columns: &TableColumns,
    handoff: &Handoff,
    rows: Receiver<Rows>,
    doing: &str,
) -> Result<Loaded, Fault> {
    let session = database.session().await?;
    let (record, number) = take_over(database, &session, build, columns, doing).await?;
    let mut rows = LoadRows::new(build, columns, rows, database.context.cancel.clone())?;
    let name = format!("backfold_load_{number}_{}", record.attempt);
    let loader = Loader {
        database,
        session: &session,
        columns,
        key: format!("{KEY_PREFIX}{number}_{}", record.attempt),
        record,
        name,
    };
    loader.begin().await?;
    loader.fill(&mut rows).await?;
    let loaded = rows.finish()?;
    loader.add_key().await?;
    let began = Instant::now();
    let Err(fault) = loader.finish(&loaded, handoff).await else {
        return Ok(loaded);
    };
    roll_back(&session).await;
    if fault.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) {
        return Err(fault);
    }
    let relations = [build.shadow_name()];
    let by = waiting::holders(&session, &database.schema, &relations).await?;
    Err(StoreError::Locked {
        doing: doing.to_owned(),
        waited: began.elapsed(),
        by,
    }
    .into())
}

/// Makes this load the only one of the build. Gives the record that it wrote, and the build's number.
async fn take_over(
    database: &Database,
    session: &Session,
    build: &BuildInfo,
    columns: &TableColumns,
    doing: &str,
) -> Result<(BuildRecord, i64), Fault> {
    let mut patience = Patience::new(database, doing);
    loop {
        let fault = match try_take_over(database, session, build, columns).await {
            Ok((record, number)) => match commit_record(database, session, &record).await {
                Ok(()) => return Ok((record, number)),
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        patience.after(session, fault, &[]).await?;
    }
}

async fn try_take_over(
    database: &Database,
    session: &Session,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(BuildRecord, i64), Fault> {
    let schema = &database.schema;
    begin(session, database.config.lock_timeout).await?;
    let seen = builds::seen_alone(session, schema, build, Lock::ForUpdate).await?;
    let record = seen.begin_load(columns)?;
    let number = records::put(session, schema, &record).await?;
    Ok((record, number))
}

struct Loader<'a> {
    database: &'a Database,
    session: &'a Session,
    columns: &'a TableColumns,
    /// The record that this load wrote when it began.
    record: BuildRecord,
    /// The table's name until it is complete.
    name: String,
    /// The name of its key.
    key: String,
}

impl Loader<'_> {
    /// Begins the transaction, with an empty table.
    async fn begin(&self) -> Result<(), Fault> {
        // A timeout of zero would be one without end.
        let patience = self.database.config.patience;
        begin(self.session, patience.max(Duration::from_millis(1))).await?;
        let sql = table_sql(&self.database.schema, &self.name, self.columns);
        self.session.run(&sql).await
    }

    /// Fills the table with all rows.
    ///
    /// One `COPY` lasts about a second: between two of them the load looks whether another took over, and learns of a
    /// value that the server refused.
    async fn fill(&self, rows: &mut LoadRows<'_>) -> Result<(), Fault> {
        let mut copy = Copy::begin(self).await?;
        let mut look_at = Instant::now() + LOOK_AFTER;
        loop {
            // Where no rows come for a while, it looks all the same.
            if let Ok(next) = tokio::time::timeout_at(look_at.into(), rows.next()).await {
                let Some(batch) = next? else {
                    break;
                };
                let encoded = Encoded::new(self.columns, &batch);
                let refused =
                    |it: Unstorable<'_>| rows.unstorable(it.column, &batch, it.row, it.why);
                copy.send(&encoded.map_err(refused)?).await?;
            }
            if Instant::now() >= look_at {
                copy.end().await?;
                let found = self.found().await?;
                rules::check_attempt(&self.record, found.as_ref())?;
                copy = Copy::begin(self).await?;
                look_at = Instant::now() + LOOK_AFTER;
            }
        }
        copy.end().await
    }

    /// Adds the key, and counts the values for the server's planner.
    async fn add_key(&self) -> Result<(), Fault> {
        let schema = &self.database.schema;
        let sql = key_sql(schema, &self.name, &self.key, self.columns);
        self.session.run(&sql).await?;
        let sql = format!("ANALYZE {}", qualified(schema, &self.name));
        self.session.run(&sql).await
    }

    /// Puts the table in the place of the build's, marks the build as loaded, and commits.
    async fn finish(&self, loaded: &Loaded, handoff: &Handoff) -> Result<(), Fault> {
        let (schema, shadow) = (&self.database.schema, self.record.info.shadow_name());
        let seen =
            builds::seen_alone(self.session, schema, &self.record.info, Lock::ForUpdate).await?;
        let found = seen.found.as_ref().map(|found| &found.record);
        let record = rules::end_load(&self.record, found, loaded, handoff, rules::now())?;
        if seen.found.as_ref().map(|found| found.table) == Some(TableFound::Altered) {
            return Err(StoreError::Foreign { name: shadow }.into());
        }
        shadow::drop_table(self.session, schema, &shadow).await?;
        let (name, shadow) = (qualified(schema, &self.name), quote(&shadow));
        let sql = format!("ALTER TABLE {name} RENAME TO {shadow}");
        self.session.run(&sql).await?;
        records::put(self.session, schema, &record).await?;
        commit_record(self.database, self.session, &record).await
    }

    /// The build's record as it is now.
    async fn found(&self) -> Result<Option<BuildRecord>, Fault> {
        let (schema, info) = (&self.database.schema, &self.record.info);
        records::one(self.session, schema, &info.table, &info.build, Lock::None).await
    }
}

/// A `COPY` that is under way.
struct Copy<'a> {
    session: &'a Session,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    buffer: BytesMut,
    rows: u64,
}

impl<'a> Copy<'a> {
    /// Begins it. Its rows are frozen, so that a transaction which began before the load sees them once they are swapped
    /// in, and the table needs no `VACUUM`.
    async fn begin(loader: &Loader<'a>) -> Result<Self, Fault> {
        let name = qualified(&loader.database.schema, &loader.name);
        let sql = format!("COPY {name} FROM STDIN (FORMAT binary, FREEZE)");
        let session = loader.session;
        let sink = session.wait_for(session.copy_in(&sql)).await?;
        let mut buffer = BytesMut::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
        buffer.extend_from_slice(copy::HEADER);
        Ok(Copy {
            session,
            sink: Box::pin(sink),
            buffer,
            rows: 0,
        })
    }

    async fn send(&mut self, batch: &Encoded<'_>) -> Result<(), Fault> {
        let mut row = 0;
        while row < batch.rows() {
            row = batch.write(row, &mut self.buffer, CHUNK_BYTES);
            if self.buffer.len() >= CHUNK_BYTES {
                self.flush().await?;
            }
        }
        self.rows += batch.rows() as u64;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        let chunk = self.buffer.split().freeze();
        before("load rows")?;
        self.session.wait_for(self.sink.send(chunk)).await?;
        after("load rows")?;
        self.buffer.reserve(CHUNK_BYTES + CHUNK_BYTES / 8);
        Ok(())
    }

    /// Waits until the server has taken all rows.
    async fn end(mut self) -> Result<(), Fault> {
        self.buffer.extend_from_slice(&copy::TRAILER);
        self.flush().await?;
        let taken = self.session.wait_for(self.sink.as_mut().finish()).await?;
        match taken == self.rows {
            true => Ok(()),
            false => Err(StoreError::Damaged {
                what: format!("the server took {taken} rows of {}", self.rows),
                source: None,
            }
            .into()),
        }
    }
}
