//! The gate, swaps, rollbacks and what is live.

use backfold_tests::workbench::Workbench;
use backfold_tests::{fault, process};
use rusqlite::Connection;

use super::{Case, bench, build_of, live, provoke, record, result, set, works};

pub(crate) const CASES: &[Case] = &[
    ("BF0701", a_gate_that_refuses),
    ("BF0702", nothing_before),
    ("BF0703", what_was_before_is_gone),
    ("BF0704", what_is_live_already),
    ("BF0706", no_finished_build),
    ("BF0707", nothing_live),
    ("BF0709", what_was_taken_back),
    ("BF0710", another_build_since_the_comparison),
    ("BF0715", options_that_do_not_fit),
    ("BF0716", keys_that_cannot_be_written),
    ("BF0720", a_hook_that_refuses),
    ("BF0721", a_hook_that_fails_afterwards),
    ("BF0722", a_rehearsal_without_yes),
    ("BF0724", a_rehearsal_that_was_not_swapped_back),
    ("BF0726", a_build_that_another_needs),
];

fn a_gate_that_refuses() {
    let spoiled = || {
        let bench = live();
        let object = record("/b", "soon");
        bench.write_object("part-2.jsonl", object).unwrap();
        provoke(&bench, "run --swap", "BF0701");
        bench.run("quarantine list").success();
        bench.run("diff").success();
        bench
    };
    // The limits are mended: nothing is built twice.
    let bench = spoiled();
    set(&bench, "gate.max_quarantined = 1");
    works(&bench);
    assert_eq!(bench.builds().len(), 2);
    // The input is mended.
    let bench = spoiled();
    bench.write_object("part-2.jsonl", record("/b", 2)).unwrap();
    works(&bench);
    assert_eq!(bench.rows().unwrap().len(), 2);
}

fn nothing_before() {
    let bench = live();
    provoke(&bench, "rollback", "BF0702");
    bench.run("log").success();
    let other = build_of(&result(&bench, "run --fresh"));
    bench.run(&format!("swap job.toml {other}")).success();
    bench.run("rollback").success();
}

/// Drops the table of a build by hand.
fn drop_table(bench: &Workbench, result: &serde_json::Value) {
    let drop = format!("DROP TABLE \"{}\"", result["shadow"].as_str().unwrap());
    let other = Connection::open(bench.database()).unwrap();
    other.execute_batch(&drop).unwrap();
}

fn what_was_before_is_gone() {
    let bench = bench();
    let first = result(&bench, "run --swap");
    let kept = build_of(&result(&bench, "run --fresh"));
    bench.run("run --fresh --swap").success();
    drop_table(&bench, &first);
    provoke(&bench, "rollback", "BF0703");
    bench
        .run(&format!("swap job.toml {kept} --expect 2"))
        .success();
}

fn what_is_live_already() {
    let bench = bench();
    let build = build_of(&result(&bench, "run --swap"));
    provoke(&bench, &format!("swap job.toml {build}"), "BF0704");
    assert_eq!(build_of(&result(&bench, "log")[0]), build);
}

fn no_finished_build() {
    let bench = bench();
    bench.run("plan").success();
    for line in ["swap", "diff"] {
        provoke(&bench, line, "BF0706");
    }
    bench.run("status").success();
    bench.run("run").success();
    bench.run("swap").success();
}

fn nothing_live() {
    let bench = bench();
    bench.run("run").success();
    provoke(&bench, "handoff", "BF0707");
    bench.run("swap").success();
    bench.run("handoff").success();
}

fn what_was_taken_back() {
    let taken_back = || {
        let bench = live();
        bench.write_object("part-2.jsonl", record("/b", 2)).unwrap();
        let build = build_of(&result(&bench, "run --swap"));
        bench.run("rollback").success();
        provoke(&bench, "run --swap", "BF0709");
        (bench, build)
    };
    let (bench, build) = taken_back();
    bench.run(&format!("swap job.toml {build}")).success();
    // Or the input is corrected.
    let (bench, _) = taken_back();
    bench.write_object("part-2.jsonl", record("/b", 3)).unwrap();
    works(&bench);
    assert_eq!(bench.rows().unwrap().len(), 2);
}

fn another_build_since_the_comparison() {
    let bench = live();
    bench.write_object("part-2.jsonl", record("/b", 2)).unwrap();
    let first = build_of(&result(&bench, "run"));
    bench.write_object("part-3.jsonl", record("/c", 3)).unwrap();
    works(&bench);
    let swap = format!("swap job.toml {first}");
    provoke(&bench, &swap, "BF0710");
    let version = &result(&bench, "log")[0]["version"];
    bench.run(&format!("diff job.toml {first}")).success();
    bench.run(&format!("{swap} --expect {version}")).success();
}

fn options_that_do_not_fit() {
    let bench = live();
    for (option, corrected) in [
        ("--where pgae=/a", "--where page=/a"),
        ("--tolerance page=1", "--tolerance views=1"),
        ("--keys keys", "--keys keys.jsonl"),
    ] {
        provoke(&bench, &format!("diff {option}"), "BF0715");
        bench.run(&format!("diff {corrected}")).success();
    }
}

fn keys_that_cannot_be_written() {
    let bench = live();
    provoke(&bench, "diff --keys keys/new.jsonl", "BF0716");
    std::fs::create_dir(bench.path().join("keys")).unwrap();
    bench.run("diff --keys keys/new.jsonl").success();
    assert!(bench.path().join("keys/new.jsonl").exists());
}

/// A live table, and another build that is ready.
fn ready() -> (Workbench, String) {
    let bench = live();
    bench.write_object("part-2.jsonl", record("/b", 2)).unwrap();
    let build = build_of(&result(&bench, "run"));
    (bench, build)
}

fn a_hook_that_refuses() {
    let (bench, build) = ready();
    set(&bench, "hooks.before_swap = [\"test\", \"-e\", \"agreed\"]");
    provoke(&bench, "swap", "BF0720");
    std::fs::write(bench.path().join("agreed"), "").unwrap();
    assert_eq!(build_of(&result(&bench, "swap")), build);
    // Or it cannot be started.
    let (bench, build) = ready();
    set(&bench, "hooks.before_swap = [\"tru\"]");
    provoke(&bench, "run --swap", "BF0720");
    set(&bench, "hooks.before_swap = [\"true\"]");
    assert_eq!(build_of(&result(&bench, "run --swap")), build);
    // Or it needs more time.
    let (bench, build) = ready();
    set(
        &bench,
        "hooks = { before_swap = [\"sleep\", \"1\"], timeout = \"200ms\" }",
    );
    provoke(&bench, "swap", "BF0720");
    set(&bench, "hooks = { before_swap = [\"sleep\", \"1\"] }");
    assert_eq!(build_of(&result(&bench, "swap")), build);
}

fn a_hook_that_fails_afterwards() {
    let (bench, build) = ready();
    set(&bench, "hooks.after_swap = [\"false\"]");
    let finished = bench.run("swap --output json").fails_with(1);
    assert_eq!(finished.json()["error"]["code"], "BF0721");
    provoke(&bench, &format!("swap job.toml {build}"), "BF0704");
    set(&bench, "hooks.after_swap = [\"true\"]");
    bench.run("rollback").success();
    assert_eq!(bench.rows().unwrap().len(), 1);
}

fn a_rehearsal_without_yes() {
    let (bench, _) = ready();
    provoke(&bench, "rehearse", "BF0722");
    bench.run("diff").success();
    bench.run("rehearse --yes").success();
}

fn a_rehearsal_that_was_not_swapped_back() {
    let (bench, build) = ready();
    let mut rehearse = bench.command("rehearse --yes");
    fault::cause(&mut rehearse, "abort", "1 before swap a rehearsal back");
    assert_eq!(process::run(&mut rehearse).code(), None);
    assert_eq!(build_of(&result(&bench, "log")[0]), build);
    provoke(&bench, "rehearse --yes", "BF0724");
    bench.run("rollback").success();
    assert_eq!(bench.rows().unwrap().len(), 1);
    bench.run("rehearse --yes").success();
    // Or swapping back fails.
    let mut rehearse = bench.command("rehearse --yes");
    fault::cause(&mut rehearse, "fail", "1 before swap a rehearsal back");
    let failed = process::run(rehearse.args(["--output", "json"])).fails_with(1);
    assert_eq!(failed.json()["error"]["code"], "BF0724");
    bench.run("rollback").success();
    assert_eq!(bench.rows().unwrap().len(), 1);
}

fn a_build_that_another_needs() {
    let needed = || {
        let bench = bench();
        set(&bench, "gate.max_quarantined = 1");
        let object = record("/b", "soon");
        bench.write_object("part-2.jsonl", object).unwrap();
        let base = build_of(&result(&bench, "run"));
        let mut going_on = bench.command("run --only-quarantined --fresh");
        fault::cause(&mut going_on, "abort", "2 before append a line");
        assert_eq!(process::run(&mut going_on).code(), None);
        provoke(&bench, &format!("abort job.toml {base}"), "BF0726");
        (bench, base)
    };
    let (bench, base) = needed();
    let unfinished = bench.builds().pop().unwrap();
    let unfinished = unfinished.file_name().unwrap().to_str().unwrap().to_owned();
    bench.run(&format!("abort job.toml {unfinished}")).success();
    bench.run(&format!("abort job.toml {base}")).success();
    let (bench, base) = needed();
    bench.run("run --only-quarantined").success();
    bench.run(&format!("abort job.toml {base}")).success();
}
