//! The physical tables and the view that shows one of them.

use rusqlite::Connection;

use super::fault::Fault;
use super::ledger::{self, find};
use super::names::{quote, quote_all};
use super::triggers;
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
    let own = live.is_some_and(|live| object.kind == "view" && object.sql == Some(view_of(&live)));
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
    match known.map(|known| known.state) {
        Some(BuildState::Loading | BuildState::Loaded) => drop_table(connection, &shadow)?,
        None | Some(BuildState::Dropped | BuildState::Gone | BuildState::Altered) => {
            if let Some(object) = find(connection, &shadow)? {
                return Err(StoreError::Foreign { name: object.name }.into());
            }
        }
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

/// Shows a build under the public name. What people hung on the view stays.
pub(super) fn show(connection: &Connection, build: &StoredBuild) -> Result<(), Fault> {
    let (view, shadow) = (&build.info.table, build.info.shadow_name());
    show_table(connection, view, &shadow, &build.columns)
}

/// Refuses columns with which something that people hung on the view would break, by trying it.
pub(super) fn check_hangers_on(
    connection: &Connection,
    view: &str,
    columns: &TableColumns,
) -> Result<(), Fault> {
    const TRIAL: &str = "backfold_trial";
    if triggers::of(connection, view)?.is_empty() {
        return Ok(());
    }
    connection.execute_batch("SAVEPOINT backfold_trial")?;
    let tried = connection
        .execute_batch(&table_sql(TRIAL, columns))
        .map_err(Fault::from)
        .and_then(|()| show_table(connection, view, TRIAL, columns));
    let undone = connection.execute_batch("ROLLBACK TO backfold_trial; RELEASE backfold_trial");
    // A failure that ended the whole transaction has undone it already.
    tried?;
    Ok(undone?)
}

fn show_table(
    connection: &Connection,
    view: &str,
    shadow: &str,
    columns: &TableColumns,
) -> Result<(), Fault> {
    let before = match ledger::live(connection, view)? {
        Some(live) if find(connection, view)?.is_some() => {
            Some(ledger::build(connection, view, &live.build)?.columns)
        }
        _ => None,
    };
    triggers::carry_over(connection, view, before.as_ref(), columns, || {
        connection.execute_batch(&format!("DROP VIEW IF EXISTS {}", quote(view)))?;
        connection.execute_batch(&view_sql(view, shadow, columns))?;
        Ok(())
    })
}

/// The view of a build, letter for letter as SQLite keeps it.
fn view_of(build: &StoredBuild) -> String {
    view_sql(&build.info.table, &build.info.shadow_name(), &build.columns)
}

fn view_sql(view: &str, shadow: &str, columns: &TableColumns) -> String {
    let columns = quote_all(columns.iter().map(|column| column.name.as_str()));
    format!(
        "CREATE VIEW {}({columns}) AS SELECT {columns} FROM {}",
        quote(view),
        quote(shadow)
    )
}

/// What makes the table of a build, letter for letter as SQLite keeps it.
pub(super) fn table_sql(shadow: &str, columns: &TableColumns) -> String {
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

/// The type of a column of this kind.
pub(super) fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::Int64 => "INTEGER",
        Kind::Float64 => "REAL",
        Kind::Timestamp | Kind::Date | Kind::Utf8 | Kind::Json => "TEXT",
        Kind::Binary => "BLOB",
    }
}
