//! Runs merged into one, by ranges of keys.

use std::os::unix::fs::MetadataExt;

use super::super::{KeyRange, merge_to_one, verify_run};
use super::*;

/// The ranges between these keys, and before and after them.
fn ranges(cuts: BTreeSet<Vec<u8>>) -> Vec<KeyRange> {
    let starts = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
    let ends = cuts.iter().cloned().map(Some);
    let ends = ends.chain(std::iter::once(None));
    let range = |(from, until)| KeyRange { from, until };
    starts.zip(ends).map(range).collect()
}

/// Merges the runs within the range into the file `name`.
fn to_one(
    folder: &Path,
    runs: &[RunFile],
    options: &FoldOptions,
    range: &KeyRange,
    (into, name): (&Path, &str),
) -> Result<Option<RunFile>, FoldError> {
    let (descriptor, cancel) = (descriptor(), CancellationToken::new());
    let plan = plan(folder, runs.to_vec(), &descriptor, options, &cancel);
    merge_to_one(plan, range, into, name, &mut SumAndConcat)
}

/// Some bytes of the beginnings of encoded keys.
fn beginning() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop::sample::select(vec![0, 1, 2, b'a', b'b', 0xc3]);
    proptest::collection::vec(byte, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn runs_of_ranges_hold_what_the_runs_held(
        groups in groups(),
        cuts in proptest::collection::btree_set(beginning(), 0..4),
        fan_in in 2..6usize,
    ) {
        let options = options(fan_in, 2, ByteSize::mib(1));
        let [from, into] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let runs = write_runs(from.path(), &groups, &options)?;
        let before = names(from.path());
        let mut merged = Vec::new();
        for (number, range) in ranges(cuts).iter().enumerate() {
            let (name, again) = (format!("{number:04}"), format!("{number:04}-again"));
            let run = to_one(from.path(), &runs, &options, range, (into.path(), &name))?;
            let twin = to_one(from.path(), &runs, &options, range, (into.path(), &again))?;
            prop_assert_eq!(names(from.path()), before.clone());
            prop_assert_eq!(run.as_ref().map(|run| &run.digest), twin.as_ref().map(|run| &run.digest));
            prop_assert_eq!(into.path().join(&name).exists(), run.is_some());
            for run in run.iter().chain(&twin) {
                verify_run(into.path(), run)?;
            }
            merged.extend(run);
        }
        let (found, digest) = merge(into.path(), merged, &options)?;
        prop_assert_eq!(&found, &model(&groups));
        prop_assert_eq!(digest, merge(from.path(), runs, &options)?.1);
    }
}

/// A run that holds the keys from 0 to 99.
fn hundred(folder: &Path, options: &FoldOptions) -> Result<RunFile, FoldError> {
    let row = |n| ((format!("{n:02}"), None), (Some(n), "x".into()));
    let mut runs = write_runs(folder, &[vec![(0..100).map(row).collect()]], options)?;
    Ok(runs.remove(0))
}

#[test]
fn a_single_run_is_linked_where_nothing_is_left_out_of_it() -> Result<(), FoldError> {
    let options = options(2, 1, ByteSize::mib(1));
    let [from, into] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let run = hundred(from.path(), &options)?;
    let inode = |folder: &Path, name: &str| {
        let file = std::fs::metadata(folder.join(name)).expect("a file");
        (file.dev(), file.ino())
    };
    let runs = std::slice::from_ref(&run);
    let one =
        |range: &KeyRange, into, name| to_one(from.path(), runs, &options, range, (into, name));

    let all = KeyRange::default();
    std::fs::write(into.path().join("one"), "of an attempt that was killed").expect("a file");
    for folder in [into.path(), from.path(), into.path()] {
        let linked = one(&all, folder, "one")?.expect("a run");
        assert_eq!((&*linked.name, &linked.digest), ("one", &run.digest));
        assert_eq!(inode(folder, "one"), inode(from.path(), &run.name));
    }
    assert_eq!(one(&all, from.path(), &run.name)?.as_ref(), Some(&run));
    verify_run(from.path(), &run)?;

    let after = |from: &[u8]| KeyRange {
        from: Some(from.to_vec()),
        until: None,
    };
    let codec = KeyCodec::of(&descriptor().key_schema())?;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["90"])),
        Arc::new(Int64Array::from(vec![None])),
    ];
    let key = RecordBatch::try_new(descriptor().key_schema(), columns)?;
    let key = codec.encode(&key)?;
    let rest = one(&after(key.row(0).data()), into.path(), "rest")?.expect("a run");
    assert_eq!(rest.rows, 10);
    assert_ne!(inode(into.path(), "rest"), inode(from.path(), &run.name));

    let before = names(into.path());
    assert_eq!(one(&after(b"\xff"), into.path(), "none")?, None);
    assert_eq!(names(into.path()), before);
    Ok(())
}

#[test]
fn a_merge_to_one_run_can_be_stopped_and_leaves_nothing() -> Result<(), FoldError> {
    let (options, descriptor) = (options(2, 1, ByteSize::mib(1)), descriptor());
    let row = |n: i64| ((format!("{n:06}"), None), (Some(n), "x".into()));
    let groups = vec![vec![(0..20_000).map(row).collect()]; 5];
    let [from, into] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let runs = write_runs(from.path(), &groups, &options)?;
    let before = names(from.path());
    for combined in [1, 7, 12] {
        let cancel = CancellationToken::new();
        let plan = plan(from.path(), runs.clone(), &descriptor, &options, &cancel);
        let mut algebra = Cancelling(cancel.clone(), combined);
        let all = KeyRange::default();
        let stopped = merge_to_one(plan, &all, into.path(), "one", &mut algebra);
        assert!(
            matches!(stopped, Err(FoldError::Interrupted)),
            "{stopped:?}"
        );
        assert_eq!(names(from.path()), before);
        assert_eq!(names(into.path()), BTreeSet::new());
    }
    Ok(())
}
