//! What is merged, and with which means.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::error::FoldError;
use super::options::FoldOptions;
use super::reader::RunReader;
use super::run::RunFile;
use super::shape::MergeShape;
use crate::schema::Descriptor;

/// The runs to merge, and how.
pub struct MergePlan<'a> {
    /// The folder that holds the runs.
    pub folder: &'a Path,
    /// All runs, in the order of the source.
    pub runs: Vec<RunFile>,
    /// The keys and the states that the runs hold.
    pub descriptor: &'a Descriptor,
    /// How much memory and how many threads the merge may have.
    pub options: &'a FoldOptions,
    /// The stack of each thread, in bytes: for the component, and for the host.
    pub stack_bytes: usize,
    /// Stops the merge.
    pub cancel: CancellationToken,
}

impl MergePlan<'_> {
    /// Fails once the merge is cancelled.
    pub(super) fn check_interrupted(&self) -> Result<(), FoldError> {
        match self.cancel.is_cancelled() {
            true => Err(FoldError::Interrupted),
            false => Ok(()),
        }
    }

    /// How to merge the runs.
    pub(super) fn shape(&self) -> Result<MergeShape, FoldError> {
        // Opened one by one, since all of them may be more than can be open.
        let largest = |run| Ok(RunReader::open(self.folder, run)?.largest_bytes());
        let largest: Vec<usize> = self
            .runs
            .iter()
            .map(largest)
            .collect::<Result<_, FoldError>>()?;
        Ok(MergeShape::of(&self.options.means(), &largest))
    }
}
