//! Moving the public name, and dropping the tables of builds.

use rusqlite::Connection;

use super::fault::Fault;
use super::{builds, ledger, shadow};
use crate::store::{Pointer, Swap, TableSwap, rules};

/// Shows builds under the public names of their tables. Runs within a transaction that excludes other writers, so what
/// it compares cannot change before it is set.
pub(super) fn swap(connection: &Connection, swap: &Swap) -> Result<Vec<Pointer>, Fault> {
    ledger::upgrade(connection)?;
    let now = rules::now();
    let tables = swap.tables.iter();
    tables
        .map(|table| swap_table(connection, table, &swap.by, &now))
        .collect()
}

fn swap_table(
    connection: &Connection,
    swap: &TableSwap,
    by: &str,
    now: &str,
) -> Result<Pointer, Fault> {
    let seen = builds::seen(connection, &swap.table, &swap.to)?;
    let pointer = seen.swap(swap, by, now.to_owned())?;
    shadow::check_public(connection, &swap.table)?;
    shadow::show(connection, &seen.loaded()?.record)?;
    ledger::add_pointer(connection, &pointer)?;
    Ok(pointer)
}

/// Drops the table of a build that the public name does not show. Runs within a transaction as [`swap`] does.
pub(super) fn drop_build(connection: &Connection, table: &str, build: &str) -> Result<(), Fault> {
    ledger::upgrade(connection)?;
    let Some(record) = builds::seen(connection, table, build)?.drop_build()? else {
        return Ok(());
    };
    shadow::drop_table(connection, &record.info.shadow_name())?;
    ledger::put(connection, &record)
}
