//! What is merged, and with which means.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::chain::{Chain, Link, chains};
use super::chain_reader::ChainReader;
use super::error::FoldError;
use super::key_range::KeyRange;
use super::options::FoldOptions;
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

    /// The runs that have keys within `range`, in chains.
    pub(super) fn chains(&mut self, range: &KeyRange) -> Result<Vec<Chain>, FoldError> {
        let mut links = Vec::new();
        // Opened one by one, since all of them may be more than can be open.
        for run in std::mem::take(&mut self.runs) {
            self.check_interrupted()?;
            let link = Link::of(self.folder, run)?;
            if link.batches > 0 && link.meets(range) {
                links.push(link);
            }
        }
        Ok(chains(links, self.descriptor.commutative))
    }

    /// How to merge the chains.
    pub(super) fn shape(&self, chains: &[Chain]) -> MergeShape {
        let largest: Vec<usize> = chains.iter().map(Chain::largest_bytes).collect();
        MergeShape::of(&self.options.means(), &largest)
    }

    /// Opens chains.
    pub(super) fn open(
        &self,
        chains: &[Chain],
        shape: &MergeShape,
    ) -> Result<Vec<Arc<ChainReader>>, FoldError> {
        let open = |chain| ChainReader::open(self.folder, chain, shape.open_runs).map(Arc::new);
        chains.iter().map(open).collect()
    }
}
