//! `stage`, `worker`, `seal` and the gathering of `run` stop or fail at each of their writes, or are killed at any moment.
//! With the commands given again, the table is that of one process, and nothing is left over.

use std::process::Command;
use std::time::{Duration, Instant};

use backfold_tests::fault;
use backfold_tests::process::{self, Running};
use backfold_tests::rng::{self, Rng};
use serde_json::json;

use super::scene::{Before, Scene, UNITS};
use crate::faults::{crashes, error_code, failures};

/// A command, and what is done before it.
struct Stage {
    before: Before,
    command: fn(&Scene) -> Command,
}

const STAGE: Stage = Stage {
    before: Before::Nothing,
    command: |scene| {
        let line = format!("stage --share share --units {UNITS} --trust-laws --output json");
        scene.bench.command(&line)
    },
};

const WORKER: Stage = Stage {
    before: Before::Staged,
    command: Scene::worker,
};

const SEAL: Stage = Stage {
    before: Before::Folded,
    command: Scene::seal,
};

const GATHER: Stage = Stage {
    before: Before::Sealed,
    command: Scene::run,
};

impl Stage {
    /// The points that the command passes where nothing disturbs it.
    fn points(&self, scene: &Scene) -> Vec<String> {
        // The first process writes the compiled component for those after it.
        process::run(&mut (self.command)(scene)).success();
        scene.bring_back();
        let log = scene.bench.path().join("points");
        let (finished, points) = fault::passed(&mut (self.command)(scene), &log);
        finished.success();
        scene.check();
        points
    }

    /// The process ends right after each write.
    fn crash_everywhere(&self) {
        let scene = Scene::new(self.before);
        let mut crashed = 0;
        for point in crashes(&self.points(&scene)) {
            println!("a crash at `{point}`");
            scene.bring_back();
            let mut command = (self.command)(&scene);
            fault::cause(&mut command, "abort", point);
            let finished = process::run(&mut command);
            assert_eq!(finished.code(), None, "{finished:?}");
            crashed += 1;
            scene.check();
        }
        println!("{crashed} crashes");
        assert!(crashed >= 3);
    }

    /// Each write fails once, before it was done or though it was done.
    fn fail_everywhere(&self) {
        let scene = Scene::new(self.before);
        let (mut failed, mut passed) = (0, 0);
        for point in failures(&self.points(&scene)) {
            println!("a failure at `{point}`");
            scene.bring_back();
            let mut command = (self.command)(&scene);
            fault::cause(&mut command, "fail", point);
            let finished = process::run(&mut command);
            // Some writes are only nice to have, such as that of the compiled component.
            if finished.code() == Some(0) {
                passed += 1;
            } else {
                failed += 1;
                assert_ne!(error_code(&finished), json!("BF0000"), "{finished:?}");
                assert_eq!(finished.code(), Some(1), "to be tried again: {finished:?}");
                let said = &finished.stdout;
                assert!(said.contains("a test lets it fail"), "{finished:?}");
            }
            scene.check();
        }
        println!("{failed} failures, {passed} that did no harm");
        assert!(failed >= 3);
    }

    /// The process and the one after it are killed, at moments within the time that the command takes.
    fn kill(&self, kills: u64) {
        let scene = Scene::new(self.before);
        let began = Instant::now();
        process::run(&mut (self.command)(&scene)).success();
        let micros = began.elapsed().as_micros() as u64;
        for seed in rng::seeds() {
            println!("BACKFOLD_TEST_SEED={seed}");
            let mut rng = Rng::new(seed, 0, 0);
            for _ in 0..kills {
                scene.bring_back();
                for attempt in 1..=2 {
                    let moment = Duration::from_micros(rng.below(micros));
                    println!("killed after {moment:?}, attempt {attempt}");
                    let mut running = Running::start(&mut (self.command)(&scene));
                    running.let_run(moment);
                    running.kill();
                }
                scene.check();
            }
        }
    }
}

#[test]
fn crashes_of_stage() {
    STAGE.crash_everywhere();
}

#[test]
fn crashes_of_a_worker() {
    WORKER.crash_everywhere();
}

#[test]
fn crashes_of_seal() {
    SEAL.crash_everywhere();
}

#[test]
fn crashes_of_gathering() {
    GATHER.crash_everywhere();
}

#[test]
fn failures_of_stage() {
    STAGE.fail_everywhere();
}

#[test]
fn failures_of_a_worker() {
    WORKER.fail_everywhere();
}

#[test]
fn failures_of_seal() {
    SEAL.fail_everywhere();
}

#[test]
fn failures_of_gathering() {
    GATHER.fail_everywhere();
}

#[test]
fn kills_of_stage() {
    STAGE.kill(3);
}

#[test]
fn kills_of_a_worker() {
    WORKER.kill(10);
}

#[test]
fn kills_of_seal() {
    SEAL.kill(4);
}

#[test]
fn kills_of_gathering() {
    GATHER.kill(6);
}
