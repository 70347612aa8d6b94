//! `backfold status`: shows the builds of a job and their progress.

use anyhow::Result;
use backfold::replay::{self, BuildStatus, StagedStatus};
use backfold::share::Place;
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::{ago, count, plain, size};
use super::log::not_swapped_back;
use super::paint::Paint;
use super::seal::add_sealing;
use super::table::{Fields, Side, Table};

/// Show the builds of a job and their progress
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold status
  backfold status job.toml --share s3://b/x     how far workers are; see `backfold stage`
  backfold status job.toml --output json | jq '.result[] | select(.live)'")]
pub(crate) struct Status {
    #[command(flatten)]
    job: JobArguments,

    /// Show the units of the newest build of this job that is staged in this share, a folder or s3://bucket/prefix
    #[arg(long, env = "BACKFOLD_SHARE", value_name = "PLACE")]
    share: Option<Place>,
}

impl Status {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        if let Some(share) = &self.share {
            let staged = replay::staged_status(&job, share).await?;
            let text = describe_staged(&staged, context.paint);
            return Answer::new(text, &staged);
        }
        let builds = replay::status(&job, &context.store()).await?;
        let text = describe(&builds, &self.job.suffix(), Utc::now(), context.paint);
        Answer::new(text, &builds)
    }
}

/// How far the units of a staged build are.
fn describe_staged(staged: &StagedStatus, paint: Paint) -> String {
    let mut fields = Fields::default();
    fields.add("build", plain(&staged.build.to_string()));
    fields.add("staged", ago(&staged.staged_at, Utc::now()));
    add_sealing(&mut fields, &staged.sealing, paint);
    fields.render(paint)
}

fn describe(builds: &[BuildStatus], job: &str, now: DateTime<Utc>, paint: Paint) -> String {
    if builds.is_empty() {
        return format!("no builds yet: `backfold run{job}` makes one\n");
    }
    let mut table = Table::new(&[
        ("", Side::Left),
        ("build", Side::Whole),
        ("state", Side::Left),
        ("splits", Side::Right),
        ("rows", Side::Right),
        ("input", Side::Right),
        ("rejected", Side::Right),
        ("planned", Side::Right),
    ]);
    for build in builds {
        table.row([
            if build.live { "*" } else { "" }.into(),
            build.build.clone(),
            build.state.to_string(),
            format!("{}/{}", count(build.splits_done), count(build.splits_total)),
            build.rows.map_or_else(|| "–".into(), count),
            size(build.size_bytes),
            count(build.rejected),
            ago(&build.created_at, now),
        ]);
    }
    let mut text = table.render(0, paint);
    for build in builds {
        if let Some(before) = &build.rehearsal_of {
            text.push_str(&not_swapped_back(&build.build, before, job, paint));
        }
        if let Some(problem) = &build.problem {
            text.push_str(&format!("{}: {}\n", build.build, plain(problem)));
        }
    }
    text
}
