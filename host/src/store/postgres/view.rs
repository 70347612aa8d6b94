//! Showing a build under the public name.

use super::belongings;
use super::catalog::find;
use super::connect::Session;
use super::ddl::{is_collated, select_sql};
use super::dependents;
use super::fault::Fault;
use super::names::qualified;
use super::public::PublicView;
use crate::schema::Output;
use crate::store::rules::BuildRecord;
use crate::store::{StoreError, TableColumns};

/// Shows a build, in the caller's transaction. `before` is the view as it is.
///
/// Where the new columns begin with the old ones, the view is replaced, and all that others made on it stays. Otherwise
/// it is dropped and made anew with all that belonged to it.
///
/// # Errors
/// [`StoreError::InUse`] where other objects use a view that has to be dropped; [`StoreError::Triggers`].
pub(super) async fn show(
    session: &Session,
    schema: &str,
    record: &BuildRecord,
    before: Option<&PublicView>,
) -> Result<(), Fault> {
    let table = &record.info.table;
    let name = qualified(schema, table);
    let query = select_sql(schema, &record.info.shadow_name(), &record.columns);
    let Some(before) = before else {
        return session.run(&format!("CREATE VIEW {name} AS {query}")).await;
    };
    // Replacing a view takes options away that are not named.
    let options = belongings::options(session, before.oid).await?;
    if !has_to_be_dropped(&before.shows.columns, &record.columns) {
        let sql = format!("CREATE OR REPLACE VIEW {name}{options} AS {query}");
        return session.run(&sql).await;
    }
    dependents::check_none(session, before.oid, table).await?;
    let belongings = belongings::of(session, before.oid).await?;
    let sql = format!("DROP VIEW {name}; CREATE VIEW {name}{options} AS {query}");
    session.run(&sql).await?;
    let view = find(session, schema, table).await?;
    let view = view.ok_or_else(|| StoreError::Damaged {
        what: format!("the view `{table}` is gone in the transaction that made it"),
        source: None,
    })?;
    let columns = &record.columns;
    belongings
        .give(session, table, view.oid, &name, columns)
        .await
}

/// Refuses columns that the public view cannot have while others use it.
///
/// # Errors
/// [`StoreError::InUse`].
pub(super) async fn check_columns(
    session: &Session,
    table: &str,
    before: &PublicView,
    columns: &TableColumns,
) -> Result<(), Fault> {
    match has_to_be_dropped(&before.shows.columns, columns) {
        true => dependents::check_none(session, before.oid, table).await,
        false => Ok(()),
    }
}

/// Whether the columns `after` do not begin with those of a view, so that it cannot be replaced.
fn has_to_be_dropped(before: &TableColumns, after: &TableColumns) -> bool {
    let is_by_bytes = |columns: &TableColumns, place: usize, column: &Output| {
        place < columns.keys.len() && is_collated(column)
    };
    let pairs = before.iter().zip(after.iter()).enumerate();
    let mut is_same = pairs.map(|(place, (old, new))| {
        old.name == new.name
            && old.kind == new.kind
            && is_by_bytes(before, place, old) == is_by_bytes(after, place, new)
    });
    before.iter().count() > after.iter().count() || !is_same.all(|is_same| is_same)
}
