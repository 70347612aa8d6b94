//! The component `aggregate` against the same pipeline compiled, `examples/clicks`: CPU seconds of their calls for the
//! same batches, and the ratio of the rates, pair by pair.
//!
//! ```text
//! cargo bench -p backfold --bench aggregate -- $(guest-sdk/rust/build-component -p clicks)
//! ```

mod cpu;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use backfold::guest::{AGGREGATE, Component, Limits};
use backfold::schema::Descriptor;
use cpu::cpu_seconds;

const EVENTS: usize = 2_000_000;
const BATCH_ROWS: usize = 8192;
const WINDOW_BATCHES: usize = 16;
const DAY_US: i64 = 86_400_000_000;
const PAIRS: usize = 7;

/// That of `examples/clicks`.
const DECLARATION: [(&str, &str); 5] = [
    ("where", "type = page_view or scroll"),
    (
        "reject",
        "\"duration_ms < 0\" = \"the duration is negative\"",
    ),
    ("event_time", "ts"),
    ("key", "page = page_id\nday = day_of(ts)"),
    (
        "keep",
        "views = count\ntotal_ms = sum(duration_ms)\nlongest_ms = max(duration_ms)\nvisitors = distinct(user_id)",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let compiled = std::env::args()
        .nth(1)
        .filter(|argument| argument.ends_with(".wasm"));
    let compiled = compiled.ok_or("name the component clicks.wasm as the argument")?;
    let load = |path: &str| Component::load(Path::new(path), &Limits::default(), None);
    let (compiled, aggregate) = (load(&compiled)?, load(AGGREGATE)?);
    let params: Vec<_> = DECLARATION
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for (pages, users) in [(2_000.0, 50_000.0), (70_000.0, 500_000.0)] {
        let mut ratios = Vec::new();
        for pair in 1..=PAIRS {
            let (one, one_rows) = seconds(&compiled, &[], pages, users)?;
            let (other, other_rows) = seconds(&aggregate, &params, pages, users)?;
            assert_eq!(one_rows, other_rows, "both keep the same");
            ratios.push(one / other);
            println!(
                "{pages} pages, pair {pair}: {one_rows} states, compiled {one:.2} s, aggregate {other:.2} s, ratio of rates {:.2}",
                one / other
            );
        }
        ratios.sort_by(f64::total_cmp);
        println!("{pages} pages: median ratio {:.2}", ratios[PAIRS / 2]);
    }
    Ok(())
}

/// The CPU seconds of all calls, and the number of states that were drained.
fn seconds(
    component: &Component,
    params: &[(String, String)],
    pages: f64,
    users: f64,
) -> Result<(f64, usize), Box<dyn Error>> {
    let mut instance = component.open(params)?;
    let descriptor = instance.descriptor().clone();
    let batches = batches(&descriptor, pages, users)?;
    let (mut seconds, mut states) = (0.0, 0);
    for window in batches.chunks(WINDOW_BATCHES) {
        let before = cpu_seconds()?;
        for batch in window {
            instance.fold(batch)?;
        }
        loop {
            let drained = instance.drain(65_536)?;
            states += drained.rows.num_rows();
            if drained.rows.num_rows() < 65_536 {
                break;
            }
        }
        seconds += cpu_seconds()? - before;
    }
    Ok((seconds, states))
}

/// Events in the order of time, pages by Zipf's law.
fn batches(
    descriptor: &Descriptor,
    pages: f64,
    users: f64,
) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    let mut random = 1_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut batches = Vec::new();
    for from in (0..EVENTS).step_by(BATCH_ROWS) {
        let rows = from..(from + BATCH_ROWS).min(EVENTS);
        let at = rows
            .clone()
            .map(|row| row as i64 * 30 * DAY_US / EVENTS as i64);
        let page: StringArray = rows
            .clone()
            .map(|_| Some(format!("/docs/install-{}", pages.powf(next()) as u64)))
            .collect();
        let user: StringArray = rows
            .clone()
            .map(|_| Some(format!("user-{}", (users * next()) as u64)))
            .collect();
        let duration: Int64Array = rows.map(|_| Some((next() * 30_000.0) as i64)).collect();
        let at = TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC");
        let columns: [(&[&str], ArrayRef); 4] = [
            (&["at", "ts"], Arc::new(at)),
            (&["page", "page_id"], Arc::new(page)),
            (&["user_id"], Arc::new(user)),
            (&["duration_ms"], Arc::new(duration)),
        ];
        let columns = descriptor.inputs.iter().filter_map(|input| {
            let found = columns
                .iter()
                .find(|(names, _)| names.contains(&input.name.as_str()));
            found.map(|(_, column)| column.clone())
        });
        let columns = columns.collect();
        batches.push(RecordBatch::try_new(descriptor.input_schema(), columns)?);
    }
    Ok(batches)
}
