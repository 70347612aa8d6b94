//! The bookkeeping of the release that stored positions with the pointers, in a column `handoff`.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::json::parse;
use super::positions;
use crate::source::Handoff;
use crate::store::BuildInfo;

/// The names of the columns that `backfold_pointers` had.
pub(super) const POINTERS: &str = "table_name version build previous handoff swapped_by swapped_at";

/// The positions that a build had when it was last shown; `None` if it never was.
pub(super) fn handoff(
    connection: &Connection,
    build: &BuildInfo,
) -> Result<Option<Handoff>, Fault> {
    let newest = connection.query_row(
        "SELECT handoff FROM backfold_pointers WHERE table_name = ?1 AND build = ?2
         ORDER BY version DESC LIMIT 1",
        [&build.table, &build.build],
        |row| row.get::<_, String>(0),
    );
    let newest = newest.optional()?;
    newest
        .map(|json| parse(&json, "handoff", &build.build))
        .transpose()
}

/// Moves the positions from the pointers to the builds. Runs within a transaction.
pub(super) fn bring_up_to_date(connection: &Connection) -> Result<(), Fault> {
    let mut shown =
        connection.prepare("SELECT DISTINCT table_name, build FROM backfold_pointers")?;
    let shown = shown.query_map(params![], |row| {
        Ok(BuildInfo {
            table: row.get(0)?,
            build: row.get(1)?,
            manifest_digest: String::new(),
        })
    })?;
    for build in shown.collect::<Result<Vec<_>, _>>()? {
        if let Some(handoff) = handoff(connection, &build)? {
            positions::put(connection, &build, &handoff)?;
        }
    }
    connection.execute_batch("ALTER TABLE backfold_pointers DROP COLUMN handoff")?;
    Ok(())
}
