//! How fast sorted rows get into SQLite, in rows per second of CPU time, compared with the bare loop: the same rows
//! bound and inserted with journal and sync off, and nothing checked.
//!
//! `cargo bench -p backfold --bench sqlite_load`, on one core with `taskset -c 0`; `ROWS` sets the number of rows.

mod cpu;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use backfold::fold::RowsDigest;
use backfold::schema::{Kind, Output};
use backfold::source::Handoff;
use backfold::store::sqlite::{SqliteConfig, SqliteStore};
use backfold::store::{Access, BuildInfo, Rows, StateStore, StoreContext, TableColumns};
use cpu::cpu_seconds;
use rusqlite::Connection;
use tokio::sync::mpsc::channel;

const BATCH_ROWS: usize = 8192;
const DAYS: usize = 30;
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = std::env::var("ROWS").map_or(Ok(2_000_000), |rows| rows.parse())?;
    let batches = batches(rows)?;
    let end = end(&batches)?;
    let folder = tempfile::tempdir()?;
    for run in 1..=RUNS {
        let store = per_second(rows, || {
            load(
                &folder.path().join(format!("store{run}.db")),
                &batches,
                &end,
            )
        })?;
        let bare = per_second(rows, || {
            bare_loop(&folder.path().join(format!("bare{run}.db")), &batches)
        })?;
        println!(
            "run {run}: store {store:.2} M rows/s, bare loop {bare:.2} M rows/s, {:.2} of it",
            store / bare
        );
    }
    Ok(())
}

/// Millions of rows per second of CPU time.
fn per_second(
    rows: usize,
    work: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let before = cpu_seconds();
    work()?;
    Ok(rows as f64 / (cpu_seconds() - before) / 1e6)
}

fn columns() -> TableColumns {
    let column = |name: &str, kind| Output {
        name: name.to_owned(),
        kind,
        nullable: false,
    };
    TableColumns {
        keys: vec![column("page", Kind::Utf8), column("day", Kind::Date)],
        values: vec![
            column("views", Kind::Int64),
            column("total_ms", Kind::Int64),
            column("longest_ms", Kind::Int64),
        ],
    }
}

/// Rows in the order of their key, a page having each of some days.
fn batches(rows: usize) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    let batch = |from: usize| {
        let numbers = from..rows.min(from + BATCH_ROWS);
        let int = |factor: i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(
                numbers.clone().map(|n| n as i64 * factor % 1_000_003),
            ))
        };
        let pages = numbers
            .clone()
            .map(|n| format!("/products/{:07}", n / DAYS));
        let days = numbers.clone().map(|n| 20_000 + (n % DAYS) as i32);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(pages)),
            Arc::new(Date32Array::from_iter_values(days)),
            int(7),
            int(104_729),
            int(15_485_863),
        ];
        Ok(RecordBatch::try_new(columns().schema(), arrays)?)
    };
    (0..rows).step_by(BATCH_ROWS).map(batch).collect()
}

/// What the merge says at its end.
fn end(batches: &[RecordBatch]) -> Result<Rows, Box<dyn Error>> {
    let mut digest = RowsDigest::new(&columns().schema())?;
    for batch in batches {
        digest.update(batch)?;
    }
    Ok(Rows::End {
        rows: digest.rows(),
        digest: digest.hex().into(),
    })
}

fn load(path: &Path, batches: &[RecordBatch], end: &Rows) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let context = StoreContext::default();
        let store = SqliteStore::open(&SqliteConfig::new(path), Access::Build, context)?;
        let build = BuildInfo {
            table: "clicks".into(),
            build: "01K".into(),
            manifest_digest: String::new(),
        };
        store.prepare(&build.table, &columns(), &[]).await?;
        store.create(&build, &columns()).await?;
        let (sender, receiver) = channel(4);
        let send = async move {
            for batch in batches {
                sender.send(Rows::Batch(batch.clone())).await?;
            }
            sender.send(end.clone()).await?;
            drop(sender);
            Ok::<_, tokio::sync::mpsc::error::SendError<Rows>>(())
        };
        let table = columns();
        let handoff = Handoff::default();
        let load = store.load(&build, &table, &handoff, receiver);
        let (loaded, sent) = futures::join!(load, send);
        sent?;
        loaded?;
        Ok(())
    })
}

fn bare_loop(path: &Path, batches: &[RecordBatch]) -> Result<(), Box<dyn Error>> {
    const ROWS: usize = 50;
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE TABLE t (page TEXT, day TEXT, views INTEGER, total_ms INTEGER, longest_ms INTEGER,
                         PRIMARY KEY (page, day)) STRICT, WITHOUT ROWID;
         BEGIN",
    )?;
    let sql = |rows| {
        format!(
            "INSERT INTO t VALUES {}",
            vec!["(?,?,?,?,?)"; rows].join(",")
        )
    };
    let days: Vec<_> = (0..DAYS)
        .map(|day| format!("2024-10-{:02}", day + 1))
        .collect();
    for batch in batches {
        let pages = batch.column(0).as_string::<i32>();
        let day = batch.column(1).as_primitive::<Date32Type>();
        let ints: Vec<_> = (2..5)
            .map(|at| batch.column(at).as_primitive::<Int64Type>())
            .collect();
        for from in (0..batch.num_rows()).step_by(ROWS) {
            let rows = from..batch.num_rows().min(from + ROWS);
            let mut statement = connection.prepare_cached(&sql(rows.len()))?;
            let mut parameters = 1..;
            let mut next = || parameters.next().unwrap_or_default();
            for row in rows {
                statement.raw_bind_parameter(next(), pages.value(row))?;
                statement.raw_bind_parameter(
                    next(),
                    days[(day.value(row) - 20_000) as usize].as_str(),
                )?;
                for ints in &ints {
                    statement.raw_bind_parameter(next(), ints.value(row))?;
                }
            }
            statement.raw_execute()?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}
