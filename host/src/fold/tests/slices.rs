//! Ranges of keys, merged from the parts of runs that may hold them.

use std::ops::Range;

use super::super::slice::{RunSlice, cut_ranges, range_between};
use super::super::{KeyRange, merge_to_one};
use super::disjoint::numbered;
use super::*;

/// Copies the parts of a run that a merge of `range` reads; the rest of the file is a hole.
fn copy(from: &Path, into: &Path, run: &RunFile, range: &KeyRange) -> Result<(), FoldError> {
    let bytes = std::fs::read(from.join(&run.name)).expect("the run");
    let slice = RunSlice::create(into, run)?;
    let copy = |part: Range<u64>| {
        let part_of_run = &bytes[part.start as usize..part.end as usize];
        slice.write(part.start, part_of_run)
    };
    copy(slice.tail())?;
    copy(slice.rest_of_footer()?)?;
    for outside in slice.outside()? {
        copy(outside)?;
    }
    copy(slice.batches(range)?)
}

#[test]
fn a_range_is_merged_from_the_parts_of_runs_that_may_hold_it() -> Result<(), FoldError> {
    let folder = tempfile::tempdir().expect("a folder");
    // Runs that follow each other, and others across all of them.
    let across = (0..3).map(|n| vec![numbered((n..60_000).step_by(7))]);
    let disjoint = (0..6).map(|run| vec![numbered(10_000 * run..10_000 * (run + 1))]);
    let groups: Vec<_> = disjoint.chain(across).collect();
    let options = options(4, 2, ByteSize::mib(8));
    let runs = write_runs(folder.path(), &groups, &options)?;
    let mut weights = Vec::new();
    for run in &runs {
        let copied = tempfile::tempdir().expect("a folder");
        let slice = RunSlice::create(copied.path(), run)?;
        let bytes = std::fs::read(folder.path().join(&run.name)).expect("the run");
        slice.write(0, &bytes)?;
        weights.extend(slice.weights(256)?);
    }
    let cuts = cut_ranges(weights, 5);
    assert_eq!(cuts.len(), 4);
    let (descriptor, cancel) = (descriptor(), CancellationToken::new());
    let merge = |from: &Path, into: &Path, range: &KeyRange, name: &str| {
        let plan = plan(from, runs.clone(), &descriptor, &options, &cancel);
        merge_to_one(plan, range, into, name, &mut SumAndConcat)
    };
    let mut rows = 0;
    for place in 0..=cuts.len() {
        let range = range_between(&cuts, place);
        let [parts, into] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        for run in &runs {
            copy(folder.path(), parts.path(), run, &range)?;
        }
        let whole = merge(folder.path(), into.path(), &range, "whole")?.expect("keys");
        let of_parts = merge(parts.path(), into.path(), &range, "parts")?.expect("keys");
        assert_eq!(of_parts.digest, whole.digest);
        rows += whole.rows;
    }
    assert_eq!(rows, 60_000);
    Ok(())
}
