//! The process is killed at any moment, and the one that goes on with its work as well.

use std::time::{Duration, Instant};

use backfold_tests::process::{self, Running};
use backfold_tests::rng::{self, Rng};

use super::check::{Undisturbed, check_nothing_to_do};
use super::place::{Place, bench};
use super::stage::{FIRST, GC, ROLLBACK, SECOND, SWAP, Stage};
use super::target::{Sqlite, Target};

/// Kills the command of a stage, at moments within the time that it takes: so many with each seed.
fn kill<T: Target>(place: &Place<'_, T>, stage: &Stage, kills: u64) {
    stage.prepare(place);
    let undisturbed = Undisturbed::of(place, stage);
    place.bring_back();
    let began = Instant::now();
    process::run(&mut place.command(stage.line)).success();
    let micros = began.elapsed().as_micros() as u64;
    for seed in rng::seeds() {
        println!("BACKFOLD_TEST_SEED={seed}");
        let mut rng = Rng::new(seed, 0, 0);
        for _ in 0..kills {
            place.bring_back();
            // Given again where it was done, a command that undoes itself would.
            let attempts = if stage.undoes_itself() { 1 } else { 2 };
            for attempt in 1..=attempts {
                let moment = Duration::from_micros(rng.below(micros));
                println!("killed after {moment:?}, attempt {attempt}");
                let mut running = Running::start(&mut place.command(stage.line));
                running.let_run(moment);
                running.kill();
            }
            undisturbed.check(place, stage);
            check_nothing_to_do(place, stage);
        }
    }
}

fn kill_in(stage: &Stage, kills: u64) {
    let bench = bench();
    kill(&Place::new(&bench, Sqlite::new(&bench)), stage, kills);
}

#[test]
fn kills_of_the_first_build() {
    kill_in(&FIRST, 8);
}

#[test]
fn kills_of_a_build_over_a_live_one() {
    kill_in(&SECOND, 8);
}

#[test]
fn kills_of_swap() {
    kill_in(&SWAP, 4);
}

#[test]
fn kills_of_rollback() {
    kill_in(&ROLLBACK, 2);
}

#[test]
fn kills_of_gc() {
    kill_in(&GC, 3);
}
