//! The cost of the sandbox: count and sum by page and day folded by the component `page_days`, drained and
//! merged into the host's table, compared with the same fold written natively into one big table. CPU seconds, and
//! their ratio, pair by pair.
//!
//! ```text
//! guest-sdk/rust/build-component -p backfold-test-guests --examples
//! taskset -c 0 cargo bench -p backfold --bench sandbox -- target/component/wasm32-unknown-unknown/component/examples/page_days.wasm
//! ```

mod clicks;
mod cpu;

use std::error::Error;
use std::hash::BuildHasher;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use backfold::decode::{Counts, Events, Provenance};
use backfold::fold::{StateTable, drain};
use backfold::guest::{Component, Limits, Window};
use clicks::{Clicks, DAY_US};
use cpu::cpu_seconds;
use hashbrown::HashTable;

const CLICKS: Clicks = Clicks {
    events: 2_000_000,
    pages: 70_000.0,
    users: 500_000.0,
};
const WINDOW_BATCHES: usize = 16;
const PAIRS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let component = std::env::args()
        .nth(1)
        .filter(|argument| argument.ends_with(".wasm"));
    let component = component.ok_or("name the component page_days.wasm as the argument")?;
    let component = Component::load(Path::new(&component), &Limits::default(), None)?;
    let mut ratios = Vec::new();
    let descriptor = component.open(&[])?.descriptor().clone();
    let batches = CLICKS.batches(&descriptor)?;
    for pair in 1..=PAIRS {
        let before = cpu_seconds();
        let sandboxed = sandboxed(&component, &batches)?;
        let between = cpu_seconds();
        let native = native(&batches);
        let after = cpu_seconds();
        assert_eq!(sandboxed, native, "both fold the same");
        let (wasm, native_s) = (between - before, after - between);
        ratios.push(wasm / native_s);
        println!(
            "pair {pair}: {native} keys, wasm {wasm:.2} s, native {native_s:.2} s, ratio {:.2}",
            wasm / native_s
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}", ratios[PAIRS / 2]);
    Ok(())
}

fn sandboxed(component: &Component, batches: &[RecordBatch]) -> Result<usize, Box<dyn Error>> {
    let instance = component.open(&[])?;
    let mut table = StateTable::new(instance.descriptor())?;
    let mut window = Window::new(instance, WINDOW_BATCHES);
    for (number, batch) in batches.iter().enumerate() {
        let events = Events {
            batch: batch.clone(),
            provenance: Provenance::default(),
            rejected: vec![],
            presence: Default::default(),
            counts: Counts::default(),
            offsets: vec![],
        };
        window.fold(0, number as u64, events)?;
        if window.is_due() || number + 1 == batches.len() {
            drain(
                &mut window,
                |partials, instance| -> Result<(), Box<dyn Error>> {
                    Ok(table.absorb(partials, instance)?)
                },
            )?;
        }
    }
    Ok(table.rows())
}

fn native(batches: &[RecordBatch]) -> usize {
    let hasher = foldhash::fast::FixedState::with_seed(1);
    let mut table: HashTable<(usize, i32, i64, i64)> = HashTable::new();
    let mut pages: Vec<Box<str>> = Vec::new();
    for batch in batches {
        let column = |name: &str| batch.column_by_name(name).expect("the schema has it");
        let at = column("at").as_primitive::<TimestampMicrosecondType>();
        let page = column("page").as_string::<i32>();
        let duration = column("duration_ms").as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let (page, day) = (page.value(row), at.value(row).div_euclid(DAY_US) as i32);
            let hash = hasher.hash_one((page, day));
            let found = table.entry(
                hash,
                |&(known, known_day, _, _)| known_day == day && *pages[known] == *page,
                |&(known, known_day, _, _)| hasher.hash_one((&*pages[known], known_day)),
            );
            match found {
                hashbrown::hash_table::Entry::Occupied(mut state) => {
                    state.get_mut().2 += 1;
                    state.get_mut().3 += duration.value(row);
                }
                hashbrown::hash_table::Entry::Vacant(place) => {
                    place.insert((pages.len(), day, 1, duration.value(row)));
                    pages.push(page.into());
                }
            }
        }
    }
    table.len()
}
