//! Names from job files and components, on their way into SQL.

use std::collections::HashSet;

use crate::store::{StoreError, TableColumns};

/// The longest name, in bytes: long enough for any, short enough for an error message.
const LONGEST_BYTES: usize = 200;

/// The name as an identifier of SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The names as a list of identifiers.
pub(super) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// Refuses names that a table cannot have.
pub(super) fn check_table(name: &str) -> Result<(), StoreError> {
    check("table", name)?;
    let lower = name.to_ascii_lowercase();
    let why = if lower.starts_with("sqlite_") {
        "SQLite keeps `sqlite_` for itself"
    } else if lower.starts_with("backfold_") {
        "backfold keeps `backfold_` for itself"
    } else {
        return Ok(());
    };
    Err(StoreError::Name {
        what: "table",
        name: name.to_owned(),
        why,
    })
}

/// Refuses columns that a table cannot have, alone or together.
pub(super) fn check_columns(columns: &TableColumns) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    for column in columns.iter() {
        check("column", &column.name)?;
        if !seen.insert(column.name.to_ascii_lowercase()) {
            return Err(StoreError::Name {
                what: "column",
                name: column.name.clone(),
                why: "another column has it, and SQLite does not tell capitals from small letters",
            });
        }
    }
    Ok(())
}

fn check(what: &'static str, name: &str) -> Result<(), StoreError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST_BYTES {
        "it has more than 200 bytes"
    } else if name.contains(char::is_control) {
        "it has a control character"
    } else {
        return Ok(());
    };
    let name = name.chars().take(LONGEST_BYTES).collect();
    Err(StoreError::Name { what, name, why })
}
