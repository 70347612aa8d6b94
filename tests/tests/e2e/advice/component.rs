//! Components that are none, that are wrong, or that break a law.

use std::fs;

use backfold_tests::components::{guest, raw};
use backfold_tests::process;
use backfold_tests::workbench::Workbench;

use super::{Case, about, amount, bench, exit_code, file, provoke, provoke_by, record, works};

pub(crate) const CASES: &[Case] = &[
    ("BF0401", no_such_component),
    ("BF0402", a_core_module),
    ("BF0403", another_world),
    ("BF0405", forbidden_imports),
    ("BF0409", a_wrong_descriptor),
    ("BF0410", parameters_that_are_refused),
    ("BF0411", a_trap),
    ("BF0415", an_error_as_answer),
    ("BF0416", an_answer_against_the_contract),
    ("BF0419", a_component_that_fails_on_many),
    ("BF0430", a_broken_law),
    ("BF0431", events_that_are_all_rejected),
    ("BF0432", a_file_that_is_no_case),
    ("BF0433", a_case_that_cannot_be_kept),
];

/// A component with this content is refused; once it is built as the page says, all is well.
fn rebuilt(content: Option<&[u8]>, code: &str) {
    let bench = bench();
    let path = file(&bench, "mine.wasm");
    if let Some(content) = content {
        fs::write(&path, content).unwrap();
    }
    bench.write_job(&path, "").unwrap();
    provoke(&bench, "run --swap", code);
    provoke_by(&bench, &mut about(&bench, "inspect", &path, ""), code);
    fs::copy(guest("page_days"), &path).unwrap();
    works(&bench);
}

fn no_such_component() {
    rebuilt(None, "BF0401");
}

fn a_core_module() {
    rebuilt(Some(&wat::parse_str("(module)").unwrap()), "BF0402");
}

fn another_world() {
    rebuilt(Some(&wat::parse_str("(component)").unwrap()), "BF0403");
}

fn forbidden_imports() {
    let imports = r#"(component (import "acme:db/sql@1.0.0" (instance (export "query" (func)))))"#;
    rebuilt(Some(&wat::parse_str(imports).unwrap()), "BF0405");
}

/// A job of the component that does as its parameters say, and two records.
fn raw_bench() -> Workbench {
    let bench = Workbench::new(&raw()).unwrap();
    let records = [amount("/a", 3), amount("/b", 4)];
    bench
        .write_object("part-1.jsonl", records.concat())
        .unwrap();
    bench
}

/// With these settings it fails; without them, which corrects it, all is well.
fn corrected(settings: &str, code: &str) {
    let bench = raw_bench();
    bench.write_job(&raw(), settings).unwrap();
    provoke(&bench, "run --swap", code);
    bench.write_job(&raw(), "").unwrap();
    works(&bench);
}

fn a_wrong_descriptor() {
    corrected("params.keys = \"page|page\"", "BF0409");
}

fn parameters_that_are_refused() {
    let bench = raw_bench();
    provoke(&bench, "run --swap -p refuse=no", "BF0410");
    works(&bench);
}

fn a_trap() {
    corrected("params = { in = \"present\", fault = \"trap\" }", "BF0411");
}

fn an_error_as_answer() {
    let bench = raw_bench();
    let fault = "params = { fault = \"error\", meets = \"4\" }";
    bench.write_job(&raw(), fault).unwrap();
    provoke(&bench, "run --swap", "BF0701");
    let again = bench.run("quarantine replay 1").success().stdout;
    assert!(again.contains("BF0415"), "{again}");
    bench.write_job(&raw(), "").unwrap();
    bench.run("run --only-quarantined --swap").success();
    assert_eq!(bench.rows().unwrap().len(), 2);
}

fn an_answer_against_the_contract() {
    corrected(
        "params = { in = \"present\", fault = \"more-rows\" }",
        "BF0416",
    );
}

fn a_component_that_fails_on_many() {
    let bench = raw_bench();
    let records: String = (0..400).map(|n| amount("/c", n)).collect();
    bench.write_object("part-3.jsonl", records).unwrap();
    let settings = "decode.batch_rows = 10\nfold.workers = 1";
    let fault = "params = { in = \"fold\", fault = \"trap\", rows = \"2\" }";
    bench
        .write_job(&raw(), &format!("{settings}\n{fault}"))
        .unwrap();
    provoke(&bench, "run --swap --trust-laws", "BF0419");
    bench.write_job(&raw(), settings).unwrap();
    let checked = process::run(&mut about(&bench, "check", &raw(), "--job job.toml"));
    checked.success();
    works(&bench);
}

fn a_broken_law() {
    let component = guest("lawless");
    let bench = Workbench::new(&component).unwrap();
    let object: String = (0..60)
        .map(|n| record(&format!("/{}", n % 3), 100 + n))
        .collect();
    bench.write_object("part-1.jsonl", object).unwrap();
    let settings = "params.breaks = \"associativity\"";
    bench.write_job(&component, settings).unwrap();
    let said = provoke(&bench, "run --swap", "BF0430");
    let kept = said.split('`').find(|word| word.ends_with(".json"));
    let kept = kept.unwrap_or_else(|| panic!("{said}"));
    let again = format!("--again {kept}");
    process::run(&mut about(&bench, "check", &component, &again)).fails_with(exit_code("BF0430"));
    bench.run("run --swap --trust-laws").success();
    // Corrected: the same case holds, and the test of a run.
    let again = format!("{again} -p breaks=nothing");
    process::run(&mut about(&bench, "check", &component, &again)).success();
    bench.write_job(&component, "").unwrap();
    works(&bench);
}

fn events_that_are_all_rejected() {
    let component = guest("trapping");
    let bench = Workbench::new(&component).unwrap();
    bench
        .write_object("part-1.jsonl", record("/a", -1))
        .unwrap();
    let check = || about(&bench, "check", &component, "--job job.toml");
    provoke_by(&bench, &mut check(), "BF0431");
    bench
        .write_object("part-2.jsonl", record("/a", 1).repeat(9))
        .unwrap();
    process::run(&mut check()).success();
}

fn a_file_that_is_no_case() {
    let bench = bench();
    let component = guest("lawless");
    let check = |line: &str| about(&bench, "check", &component, line);
    let broken = process::run(&mut check("--sample 500 -p breaks=cuts --save case.json"));
    broken.fails_with(exit_code("BF0430"));
    provoke_by(&bench, &mut check("--again job.toml"), "BF0432");
    process::run(&mut check("--again case.json -p breaks=nothing")).success();
}

fn a_case_that_cannot_be_kept() {
    let bench = bench();
    let check = |save: &str| {
        let line = format!("--sample 500 -p breaks=cuts --save {save}");
        about(&bench, "check", &guest("lawless"), &line)
    };
    provoke_by(&bench, &mut check("nowhere/case.json"), "BF0433");
    process::run(&mut check("case.json")).fails_with(exit_code("BF0430"));
    assert!(file(&bench, "case.json").exists());
}
