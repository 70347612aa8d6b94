//! `backfold diff`: what readers would see change.

use anyhow::Result;
use backfold::replay;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;

/// Show what readers would see change from one build to another
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold diff job.toml                   the live build against the newest one
  backfold diff job.toml 01JZ8… 01JZ9…     one build against another")]
pub(crate) struct Diff {
    #[command(flatten)]
    job: JobArguments,

    /// The build to start from; the live one where it is left out
    #[arg(value_name = "OLD")]
    old: Option<String>,

    /// The build to compare with it; the newest complete one where it is left out
    #[arg(value_name = "NEW")]
    new: Option<String>,
}

impl Diff {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let (old, new, store) = (self.old.as_deref(), self.new.as_deref(), context.store());
        let diff = context.watch(replay::diff(&job, old, new, &store)).await?;
        Answer::new(diff.to_string(), &diff)
    }
}
