//! The bookkeeping tables: records of builds, and the pointers of each public name.

use rusqlite::{Connection, Row, params};

use super::catalog::find;
use super::fault::Fault;
use super::json::{parse, unparse};
use super::{earlier, positions};
use crate::fault_point::{after, around, before};
use crate::source::Handoff;
use crate::store::rules::{BuildRecord, RecordedState};
use crate::store::{BuildInfo, Loaded, Pointer, StoreError};

/// `seq` keeps the order in which builds were created.
const BUILDS: &str = "CREATE TABLE backfold_builds (
    seq INTEGER PRIMARY KEY,
    table_name TEXT NOT NULL,
    build TEXT NOT NULL,
    manifest_digest TEXT NOT NULL,
    columns TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('loading', 'loaded', 'dropped')),
    attempt INTEGER NOT NULL,
    row_count INTEGER,
    row_digest TEXT,
    created_at TEXT NOT NULL,
    loaded_at TEXT,
    UNIQUE (table_name, build)
) STRICT";

const POINTERS: &str = "CREATE TABLE backfold_pointers (
    table_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    build TEXT NOT NULL,
    previous TEXT,
    swapped_by TEXT NOT NULL,
    swapped_at TEXT NOT NULL,
    PRIMARY KEY (table_name, version)
) STRICT, WITHOUT ROWID";

/// The bookkeeping tables: their names, the statements that make them, and the names of their columns.
const TABLES: [(&str, &str, &str); 3] = [
    (
        "backfold_builds",
        BUILDS,
        "seq table_name build manifest_digest columns state attempt row_count row_digest created_at loaded_at",
    ),
    (
        "backfold_pointers",
        POINTERS,
        "table_name version build previous swapped_by swapped_at",
    ),
    ("backfold_positions", positions::TABLE, positions::COLUMNS),
];

/// Changes the bookkeeping tables of an earlier release into these. Every transaction that writes begins with it.
pub(super) fn upgrade(connection: &Connection) -> Result<(), Fault> {
    if shape(connection, "backfold_pointers")?.as_deref() == Some(earlier::POINTERS) {
        connection.execute_batch(positions::TABLE)?;
        around("bring the bookkeeping up to date", || {
            earlier::bring_up_to_date(connection)
        })?;
    }
    Ok(())
}

/// Makes the bookkeeping tables where they are missing, and refuses tables of their names with other columns.
pub(super) fn ensure(connection: &Connection) -> Result<(), Fault> {
    upgrade(connection)?;
    for (name, sql, _) in TABLES {
        if !present(connection, name)? {
            around("create the bookkeeping", || {
                connection.execute_batch(sql).map_err(Fault::from)
            })?;
        }
    }
    Ok(())
}

/// Whether there is a bookkeeping table of this name. Refuses one with other columns.
fn present(connection: &Connection, name: &str) -> Result<bool, Fault> {
    let Some(object) = find(connection, name)? else {
        return Ok(false);
    };
    let columns = shape(connection, name)?;
    if name == "backfold_pointers" && columns.as_deref() == Some(earlier::POINTERS) {
        return Ok(true);
    }
    let expected = TABLES
        .iter()
        .find(|(table, ..)| *table == name)
        .map(|(.., columns)| *columns);
    if object.kind == "table" && columns.as_deref() == expected {
        Ok(true)
    } else {
        Err(StoreError::Foreign { name: object.name }.into())
    }
}

/// The names of the columns of a table, as `TABLES` lists them.
fn shape(connection: &Connection, name: &str) -> Result<Option<String>, Fault> {
    let sql = "SELECT group_concat(name, ' ' ORDER BY cid) FROM pragma_table_info(?1)";
    Ok(connection.query_row(sql, [name], |row| row.get(0))?)
}

/// Refuses a table whose name is that of another but for capitals.
pub(super) fn check_case(connection: &Connection, table: &str) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM backfold_builds WHERE table_name = ?1 COLLATE NOCASE AND table_name <> ?1",
    )?;
    if statement.exists([table])? {
        return Err(StoreError::Name {
            what: "table",
            name: table.to_owned(),
            why: "another table has it, and SQLite does not tell capitals from small letters",
        }
        .into());
    }
    Ok(())
}

/// The records of a table's builds, in the order in which they were created.
pub(super) fn records(connection: &Connection, table: &str) -> Result<Vec<BuildRecord>, Fault> {
    if !present(connection, "backfold_builds")? {
        return Ok(Vec::new());
    }
    let mut statement = connection
        .prepare_cached("SELECT * FROM backfold_builds WHERE table_name = ?1 ORDER BY seq")?;
    let mut rows = statement.query([table])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record_of(connection, row)?);
    }
    Ok(records)
}

/// The record of a build, if there is one.
pub(super) fn record(
    connection: &Connection,
    table: &str,
    build: &str,
) -> Result<Option<BuildRecord>, Fault> {
    if !present(connection, "backfold_builds")? {
        return Ok(None);
    }
    let mut statement = connection
        .prepare_cached("SELECT * FROM backfold_builds WHERE table_name = ?1 AND build = ?2")?;
    let mut rows = statement.query([table, build])?;
    rows.next()?
        .map(|row| record_of(connection, row))
        .transpose()
}

fn record_of(connection: &Connection, row: &Row<'_>) -> Result<BuildRecord, Fault> {
    let info = BuildInfo {
        table: row.get("table_name")?,
        build: row.get("build")?,
        manifest_digest: row.get("manifest_digest")?,
    };
    let columns = parse(&row.get::<_, String>("columns")?, "columns", &info.build)?;
    let state: String = row.get("state")?;
    let state = RecordedState::from_name(&state).ok_or_else(|| StoreError::Damaged {
        what: format!("the state of build {}", info.build),
        source: None,
    })?;
    let loaded = row
        .get::<_, Option<u64>>("row_count")?
        .zip(row.get("row_digest")?);
    let loaded = loaded.map(|(rows, digest)| Loaded { rows, digest });
    let handoff = match loaded {
        Some(_) => handoff(connection, &info)?,
        None => None,
    };
    Ok(BuildRecord {
        info,
        columns,
        state,
        attempt: row.get("attempt")?,
        loaded,
        handoff,
        created_at: row.get("created_at")?,
        loaded_at: row.get("loaded_at")?,
    })
}

/// Writes a record in the place of the one that the build had. A build keeps its place in the order of creation.
pub(super) fn put(connection: &Connection, record: &BuildRecord) -> Result<(), Fault> {
    let (info, loaded) = (&record.info, record.loaded.as_ref());
    before("write a record")?;
    connection.execute(
        "INSERT INTO backfold_builds (table_name, build, manifest_digest, columns, state, attempt, row_count,
             row_digest, created_at, loaded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (table_name, build) DO UPDATE SET
             manifest_digest = excluded.manifest_digest, columns = excluded.columns, state = excluded.state,
             attempt = excluded.attempt, row_count = excluded.row_count, row_digest = excluded.row_digest,
             created_at = excluded.created_at, loaded_at = excluded.loaded_at",
        params![
            info.table,
            info.build,
            info.manifest_digest,
            unparse(&record.columns),
            record.state.name(),
            record.attempt,
            loaded.map(|loaded| loaded.rows),
            loaded.map(|loaded| &loaded.digest),
            record.created_at,
            record.loaded_at,
        ],
    )?;
    after("write a record")?;
    if let Some(handoff) = &record.handoff {
        around("write positions", || {
            positions::put(connection, info, handoff)
        })?;
    }
    Ok(())
}

/// The positions of a loaded build, if they are known.
fn handoff(connection: &Connection, build: &BuildInfo) -> Result<Option<Handoff>, Fault> {
    match present(connection, "backfold_positions")? {
        true => positions::of(connection, build),
        false => earlier::handoff(connection, build),
    }
}

/// The pointer of a table: the one with the highest version.
pub(super) fn live(connection: &Connection, table: &str) -> Result<Option<Pointer>, Fault> {
    pointers(connection, table, "ORDER BY version DESC LIMIT 1").map(|mut pointers| pointers.pop())
}

/// All pointers of a table, oldest first.
pub(super) fn history(connection: &Connection, table: &str) -> Result<Vec<Pointer>, Fault> {
    pointers(connection, table, "ORDER BY version")
}

fn pointers(connection: &Connection, table: &str, which: &str) -> Result<Vec<Pointer>, Fault> {
    if !present(connection, "backfold_pointers")? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT * FROM backfold_pointers WHERE table_name = ?1 {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([table])?;
    let mut pointers = Vec::new();
    while let Some(row) = rows.next()? {
        pointers.push(Pointer {
            table: row.get("table_name")?,
            version: row.get("version")?,
            previous: row.get("previous")?,
            by: row.get("swapped_by")?,
            at: row.get("swapped_at")?,
            build: row.get("build")?,
        });
    }
    Ok(pointers)
}

/// Adds a pointer, whose version must be new.
pub(super) fn add_pointer(connection: &Connection, pointer: &Pointer) -> Result<(), Fault> {
    before("write a pointer")?;
    connection.execute(
        "INSERT INTO backfold_pointers (table_name, version, build, previous, swapped_by, swapped_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            pointer.table,
            pointer.version,
            pointer.build,
            pointer.previous,
            pointer.by,
            pointer.at
        ],
    )?;
    Ok(after("write a pointer")?)
}
