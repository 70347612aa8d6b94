//! Projects as `backfold new` makes them: all give the table of the example in Rust, byte for byte.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::OnceLock;

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::clicks;
use backfold_tests::fault::Paused;
use backfold_tests::projects::Project;
use backfold_tests::workbench::Workbench;
use serde_json::Value;

/// Several windows, keys that many workers share, and visitors enough for every form of a sketch.
const SPEC: ArchiveSpec = ArchiveSpec {
    events: 48_000,
    days: 2,
    pages: 40,
    ..ArchiveSpec::SMALL
};

fn bench(component: &std::path::Path, settings: &str) -> Workbench {
    let bench = Workbench::with_archive(component, &Archive::new(&SPEC).unwrap()).unwrap();
    bench.write_job(component, settings).unwrap();
    bench
}

/// The digest of the table's rows, and their number.
#[track_caller]
fn table(bench: &Workbench) -> (Value, Value) {
    let report = bench.run("run --swap --output json").success().json();
    let loaded = &report["result"]["loaded"];
    (loaded["digest"].clone(), loaded["rows"].clone())
}

fn expected() -> &'static (Value, Value) {
    static EXPECTED: OnceLock<(Value, Value)> = OnceLock::new();
    EXPECTED.get_or_init(|| table(&bench(&clicks(), "fold.workers = 1")))
}

/// The project's own unit tests pass, and its sample gives the expected table.
fn its_tests_pass(language: &str) {
    Project::new(language).test().success();
}

/// Its table is that of Rust with one worker, with two, and after a kill.
fn its_table_is_the_same(language: &str) {
    let component = Project::new(language).component;
    assert_eq!(&table(&bench(&component, "fold.workers = 1")), expected());

    let stepwise =
        "source.files.split_size = \"1 B\"\nfold = { workers = 2, checkpoint_interval = \"0s\" }";
    let bench = bench(&component, stepwise);
    let mut command = bench.command("run --swap --output json");
    Paused::start(&mut command, "9 after sync a line", bench.path()).kill();
    assert!(!bench.journal().is_empty());
    assert_eq!(&table(&bench), expected());
    assert_eq!(bench.builds().len(), 1, "it went on with the same build");
}

/// The laws hold on events of an archive.
fn its_laws_hold(language: &str) {
    let component = Project::new(language).component;
    let bench = bench(&component, "");
    let component = component.to_str().unwrap();
    bench
        .run(&format!("check {component} --job job.toml"))
        .success();
}

macro_rules! languages {
    ($($language:ident)*) => {$(
        mod $language {
            const LANGUAGE: &str = stringify!($language);

            #[test]
            fn its_tests_pass() {
                super::its_tests_pass(LANGUAGE);
            }

            #[test]
            fn its_table_is_the_same() {
                super::its_table_is_the_same(LANGUAGE);
            }

            #[test]
            fn its_laws_hold() {
                super::its_laws_hold(LANGUAGE);
            }
        }
    )*};
}

languages! { rust python ts js go c }
