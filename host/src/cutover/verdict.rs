//! The outcome of the gate, as data that other modules keep and show.

use std::fmt;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// The widest figure that the thresholds of all checks stand aligned after, in columns of a terminal.
const FOUND_WIDTH: usize = 32;

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name: `coverage`, `gaps`, `overlaps`, `quarantine`, `swallowed`, `presence`, `wanted`, `rows`, `content`,
    /// `growth`, `removed`, `changed`, `added`, `drift.COLUMN.sum`, `drift.COLUMN.mean`, `drift.COLUMN.nulls` or
    /// `assertion.NAME`.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// The fact that was found, and where the check fails the one that was wanted: a sentence.
    pub text: String,
    /// The figure that was found, such as `3 rows`.
    pub found: String,
    /// The threshold, such as `at least 1`.
    pub wanted: String,
}

/// The outcome of all checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateReport {
    /// The public name.
    pub table: String,
    /// The build that was checked.
    pub build: String,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

impl GateReport {
    /// Whether all checks hold.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// The text of each check that failed, a sentence each.
    pub fn refusals(&self) -> Vec<&str> {
        self.checks
            .iter()
            .filter(|check| !check.passed)
            .map(|check| check.text.as_str())
            .collect()
    }

    /// The checks as a table of text, held or not, each with its figure and its threshold. `mark` gives the first cell of a
    /// line, for whether the check holds.
    pub fn table(&self, mark: impl Fn(bool) -> String) -> String {
        let width = |cell: fn(&Check) -> &str| {
            let cells = self.checks.iter().map(|check| plain(cell(check)).width());
            cells.max().unwrap_or(0)
        };
        let name_width = width(|check| &check.name);
        let found_width = width(|check| &check.found).min(FOUND_WIDTH);
        let mut text = String::new();
        for check in &self.checks {
            let (name, found) = (plain(&check.name), plain(&check.found));
            let (mark, wanted) = (mark(check.passed), plain(&check.wanted));
            let line = format!(
                "{mark}  {name}{}  {found}{}  wanted: {wanted}",
                " ".repeat(name_width - name.width()),
                " ".repeat(found_width.saturating_sub(found.width())),
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for GateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table(|passed| if passed { "pass" } else { "FAIL" }.to_owned()))
    }
}

/// The text without control characters: names and figures may come from records.
fn plain(text: &str) -> String {
    text.chars().flat_map(escaped).collect()
}

fn escaped(character: char) -> Vec<char> {
    match character {
        '"' | '\'' | '\\' => vec![character],
        _ => character.escape_debug().collect(),
    }
}
