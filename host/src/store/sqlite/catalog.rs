//! Tables, views and indexes that a database has, by name.

use rusqlite::{Connection, OptionalExtension};

use super::fault::Fault;

/// A line of `sqlite_schema`.
pub(super) struct Object {
    /// `table`, `view`, `index` or `trigger`.
    pub(super) kind: String,
    /// The name as it was written when the object was made.
    pub(super) name: String,
    /// The statement that made it; `None` for the index of a constraint.
    pub(super) sql: Option<String>,
}

/// The object of this name, if there is one. SQLite takes capitals and small letters for the same.
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
