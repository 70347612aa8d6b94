//! Memory and open files of a run stay within the limits of its job, whatever the keys and states; and what becomes
//! of keys and states over their limits.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use backfold_tests::components::guest;
use backfold_tests::process::{Finished, Running};
use backfold_tests::workbench::Workbench;
use rusqlite::types::Value;

const MIB: u64 = 1 << 20;

/// Records for the component `sized`: a name, the bytes of its key, the bytes of its state.
fn object(records: impl IntoIterator<Item = (String, usize, usize)>) -> String {
    let mut lines = String::new();
    for (name, key, state) in records {
        let record = format!(r#"{{"name":"{name}","key_bytes":{key},"state_bytes":{state}}}"#);
        writeln!(lines, "{record}").unwrap();
    }
    lines
}

/// The contents of an archive, from which the expected table follows.
struct Case {
    objects: usize,
    /// Names in an object; the next object has half of them too.
    names: usize,
    key_bytes: usize,
    state_bytes: usize,
    merge_fan_in: usize,
}

const BUDGET: u64 = 16 * MIB;
const WORKERS: u64 = 16;

/// The memory that an instance may have.
const INSTANCE: u64 = 16 * MIB;

/// The memory of an instance that merges, with the memory that the allocator keeps for its thread.
const MERGING: u64 = 8 * MIB;

impl Case {
    fn bench(&self) -> Workbench {
        let bench = Workbench::new(&guest("sized")).unwrap();
        for number in 0..self.objects {
            let names = (0..self.names).map(|i| number * self.names / 2 + i);
            let records =
                names.map(|name| (format!("{name:08}"), self.key_bytes, self.state_bytes));
            let key = format!("part-{number:05}.jsonl");
            bench.write_object(&key, object(records)).unwrap();
        }
        let settings = format!(
            "source.files.split_size = \"1 B\"\nlimits.memory = \"{} MiB\"\n[fold]\nworkers = {WORKERS}\n\
             checkpoint_interval = \"0s\"\nstate_budget = \"{} MiB\"\nmerge_fan_in = {}",
            INSTANCE / MIB,
            BUDGET / MIB,
            self.merge_fan_in
        );
        bench.write_job(&guest("sized"), &settings).unwrap();
        bench
    }

    /// Fails where the table is another one than that of the records.
    fn check_table(&self, bench: &Workbench) {
        let sums =
            "SELECT count(*), sum(records), sum(length(name)), sum(length(filler)) FROM page_days";
        let found: [i64; 4] = bench
            .reader()
            .unwrap()
            .query_row(sums, (), |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
            })
            .unwrap();
        let rows = (self.objects - 1) * (self.names / 2) + self.names;
        let records = self.objects * self.names;
        let key_bytes = rows * (16 + self.key_bytes);
        let expected = [rows, records, key_bytes, records * self.state_bytes];
        assert_eq!(found, expected.map(|number| number as i64));
    }
}

/// Runs such a command in a process that may have 256 files open, and tells the most memory that it took.
fn measured(bench: &Workbench, line: &str) -> (Finished, u64) {
    let command = bench.command(line);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 256; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.path());
    Running::start(&mut shell).finish_measured()
}

#[test]
fn memory_and_open_files_are_bounded_whatever_the_keys_and_states() {
    let least = Case {
        objects: 1,
        names: 2,
        key_bytes: 1,
        state_bytes: 1,
        merge_fan_in: 64,
    };
    let bench = least.bench();
    let (folded, fold_base) = measured(&bench, "run --only-fold");
    folded.success();
    let (merged, merge_base) = measured(&bench, "run --swap");
    merged.success();
    least.check_table(&bench);

    for (what, case) in [
        (
            "long keys",
            Case {
                objects: 60,
                names: 80,
                key_bytes: 8_000,
                state_bytes: 8,
                ..least
            },
        ),
        (
            "large states",
            Case {
                objects: 60,
                names: 16,
                key_bytes: 8,
                state_bytes: 40_000,
                ..least
            },
        ),
        (
            "many runs",
            Case {
                objects: 150,
                names: 60,
                key_bytes: 100,
                state_bytes: 100,
                merge_fan_in: 16,
            },
        ),
    ] {
        let bench = case.bench();
        let (folded, fold_peak) = measured(&bench, "run --only-fold");
        folded.success();
        let (merged, merge_peak) = measured(&bench, "run --swap");
        merged.success();
        case.check_table(&bench);
        let fold = fold_peak.saturating_sub(fold_base);
        let merge = merge_peak.saturating_sub(merge_base);
        println!(
            "{what}: over {} and {} MiB of a job with one object, {} MiB to fold and {} MiB to merge",
            fold_base / MIB,
            merge_base / MIB,
            fold / MIB,
            merge / MIB
        );
        assert!(
            fold <= 2 * BUDGET + WORKERS * 2 * INSTANCE,
            "{what}: {} MiB",
            fold / MIB
        );
        assert!(
            merge <= 2 * BUDGET + WORKERS * MERGING,
            "{what}: {} MiB",
            merge / MIB
        );
        let build = bench.builds().pop().unwrap();
        let left = fs::read_dir(build.join("runs")).unwrap();
        let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(left.into_iter().all(|name| !name.starts_with("merge-")));
    }
}

/// The records, some of whose keys and states are over their limits; those are quarantined.
fn with_large_ones() -> [Vec<(String, usize, usize)>; 2] {
    let record = |i: usize| {
        let (key, state) = match i {
            7 | 90 => (201, 1),
            8 => (150_000, 1),
            40 | 99 => (1, 1_001),
            _ => (i % 80, 50),
        };
        (format!("n{}", i % 30), key, state)
    };
    [
        (0..70).map(record).collect(),
        (70..140).map(record).collect(),
    ]
}

#[test]
fn records_of_large_keys_and_states_are_quarantined_and_the_others_count_however_they_are_cut() {
    let mut digests = Vec::new();
    for (workers, batch_rows, window) in [(1, 1, 1), (1, 7, 4), (2, 1_000, 16)] {
        let bench = Workbench::new(&guest("sized")).unwrap();
        for (number, records) in with_large_ones().into_iter().enumerate() {
            let key = format!("part-{number}.jsonl");
            bench.write_object(&key, object(records)).unwrap();
        }
        let settings = format!(
            "limits.key = \"200 B\"\nlimits.state = \"1000 B\"\ngate.max_quarantined = 5\n\
             decode.batch_rows = {batch_rows}\nfold.workers = {workers}\nfold.window_batches = {window}"
        );
        bench.write_job(&guest("sized"), &settings).unwrap();
        let ran = bench.run("run --swap --output json").success();
        digests.push(ran.json()["result"]["loaded"]["digest"].clone());
        let records: i64 = bench
            .rows()
            .unwrap()
            .iter()
            .map(|row| match row[1] {
                Value::Integer(records) => records,
                _ => panic!("{row:?}"),
            })
            .sum();
        assert_eq!(records, 135);
        let listed = bench.run("quarantine list --output json").success().json();
        let found = listed["result"]["records"].as_array().unwrap();
        let found = found.iter().map(|one| {
            let number = |value: &serde_json::Value| value.as_i64().unwrap();
            let columns = &one["columns"];
            let sizes = [&columns["key_bytes"], &columns["state_bytes"]].map(number);
            assert_eq!(one["failure"]["kind"], "too_large");
            (
                one["source"].as_str().unwrap(),
                number(&one["offset"]),
                sizes,
            )
        });
        let expected = [
            ("part-0.jsonl", 7, [201, 1]),
            ("part-0.jsonl", 8, [150_000, 1]),
            ("part-0.jsonl", 40, [1, 1_001]),
            ("part-1.jsonl", 20, [201, 1]),
            ("part-1.jsonl", 29, [1, 1_001]),
        ];
        let mut found: Vec<_> = found.collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }
    assert!(
        digests.windows(2).all(|pair| pair[0] == pair[1]),
        "{digests:?}"
    );
}

#[test]
fn a_state_that_many_records_make_too_large_is_told_with_its_key_at_each_run() {
    for (batch_rows, window) in [(1, 1), (10, 3), (1_000, 16)] {
        let bench = Workbench::new(&guest("sized")).unwrap();
        let records = (0..90).map(|i| {
            (
                format!("n{}", i % 30),
                1,
                if i % 30 == 17 { 400 } else { 1 },
            )
        });
        bench.write_object("part.jsonl", object(records)).unwrap();
        let settings = |state: &str| {
            format!(
                "limits.state = \"{state}\"\ndecode.batch_rows = {batch_rows}\n\
                 fold.workers = 1\nfold.window_batches = {window}"
            )
        };
        bench
            .write_job(&guest("sized"), &settings("1000 B"))
            .unwrap();
        for _ in 0..2 {
            let said = bench.refuses("run --swap --trust-laws", 42, "BF0422");
            assert!(said.contains("name \"n17kn17\""), "{said}");
            assert!(said.contains("`limits.state` is 1000 B"), "{said}");
        }
        bench
            .write_job(&guest("sized"), &settings("1200 B"))
            .unwrap();
        bench.run("run --swap --trust-laws").success();
        assert_eq!(bench.rows().unwrap().len(), 30);
    }
}
