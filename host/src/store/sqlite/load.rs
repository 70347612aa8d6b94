//! Loading sorted rows into a shadow table.

use arrow_array::RecordBatch;
use rusqlite::TransactionBehavior;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

use super::cells::Cells;
use super::connect::{Database, Session};
use super::fault::Fault;
use super::names::quote;
use super::{ledger, shadow};
use crate::fold::RowsDigest;
use crate::store::cell::key_text;
use crate::store::order::KeyOrder;
use crate::store::{BuildInfo, BuildState, Loaded, Rows, StoreError, TableColumns};

/// Rows in one `INSERT`: it halves the time of one a row, and more gain little.
const ROWS_A_STATEMENT: usize = 50;
/// Parameters in one `INSERT`; SQLite takes 32766.
const PARAMETERS_A_STATEMENT: usize = 4096;
/// Rows in one transaction, from where on it is committed: other writers wait for about this long.
const ROWS_A_TRANSACTION: usize = 65_536;
/// Pages of the log that call for a checkpoint: 32 MiB.
const CHECKPOINT_PAGES: i64 = 8192;
/// The page cache, in KiB.
const CACHE_KIB: i64 = 16_384;

/// Loads all of `rows`. The bookkeeping says `loaded` only once everything before it is on disk.
pub(super) fn load(
    database: &Database,
    build: &BuildInfo,
    columns: &TableColumns,
    mut rows: Receiver<Rows>,
) -> Result<Loaded, Fault> {
    let connection = database.connect()?;
    // Commits on the way are atomic but not synced: a power cut loses the latest, and with it only a load
    // that begins anew in any case. Checkpoints still sync, in the order that keeps the database whole.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;

    let mut loader = Loader::begin(&connection, build, columns)?;
    let (expected_rows, expected_digest) = loop {
        match connection.wait_for(rows.recv())? {
            None => {
                return Err(StoreError::Unfinished {
                    build: build.build.clone(),
                }
                .into());
            }
            Some(Rows::End { rows, digest }) => break (rows, digest),
            Some(Rows::Batch(batch)) => {
                if let Some(end) = loader.load_ready(batch, &mut rows)? {
                    break end;
                }
            }
        }
    };
    let loaded = Loaded {
        rows: loader.digest.rows(),
        digest: loader.digest.hex(),
    };
    if loaded.rows != expected_rows || *loaded.digest != *expected_digest {
        let expected = Loaded {
            rows: expected_rows,
            digest: expected_digest.to_string(),
        };
        let build = build.build.clone();
        return Err(StoreError::Disagrees {
            build,
            expected: expected.into(),
            found: loaded.into(),
        }
        .into());
    }
    loader.finish(&loaded)?;
    Ok(loaded)
}

struct Loader<'a> {
    connection: &'a Session,
    build: &'a BuildInfo,
    columns: &'a TableColumns,
    attempt: i64,
    rows_a_statement: usize,
    insert_many: String,
    insert_one: String,
    order: KeyOrder,
    digest: RowsDigest,
}

impl<'a> Loader<'a> {
    /// Takes over the build's table, and empties it.
    fn begin(
        connection: &'a Session,
        build: &'a BuildInfo,
        columns: &'a TableColumns,
    ) -> Result<Self, Fault> {
        let attempt = connection.transaction(TransactionBehavior::Immediate, || {
            let known = ledger::build(connection, &build.table, &build.build)?;
            if known.state != BuildState::Loading {
                return Err(ledger::wrong_state(&known));
            }
            if known.columns != *columns {
                let why = "it was created with others".to_owned();
                return Err(StoreError::Shape {
                    build: build.build.clone(),
                    why,
                }
                .into());
            }
            shadow::empty(connection, &known)?;
            ledger::begin_attempt(connection, build)
        })?;
        let width = columns.iter().count();
        let rows_a_statement = (PARAMETERS_A_STATEMENT / width.max(1)).clamp(1, ROWS_A_STATEMENT);
        Ok(Loader {
            connection,
            build,
            columns,
            attempt,
            rows_a_statement,
            insert_many: insert_sql(build, width, rows_a_statement),
            insert_one: insert_sql(build, width, 1),
            order: KeyOrder::new(columns.keys.iter().map(|key| key.kind.data_type()))?,
            digest: RowsDigest::new(&columns.schema())?,
        })
    }

    /// Loads `first` and what else is waiting, in one transaction that never waits for rows. Gives back the
    /// end, if it was among them.
    fn load_ready(
        &mut self,
        first: RecordBatch,
        rows: &mut Receiver<Rows>,
    ) -> Result<Option<(u64, std::sync::Arc<str>)>, Fault> {
        let connection = self.connection;
        connection.transaction(TransactionBehavior::Immediate, || {
            ledger::check_attempt(connection, self.build, self.attempt)?;
            let mut inserted = first.num_rows();
            self.insert(&first)?;
            while inserted < ROWS_A_TRANSACTION {
                match rows.try_recv() {
                    Ok(Rows::Batch(batch)) => {
                        inserted += batch.num_rows();
                        self.insert(&batch)?;
                    }
                    Ok(Rows::End { rows, digest }) => return Ok(Some((rows, digest))),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            Ok(None)
        })
    }

    fn insert(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        self.check(batch)?;
        let mut cells = Vec::with_capacity(batch.num_columns());
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            cells.push(Cells::new(array, column.kind).map_err(|unstorable| {
                StoreError::Unstorable {
                    column: column.name.clone(),
                    key: self.key(batch, unstorable.row),
                    why: unstorable.why,
                }
            })?);
        }
        let whole = batch.num_rows() - batch.num_rows() % self.rows_a_statement;
        for (sql, from, until, step) in [
            (&self.insert_many, 0, whole, self.rows_a_statement),
            (&self.insert_one, whole, batch.num_rows(), 1),
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            for start in (from..until).step_by(step) {
                let mut parameter = 0;
                for row in start..start + step {
                    for column in &cells {
                        parameter += 1;
                        statement.raw_bind_parameter(parameter, column.at(row))?;
                    }
                }
                statement.raw_execute()?;
            }
        }
        self.digest.update(batch)?;
        Ok(())
    }

    /// Refuses rows of other columns, or out of order.
    fn check(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let expected = self.columns.iter().map(|column| column.kind.data_type());
        let found = batch
            .columns()
            .iter()
            .map(|column| column.data_type().clone());
        if !expected.clone().eq(found.clone()) {
            let why = format!(
                "{:?} instead of {:?}",
                found.collect::<Vec<_>>(),
                expected.collect::<Vec<_>>()
            );
            return Err(StoreError::Shape {
                build: self.build.build.clone(),
                why,
            }
            .into());
        }
        match self.order.check(batch)? {
            None => Ok(()),
            Some(row) => Err(StoreError::Unsorted {
                build: self.build.build.clone(),
                key: self.key(batch, row),
            }
            .into()),
        }
    }

    /// Marks the build as loaded. This commit is synced, and the log with all commits before it.
    fn finish(self, loaded: &Loaded) -> Result<(), Fault> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let connection = self.connection;
        connection.transaction(TransactionBehavior::Immediate, || {
            ledger::check_attempt(connection, self.build, self.attempt)?;
            ledger::loaded(connection, self.build, loaded)
        })
    }

    fn key(&self, batch: &RecordBatch, row: usize) -> String {
        key_text(batch, self.columns.keys.len(), row)
    }
}

fn insert_sql(build: &BuildInfo, width: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; width].join(","));
    format!(
        "INSERT INTO {} VALUES {}",
        quote(&build.shadow_name()),
        vec![row.as_str(); rows].join(",")
    )
}
