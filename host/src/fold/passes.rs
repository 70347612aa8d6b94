//! Merging in passes, where there are more runs than are merged at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::algebra::Algebra;
use super::cursor::KeyRange;
use super::error::FoldError;
use super::merge::Merger;
use super::merge_plan::MergePlan;
use super::reader::RunReader;
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
    fn remove(&mut self, files: &[RunFile]) {
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

/// Merges neighbouring runs of `plan` within `range` until no more are left than `shape` merges at a time, and as few of
/// them as that takes. `plan` then names the files that it writes, whose names begin with `prefix`; they are removed when
/// the [`Passing`] is dropped.
pub(super) fn merge_down(
    plan: &mut MergePlan<'_>,
    range: &KeyRange,
    prefix: &str,
    shape: &MergeShape,
    algebra: &mut dyn Algebra,
) -> Result<Passing, FoldError> {
    let mut passing = Passing::new(plan.folder.to_owned());
    let mut pass = 0;
    while plan.runs.len() > shape.fan_in {
        pass += 1;
        let mut left = std::mem::take(&mut plan.runs).into_iter();
        let mut merged = Vec::new();
        for group in 0.. {
            // Merging `n` runs leaves `n - 1` fewer.
            let excess = (merged.len() + left.len()).saturating_sub(shape.fan_in);
            let most = shape.fan_in.min(excess + 1);
            let neighbours: Vec<RunFile> = left.by_ref().take(most).collect();
            if neighbours.len() < 2 {
                merged.extend(neighbours);
                merged.extend(left);
                break;
            }
            let name = format!("{prefix}-{pass}-{group:010}.arrow");
            let into = (plan.folder, &*name);
            if let Some(run) = merge_group(plan, &neighbours, range, into, shape, algebra)? {
                merged.push(run);
                passing.names.push(name);
            }
            passing.remove(&neighbours);
        }
        plan.runs = merged;
    }
    Ok(passing)
}

/// Merges all runs of `plan` within `range` into one: the file `name` in the folder `into`, which it may replace.
/// `None` where no run has a key there. Only while it merges are there files of its own in the folder of the runs; their
/// names begin with `name`.
///
/// The bytes of the run depend on the plan and the range alone. One run of which nothing is left out is linked.
pub(crate) fn merge_to_one(
    mut plan: MergePlan<'_>,
    range: &KeyRange,
    into: &Path,
    name: &str,
    algebra: &mut dyn Algebra,
) -> Result<Option<RunFile>, FoldError> {
    plan.check_interrupted()?;
    plan.runs.retain(|run| run.rows > 0);
    if let [run] = &*plan.runs
        && range.holds_all()
    {
        return link_run(plan.folder, run, into, name).map(Some);
    }
    let shape = plan.shape()?;
    let prefix = format!("{name}-merge");
    let _passing = merge_down(&mut plan, range, &prefix, &shape, algebra)?;
    merge_group(&plan, &plan.runs, range, (into, name), &shape, algebra)
}

/// Merges runs into a file in a folder; `None` where no key of theirs is in the range.
fn merge_group(
    plan: &MergePlan<'_>,
    runs: &[RunFile],
    range: &KeyRange,
    (folder, name): (&Path, &str),
    shape: &MergeShape,
    algebra: &mut dyn Algebra,
) -> Result<Option<RunFile>, FoldError> {
    let states = plan.descriptor.state_schema();
    let readers = open(plan, runs)?;
    let mut writer = RunWriter::create(folder, name, &states, shape.batch_bytes)?;
    let mut merger = Merger::new(&readers, states, shape.gather_bytes);
    merger.merge(range, algebra, |merged, _| {
        plan.check_interrupted()?;
        writer.write(&merged.keys, &merged.states)
    })?;
    match writer.rows() {
        0 => Ok(None),
        _ => writer.finish().map(Some),
    }
}

/// Opens runs.
pub(super) fn open(
    plan: &MergePlan<'_>,
    runs: &[RunFile],
) -> Result<Vec<Arc<RunReader>>, FoldError> {
    let open = |run| RunReader::open(plan.folder, run).map(Arc::new);
    runs.iter().map(open).collect()
}
