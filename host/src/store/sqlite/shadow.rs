//! The physical tables and the view that shows one of them.

use rusqlite::Connection;

use super::connect::Fault;
use super::ledger::{self, find};
use super::names::{quote, quote_all};
use crate::schema::Kind;
use crate::store::{BuildInfo, BuildState, StoreError, StoredBuild, TableColumns};

/// Refuses a public name that belongs to anything but the view that backfold made last.
pub(super) fn check_public(connection: &Connection, table: &str) -> Result<(), Fault> {
    ledger::check_case(connection, table)?;
    let Some(object) = find(connection, table)? else {
        return Ok(());
    };
    let live = match ledger::live(connection, table)? {
        Some(pointer) => Some(ledger::build(connection, table, &pointer.build)?),
        None => None,
    };
    let own = live.is_some_and(|live| object.kind == "view" && object.sql == Some(view_sql(&live)));
    if own {
        Ok(())
    } else {
        Err(StoreError::Foreign { name: object.name }.into())
    }
}

/// Makes an empty table for a build, in place of what an earlier attempt left.
pub(super) fn create(
    connection: &Connection,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(), Fault> {
    let live = ledger::live(connection, &build.table)?;
    if live.is_some_and(|live| live.build == build.build) {
        return Err(StoreError::Live {
            table: build.table.clone(),
            build: build.build.clone(),
        }
        .into());
    }
    let known = ledger::find_build(connection, &build.table, &build.build)?;
    let shadow = build.shadow_name();
    if known.is_some_and(|known| known.state != BuildState::Dropped) {
        drop_table(connection, &shadow)?;
    } else if let Some(object) = find(connection, &shadow)? {
        return Err(StoreError::Foreign { name: object.name }.into());
    }
    connection.execute_batch(&table_sql(&shadow, columns))?;
    ledger::created(connection, build, columns)
}

/// Empties a build's table, by making it anew: cheaper than deleting row by row.
pub(super) fn empty(connection: &Connection, build: &StoredBuild) -> Result<(), Fault> {
    let shadow = build.info.shadow_name();
    drop_table(connection, &shadow)?;
    connection.execute_batch(&table_sql(&shadow, &build.columns))?;
    Ok(())
}

/// Drops a build's table, if it is there.
pub(super) fn drop_table(connection: &Connection, shadow: &str) -> Result<(), Fault> {
    connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", quote(shadow)))?;
    Ok(())
}

/// Shows a build under the public name.
pub(super) fn show(connection: &Connection, build: &StoredBuild) -> Result<(), Fault> {
    connection.execute_batch(&format!("DROP VIEW IF EXISTS {}", quote(&build.info.table)))?;
    connection.execute_batch(&view_sql(build))?;
    Ok(())
}

/// The view of a build, letter for letter as SQLite keeps it.
fn view_sql(build: &StoredBuild) -> String {
    let columns = quote_all(build.columns.iter().map(|column| column.name.as_str()));
    format!(
        "CREATE VIEW {}({columns}) AS SELECT {columns} FROM {}",
        quote(&build.info.table),
        quote(&build.info.shadow_name())
    )
}

fn table_sql(shadow: &str, columns: &TableColumns) -> String {
    let definitions: Vec<_> = columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("{} {}{null}", quote(&column.name), column_type(column.kind))
        })
        .collect();
    let keys = quote_all(columns.keys.iter().map(|key| key.name.as_str()));
    let (constraint, options) = if columns.keys.iter().any(|key| key.nullable) {
        ("UNIQUE", "STRICT")
    } else {
        ("PRIMARY KEY", "STRICT, WITHOUT ROWID")
    };
    format!(
        "CREATE TABLE {} ({}, {constraint} ({keys})) {options}",
        quote(shadow),
        definitions.join(", ")
    )
}

fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::Int64 => "INTEGER",
        Kind::Float64 => "REAL",
        Kind::Timestamp | Kind::Date | Kind::Utf8 | Kind::Json => "TEXT",
        Kind::Binary => "BLOB",
    }
}
