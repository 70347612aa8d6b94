//! Records of builds, with the positions of their sources.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::connect::Session;
use super::fault::Fault;
use super::ledger::{BUILDS, POSITIONS};
use super::names::qualified;
use super::times::{from_time, to_time};
use crate::source::{Handoff, HandoffPosition};
use crate::store::rules::{BuildRecord, RecordedState};
use crate::store::{BuildInfo, Loaded, StoreError};

/// Which records are read, and whether they are locked for the rest of the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    None,
    ForUpdate,
}

/// Locks all records of a table, so that no other session creates, loads, swaps or drops one of its builds.
pub(super) async fn lock_all(session: &Session, schema: &str, table: &str) -> Result<(), Fault> {
    let builds = qualified(schema, BUILDS);
    let sql = format!("SELECT 1 FROM {builds} WHERE table_name = $1 ORDER BY seq FOR UPDATE");
    session.rows(&sql, &[&table]).await?;
    Ok(())
}

/// The records of a table's builds, in the order in which they were created.
pub(super) async fn all(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Vec<BuildRecord>, Fault> {
    let sql = format!("{} WHERE table_name = $1 ORDER BY seq", select(schema));
    let rows = session.rows(&sql, &[&table]).await?;
    let mut positions = positions(session, schema, table, None).await?;
    rows.iter()
        .map(|row| record_of(row, &mut positions))
        .collect()
}

/// The record of a build, if there is one.
pub(super) async fn one(
    session: &Session,
    schema: &str,
    table: &str,
    build: &str,
    lock: Lock,
) -> Result<Option<BuildRecord>, Fault> {
    let lock = match lock {
        Lock::None => "",
        Lock::ForUpdate => " FOR UPDATE",
    };
    let sql = format!(
        "{} WHERE table_name = $1 AND build = $2{lock}",
        select(schema)
    );
    let Some(row) = session.maybe_row(&sql, &[&table, &build]).await? else {
        return Ok(None);
    };
    let mut positions = positions(session, schema, table, Some(build)).await?;
    record_of(&row, &mut positions).map(Some)
}

fn select(schema: &str) -> String {
    format!(
        "SELECT table_name, build, manifest_digest, columns::text, state, attempt, row_count, row_digest, {}, {}
         FROM {}",
        from_time("created_at"),
        from_time("loaded_at"),
        qualified(schema, BUILDS)
    )
}

fn record_of(
    row: &Row,
    positions: &mut HashMap<String, Vec<HandoffPosition>>,
) -> Result<BuildRecord, Fault> {
    let info = BuildInfo {
        table: row.try_get(0)?,
        build: row.try_get(1)?,
        manifest_digest: row.try_get(2)?,
    };
    let columns = parse(row.try_get(3)?, "columns", &info.build)?;
    let state: &str = row.try_get(4)?;
    let state = RecordedState::from_name(state).ok_or_else(|| damaged("state", &info.build))?;
    let rows: Option<i64> = row.try_get(6)?;
    let loaded = rows.zip(row.try_get(7)?).map(|(rows, digest)| Loaded {
        rows: rows.unsigned_abs(),
        digest,
    });
    let handoff = loaded.as_ref().map(|_| Handoff {
        positions: positions.remove(&info.build).unwrap_or_default(),
    });
    Ok(BuildRecord {
        columns,
        state,
        attempt: row.try_get::<_, i64>(5)?.unsigned_abs(),
        loaded,
        handoff,
        created_at: row.try_get(8)?,
        loaded_at: row.try_get(9)?,
        info,
    })
}

/// The positions of a table's builds, or of one.
async fn positions(
    session: &Session,
    schema: &str,
    table: &str,
    build: Option<&str>,
) -> Result<HashMap<String, Vec<HandoffPosition>>, Fault> {
    let sql = format!(
        "SELECT build, source, topic, partition, next_offset, until_us, archive::text FROM {}
         WHERE table_name = $1 AND ($2::text IS NULL OR build = $2) ORDER BY seq",
        qualified(schema, POSITIONS)
    );
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in session.rows(&sql, &[&table, &build]).await? {
        let build: String = row.try_get(0)?;
        let position = match row.try_get::<_, Option<&str>>(6)? {
            Some(archive) => parse(archive, "positions", &build)?,
            None => HandoffPosition::Offset {
                source: row.try_get(1)?,
                topic: row.try_get(2)?,
                partition: row.try_get(3)?,
                next: row.try_get(4)?,
                until_us: row.try_get(5)?,
            },
        };
        found.entry(build).or_default().push(position);
    }
    Ok(found)
}

/// Writes a record in the place of the one that the build had, and gives its number. A build keeps its number, and with
/// it its place in the order of creation.
pub(super) async fn put(
    session: &Session,
    schema: &str,
    record: &BuildRecord,
) -> Result<i64, Fault> {
    let sql = format!(
        "INSERT INTO {} AS known (table_name, build, manifest_digest, columns, state, attempt, row_count, row_digest,
             created_at, loaded_at)
         VALUES ($1, $2, $3, $4::text::json, $5, $6, $7, $8, {}, {})
         ON CONFLICT (table_name, build) DO UPDATE SET
             manifest_digest = excluded.manifest_digest, columns = excluded.columns, state = excluded.state,
             attempt = excluded.attempt, row_count = excluded.row_count, row_digest = excluded.row_digest,
             created_at = excluded.created_at, loaded_at = excluded.loaded_at
         RETURNING known.seq",
        qualified(schema, BUILDS),
        to_time(9),
        to_time(10)
    );
    let (info, loaded) = (&record.info, record.loaded.as_ref());
    let row = session
        .row(
            &sql,
            &[
                &info.table,
                &info.build,
                &info.manifest_digest,
                &unparse(&record.columns),
                &record.state.name(),
                &record.attempt.cast_signed(),
                &loaded.map(|loaded| loaded.rows.cast_signed()),
                &loaded.map(|loaded| loaded.digest.as_str()),
                &record.created_at,
                &record.loaded_at,
            ],
        )
        .await?;
    put_positions(session, schema, record).await?;
    Ok(row.try_get(0)?)
}

async fn put_positions(session: &Session, schema: &str, record: &BuildRecord) -> Result<(), Fault> {
    let (info, table) = (&record.info, qualified(schema, POSITIONS));
    let sql = format!("DELETE FROM {table} WHERE table_name = $1 AND build = $2");
    session.change(&sql, &[&info.table, &info.build]).await?;
    let positions = record.handoff.iter().flat_map(|handoff| &handoff.positions);
    let (mut sources, mut topics, mut partitions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut offsets, mut ends, mut archives) = (Vec::new(), Vec::new(), Vec::new());
    for position in positions {
        let (source, topic, partition, next, until, archive) = match position {
            HandoffPosition::Offset {
                source,
                topic,
                partition,
                next,
                until_us,
            } => (
                source,
                Some(topic),
                Some(partition),
                Some(next),
                until_us,
                None,
            ),
            HandoffPosition::Archive {
                source, until_us, ..
            } => (source, None, None, None, until_us, Some(unparse(position))),
        };
        sources.push(source);
        topics.push(topic);
        partitions.push(partition);
        offsets.push(next);
        ends.push(until);
        archives.push(archive);
    }
    let sql = format!(
        "INSERT INTO {table} (table_name, build, seq, source, topic, partition, next_offset, until_us, archive)
         SELECT $1, $2, one.seq, one.source, one.topic, one.partition, one.next_offset, one.until_us, one.archive::json
         FROM unnest($3::text[], $4::text[], $5::int4[], $6::int8[], $7::int8[], $8::text[])
             WITH ORDINALITY AS one (source, topic, partition, next_offset, until_us, archive, seq)"
    );
    session
        .change(
            &sql,
            &[
                &info.table,
                &info.build,
                &sources,
                &topics,
                &partitions,
                &offsets,
                &ends,
                &archives,
            ],
        )
        .await?;
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &str, build: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|source| {
        StoreError::Damaged {
            what: format!("the {what} of build {build}"),
            source: Some(Box::new(source)),
        }
        .into()
    })
}

fn damaged(what: &str, build: &str) -> StoreError {
    StoreError::Damaged {
        what: format!("the {what} of build {build}"),
        source: None,
    }
}

fn unparse(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("names, numbers and lists are always JSON")
}
