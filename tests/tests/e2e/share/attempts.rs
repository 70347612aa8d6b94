//! Attempts and commands that meet: two at once, one that is late, one that is not whole, one of another release.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::process::Command;

use backfold_tests::fault::{self, Paused};
use backfold_tests::process;
use backfold_tests::units::Units;
use serde_json::{Value, json};

use super::rounds::overlapping;
use super::same_table::of_one_process;
use super::scene::{Before, Scene, files, result};

/// The point at which a file of a share is about to get its name.
const NAMING: &str = " before link a new file";

/// The last of the points of a command that end with `name`.
fn last_point(command: &mut Command, scene: &Scene, name: &str) -> String {
    let log = scene.bench.path().join("points");
    let (finished, points) = fault::passed(command, &log);
    finished.success();
    scene.bring_back();
    let last = points.into_iter().rfind(|point| point.ends_with(name));
    last.unwrap_or_else(|| panic!("there is no point `{name}`"))
}

/// Where a paused process says that it is.
fn pausing(scene: &Scene, name: &str) -> std::path::PathBuf {
    let folder = scene.bench.path().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What `status` says of the build.
fn status(scene: &Scene) -> Value {
    result(&mut scene.bench.command("status --share share --output json"))
}

#[test]
fn two_attempts_at_once_both_finish_and_one_counts() {
    let scene = Scene::new(Before::Staged);
    let naming = last_point(&mut scene.worker(), &scene, NAMING);
    let mut first = scene.worker();
    let first = Paused::start(&mut first, &naming, &pausing(&scene, "first"));
    let second = result(&mut scene.worker());
    assert_eq!(second["state"], "folded");
    let first = first.go_on().finish().success().json();
    assert_eq!(first["result"]["state"], "folded");
    assert_ne!(first["result"]["attempt"], second["attempt"]);
    let status = status(&scene);
    assert_eq!(
        (&status["done"], &status["superfluous"]),
        (&json!(1), &json!(1)),
        "{status}"
    );
    scene.check();
}

#[test]
fn an_attempt_that_finishes_after_the_seal_changes_nothing() {
    let scene = Scene::new(Before::Staged);
    let naming = last_point(&mut scene.worker(), &scene, NAMING);
    let mut late = scene.worker();
    let late = Paused::start(&mut late, &naming, &pausing(&scene, "late"));
    let units = scene.stage();
    units.fold_all().unwrap();
    let sealed = || fs::read(scene.bench.path().join(&scene.build).join("sealed.json")).unwrap();
    let before = sealed();
    let late = late.go_on().finish().success().json();
    assert_eq!(late["result"]["state"], "folded");
    // Its name is before that of the one that was chosen.
    let attempt = late["result"]["attempt"].as_str().unwrap();
    let chosen: Value = serde_json::from_slice(&before).unwrap();
    let chosen = chosen["units"][0]["attempt"].as_str().unwrap();
    assert!(attempt < chosen, "{attempt} {chosen}");
    assert_eq!(units.seal()["sealed"], true);
    assert!(sealed() == before);
    assert_eq!(status(&scene)["superfluous"], 1);
    let swept = result(&mut scene.bench.command("gc --share share --output json"));
    assert_eq!(swept["share"]["attempts"], 1, "{swept}");
    scene.check_loaded();
}

#[test]
fn an_attempt_that_begins_to_upload_after_all_was_removed_leaves_no_build() {
    let scene = Scene::new(Before::Staged);
    let naming = last_point(&mut scene.worker(), &scene, NAMING);
    let mut late = scene.worker();
    let late = Paused::start(&mut late, &naming, &pausing(&scene, "late"));
    scene.stage().fold_all().unwrap();
    result(
        &mut scene
            .bench
            .command("run --share share --swap --output json"),
    );
    scene.bench.run("gc --share share").success();
    let finished = late.go_on().finish();
    assert!(matches!(finished.code(), Some(0 | 1)), "{finished:?}");
    // What it left is no build, and looks like none.
    scene.bench.refuses("status --share share", 2, "BF1311");
    scene
        .bench
        .refuses_as(&mut scene.plain_worker(), 2, "BF1310");
}

#[test]
fn two_seals_at_once_choose_the_same_attempts() {
    let scene = Scene::new(Before::Staged);
    let naming = last_point(&mut scene.worker(), &scene, NAMING);
    let mut early = scene.worker();
    let early = Paused::start(&mut early, &naming, &pausing(&scene, "early"));
    let units = scene.stage();
    for unit in 0..units.units {
        units.fold(1, unit);
    }
    // It has chosen the second attempt when the first one is complete, which the other seal chooses.
    let mut slow = scene.seal();
    let slow = Paused::start(&mut slow, &format!("1{NAMING}"), &pausing(&scene, "slow"));
    let early = early.go_on().finish().success().json();
    assert_eq!(units.seal()["sealed"], true);
    let slow = slow.go_on().finish().success().json();
    assert_eq!(slow["result"]["sealed"], true);
    let sealed = fs::read(scene.bench.path().join(&scene.build).join("sealed.json")).unwrap();
    let sealed: Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(sealed["units"][0]["attempt"], early["result"]["attempt"]);
    scene.check_loaded();
}

#[test]
fn two_seals_at_once_begin_one_second_round() {
    let bench = overlapping("page_days", "");
    let expected = of_one_process(&bench);
    fs::remove_dir_all(bench.work()).unwrap();
    let units = Units::stage(&bench, "share", 4).unwrap();
    for unit in 0..units.units {
        units.fold(1, unit);
    }
    let folder = bench.path().join("slow");
    fs::create_dir(&folder).unwrap();
    let mut slow = units.sealing();
    slow.args(["--output", "json"]);
    let slow = Paused::start(&mut slow, &format!("1{NAMING}"), &folder);
    let fast = units.seal();
    assert_eq!(fast["round"], 2);
    let slow = slow.go_on().finish().success().json();
    assert_eq!(slow["result"], fast);
    assert_eq!(units.fold_all().unwrap(), 2);
    let report = units.run("").success().json();
    assert_eq!(report["result"]["loaded"], expected["loaded"]);
}

#[test]
fn half_an_attempt_does_not_count() {
    let scene = Scene::new(Before::Staged);
    let naming = last_point(&mut scene.worker(), &scene, NAMING);
    let mut half = scene.worker();
    Paused::start(&mut half, &naming, &pausing(&scene, "half")).kill();
    let share = scene.bench.path().join("share");
    let left = files(&share);
    assert!(left.iter().any(|name| name.ends_with(".arrow")), "{left:?}");
    assert!(left.iter().any(|name| name.ends_with(".part")), "{left:?}");
    assert!(
        !left.iter().any(|name| name.ends_with("done.json")),
        "{left:?}"
    );
    let units = scene.stage();
    assert_eq!(units.seal()["left"], json!([0, 1]));
    assert_eq!(status(&scene)["incomplete"], 1);
    units.fold_all().unwrap();
    let left = |name: &str| {
        files(&share)
            .iter()
            .filter(|file| file.ends_with(name))
            .count()
    };
    assert_eq!((left(".arrow"), left(".part")), (3, 1));
    let swept = result(&mut scene.bench.command("gc --share share --output json"));
    assert_eq!(swept["share"]["attempts"], 1, "{swept}");
    assert_eq!((left(".arrow"), left(".part")), (2, 0));
    scene.check_loaded();
}

#[test]
fn a_worker_of_another_release_or_of_another_component_refuses() {
    let scene = Scene::new(Before::Staged);
    let path = scene.bench.path().join(&scene.build).join("build.json");
    let text = fs::read_to_string(&path).unwrap();
    let other = text.replacen(
        concat!("\"backfold\":\"", env!("CARGO_PKG_VERSION"), "\""),
        "\"backfold\":\"99.0.0\"",
        1,
    );
    assert_ne!(other, text);
    fs::write(&path, other).unwrap();
    let said = scene
        .bench
        .refuses_as(&mut scene.plain_worker(), 2, "BF0508");
    assert!(said.contains("99.0.0"), "{said}");
    // It is no failure of the unit.
    scene.bring_back();
    scene.check();

    scene.bring_back();
    let path = scene.bench.path().join(&scene.build).join("component.wasm");
    fs::copy(backfold_tests::components::guest("latest"), &path).unwrap();
    let said = scene
        .bench
        .refuses_as(&mut scene.plain_worker(), 42, "BF1313");
    assert!(said.contains("component.wasm"), "{said}");
    scene.bring_back();
    scene.check();
}

#[test]
fn a_worker_whose_disk_is_full_is_tried_again() {
    let scene = Scene::new(Before::Staged);
    // A limit on files stands for a disk that is full: both refuse to write more.
    for blocks in [8, 200, 300] {
        let worker = scene.worker();
        let mut limited = Command::new("sh");
        limited
            .args([
                "-c",
                &format!(r#"trap '' XFSZ; ulimit -f {blocks}; exec "$@""#),
                "sh",
            ])
            .arg(worker.get_program())
            .args(worker.get_args())
            .env("XDG_CACHE_HOME", scene.bench.path().join("cache"))
            .current_dir(scene.bench.path());
        let finished = process::run(&mut limited);
        println!("{blocks} blocks: {:?}", finished.code());
        assert_eq!(finished.code(), Some(1), "{blocks}: {finished:?}");
        assert_eq!(status(&scene)["failed"], json!([]));
        scene.check();
        scene.bring_back();
    }
}
