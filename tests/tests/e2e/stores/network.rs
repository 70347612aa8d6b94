//! Connections to a store that break: at any byte of a build, at the commit of a swap, before it arrives or before its answer
//! does. The same command then finishes, with every row and every version of the pointer once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use backfold_tests::archive::{Archive, ArchiveSpec};
use backfold_tests::components::guest;
use backfold_tests::postgres::Release;
use backfold_tests::process::Running;
use backfold_tests::proxy::{Direction, Ending, Fault, Proxy};
use backfold_tests::workbench::Workbench;
use serde_json::Value;

use super::target::{Target, Texts};

const SPEC: ArchiveSpec = ArchiveSpec {
    events: 1_500,
    objects: 3,
    ..ArchiveSpec::SMALL
};

const COLUMNS: [&str; 4] = ["page", "day", "views", "total_ms"];

/// The places of a build at which its connection breaks.
const PLACES: u64 = 10;

/// The last statement before the `COMMIT` of a transaction that writes.
const BEFORE_COMMIT: &str = "pg_current_xact_id";

/// A job whose store is behind a proxy.
struct Behind {
    target: Target,
    proxy: Proxy,
    bench: Workbench,
    expected: Texts,
}

impl Behind {
    fn new(target: Target) -> Self {
        let archive = Archive::new(&SPEC).unwrap();
        let component = guest("page_days");
        let mut bench = Workbench::with_archive(&component, &archive).unwrap();
        let proxy = Proxy::start(target.port().unwrap()).unwrap();
        let settings = target.settings_at(Some(proxy.port()));
        bench.write_job(&component, &settings).unwrap();
        target.set_variables(&mut bench, Some(proxy.port()));
        let rows = archive.expected().into_iter();
        let expected = rows.map(|((page, day), tally)| {
            vec![
                page,
                day,
                tally.events.to_string(),
                tally.duration_ms.to_string(),
            ]
        });
        Behind {
            expected: expected.collect(),
            target,
            proxy,
            bench,
        }
    }

    /// The exit code of a command, and its document.
    fn ask(&self, line: &str) -> (i32, Value) {
        let finished = self.bench.run(&format!("{line} --output json"));
        (finished.code().expect("no signal"), finished.json())
    }

    #[track_caller]
    fn succeeds(&self, line: &str) -> Value {
        let (code, document) = self.ask(line);
        assert_eq!(code, 0, "{line}: {document:#}");
        document["result"].clone()
    }

    /// A command that cannot know or did nothing: the same command may succeed later.
    #[track_caller]
    fn fails(&self, line: &str) -> Value {
        let (code, document) = self.ask(line);
        self.check_failure(code, &document);
        document["error"].clone()
    }

    #[track_caller]
    fn check_failure(&self, code: i32, document: &Value) {
        let error = &document["error"]["code"];
        assert_eq!(
            (code, error),
            (1, &self.target.lost().into()),
            "{document:#}"
        );
    }

    /// The builds that the versions of the pointer show, the first version first.
    fn log(&self) -> Vec<String> {
        let log = self.succeeds("log");
        let log = log.as_array().unwrap().iter().rev().enumerate();
        log.map(|(place, pointer)| {
            assert_eq!(pointer["version"], place as u64 + 1);
            pointer["build"].as_str().unwrap().to_owned()
        })
        .collect()
    }

    /// The table is right, and each build was shown once.
    #[track_caller]
    fn check(&self) {
        let rows = self.target.rows(&self.bench, "page_days", &COLUMNS);
        assert!(rows == self.expected, "{rows:?}");
        let log = self.log();
        let builds: HashSet<_> = log.iter().collect();
        assert_eq!(builds.len(), log.len(), "{log:?}");
        let status = self.succeeds("status");
        let states = status
            .as_array()
            .unwrap()
            .iter()
            .map(|build| &build["state"]);
        assert_eq!(
            states.filter(|state| *state == "live").count(),
            1,
            "{status:#}"
        );
    }
}

/// Breaks the connection at places spread over all bytes of a build, in both directions.
fn break_anywhere(target: Target) {
    let behind = Behind::new(target);
    behind.succeeds("run --swap");
    let passed = [Direction::ToServer, Direction::ToClient].map(|way| behind.proxy.passed(way));
    let mut failed = 0;
    for place in 0..PLACES {
        let way = [Direction::ToServer, Direction::ToClient][place as usize % 2];
        let ending = [Ending::Cut, Ending::Reset][place as usize / 2 % 2];
        let bytes = passed[way as usize] * place / (PLACES + 1) + 1;
        behind.proxy.inject(Fault::behind(way, bytes, ending));
        let (code, document) = behind.ask("run --fresh --swap");
        assert_eq!(behind.proxy.happened() as u64, place + 1, "{document:#}");
        if code != 0 {
            behind.check_failure(code, &document);
            failed += 1;
        }
        behind.succeeds("run --swap");
        behind.check();
    }
    println!(
        "{}: {failed} of {PLACES} builds failed",
        behind.target.name()
    );
    behind.succeeds("gc --keep 0");
    // The live build, and the way back.
    assert_eq!(behind.target.tables(&behind.bench).len(), 2);
}

#[test]
fn a_build_in_postgres_goes_on_after_a_break_anywhere() {
    break_anywhere(Target::postgres(Release::Packaged));
}

#[test]
fn a_build_in_dynamodb_goes_on_after_a_break_anywhere() {
    break_anywhere(Target::dynamodb());
}

#[test]
fn a_swap_in_postgres_knows_its_outcome() {
    let behind = Behind::new(Target::postgres(Release::Newer));
    behind.succeeds("run --swap");
    let commit = |fault: Fault| fault.once_sent(BEFORE_COMMIT);
    let versions = || behind.log().len();

    // The commit does not arrive: nothing has changed.
    behind.succeeds("run --fresh");
    let before = Fault::before("COMMIT", Ending::Reset);
    behind.proxy.inject(commit(before));
    behind.fails("swap");
    assert_eq!((versions(), behind.proxy.happened()), (1, 1));
    assert_eq!(behind.succeeds("swap")["version"], 2);
    behind.check();

    // It was executed, and the outcome can be asked for.
    behind.succeeds("run --fresh");
    let executed = Fault::answer_to("COMMIT", Ending::Cut);
    behind.proxy.inject(commit(executed.clone()));
    assert_eq!(behind.succeeds("swap")["version"], 3);
    assert_eq!((versions(), behind.proxy.happened()), (3, 2));
    behind.check();

    // It was executed, and nobody can be asked: the command says so, and says it again once somebody can.
    let build = behind.succeeds("run --fresh")["build"].clone();
    behind.proxy.inject(commit(executed).and_refuse());
    behind.fails("swap");
    assert_eq!(behind.proxy.happened(), 3);
    behind.proxy.refuse(false).unwrap();
    let again = behind.succeeds("run --swap");
    assert_eq!(
        (&again["outcome"], &again["build"]),
        (&"already_live".into(), &build)
    );
    assert_eq!(versions(), 4);
    behind.check();
}

/// The client sends a request again that was not answered, with the same token, so that it counts once.
#[test]
fn a_swap_in_dynamodb_knows_its_outcome() {
    const SWAP: &str = "DynamoDB_20120810.TransactWriteItems";
    let behind = Behind::new(Target::dynamodb());
    behind.succeeds("run --swap");
    let faults = [
        Fault::before(SWAP, Ending::Reset),
        Fault::answer_to(SWAP, Ending::Cut),
    ];
    for (place, fault) in faults.into_iter().enumerate() {
        behind.succeeds("run --fresh");
        behind.proxy.inject(fault);
        assert_eq!(behind.succeeds("swap")["version"], place as u64 + 2);
        assert_eq!(
            (behind.log().len(), behind.proxy.happened()),
            (place + 2, place + 1)
        );
        behind.check();
    }

    // It was executed, and nobody can be asked.
    let build = behind.succeeds("run --fresh")["build"].clone();
    let executed = Fault::answer_to(SWAP, Ending::Reset);
    behind.proxy.inject(executed.and_refuse());
    behind.fails("swap");
    assert_eq!(behind.proxy.happened(), 3);
    behind.proxy.refuse(false).unwrap();
    let again = behind.succeeds("run --swap");
    assert_eq!(
        (&again["outcome"], &again["build"]),
        (&"already_live".into(), &build)
    );
    assert_eq!(behind.log().len(), 4);
    behind.check();
}

#[test]
fn a_slow_network_or_none_is_borne() {
    let behind = Behind::new(Target::postgres(Release::Packaged));
    behind.proxy.refuse(true).unwrap();
    behind.fails("run --swap");
    behind.proxy.refuse(false).unwrap();
    behind.proxy.delay(Duration::from_millis(5));
    behind.succeeds("run --swap");
    behind.proxy.delay(Duration::ZERO);
    behind.check();
}

#[test]
fn a_load_that_hangs_can_be_interrupted() {
    let behind = Behind::new(Target::postgres(Release::Packaged));
    let stall = Fault::behind(Direction::ToServer, 1, Ending::Stall);
    behind.proxy.inject(stall.once_sent("FORMAT binary"));
    let running = Running::start(&mut behind.bench.command("run --swap"));
    behind.proxy.wait_for_faults(1).unwrap();
    running.signal("INT");
    let interrupted = Instant::now();
    running.finish().fails_with(130);
    assert!(interrupted.elapsed() < Duration::from_secs(10));
    behind.proxy.end_all(Ending::Reset).unwrap();
    behind.succeeds("run --swap");
    behind.check();
}
