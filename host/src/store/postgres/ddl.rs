//! The statements that make tables, keys, indexes and views.

use super::names::{qualified, quote, quote_all};
use crate::schema::{Kind, Output};
use crate::store::{Index, TableColumns};

/// The type of a column of this kind, as `format_type` writes it.
pub(super) fn column_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Int64 => "bigint",
        Kind::Float64 => "double precision",
        Kind::Timestamp => "timestamp with time zone",
        Kind::Date => "date",
        Kind::Utf8 => "text",
        Kind::Json => "json",
        Kind::Binary => "bytea",
    }
}

/// Whether a key of this kind is compared byte by byte, whatever the database's collation is.
pub(super) fn is_collated(key: &Output) -> bool {
    key.kind == Kind::Utf8
}

/// The statement that makes a table without its key.
pub(super) fn table_sql(schema: &str, name: &str, columns: &TableColumns) -> String {
    let definition = |(place, column): (usize, &Output)| {
        let is_key = place < columns.keys.len();
        let collation = match is_key && is_collated(column) {
            true => " COLLATE \"C\"",
            false => "",
        };
        let null = if column.nullable { "" } else { " NOT NULL" };
        let (name, kind) = (quote(&column.name), column_type(column.kind));
        format!("{name} {kind}{collation}{null}")
    };
    let definitions: Vec<_> = columns.iter().enumerate().map(definition).collect();
    let name = qualified(schema, name);
    format!("CREATE TABLE {name} ({})", definitions.join(", "))
}

/// Whether a key column may be null, so that the key cannot be a `PRIMARY KEY`.
pub(super) fn has_null_keys(columns: &TableColumns) -> bool {
    columns.keys.iter().any(|key| key.nullable)
}

/// The statement that adds the key to a table, under the name `key`.
pub(super) fn key_sql(schema: &str, name: &str, key: &str, columns: &TableColumns) -> String {
    let keys = columns.keys.iter().map(|key| key.name.as_str());
    let (table, key) = (qualified(schema, name), quote(key));
    match has_null_keys(columns) {
        false => format!(
            "ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY ({})",
            quote_all(keys)
        ),
        // An index instead of a constraint, since only an index has the order of `order_sql`.
        true => format!(
            "CREATE UNIQUE INDEX {key} ON {table} ({}) NULLS NOT DISTINCT",
            order_sql(columns)
        ),
    }
}

/// The keys in the order of [`KeyCodec`](crate::keys::KeyCodec).
pub(super) fn order_sql(columns: &TableColumns) -> String {
    let null_first = |key: &Output| match key.nullable {
        true => " NULLS FIRST",
        false => "",
    };
    let keys = columns.keys.iter();
    let keys: Vec<_> = keys
        .map(|key| format!("{}{}", quote(&key.name), null_first(key)))
        .collect();
    keys.join(", ")
}

/// The query of a public view.
pub(super) fn select_sql(schema: &str, shadow: &str, columns: &TableColumns) -> String {
    let all = quote_all(columns.iter().map(|column| column.name.as_str()));
    format!("SELECT {all} FROM {}", qualified(schema, shadow))
}

/// The columns of an index.
pub(super) fn index_columns(index: &Index) -> String {
    let columns = index.columns().iter().map(|column| {
        let direction = if column.is_descending { " DESC" } else { "" };
        format!("{}{direction}", quote(&column.name))
    });
    columns.collect::<Vec<_>>().join(", ")
}
