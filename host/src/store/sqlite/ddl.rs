//! The statements that make tables and views, letter for letter as SQLite keeps them.

use super::names::{quote, quote_all};
use crate::schema::Kind;
use crate::store::TableColumns;

/// The statement that makes the table of a build.
pub(super) fn table_sql(shadow: &str, columns: &TableColumns) -> String {
    let definitions: Vec<_> = columns
        .iter()
        .map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("{} {}{null}", quote(&column.name), column_type(column.kind))
        })
        .collect();
    let keys = quote_all(columns.keys.iter().map(|key| key.name.as_str()));
    let (constraint, options) = if columns.keys.iter().any(|key| key.nullable) {
        ("UNIQUE", "STRICT")
    } else {
        ("PRIMARY KEY", "STRICT, WITHOUT ROWID")
    };
    format!(
        "CREATE TABLE {} ({}, {constraint} ({keys})) {options}",
        quote(shadow),
        definitions.join(", ")
    )
}

/// The statement that makes the view `view` of the table `shadow`.
pub(super) fn view_sql(view: &str, shadow: &str, columns: &TableColumns) -> String {
    let columns = quote_all(columns.iter().map(|column| column.name.as_str()));
    format!(
        "CREATE VIEW {}({columns}) AS SELECT {columns} FROM {}",
        quote(view),
        quote(shadow)
    )
}

/// The type of a column of this kind.
pub(super) fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::Int64 => "INTEGER",
        Kind::Float64 => "REAL",
        Kind::Timestamp | Kind::Date | Kind::Utf8 | Kind::Json => "TEXT",
        Kind::Binary => "BLOB",
    }
}
