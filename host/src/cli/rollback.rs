//! `backfold rollback`: makes the previous build live again.

use anyhow::Result;
use backfold::replay;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::swap::answer;

/// Make the previous build live again, in one transaction
///
/// The build that is live now is kept: a second rollback makes it live again. Hooks `before_swap` of the job do not run,
/// so that nothing keeps you from going back; hooks `after_swap` do. If a rehearsal was not swapped back, this ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold rollback job.toml")]
pub(crate) struct Rollback {
    #[command(flatten)]
    job: JobArguments,
}

impl Rollback {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let swapped = context
            .watch(replay::rollback(
                &job,
                &context.operator(),
                &context.store(),
            ))
            .await?;
        answer(&swapped, &self.job.suffix(), context.paint)
    }
}
