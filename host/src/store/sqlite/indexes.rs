//! Building indexes of a table that is loaded.

use rusqlite::Connection;

use super::builds;
use super::catalog::find;
use super::connect::Database;
use super::fault::Fault;
use super::names::quote;
use crate::store::{BuildInfo, Index, check_indexes};

/// The page cache while an index is sorted, in KiB: what does not fit goes through a file.
const CACHE_KIB: i64 = 65_536;

/// Builds those of `indexes` that the build's table lacks, each in a transaction of its own.
pub(super) fn build(
    database: &Database,
    build: &BuildInfo,
    indexes: &[Index],
) -> Result<(), Fault> {
    let session = database.connect()?;
    session.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let known = builds::loaded(&session, build)?;
    check_indexes(&known.columns, indexes)?;
    for index in known.lacks(indexes) {
        session.write("build an index", || {
            // Others may have built it, or dropped the table, while this one waited.
            let known = builds::loaded(&session, build)?;
            if known.lacks(std::slice::from_ref(index)).is_empty() {
                return Ok(());
            }
            tracing::info!(build = build.build, %index, "building an index");
            create(&session, &build.shadow_name(), index)
        })?;
    }
    Ok(())
}

/// Builds an index under the first name of the build that is free.
fn create(connection: &Connection, shadow: &str, index: &Index) -> Result<(), Fault> {
    let mut number = 1;
    let name = loop {
        let name = format!("{shadow}__index{number}");
        if find(connection, &name)?.is_none() {
            break name;
        }
        number += 1;
    };
    let columns = index.columns().iter().map(|column| {
        let direction = if column.is_descending { " DESC" } else { "" };
        format!("{}{direction}", quote(&column.name))
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    connection.execute_batch(&format!(
        "CREATE INDEX {} ON {} ({columns})",
        quote(&name),
        quote(shadow)
    ))?;
    Ok(())
}
