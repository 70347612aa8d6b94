//! A real component, good and in every way bad.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

mod aggregate;
mod evil;
mod hollow;
mod loading;
mod window;

use super::*;
use crate::error::Coded;
use crate::units::ByteSize;

/// The path of the component in `tests/guests/evil`, built.
pub(crate) fn raw_path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../guest-sdk/rust/build-component"
        );
        let built = Command::new(script)
            .args(["-p", "backfold-guest-evil"])
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        PathBuf::from(String::from_utf8(built.stdout).unwrap().trim())
    })
}

/// Limits that a loop or a hoard meets soon.
fn tight() -> Limits {
    Limits {
        fuel_base: 50_000_000,
        fuel_per_record: 10_000,
        fuel_per_byte: 0,
        memory: ByteSize::mib(16),
        answer: ByteSize::mib(4),
        ..Limits::default()
    }
}

/// Compiled once for all tests.
fn raw() -> &'static Component {
    static RAW: OnceLock<Component> = OnceLock::new();
    RAW.get_or_init(|| Component::load(raw_path(), &tight(), None).unwrap())
}

fn params(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn open(given: &[(&str, &str)]) -> Instance {
    raw().open(&params(given)).unwrap()
}

/// An instance with a fault in a call.
fn faulty(call: &str, fault: &str) -> Instance {
    open(&[("in", call), ("fault", fault)])
}

fn events(rows: &[(&str, i64)]) -> RecordBatch {
    let pages: StringArray = rows.iter().map(|row| Some(row.0)).collect();
    let amounts: Int64Array = rows.iter().map(|row| row.1).collect();
    RecordBatch::try_from_iter([
        ("page", Arc::new(pages) as ArrayRef),
        ("amount", Arc::new(amounts) as ArrayRef),
    ])
    .unwrap()
}

fn states(events: &[i64], totals: &[i64]) -> RecordBatch {
    let column = |values: &[i64]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([("events", column(events)), ("total", column(totals))]).unwrap()
}

fn int(batch: &RecordBatch, column: usize) -> Vec<i64> {
    batch
        .column(column)
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

const TWO: [(&str, i64); 2] = [("a", 1), ("b", 2)];

#[test]
fn an_honest_component_folds_drains_and_combines() {
    let mut instance = open(&[]);
    assert_eq!(instance.descriptor().name, "evil");
    let rejected = instance
        .fold(&events(&[("a", 1), ("b", 2), ("a", -1), ("a", 10)]))
        .unwrap();
    assert_eq!(
        rejected,
        [RowRejection {
            row: 2,
            reason: "negative".into()
        }]
    );
    let first = instance.drain(1).unwrap().rows;
    assert_eq!((int(&first, 1), int(&first, 2)), (vec![2], vec![11]));
    assert_eq!(first.schema(), instance.descriptor().partial_schema());
    assert_eq!(
        instance
            .drain(2)
            .unwrap()
            .rows
            .column(0)
            .as_string::<i32>()
            .value(0),
        "b"
    );
    assert_eq!(instance.drain(2).unwrap().rows.num_rows(), 0);

    let identity = instance.identity().unwrap();
    let sum = instance.combine(&identity, &states(&[4], &[6])).unwrap();
    assert_eq!((int(&sum, 0), int(&sum, 1)), (vec![4], vec![6]));
    let means = instance.present(&sum).unwrap();
    assert_eq!(
        means.column(0).as_primitive::<Float64Type>().values()[..],
        [1.5]
    );
    assert!(instance.fuel_used() > 0 && instance.memory_bytes() > 0);
}

#[test]
fn a_slice_is_folded_as_what_it_is() {
    let mut instance = open(&[]);
    instance
        .fold(&events(&[("long name", 1), ("b", 2), ("c", 3), ("d", 4)]).slice(1, 2))
        .unwrap();
    let drained = instance.drain(10).unwrap().rows;
    assert_eq!(
        drained
            .column(0)
            .as_string::<i32>()
            .iter()
            .flatten()
            .collect::<Vec<_>>(),
        ["b", "c"]
    );
}

#[test]
fn equal_calls_use_equal_fuel() {
    let used = || {
        let mut instance = open(&[]);
        instance.fold(&events(&TWO)).unwrap();
        instance.drain(10).unwrap();
        instance.fuel_used()
    };
    assert_eq!(used(), used());
}

#[test]
fn parameters_can_be_refused() {
    let refused = raw()
        .open(&params(&[("refuse", "page\x07 unknown")]))
        .err()
        .unwrap();
    assert_eq!(
        refused.to_string(),
        "the component does not accept its parameters: page\\u{7} unknown"
    );
    let bad = raw().open(&params(&[("name", "")])).err().unwrap();
    assert!(matches!(bad, GuestError::BadDescriptor { .. }), "{bad}");
}

#[test]
fn a_trap_is_reported_and_the_instance_is_dead() {
    let mut instance = faulty("fold", "trap");
    let trap = instance.fold(&events(&TWO)).unwrap_err();
    assert!(
        matches!(
            trap,
            GuestError::Trap {
                call: Call::Fold,
                ..
            }
        ),
        "{trap:?}"
    );
    assert_eq!(
        trap.to_string(),
        "the component trapped in `fold`: unreachable was reached, as by a panic or an abort"
    );
    let after = instance.drain(10).unwrap_err();
    assert_eq!(
        after.to_string(),
        "`drain` was called on an instance that had failed before"
    );
    assert!(matches!(
        instance.identity().unwrap_err(),
        GuestError::Poisoned {
            call: Call::Identity
        }
    ));
    assert!(open(&[]).fold(&events(&TWO)).is_ok(), "others live");
}

/// What `fold` fails with if the component says `words` first: the error, the reason of a record, the details.
fn failure(fault: &str, words: &str) -> (String, String, Vec<String>) {
    let mut instance = open(&[("in", "fold"), ("fault", fault), ("says", words)]);
    let error = instance.fold(&events(&TWO)).unwrap_err();
    let details = Details::of(&error).map_or(&[][..], Details::lines);
    (error.to_string(), error.reason(), details.to_vec())
}

#[test]
fn a_trap_is_told_in_the_words_of_the_language() {
    let traceback = "folding\nTraceback (most recent call last):\n  File \"/0/app.py\", line 87, in fold\n\
        ValueError: no \x1b[2J\n\nthread '<unnamed>' panicked at runtime/src/lib.rs:1293:29:\nPython";
    let (error, reason, details) = failure("trap", traceback);
    let said = "ValueError: no \\u{1b}[2J";
    assert_eq!(error, format!("the component trapped in `fold`: {said}"));
    assert_eq!(reason, said);
    assert_eq!(details.len(), 3, "{details:?}");
    assert_eq!(details[1], "  File \"/0/app.py\", line 87, in fold");

    let (error, reason, details) = failure("trap", "row 3 is odd\n");
    assert!(
        error.ends_with("unreachable was reached, as by a panic or an abort"),
        "{error}"
    );
    assert_eq!(reason, error);
    // The functions have no names that could be shown.
    assert_eq!(details, ["row 3 is odd"]);

    let (error, ..) = failure("out-of-bounds", "panic: no cause of this\n");
    assert!(error.contains("out of bounds"), "{error}");
}

#[test]
fn an_error_is_told_by_its_first_line() {
    let (error, reason, details) = failure("error", "KeyError: 'x'\n  at pipeline.py:27 in fold\n");
    assert_eq!(
        error,
        "the component answered `fold` with an error: KeyError: 'x'"
    );
    assert_eq!(reason, "KeyError: 'x'");
    assert_eq!(details, ["  at pipeline.py:27 in fold"]);
    let refused = raw().open(&params(&[(
        "refuse",
        "ValueError: no\n  at a.py:1 in open",
    )]));
    let refused = refused.err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the component does not accept its parameters: ValueError: no"
    );
    assert_eq!(
        Details::of(&refused).unwrap().lines(),
        ["  at a.py:1 in open"]
    );
}

#[test]
fn an_endless_loop_ends_wherever_it_is() {
    let out_of_fuel = |error: GuestError, call| {
        assert!(
            matches!(error, GuestError::OutOfFuel { call: found, .. } if found == call),
            "{error:?}"
        );
    };
    let endless = |call| faulty(call, "loop");
    out_of_fuel(
        raw()
            .open(&params(&[("in", "open"), ("fault", "loop")]))
            .err()
            .unwrap(),
        Call::Open,
    );
    let folding = endless("fold").fold(&events(&TWO)).unwrap_err();
    assert_eq!(
        folding.to_string(),
        "the component used up the 50020000 units of fuel of a call to `fold` (2 rows, 30 B)"
    );
    assert!(folding.code().advice.contains("limits.fuel_per_record"));
    out_of_fuel(endless("drain").drain(10).unwrap_err(), Call::Drain);
    out_of_fuel(endless("identity").identity().unwrap_err(), Call::Identity);
    let state = states(&[1], &[1]);
    out_of_fuel(
        endless("combine").combine(&state, &state).unwrap_err(),
        Call::Combine,
    );
    out_of_fuel(
        endless("present").present(&state).unwrap_err(),
        Call::Present,
    );
}

#[test]
fn memory_and_stack_end_too() {
    let hoarding = faulty("fold", "memory").fold(&events(&TWO)).unwrap_err();
    assert!(
        matches!(
            hoarding,
            GuestError::OutOfMemory {
                setting: "memory",
                ..
            }
        ),
        "{hoarding:?}"
    );
    assert!(
        hoarding
            .to_string()
            .ends_with("of memory, and `limits.memory` is 16.0 MiB"),
        "{hoarding}"
    );
    let deep = faulty("fold", "recursion").fold(&events(&TWO)).unwrap_err();
    assert!(
        matches!(deep, GuestError::Trap { .. } | GuestError::OutOfFuel { .. }),
        "{deep:?}"
    );
    assert!(deep.to_string().contains("stack"), "{deep}");
}

#[test]
fn wrong_rejections_are_found() {
    let said = |fault| {
        faulty("fold", fault)
            .fold(&events(&TWO))
            .unwrap_err()
            .to_string()
    };
    let wrong = "the component's answer to `fold` breaks the contract: ";
    assert_eq!(
        said("reject-outside"),
        format!("{wrong}it rejects row 2 of 2")
    );
    assert_eq!(
        said("reject-twice"),
        format!("{wrong}it rejects row 0 twice")
    );
    assert_eq!(
        said("error"),
        "the component answered `fold` with an error: no\\u{1b}[2J"
    );
    let long = faulty("fold", "long-reason").fold(&events(&TWO)).unwrap();
    assert!(long[0].reason.starts_with("\\u{1b}[2J") && long[0].reason.len() < 1_100);
}

#[test]
fn wrong_drains_are_found() {
    let said = |fault| {
        let mut instance = faulty("drain", fault);
        instance.fold(&events(&TWO)).unwrap();
        let error = instance.drain(10).unwrap_err();
        assert!(instance.drain(10).is_err(), "it is dead");
        error.to_string().replace(
            "the component's answer to `drain` breaks the contract: ",
            "",
        )
    };
    assert_eq!(said("no-columns"), "it has 0 columns instead of 3");
    assert_eq!(
        said("more-rows"),
        "column `page`: offsets: 12 bytes instead of 16 for 3 rows"
    );
    assert_eq!(
        said("many-rows"),
        "it has 4294967295 rows, and at most 10 were asked for"
    );
    assert_eq!(said("bad-utf8"), "column `page`: row 0 is not valid UTF-8");
    assert_eq!(
        said("null"),
        "column `page`: row 0 is null, and the column is not nullable"
    );
    assert_eq!(
        said("key-twice"),
        "row 1 has a key that came before in the same drain"
    );
    assert_eq!(
        said("huge"),
        "the answer to `drain` has more bytes than `limits.answer`, 4.0 MiB"
    );
}

#[test]
fn a_key_twice_is_found_across_answers_but_not_across_drains() {
    let mut instance = faulty("drain", "key-twice");
    instance.fold(&events(&TWO)).unwrap();
    instance.drain(1).unwrap();
    assert!(
        instance
            .drain(1)
            .unwrap_err()
            .to_string()
            .contains("came before")
    );

    let mut honest = open(&[]);
    for _ in 0..2 {
        honest.fold(&events(&TWO)).unwrap();
        assert_eq!(honest.drain(10).unwrap().rows.num_rows(), 2);
    }
}

#[test]
fn wrong_algebra_is_found() {
    let state = states(&[1, 2], &[1, 2]);
    let error = faulty("combine", "more-rows")
        .combine(&state, &state)
        .unwrap_err();
    assert!(
        error.to_string().ends_with("it has 3 rows instead of 2"),
        "{error}"
    );
    assert!(faulty("identity", "no-columns").identity().is_err());
    assert!(faulty("present", "null").present(&state).is_err());
    let mut honest = open(&[]);
    let mine = honest.combine(&state, &states(&[1], &[1])).unwrap_err();
    assert!(matches!(mine, GuestError::BadArgument { .. }));
    assert!(
        honest.combine(&state, &state).is_ok(),
        "the host's mistake is not the component's"
    );
}

#[test]
fn a_plain_thread_of_the_documented_stack_is_enough() {
    let stack = tight().thread_stack_bytes();
    let component = raw().clone();
    let run = move || {
        let mut instance = component
            .open(&params(&[("in", "fold"), ("fault", "recursion")]))
            .unwrap();
        instance.fold(&events(&TWO)).unwrap_err().to_string()
    };
    let said = std::thread::Builder::new()
        .stack_size(stack)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
    assert!(said.contains("stack"), "{said}");
}
