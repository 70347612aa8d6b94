//! The physical tables of builds: made empty, dropped.

use super::catalog::find;
use super::connect::{Database, Session};
use super::ddl::{has_null_keys, table_sql};
use super::fault::Fault;
use super::names::qualified;
use super::outcome::commit_record;
use super::transaction::{begin, roll_back};
use super::waiting::Patience;
use super::{builds, dependents, ledger, public, records, view};
use crate::schema::Kind;
use crate::store::rules::{self, BuildRecord};
use crate::store::{BuildInfo, Index, StoreError, TableColumns};

/// The first version whose unique keys can take null for a value.
const NULLS_NOT_DISTINCT: u32 = 150_000;

/// Refuses columns and indexes that this server's tables cannot have.
pub(super) fn check_columns(
    database: &Database,
    columns: &TableColumns,
    indexes: &[Index],
) -> Result<(), StoreError> {
    if has_null_keys(columns) && database.server_version < NULLS_NOT_DISTINCT {
        let key = columns.keys.iter().find(|key| key.nullable);
        return Err(StoreError::Column {
            column: key.map_or_else(String::new, |key| key.name.clone()),
            why: format!(
                "a key that may be null needs PostgreSQL 15, and the server is {}",
                database.server_version / 10_000
            ),
        });
    }
    for index in indexes {
        for of_index in index.columns() {
            let column = columns.iter().find(|column| column.name == of_index.name);
            if column.is_some_and(|column| column.kind == Kind::Json) {
                return Err(StoreError::Column {
                    column: of_index.name.clone(),
                    why: format!(
                        "PostgreSQL has no order for JSON, and the index `{index}` needs one"
                    ),
                });
            }
        }
    }
    Ok(())
}

/// Makes the bookkeeping tables, and checks the public name.
pub(super) async fn prepare(
    database: &Database,
    table: &str,
    columns: &TableColumns,
    doing: &str,
) -> Result<(), Fault> {
    let session = database.session().await?;
    let mut patience = Patience::new(database, doing);
    loop {
        match try_prepare(database, &session, table, columns).await {
            Ok(()) => return Ok(()),
            Err(fault) => {
                let relations = [table.to_owned()];
                patience.after(&session, fault, &relations).await?;
            }
        }
    }
}

async fn try_prepare(
    database: &Database,
    session: &Session,
    table: &str,
    columns: &TableColumns,
) -> Result<(), Fault> {
    let schema = &database.schema;
    begin(session, database.config.lock_timeout).await?;
    ledger::ensure(session, schema).await?;
    if let Some(before) = public::own_view(session, schema, table).await? {
        view::check_columns(session, table, &before, columns).await?;
    }
    session.check_cancelled()?;
    // Whether this commit is answered does not matter: it may be made again.
    Ok(session.batch_execute("COMMIT").await?)
}

/// Makes an empty table for a build, in place of what an earlier attempt left.
pub(super) async fn create(
    database: &Database,
    build: &BuildInfo,
    columns: &TableColumns,
    doing: &str,
) -> Result<(), Fault> {
    let session = database.session().await?;
    let mut patience = Patience::new(database, doing);
    loop {
        let created = match try_create(database, &session, build, columns).await {
            Ok(record) => commit_record(database, &session, &record).await,
            Err(fault) => Err(fault),
        };
        let Err(fault) = created else {
            return Ok(());
        };
        let relations = [build.table.clone(), build.shadow_name()];
        patience.after(&session, fault, &relations).await?;
    }
}

async fn try_create(
    database: &Database,
    session: &Session,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<BuildRecord, Fault> {
    let (schema, shadow) = (&database.schema, build.shadow_name());
    begin(session, database.config.lock_timeout).await?;
    ledger::ensure(session, schema).await?;
    records::lock_all(session, schema, &build.table).await?;
    public::own_view(session, schema, &build.table).await?;
    let taken = find(session, schema, &shadow).await?;
    let seen = builds::seen(session, schema, &build.table, &build.build).await?;
    let name_taken = taken.map(|_| shadow.clone());
    let creation = seen.create(build, columns, name_taken, rules::now())?;
    if creation.replaces_table {
        drop_table(session, schema, &shadow).await?;
    }
    session.run(&table_sql(schema, &shadow, columns)).await?;
    records::put(session, schema, &creation.record).await?;
    Ok(creation.record)
}

/// Drops the table of a build that the public name does not show.
pub(super) async fn drop_build(
    database: &Database,
    table: &str,
    build: &str,
    doing: &str,
) -> Result<(), Fault> {
    let session = database.session().await?;
    let mut patience = Patience::new(database, doing);
    loop {
        let dropped = match try_drop(database, &session, table, build).await {
            Ok(Some(record)) => commit_record(database, &session, &record).await,
            Ok(None) => {
                roll_back(&session).await;
                Ok(())
            }
            Err(fault) => Err(fault),
        };
        let Err(fault) = dropped else {
            return Ok(());
        };
        let info = BuildInfo {
            table: table.to_owned(),
            build: build.to_owned(),
            manifest_digest: String::new(),
        };
        let relations = [info.shadow_name()];
        patience.after(&session, fault, &relations).await?;
    }
}

async fn try_drop(
    database: &Database,
    session: &Session,
    table: &str,
    build: &str,
) -> Result<Option<BuildRecord>, Fault> {
    let schema = &database.schema;
    begin(session, database.config.lock_timeout).await?;
    if ledger::is_there(session, schema).await? {
        records::lock_all(session, schema, table).await?;
    }
    let seen = builds::seen(session, schema, table, build).await?;
    let Some(record) = seen.drop_build()? else {
        return Ok(None);
    };
    drop_table(session, schema, &record.info.shadow_name()).await?;
    records::put(session, schema, &record).await?;
    Ok(Some(record))
}

/// Drops a build's table, if it is there, in the caller's transaction.
///
/// # Errors
/// [`StoreError::InUse`] where others use it.
pub(super) async fn drop_table(session: &Session, schema: &str, shadow: &str) -> Result<(), Fault> {
    if let Some(found) = find(session, schema, shadow).await? {
        dependents::check_none(session, found.oid, shadow).await?;
    }
    let sql = format!("DROP TABLE IF EXISTS {}", qualified(schema, shadow));
    session.run(&sql).await
}
