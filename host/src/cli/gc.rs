//! `backfold gc`: drops builds that nobody needs.

use anyhow::Result;
use backfold::replay::{self, Collected};

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::{counted, plain, size};

/// Drop old builds: their tables, runs and journals
///
/// The live build, the one that a rollback would show, and one that is being built stay in any case.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold gc job.toml
  backfold gc job.toml --keep 5")]
pub(crate) struct Gc {
    #[command(flatten)]
    job: JobArguments,

    /// How many builds to keep
    #[arg(long, value_name = "N", default_value_t = 2)]
    keep: usize,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Gc {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let (wait, store) = (self.wait.wait, context.store());
        let gc = replay::gc(&job, self.keep, wait, &store);
        let collected = context.watch(gc).await?;
        Answer::new(describe(&collected), &collected)
    }
}

/// What was dropped, and what became of its space.
fn describe(collected: &Collected) -> String {
    let Collected { dropped, space } = collected;
    let mut text = format!("dropped {}\n", counted(dropped.len() as u64, "build"));
    for build in dropped {
        text.push_str(&format!("  {}\n", plain(build)));
    }
    if space.given_back_bytes > 0 {
        text.push_str(&format!("gave back {}\n", size(space.given_back_bytes)));
    }
    if let Some(how) = &space.how {
        text.push_str(&format!(
            "kept {} within the database, for later builds; to give it back: {}\n",
            size(space.free_bytes),
            plain(how)
        ));
    }
    text
}
