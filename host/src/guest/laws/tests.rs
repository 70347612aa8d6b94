//! Laws of a real component, written without the SDK.

use std::sync::OnceLock;

use serde_json::json;

use super::*;
use crate::guest::tests::raw_path;
use crate::guest::{Component, Limits};
use crate::row_json;
use crate::units::ByteSize;

fn raw() -> &'static Component {
    static RAW: OnceLock<Component> = OnceLock::new();
    RAW.get_or_init(|| {
        let limits = Limits {
            fuel_base: 50_000_000,
            fuel_per_record: 10_000,
            fuel_per_byte: 0,
            memory: ByteSize::mib(16),
            ..Limits::default()
        };
        Component::load(raw_path(), &limits, None).unwrap()
    })
}

fn params(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A hundred events of three pages, with positions of their own making.
fn sample() -> Sample {
    let rows: Vec<row_json::Row> = (0..100)
        .map(|number| {
            let row = json!({ "page": format!("/{}", number % 3), "amount": number % 7 - 1 });
            serde_json::from_value(row).unwrap()
        })
        .collect();
    let schema = raw()
        .open(&params(&[]))
        .unwrap()
        .descriptor()
        .input_schema();
    Sample::made_up(row_json::batch(&schema, &rows).unwrap())
}

fn checked(given: &[(&str, &str)]) -> LawReport {
    check(raw(), &params(given), &sample(), &LawOptions::SHORT).unwrap()
}

fn broken(report: &LawReport) -> Vec<Law> {
    report
        .laws
        .iter()
        .filter(|result| result.verdict == Verdict::Broken)
        .map(|result| result.law)
        .collect()
}

#[test]
fn an_honest_component_keeps_all_laws_and_each_was_tested() {
    let report = checked(&[]);
    assert_eq!(broken(&report), []);
    assert_eq!(
        (report.events, report.accepted, report.rejected, report.keys),
        (100, 85, 15, 3)
    );
    for result in &report.laws {
        assert_eq!(result.verdict, Verdict::Holds, "{}", result.law);
        assert!(result.cases > 0, "{}", result.law);
    }
}

#[test]
fn made_up_events_are_enough_for_an_honest_component() {
    let instance = raw().open(&params(&[])).unwrap();
    let sample = generate(instance.descriptor(), 1_000, 1).unwrap();
    let report = check(raw(), &params(&[]), &sample, &LawOptions::SHORT).unwrap();
    assert_eq!(broken(&report), []);
    assert!(report.accepted > 500 && report.keys > 3, "{report:?}");
}

#[test]
fn a_call_that_fails_breaks_the_law_that_is_about_it() {
    for (call, fault, laws) in [
        ("identity", "trap", &[Law::Identity][..]),
        ("combine", "trap", &[Law::Identity, Law::Associativity]),
        ("present", "trap", &[Law::Present]),
        ("present", "loop", &[Law::Present]),
        ("present", "more-rows", &[Law::Present]),
    ] {
        let report = checked(&[("in", call), ("fault", fault)]);
        assert_eq!(broken(&report), laws, "{call} {fault}");
        let found = report.counterexample().unwrap();
        assert_eq!(found.operands[0].events.len(), 1, "{found:#?}");
        assert!(found.error.is_some());
    }
}

#[test]
fn without_states_nothing_is_claimed() {
    for (call, fault) in [("drain", "trap"), ("fold", "trap"), ("fold", "loop")] {
        let faulty = params(&[("in", call), ("fault", fault)]);
        let nothing = check(raw(), &faulty, &sample(), &LawOptions::SHORT);
        assert!(
            matches!(
                nothing,
                Err(LawError::NothingToCheck {
                    events: 100,
                    source: Some(_)
                })
            ),
            "{call} {fault}: {nothing:?}"
        );
    }
}

#[test]
fn a_counterexample_is_kept_and_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    let faulty = params(&[("in", "present"), ("fault", "trap")]);
    let report = check(raw(), &faulty, &sample(), &LawOptions::SHORT).unwrap();
    save(report.counterexample().unwrap(), &path).unwrap();

    let kept = read(&path).unwrap();
    assert_eq!(kept.params, faulty.iter().cloned().collect());
    let found = again(raw(), &faulty, &path, &kept).unwrap().unwrap();
    assert_eq!(
        (found.law, &found.what, &found.error),
        (kept.law, &kept.what, &kept.error)
    );
    assert!(again(raw(), &params(&[]), &path, &kept).unwrap().is_none());

    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(read(&path), Err(LawError::Counterexample { .. })));
}
