//! The tables and indexes of builds, as the database has them.

use rusqlite::Connection;

use super::catalog::find;
use super::ddl::{column_type, table_sql};
use super::fault::Fault;
use crate::store::rules::{BuildRecord, RecordedState, TableFound};
use crate::store::{Index, IndexColumn, StoredIndex, TableColumns};

/// The table that a build was recorded with, as the database has it.
pub(super) fn table_of(connection: &Connection, record: &BuildRecord) -> Result<TableFound, Fault> {
    if record.state == RecordedState::Dropped {
        return Ok(TableFound::Missing);
    }
    let shadow = record.info.shadow_name();
    let Some(object) = find(connection, &shadow)? else {
        return Ok(TableFound::Missing);
    };
    let is_as_made = object.kind == "table"
        && (object.sql == Some(table_sql(&shadow, &record.columns))
            || has_columns(connection, &shadow, &record.columns)?);
    Ok(match is_as_made {
        true => TableFound::AsMade,
        false => TableFound::Altered,
    })
}

/// Whether the table has all columns of the build as they were made. It may have more.
fn has_columns(
    connection: &Connection,
    shadow: &str,
    columns: &TableColumns,
) -> Result<bool, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)")?;
    let found = statement.query_map([shadow], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let found: Vec<(String, String, bool)> = found.collect::<Result<_, _>>()?;
    Ok(columns.iter().all(|column| {
        let of_it = |(name, kind, not_null): &(String, String, bool)| {
            *name == column.name && kind == column_type(column.kind) && *not_null != column.nullable
        };
        found.iter().any(of_it)
    }))
}

/// The indexes of a build's table, in the order of their names; those of its constraints are left out.
pub(super) fn indexes(connection: &Connection, shadow: &str) -> Result<Vec<StoredIndex>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT list.name, list.\"unique\", list.partial, made.sql FROM pragma_index_list(?1) AS list
         JOIN sqlite_schema AS made ON made.type = 'index' AND made.name = list.name
         WHERE list.origin = 'c' ORDER BY list.name",
    )?;
    let found = statement.query_map([shadow], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    let found: Vec<(String, bool, bool, String)> = found.collect::<Result<_, _>>()?;
    found
        .into_iter()
        .map(|(name, is_unique, is_partial, sql)| {
            let index = match is_unique || is_partial {
                true => None,
                false => plain_index(connection, &name)?,
            };
            let definition = match &index {
                Some(index) => index.to_string(),
                None => definition(&sql, is_unique),
            };
            Ok(StoredIndex {
                name,
                definition,
                index,
            })
        })
        .collect()
}

/// The index of that name, where it is one of columns alone, in the order of their values.
fn plain_index(connection: &Connection, name: &str) -> Result<Option<Index>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT name, \"desc\", coll = 'BINARY' FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
    )?;
    let columns = statement.query_map([name], |row| {
        let name: Option<String> = row.get(0)?;
        let (is_descending, is_binary): (bool, bool) = (row.get(1)?, row.get(2)?);
        Ok(name.filter(|_| is_binary).map(|name| IndexColumn {
            name,
            is_descending,
        }))
    })?;
    let columns: Option<Vec<_>> = columns.collect::<Result<_, _>>()?;
    Ok(columns.and_then(|columns| Index::new(columns).ok()))
}

/// The definition of an index that another program made: its statement from the list of columns on, and whether it is
/// unique.
fn definition(sql: &str, is_unique: bool) -> String {
    // The first parenthesis that is no part of a name opens the list of columns.
    let mut quote = None;
    let columns = sql.find(|c: char| match (quote, c) {
        (None, '(') => true,
        (None, '"' | '`' | '\'') => {
            quote = Some(c);
            false
        }
        (None, '[') => {
            quote = Some(']');
            false
        }
        (Some(open), c) if c == open => {
            quote = None;
            false
        }
        _ => false,
    });
    let columns = columns.map_or(sql, |place| &sql[place..]);
    let words: Vec<_> = columns.split_whitespace().collect();
    let unique = if is_unique { "unique " } else { "" };
    format!("{unique}{}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_leave_out_names() {
        let sql = "CREATE UNIQUE INDEX \"a (b\" ON [x(y]\n  (lower(page),\n day)  WHERE total > 0";
        assert_eq!(
            definition(sql, true),
            "unique (lower(page), day) WHERE total > 0"
        );
    }
}
