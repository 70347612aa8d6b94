//! Builds that an earlier release began or loaded, in work folders of format 2 and with version 1 of the rules of decoding.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use backfold_tests::process::{self, Finished, backfold};
use serde_json::Value;

/// Where the fixture was made. The digest of a job has the paths of its source and its store in it, so a build is only
/// known again where it was planned.
const PLACE: &str = "/tmp/backfold-format-2";

/// 2026-01-01T00:00:00Z, when the first object was written; each of the others a day later.
const FIRST_WRITTEN: Duration = Duration::from_secs(1_767_225_600);

/// The build that was stopped when it had folded two of its four splits.
const STOPPED: &str = "01M8PMAP2JX67058MX2P2882SS";
/// The build that is loaded and checked.
const LOADED: &str = "01M8PMAPPSM35N0ZWVSBPT90M7";

/// The work folder of that release, at its place. No other test has it meanwhile, in any process.
struct Earlier {
    _lock: File,
}

impl Earlier {
    fn new() -> Self {
        let lock = File::create(format!("{PLACE}.lock")).unwrap();
        lock.lock().unwrap();
        let place = Path::new(PLACE);
        if place.exists() {
            fs::remove_dir_all(place).unwrap();
        }
        let fixture = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/e2e/build/earlier_release/format_2"
        );
        copy(Path::new(fixture), place);
        for object in 0..4 {
            let written =
                SystemTime::UNIX_EPOCH + FIRST_WRITTEN + Duration::from_secs(object * 86_400);
            let path = place.join(format!("archive/{object}.jsonl"));
            File::options()
                .append(true)
                .open(path)
                .unwrap()
                .set_modified(written)
                .unwrap();
        }
        Earlier { _lock: lock }
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(PLACE).join(name)
    }

    /// Runs a command with a job.
    fn run(&self, line: &str) -> Finished {
        let words = line.split_whitespace().chain(["--output", "json"]);
        process::run(backfold().args(words).current_dir(PLACE))
    }

    #[track_caller]
    fn result(&self, line: &str) -> Value {
        self.run(line).success().json()["result"].clone()
    }

    /// The page about a build.
    #[track_caller]
    fn page(&self, line: &str) -> String {
        let words = ["report"].into_iter().chain(line.split_whitespace());
        let command = words.chain(["--out", "-"]);
        process::run(backfold().args(command).current_dir(PLACE))
            .success()
            .stdout
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

impl Drop for Earlier {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(PLACE);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_build_that_an_earlier_release_began_is_shown_and_begun_anew() {
    let earlier = Earlier::new();
    let status = earlier.result("status stopped.toml");
    let [build] = status.as_array().unwrap().as_slice() else {
        panic!("{status:#}");
    };
    let seen = [
        &build["build"],
        &build["state"],
        &build["splits_done"],
        &build["rejected"],
    ];
    assert_eq!(
        seen,
        [
            &Value::from(STOPPED),
            &"folding".into(),
            &2.into(),
            &4.into()
        ]
    );
    let page = earlier.page("stopped.toml");
    assert!(page.contains("2 of 4 splits are folded"), "{page}");
    let format = fs::read_to_string(earlier.path("work/backfold-work.json")).unwrap();
    assert!(format.contains('2'), "{format}");

    // Its rules of decoding are not those of this release: no table is made by both.
    earlier.replace("stopped.toml", "stop_after = 5", "stop_after = 100");
    let run = earlier.run("run stopped.toml").success();
    assert!(
        run.stderr.contains(STOPPED) && run.stderr.contains("begun under other rules of decoding"),
        "{}",
        run.stderr
    );
    let anew = &run.json()["result"];
    assert_ne!(anew["build"], STOPPED);
    assert_eq!(
        (&anew["outcome"], &anew["rejected"]),
        (&"ready".into(), &8.into())
    );
    let rejected = earlier.result(&format!("quarantine list stopped.toml --build {STOPPED}"));
    assert_eq!(
        rejected["records"].as_array().map_or(0, Vec::len),
        6,
        "{rejected:#}"
    );
    let refused = earlier.run(&format!("swap stopped.toml {STOPPED}"));
    assert_eq!(refused.fails_with(2).json()["error"]["code"], "BF0605");
}

#[test]
fn a_build_that_an_earlier_release_loaded_is_swapped_and_folded_upon() {
    let earlier = Earlier::new();
    assert_eq!(earlier.result("status loaded.toml")[0]["state"], "ready");
    // Its report has neither figures of checks nor drift.
    let page = earlier.page("loaded.toml");
    for said in [
        "May go live",
        "8 records were rejected, at most 100 may be",
        "4 of 4 splits folded, 4 with rejected records",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let swapped = earlier.result("swap loaded.toml");
    assert_eq!(
        (&swapped["build"], &swapped["version"]),
        (&LOADED.into(), &1.into())
    );
    let on_top = earlier.result("run loaded.toml --only-quarantined");
    assert_eq!(on_top["based_on"], LOADED);
    let page = earlier.page("loaded.toml");
    assert!(page.contains("The input is the rejected records of build"));
    // The records are as bad as they were, and the states are those of the build.
    assert_eq!(
        (&on_top["counts"]["records"], &on_top["rejected"]),
        (&8.into(), &8.into())
    );
    // What this release builds from the same input has the same rows.
    let again = earlier.result("run loaded.toml");
    assert_ne!(again["build"], LOADED);
    assert_eq!(again["loaded"], on_top["loaded"]);
}

#[test]
fn a_work_folder_of_a_later_release_is_refused() {
    let earlier = Earlier::new();
    let manifest = format!("work/stopped/{STOPPED}/manifest.json");
    earlier.replace(
        &manifest,
        "{\n  \"build\"",
        "{\n  \"format\": 4,\n  \"build\"",
    );
    let refused = |what: &str| {
        for line in ["run stopped.toml", "status stopped.toml"] {
            let document = earlier.run(line).fails_with(2).json();
            let error = &document["error"];
            assert_eq!(error["code"], "BF0102", "{document:#}");
            let message = error["message"].as_str().unwrap();
            let both = "has format 4, and this backfold writes format 3";
            assert!(
                message.contains(what) && message.contains(both),
                "{message}"
            );
        }
    };
    refused("manifest.json");
    fs::write(earlier.path("work/backfold-work.json"), "{\"format\": 4}").unwrap();
    refused("backfold-work.json");
}
