//! The public name: whether it is free or backfold's own.

use super::catalog::{ObjectKind, find};
use super::connect::Session;
use super::ddl::select_sql;
use super::fault::Fault;
use super::names::qualified;
use super::records::Lock;
use super::{ledger, pointers, records};
use crate::store::StoreError;
use crate::store::rules::BuildRecord;

/// The view of a public name, which shows what the pointer says.
pub(super) struct PublicView {
    pub(super) oid: u32,
    /// The build that it shows.
    pub(super) shows: BuildRecord,
}

/// The view of a public name, if there is one, in the caller's transaction.
///
/// A view is backfold's own if the server writes its definition as that of a view that is made of the pointer's build, for
/// a trial. So a view to which another program added a condition is not.
///
/// # Errors
/// [`StoreError::Foreign`] where the name belongs to anything else.
pub(super) async fn own_view(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Option<PublicView>, Fault> {
    let Some(object) = find(session, schema, table).await? else {
        return Ok(None);
    };
    if object.kind == ObjectKind::View
        && let Some(shows) = live_record(session, schema, table).await?
        && is_view_of(session, schema, object.oid, &shows).await?
    {
        return Ok(Some(PublicView {
            oid: object.oid,
            shows,
        }));
    }
    Err(StoreError::Foreign {
        name: table.to_owned(),
    }
    .into())
}

/// The record of the build that the pointer shows.
async fn live_record(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Option<BuildRecord>, Fault> {
    if !ledger::is_there(session, schema).await? {
        return Ok(None);
    }
    let Some(live) = pointers::live(session, schema, table).await? else {
        return Ok(None);
    };
    records::one(session, schema, table, &live.build, Lock::None).await
}

async fn is_view_of(
    session: &Session,
    schema: &str,
    view: u32,
    record: &BuildRecord,
) -> Result<bool, Fault> {
    let pid: i32 = session
        .row("SELECT pg_backend_pid()", &[])
        .await?
        .try_get(0)?;
    let trial = qualified(schema, &format!("backfold_trial_{pid}"));
    let query = select_sql(schema, &record.info.shadow_name(), &record.columns);
    session.run("SAVEPOINT backfold_trial").await?;
    let made = session
        .run(&format!("CREATE VIEW {trial} AS {query}"))
        .await;
    let is_same = match made {
        Ok(()) => {
            let same = session
                .row(
                    "SELECT pg_get_viewdef($1::oid) = pg_get_viewdef($2::text::regclass)",
                    &[&view, &trial],
                )
                .await?;
            same.try_get(0)?
        }
        // The table is there, since the view is; it has lost a column.
        Err(fault) if is_about_a_column(&fault) => false,
        Err(fault) => return Err(fault),
    };
    session
        .run("ROLLBACK TO backfold_trial; RELEASE backfold_trial")
        .await?;
    Ok(is_same)
}

fn is_about_a_column(fault: &Fault) -> bool {
    use tokio_postgres::error::SqlState;
    fault
        .code()
        .is_some_and(|code| [SqlState::UNDEFINED_COLUMN, SqlState::UNDEFINED_TABLE].contains(code))
}
