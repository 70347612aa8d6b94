//! Folding the splits of a build that are left.

use std::sync::Arc;

use super::schemas::schemas_of_build;
use super::{Error, Replay};
use crate::decode::Projection;
use crate::scan::wanted_projection;
pub(super) use crate::steps::on_thread;
use crate::steps::{FoldFolder, Folding, fold_splits};
use crate::workdir::{BuildFolder, Journal, Manifest, SplitReader, Standing};

impl Replay<'_> {
    /// Folds all splits of `build` that `standing` does not cover. When it returns, the journal covers them.
    pub(super) async fn fold_splits(
        &self,
        build: &BuildFolder,
        journal: Arc<Journal>,
        standing: &Standing,
    ) -> Result<(), Error> {
        let (input, table) = (self.input(&build.manifest)?, self.table(&build.manifest));
        let (digest, covered) = (&input.splits_digest, standing.covered.clone());
        let count = input.frozen.splits - covered.len();
        let splits = SplitReader::open(&build.splits_file(), digest, covered)?;
        let schemas = schemas_of_build(self.job, build)?;
        let driver = self.driver(&build.manifest)?;
        let folder = FoldFolder {
            runs: build.runs(),
            quarantine: build.quarantine(),
        };
        let folding = Folding {
            input: &input,
            table: &table,
            component: &self.component,
            driver: &*driver,
            schemas: schemas.as_ref(),
            folded: standing.offsets(),
            folder: &folder,
            sink: journal,
            stop_after_rejected: self.job.quarantine.stop_after,
        };
        fold_splits(folding, splits, count, &self.context()).await?;
        Ok(driver.close().await?)
    }

    /// Fails where the topics are not those any more that were planned: what was read last may be of others. Also where
    /// all was folded before: the run that did so may have failed by this very check.
    pub(super) async fn verify_topics(&self, build: &BuildFolder) -> Result<(), Error> {
        let manifest = &build.manifest;
        if manifest.frozen.partitions.is_empty() {
            return Ok(());
        }
        let driver = self.driver(manifest)?;
        driver.verify(&manifest.frozen).await?;
        Ok(driver.close().await?)
    }
}

/// What the component of a build wants of each record.
pub(super) fn projection(manifest: &Manifest) -> Projection {
    wanted_projection(&manifest.descriptor, manifest.range)
}
