//! Moving the public name, and letting go of builds.

use rusqlite::Connection;

use super::fault::Fault;
use super::{ledger, shadow};
use crate::store::{BuildState, Pointer, StoreError, Swap};

/// Shows a build under the public name. Runs within a transaction that excludes other writers, so what it
/// compares cannot change before it is set.
pub(super) fn swap(connection: &Connection, swap: &Swap) -> Result<Pointer, Fault> {
    let to = ledger::loaded_build(connection, &swap.table, &swap.to)?;
    let live = ledger::live(connection, &swap.table)?;
    if live.as_ref().map(|live| live.version) != swap.expected {
        return Err(StoreError::Conflict {
            table: swap.table.clone(),
            found: live.map(Box::new),
        }
        .into());
    }
    shadow::check_public(connection, &swap.table)?;
    shadow::show(connection, &to)?;
    let (version, previous) = match live {
        Some(live) if live.build == swap.to => (live.version + 1, live.previous),
        Some(live) => (live.version + 1, Some(live.build)),
        None => (1, None),
    };
    let pointer = Pointer {
        table: swap.table.clone(),
        build: swap.to.clone(),
        version,
        previous,
        handoff: swap.handoff.clone(),
        by: swap.by.clone(),
        at: ledger::now(),
    };
    ledger::add_pointer(connection, &pointer)?;
    Ok(pointer)
}

/// Drops the table of a build that nobody is shown.
pub(super) fn drop_build(connection: &Connection, table: &str, build: &str) -> Result<(), Fault> {
    let known = ledger::build(connection, table, build)?;
    if ledger::live(connection, table)?.is_some_and(|live| live.build == build) {
        return Err(StoreError::Live {
            table: table.to_owned(),
            build: build.to_owned(),
        }
        .into());
    }
    match known.state {
        // It no longer owns the name of its table.
        BuildState::Dropped => return Ok(()),
        BuildState::Altered => {
            let name = known.info.shadow_name();
            return Err(StoreError::Foreign { name }.into());
        }
        BuildState::Loading | BuildState::Loaded | BuildState::Gone => {}
    }
    shadow::drop_table(connection, &known.info.shadow_name())?;
    ledger::dropped(connection, table, build)
}
