//! Merging in passes, where there are more chains than are merged at a time, and into one run.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::algebra::Algebra;
use super::chain::{Chain, Link};
use super::error::FoldError;
use super::key_range::KeyRange;
use super::merge::Merger;
use super::merge_plan::MergePlan;
use super::run::{RunFile, RunWriter, link_run};
use super::shape::MergeShape;
use crate::fault_point::around;

/// The files that a merge in passes writes, removed when this is dropped.
pub(super) struct Passing {
    folder: PathBuf,
    names: Vec<String>,
}

impl Passing {
    fn new(folder: PathBuf) -> Self {
        Passing {
            folder,
            names: Vec::new(),
        }
    }

    /// Removes those of `files` that the merge wrote.
    fn remove<'a>(&mut self, files: impl Iterator<Item = &'a RunFile>) {
        for file in files {
            if let Some(at) = self.names.iter().position(|name| *name == file.name) {
                remove(&self.folder, &self.names.swap_remove(at));
            }
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        for name in &self.names {
            remove(&self.folder, name);
        }
    }
}

fn remove(folder: &Path, name: &str) {
    let path = folder.join(name);
    if let Err(error) = around("remove a merged run", || std::fs::remove_file(&path)) {
        // The file takes room, and does no other harm; the next run of the build removes it.
        tracing::warn!(%error, "{} cannot be removed", path.display());
    }
}

/// Merges neighbours of `chains` within `range` until no more are left than `shape` merges at a time: as few of them as that
/// takes, and those that are the least to read. The files that it writes, whose names begin with `prefix`, are removed when
/// the [`Passing`] is dropped.
pub(super) fn merge_down(
    plan: &MergePlan<'_>,
    chains: &mut Vec<Chain>,
    range: &KeyRange,
    prefix: &str,
    shape: &MergeShape,
    algebra: &mut dyn Algebra,
) -> Result<Passing, FoldError> {
    let mut passing = Passing::new(plan.folder.to_owned());
    let mut pass = 0;
    while chains.len() > shape.fan_in {
        pass += 1;
        if plan.descriptor.commutative {
            chains.sort_by_key(Chain::all_bytes);
        }
        let bytes: Vec<usize> = chains.iter().map(Chain::all_bytes).collect();
        let merging = least_to_merge(&bytes, shape.fan_in);
        let mut merged = Vec::new();
        for (group, neighbours) in chains[merging.clone()].chunks(shape.fan_in).enumerate() {
            if let [alone] = neighbours {
                merged.push(alone.clone());
                continue;
            }
            let name = format!("{prefix}-{pass}-{group:010}.arrow");
            let into = (plan.folder, &*name);
            if let Some(run) = merge_group(plan, neighbours, range, into, shape, algebra)? {
                passing.names.push(name);
                merged.push(Chain::single(Link::of(plan.folder, run)?));
            }
            passing.remove(neighbours.iter().flat_map(Chain::runs));
        }
        chains.splice(merging, merged);
    }
    Ok(passing)
}

/// The neighbours to merge in a pass, in groups of `fan_in`, so that `fan_in` chains are left; all where one pass is not
/// enough. `bytes` are those of each chain.
fn least_to_merge(bytes: &[usize], fan_in: usize) -> Range<usize> {
    // A group of `n` leaves `n - 1` fewer.
    let excess = bytes.len().saturating_sub(fan_in);
    let groups = excess.div_ceil(fan_in - 1);
    let merging = (excess + groups).min(bytes.len());
    let of_all = |start: &usize| bytes[*start..start + merging].iter().sum::<usize>();
    let start = (0..=bytes.len() - merging).min_by_key(of_all).unwrap_or(0);
    start..start + merging
}

/// Merges all runs of `plan` within `range` into one: the file `name` in the folder `into`, which it may replace.
/// `None` where no run has a key there. Only while it merges are there files of its own in the folder of the runs; their
/// names begin with `name`.
///
/// The bytes of the run depend on the plan and the range alone. A single run of which nothing is left out is linked.
pub(crate) fn merge_to_one(
    mut plan: MergePlan<'_>,
    range: &KeyRange,
    into: &Path,
    name: &str,
    algebra: &mut dyn Algebra,
) -> Result<Option<RunFile>, FoldError> {
    plan.check_interrupted()?;
    let mut chains = plan.chains(range)?;
    if let [chain] = &*chains
        && let [only] = chain.links()
        && only.is_within(range)
    {
        return link_run(plan.folder, &only.run, into, name).map(Some);
    }
    let shape = plan.shape(&chains);
    let prefix = format!("{name}-merge");
    let _passing = merge_down(&plan, &mut chains, range, &prefix, &shape, algebra)?;
    merge_group(&plan, &chains, range, (into, name), &shape, algebra)
}

/// Merges chains into a file in a folder; `None` where no key of theirs is in the range.
fn merge_group(
    plan: &MergePlan<'_>,
    chains: &[Chain],
    range: &KeyRange,
    (folder, name): (&Path, &str),
    shape: &MergeShape,
    algebra: &mut dyn Algebra,
) -> Result<Option<RunFile>, FoldError> {
    let states = plan.descriptor.state_schema();
    let chains = plan.open(chains, shape)?;
    let mut writer = RunWriter::create(folder, name, &states, shape.batch_bytes)?;
    let mut merger = Merger::new(&chains, states, shape.gather_bytes);
    merger.merge(range, algebra, |merged, _| {
        plan.check_interrupted()?;
        writer.write(&merged.keys, &merged.states)
    })?;
    match writer.rows() {
        0 => Ok(None),
        _ => writer.finish().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_as_it_takes_and_the_smallest_neighbours_are_merged() {
        for (bytes, fan_in, merged) in [
            (&[9, 1, 1, 9][..], 4, 0..0),
            (&[9, 1, 1, 9], 3, 1..3),
            (&[1, 9, 1, 1, 5, 9], 4, 2..5),
            // In two groups of three, four are left.
            (&[9, 1, 1, 1, 1, 1, 1, 9], 4, 1..7),
            // One pass is not enough.
            (&[1; 9], 2, 0..9),
        ] {
            assert_eq!(least_to_merge(bytes, fan_in), merged, "{bytes:?}");
        }
        let left = |many: usize, fan_in: usize| {
            let merging = least_to_merge(&vec![1; many], fan_in).len();
            many - merging + merging.div_ceil(fan_in)
        };
        for (many, fan_in) in [(33, 32), (40, 32), (1_000, 32), (1_024, 32), (7, 4)] {
            assert_eq!(left(many, fan_in), fan_in, "{many} and {fan_in}");
        }
    }
}
