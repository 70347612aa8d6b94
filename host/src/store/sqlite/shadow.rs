//! The physical tables of builds, and the view that shows one of them.

use rusqlite::Connection;

use super::catalog::find;
use super::ddl::{table_sql, view_sql};
use super::fault::Fault;
use super::names::quote;
use super::{builds, ledger, triggers};
use crate::fault_point::around;
use crate::store::rules::{self, BuildRecord};
use crate::store::{BuildInfo, StoreError, TableColumns};

/// Refuses a public name that belongs to anything but the view that backfold made last.
pub(super) fn check_public(connection: &Connection, table: &str) -> Result<(), Fault> {
    ledger::check_case(connection, table)?;
    let Some(object) = find(connection, table)? else {
        return Ok(());
    };
    let is_own = match live_record(connection, table)? {
        Some(live) => object.kind == "view" && object.sql == Some(view_of(&live)),
        None => false,
    };
    if is_own {
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
    let shadow = build.shadow_name();
    let name_taken = find(connection, &shadow)?.map(|object| object.name);
    let seen = builds::seen(connection, &build.table, &build.build)?;
    let creation = seen.create(build, columns, name_taken, rules::now())?;
    if creation.replaces_table {
        drop_table(connection, &shadow)?;
    }
    create_table(connection, &shadow, columns)?;
    ledger::put(connection, &creation.record)
}

/// Empties a build's table, by making it anew: cheaper than deleting row by row.
pub(super) fn empty(connection: &Connection, record: &BuildRecord) -> Result<(), Fault> {
    let shadow = record.info.shadow_name();
    drop_table(connection, &shadow)?;
    create_table(connection, &shadow, &record.columns)
}

fn create_table(
    connection: &Connection,
    shadow: &str,
    columns: &TableColumns,
) -> Result<(), Fault> {
    around("create a table", || {
        Ok(connection.execute_batch(&table_sql(shadow, columns))?)
    })
}

/// Drops a build's table, if it is there.
pub(super) fn drop_table(connection: &Connection, shadow: &str) -> Result<(), Fault> {
    around("drop a table", || {
        Ok(connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", quote(shadow)))?)
    })
}

/// Shows a build under the public name. Triggers of the view stay.
pub(super) fn show(connection: &Connection, record: &BuildRecord) -> Result<(), Fault> {
    let (view, shadow) = (&record.info.table, record.info.shadow_name());
    show_table(connection, view, &shadow, &record.columns)
}

/// Refuses columns with which a trigger of the view would break, by trying it.
pub(super) fn check_triggers(
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
    let before = match find(connection, view)? {
        Some(_) => live_record(connection, view)?.map(|live| live.columns),
        None => None,
    };
    triggers::carry_over(connection, view, before.as_ref(), columns, || {
        around("drop the view", || {
            Ok::<_, Fault>(
                connection.execute_batch(&format!("DROP VIEW IF EXISTS {}", quote(view)))?,
            )
        })?;
        around("create the view", || {
            Ok(connection.execute_batch(&view_sql(view, shadow, columns))?)
        })
    })
}

/// The record of the build that the pointer shows.
fn live_record(connection: &Connection, table: &str) -> Result<Option<BuildRecord>, Fault> {
    let Some(live) = ledger::live(connection, table)? else {
        return Ok(None);
    };
    let record = ledger::record(connection, table, &live.build)?;
    Ok(Some(record.ok_or_else(|| StoreError::UnknownBuild {
        table: table.to_owned(),
        build: live.build,
    })?))
}

fn view_of(record: &BuildRecord) -> String {
    view_sql(
        &record.info.table,
        &record.info.shadow_name(),
        &record.columns,
    )
}
