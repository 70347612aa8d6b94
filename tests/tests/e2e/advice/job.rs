//! The command line and the job file.

use std::fs;

use backfold_tests::components::{clicks, raw, root};
use backfold_tests::process;
use backfold_tests::workbench::Workbench;

use super::{Case, amount, bench, example, exit_code, file, live, provoke, provoke_by, set, works};

pub(crate) const CASES: &[Case] = &[
    ("BF0001", a_flag_with_a_slip),
    ("BF0002", no_such_job),
    ("BF0003", no_toml),
    ("BF0004", an_unknown_key),
    ("BF0005", a_missing_key),
    ("BF0006", a_value_that_cannot_be),
    ("BF0007", no_target),
    ("BF0008", a_name_that_cannot_be),
    ("BF0009", output_that_cannot_be_written),
    ("BF0010", no_such_code),
    ("BF0011", a_range_without_times),
    ("BF0012", a_flag_of_another_source),
    ("BF0013", an_input_that_there_is_not),
    ("BF0014", a_drift_that_there_is_not),
];

fn a_flag_with_a_slip() {
    let bench = bench();
    provoke(&bench, "run --wokers 2", "BF0001");
    let help = process::run(process::backfold().args(["run", "--help"])).success();
    assert!(help.stdout.contains("--workers"), "{}", help.stdout);
    bench.run("run --workers 2").success();
}

fn no_such_job() {
    let bench = bench();
    provoke(&bench, "plan jobs/job.toml", "BF0002");
    bench.run("plan job.toml").success();
}

/// Changes the text of the job, sees that this is refused, and takes it back.
fn change(from: &str, to: &str, code: &str) -> String {
    let bench = bench();
    let text = fs::read_to_string(bench.job()).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(bench.job(), text.replacen(from, to, 1)).unwrap();
    let said = provoke(&bench, "run --swap", code);
    fs::write(bench.job(), text).unwrap();
    works(&bench);
    said
}

fn no_toml() {
    let said = change("table = \"page_days\"", "table = page_days", "BF0003");
    assert!(said.contains("job.toml:"), "{said}");
}

fn an_unknown_key() {
    let said = change("table =", "tabel =", "BF0004");
    assert!(said.contains("did you mean `table`?"), "{said}");
}

fn a_missing_key() {
    change("table = \"page_days\"", "", "BF0005");
    // The job that the page shows works.
    let bench = bench();
    fs::copy(clicks(), file(&bench, "clicks.wasm")).unwrap();
    let events = root().join("examples/clicks/events.jsonl");
    fs::remove_file(bench.archive().join("part-1.jsonl")).unwrap();
    fs::copy(events, bench.archive().join("events.jsonl")).unwrap();
    fs::write(bench.job(), example("BF0005")).unwrap();
    bench.run("plan").success();
}

fn a_value_that_cannot_be() {
    let bench = bench();
    let settings = |zero: &str| format!("fold.state_budget = \"{zero}\"");
    set(&bench, &settings("0 MiB"));
    let said = provoke(&bench, "run --swap", "BF0006");
    assert!(said.contains("`fold.state_budget`"), "{said}");
    set(&bench, &settings("64 MiB"));
    works(&bench);
    // Where it was set: a flag.
    provoke(&bench, "run --workers 0", "BF0006");
    bench.run("run --workers 1").success();
}

fn no_target() {
    let said = change(
        "[target.sqlite]\npath = \"tables.db\"\n",
        "[target]\n",
        "BF0007",
    );
    assert!(said.contains("[target.sqlite]"), "{said}");
}

fn a_name_that_cannot_be() {
    let bench = bench();
    set(&bench, "table = \"2nd\"");
    provoke(&bench, "run", "BF0008");
    set(&bench, "table = \"second\"");
    bench.run("run --swap").success();
}

fn output_that_cannot_be_written() {
    let bench = live();
    let mut full = bench.prepared(r#"exec "$@" > /dev/full"#, "status");
    let failed = process::run(&mut full).fails_with(exit_code("BF0009"));
    assert!(failed.stderr.contains("BF0009"), "{}", failed.stderr);
    bench.run("status").success();
}

fn no_such_code() {
    let bench = bench();
    let explain = |code: &[&str]| {
        let mut command = process::backfold();
        command.arg("explain").args(code);
        command
    };
    provoke_by(&bench, &mut explain(&["BF9999"]), "BF0010");
    let all = process::run(&mut explain(&[])).success().stdout;
    let code = all.split_whitespace().find(|word| word.starts_with("BF"));
    let page = process::run(&mut explain(&[code.unwrap()])).success();
    assert!(page.stdout.contains("What to do"), "{}", page.stdout);
}

fn a_range_without_times() {
    let bench = Workbench::new(&raw()).unwrap();
    bench.write_object("part-1.jsonl", amount("/a", 3)).unwrap();
    provoke(&bench, "run --swap --from 2026-01-01", "BF0011");
    works(&bench);
}

fn a_flag_of_another_source() {
    let bench = bench();
    provoke(&bench, "plan --skip-archived", "BF0012");
    bench.run("plan").success();
}

fn an_input_that_there_is_not() {
    let bench = bench();
    set(&bench, "gate.allow_absent = [\"pagee\"]");
    let said = provoke(&bench, "run --swap", "BF0013");
    assert!(said.contains("`pagee`"), "{said}");
    bench.run("inspect job.toml").success();
    set(&bench, "gate.allow_absent = []");
    works(&bench);
}

fn a_drift_that_there_is_not() {
    let bench = bench();
    for limit in ["veiws.sum = 0.1", "page.nulls = 0"] {
        set(&bench, &format!("gate.drift.{limit}"));
        provoke(&bench, "run --swap", "BF0014");
    }
    let columns = bench.run("inspect job.toml").success().stdout;
    assert!(columns.contains("views"), "{columns}");
    set(&bench, "gate.drift.views.sum = 0.1");
    works(&bench);
}
