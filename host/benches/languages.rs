//! Components with the same pipeline against each other: what their calls cost for the same batches. Prints JSON, which
//! `tests/bench --cases languages` reads.
//!
//! ```text
//! cargo bench --workspace --bench languages -- [--events N] [--pairs N] [--memory-events N] NAME=COMPONENT...
//! ```
//!
//! The first component is the one that the others are compared with. `aggregate=aggregate` is the component of that name
//! with the declaration of `examples/clicks/aggregate.toml`.

mod clicks;
mod cpu;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow_array::RecordBatch;
use backfold::guest::{AGGREGATE, Component, Instance, Limits};
use clicks::Clicks;
use cpu::cpu_seconds;
use serde_json::{Value, json};

const PAGES: f64 = 5_000.0;
const USERS: f64 = 500_000.0;
const WINDOW_BATCHES: usize = 16;
const DRAIN_ROWS: u32 = 65_536;

/// The parameters of `aggregate` that [`examples/clicks/aggregate.toml`] gives it.
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

/// The arguments.
struct Options {
    events: usize,
    pairs: usize,
    memory_events: usize,
    components: Vec<(String, PathBuf)>,
}

impl Options {
    fn parse() -> Result<Options, Box<dyn Error>> {
        let mut options = Options {
            events: 2_000_000,
            pairs: 5,
            memory_events: 0,
            components: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || -> Result<usize, Box<dyn Error>> {
                let value = arguments.next().ok_or("a number is missing")?;
                Ok(value.parse()?)
            };
            match argument.as_str() {
                "--events" => options.events = number()?,
                "--pairs" => options.pairs = number()?,
                "--memory-events" => options.memory_events = number()?,
                // Cargo passes it to each benchmark.
                "--bench" => {}
                named => {
                    let (name, path) = named.split_once('=').ok_or("NAME=COMPONENT is wanted")?;
                    options.components.push((name.to_owned(), path.into()));
                }
            }
        }
        match options.components.is_empty() || options.pairs == 0 {
            true => Err("name a component and at least one pair".into()),
            false => Ok(options),
        }
    }
}

/// A component, and the batches that it folds.
struct Contender {
    name: String,
    component: Component,
    params: Vec<(String, String)>,
    batches: Vec<RecordBatch>,
    bytes: Option<u64>,
    compile_cpu_s: f64,
    open_wall_s: f64,
}

/// The cost of one pass over the batches.
#[derive(Default)]
struct Pass {
    cpu_s: f64,
    states: usize,
    fuel: u64,
    memory_bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let clicks = Clicks {
        events: options.events,
        pages: PAGES,
        users: USERS,
    };
    let contenders = options
        .components
        .iter()
        .map(|(name, path)| Contender::load(name, path, clicks))
        .collect::<Result<Vec<_>, _>>()?;
    let mut rates: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut last: BTreeMap<&str, Pass> = BTreeMap::new();
    for _ in 0..options.pairs {
        for contender in &contenders {
            let pass = contender.pass(&mut contender.open()?)?;
            let rate = options.events as f64 / pass.cpu_s;
            eprintln!("{}: {:.3} million rows/s", contender.name, rate / 1e6);
            rates.entry(&contender.name).or_default().push(rate);
            last.insert(&contender.name, pass);
        }
    }
    let base = &contenders[0].name;
    let mut results = Vec::new();
    for contender in &contenders {
        let (own, pass) = (
            &rates[contender.name.as_str()],
            &last[contender.name.as_str()],
        );
        assert_eq!(
            pass.states,
            last[base.as_str()].states,
            "{} keeps as many states as {base}",
            contender.name
        );
        let ratios = own.iter().zip(&rates[base.as_str()]);
        let ratios: Vec<_> = ratios.map(|(own, base)| own / base).collect();
        results.push(json!({
            "name": contender.name,
            "wasm_bytes": contender.bytes,
            "compile_cpu_s": contender.compile_cpu_s,
            "open_wall_s": contender.open_wall_s,
            "rows_per_s": own,
            "ratios": ratios,
            "fuel_per_row": pass.fuel / options.events as u64,
            "memory": contender.memory(options.memory_events)?,
        }));
    }
    println!("{}", Value::from(results));
    Ok(())
}

impl Contender {
    fn load(name: &str, path: &Path, clicks: Clicks) -> Result<Contender, Box<dyn Error>> {
        let is_aggregate = path == Path::new(AGGREGATE);
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let params = match is_aggregate {
            true => DECLARATION.map(owned).into(),
            false => Vec::new(),
        };
        let before = cpu_seconds();
        let component = Component::load(path, &Limits::default(), None)?;
        let compile_cpu_s = cpu_seconds() - before;
        let began = Instant::now();
        let descriptor = component.open(&params)?.descriptor().clone();
        let open_wall_s = began.elapsed().as_secs_f64();
        Ok(Contender {
            name: name.to_owned(),
            batches: clicks.batches(&descriptor)?,
            bytes: match is_aggregate {
                true => None,
                false => Some(fs::metadata(path)?.len()),
            },
            component,
            params,
            compile_cpu_s,
            open_wall_s,
        })
    }

    fn open(&self) -> Result<Instance, Box<dyn Error>> {
        Ok(self.component.open(&self.params)?)
    }

    /// Folds all batches, and drains after each window.
    fn pass(&self, instance: &mut Instance) -> Result<Pass, Box<dyn Error>> {
        let mut pass = Pass::default();
        let fuel_before = instance.fuel_used();
        for window in self.batches.chunks(WINDOW_BATCHES) {
            let before = cpu_seconds();
            for batch in window {
                instance.fold(batch)?;
            }
            pass.memory_bytes = pass.memory_bytes.max(instance.memory_bytes());
            loop {
                let drained = instance.drain(DRAIN_ROWS)?;
                pass.states += drained.rows.num_rows();
                if drained.rows.num_rows() < DRAIN_ROWS as usize {
                    break;
                }
            }
            pass.cpu_s += cpu_seconds() - before;
        }
        pass.fuel = instance.fuel_used() - fuel_before;
        Ok(pass)
    }

    /// The rows that one instance had folded after each pass, and the peak of its memory in bytes.
    fn memory(&self, rows: usize) -> Result<Vec<(usize, usize)>, Box<dyn Error>> {
        let of_pass: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        let mut instance = self.open()?;
        let mut memory = Vec::new();
        while memory.last().is_none_or(|(folded, _)| *folded < rows) && rows > 0 {
            let folded = memory.last().map_or(0, |(folded, _)| *folded);
            memory.push((folded + of_pass, self.pass(&mut instance)?.memory_bytes));
        }
        Ok(memory)
    }
}
