//! Building indexes of a table that is loaded.

use std::time::Duration;

use super::builds;
use super::catalog::find;
use super::connect::{Database, Session};
use super::ddl::index_columns;
use super::fault::Fault;
use super::names::{index_name, qualified, quote};
use super::pointers;
use crate::store::{BuildInfo, Index, check_indexes};

/// The pause between two tries to be the only one that builds indexes of a table.
const PAUSE: Duration = Duration::from_millis(200);

/// Builds those of `indexes` that the build's table lacks, one after another.
pub(super) async fn build(
    database: &Database,
    build: &BuildInfo,
    indexes: &[Index],
) -> Result<(), Fault> {
    let (session, schema) = (database.session().await?, &database.schema);
    let known = builds::loaded(&session, schema, build).await?;
    check_indexes(&known.columns, indexes)?;
    if known.lacks(indexes).is_empty() {
        return Ok(());
    }
    be_the_only_one(database, &session, build).await?;
    drop_invalid(&session, schema, build).await?;
    for index in indexes {
        // Others may have built it, or dropped the table, since.
        let known = builds::loaded(&session, schema, build).await?;
        if known.lacks(std::slice::from_ref(index)).is_empty() {
            continue;
        }
        tracing::info!(build = build.build, %index, "building an index");
        create(database, &session, build, index).await?;
    }
    Ok(())
}

/// Keeps other commands from building indexes of the same table, as long as the session lives.
///
/// It asks again and again, since a session that waits within a statement would keep an index from being built
/// concurrently.
async fn be_the_only_one(
    database: &Database,
    session: &Session,
    build: &BuildInfo,
) -> Result<(), Fault> {
    let name = qualified(&database.schema, &build.shadow_name());
    let sql = "SELECT pg_try_advisory_lock(hashtextextended('backfold index of ' || $1::text, 0))";
    loop {
        if session.row(sql, &[&name]).await?.try_get(0)? {
            return Ok(());
        }
        let what = format!("another command that builds indexes of {name}");
        database.context.progress.waits_for(what);
        let pause = async {
            tokio::time::sleep(PAUSE).await;
            Ok::<_, Fault>(())
        };
        session.wait_for(pause).await?;
    }
}

/// Drops what an index that was built concurrently, and not completed, has left.
async fn drop_invalid(session: &Session, schema: &str, build: &BuildInfo) -> Result<(), Fault> {
    let rows = session
        .rows(
            "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
             WHERE n.nspname = $1::text AND t.relname = $2::text AND NOT i.indisvalid",
            &[&schema, &build.shadow_name()],
        )
        .await?;
    let is_own = |name: &String| {
        let number = name.rsplit_once("_i").map(|(_, number)| number.parse());
        matches!(number, Some(Ok(number)) if index_name(build, number) == *name)
    };
    for row in rows {
        let name: String = row.try_get(0)?;
        if is_own(&name) {
            drop_index(session, schema, &name).await?;
        }
    }
    Ok(())
}

async fn drop_index(session: &Session, schema: &str, name: &str) -> Result<(), Fault> {
    let name = qualified(schema, name);
    session
        .run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        .await
}

/// Builds an index under the first name of the build that is free. Where the table is live, others may write to it
/// meanwhile.
async fn create(
    database: &Database,
    session: &Session,
    build: &BuildInfo,
    index: &Index,
) -> Result<(), Fault> {
    let schema = &database.schema;
    let mut number = 1;
    let name = loop {
        let name = index_name(build, number);
        if find(session, schema, &name).await?.is_none() {
            break name;
        }
        number += 1;
    };
    let live = pointers::live(session, schema, &build.table).await?;
    let is_live = live.is_some_and(|live| live.build == build.build);
    let concurrently = if is_live { " CONCURRENTLY" } else { "" };
    let sql = format!(
        "CREATE INDEX{concurrently} {} ON {} ({})",
        quote(&name),
        qualified(schema, &build.shadow_name()),
        index_columns(index)
    );
    let built = session.run(&sql).await;
    if built.is_err() && is_live {
        // Where this fails as well, the next call does it.
        if let Err(fault) = drop_index(session, schema, &name).await {
            tracing::debug!(?fault, "an index that is not complete stays");
        }
    }
    built
}
