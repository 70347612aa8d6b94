//! `backfold rehearse`: swaps and swaps back.

use std::time::Duration;

use anyhow::Result;
use backfold::cutover::{ReadTimes, SwapTimes};
use backfold::replay::{self, RehearseOptions, Rehearsed};

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::{counted, plain};
use super::paint::Paint;
use super::table::{Fields, Side, Table};

/// Swap and swap back, and measure what readers notice
///
/// All that `swap` checks is checked, then the table shows the build and right after it the live one again. A reader
/// that polls the table measures how long its reads take before and during both swaps. All readers see the new table for
/// that moment, so --yes is needed. Afterwards, `rollback` makes the same build live as without the rehearsal, and
/// `log` shows both swaps as those of a rehearsal. If another command swaps in between, its swap stands.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold rehearse job.toml               check, and say what a rehearsal would do
  backfold rehearse job.toml --yes         swap the newest ready build in, and back
  backfold rehearse job.toml 01JZ9… --yes  rehearse with this build

Ctrl-C swaps back at once. If the process is killed in between, `backfold log` says so, and `backfold rollback`
ends the rehearsal.")]
pub(crate) struct Rehearse {
    #[command(flatten)]
    job: JobArguments,

    /// The build to rehearse with; by default the newest one that is ready
    #[arg(value_name = "BUILD")]
    build: Option<String>,

    /// Let readers see the new table for a moment
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Rehearse {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let options = RehearseOptions {
            build: self.build,
            yes: self.yes,
            wait: self.wait.wait,
            by: context.operator(),
        };
        let rehearsed = context
            .watch(replay::rehearse(&job, &options, &context.store()))
            .await?;
        let text = describe(&rehearsed, &self.job.suffix(), context.paint);
        let answer = Answer::new(text, &rehearsed)?;
        Ok(match rehearsed.warning() {
            Some(error) => answer.refused(&error.into()),
            None => answer,
        })
    }
}

/// What readers would have noticed, and the next command.
fn describe(rehearsed: &Rehearsed, job: &str, paint: Paint) -> String {
    let rehearsal = &rehearsed.rehearsal;
    let mut fields = Fields::default();
    fields.add("build", paint.bold(&rehearsal.build));
    fields.add(
        "live again",
        format!(
            "{}, version {}",
            plain(&rehearsal.live),
            rehearsal.back.version
        ),
    );
    fields.add("shown for", time(rehearsal.shown_seconds));
    fields.add(
        "noticed",
        format!(
            "a read took up to {} longer",
            time(rehearsed.noticed_seconds)
        ),
    );
    let mut text = fields.render(paint);
    let mut table = Table::new(&[
        ("", Side::Left),
        ("took", Side::Right),
        ("reads", Side::Right),
        ("median", Side::Right),
        ("longest", Side::Right),
        ("failed", Side::Right),
    ]);
    let row = |name: &str, took: String, reads: &ReadTimes| {
        [
            name.to_owned(),
            took,
            reads.reads.to_string(),
            time(reads.median_seconds),
            time(reads.longest_seconds),
            reads.failed.to_string(),
        ]
    };
    let swap = |name: &str, times: &SwapTimes| row(name, time(times.seconds), &times.reads);
    table.row(row("before", String::new(), &rehearsal.before));
    table.row(swap("swap", &rehearsal.swap));
    table.row(swap("swap back", &rehearsal.swap_back));
    text.push_str(&format!("\n{}", table.render(0, paint)));
    for reads in [
        &rehearsal.before,
        &rehearsal.swap.reads,
        &rehearsal.swap_back.reads,
    ] {
        if let Some(failure) = &reads.failure {
            let failed = paint.red(counted(reads.failed, "failed read"));
            text.push_str(&format!("{failed}: {}\n", plain(failure)));
        }
    }
    let next = paint.cyan(format_args!("backfold swap{job}"));
    let table = plain(&rehearsal.table);
    text.push_str(&format!(
        "\n{}: `{table}` shows what it did before; `{next}` makes the build live\n",
        paint.green("rehearsed")
    ));
    text
}

/// A time of some milliseconds, or longer.
fn time(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    match time.as_millis() {
        0..10 => format!("{:.2} ms", seconds * 1e3),
        10..1_000 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}
