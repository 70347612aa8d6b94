//! The bookkeeping tables: which builds there are, and what each public name shows and has shown.

use chrono::{SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::shape;
use crate::store::{BuildInfo, BuildState, Loaded, Pointer, StoreError, StoredBuild, TableColumns};

/// `seq` keeps the order in which builds were created. `attempt` tells a load whether another one took over.
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
    handoff TEXT NOT NULL,
    swapped_by TEXT NOT NULL,
    swapped_at TEXT NOT NULL,
    PRIMARY KEY (table_name, version)
) STRICT, WITHOUT ROWID";

/// The tables, with what makes them and the names of their columns.
const TABLES: [(&str, &str, &str); 2] = [
    (
        "backfold_builds",
        BUILDS,
        "seq table_name build manifest_digest columns state attempt row_count row_digest created_at loaded_at",
    ),
    (
        "backfold_pointers",
        POINTERS,
        "table_name version build previous handoff swapped_by swapped_at",
    ),
];

/// Something in the database that has a name.
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) sql: Option<String>,
}

/// What has this name, capitals and small letters being the same to SQLite.
pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Object>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT type, name, sql FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
    )?;
    let object = statement
        .query_row([name], |row| {
            Ok(Object {
                kind: row.get(0)?,
                name: row.get(1)?,
                sql: row.get(2)?,
            })
        })
        .optional()?;
    Ok(object)
}

/// Makes the bookkeeping tables where they are missing, and refuses those of another shape.
pub(super) fn ensure(connection: &Connection) -> Result<(), Fault> {
    for (name, sql, _) in TABLES {
        if !present(connection, name)? {
            connection.execute_batch(sql)?;
        }
    }
    Ok(())
}

/// Whether there is a bookkeeping table of this name, which then has the right columns.
fn present(connection: &Connection, name: &str) -> Result<bool, Fault> {
    let Some(object) = find(connection, name)? else {
        return Ok(false);
    };
    let columns: Option<String> = connection.query_row(
        "SELECT group_concat(name, ' ' ORDER BY cid) FROM pragma_table_info(?1)",
        [name],
        |row| row.get(0),
    )?;
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

/// The builds of a table, in the order in which they were created.
pub(super) fn builds(connection: &Connection, table: &str) -> Result<Vec<StoredBuild>, Fault> {
    if !present(connection, "backfold_builds")? {
        return Ok(Vec::new());
    }
    let mut statement = connection
        .prepare_cached("SELECT * FROM backfold_builds WHERE table_name = ?1 ORDER BY seq")?;
    let mut rows = statement.query([table])?;
    let mut builds = Vec::new();
    while let Some(row) = rows.next()? {
        builds.push(stored_build(connection, row)?);
    }
    Ok(builds)
}

/// One build.
///
/// # Errors
/// [`StoreError::UnknownBuild`] where there is none.
pub(super) fn build(
    connection: &Connection,
    table: &str,
    build: &str,
) -> Result<StoredBuild, Fault> {
    find_build(connection, table, build)?.ok_or_else(|| {
        StoreError::UnknownBuild {
            table: table.to_owned(),
            build: build.to_owned(),
        }
        .into()
    })
}

/// One build, if the store knows it.
pub(super) fn find_build(
    connection: &Connection,
    table: &str,
    build: &str,
) -> Result<Option<StoredBuild>, Fault> {
    if !present(connection, "backfold_builds")? {
        return Ok(None);
    }
    let mut statement = connection
        .prepare_cached("SELECT * FROM backfold_builds WHERE table_name = ?1 AND build = ?2")?;
    let mut rows = statement.query([table, build])?;
    let row = rows.next()?;
    row.map(|row| stored_build(connection, row)).transpose()
}

/// One build, which must be loaded.
///
/// # Errors
/// [`StoreError::WrongState`] where it is not.
pub(super) fn loaded_build(
    connection: &Connection,
    table: &str,
    id: &str,
) -> Result<StoredBuild, Fault> {
    let found = build(connection, table, id)?;
    if found.state == BuildState::Loaded {
        Ok(found)
    } else {
        Err(wrong_state(&found))
    }
}

/// The refusal of a build for the state that it is in.
pub(super) fn wrong_state(build: &StoredBuild) -> Fault {
    StoreError::WrongState {
        table: build.info.table.clone(),
        build: build.info.build.clone(),
        state: build.state,
    }
    .into()
}

fn stored_build(connection: &Connection, row: &Row<'_>) -> Result<StoredBuild, Fault> {
    let info = BuildInfo {
        table: row.get("table_name")?,
        build: row.get("build")?,
        manifest_digest: row.get("manifest_digest")?,
    };
    let columns: TableColumns = parse(&row.get::<_, String>("columns")?, "columns", &info.build)?;
    let state = match row.get::<_, String>("state")?.as_str() {
        "loading" => BuildState::Loading,
        "loaded" => BuildState::Loaded,
        _ => BuildState::Dropped,
    };
    let loaded = row
        .get::<_, Option<u64>>("row_count")?
        .zip(row.get("row_digest")?);
    let mut build = StoredBuild {
        info,
        columns,
        state,
        indexes: Vec::new(),
        loaded: loaded.map(|(rows, digest)| Loaded { rows, digest }),
        created_at: row.get("created_at")?,
        loaded_at: row.get("loaded_at")?,
    };
    if state != BuildState::Dropped {
        build.state = shape::state(connection, &build)?;
        if build.state != BuildState::Gone {
            build.indexes = shape::indexes(connection, &build.info.shadow_name())?;
        }
    }
    Ok(build)
}

/// Writes down that a build was created anew.
pub(super) fn created(
    connection: &Connection,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(), Fault> {
    connection.execute(
        "INSERT INTO backfold_builds (table_name, build, manifest_digest, columns, state, attempt, created_at)
         VALUES (?1, ?2, ?3, ?4, 'loading', 0, ?5)
         ON CONFLICT (table_name, build) DO UPDATE SET
             manifest_digest = excluded.manifest_digest, columns = excluded.columns, state = 'loading',
             attempt = attempt + 1, row_count = NULL, row_digest = NULL, created_at = excluded.created_at,
             loaded_at = NULL",
        params![build.table, build.build, build.manifest_digest, unparse(columns), now()],
    )?;
    Ok(())
}

/// Begins a load: others of the same build are out from now on. Gives back the attempt's number.
pub(super) fn begin_attempt(connection: &Connection, build: &BuildInfo) -> Result<i64, Fault> {
    let attempt = connection.query_row(
        "UPDATE backfold_builds SET attempt = attempt + 1 WHERE table_name = ?1 AND build = ?2 RETURNING attempt",
        [&build.table, &build.build],
        |row| row.get(0),
    )?;
    Ok(attempt)
}

/// Refuses to go on with a load that another has taken over from.
pub(super) fn check_attempt(
    connection: &Connection,
    build: &BuildInfo,
    attempt: i64,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM backfold_builds WHERE table_name = ?1 AND build = ?2 AND attempt = ?3 AND state = 'loading'",
    )?;
    if statement.exists(params![build.table, build.build, attempt])? {
        Ok(())
    } else {
        Err(StoreError::Superseded {
            build: build.build.clone(),
        }
        .into())
    }
}

/// Writes down that a load is complete.
pub(super) fn loaded(
    connection: &Connection,
    build: &BuildInfo,
    loaded: &Loaded,
) -> Result<(), Fault> {
    connection.execute(
        "UPDATE backfold_builds SET state = 'loaded', row_count = ?3, row_digest = ?4, loaded_at = ?5
         WHERE table_name = ?1 AND build = ?2",
        params![build.table, build.build, loaded.rows, loaded.digest, now()],
    )?;
    Ok(())
}

/// Writes down that a build's table is gone.
pub(super) fn dropped(connection: &Connection, table: &str, build: &str) -> Result<(), Fault> {
    connection.execute(
        "UPDATE backfold_builds SET state = 'dropped', attempt = attempt + 1 WHERE table_name = ?1 AND build = ?2",
        [table, build],
    )?;
    Ok(())
}

/// What the public name shows.
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
        let build: String = row.get("build")?;
        pointers.push(Pointer {
            table: row.get("table_name")?,
            version: row.get("version")?,
            previous: row.get("previous")?,
            handoff: parse(&row.get::<_, String>("handoff")?, "handoff", &build)?,
            by: row.get("swapped_by")?,
            at: row.get("swapped_at")?,
            build,
        });
    }
    Ok(pointers)
}

/// Adds a pointer, whose version must be new.
pub(super) fn add_pointer(connection: &Connection, pointer: &Pointer) -> Result<(), Fault> {
    connection.execute(
        "INSERT INTO backfold_pointers (table_name, version, build, previous, handoff, swapped_by, swapped_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            pointer.table,
            pointer.version,
            pointer.build,
            pointer.previous,
            unparse(&pointer.handoff),
            pointer.by,
            pointer.at
        ],
    )?;
    Ok(())
}

/// The present moment, RFC 3339 in UTC.
pub(super) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn parse<T: DeserializeOwned>(text: &str, what: &str, build: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|source| {
        StoreError::Damaged {
            what: format!("the {what} of build {build}"),
            source: Some(Box::new(source)),
        }
        .into()
    })
}

fn unparse(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("names, numbers and lists are always JSON")
}
