//! Builds as the store finds them: their records, tables and indexes.

use super::connect::{Database, Session};
use super::fault::Fault;
use super::records::Lock;
use super::transaction::begin_reading;
use super::{ledger, pointers, records, shape};
use crate::store::rules::{BuildRecord, FoundBuild, Seen, TableFound};
use crate::store::{BuildInfo, StoredBuild};

/// A build and the pointer of its table, whose records the caller has locked.
pub(super) async fn seen<'a>(
    session: &Session,
    schema: &str,
    table: &'a str,
    build: &'a str,
) -> Result<Seen<'a>, Fault> {
    if !ledger::is_there(session, schema).await? {
        return Ok(Seen {
            table,
            build,
            found: None,
            live: None,
        });
    }
    let record = records::one(session, schema, table, build, Lock::None).await?;
    Ok(Seen {
        table,
        build,
        found: found(session, schema, record).await?,
        live: pointers::live(session, schema, table).await?,
    })
}

/// A build without the pointer of its table. Its record is locked for the rest of the transaction, if wanted.
pub(super) async fn seen_alone<'a>(
    session: &Session,
    schema: &str,
    info: &'a BuildInfo,
    lock: Lock,
) -> Result<Seen<'a>, Fault> {
    if !ledger::is_there(session, schema).await? {
        return Ok(Seen::build(info, None));
    }
    let record = records::one(session, schema, &info.table, &info.build, lock).await?;
    Ok(Seen::build(info, found(session, schema, record).await?))
}

/// A build, which must be loaded, with the indexes of its table.
pub(super) async fn loaded(
    session: &Session,
    schema: &str,
    info: &BuildInfo,
) -> Result<StoredBuild, Fault> {
    let seen = seen_alone(session, schema, info, Lock::None).await?;
    let found = seen.loaded()?.clone();
    with_indexes(session, schema, found).await
}

/// The builds of a table, in the order in which they were created.
pub(super) async fn all(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Vec<StoredBuild>, Fault> {
    if !ledger::is_there(session, schema).await? {
        return Ok(Vec::new());
    }
    let mut builds = Vec::new();
    for record in records::all(session, schema, table).await? {
        if let Some(found) = found(session, schema, Some(record)).await? {
            builds.push(with_indexes(session, schema, found).await?);
        }
    }
    Ok(builds)
}

async fn found(
    session: &Session,
    schema: &str,
    record: Option<BuildRecord>,
) -> Result<Option<FoundBuild>, Fault> {
    let Some(record) = record else {
        return Ok(None);
    };
    let table = shape::table_of(session, schema, &record).await?;
    Ok(Some(FoundBuild { record, table }))
}

async fn with_indexes(
    session: &Session,
    schema: &str,
    found: FoundBuild,
) -> Result<StoredBuild, Fault> {
    let indexes = match found.table {
        TableFound::Missing => Vec::new(),
        _ => shape::indexes(session, schema, &found.record.info.shadow_name()).await?,
    };
    Ok(found.with_indexes(indexes))
}

/// The builds of a table, on a connection of their own.
pub(super) async fn of_table(database: &Database, table: &str) -> Result<Vec<StoredBuild>, Fault> {
    let session = database.session().await?;
    begin_reading(&session).await?;
    all(&session, &database.schema, table).await
}
