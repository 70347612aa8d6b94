//! The tables and indexes of builds, as the database has them.

use tokio_postgres::Row;

use super::catalog::{ObjectKind, find};
use super::connect::Session;
use super::ddl::{column_type, is_collated};
use super::fault::Fault;
use crate::store::rules::{BuildRecord, RecordedState, TableFound};
use crate::store::{Index, IndexColumn, StoredIndex, TableColumns};

/// How the names of keys begin: their indexes are left out of those of a table.
pub(super) const KEY_PREFIX: &str = "backfold_key_";

/// The table that a build was recorded with, as the database has it.
pub(super) async fn table_of(
    session: &Session,
    schema: &str,
    record: &BuildRecord,
) -> Result<TableFound, Fault> {
    if record.state == RecordedState::Dropped {
        return Ok(TableFound::Missing);
    }
    let Some(object) = find(session, schema, &record.info.shadow_name()).await? else {
        return Ok(TableFound::Missing);
    };
    let is_as_made = object.kind == ObjectKind::Table
        && has_columns(session, object.oid, &record.columns).await?;
    Ok(match is_as_made {
        true => TableFound::AsMade,
        false => TableFound::Altered,
    })
}

/// Whether the table has all columns of the build as they were made. It may have more.
async fn has_columns(session: &Session, table: u32, columns: &TableColumns) -> Result<bool, Fault> {
    let rows = session
        .rows(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, c.collname::text
             FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped",
            &[&table],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push((
            row.try_get::<_, String>(0)?,
            row.try_get::<_, String>(1)?,
            row.try_get::<_, bool>(2)?,
            row.try_get::<_, Option<String>>(3)?,
        ));
    }
    let keys = columns.keys.len();
    Ok(columns.iter().enumerate().all(|(place, column)| {
        let by_bytes = place < keys && is_collated(column);
        found.iter().any(|(name, kind, not_null, collation)| {
            *name == column.name
                && kind == column_type(column.kind)
                && *not_null != column.nullable
                && (!by_bytes || collation.as_deref() == Some("C"))
        })
    }))
}

/// The indexes of a build's table, in the order of their names. That of its key is left out, and those that are being
/// built.
pub(super) async fn indexes(
    session: &Session,
    schema: &str,
    shadow: &str,
) -> Result<Vec<StoredIndex>, Fault> {
    let rows = session
        .rows(
            "SELECT c.relname::text, pg_get_indexdef(i.indexrelid), i.indisunique,
                 m.amname = 'btree' AND NOT i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
                     AND i.indnatts = i.indnkeyatts AND c.reloptions IS NULL,
                 ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.place),
                 i.indoption::int2[],
                 ARRAY(SELECT k.sorted_by IN (0, a.attcollation) AND o.opcdefault
                       FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[])
                           WITH ORDINALITY AS k (attnum, sorted_by, class, place)
                       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                       JOIN pg_opclass o ON o.oid = k.class ORDER BY k.place),
                 quote_ident(t.relname)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
             JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
             WHERE n.nspname = $1::text AND t.relname = $2::text AND i.indisvalid
                 AND NOT (i.indisunique AND starts_with(c.relname, $3))
             ORDER BY c.relname",
            &[&schema, &shadow, &KEY_PREFIX],
        )
        .await?;
    rows.iter().map(stored_index).collect()
}

fn stored_index(row: &Row) -> Result<StoredIndex, Fault> {
    let index = match row.try_get(3)? {
        true => plain_index(row)?,
        false => None,
    };
    let definition = match &index {
        Some(index) => index.to_string(),
        None => definition(row.try_get(1)?, row.try_get(7)?, row.try_get(2)?),
    };
    Ok(StoredIndex {
        name: row.try_get(0)?,
        definition,
        index,
    })
}

/// The index, where it is one of columns alone, in the order of their values.
fn plain_index(row: &Row) -> Result<Option<Index>, Fault> {
    /// Ascending with nulls last, and descending with nulls first: the two that no option changes.
    const ASCENDING: i16 = 0;
    const DESCENDING: i16 = 3;
    let names: Vec<String> = row.try_get(4)?;
    let options: Vec<i16> = row.try_get(5)?;
    let defaults: Vec<bool> = row.try_get(6)?;
    let columns = names.into_iter().zip(&options).zip(&defaults);
    let columns: Option<Vec<_>> = columns
        .map(|((name, option), is_default)| {
            let is_descending = match *option {
                ASCENDING => false,
                DESCENDING => true,
                _ => return None,
            };
            is_default.then_some(IndexColumn {
                name,
                is_descending,
            })
        })
        .collect();
    Ok(columns.and_then(|columns| Index::new(columns).ok()))
}

/// The definition of an index that another program made: its statement from the method on, and whether it is unique.
fn definition(sql: &str, table: &str, is_unique: bool) -> String {
    let after_table = format!(".{table} USING ");
    let columns = sql.find(&after_table);
    let columns = columns.map_or(sql, |place| &sql[place + after_table.len()..]);
    let unique = if is_unique { "unique " } else { "" };
    format!("{unique}{columns}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_leave_out_names() {
        let sql = "CREATE UNIQUE INDEX \"a (b\" ON s.\"x USING y\" USING btree (lower(page)) WHERE (total > 0)";
        assert_eq!(
            definition(sql, "\"x USING y\"", true),
            "unique btree (lower(page)) WHERE (total > 0)"
        );
    }
}
