//! Folding the splits of a build that are left.

use std::sync::Arc;

use super::loading::build_runs;
use super::schemas::schemas_of_build;
use super::{Error, Replay};
use crate::fold::{FoldError, join_quarantine};
use crate::steps::{FoldFolder, Folding, fold_splits};
use crate::workdir::{BuildFolder, Journal, SplitReader, Standing};

impl Replay<'_> {
    /// Folds what is left to fold, and joins the quarantine.
    pub(super) async fn fold(
        &self,
        build: &BuildFolder,
        journal: &Arc<Journal>,
        mut standing: Standing,
    ) -> Result<Standing, Error> {
        self.show_progress(build, &standing)?;
        if self.loaded(build, &standing).await?.is_some() {
            return Ok(standing);
        }
        build_runs(build, &standing).verify()?;
        build.sweep_runs(&standing)?;
        if !build.is_folded(&standing) {
            self.fold_splits(build, journal.clone(), &standing).await?;
            standing = build.peek()?;
        }
        if !build.is_folded(&standing) {
            return Err(FoldError::Interrupted.into());
        }
        self.verify_topics(build).await?;
        // Also where all was folded before: the run that did may have been killed right then.
        let rejecting = standing.splits_with_rejections();
        join_quarantine(
            &build.quarantine(),
            rejecting.into_iter(),
            &build.quarantine_file(),
        )?;
        Ok(standing)
    }

    /// Folds all splits of `build` that `standing` does not cover. When it returns, the journal covers them.
    async fn fold_splits(
        &self,
        build: &BuildFolder,
        journal: Arc<Journal>,
        standing: &Standing,
    ) -> Result<(), Error> {
        let (input, table) = (&build.manifest.input, build.manifest.table());
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
            input,
            table,
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
    async fn verify_topics(&self, build: &BuildFolder) -> Result<(), Error> {
        let manifest = &build.manifest;
        if manifest.input.frozen.partitions.is_empty() {
            return Ok(());
        }
        let driver = self.driver(manifest)?;
        driver.verify(&manifest.input.frozen).await?;
        Ok(driver.close().await?)
    }
}
