//! `backfold log`: shows the history of swaps.

use anyhow::Result;
use backfold::replay;
use backfold::store::{OpenRehearsal, Pointer};
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::{ago, plain};
use super::paint::Paint;
use super::table::{Side, Table};

/// Show the swaps of the table: which build became live, when, and by whom
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold log job.toml
  backfold log job.toml --output json | jq '.result[0].version'")]
pub(crate) struct Log {
    #[command(flatten)]
    job: JobArguments,
}

impl Log {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let mut history = replay::history(&self.job.load()?, &context.store()).await?;
        let open = OpenRehearsal::of(&history);
        let open = open.map(|open| still_shown(&open, &self.job.suffix(), context.paint));
        history.reverse();
        let mut text = describe(&history, Utc::now(), context.paint);
        text.push_str(&open.unwrap_or_default());
        Answer::new(text, &history)
    }
}

/// A rehearsal that was not swapped back, and the command to go back.
fn still_shown(open: &OpenRehearsal<'_>, job: &str, paint: Paint) -> String {
    let (shown, before) = (&open.shown, &open.before);
    not_swapped_back(&shown.build, &before.build, job, paint)
}

/// The same by the build that is shown and the one to go back to.
pub(crate) fn not_swapped_back(shown: &str, before: &str, job: &str, paint: Paint) -> String {
    format!(
        "{}: build {} is shown by a rehearsal that was not swapped back; `{}` makes build {} live again\n",
        paint.red("rehearsal"),
        plain(shown),
        paint.cyan(format_args!("backfold rollback{job}")),
        plain(before)
    )
}

/// The swaps as text, newest first.
fn describe(history: &[Pointer], now: DateTime<Utc>, paint: Paint) -> String {
    if history.is_empty() {
        return "no build has been live yet\n".into();
    }
    let mut table = Table::new(&[
        ("", Side::Left),
        ("version", Side::Right),
        ("build", Side::Whole),
        ("previous", Side::Whole),
        ("when", Side::Right),
        ("by", Side::Left),
    ]);
    for (place, pointer) in history.iter().enumerate() {
        table.row([
            if place == 0 { "*" } else { "" }.into(),
            pointer.version.to_string(),
            pointer.build.clone(),
            pointer.previous.clone().unwrap_or_else(|| "–".into()),
            ago(&pointer.at, now),
            pointer.by.clone(),
        ]);
    }
    table.render(0, paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_never_cut() {
        let (build, previous) = ("01M8NT8608YKY4XKAREHS0X056", "01M8NSXFDN3B2QJSCGXKH0GZ0M");
        let pointer = Pointer {
            table: "page_stats".into(),
            build: build.into(),
            version: 123_456_789,
            previous: Some(previous.into()),
            by: "somebody.with.a.long.name@build-agent-17.eu-west-1.example.com".into(),
            at: "2026-02-01T12:00:00Z".into(),
        };
        let text = describe(&[pointer], Utc::now(), Paint::none());
        assert!(text.contains(build) && text.contains(previous), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }

    #[test]
    fn the_newest_pointer_comes_first_and_is_marked() {
        let pointer = |version, build: &str, previous: Option<&str>, at: &str| Pointer {
            table: "page_stats".into(),
            build: build.into(),
            version,
            previous: previous.map(Into::into),
            by: "ann@build-1".into(),
            at: at.into(),
        };
        let history = [
            pointer(2, "01JZ9", Some("01JZ8"), "2026-03-01T11:15:00Z"),
            pointer(1, "01JZ8", None, "2026-02-01T12:00:00Z"),
        ];
        let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z")
            .unwrap()
            .to_utc();
        insta::assert_snapshot!(describe(&history, now, Paint::none()), @r"
           version  build  previous         when  by
        *        2  01JZ9  01JZ8      45 min ago  ann@build-1
                 1  01JZ8  –         28 days ago  ann@build-1
        ");
    }
}
