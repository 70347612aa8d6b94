//! Builds as the store finds them: their records, tables and indexes.

use rusqlite::Connection;

use super::fault::Fault;
use super::{ledger, shape};
use crate::store::rules::{BuildRecord, FoundBuild, Seen, TableFound};
use crate::store::{BuildInfo, StoredBuild};

/// A build and the pointer of its table. A transaction of the caller keeps both as they are.
pub(super) fn seen<'a>(
    connection: &Connection,
    table: &'a str,
    build: &'a str,
) -> Result<Seen<'a>, Fault> {
    let record = ledger::record(connection, table, build)?;
    Ok(Seen {
        table,
        build,
        found: record.map(|one| found(connection, one)).transpose()?,
        live: ledger::live(connection, table)?,
    })
}

/// A build without the pointer of its table.
pub(super) fn seen_alone<'a>(
    connection: &Connection,
    info: &'a BuildInfo,
) -> Result<Seen<'a>, Fault> {
    let record = ledger::record(connection, &info.table, &info.build)?;
    let found = record.map(|one| found(connection, one)).transpose()?;
    Ok(Seen::build(info, found))
}

/// A build, which must be loaded, with the indexes of its table.
pub(super) fn loaded(connection: &Connection, info: &BuildInfo) -> Result<StoredBuild, Fault> {
    let found = seen_alone(connection, info)?.loaded()?.clone();
    with_indexes(connection, found)
}

/// The builds of a table, in the order in which they were created.
pub(super) fn all(connection: &Connection, table: &str) -> Result<Vec<StoredBuild>, Fault> {
    ledger::records(connection, table)?
        .into_iter()
        .map(|record| with_indexes(connection, found(connection, record)?))
        .collect()
}

fn found(connection: &Connection, record: BuildRecord) -> Result<FoundBuild, Fault> {
    let table = shape::table_of(connection, &record)?;
    Ok(FoundBuild { record, table })
}

fn with_indexes(connection: &Connection, found: FoundBuild) -> Result<StoredBuild, Fault> {
    let indexes = match found.table {
        TableFound::Missing => Vec::new(),
        _ => shape::indexes(connection, &found.record.info.shadow_name())?,
    };
    Ok(found.with_indexes(indexes))
}
