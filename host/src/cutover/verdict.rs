//! The settings of the gate and its outcome, as data that other modules keep and show.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::ByteSize;

/// The `[gate]` section of a job: faults that the gate tolerates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateOptions {
    /// The most records that may have been rejected.
    pub max_quarantined: u64,
    /// The most bytes that rejections may have swallowed: bytes in which other records than the rejected ones may be lost.
    /// However many rejections `max_quarantined` tolerates, these are tolerated by this setting alone.
    #[serde(skip_serializing_if = "is_none_swallowed")]
    pub max_swallowed: ByteSize,
    /// Whether offsets of a topic may be missing between those that an archive's objects hold.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_gaps: bool,
    /// Whether records may have been folded twice, since two objects hold them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_overlaps: bool,
    /// The inputs that may be absent from all events, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_absent: Vec<String>,
    /// Whether all records may have been passed over, since none met the conditions of the component.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_none_wanted: bool,
    /// The fewest rows that the table may have.
    pub min_rows: u64,
    /// The fewest rows in proportion to the live table: 0.9 refuses a table that lost more than a tenth.
    pub min_rows_ratio: Option<f64>,
    /// The most rows in proportion to the live table: 2.0 refuses one that more than doubled.
    pub max_rows_ratio: Option<f64>,
}

/// Whether `max_swallowed` is not set: a job's snapshot leaves such settings out.
fn is_none_swallowed(size: &ByteSize) -> bool {
    size.0 == 0
}

impl Default for GateOptions {
    fn default() -> Self {
        GateOptions {
            max_quarantined: 0,
            max_swallowed: ByteSize(0),
            allow_gaps: false,
            allow_overlaps: false,
            allow_absent: Vec::new(),
            allow_none_wanted: false,
            min_rows: 1,
            min_rows_ratio: None,
            max_rows_ratio: None,
        }
    }
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name: `coverage`, `gaps`, `overlaps`, `quarantine`, `swallowed`, `presence`, `wanted`, `rows`, `content` or
    /// `growth`.
    pub name: &'static str,
    /// Whether it holds.
    pub passed: bool,
    /// The fact that was found, and where the check fails the one that was wanted.
    pub text: String,
}

impl Check {
    /// A check with its outcome.
    pub(super) fn new(name: &'static str, passed: bool, text: String) -> Self {
        Check { name, passed, text }
    }
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
}

impl fmt::Display for GateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            let mark = if check.passed { "pass" } else { "FAIL" };
            writeln!(f, "{mark}  {:<10}  {}", check.name, check.text)?;
        }
        Ok(())
    }
}
