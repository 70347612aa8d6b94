//! `backfold gc`: drops old builds.

use anyhow::Result;
use backfold::replay::{self, Collected};

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::{counted, plain, size};

/// Drop old builds: their tables, run files and journals
///
/// The live build, the build before it, and builds in progress are always kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold gc job.toml
  backfold gc job.toml --keep 5")]
pub(crate) struct Gc {
    #[command(flatten)]
    job: JobArguments,

    /// The number of builds to keep
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

/// The dropped builds, and the space that was freed.
fn describe(collected: &Collected) -> String {
    let Collected { dropped, space } = collected;
    let mut text = format!("dropped {}\n", counted(dropped.len() as u64, "build"));
    for build in dropped {
        text.push_str(&format!("  {}\n", plain(build)));
    }
    if space.given_back_bytes > 0 {
        text.push_str(&format!("freed {}\n", size(space.given_back_bytes)));
    }
    if let Some(how) = &space.how {
        text.push_str(&format!(
            "{} stay in the database file for later builds; to free them: {}\n",
            size(space.free_bytes),
            plain(how)
        ));
    }
    text
}
