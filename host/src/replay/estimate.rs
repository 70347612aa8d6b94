//! The estimate for the part of a build that is left to fold.

use super::schemas::peek_schemas;
use super::{Error, Replay};
use crate::source::{FrozenPartition, SplitInput};
use crate::steps::{Estimate, Estimating, Total, pick};
use crate::workdir::{BuildFolder, SplitReader, Standing};

impl Replay<'_> {
    /// The estimate for the part of `build` that is left, and a remark about the sample for a person.
    pub(super) async fn estimate(
        &self,
        build: &BuildFolder,
        standing: &Standing,
    ) -> Result<(Option<Estimate>, Option<String>), Error> {
        let driver = self.driver(&build.manifest)?;
        let total = left(build, standing)?;
        let single = splits(build, standing)?.flat_map(|split| match split {
            Ok(split) => split.into_single().into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        let picks = pick(single, total)?;
        let schemas = peek_schemas(self.job, build)?;
        let estimating = Estimating {
            input: &build.manifest.input,
            table: build.manifest.table(),
            driver: &*driver,
            schemas: schemas.as_ref(),
            component: &self.component,
            max_bytes_per_second: self.job.source.max_bytes_per_second(),
            context: &self.context(),
        };
        let estimated = estimating.estimate(picks, total).await?;
        driver.close().await?;
        Ok(estimated)
    }
}

/// The part of a build's plan that is left to fold.
pub(super) fn left(build: &BuildFolder, standing: &Standing) -> Result<Total, Error> {
    let frozen = &build.manifest.input.frozen;
    let is_known = frozen.objects > 0 || !frozen.partitions.is_empty();
    if standing.covered.is_empty() && is_known {
        return Ok(Total {
            splits: frozen.splits,
            objects: frozen.objects,
            bytes: frozen.size_bytes,
            offsets: frozen.partitions.iter().map(FrozenPartition::offsets).sum(),
        });
    }
    let mut total = Total::default();
    for split in splits(build, standing)? {
        let split = split?;
        total.splits += 1;
        total.bytes += split.size_bytes;
        total.offsets += split.offsets();
        if let SplitInput::Objects(objects) = split.input {
            total.objects += objects.len() as u64;
        }
    }
    Ok(total)
}

fn splits(build: &BuildFolder, standing: &Standing) -> Result<SplitReader, Error> {
    let digest = &build.manifest.input.splits_digest;
    Ok(SplitReader::open(
        &build.splits_file(),
        digest,
        standing.covered.clone(),
    )?)
}
