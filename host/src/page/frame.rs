//! The view of a build for one page: how much of each list and text is shown.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::PageOptions;
use crate::human::{duration, plain};
use crate::replay::review::{Recorded, RecordedDiff, Review};

/// The fewest characters that a cut text has.
const FEWEST: usize = 24;

/// A build, and the limits of the page that shows it.
pub(super) struct Frame<'a> {
    pub(super) review: &'a Review,
    pub(super) options: &'a PageOptions,
    /// By how much lists and texts are shorter than usual.
    pub(super) scale: usize,
}

impl<'a> Frame<'a> {
    pub(super) fn new(review: &'a Review, options: &'a PageOptions, scale: usize) -> Self {
        Frame {
            review,
            options,
            scale,
        }
    }

    /// A text of at most about `characters` characters. Control characters, and those that change the direction of text,
    /// are shown by their numbers.
    pub(super) fn text(&self, text: &str, characters: usize) -> String {
        let most = (characters / self.scale).max(FEWEST.min(characters));
        let shown = |text: &str| plain(text).into_owned();
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", shown(&text[..end])),
            None => shown(text),
        }
    }

    /// The same of a text with lines, whose line feeds stay.
    pub(super) fn lines(&self, text: &str, characters: usize) -> String {
        let text = text.replace("\r\n", "\n");
        let most = (characters / self.scale).max(FEWEST.min(characters));
        let (text, mark) = match text.char_indices().nth(most) {
            Some((end, _)) => (&text[..end], "…"),
            None => (&text[..], ""),
        };
        let lines: Vec<_> = text.split('\n').map(plain).collect();
        format!("{}{mark}", lines.join("\n"))
    }

    /// The first items of a list, `usual` of them unless the page has to be smaller, and how many are left out.
    pub(super) fn first<'b, T>(&self, all: &'b [T], usual: usize) -> (&'b [T], usize) {
        let most = (usual / self.scale).max(1).min(all.len());
        (&all[..most], all.len() - most)
    }

    /// The report of the last run, where there is one about this table.
    pub(super) fn recorded(&self) -> Option<&'a Recorded> {
        self.review.recorded.as_ref()
    }

    /// Whether a check of the gate failed; `None` where it was not made.
    pub(super) fn failed(&self, name: &str) -> Option<bool> {
        let gate = self.recorded()?.gate.as_ref()?;
        let check = gate.checks.iter().find(|check| check.name == name);
        check.map(|check| !check.passed)
    }

    /// The comparison of the last run with the table that was live, where something was.
    pub(super) fn diff(&self) -> Option<&'a RecordedDiff> {
        self.recorded()?.diff.as_ref()
    }

    /// A command of backfold on this job.
    pub(super) fn command(&self, command: &str) -> String {
        let words = [&format!("backfold {command}"), &self.options.job];
        self.text(&words.map(String::as_str).join(" "), 400)
    }

    /// The same on this build.
    pub(super) fn command_on_build(&self, command: &str) -> String {
        format!("{} {}", self.command(command), self.review.build)
    }
}

/// A span of time; what is shorter than a millisecond and not nothing says so.
pub(super) fn took(span: Duration) -> String {
    match span.as_micros() {
        1..1_000 => "< 1ms".to_owned(),
        _ => duration(span),
    }
}

/// A moment to the second, in UTC; a text that is no moment as it is.
pub(super) fn moment(at: &str) -> String {
    match DateTime::parse_from_rfc3339(at) {
        Ok(at) => shown(at.to_utc()),
        Err(_) => plain(at).into_owned(),
    }
}

/// The same of microseconds since 1970-01-01T00:00:00Z.
pub(super) fn moment_us(at_us: i64) -> String {
    DateTime::from_timestamp_micros(at_us).map_or_else(|| format!("{at_us} µs"), shown)
}

fn shown(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = text.replacen('T', " ", 1).replacen('Z', " UTC", 1);
    text.replacen(":00 UTC", " UTC", 1)
}

/// A part as a percentage: `0 %` and `100 %` only where it is none or all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = part as f64 / whole as f64 * 100.0;
    match share {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        share if share < 0.01 => "< 0.01 %".to_owned(),
        share if share > 99.99 && part < whole => "> 99.99 %".to_owned(),
        share if share < 1.0 => format!("{share:.2} %"),
        share => format!("{share:.1} %"),
    }
}
