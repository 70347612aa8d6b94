//! Runs whose keys do not overlap are read one after another.

use super::super::{KeyRange, merge_to_one};
use super::*;

/// Shows states, and has none to combine.
struct NothingToCombine;

impl Algebra for NothingToCombine {
    fn combine(&mut self, _: &RecordBatch, _: &RecordBatch) -> Result<RecordBatch, GuestError> {
        panic!("no key is in two runs")
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        SumAndConcat.present(states)
    }

    fn renew(&mut self) -> Result<(), GuestError> {
        Ok(())
    }

    fn name_key(&self, key: &[u8]) -> String {
        SumAndConcat.name_key(key)
    }
}

/// A row for each number.
pub(super) fn numbered(numbers: impl Iterator<Item = i64>) -> BTreeMap<Key, State> {
    let row = |n| ((format!("{n:08}"), None), (Some(n), "x".into()));
    numbers.map(row).collect()
}

/// The files of the folder that this process has open.
fn open_in(folder: &Path) -> usize {
    let files = std::fs::read_dir("/proc/self/fd").expect("the open files");
    let files = files
        .flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok());
    files.filter(|file| file.starts_with(folder)).count()
}

#[test]
fn a_thousand_disjoint_runs_are_merged_without_a_pass_by_one_open_file_each_thread()
-> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    // The source has them in another order than that of their keys.
    let groups: Vec<_> = (0..1_000)
        .map(|run| 10 * (run * 7 % 1_000))
        .map(|first| vec![numbered(first..first + 10)])
        .collect();
    let options = options(32, 3, ByteSize::mib(1));
    let runs = write_runs(folder.path(), &groups, &options)?;
    let before = names(folder.path());
    for commutative in [false, true] {
        let descriptor = Descriptor {
            commutative,
            ..descriptor()
        };
        let cancel = CancellationToken::new();
        let (mut next, mut most_open) = (0, 0);
        let rows = plan(folder.path(), runs.clone(), &descriptor, &options, &cancel);
        let merged = merge_rows(rows, &|| Ok(Box::new(NothingToCombine)), |batch| {
            for sum in ints(&batch, 2) {
                assert_eq!(sum, Some(next));
                next += 1;
            }
            most_open = most_open.max(open_in(folder.path()));
            assert_eq!(names(folder.path()), before);
            Ok(())
        })?;
        assert_eq!((merged.rows, next), (10_000, 10_000));
        assert!((1..=7).contains(&most_open), "{most_open} are open");

        let one = plan(folder.path(), runs.clone(), &descriptor, &options, &cancel);
        let all = KeyRange::default();
        let one = merge_to_one(one, &all, folder.path(), "one", &mut NothingToCombine)?;
        let one = merge(folder.path(), one.into_iter().collect(), &options)?;
        assert_eq!((one.0.len(), one.1), (10_000, merged.digest));
        std::fs::remove_file(folder.path().join("one")).expect("the run");
    }
    Ok(())
}

#[test]
fn disjoint_runs_among_others_are_one_and_are_not_written_again() -> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    // Runs that overlap with all others, and more than all of these together in disjoint ones.
    let small = (0..40).map(|n| vec![numbered((n..50_000).step_by(5_000))]);
    let disjoint = (0..50).map(|run| vec![numbered(1_000 * run..1_000 * (run + 1))]);
    let groups: Vec<_> = small
        .clone()
        .take(20)
        .chain(disjoint)
        .chain(small.skip(20))
        .collect();
    let options = options(32, 2, ByteSize::mib(8));
    let runs = write_runs(folder.path(), &groups, &options)?;
    let before = names(folder.path());
    let descriptor = descriptor();
    let plan = plan(
        folder.path(),
        runs,
        &descriptor,
        &options,
        &CancellationToken::new(),
    );
    let (mut rows, mut written) = (0, BTreeSet::new());
    merge_rows(plan, &|| Ok(Box::new(SumAndConcat)), |batch| {
        rows += batch.num_rows();
        written.extend(names(folder.path()).difference(&before).cloned());
        Ok(())
    })?;
    assert_eq!(rows, 50_000);
    // Ten of 41 chains become one, so that 32 are left: ten of the small ones.
    assert_eq!(written, BTreeSet::from(["merge-1-0000000000.arrow".into()]));
    Ok(())
}

/// Groups of rows that mostly stay within a few keys each.
fn narrow_groups() -> impl Strategy<Value = Vec<Vec<BTreeMap<Key, State>>>> {
    let row = |first: i64| {
        let number = (first..first + 6).prop_map(|n| (format!("{n:04}"), None));
        (number, ((-9..9i64).prop_map(Some), Just("x".to_owned())))
    };
    let rows = (0..60i64).prop_flat_map(move |first| {
        proptest::collection::btree_map(row(first).0, row(first).1, 1..8)
    });
    proptest::collection::vec(proptest::collection::vec(rows, 0..2), 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rows_are_those_of_a_map_whichever_runs_are_disjoint(
        mut groups in narrow_groups(),
        commutative in prop::bool::ANY,
        fan_in in 2..6usize,
        workers in 1..4usize,
    ) {
        if !commutative {
            // Shows the order in which states were combined.
            let states = groups.iter_mut().flatten().flat_map(BTreeMap::values_mut);
            states.enumerate().for_each(|(number, state)| state.1 = format!("{number} "));
        }
        let descriptor = Descriptor { commutative, ..descriptor() };
        let options = options(fan_in, workers, ByteSize::mib(1));
        let folder = tempfile::tempdir().expect("a folder");
        let runs = write_runs(folder.path(), &groups, &options)?;
        let before = names(folder.path());
        let (found, _) = merge_as(&descriptor, folder.path(), runs, &options)?;
        prop_assert_eq!(found, model(&groups));
        prop_assert_eq!(names(folder.path()), before);
    }
}
