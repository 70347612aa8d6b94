//! Commits of records and pointers. Where the answer is lost, what holds is read on another connection.

use super::connect::{Database, Session};
use super::fault::Fault;
use super::records::Lock;
use super::transaction::{NotCommitted, commit, settled};
use super::{pointers, records};
use crate::store::Pointer;
use crate::store::rules::BuildRecord;

/// Commits the transaction that wrote `record`.
pub(super) async fn commit_record(
    database: &Database,
    session: &Session,
    record: &BuildRecord,
) -> Result<(), Fault> {
    let lost = match commit(session).await {
        Ok(()) => return Ok(()),
        Err(NotCommitted::Refused(fault)) => return Err(fault),
        Err(NotCommitted::Unknown(lost)) => lost,
    };
    let session = settled(database, &lost).await?;
    let (info, schema) = (&record.info, &database.schema);
    let found = records::one(&session, schema, &info.table, &info.build, Lock::None).await?;
    // Every write of a record changes one of the two.
    match found.is_some_and(|one| (one.attempt, one.state) == (record.attempt, record.state)) {
        true => Ok(()),
        false => Err(lost.fault),
    }
}

/// Commits the transaction that added `added`.
pub(super) async fn commit_pointers(
    database: &Database,
    session: &Session,
    added: &[Pointer],
) -> Result<(), Fault> {
    let lost = match commit(session).await {
        Ok(()) => return Ok(()),
        Err(NotCommitted::Refused(fault)) => return Err(fault),
        Err(NotCommitted::Unknown(lost)) => lost,
    };
    let session = settled(database, &lost).await?;
    for pointer in added {
        let history = pointers::history(&session, &database.schema, &pointer.table).await?;
        // Others may have swapped since. Version, user and microsecond tell this pointer from theirs.
        if !history.contains(pointer) {
            return Err(lost.fault);
        }
    }
    Ok(())
}
