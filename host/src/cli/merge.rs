//! `backfold merge`: merges one range of keys of a sealed build.

use std::path::PathBuf;

use anyhow::Result;
use backfold::guest::Cache;
use backfold::share::{MergeOptions, MergedRange, Place, StagedBuild};

use super::answer::Answer;
use super::context::Context;
use super::human::{count, size};
use super::table::Fields;

/// Merge one range of keys of a sealed build
///
/// For builds whose merge takes too long on one machine. `seal --ranges N` cuts the keys into ranges; each is merged by a
/// process of its own, on any machine, again or twice at once if need be. Then `run --share` loads the ranges one after
/// another. A process fetches of each run only the part that holds keys of its range.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold seal s3://bucket/backfold/page_views/01K… --ranges 20
  backfold merge s3://bucket/backfold/page_views/01K… --range 3
  seq 0 19 | xargs -P 4 -I{} backfold merge /mnt/share/page_views/01K… --range {}")]
pub(crate) struct Merge {
    /// The build, as `stage` printed it
    #[arg(value_name = "BUILD")]
    build: Place,

    /// The number of the range, from 0
    #[arg(long, value_name = "J")]
    range: u64,

    /// The folder for files that are needed meanwhile; by default that of the system
    #[arg(long, env = "BACKFOLD_SCRATCH", value_name = "DIR")]
    scratch: Option<PathBuf>,
}

impl Merge {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let options = MergeOptions {
            range: self.range,
            scratch: self.scratch.unwrap_or_else(std::env::temp_dir),
            cache: Cache::of_user(),
        };
        let means = context.steps();
        let work = async {
            let staged = StagedBuild::open(&self.build).await?;
            staged.merge_range(&options, &means).await
        };
        let merged = context.watch(work).await.map_err(backfold::Error::from)?;
        Answer::new(describe(&merged), &merged)
    }
}

fn describe(merged: &MergedRange) -> String {
    let mut fields = Fields::default();
    fields.add("range", count(merged.range));
    fields.add("attempt", merged.attempt.clone());
    let rows = match &merged.run {
        Some(run) => format!("{} ({})", count(run.rows), size(run.size_bytes)),
        None => "none".to_owned(),
    };
    fields.add("rows", rows);
    fields.render(super::paint::Paint::stdout())
}
