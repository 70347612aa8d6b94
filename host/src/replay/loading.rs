//! The shadow table of a build: loaded unless the store has it.

use super::phase::Stored;
use super::{Error, Replay};
use crate::steps::{self, Runs};
use crate::store::Loaded;
use crate::workdir::{BuildFolder, Entry, Journal, Standing};

impl Replay<'_> {
    /// Loads the shadow table unless the store has it already, and builds the indexes that it lacks.
    pub(super) async fn load(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        mut standing: Standing,
    ) -> Result<Standing, Error> {
        let loaded = match self.loaded(build, &standing).await? {
            Some(_) if standing.loaded.is_some() => None,
            // Killed between the load and its line in the journal.
            Some(loaded) => Some(loaded),
            None => Some(self.load_shadow(build, &standing).await?),
        };
        if let Some(loaded) = loaded {
            journal.append(&Entry::Loaded {
                tables: vec![loaded.clone()],
            })?;
            standing.loaded = Some(loaded);
        }
        let (info, indexes) = (build.manifest.info(), &self.job.indexes);
        self.store.index(&info, indexes).await?;
        Ok(standing)
    }

    /// Merges all runs of a folded build, and loads the rows into its shadow table.
    async fn load_shadow(&self, build: &BuildFolder, standing: &Standing) -> Result<Loaded, Error> {
        let (table, info) = (build.manifest.table(), build.manifest.info());
        let handoff = build.manifest.input.handoff(&standing.offsets());
        let (runs, context) = (build_runs(build, standing), self.context());
        let (component, store) = (&self.component, &*self.store);
        Ok(steps::load(table, runs, component, &info, &handoff, store, &context).await?)
    }

    /// Merges all runs of a folded build, and only counts and digests the rows.
    pub(super) async fn merge_only(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<Loaded, Error> {
        let (table, context) = (build.manifest.table(), self.context());
        let runs = build_runs(build, standing);
        let sink = |_| Ok(());
        let merged = steps::merge(table, runs, &self.component, &context, sink).await?;
        Ok(Loaded {
            rows: merged.rows,
            digest: merged.digest,
        })
    }

    /// What the complete table of a build holds, where the store has one.
    pub(super) async fn loaded(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<Option<Loaded>, Error> {
        let stored = Stored::of(&*self.store, &self.job.table).await?;
        Ok(stored.loaded(build, standing).cloned())
    }
}

/// The runs of a build.
pub(super) fn build_runs(build: &BuildFolder, standing: &Standing) -> Runs {
    Runs {
        folder: build.runs(),
        files: standing.runs(),
    }
}
