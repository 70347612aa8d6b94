//! Triggers that other programs made on a public view: SQLite drops them with the view.

use rusqlite::Connection;

use super::fault::Fault;
use super::names::{quote, quote_all};
use crate::store::{StoreError, TableColumns};

/// A trigger, as SQLite keeps it.
pub(super) struct Trigger {
    name: String,
    sql: String,
}

/// The triggers of a view, in the order in which they were made.
pub(super) fn of(connection: &Connection, view: &str) -> Result<Vec<Trigger>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE ORDER BY rowid",
    )?;
    let triggers = statement.query_map([view], |row| {
        Ok(Trigger {
            name: row.get(0)?,
            sql: row.get(1)?,
        })
    })?;
    Ok(triggers.collect::<Result<_, _>>()?)
}

/// Calls `change`, which makes the view anew with the columns `after`, and makes its triggers again.
///
/// # Errors
/// [`StoreError::Triggers`] with the triggers that worked with the view's columns `before` and would fail from now on. A
/// trigger that cannot be tried, since it calls a function of its program, is made again without a trial.
pub(super) fn carry_over(
    connection: &Connection,
    view: &str,
    before: Option<&TableColumns>,
    after: &TableColumns,
    change: impl FnOnce() -> Result<(), Fault>,
) -> Result<(), Fault> {
    let triggers = of(connection, view)?;
    let worked: Vec<_> = match before {
        Some(before) => {
            let drop_all = || {
                triggers
                    .iter()
                    .try_for_each(|one| drop_trigger(connection, one))
            };
            drop_all()?;
            let works = |one| works(connection, view, before, one);
            triggers.iter().map(works).collect::<Result<_, _>>()?
        }
        None => vec![false; triggers.len()],
    };
    change()?;
    let mut broken = Vec::new();
    for (trigger, worked) in triggers.iter().zip(worked) {
        if worked && !works(connection, view, after, trigger)? {
            broken.push(trigger.name.clone());
        }
    }
    if !broken.is_empty() {
        return Err(StoreError::Triggers {
            table: view.to_owned(),
            names: broken,
        }
        .into());
    }
    for trigger in &triggers {
        connection.execute_batch(&trigger.sql)?;
    }
    Ok(())
}

/// Whether a statement that fires this trigger can be compiled. The view must have no trigger, and has none after.
fn works(
    connection: &Connection,
    view: &str,
    columns: &TableColumns,
    trigger: &Trigger,
) -> Result<bool, Fault> {
    if connection.execute_batch(&trigger.sql).is_err() {
        return Ok(false);
    }
    let names: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
    let view = quote(view);
    let all = quote_all(columns.iter().map(|column| column.name.as_str()));
    let nulls = vec!["NULL"; names.len()].join(", ");
    let same: Vec<_> = names
        .iter()
        .map(|name| format!("{name} = {name}"))
        .collect();
    // A view takes only those statements that it has a trigger for.
    let statements = [
        format!("INSERT INTO {view} ({all}) VALUES ({nulls})"),
        format!("UPDATE {view} SET {}", same.join(", ")),
        format!("DELETE FROM {view}"),
    ];
    let works = statements
        .iter()
        .any(|statement| connection.prepare(statement).is_ok());
    drop_trigger(connection, trigger)?;
    Ok(works)
}

fn drop_trigger(connection: &Connection, trigger: &Trigger) -> Result<(), Fault> {
    connection.execute_batch(&format!("DROP TRIGGER {}", quote(&trigger.name)))?;
    Ok(())
}
