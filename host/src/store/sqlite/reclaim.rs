//! Giving the space of dropped tables back to the system.

use rusqlite::Connection;

use super::connect::{Database, Session};
use super::fault::Fault;
use crate::fault_point::{after, before};
use crate::store::Reclaimed;

/// Pages that are given back in one transaction: 16 MiB, so that other writers do not wait for long.
const PAGES_A_STEP: i64 = 4096;
/// The value of `auto_vacuum` with which a database gives pages back on demand.
const INCREMENTAL: i64 = 2;

/// Gives back all free pages of a database that was made to give pages back. Other databases stay as they are.
pub(super) fn reclaim(database: &Database) -> Result<Reclaimed, Fault> {
    let session = database.connect()?;
    let number = |pragma| number(&session, pragma);
    let page_bytes = number("page_size")?;
    let mut given_back = 0;
    if number("auto_vacuum")? == INCREMENTAL {
        loop {
            let pages = give_back(&session)?;
            if pages <= 0 {
                break;
            }
            given_back += pages;
        }
        shorten(&session)?;
    }
    let free = number("freelist_count")? * page_bytes;
    let how = format!(
        "sqlite3 '{}' VACUUM",
        database.path().display().to_string().replace('\'', "'\\''")
    );
    Ok(Reclaimed {
        given_back_bytes: (given_back * page_bytes).unsigned_abs(),
        free_bytes: free.unsigned_abs(),
        how: (free > 0).then_some(how),
    })
}

/// Gives back some pages, in a transaction; says how many.
pub(super) fn give_back(session: &Session) -> Result<i64, Fault> {
    session.write("give pages back", || {
        let before = number(session, "page_count")?;
        // Each page is a step of the statement.
        let mut vacuum = session.prepare(&format!("PRAGMA incremental_vacuum({PAGES_A_STEP})"))?;
        let mut steps = vacuum.query([])?;
        while steps.next()?.is_some() {}
        Ok(before - number(session, "page_count")?)
    })
}

/// Shortens the files by the pages that were given back. While another process still reads an older state, SQLite
/// leaves that to the last such process.
fn shorten(connection: &Connection) -> Result<(), Fault> {
    connection.busy_handler(None)?;
    before("shorten the files")?;
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    after("shorten the files")?;
    match done {
        Err(error) if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

fn number(connection: &Connection, pragma: &str) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, pragma, |row| row.get(0))?)
}
