//! Moving public names, all of a swap or none.

use std::time::Duration;

use super::connect::{Database, Session};
use super::fault::Fault;
use super::outcome::commit_pointers;
use super::transaction::begin;
use super::waiting::Patience;
use super::{builds, ledger, pointers, public, records, view};
use crate::fault_point::before;
use crate::store::rules;
use crate::store::{Pointer, Swap};

/// Shows builds under the public names of their tables.
pub(super) async fn swap(
    database: &Database,
    swap: &Swap,
    doing: &str,
) -> Result<Vec<Pointer>, Fault> {
    let session = database.session().await?;
    let relations: Vec<_> = swap.tables.iter().map(|one| one.table.clone()).collect();
    let mut patience = Patience::new(database, doing);
    loop {
        let fault = match try_swap(database, &session, swap).await {
            Ok(pointers) => match commit_pointers(database, &session, &pointers).await {
                Ok(()) => return Ok(pointers),
                Err(fault) => fault,
            },
            Err(fault) => fault,
        };
        patience.after(&session, fault, &relations).await?;
    }
}

/// Does all of it but the commit. The locks of the views come last: while one is held, readers of it wait.
async fn try_swap(
    database: &Database,
    session: &Session,
    swap: &Swap,
) -> Result<Vec<Pointer>, Fault> {
    let schema = &database.schema;
    before("swap")?;
    begin(session, lock_timeout(database, swap.tables.len())).await?;
    if ledger::is_there(session, schema).await? {
        // In one order for all, so that two swaps do not wait for each other.
        let mut tables: Vec<_> = swap.tables.iter().map(|one| one.table.as_str()).collect();
        tables.sort_unstable();
        for table in tables {
            records::lock_all(session, schema, table).await?;
        }
    }
    let (mut added, mut shown) = (Vec::new(), Vec::new());
    for one in &swap.tables {
        let seen = builds::seen(session, schema, &one.table, &one.to).await?;
        added.push(seen.swap(one, &swap.by, rules::now())?);
        let before = public::own_view(session, schema, &one.table).await?;
        shown.push((seen.loaded()?.record.clone(), before));
    }
    for pointer in &added {
        pointers::add(session, schema, pointer).await?;
    }
    for (record, before) in &shown {
        view::show(session, schema, record, before.as_ref()).await?;
    }
    Ok(added)
}

/// The wait for one lock. While it waits for the second view, it holds the first.
fn lock_timeout(database: &Database, tables: usize) -> Duration {
    let tables = u32::try_from(tables.max(1)).unwrap_or(u32::MAX);
    let whole = database.config.lock_timeout;
    match whole.is_zero() {
        true => whole,
        false => (whole / tables).max(Duration::from_millis(1)),
    }
}
