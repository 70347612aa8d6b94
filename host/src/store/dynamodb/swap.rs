//! Moving the pointers of one or more tables, in one transaction.

use super::builds::{Looked, check_public};
use super::fault::Fault;
use super::ledger::{self, POINTER, history_item, pointer_item};
use super::service::Service;
use super::transaction::{AsRead, MOST_ACTIONS, Transaction};
use crate::store::{Pointer, Swap, TableSwap, rules};

/// The actions for a table: the pointer, its history, and the condition that its build is loaded.
const ACTIONS_A_TABLE: usize = 3;

/// How often a swap looks again where a condition failed, but not the one that decides.
const TRIES: u32 = 10;

/// Shows builds under the public names of their tables.
pub(super) async fn swap(service: &Service, swap: &Swap) -> Result<Vec<Pointer>, Fault> {
    let most = MOST_ACTIONS / ACTIONS_A_TABLE;
    if swap.tables.len() > most {
        return Err(Fault::Refused(format!(
            "{} tables are to be swapped, and a transaction of DynamoDB has room for {most}",
            swap.tables.len()
        )));
    }
    let now = rules::now();
    let mut sent: Option<Vec<Pointer>> = None;
    for _ in 0..TRIES {
        let mut transaction = Transaction::new(service);
        let mut pointers = Vec::new();
        for table in &swap.tables {
            let pointer = add(service, &mut transaction, table, &swap.by, &now).await;
            match (pointer, &sent) {
                (Ok(pointer), _) => pointers.push(pointer),
                // An earlier try may have been committed although its answer was lost.
                (Err(fault), Some(sent)) => return done_or(service, sent, fault).await,
                (Err(fault), None) => return Err(fault),
            }
        }
        match transaction.commit().await {
            Ok(()) => return Ok(pointers),
            Err(Fault::Condition) => sent = Some(pointers),
            Err(fault) => return done_or(service, &pointers, fault).await,
        }
    }
    Err(Fault::Condition)
}

/// Adds the swap of a table to a transaction, and gives the new pointer.
async fn add(
    service: &Service,
    transaction: &mut Transaction<'_>,
    swap: &TableSwap,
    by: &str,
    now: &str,
) -> Result<Pointer, Fault> {
    let looked = Looked::at(service, &swap.table, &swap.to).await?;
    let pointer = looked
        .seen(&swap.table, &swap.to)
        .swap(swap, by, now.to_owned())?;
    check_public(service, &swap.table).await?;
    let kept = looked.known(&swap.table, &swap.to)?;
    let physical = &kept.place.physical;
    let item = pointer_item(&pointer, POINTER, physical);
    transaction.put(item, AsRead::pointer(looked.live.as_ref()))?;
    let item = pointer_item(&pointer, &history_item(pointer.version), physical);
    transaction.put(item, AsRead::Nothing)?;
    transaction.check_record(kept)?;
    Ok(pointer)
}

/// The pointers, if they were written after all, be it that others followed; otherwise `fault`.
async fn done_or(
    service: &Service,
    pointers: &[Pointer],
    fault: Fault,
) -> Result<Vec<Pointer>, Fault> {
    for pointer in pointers {
        let found = ledger::pointer_at(service, &pointer.table, pointer.version).await;
        if !found.is_ok_and(|found| found.as_ref() == Some(pointer)) {
            return Err(fault);
        }
    }
    Ok(pointers.to_vec())
}
