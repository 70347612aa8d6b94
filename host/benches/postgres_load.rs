//! What it costs to load sorted rows of 124 bytes into PostgreSQL, in seconds of CPU time per million rows: of this process,
//! and of the server.
//!
//! `SERVER=PID DATABASE=postgres://user@host/db cargo bench -p backfold --bench postgres_load`, where `PID` is the number of
//! the server's first process on this machine; without it, only this process is measured. `ROWS` sets the number of rows.

mod cpu;

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use backfold::fold::RowsDigest;
use backfold::schema::{Kind, Output};
use backfold::source::Handoff;
use backfold::store::postgres::{PostgresConfig, PostgresStore};
use backfold::store::{Access, BuildInfo, Rows, StateStore, StoreContext, TableColumns};
use cpu::cpu_seconds;
use tokio::sync::mpsc::channel;

const BATCH_ROWS: usize = 8192;
const DAYS: usize = 30;
const RUNS: usize = 3;
/// Clock ticks of `/proc` in a second.
const TICKS: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let Ok(url) = std::env::var("DATABASE") else {
        println!("DATABASE=postgres://user@host/db names the database to load into");
        return Ok(());
    };
    let rows = std::env::var("ROWS").map_or(Ok(1_000_000), |rows| rows.parse())?;
    let server = std::env::var("SERVER").ok();
    let config = PostgresConfig {
        url: Some(url),
        ..PostgresConfig::default()
    };
    let batches = batches(rows)?;
    let end = end(&batches)?;
    let millions = rows as f64 / 1e6;
    for run in 1..=RUNS {
        let began = Instant::now();
        let (own, of_server) = (cpu_seconds(), server_seconds(server.as_deref())?);
        load(&config, run, &batches, &end)?;
        let own = (cpu_seconds() - own) / millions;
        let of_server = (server_seconds(server.as_deref())? - of_server) / millions;
        let wall = began.elapsed().as_secs_f64() / millions;
        println!(
            "run {run}: {own:.2} s of this process and {of_server:.2} s of the server for a million rows, in {wall:.2} s"
        );
    }
    Ok(())
}

/// The CPU time of a server's processes, ended ones included.
fn server_seconds(first: Option<&str>) -> Result<f64, Box<dyn Error>> {
    let Some(first) = first else {
        return Ok(0.0);
    };
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path().join("stat");
        // Other processes may end meanwhile.
        let Ok(stat) = fs::read_to_string(&path) else {
            continue;
        };
        // The name before may have any characters.
        let Some((pid, rest)) = stat
            .split_once(' ')
            .zip(stat.rsplit_once(')'))
            .map(|((pid, _), (_, rest))| (pid, rest))
        else {
            continue;
        };
        let fields: Vec<_> = rest.split_whitespace().collect();
        let (is_first, is_child) = (pid == first, fields[1] == first);
        if is_first || is_child {
            let fields = if is_first {
                &fields[11..15]
            } else {
                &fields[11..13]
            };
            for field in fields {
                ticks += field.parse::<u64>()?;
            }
        }
    }
    Ok(ticks as f64 / TICKS)
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
            column("visitors", Kind::Binary),
            column("mean_ms", Kind::Float64),
        ],
    }
}

/// Rows in the order of their key, a page having each of some days.
fn batches(rows: usize) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    let batch = |from: usize| {
        let numbers = from..rows.min(from + BATCH_ROWS);
        let int = |factor: i64| {
            let value = move |n| n as i64 * factor % 1_000_003;
            Int64Array::from_iter_values(numbers.clone().map(value))
        };
        let pages = numbers
            .clone()
            .map(|n| format!("/products/{:012}", n / DAYS));
        let days = numbers.clone().map(|n| 20_000 + (n % DAYS) as i32);
        let visitors = numbers.clone().map(|n| [(n % 251) as u8; 48]);
        let means = numbers.clone().map(|n| n as f64 / 7.0);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(pages)),
            Arc::new(Date32Array::from_iter_values(days)),
            Arc::new(int(7)),
            Arc::new(int(104_729)),
            Arc::new(BinaryArray::from_iter_values(visitors)),
            Arc::new(Float64Array::from_iter_values(means)),
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

fn load(
    config: &PostgresConfig,
    run: usize,
    batches: &[RecordBatch],
    end: &Rows,
) -> Result<(), Box<dyn Error>> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let store = PostgresStore::open(config, Access::Build, StoreContext::default()).await?;
        let (build, table) = (
            BuildInfo {
                table: "postgres_load".into(),
                build: format!("01K{run}"),
                manifest_digest: String::new(),
            },
            columns(),
        );
        store.prepare(&build.table, &table, &[]).await?;
        store.create(&build, &table).await?;
        let (sender, receiver) = channel(4);
        let send = async move {
            for batch in batches {
                sender.send(Rows::Batch(batch.clone())).await?;
            }
            sender.send(end.clone()).await
        };
        let handoff = Handoff::default();
        let loading = store.load(&build, &table, &handoff, receiver);
        let (loaded, sent) = futures::join!(loading, send);
        sent?;
        loaded?;
        store.drop_build(&build.table, &build.build).await?;
        Ok(())
    })
}
