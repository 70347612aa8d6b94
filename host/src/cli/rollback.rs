//! `backfold rollback`: makes the previous build live again.

use anyhow::Result;
use backfold::replay;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::swap::now_live;

/// Make the previous build live again, in one transaction
///
/// The build that is live now is kept: a second rollback makes it live again.
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
        let pointer = context
            .watch(replay::rollback(
                &job,
                &context.operator(),
                &context.store(),
            ))
            .await?;
        Answer::new(
            now_live(&pointer, &self.job.suffix(), context.paint),
            &pointer,
        )
    }
}
