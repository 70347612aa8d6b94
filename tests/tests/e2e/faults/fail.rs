//! Each call of the work folder and of the store fails once, before it has done its work or after it.

use backfold_tests::{fault, process};
use serde_json::json;

use super::check::{Undisturbed, error_code};
use super::place::{Place, bench};
use super::stage::{FIRST, GC, ROLLBACK, SECOND, SWAP, Stage};
use super::target::{Sqlite, Target};

/// The points that a call passes which fails: that a file was synced before it fails makes no difference.
pub(crate) fn failures(points: &[String]) -> impl Iterator<Item = &String> {
    points
        .iter()
        .filter(|point| !point.contains(" after sync "))
}

/// Takes a command through a failure at each of those points that `wanted` holds for.
pub(super) fn fail_everywhere<T: Target>(
    place: &Place<'_, T>,
    stage: &Stage,
    wanted: impl Fn(&str) -> bool,
) {
    stage.prepare(place);
    let undisturbed = Undisturbed::of(place, stage);
    let mut failed = 0;
    for point in failures(&undisturbed.points).filter(|point| wanted(point)) {
        println!("a failure at `{point}`");
        place.bring_back();
        let mut command = place.command(stage.line);
        fault::cause(&mut command, "fail", point);
        let finished = process::run(&mut command);
        // Some files are only nice to have, such as that of the compiled component.
        if finished.code() != Some(0) {
            failed += 1;
            let code = error_code(&finished);
            assert_ne!(code, json!("BF0000"), "{finished:?}");
            assert_eq!(finished.code(), Some(1), "to be tried again: {finished:?}");
            assert!(
                finished.stdout.contains("a test lets it fail"),
                "{finished:?}"
            );
        }
        undisturbed.check(place, stage);
    }
    println!("{failed} failures in `{}`", stage.line);
    assert!(failed >= 3);
}

fn fail_in(stage: &Stage) {
    let bench = bench();
    fail_everywhere(&Place::new(&bench, Sqlite::new(&bench)), stage, |_| true);
}

#[test]
fn failures_of_the_first_build() {
    fail_in(&FIRST);
}

#[test]
fn failures_of_a_build_over_a_live_one() {
    fail_in(&SECOND);
}

#[test]
fn failures_of_swap() {
    fail_in(&SWAP);
}

#[test]
fn failures_of_rollback() {
    fail_in(&ROLLBACK);
}

#[test]
fn failures_of_gc() {
    fail_in(&GC);
}
