//! `backfold swap`: makes a build live.

use anyhow::Result;
use backfold::replay;
use backfold::store::Pointer;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// Make a build live, in one step
///
/// The build has to pass the gate, and the table has to be as it was when the build was checked against it:
/// where somebody else swapped in between, nothing changes and the exit code is 4.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold swap job.toml                   the newest build that is ready
  backfold swap job.toml 01JZ9…            that build")]
pub(crate) struct Swap {
    #[command(flatten)]
    job: JobArguments,

    /// The build to show; the newest one that is ready where it is left out
    #[arg(value_name = "BUILD")]
    build: Option<String>,
}

impl Swap {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let pointer = context
            .watch(replay::swap(
                &job,
                self.build.as_deref(),
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

/// What a table shows from now on.
pub(crate) fn now_live(pointer: &Pointer, job: &str, paint: Paint) -> String {
    let (table, build) = (plain(&pointer.table), plain(&pointer.build));
    let mut text = format!(
        "{}: `{table}` shows build {build}, version {}\n",
        paint.green("live"),
        pointer.version
    );
    if let Some(previous) = &pointer.previous {
        let back = paint.cyan(format_args!("backfold rollback{job}"));
        text.push_str(&format!(
            "`{back}` makes it show build {} again\n",
            plain(previous)
        ));
    }
    text
}
