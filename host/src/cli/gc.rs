//! `backfold gc`: drops old builds, and what killed commands left.

use std::time::Duration;

use anyhow::Result;
use backfold::cutover::DEFAULT_KEEP;
use backfold::replay::{self, Collected, GcOptions};
use backfold::share::Place;

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::{counted, plain, size};

/// Drop old builds, and what killed commands left
///
/// Drops the tables, run files and journals of old builds. The live build, the build before it, and builds in progress
/// are always kept. A build that is not loaded and has no folder on this machine may be in progress on another one: it
/// is kept unless --older-than says otherwise. Tables that backfold did not make are never touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold gc job.toml
  backfold gc job.toml --dry-run           say what would be dropped, and why
  backfold gc job.toml --keep 5
  backfold gc job.toml --older-than 7d     also drop old builds that have no folder on this machine")]
pub(crate) struct Gc {
    #[command(flatten)]
    job: JobArguments,

    /// The number of builds to keep
    #[arg(long, value_name = "N", default_value_t = DEFAULT_KEEP)]
    keep: usize,

    /// Also drop builds that have no folder on this machine, and staged builds, if they were made longer ago than this
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    older_than: Option<Duration>,

    /// Only say what would be dropped
    #[arg(long)]
    dry_run: bool,

    /// Also remove from this share, a folder or s3://bucket/prefix, the attempts that do not count, and the builds of
    /// which a table is loaded
    #[arg(long, env = "BACKFOLD_SHARE", value_name = "PLACE")]
    share: Option<Place>,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Gc {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let options = GcOptions {
            keep: self.keep,
            older_than: self.older_than,
            dry_run: self.dry_run,
            share: self.share,
            wait: self.wait.wait,
        };
        let store = context.store();
        let collected = context.watch(replay::gc(&job, &options, &store)).await?;
        Answer::new(describe(&collected), &collected)
    }
}

/// What was dropped and why, and the space that was freed.
fn describe(collected: &Collected) -> String {
    let Collected {
        reasons,
        leftovers,
        elsewhere,
        space,
        ..
    } = collected;
    let (dropped, removed) = match collected.dry_run {
        true => ("would drop", "would remove"),
        false => ("dropped", "removed"),
    };
    let mut text = format!("{dropped} {}\n", counted(reasons.len() as u64, "build"));
    for one in reasons {
        text.push_str(&format!("  {}: {}\n", plain(&one.build), one.reason.text()));
    }
    if !leftovers.is_empty() {
        text.push_str(&format!(
            "{removed} {}\n",
            counted(leftovers.len() as u64, "leftover")
        ));
    }
    for left in leftovers {
        let path = left.path.display().to_string();
        text.push_str(&format!("  {}: {}\n", plain(&path), left.what));
    }
    if !elsewhere.is_empty() {
        text.push_str(&format!(
            "kept {} that may be in progress on another machine; `--older-than 7d` drops old ones\n",
            counted(elsewhere.len() as u64, "build")
        ));
    }
    for build in elsewhere {
        text.push_str(&format!("  {}\n", plain(build)));
    }
    if let Some(share) = &collected.share {
        text.push_str(&format!(
            "{removed} {} and {} from the share, {}\n",
            counted(share.builds.len() as u64, "build"),
            counted(share.attempts, "superfluous attempt"),
            size(share.size_bytes)
        ));
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
