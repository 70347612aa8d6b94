//! `backfold swap`: makes a build live.

use anyhow::Result;
use backfold::replay::{self, SwapOptions};
use backfold::store::Pointer;

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// Make a build live, in one transaction
///
/// The build must pass the gate, and the table must still show the version that the build was compared with. If
/// another swap came in between, nothing changes and the exit code is 4. A table that was rolled back becomes live
/// again only if its build is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold swap job.toml                   make the newest ready build live
  backfold swap job.toml 01JZ9…            make this build live
  backfold swap job.toml --expect 7        swap only if the table shows version 7")]
pub(crate) struct Swap {
    #[command(flatten)]
    job: JobArguments,

    /// The build to make live; by default the newest one that is ready
    #[arg(value_name = "BUILD")]
    build: Option<String>,

    /// The version that the table must show, as printed by `diff` and `log`; 0 if it shows nothing. By default the
    /// version that the build was compared with
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

/// The live build after a swap, and the command to go back.
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
            "`{back}` makes build {} live again\n",
            plain(previous)
        ));
    }
    text
}
