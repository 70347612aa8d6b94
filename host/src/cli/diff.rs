//! `backfold diff`: compares two builds.

use anyhow::Result;
use backfold::replay;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;

/// Show the differences between two builds of the table
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold diff job.toml                   compare the live build with the newest one
  backfold diff job.toml 01JZ8… 01JZ9…     compare two builds")]
pub(crate) struct Diff {
    #[command(flatten)]
    job: JobArguments,

    /// The old build; by default the live one
    #[arg(value_name = "OLD")]
    old: Option<String>,

    /// The new build; by default the newest complete one
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
