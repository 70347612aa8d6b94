//! The ways to misbehave.

use std::cell::Cell;
use std::hint::black_box;

use crate::bindings::backfold::pipeline::columns::Batch;
use crate::bindings::exports::backfold::pipeline::pipeline::Rejection;
use crate::param;

fn is_now(call: &str) -> Option<String> {
    (param("in").as_deref() == Some(call))
        .then(|| param("fault"))
        .flatten()
}

/// Whether a batch with these amounts is one that the fault is meant for.
pub(crate) fn applies_to(amounts: &[i64]) -> bool {
    let is = |name, found: &dyn Fn(i64) -> bool| {
        param(name).is_none_or(|wanted| wanted.parse().is_ok_and(found))
    };
    is("at", &|sum| amounts.iter().sum::<i64>() == sum)
        && is("meets", &|amount| amounts.contains(&amount))
        && is("rows", &|rows| amounts.len() as i64 >= rows)
        && is("nth", &|nth| count_folds() == nth)
}

/// How often it folded, this time included.
fn count_folds() -> i64 {
    FOLDS.with(|folds| folds.replace(folds.get() + 1) + 1)
}

thread_local! {
    static FOLDS: Cell<i64> = const { Cell::new(0) };
}

/// Misbehaves instead of answering.
pub(crate) fn before(call: &str) {
    match is_now(call).as_deref() {
        Some("trap") => unreachable!(),
        Some("loop") => loop {
            black_box(());
        },
        Some("memory") => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Some("recursion") => {
            black_box(deeper(0));
        }
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "to run out of stack")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1)) + depth)
}

/// Rejections that there may not be.
pub(crate) fn rejections(rows: u32) -> Vec<Rejection> {
    let reject = |row, reason: &str| Rejection {
        row,
        reason: reason.into(),
    };
    match is_now("fold").as_deref() {
        Some("reject-first") => vec![reject(0, "the first")],
        Some("reject-outside") => vec![reject(rows, "outside")],
        Some("reject-twice") => vec![reject(0, "once"), reject(0, "twice")],
        Some("long-reason") => vec![reject(0, &"\x1b[2J".repeat(100_000))],
        _ => vec![],
    }
}

/// Spoils an answer.
pub(crate) fn answer(call: &str, mut batch: Batch) -> Batch {
    match is_now(call).as_deref() {
        Some("no-columns") => batch.columns.clear(),
        Some("more-rows") => batch.rows += 1,
        Some("many-rows") => batch.rows = u32::MAX,
        Some("bad-utf8") => batch.columns[0].values.fill(0xff),
        Some("null") => batch.columns[0].validity = Some(vec![0; batch.rows.div_ceil(8) as usize]),
        Some("key-twice") => batch.columns[0].values.fill(b'k'),
        Some("huge") => batch.columns[0].values = vec![0; 5 << 20],
        _ => {}
    }
    batch
}
