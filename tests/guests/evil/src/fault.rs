//! The ways to misbehave.

use std::cell::Cell;
use std::hint::black_box;

use crate::answer;
use crate::bindings::backfold::pipeline::columns::{Batch, Column};
use crate::bindings::exports::backfold::pipeline::pipeline::Rejection;
use crate::{param, world};

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

/// Whether calls of `fold` are singled out.
pub(crate) fn is_selective() -> bool {
    ["at", "meets", "rows", "nth"]
        .iter()
        .any(|name| param(name).is_some())
}

/// Whether drains never end.
pub(crate) fn is_endless() -> bool {
    is_now("drain").as_deref() == Some("endless")
}

/// How often it folded, this time included.
fn count_folds() -> i64 {
    FOLDS.with(|folds| folds.replace(folds.get() + 1) + 1)
}

thread_local! {
    static FOLDS: Cell<i64> = const { Cell::new(0) };
}

/// Misbehaves instead of answering, and says why before.
pub(crate) fn before(call: &str) {
    let fault = is_now(call);
    if let Some(words) = param("says").filter(|_| fault.is_some()) {
        world::say(&words);
    }
    match fault.as_deref() {
        Some("trap") => unreachable!(),
        Some("abort") => std::process::abort(),
        Some("loop") => loop {
            black_box(());
        },
        Some("copy") => {
            let (from, mut to) = (vec![1_u8; 8 << 20], vec![0; 8 << 20]);
            loop {
                to.copy_from_slice(black_box(&from));
            }
        }
        Some("memory") => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        Some("one-allocation") => drop(black_box(vec![1_u8; 1 << 30])),
        Some("recursion") => {
            black_box(deeper(0));
        }
        Some("out-of-bounds") => {
            // SAFETY: it is none; that is the point. No memory is there, and the sandbox says so.
            black_box(unsafe { std::ptr::read_volatile(0xffff_fff0 as *const u64) });
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
        Some("reject-far-outside") => vec![reject(u32::MAX, "far outside")],
        Some("reject-twice") => vec![reject(0, "once"), reject(0, "twice")],
        Some("long-reason") => vec![reject(0, &"\x1b[2J".repeat(100_000))],
        Some("huge-reason") => vec![reject(0, &"\x1b[2J".repeat(2_000_000))],
        Some("wild-reason") => vec![Rejection {
            row: 0,
            // SAFETY: as above.
            reason: unsafe { String::from_raw_parts(0xffff_0000 as *mut u8, 1 << 20, 1 << 20) },
        }],
        _ => vec![],
    }
}

/// Spoils an answer.
pub(crate) fn answer(call: &str, mut batch: Batch) -> Batch {
    let rows = batch.rows;
    let first = batch.columns.first_mut();
    match (is_now(call).as_deref(), first) {
        (Some("no-columns"), _) => batch.columns.clear(),
        (Some("column-too-many"), Some(first)) => {
            let again = first.clone();
            batch.columns.push(again);
        }
        (Some("more-rows"), _) => batch.rows += 1,
        (Some("fewer-rows"), _) => batch.rows -= 1,
        (Some("many-rows"), _) => batch.rows = u32::MAX,
        (Some("no-rows"), _) => {
            batch.rows = 0;
            batch.columns.iter_mut().for_each(clear);
        }
        (Some(fault), Some(first)) => spoil(fault, first, rows),
        _ => {}
    }
    batch
}

fn clear(column: &mut Column) {
    column.values.clear();
    if let Some(offsets) = &mut column.offsets {
        offsets.truncate(4);
    }
}

fn spoil(fault: &str, column: &mut Column, rows: u32) {
    let offset = |at: &mut Vec<u8>, number: usize, value: u32| {
        let end = at.len().min(number * 4 + 4);
        at[end - 4..end].copy_from_slice(&value.to_le_bytes());
    };
    match (fault, &mut column.offsets) {
        ("bad-utf8", _) => column.values.fill(0xff),
        ("cut-utf8", _) => column.values.fill(0xc3),
        ("null", _) => column.validity = Some(vec![0; rows.div_ceil(8) as usize]),
        ("short-bitmap", _) => column.validity = Some(vec![]),
        ("long-bitmap", _) => column.validity = Some(vec![0xff; 1_000]),
        ("key-twice", _) => *column = answer::text_column((0..rows).map(|_| "k")),
        ("huge", _) => column.values = vec![0; 5 << 20],
        ("nan", _) => fill(&mut column.values, f64::NAN),
        ("infinity", _) => fill(&mut column.values, f64::NEG_INFINITY),
        ("minus-zero", _) => fill(&mut column.values, -0.0),
        ("short", _) => drop(column.values.pop()),
        ("long", _) => column.values.push(0),
        ("no-offsets", offsets) => *offsets = None,
        ("offsets-too-many", offsets) => *offsets = Some(vec![0; 4 * (rows as usize + 1)]),
        ("few-offsets", Some(offsets)) => offsets.truncate(4),
        ("first-offset", Some(offsets)) => offset(offsets, 0, 1),
        ("falling-offsets", Some(offsets)) => offset(offsets, 1, u32::MAX),
        ("last-offset", Some(offsets)) => offset(offsets, usize::MAX / 8, 1 << 20),
        ("large-row", _) => *column = answer::text_column((0..rows).map(|_| "x")).enlarged(3 << 20),
        // SAFETY: none is needed, for nothing is read: the host is told of memory that is not there.
        ("wild-pointer", _) => {
            column.values =
                unsafe { Vec::from_raw_parts(0xffff_0000 as *mut u8, 1 << 20, 1 << 20) };
        }
        // SAFETY: as above.
        ("null-pointer", _) => {
            column.values = unsafe {
                Vec::from_raw_parts(
                    std::ptr::without_provenance_mut(8),
                    0x7fff_ffff,
                    0x7fff_ffff,
                )
            };
        }
        _ => {}
    }
}

fn fill(values: &mut [u8], number: f64) {
    for value in values.as_chunks_mut().0 {
        *value = number.to_le_bytes();
    }
}

impl Column {
    /// With more bytes in its last value.
    fn enlarged(mut self, bytes: usize) -> Self {
        self.values.resize(self.values.len() + bytes, b'x');
        let end = (self.values.len() as u32).to_le_bytes();
        if let Some(last) = self.offsets.as_mut().and_then(|all| all.last_chunk_mut()) {
            *last = end;
        }
        self
    }
}
