//! `backfold stage`: puts a planned build into a share, for workers anywhere.

use anyhow::Result;
use backfold::replay::{self, StageOptions, Staged};
use backfold::share::Place;

use super::answer::Answer;
use super::arguments::{BuildArguments, JobArguments, WaitArguments};
use super::context::Context;
use super::human::{count, plain, size};
use super::paint::Paint;
use super::table::Fields;

/// Plan a build and put it into a share, for workers on any machines
///
/// The plan is cut into units, which `worker` folds one by one: started by Spark, Kubernetes, AWS Batch or a shell loop, in
/// any order, again after a failure, or twice at once. `seal` says which units are left. Then `run --share` loads the table,
/// on one machine. A share is a folder that all machines see, or a prefix in a bucket, reached with the settings of the
/// environment (AWS_*). Where an unfinished build of the job is staged already, it is that one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold stage job.toml --share s3://bucket/backfold
  backfold stage job.toml --share /mnt/share --units 200
  backfold stage job.toml --share /mnt/share --again      have units tried again that failed with code 42
  BUILD=$(backfold stage --share /mnt/share --output json | jq -r .result.build)")]
pub(crate) struct Stage {
    #[command(flatten)]
    job: JobArguments,

    /// The share: a folder, or s3://bucket/prefix
    #[arg(long, env = "BACKFOLD_SHARE", value_name = "PLACE")]
    share: Place,

    /// The most units; by default one for each GiB of input, and 1,000 at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    units: Option<u64>,

    /// Stage a new build, even if an unfinished one of this job is staged
    #[arg(long)]
    fresh: bool,

    /// Have the units tried again that failed permanently, after their cause is gone
    #[arg(long, conflicts_with = "fresh")]
    again: bool,

    /// Do not test the laws of the component
    #[arg(long)]
    trust_laws: bool,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    build: BuildArguments,
}

impl Stage {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.build.load(&self.job)?;
        let options = StageOptions {
            share: self.share,
            units: self.units,
            fresh: self.fresh,
            again: self.again,
            trust_laws: self.trust_laws,
            wait: self.wait.wait,
            by: context.operator(),
        };
        let (progress, cancel) = (context.progress.clone(), context.cancel.clone());
        let work = replay::stage(&job, &options, progress, cancel);
        let staged = context.watch(work).await?;
        let run = format!(
            "backfold run{} --share {}{}",
            self.job.suffix(),
            options.share,
            self.build.suffix()
        );
        Answer::new(describe(&staged, &run, context.paint), &staged)
    }
}

/// The staged build as text, and the commands that go on.
fn describe(staged: &Staged, run: &str, paint: Paint) -> String {
    let mut fields = Fields::default();
    fields.add(
        "build",
        paint.bold(plain(&staged.build.to_string())).to_string(),
    );
    fields.add("units", count(staged.units));
    let bytes = match staged.size_bytes {
        0 => String::new(),
        bytes => format!(", {}", size(bytes)),
    };
    fields.add("splits", format!("{}{bytes}", count(staged.splits)));
    if staged.staged_before {
        fields.add("state", "staged before, and not finished".to_owned());
    }
    if staged.tried_again > 0 {
        fields.add(
            "again",
            format!("units that had failed: {}", count(staged.tried_again)),
        );
    }
    let mut text = fields.render(paint);
    for limit in &staged.limits_per_worker {
        text.push_str(&format!("`{limit}` holds for each worker by itself\n"));
    }
    let worker = format!("backfold worker {} --unit 0", staged.build);
    text.push_str(&format!(
        "\n`{}` folds the first unit; `{}` loads the table of all\n",
        paint.cyan(plain(&worker)),
        paint.cyan(plain(run)),
    ));
    text
}
