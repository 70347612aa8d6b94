//! `backfold abort`: ends a build for good.

use anyhow::Result;
use backfold::replay::{self, Aborted};

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// End a build for good: drop its table, and remove its folder
///
/// The live build is refused, and so is a build that another command works on; stop that command first. A later `run`
/// begins anew.
#[derive(Debug, clap::Args)]
#[command(
    allow_missing_positional = true,
    after_help = "Examples:
  backfold abort 01JZ9…                       end a build of job.toml
  backfold abort job.toml 01JZ9…
  backfold abort job.toml 01JZ9… --wait 1m    wait for a command that is stopping"
)]
pub(crate) struct Abort {
    #[command(flatten)]
    job: JobArguments,

    /// The build to end
    #[arg(value_name = "BUILD")]
    build: String,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Abort {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let (job, wait, store) = (self.job.load()?, self.wait.wait, context.store());
        let aborting = replay::abort(&job, &self.build, wait, &store);
        let aborted = context.watch(aborting).await?;
        Answer::new(describe(&aborted, context.paint), &aborted)
    }
}

/// What is gone.
fn describe(aborted: &Aborted, paint: Paint) -> String {
    let mut text = format!(
        "{}: build {}\n",
        paint.green("ended"),
        plain(&aborted.build)
    );
    match &aborted.dropped {
        Some(table) => text.push_str(&format!("dropped its table {}\n", plain(table))),
        None => text.push_str("it had no table\n"),
    }
    match &aborted.removed {
        Some(folder) => {
            let folder = folder.display().to_string();
            text.push_str(&format!("removed its folder {}\n", plain(&folder)));
        }
        None => text.push_str("it has no folder on this machine\n"),
    }
    if aborted.was_previous {
        text.push_str(
            "a rollback would have made this build live: there is nothing to go back to now\n",
        );
    }
    text
}
