//! `backfold swap`: makes a build live.

use anyhow::Result;
use backfold::replay::{self, SwapOptions};
use backfold::store::Pointer;

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// Make a build live, in one step
///
/// The build has to pass the gate, and the table has to show what the build was compared with when it was
/// checked: where another swap came in between, nothing changes and the exit code is 4. A table that was
/// taken back by a rollback goes live again only if its build is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold swap job.toml                   the newest build that is ready
  backfold swap job.toml 01JZ9…            that build
  backfold swap job.toml --expect 7        if the table shows version 7, whatever was compared")]
pub(crate) struct Swap {
    #[command(flatten)]
    job: JobArguments,

    /// The build to show; the newest one that is ready where it is left out
    #[arg(value_name = "BUILD")]
    build: Option<String>,

    /// The version that the table shows, as `diff` and `log` give it; 0 for nothing. Instead of the one that the
    /// build was compared with
    #[arg(long, value_name = "VERSION")]
    expect: Option<u64>,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Swap {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let options = SwapOptions {
            build: self.build,
            expect: self.expect,
            wait: self.wait.wait,
            by: context.operator(),
        };
        let pointer = context
            .watch(replay::swap(&job, &options, &context.store()))
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
