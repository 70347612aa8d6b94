//! Counts and sums by page, written against the contract alone. The parameter `fault` makes it misbehave in
//! one way, `in` says in which call. Of the calls of `fold` these may be singled out: where the amounts sum up to `at`,
//! where one of them is `meets`, where there are `rows` or more, and the call with the number `nth`; a `drain` misbehaves
//! as long as it holds what came of such a call. `keys` names
//! other keys than `page`, with a bar between them; `descriptor` spoils what it says of itself in other ways. `reach`
//! lets each fold reach for something outside, and reject its first record with what it saw. `says` is written to standard
//! error before it misbehaves, or is the error that it answers with.
#![allow(unsafe_code, reason = "what wit_bindgen generates for exports")]

use std::cell::RefCell;
use std::collections::BTreeMap;

mod answer;
mod bindings;
mod descriptor;
mod fault;
mod world;

use bindings::backfold::pipeline::columns::Batch;
use bindings::backfold::pipeline::schema::Descriptor;
use bindings::exports::backfold::pipeline::{monoid, pipeline};

struct Raw;

#[derive(Default)]
struct State {
    params: BTreeMap<String, String>,
    sums: BTreeMap<String, (i64, i64)>,
    /// Whether a call of `fold` that is singled out was folded since it was last empty.
    is_marked: bool,
    /// How many keys it has made up.
    made_up: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn param(name: &str) -> Option<String> {
    STATE.with_borrow(|state| state.params.get(name).cloned())
}

impl pipeline::Guest for Raw {
    fn open(params: Vec<(String, String)>) -> Result<Descriptor, String> {
        STATE.with_borrow_mut(|state| state.params = params.into_iter().collect());
        if let Some(why) = param("refuse") {
            return Err(why);
        }
        fault::before("open");
        if let Some(what) = param("reach-in-open") {
            world::reach_for(&what);
        }
        Ok(descriptor::describe())
    }

    fn fold(events: Batch) -> Result<Vec<pipeline::Rejection>, String> {
        let pages = answer::texts(&events.columns[0]);
        let amounts = answer::numbers(&events.columns[1]);
        let mut rejections = Vec::new();
        if fault::applies_to(&amounts) {
            STATE.with_borrow_mut(|state| state.is_marked = true);
            fault::before("fold");
            if param("fault").as_deref() == Some("error") {
                return Err(param("says").unwrap_or_else(|| "no\x1b[2J".into()));
            }
            rejections = fault::rejections(events.rows);
        }
        if let Some(what) = param("reach") {
            let seen = world::reach_for(&what);
            if !seen.is_empty() {
                rejections.push(pipeline::Rejection {
                    row: 0,
                    reason: seen,
                });
            }
        }
        STATE.with_borrow_mut(|state| {
            for (row, (page, amount)) in pages.into_iter().zip(amounts).enumerate() {
                if amount < 0 {
                    rejections.push(pipeline::Rejection {
                        row: row as u32,
                        reason: "negative".into(),
                    });
                    continue;
                }
                let (events, total) = state.sums.entry(page).or_default();
                *events += 1;
                *total += amount;
            }
        });
        Ok(rejections)
    }

    fn drain(max_rows: u32) -> Result<Batch, String> {
        let is_meant = !fault::is_selective() || STATE.with_borrow(|state| state.is_marked);
        if is_meant {
            fault::before("drain");
        }
        let mut rows = Vec::new();
        let is_endless = is_meant && fault::is_endless();
        let filler = "made up ".repeat(250);
        STATE.with_borrow_mut(|state| {
            while rows.len() < max_rows as usize
                && let Some((page, (events, total))) = state.sums.pop_first()
            {
                rows.push((page, events, total));
            }
            let is_endless = is_endless && state.is_marked;
            while is_endless && rows.len() < max_rows as usize {
                state.made_up += 1;
                rows.push((format!("{} {filler}", state.made_up), 1, 1));
            }
            state.is_marked &= !state.sums.is_empty() || is_endless;
        });
        let pages = answer::text_column(rows.iter().map(|row| row.0.as_str()));
        let events = answer::number_column(rows.iter().map(|row| row.1));
        let totals = answer::number_column(rows.iter().map(|row| row.2));
        let batch = Batch {
            rows: rows.len() as u32,
            columns: vec![pages, events, totals],
        };
        Ok(match is_meant {
            true => fault::answer("drain", batch),
            false => batch,
        })
    }
}

impl monoid::Guest for Raw {
    fn identity() -> Batch {
        fault::before("identity");
        let zero = || answer::number_column([0]);
        fault::answer(
            "identity",
            Batch {
                rows: 1,
                columns: vec![zero(), zero()],
            },
        )
    }

    fn combine(left: Batch, right: Batch) -> Result<Batch, String> {
        fault::before("combine");
        let add = |(left, right)| {
            let (left, right) = (answer::numbers(left), answer::numbers(right));
            answer::number_column(
                left.into_iter()
                    .zip(right)
                    .map(|(left, right)| left + right),
            )
        };
        let columns = left.columns.iter().zip(&right.columns).map(add).collect();
        Ok(fault::answer(
            "combine",
            Batch {
                rows: left.rows,
                columns,
            },
        ))
    }

    fn present(states: Batch) -> Result<Batch, String> {
        fault::before("present");
        let (events, totals) = (
            answer::numbers(&states.columns[0]),
            answer::numbers(&states.columns[1]),
        );
        let means = totals
            .iter()
            .zip(events)
            .flat_map(|(total, events)| (*total as f64 / events as f64).to_le_bytes());
        let column = answer::column(means.collect());
        Ok(fault::answer(
            "present",
            Batch {
                rows: states.rows,
                columns: vec![column],
            },
        ))
    }
}

#[cfg(target_family = "wasm")]
bindings::export!(Raw with_types_in bindings);
