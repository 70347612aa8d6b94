//! The pointers of the public names.

use super::connect::{Database, Session};
use super::fault::Fault;
use super::ledger::{self, POINTERS};
use super::names::qualified;
use super::times::{from_time, to_time};
use super::transaction::begin_reading;
use crate::store::Pointer;

/// The pointer of a table: the one with the highest version.
pub(super) async fn live(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Option<Pointer>, Fault> {
    let mut found = select(session, schema, table, "ORDER BY version DESC LIMIT 1").await?;
    Ok(found.pop())
}

/// All pointers of a table, oldest first.
pub(super) async fn history(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Vec<Pointer>, Fault> {
    select(session, schema, table, "ORDER BY version").await
}

async fn select(
    session: &Session,
    schema: &str,
    table: &str,
    which: &str,
) -> Result<Vec<Pointer>, Fault> {
    let sql = format!(
        "SELECT table_name, version, build, previous, swapped_by, {} FROM {} WHERE table_name = $1 {which}",
        from_time("swapped_at"),
        qualified(schema, POINTERS)
    );
    let rows = session.rows(&sql, &[&table]).await?;
    let pointer = |row: &tokio_postgres::Row| {
        Ok(Pointer {
            table: row.try_get(0)?,
            version: row.try_get::<_, i64>(1)?.unsigned_abs(),
            build: row.try_get(2)?,
            previous: row.try_get(3)?,
            by: row.try_get(4)?,
            at: row.try_get(5)?,
        })
    };
    rows.iter().map(pointer).collect()
}

/// Adds a pointer, whose version must be new.
pub(super) async fn add(session: &Session, schema: &str, pointer: &Pointer) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO {} (table_name, version, build, previous, swapped_by, swapped_at)
         VALUES ($1, $2, $3, $4, $5, {})",
        qualified(schema, POINTERS),
        to_time(6)
    );
    session
        .change(
            &sql,
            &[
                &pointer.table,
                &pointer.version.cast_signed(),
                &pointer.build,
                &pointer.previous,
                &pointer.by,
                &pointer.at,
            ],
        )
        .await?;
    Ok(())
}

/// The pointers of a table, or the one that holds alone, on a connection of their own.
pub(super) async fn of_table(
    database: &Database,
    table: &str,
    is_live_alone: bool,
) -> Result<Vec<Pointer>, Fault> {
    let (session, schema) = (database.session().await?, &database.schema);
    begin_reading(&session).await?;
    if !ledger::is_there(&session, schema).await? {
        return Ok(Vec::new());
    }
    match is_live_alone {
        true => Ok(live(&session, schema, table).await?.into_iter().collect()),
        false => history(&session, schema, table).await,
    }
}
