//! The results of a check: for the output of a command, and for the file of a counterexample.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::equation::Equation;
use super::sample::Event;
use super::{Law, LawError};
use crate::guest::GuestError;
use crate::row_json::Row;

/// The result of testing a law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The law held in all cases.
    Holds,
    /// The law did not hold in at least one case.
    Broken,
    /// The component does not promise it.
    NotClaimed,
    /// The law was not tested, for this reason.
    Untested(String),
}

/// A law with the result of its test.
#[derive(Debug, Serialize)]
pub struct LawResult {
    /// The law.
    pub law: Law,
    /// The result.
    pub verdict: Verdict,
    /// The number of tested cases.
    pub cases: u64,
    /// The number of them in which the law does not hold, as far as they were searched.
    pub broken: u64,
    /// The number of further cases that the component refused to combine.
    pub refused: u64,
    /// The smallest case that was found in which the law does not hold.
    pub counterexample: Option<Counterexample>,
}

impl LawResult {
    pub(super) fn untested(law: Law) -> Self {
        LawResult {
            law,
            verdict: Verdict::Untested("there was no case of it".into()),
            cases: 0,
            broken: 0,
            refused: 0,
            counterexample: None,
        }
    }

    pub(super) fn broken(&mut self, cases: u64, counterexample: Counterexample) {
        self.broken += cases;
        self.verdict = Verdict::Broken;
        self.counterexample = Some(counterexample);
    }
}

/// The results of a check of all laws.
#[derive(Debug, Serialize)]
pub struct LawReport {
    /// The component.
    pub component: Checked,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// Whether the events were made up.
    pub made_up: bool,
    /// The events of the sample.
    pub events: u64,
    /// The number of these that were folded.
    pub accepted: u64,
    /// The number of these that the component rejected.
    pub rejected: u64,
    /// The number of these on which the component failed, or that were not tried after too many failures.
    pub left_out: u64,
    /// The first of these failures.
    pub left_out_because: Option<String>,
    /// The number of keys in the whole sample.
    pub keys: u64,
    /// The number of states on which laws were tested.
    pub states: u64,
    /// The laws, in the order of [`Law::ALL`].
    pub laws: Vec<LawResult>,
}

impl LawReport {
    /// The first counterexample.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        self.laws
            .iter()
            .find_map(|result| result.counterexample.as_ref())
    }

    /// The first counterexample, without the rest of the report.
    pub fn into_counterexample(self) -> Option<Counterexample> {
        self.laws
            .into_iter()
            .find_map(|result| result.counterexample)
    }

    /// The error for a broken law, if there is one. `saved` is the file of its counterexample.
    pub fn refusal(self, saved: Option<&Path>) -> Option<LawError> {
        Some(self.into_counterexample()?.refusal(saved))
    }
}

/// The component that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// BLAKE3 of the `.wasm`, in hexadecimal.
    pub digest: String,
}

/// A case in which a law does not hold, with all that is needed to run it again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Counterexample {
    /// The version of backfold that found it.
    pub backfold: String,
    /// The component.
    pub component: Checked,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// The law.
    pub law: Law,
    /// The equation that does not hold.
    pub equation: Equation,
    /// The violation, in a sentence.
    pub what: String,
    /// The states, or the events if the law concerns folding.
    pub operands: Vec<Operand>,
    /// The key at which the results differ, if the operands do not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Row>,
    /// The result of the left side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Row>,
    /// The result of the right side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Row>,
    /// The failure of a call, if one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same failure as an error.
    #[serde(skip)]
    pub cause: Option<GuestError>,
}

impl Counterexample {
    /// The error for `backfold check`.
    pub fn refusal(self, saved: Option<&Path>) -> LawError {
        LawError::Broken {
            law: self.law,
            what: with_file(&self.what, saved),
            source: self.cause,
        }
    }

    /// The error for `backfold run`: a failed call would fail the run as well, with its own code.
    pub fn refusal_of_run(self, saved: Option<&Path>) -> LawError {
        match self.cause {
            None => self.refusal(saved),
            Some(source) => {
                let key = self
                    .operands
                    .first()
                    .and_then(|operand| operand.key.as_ref());
                let what = match key {
                    Some(key) => format!("{}, at {}", self.what, key_text(key)),
                    None => self.what,
                };
                LawError::Failed {
                    law: self.law,
                    what: with_file(&what, saved),
                    source,
                }
            }
        }
    }
}

/// A key as text: `page "/a"`.
fn key_text(key: &Row) -> String {
    let pairs: Vec<_> = key
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    pairs.join(", ")
}

/// A violation, and the file of its counterexample.
fn with_file(what: &str, saved: Option<&Path>) -> String {
    match saved {
        None => what.to_owned(),
        Some(path) => format!("{what}; the case is kept in `{}`", path.display()),
    }
}

/// A state or events in an equation.
#[derive(Debug, Serialize, Deserialize)]
pub struct Operand {
    /// Its name in the equation.
    pub name: String,
    /// The key of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Row>,
    /// The state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Row>,
    /// The events that it was made from.
    pub events: Vec<Event>,
}
