//! An archive of files.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use backfold_tests::workbench::Workbench;

use super::{Case, bench, file, provoke, provoke_by, record, set, works, works_planned_again};

pub(crate) const CASES: &[Case] = &[
    ("BF0202", no_such_path),
    ("BF0203", an_empty_archive),
    ("BF0204", nothing_in_the_range),
    ("BF0205", a_file_that_may_not_be_read),
    ("BF0206", a_name_that_is_no_text),
    ("BF0207", a_folder_within_itself),
    ("BF0208", no_pattern),
    ("BF0210", a_range_of_nothing),
    ("BF0211", an_object_that_changed),
    ("BF0212", an_object_that_vanished),
];

fn path(bench: &Workbench, path: &str) {
    set(bench, &format!("source.files.path = \"{path}\""));
}

fn no_such_path() {
    let bench = bench();
    path(&bench, "archiv");
    provoke(&bench, "run --swap", "BF0202");
    for right in ["archive", "archive/part-1.jsonl", "archive/**/*.jsonl"] {
        path(&bench, right);
        works(&bench);
    }
}

fn an_empty_archive() {
    let bench = bench();
    fs::create_dir(file(&bench, "other")).unwrap();
    fs::write(file(&bench, "other/_SUCCESS"), "").unwrap();
    path(&bench, "other");
    provoke(&bench, "run --swap", "BF0203");
    path(&bench, "archive");
    works(&bench);
}

fn nothing_in_the_range() {
    let bench = bench();
    let settings = "source.files.layout = \"hive\"\nsource.files.path = \"days\"";
    set(&bench, settings);
    let day = file(&bench, "days/dt=2026-01-01");
    fs::create_dir_all(&day).unwrap();
    fs::write(day.join("part-1.jsonl"), record("/a", 1)).unwrap();
    provoke(&bench, "run --swap --from 2026-02-01", "BF0204");
    bench.run("run --swap --from 2026-01-01").success();
}

/// The command as a user without the rights of root.
fn as_ordinary_user(bench: &Workbench, line: &str) -> Command {
    let command = bench.command(line);
    let id = Command::new("id").arg("-u").output().unwrap();
    let mut made = match id.stdout == b"0\n" {
        false => Command::new("env"),
        true => {
            let mut made = Command::new("setpriv");
            made.args(["--bounding-set", "-dac_override,-dac_read_search"]);
            made
        }
    };
    made.arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.path());
    made
}

fn a_file_that_may_not_be_read() {
    let bench = bench();
    let object = bench.archive().join("part-1.jsonl");
    let allow = |mode| fs::set_permissions(&object, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o000);
    provoke_by(
        &bench,
        &mut as_ordinary_user(&bench, "run --swap"),
        "BF0205",
    );
    allow(0o644);
    works(&bench);
}

fn a_name_that_is_no_text() {
    let bench = bench();
    let odd = bench.archive().join(OsStr::from_bytes(b"part-\xff.jsonl"));
    fs::write(&odd, record("/b", 1)).unwrap();
    provoke(&bench, "run --swap", "BF0206");
    path(&bench, "archive/part-1.jsonl");
    works(&bench);
    path(&bench, "archive");
    fs::rename(&odd, bench.archive().join("part-2.jsonl")).unwrap();
    works(&bench);
}

fn a_folder_within_itself() {
    let bench = bench();
    let (far, link) = (file(&bench, "far"), file(&bench, "far/up"));
    fs::create_dir(&far).unwrap();
    symlink(&far, bench.archive().join("far")).unwrap();
    symlink(&far, &link).unwrap();
    provoke(&bench, "run --swap", "BF0207");
    fs::remove_file(&link).unwrap();
    works(&bench);
}

fn no_pattern() {
    let bench = bench();
    path(&bench, "archive/part-[1.jsonl");
    provoke(&bench, "run --swap", "BF0208");
    path(&bench, "archive/part-{1,2}.jsonl");
    works(&bench);
}

fn a_range_of_nothing() {
    let bench = bench();
    set(
        &bench,
        "range = { from = \"2026-01-02\", to = \"2026-01-01\" }",
    );
    provoke(&bench, "run --swap", "BF0210");
    set(
        &bench,
        "range = { from = \"2026-01-01\", to = \"2026-01-02\" }",
    );
    works(&bench);
}

/// A build that is planned, and an object that is not there any more; it lies in the file `kept`.
fn planned() -> Workbench {
    let bench = bench();
    bench.run("plan").success();
    fs::rename(bench.archive().join("part-1.jsonl"), file(&bench, "kept")).unwrap();
    bench
}

/// Puts the object back that [`planned`] took away.
fn restore(bench: &Workbench) {
    fs::rename(file(bench, "kept"), bench.archive().join("part-1.jsonl")).unwrap();
}

fn an_object_that_changed() {
    let other = record("/other", 17);
    let bench = planned();
    bench.write_object("part-1.jsonl", &other).unwrap();
    provoke(&bench, "run --swap", "BF0211");
    restore(&bench);
    works(&bench);
    assert_eq!(bench.builds().len(), 1);

    let bench = planned();
    bench.write_object("part-1.jsonl", &other).unwrap();
    provoke(&bench, "run --swap", "BF0211");
    works_planned_again(&bench);
}

fn an_object_that_vanished() {
    let bench = planned();
    provoke(&bench, "run --swap", "BF0212");
    restore(&bench);
    works(&bench);
    assert_eq!(bench.builds().len(), 1);

    let bench = planned();
    bench.write_object("part-2.jsonl", record("/b", 1)).unwrap();
    provoke(&bench, "run --swap", "BF0212");
    works_planned_again(&bench);
}
