//! The tables of builds: made, taken over by a load, marked as loaded, dropped.
//!
//! A record is written first, on the condition that it is the one read; then the table that it names is made. Where a
//! process dies between the two, the build counts as gone, and is created again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::builds::{Looked, check_public};
use super::fault::Fault;
use super::keys::Shape;
use super::ledger::{self, Kept, Place};
use super::service::Service;
use super::transaction::Transaction;
use super::{names, positions, tables};
use crate::source::Handoff;
use crate::store::rules::{self, Creation, RecordedState};
use crate::store::{BuildInfo, Loaded, Pointer, StoreError, TableColumns};

/// How often a call looks again where another process changed what it decided on.
const TRIES: u32 = 10;

/// Makes an empty table for a build.
pub(super) async fn create(
    service: &Service,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(), Fault> {
    let shape = shape_of(build, columns)?;
    check_public(service, &build.table).await?;
    for _ in 0..TRIES {
        let looked = Looked::at(service, &build.table, &build.build).await?;
        let seen = looked.seen(&build.table, &build.build);
        let attempt = looked
            .kept
            .as_ref()
            .map_or(0, |kept| kept.record.attempt + 1);
        let physical = names::physical(service.prefix(), build, attempt);
        let taken = match looked.altered() {
            Some(altered) => Some(altered),
            None => {
                let found = tables::find(service, &physical).await?;
                found.map(|_| physical.clone())
            }
        };
        let (is_taken, is_replaced) = (taken.is_some(), looked.kept.is_some());
        let Creation {
            record,
            replaces_table,
        } = seen.create(build, columns, taken, rules::now())?;
        if is_taken && replaces_table {
            return Err(tables::foreign(&physical));
        }
        if is_replaced {
            check_not_read(service, &build.table, &build.build).await?;
        }
        let new = Kept {
            place: Place {
                physical,
                is_used: false,
                leftovers: leftovers(looked.kept.as_ref()),
                first_created_at: match &looked.kept {
                    Some(kept) => kept.place.first_created_at.clone(),
                    None => record.created_at.clone(),
                },
                positions: None,
            },
            record,
        };
        let mut transaction = Transaction::new(service);
        transaction.put_record(&new, looked.kept.as_ref())?;
        transaction.check_pointer(&build.table, looked.live.as_ref())?;
        match transaction.commit().await {
            Ok(()) => return make(service, &new, &shape).await,
            Err(Fault::Condition) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Condition)
}

/// Takes over the table of a build for a load. Where an earlier load may have written into it, the load gets a table of its
/// own.
pub(super) async fn begin_load(
    service: &Service,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<Kept, Fault> {
    let shape = shape_of(build, columns)?;
    for _ in 0..TRIES {
        let looked = Looked::at_record(service, &build.table, &build.build).await?;
        let record = looked
            .seen(&build.table, &build.build)
            .begin_load(columns)?;
        let mut place = looked
            .kept
            .as_ref()
            .map(|kept| kept.place.clone())
            .unwrap_or_default();
        let needs_table = place.is_used;
        if needs_table {
            place.leftovers = leftovers(looked.kept.as_ref());
            place.physical = names::physical(service.prefix(), build, record.attempt);
        }
        place.is_used = true;
        let new = Kept { record, place };
        let mut transaction = Transaction::new(service);
        transaction.put_record(&new, looked.kept.as_ref())?;
        match transaction.commit().await {
            Ok(()) if needs_table => {
                make(service, &new, &shape).await?;
                return Ok(new);
            }
            Ok(()) => return Ok(new),
            Err(Fault::Condition) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Condition)
}

/// Refuses to go on with the load that wrote `mine`, if its table was taken from it.
pub(super) async fn check_attempt(service: &Service, mine: &Kept) -> Result<(), Fault> {
    let found = found(service, mine).await?;
    let record = found.as_ref().map(|kept| &kept.record);
    Ok(rules::check_attempt(&mine.record, record)?)
}

/// Marks the build as loaded, with its positions, and deletes what earlier attempts left.
pub(super) async fn end_load(
    service: &Service,
    mine: &Kept,
    loaded: &Loaded,
    handoff: &Handoff,
) -> Result<(), Fault> {
    check_attempt(service, mine).await?;
    for name in &mine.place.leftovers {
        tables::delete(service, name).await?;
    }
    let written = async {
        let positions = positions::put(service, mine, handoff).await?;
        let mut new = mine.clone();
        new.place.leftovers.clear();
        new.place.positions = Some(positions);
        new.record = rules::end_load(
            &mine.record,
            Some(&mine.record),
            loaded,
            handoff,
            rules::now(),
        )?;
        let mut transaction = Transaction::new(service);
        transaction.put_record(&new, Some(mine))?;
        transaction.commit().await
    };
    match written.await {
        // Another process has taken the table.
        Err(Fault::Condition) => {
            check_attempt(service, mine).await?;
            Err(Fault::Condition)
        }
        result => result,
    }
}

/// Drops the table of a build that the pointer does not show, and has not shown for some time.
pub(super) async fn drop_build(service: &Service, table: &str, build: &str) -> Result<(), Fault> {
    for _ in 0..TRIES {
        let looked = Looked::at(service, table, build).await?;
        let dropped = looked.seen(table, build).drop_build()?;
        let kept = looked.known(table, build)?;
        let Some(record) = dropped else {
            return sweep(service, kept).await;
        };
        check_not_read(service, table, build).await?;
        let mut new = Kept {
            record,
            place: kept.place.clone(),
        };
        new.place.leftovers = leftovers(Some(kept));
        let mut transaction = Transaction::new(service);
        transaction.put_record(&new, Some(kept))?;
        transaction.check_pointer(table, looked.live.as_ref())?;
        match transaction.commit().await {
            Ok(()) => return sweep(service, &new).await,
            Err(Fault::Condition) => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::Condition)
}

/// Makes the table that a record names, and deletes those of earlier attempts.
async fn make(service: &Service, kept: &Kept, shape: &Shape) -> Result<(), Fault> {
    for name in &kept.place.leftovers {
        tables::delete(service, name).await?;
    }
    tables::create(service, &kept.place.physical, shape).await?;
    // A later attempt has deleted the tables of earlier ones, and did not know this one yet.
    let found = found(service, kept).await?;
    if found.is_some_and(|found| found.record.attempt == kept.record.attempt) {
        return Ok(());
    }
    tables::delete(service, &kept.place.physical).await?;
    Err(StoreError::Superseded {
        build: kept.record.info.build.clone(),
    }
    .into())
}

/// Deletes the tables of a dropped build, and waits until they are gone.
async fn sweep(service: &Service, kept: &Kept) -> Result<(), Fault> {
    let (info, prefix) = (&kept.record.info, service.prefix());
    let shape = Shape::of(&kept.record.columns);
    let mut names = kept.place.leftovers.clone();
    // A process that died between making a table and writing it down left one that no record names.
    let listed =
        tables::beginning_with(service, &format!("{prefix}{}.", info.shadow_name())).await?;
    for name in listed {
        let attempt = names::attempt_of(prefix, info, &name);
        if attempt.is_some_and(|attempt| attempt <= kept.record.attempt) && !names.contains(&name) {
            names.push(name);
        }
    }
    for name in &names {
        let found = tables::find(service, name).await?;
        if found.is_some_and(|found| found.shape == shape) {
            tables::delete(service, name).await?;
            tables::wait_until_gone(service, name).await?;
        }
    }
    if kept.place.leftovers.is_empty() {
        return Ok(());
    }
    let mut new = kept.clone();
    new.place.leftovers.clear();
    let mut transaction = Transaction::new(service);
    transaction.put_record(&new, Some(kept))?;
    match transaction.commit().await {
        // Another process goes on with the build.
        Err(Fault::Condition) => Ok(()),
        result => result,
    }
}

/// Refuses to drop a build that readers may still read by a pointer from before.
///
/// # Errors
/// [`StoreError::StillRead`].
async fn check_not_read(service: &Service, table: &str, build: &str) -> Result<(), Fault> {
    let cache = service.config.pointer_cache;
    if cache.is_zero() {
        return Ok(());
    }
    let history = ledger::history(service, table).await?;
    match still_read(&history, build, cache, Utc::now()) {
        None => Ok(()),
        Some(wait) => Err(StoreError::StillRead {
            table: table.to_owned(),
            build: build.to_owned(),
            wait,
        }
        .into()),
    }
}

/// How long a reader may still read a build by a pointer that it keeps for `cache`.
fn still_read(
    history: &[Pointer],
    build: &str,
    cache: Duration,
    now: DateTime<Utc>,
) -> Option<Duration> {
    let last = history.iter().rposition(|pointer| pointer.build == build)?;
    let after = history.get(last + 1)?;
    let ended = DateTime::parse_from_rfc3339(&after.at).ok()?;
    // A clock that runs ahead of that of the swap's process makes the time longer, at most by the cache.
    let since = (now - ended.to_utc()).to_std().unwrap_or_default();
    cache.checked_sub(since).filter(|wait| !wait.is_zero())
}

/// The tables that earlier attempts of a build left.
fn leftovers(kept: Option<&Kept>) -> Vec<String> {
    let Some(kept) = kept else {
        return Vec::new();
    };
    let mut names = kept.place.leftovers.clone();
    let has_table = kept.record.state != RecordedState::Dropped;
    if has_table && !names.contains(&kept.place.physical) {
        names.push(kept.place.physical.clone());
    }
    names
}

async fn found(service: &Service, mine: &Kept) -> Result<Option<Kept>, Fault> {
    let info = &mine.record.info;
    ledger::record(service, &info.table, &info.build).await
}

fn shape_of(build: &BuildInfo, columns: &TableColumns) -> Result<Shape, Fault> {
    Shape::of(columns).ok_or_else(|| {
        let why = "it has no key".to_owned();
        let build = build.build.clone();
        StoreError::Shape { build, why }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_read_for_as_long_as_pointers_are_kept() {
        let pointer = |version, build: &str, at: &str| Pointer {
            table: "t".to_owned(),
            build: build.to_owned(),
            version,
            previous: None,
            by: String::new(),
            at: at.to_owned(),
        };
        let history = [
            pointer(1, "a", "2026-01-01T00:00:00.000000Z"),
            pointer(2, "b", "2026-01-01T01:00:00.000000Z"),
        ];
        let cache = Duration::from_secs(60);
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let wait = |build, now| still_read(&history, build, cache, at(now));
        assert_eq!(
            wait("a", "2026-01-01T01:00:20Z"),
            Some(Duration::from_secs(40))
        );
        assert_eq!(wait("a", "2026-01-01T01:01:00Z"), None);
        assert_eq!(
            wait("a", "2026-01-01T00:59:00Z"),
            Some(cache),
            "a clock behind"
        );
        assert_eq!(wait("c", "2026-01-01T01:00:20Z"), None, "never live");
    }
}
