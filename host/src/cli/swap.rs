//! `backfold swap`: makes a build live.

use std::path::PathBuf;

use anyhow::Result;
use backfold::replay::{self, SwapOptions, Swapped, Until};
use backfold::store::Pointer;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::answer::Answer;
use super::arguments::{JobArguments, WaitArguments};
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// Make a build live, in one transaction
///
/// The build must pass the gate, and the table must still show the version that the build was compared with. If
/// another swap came in between, nothing changes and the exit code is 4. A table that was rolled back becomes live
/// again only if its build is named. With --at or --when, all of that is checked at once, and again right before the
/// swap. The hooks of the job run before and after the swap; one that fails before it refuses it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold swap job.toml                   make the newest ready build live
  backfold swap job.toml 01JZ9…            make this build live
  backfold swap job.toml --expect 7        swap only if the table shows version 7
  backfold swap job.toml --at +10m         check now, and swap in ten minutes
  backfold swap job.toml --at 2026-03-01T03:00:00Z
  backfold swap job.toml --when deployed   swap as soon as the file `deployed` exists

Ctrl-C during the wait leaves everything as it is. Exit code 1 after a swap means that the swap stands, and that
a hook after it failed.")]
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

    /// Swap at this time, and not before: a timestamp, a date (midnight), both in UTC unless they say otherwise, or a
    /// time from now on such as +10m
    #[arg(long, value_name = "TIME", value_parser = time_to_come)]
    at: Option<DateTime<Utc>>,

    /// Swap as soon as this file exists; with --at, not before that time
    #[arg(long, value_name = "FILE")]
    when: Option<PathBuf>,

    #[command(flatten)]
    wait: WaitArguments,
}

impl Swap {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let options = SwapOptions {
            build: self.build,
            expect: self.expect,
            until: Until {
                at: self.at,
                file: self.when,
            },
            wait: self.wait.wait,
            by: context.operator(),
        };
        let swapped = context
            .watch(replay::swap(&job, &options, &context.store()))
            .await?;
        answer(&swapped, &self.job.suffix(), context.paint)
    }
}

/// The answer of a command that swapped, with the failure of a hook after the swap.
pub(crate) fn answer(swapped: &Swapped, job: &str, paint: Paint) -> Result<Answer> {
    let answer = Answer::new(now_live(&swapped.pointer, job, paint), swapped)?;
    Ok(match swapped.warning() {
        Some(error) => answer.refused(&error.into()),
        None => answer,
    })
}

/// Parses a moment that has not come yet.
fn time_to_come(text: &str) -> Result<DateTime<Utc>, String> {
    moment(text, Utc::now())
}

fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let wanted = "write 2026-03-01T03:00:00Z, 2026-03-01, or +10m";
    if let Some(span) = text.strip_prefix('+') {
        let span = humantime::parse_duration(span).map_err(|_| wanted)?;
        let moment = now.checked_add_signed(chrono::Duration::from_std(span).map_err(|_| wanted)?);
        return moment.ok_or_else(|| wanted.to_owned());
    }
    let zoned = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    let local = |form| NaiveDateTime::parse_from_str(text, form).map(|moment| moment.and_utc());
    let date = || {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    let moment = zoned
        .or_else(|_| local("%Y-%m-%dT%H:%M:%S"))
        .or_else(|_| local("%Y-%m-%d %H:%M:%S"))
        .or_else(|_| local("%Y-%m-%d %H:%M"))
        .or_else(|_| date())
        .map_err(|_| wanted)?;
    match moment > now {
        true => Ok(moment),
        false => Err(format!("{moment} is in the past")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come_are_read_and_others_refused() {
        let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z")
            .unwrap()
            .to_utc();
        let read = |text: &str| moment(text, now).map(|moment| moment.to_rfc3339());
        for (text, expected) in [
            ("+10m", "2026-03-01T12:10:00+00:00"),
            ("+1h 30m", "2026-03-01T13:30:00+00:00"),
            ("2026-03-02", "2026-03-02T00:00:00+00:00"),
            ("2026-03-02T03:00:00+02:00", "2026-03-02T01:00:00+00:00"),
            ("2026-03-02T03:00:00", "2026-03-02T03:00:00+00:00"),
            ("2026-03-02 03:00", "2026-03-02T03:00:00+00:00"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        assert_eq!(
            read("2026-03-01").unwrap_err(),
            "2026-03-01 00:00:00 UTC is in the past"
        );
        for text in ["tomorrow", "+soon", "10m", "-10m", "03:00", "+99999999999y"] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with("write 2026"), "{text}: {error}");
        }
    }
}
