//! Loading sorted rows into a shadow table.

use arrow_array::RecordBatch;
use tokio::sync::mpsc::Receiver;

use super::cells::{Cells, Unstorable};
use super::connect::{Database, Session};
use super::fault::Fault;
use super::names::quote;
use super::{builds, ledger, shadow};
use crate::fault_point::around;
use crate::source::Handoff;
use crate::store::loading::LoadRows;
use crate::store::rules::{self, BuildRecord};
use crate::store::{BuildInfo, Loaded, Rows, TableColumns};

/// Rows in one `INSERT`: it halves the time of one a row, and more gain little.
const ROWS_A_STATEMENT: usize = 50;
/// Parameters in one `INSERT`; SQLite takes 32766.
const PARAMETERS_A_STATEMENT: usize = 4096;
/// Rows after which a transaction is committed: other writers wait for as long as these rows take.
const ROWS_A_TRANSACTION: usize = 65_536;
/// Pages of the log after which SQLite makes a checkpoint: 32 MiB.
const CHECKPOINT_PAGES: i64 = 8192;
/// The page cache, in KiB.
const CACHE_KIB: i64 = 16_384;

/// Loads all of `rows`. The bookkeeping says `loaded` only once everything before it is on disk.
pub(super) fn load(
    database: &Database,
    build: &BuildInfo,
    columns: &TableColumns,
    handoff: &Handoff,
    rows: Receiver<Rows>,
) -> Result<Loaded, Fault> {
    let connection = database.connect()?;
    // Commits on the way are atomic but not synced: a power cut loses the latest, and with it only a load
    // that begins anew in any case. Checkpoints still sync, in the order that keeps the database whole.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;

    let loader = Loader::begin(&connection, build, columns)?;
    let mut rows = LoadRows::new(build, columns, rows, database.context.cancel.clone())?;
    while let Some(batch) = connection.wait_for(rows.next())?? {
        loader.load_ready(batch, &mut rows)?;
    }
    let loaded = rows.finish()?;
    loader.finish(&loaded, handoff)?;
    Ok(loaded)
}

struct Loader<'a> {
    connection: &'a Session,
    columns: &'a TableColumns,
    /// The record that this load wrote when it began.
    record: BuildRecord,
    rows_a_statement: usize,
    insert_many: String,
    insert_one: String,
}

impl<'a> Loader<'a> {
    /// Takes over the build's table, and empties it.
    fn begin(
        connection: &'a Session,
        build: &BuildInfo,
        columns: &'a TableColumns,
    ) -> Result<Self, Fault> {
        let record = connection.write("begin the load", || {
            ledger::upgrade(connection)?;
            let record = builds::seen_alone(connection, build)?.begin_load(columns)?;
            shadow::empty(connection, &record)?;
            ledger::put(connection, &record)?;
            Ok(record)
        })?;
        let width = columns.iter().count();
        let rows_a_statement = (PARAMETERS_A_STATEMENT / width.max(1)).clamp(1, ROWS_A_STATEMENT);
        Ok(Loader {
            connection,
            columns,
            record,
            rows_a_statement,
            insert_many: insert_sql(build, width, rows_a_statement),
            insert_one: insert_sql(build, width, 1),
        })
    }

    /// Loads `first` and the batches that wait already, in one transaction that never waits for rows.
    fn load_ready(&self, first: RecordBatch, rows: &mut LoadRows<'_>) -> Result<(), Fault> {
        self.connection.write("load rows", || {
            rules::check_attempt(&self.record, self.found()?.as_ref())?;
            let (mut inserted, mut next) = (0, Some(first));
            while let Some(batch) = next {
                around("insert rows", || self.insert(&batch, rows))?;
                inserted += batch.num_rows();
                next = match inserted < ROWS_A_TRANSACTION {
                    true => rows.next_ready()?,
                    false => None,
                };
            }
            Ok(())
        })
    }

    fn insert(&self, batch: &RecordBatch, rows: &LoadRows<'_>) -> Result<(), Fault> {
        let mut cells = Vec::with_capacity(batch.num_columns());
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            let of_column = Cells::new(array, column.kind);
            cells.push(
                of_column
                    .map_err(|Unstorable { row, why }| rows.unstorable(column, batch, row, why))?,
            );
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
        Ok(())
    }

    /// Marks the build as loaded. This commit is synced, and the log with all commits before it.
    fn finish(&self, loaded: &Loaded, handoff: &Handoff) -> Result<(), Fault> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        self.connection.write("end the load", || {
            let found = self.found()?;
            let (mine, found) = (&self.record, found.as_ref());
            let record = rules::end_load(mine, found, loaded, handoff, rules::now())?;
            ledger::put(self.connection, &record)
        })
    }

    /// The build's record as it is now.
    fn found(&self) -> Result<Option<BuildRecord>, Fault> {
        let info = &self.record.info;
        ledger::record(self.connection, &info.table, &info.build)
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
