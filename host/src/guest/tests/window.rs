//! Windows, and what they do about records that the component fails on.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::decode::{DecodeOptions, Decoding, EventRange, Events, Projection};
use crate::guest::{Drained, FailureKind, Refused, Window};
use crate::source::{Chunk, Object};

/// Decodes records with these pages and amounts into batches of so many rows.
fn batches(records: &[(String, i64)], batch_rows: u32) -> Vec<Events> {
    let lines = records
        .iter()
        .map(|(page, amount)| format!("{{\"page\":\"{page}\",\"amount\":{amount}}}\n"));
    let projection = Projection {
        inputs: open(&[]).descriptor().inputs.clone(),
        only: vec![],
        event_time: None,
        range: EventRange::default(),
        cut_by_record_time: false,
        offset: None,
        value: None,
    };
    let options = DecodeOptions {
        batch_rows,
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(projection, &options).unwrap();
    let object = Object {
        key: "history.jsonl".into(),
        size_bytes: 0,
        etag: String::new(),
        version: None,
        modified_us: 0,
        key_fields: None,
    };
    let mut batches = Vec::new();
    for chunk in [
        Chunk::Object(Arc::new(object)),
        Chunk::Bytes(lines.collect::<String>().into()),
        Chunk::End,
    ] {
        decoding.push(chunk).unwrap();
        batches.extend(std::iter::from_fn(|| decoding.next().unwrap()));
    }
    batches.extend(decoding.finish().unwrap());
    batches
}

fn records(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter()
        .map(|(page, amount)| ((*page).to_owned(), *amount))
        .collect()
}

/// What a window gave: counts and sums by page, and the records it refused by their ordinals.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    sums: BTreeMap<String, (i64, i64)>,
    refused: BTreeMap<i64, String>,
}

impl Outcome {
    fn refuse(&mut self, refused: Vec<Refused>) {
        for one in refused {
            let record = one.record;
            let twice = self
                .refused
                .insert(record.position.offset, record.reason.clone());
            assert!(twice.is_none(), "{record:?} was reported twice");
        }
    }

    fn drain(&mut self, window: &mut Window) -> Result<(), GuestError> {
        while let Some(drained) = window.drain()? {
            match drained {
                Drained::Refused(refused) => self.refuse(refused),
                Drained::Partials(partials) => {
                    let rows = partials.rows;
                    let pages = rows.column(0).as_string::<i32>();
                    for (row, page) in pages.iter().flatten().enumerate() {
                        let sum = self.sums.entry(page.to_owned()).or_default();
                        sum.0 += int(&rows, 1)[row];
                        sum.1 += int(&rows, 2)[row];
                    }
                }
            }
        }
        Ok(())
    }
}

/// Folds the records with an instance that was given `params`.
fn fold(
    given: &[(&str, &str)],
    records: &[(String, i64)],
    batch_rows: u32,
    window_batches: usize,
) -> Result<Outcome, GuestError> {
    fold_with(open(given), records, batch_rows, window_batches)
}

/// Folds the records with this instance.
fn fold_with(
    instance: Instance,
    records: &[(String, i64)],
    batch_rows: u32,
    window_batches: usize,
) -> Result<Outcome, GuestError> {
    let mut window = Window::new(instance, window_batches);
    let mut outcome = Outcome::default();
    for (number, events) in batches(records, batch_rows).into_iter().enumerate() {
        outcome.refuse(window.fold(0, number as u64, events)?);
        if window.is_due() {
            outcome.drain(&mut window)?;
        }
    }
    outcome.drain(&mut window)?;
    assert!(window.is_empty() && !window.is_due());
    Ok(outcome)
}

/// What should come of them where records with the amount `poison` are fatal.
fn model(records: &[(String, i64)], poison: i64) -> BTreeMap<String, (i64, i64)> {
    let mut sums = BTreeMap::<_, (i64, i64)>::new();
    let good = records
        .iter()
        .filter(|(_, amount)| *amount >= 0 && *amount != poison);
    for (page, amount) in good {
        let sum = sums.entry(page.clone()).or_default();
        *sum = (sum.0 + 1, sum.1 + amount);
    }
    sums
}

#[test]
fn a_window_is_due_by_batches_and_by_memory() {
    let mut window = Window::new(open(&[]), 2);
    assert!(window.is_empty());
    let two = batches(&records(&TWO), 2);
    window.fold(0, 0, two[0].clone()).unwrap();
    assert!(!window.is_due());
    window.fold(0, 1, two[0].clone()).unwrap();
    assert!(window.is_due());
    let mut outcome = Outcome::default();
    outcome.drain(&mut window).unwrap();
    let twice = [("a".to_owned(), (2, 2)), ("b".to_owned(), (2, 4))];
    assert_eq!(outcome.sums, BTreeMap::from(twice));
    assert!(window.is_empty() && !window.is_due());

    // Keys of 10 KiB each fill half of the 16 MiB.
    let mut window = Window::new(open(&[]), 1_000);
    let mut count = 0;
    while !window.is_due() {
        let names = (0..40).map(|i| (format!("{count}-{i}-{}", "x".repeat(10 << 10)), 1));
        let large = batches(&names.collect::<Vec<_>>(), 40);
        window.fold(0, count, large[0].clone()).unwrap();
        count += 1;
    }
    assert!(count < 40, "{count} batches");
    let mut outcome = Outcome::default();
    outcome.drain(&mut window).unwrap();
    assert_eq!(outcome.sums.len() as u64, count * 40);
    assert!(
        window.instance().memory_bytes() < 8 << 20,
        "a fresh instance"
    );
}

#[test]
fn a_record_that_is_fatal_is_reported_with_all_that_is_known_of_it() {
    let records = records(&[("a", 1), ("b", 666), ("a", 2)]);
    for (fault, kind, reason) in [
        (
            "trap",
            FailureKind::Trap,
            "the component trapped in `fold`: unreachable was reached",
        ),
        (
            "loop",
            FailureKind::OutOfFuel,
            "the component used up the 50010000 units of fuel of a call to `fold` (1 rows, ",
        ),
        (
            "memory",
            FailureKind::OutOfMemory,
            "in `fold` the component asked for ",
        ),
        ("error", FailureKind::Error, "no\\u{1b}[2J"),
        (
            "reject-outside",
            FailureKind::InvalidAnswer,
            "the component's answer to `fold` breaks the contract: it rejects row 1 of 1",
        ),
    ] {
        let mut window = Window::new(
            open(&[("in", "fold"), ("fault", fault), ("meets", "666")]),
            4,
        );
        for events in batches(&records, 3) {
            assert!(window.fold(7, 0, events).unwrap().is_empty());
        }
        assert!(window.is_due());
        let mut found = Vec::new();
        while let Some(drained) = window.drain().unwrap() {
            if let Drained::Refused(refused) = drained {
                found.extend(refused);
            }
        }
        let [refused] = &found[..] else {
            panic!("{fault}: {found:?}")
        };
        let failure = refused.failure.as_ref().unwrap();
        assert_eq!((refused.split, failure.kind), (7, kind), "{fault}");
        assert!(failure.fuel > 0, "{fault}");
        assert_eq!(
            !failure.backtrace.is_empty(),
            fault == "trap",
            "{fault}: {failure:?}"
        );
        let record = &refused.record;
        assert!(record.reason.starts_with(reason), "{}", record.reason);
        assert_eq!(record.position.offset, 1);
        assert_eq!(
            record.bytes.as_deref(),
            Some(&br#"{"page":"b","amount":666}"#[..])
        );
        assert_eq!(refused.columns, events(&[("b", 666)]));
    }
}

#[test]
fn what_was_folded_before_a_failure_counts_and_is_not_reported_twice() {
    let rows = records(&[("a", 1), ("b", -1), ("a", 2), ("b", 3), ("c", 666)]);
    let params = [("in", "fold"), ("fault", "trap"), ("meets", "666")];
    let outcome = fold(&params, &rows, 2, 16).unwrap();
    assert_eq!(outcome.sums, model(&rows, 666));
    assert_eq!(outcome.refused.keys().copied().collect::<Vec<_>>(), [1, 4]);
}

#[test]
fn a_batch_that_is_too_much_at_once_is_folded_in_parts() {
    let rows: Vec<_> = (0..100).map(|i| (format!("page {i}"), i)).collect();
    let params = [("in", "fold"), ("fault", "memory"), ("rows", "30")];
    let outcome = fold(&params, &rows, 100, 1).unwrap();
    assert_eq!(outcome.sums, model(&rows, -1));
    assert!(outcome.refused.is_empty());
}

#[test]
fn failures_that_no_record_is_to_blame_for_end() {
    let rows: Vec<_> = (0..1_000).map(|i| ("a".to_owned(), i)).collect();
    // Each third call fails: all records are folded in the end, so long as there are not many batches.
    let params = [("in", "fold"), ("fault", "trap"), ("nth", "3")];
    let outcome = fold(&params, &rows[..100], 10, 16).unwrap();
    assert_eq!(
        (outcome.sums, outcome.refused.len()),
        (model(&rows[..100], -1), 0)
    );

    let params = [("in", "fold"), ("fault", "trap"), ("rows", "2")];
    let given_up = fold(&params, &rows, 10, 4).unwrap_err();
    assert!(
        matches!(given_up, GuestError::OnlyTogether { times: 17, .. }),
        "{given_up}"
    );
}

#[test]
fn a_component_that_changes_its_mind_is_found_out() {
    let rows = records(&[("a", 1), ("a", 2), ("a", 3), ("a", 666)]);
    let mut window = Window::new(
        open(&[("in", "fold"), ("fault", "reject-first"), ("nth", "2")]),
        16,
    );
    // It rejects the third record; when the window is folded again because of another failure, it does so at another.
    for (number, events) in batches(&rows, 2).into_iter().enumerate() {
        window.fold(0, number as u64, events).unwrap();
    }
    *window.instance() = open(&[("in", "fold"), ("fault", "trap"), ("meets", "9")]);
    let nine = batches(&records(&[("a", 9)]), 1);
    window.fold(0, 2, nine[0].clone()).unwrap();
    let error = std::iter::from_fn(|| window.drain().transpose())
        .find_map(Result::err)
        .unwrap();
    assert!(
        matches!(&error, GuestError::Unstable { rejected_then, rejected_now } if *rejected_then == [0] && rejected_now.is_empty()),
        "{error}"
    );
    assert_eq!(window.suspect().unwrap().batch, 1);
}

#[test]
fn failures_to_drain_nothing_are_no_records() {
    let params = [("in", "drain"), ("fault", "trap")];
    let error = fold(&params, &records(&TWO), 2, 1).unwrap_err();
    assert!(
        matches!(
            error,
            GuestError::Trap {
                call: Call::Drain,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn failures_to_drain_what_a_record_made_are_its() {
    let rows: Vec<_> = (0..300)
        .map(|i| {
            (
                format!("page {}", i % 40),
                if i % 100 == 50 { 666 } else { i },
            )
        })
        .collect();
    for (fault, reason) in [
        ("trap", "the component trapped in `drain`: unreachable"),
        ("loop", "the component used up the 50"),
        ("memory", "in `drain` the component asked for "),
        ("huge", "the answer to `drain` has more bytes than"),
        (
            "large-row",
            "the component's answer to `drain` has a key of 3.0 MiB at page ",
        ),
        (
            "bad-utf8",
            "the component's answer to `drain` breaks the contract: column `page`: row 0",
        ),
    ] {
        let params = [("in", "drain"), ("fault", fault), ("meets", "666")];
        let outcome = fold(&params, &rows, 64, 3).unwrap();
        assert_eq!(outcome.sums, model(&rows, 666), "{fault}");
        let reported: Vec<_> = outcome.refused.keys().copied().collect();
        assert_eq!(reported, [50, 150, 250], "{fault}");
        let said = &outcome.refused[&50];
        assert!(said.starts_with(reason), "{fault}: {said}");
    }
}

/// With these limits laid over the tight ones.
fn limited(limits: Limits, given: &[(&str, &str)]) -> Instance {
    let component = Component::load(raw_path(), &limits, None).unwrap();
    component.open(&params(given)).unwrap()
}

#[test]
fn a_drain_without_end_is_laid_on_its_record_or_on_the_component() {
    let limits = || Limits {
        memory: ByteSize::mib(8),
        ..tight()
    };
    let rows: Vec<_> = (0..9).map(|i| (format!("page {i}"), i)).collect();
    let params = [("in", "drain"), ("fault", "endless"), ("meets", "5")];
    let outcome = fold_with(limited(limits(), &params), &rows, 4, 16).unwrap();
    assert_eq!(outcome.sums, model(&rows, 5));
    let said = &outcome.refused[&5];
    assert!(said.contains("more than its memory can hold"), "{said}");
    assert_eq!(outcome.refused.len(), 1);

    let endless = fold_with(limited(limits(), &params[..2]), &rows, 4, 16).unwrap_err();
    assert!(
        matches!(endless, GuestError::EndlessDrain { .. }),
        "{endless}"
    );
}

/// With keys of at most ten bytes.
fn short_keys() -> Instance {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    let limits = || Limits {
        key: ByteSize(10),
        ..tight()
    };
    let component = COMPONENT.get_or_init(|| Component::load(raw_path(), &limits(), None).unwrap());
    component.open(&[]).unwrap()
}

#[test]
fn a_key_that_is_too_large_is_reported_with_its_record() {
    let rows = records(&[
        ("a", 1),
        ("a long name", 2),
        ("a", 3),
        ("another long one", -1),
    ]);
    let mut window = Window::new(short_keys(), 2);
    let fold = |events| window.fold(3, 0, events).unwrap();
    let rejected: Vec<_> = batches(&rows, 4).into_iter().flat_map(fold).collect();
    assert_eq!(rejected.len(), 1, "the negative one");
    let mut found = Vec::new();
    while let Some(drained) = window.drain().unwrap() {
        if let Drained::Refused(refused) = drained {
            found.extend(refused);
        }
    }
    let [refused] = &found[..] else {
        panic!("{found:?}")
    };
    let failure = refused.failure.as_ref().unwrap();
    assert_eq!((refused.split, failure.kind), (3, FailureKind::TooLarge));
    assert_eq!(failure.kind.code().to_string(), "BF0422");
    assert_eq!(
        refused.record.reason,
        "the component's answer to `drain` has a key of 11 B at page \"a long name\", and `limits.key` is 10 B"
    );
    assert_eq!(refused.columns, events(&[("a long name", 2)]));
}

#[test]
fn a_window_of_large_events_has_fewer_batches() {
    let long = "x".repeat(10_000);
    let rows = records(&[(long.as_str(), 1); 8]);
    let mut window = Window::new(open(&[]), 1_000).of_at_most(35_000);
    for (events, is_due) in batches(&rows, 2).into_iter().zip([false, true]) {
        window.fold(0, 0, events).unwrap();
        assert_eq!(window.is_due(), is_due);
    }
    while window.drain().unwrap().is_some() {}
    assert!(!window.is_due() && window.is_empty());
}

#[test]
fn many_fatal_records_cost_in_proportion() {
    let rows: Vec<_> = (0..20_000)
        .map(|i| (format!("page {}", i % 50), i % 500))
        .collect();
    let fuel = |params: &[(&str, &str)], poison| {
        let mut window = Window::new(open(params), 16);
        let mut outcome = Outcome::default();
        for (number, events) in batches(&rows, 8_192).into_iter().enumerate() {
            outcome.refuse(window.fold(0, number as u64, events).unwrap());
            outcome.drain(&mut window).unwrap();
        }
        assert_eq!(outcome.sums, model(&rows, poison));
        (window.instance().fuel_used(), outcome.refused.len())
    };
    let (clean, _) = fuel(&[], -1);
    let params = [("in", "fold"), ("fault", "trap"), ("meets", "77")];
    let (poisoned, refused) = fuel(&params, 77);
    assert_eq!(refused, 40);
    assert!(poisoned < clean * 8, "{poisoned} and {clean} units of fuel");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Keys of all lengths around the limit: the same table and the same records reported, whatever the batches and windows.
    #[test]
    fn records_of_keys_that_are_too_large_are_reported_and_the_others_count(
        lengths in prop::collection::vec(prop_oneof![6 => 1_usize..10, 1 => 11_usize..400, 1 => Just(10)], 1..200),
        batch_rows in 1_u32..70,
        window_batches in 1_usize..6,
    ) {
        let page = |length: &usize| "x".repeat(*length);
        let records: Vec<_> = lengths.iter().map(page).zip(0..).collect();
        let outcome = fold_with(short_keys(), &records, batch_rows, window_batches).unwrap();
        let (large, good): (Vec<_>, Vec<_>) = records.into_iter().partition(|(page, _)| page.len() > 10);
        prop_assert_eq!(outcome.sums, model(&good, -1));
        let reported: Vec<_> = outcome.refused.into_keys().collect();
        let expected: Vec<_> = large.into_iter().map(|(_, row)| row).collect();
        prop_assert_eq!(reported, expected);
    }

    /// The same table, whatever the batches and windows, with fatal and rejected records anywhere.
    #[test]
    fn every_record_counts_once_or_is_reported(
        amounts in prop::collection::vec(prop_oneof![8 => 0_i64..100, 1 => Just(666), 1 => Just(-1)], 1..200),
        batch_rows in 1_u32..70,
        window_batches in 1_usize..6,
        fault in prop::sample::select(vec!["trap", "error", "reject-twice"]),
    ) {
        let records: Vec<_> = amounts.iter().map(|amount| (format!("page {}", amount % 7), *amount)).collect();
        let params = [("in", "fold"), ("fault", fault), ("meets", "666")];
        let outcome = fold(&params, &records, batch_rows, window_batches).unwrap();
        prop_assert_eq!(&outcome.sums, &model(&records, 666));
        let reported: Vec<_> = outcome.refused.keys().map(|row| amounts[*row as usize]).collect();
        let expected: Vec<_> = amounts.into_iter().filter(|amount| *amount < 0 || *amount == 666).collect();
        prop_assert_eq!(reported, expected);
    }
}
