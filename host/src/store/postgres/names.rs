//! Names from job files and components, on their way into SQL.

use crate::store::{BuildInfo, StoreError, TableColumns};

/// The longest name that PostgreSQL keeps, in bytes; it cuts longer ones without an error.
const NAME_BYTES: usize = 63;
/// The longest name of a table, in bytes: `__` and the 26 letters of a build's ID follow it.
pub(super) const TABLE_BYTES: usize = NAME_BYTES - 28;
/// The most columns of a table.
const COLUMNS: usize = 1600;
/// Columns that every table has.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
/// The letters of a name that an error shows.
const SHOWN: usize = 200;

/// The name as an identifier of SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The names as a list of identifiers.
pub(super) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// A name within a schema.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// The name of the n-th index of a build's table. That of the table is cut where both do not fit.
pub(super) fn index_name(build: &BuildInfo, number: usize) -> String {
    let end = format!("__{}_i{number}", build.build.to_lowercase());
    let room = NAME_BYTES.saturating_sub(end.len());
    let mut cut = build.table.len().min(room);
    while !build.table.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{end}", &build.table[..cut])
}

/// Refuses names that a table cannot have.
pub(super) fn check_table(name: &str) -> Result<(), StoreError> {
    check(
        "table",
        name,
        TABLE_BYTES,
        "it has more than 35 bytes: `__` and the build's ID follow it, and PostgreSQL cuts names at 63",
    )?;
    if name.to_ascii_lowercase().starts_with("backfold_") {
        return Err(StoreError::Name {
            what: "table",
            name: name.to_owned(),
            why: "backfold keeps `backfold_` for itself",
        });
    }
    Ok(())
}

/// Refuses columns that a table cannot have.
pub(super) fn check_columns(columns: &TableColumns) -> Result<(), StoreError> {
    for (place, column) in columns.iter().enumerate() {
        check(
            "column",
            &column.name,
            NAME_BYTES,
            "it has more than 63 bytes, where PostgreSQL cuts names",
        )?;
        let why = if SYSTEM_COLUMNS.contains(&column.name.as_str()) {
            "each table of PostgreSQL has a column of its own with this name"
        } else if place >= COLUMNS {
            "1600 columns stand before it, and PostgreSQL has no more in a table"
        } else {
            continue;
        };
        return Err(StoreError::Name {
            what: "column",
            name: column.name.clone(),
            why,
        });
    }
    Ok(())
}

fn check(
    what: &'static str,
    name: &str,
    limit: usize,
    too_long: &'static str,
) -> Result<(), StoreError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > limit {
        too_long
    } else if name.contains(char::is_control) {
        "it has a control character"
    } else {
        return Ok(());
    };
    let name = name.chars().take(SHOWN).collect();
    Err(StoreError::Name { what, name, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_indexes_fit() {
        let build = |table: &str| BuildInfo {
            table: table.to_owned(),
            build: "01K0BUILD00000000000000001".to_owned(),
            manifest_digest: String::new(),
        };
        assert_eq!(
            index_name(&build("clicks"), 1),
            "clicks__01k0build00000000000000001_i1"
        );
        // The last letter has two bytes, of which one would fit.
        let name = index_name(&build(&format!("{}é", "x".repeat(31))), 1);
        assert_eq!(name.len(), 62);
        assert_eq!(index_name(&build(&"x".repeat(TABLE_BYTES)), 1000).len(), 63);
    }

    #[test]
    fn the_longest_table_leaves_room_for_its_build() {
        check_table(&"x".repeat(TABLE_BYTES)).unwrap();
        let long = "x".repeat(TABLE_BYTES + 1);
        let error = check_table(&long).unwrap_err();
        assert!(
            matches!(error, StoreError::Name { what: "table", .. }),
            "{error}"
        );
    }
}
