//! The source positions of loaded builds, in the table `backfold_positions`.
//!
//! A position in a topic fills `topic`, `partition`, `next_offset` and `until_us`; every other position is JSON in
//! `archive`.

use rusqlite::{Connection, params};

use super::fault::Fault;
use super::json::{parse, unparse};
use crate::source::{Handoff, HandoffPosition};
use crate::store::BuildInfo;

/// The statement that makes the table. `seq` keeps the order of the positions.
pub(super) const TABLE: &str = "CREATE TABLE backfold_positions (
    table_name TEXT NOT NULL,
    build TEXT NOT NULL,
    seq INTEGER NOT NULL,
    source TEXT NOT NULL,
    topic TEXT,
    partition INTEGER,
    next_offset INTEGER,
    until_us INTEGER,
    archive TEXT,
    PRIMARY KEY (table_name, build, seq)
) STRICT, WITHOUT ROWID";

/// The names of its columns.
pub(super) const COLUMNS: &str =
    "table_name build seq source topic partition next_offset until_us archive";

/// Stores the positions of a build, in place of those that it had.
pub(super) fn put(
    connection: &Connection,
    build: &BuildInfo,
    handoff: &Handoff,
) -> Result<(), Fault> {
    connection.execute(
        "DELETE FROM backfold_positions WHERE table_name = ?1 AND build = ?2",
        [&build.table, &build.build],
    )?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO backfold_positions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (seq, position) in (0_i64..).zip(&handoff.positions) {
        let (table, build) = (&build.table, &build.build);
        match position {
            HandoffPosition::Offset {
                source,
                topic,
                partition,
                next,
                until_us,
            } => insert.execute(params![
                table,
                build,
                seq,
                source,
                topic,
                partition,
                next,
                until_us,
                None::<&str>
            ])?,
            HandoffPosition::Archive { source, .. } => {
                let (none, archive) = (None::<i64>, unparse(position));
                insert.execute(params![
                    table,
                    build,
                    seq,
                    source,
                    None::<&str>,
                    none,
                    none,
                    none,
                    archive
                ])?
            }
        };
    }
    Ok(())
}

/// The positions of a build; `None` where it has none.
pub(super) fn of(connection: &Connection, build: &BuildInfo) -> Result<Option<Handoff>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT * FROM backfold_positions WHERE table_name = ?1 AND build = ?2 ORDER BY seq",
    )?;
    let mut rows = select.query([&build.table, &build.build])?;
    let mut positions = Vec::new();
    while let Some(row) = rows.next()? {
        positions.push(match row.get::<_, Option<String>>("archive")? {
            Some(archive) => parse(&archive, "position", &build.build)?,
            None => HandoffPosition::Offset {
                source: row.get("source")?,
                topic: row.get("topic")?,
                partition: row.get("partition")?,
                next: row.get("next_offset")?,
                until_us: row.get("until_us")?,
            },
        });
    }
    Ok((!positions.is_empty()).then_some(Handoff { positions }))
}
