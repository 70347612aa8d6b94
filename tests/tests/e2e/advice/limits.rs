//! Components at their limits: the limit is raised, or the component corrected.

use backfold_tests::components::{guest, raw};
use backfold_tests::workbench::Workbench;
use serde_json::json;

use super::{Case, amount, bench, provoke, provoke_by, record, set, works};

pub(crate) const CASES: &[Case] = &[
    ("BF0404", a_large_file),
    ("BF0406", a_short_time_to_compile),
    ("BF0412", little_fuel),
    ("BF0413", little_memory),
    ("BF0414", a_large_answer),
    ("BF0421", a_long_call),
    ("BF0422", a_state_that_grows),
    ("BF0423", little_memory_to_compile),
    ("BF0424", a_drain_without_end),
    ("BF0425", little_address_space),
    ("BF0501", many_rejected),
];

/// The limit is raised, or left out.
fn raised(low: &str, code: &str) {
    let bench = bench();
    set(&bench, low);
    provoke(&bench, "run --swap", code);
    set(&bench, "");
    works(&bench);
}

fn a_large_file() {
    raised("limits.component = \"1 KiB\"", "BF0404");
}

fn a_short_time_to_compile() {
    raised("limits.compile_time = \"1ms\"", "BF0406");
}

fn little_memory_to_compile() {
    raised("limits.compile_memory = \"1 B\"", "BF0423");
}

fn little_fuel() {
    raised("limits.fuel_base = 1", "BF0412");
}

fn little_memory() {
    raised("limits.memory = \"64 KiB\"", "BF0413");
}

/// A job of the component that does as its parameters say.
fn raw_bench() -> Workbench {
    let bench = Workbench::new(&raw()).unwrap();
    bench.write_object("part-1.jsonl", amount("/a", 3)).unwrap();
    bench
}

fn a_large_answer() {
    raised("limits.answer = \"1 B\"", "BF0414");
}

fn a_long_call() {
    let bench = raw_bench();
    let settings = "params = { in = \"open\", fault = \"loop\" }\n\
        limits.call_time = \"50ms\"\nlimits.fuel_base = 1000000000000000";
    bench.write_job(&raw(), settings).unwrap();
    provoke(&bench, "run --swap", "BF0421");
    bench.write_job(&raw(), "").unwrap();
    works(&bench);
}

fn a_state_that_grows() {
    let component = guest("sized");
    let bench = Workbench::new(&component).unwrap();
    let line = json!({ "name": "n", "key_bytes": 1, "state_bytes": 400 });
    let object = format!("{line}\n").repeat(3);
    bench.write_object("part-1.jsonl", object).unwrap();
    let most = |bytes: u32| {
        let settings = format!("limits.state = \"{bytes} B\"");
        bench.write_job(&component, &settings).unwrap();
    };
    most(1000);
    provoke(&bench, "run --swap --trust-laws", "BF0422");
    most(1200);
    bench.run("run --swap --trust-laws").success();

    // Alone too large, a record is in the quarantine, and is folded by `run --fresh`.
    most(300);
    provoke(&bench, "run --swap --trust-laws", "BF0701");
    let listed = bench.run("quarantine list").success().stdout;
    assert!(listed.contains("3 rejected records"), "{listed}");
    most(1200);
    bench.run("run --swap --trust-laws --fresh").success();
}

fn a_drain_without_end() {
    let bench = raw_bench();
    let records: String = (0..64).map(|n| amount(&format!("/{n}"), 3)).collect();
    bench.write_object("part-1.jsonl", records).unwrap();
    let settings = "limits.memory = \"16 MiB\"\nfold.workers = 1";
    let fault = "params = { in = \"drain\", fault = \"endless\" }";
    bench
        .write_job(&raw(), &format!("{settings}\n{fault}"))
        .unwrap();
    provoke(&bench, "run --swap --trust-laws", "BF0424");
    bench.write_job(&raw(), settings).unwrap();
    works(&bench);
}

fn little_address_space() {
    let bench = bench();
    let limit = r#"ulimit -v 2000000; exec "$@""#;
    let said = provoke_by(&bench, &mut bench.prepared(limit, "run --swap"), "BF0425");
    assert!(said.contains("address space"), "{said}");
    works(&bench);
}

fn many_rejected() {
    let bench = bench();
    let object = record("/b", "soon").repeat(10);
    bench.write_object("part-2.jsonl", object).unwrap();
    let most = |most: u32| {
        let settings = format!("quarantine.stop_after = {most}\ngate.max_quarantined = 10");
        set(&bench, &settings);
    };
    // None at all is a limit too.
    for low in [0, 5] {
        most(low);
        provoke(&bench, "run --swap", "BF0501");
    }
    most(10);
    works(&bench);
}
