//! The process ends right after each of its writes.

use backfold_tests::{fault, process};

use super::check::{Undisturbed, check_nothing_to_do};
use super::place::{Place, bench};
use super::stage::{FIRST, GC, ROLLBACK, SECOND, SWAP, Stage};
use super::target::{Sqlite, Target};

/// The points at which the files differ from those at the point before: after writes without others within them. To
/// sync a file changes nothing for those who read it, unless the system itself crashes.
pub(crate) fn crashes(points: &[String]) -> impl Iterator<Item = &String> {
    let after = |point: &str| point.contains(" after ");
    let is_first = points.iter().take(1);
    let later = points.windows(2).filter(move |pair| {
        after(&pair[1]) && !after(&pair[0]) && !pair[1].contains(" after sync ")
    });
    is_first.chain(later.map(|pair| &pair[1]))
}

/// Takes a command through a crash at each of those points that `wanted` holds for.
pub(super) fn crash_everywhere<T: Target>(
    place: &Place<'_, T>,
    stage: &Stage,
    wanted: impl Fn(&str) -> bool,
) {
    stage.prepare(place);
    let undisturbed = Undisturbed::of(place, stage);
    let mut crashed = 0;
    for point in crashes(&undisturbed.points).filter(|point| wanted(point)) {
        println!("a crash at `{point}`");
        place.bring_back();
        let mut command = place.command(stage.line);
        fault::cause(&mut command, "abort", point);
        let finished = process::run(&mut command);
        match finished.code() {
            None => crashed += 1,
            // It depends on threads how many batches of rows wait for the next transaction of a load.
            Some(0) if point.ends_with(" rows") => println!("it did not come to that"),
            _ => panic!("{finished:?}"),
        }
        undisturbed.check(place, stage);
        check_nothing_to_do(place, stage);
    }
    println!("{crashed} crashes in `{}`", stage.line);
    assert!(crashed >= 3);
}

fn crash_in(stage: &Stage) {
    let bench = bench();
    crash_everywhere(&Place::new(&bench, Sqlite::new(&bench)), stage, |_| true);
}

#[test]
fn crashes_of_the_first_build() {
    crash_in(&FIRST);
}

#[test]
fn crashes_of_a_build_over_a_live_one() {
    crash_in(&SECOND);
}

#[test]
fn crashes_of_swap() {
    crash_in(&SWAP);
}

#[test]
fn crashes_of_rollback() {
    crash_in(&ROLLBACK);
}

#[test]
fn crashes_of_gc() {
    crash_in(&GC);
}
