//! What a check found: for people, and in the file that runs a counterexample again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::equation::Equation;
use super::sample::Event;
use super::{Law, LawError};
use crate::guest::GuestError;
use crate::row_json::Row;

/// What became of a law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It held in all cases.
    Holds,
    /// It did not.
    Broken,
    /// The component does not promise it.
    NotClaimed,
    /// Nothing can be said, for this reason.
    Untested(String),
}

/// A law, and what became of it.
#[derive(Debug, Serialize)]
pub struct LawResult {
    /// The law.
    pub law: Law,
    /// What became of it.
    pub verdict: Verdict,
    /// In how many cases it was tested.
    pub cases: u64,
    /// In how many of them it does not hold, as far as they were looked for.
    pub broken: u64,
    /// How many further cases the component refused to combine.
    pub refused: u64,
    /// The smallest case found in which it does not hold.
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

/// What a check of all laws found.
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
    /// Of these, the events that were folded.
    pub accepted: u64,
    /// Those that the component rejected.
    pub rejected: u64,
    /// Those that it failed on, with those that were not tried after too many failures.
    pub left_out: u64,
    /// The first of these failures.
    pub left_out_because: Option<String>,
    /// The keys of the whole sample.
    pub keys: u64,
    /// The states that laws were tested on.
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

    /// The same, without the rest.
    pub fn into_counterexample(self) -> Option<Counterexample> {
        self.laws
            .into_iter()
            .find_map(|result| result.counterexample)
    }

    /// The error that a broken law is; `saved` is where its counterexample was kept.
    pub fn refusal(self, saved: Option<&Path>) -> Option<LawError> {
        Some(self.into_counterexample()?.refusal(saved))
    }
}

/// Which component was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// BLAKE3 of the `.wasm`, in hexadecimal.
    pub digest: String,
}

/// A case in which a law does not hold, complete enough to be run again.
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
    /// What should be equal, and is not.
    pub equation: Equation,
    /// How it is broken, in a sentence.
    pub what: String,
    /// States, or events where the law is about folding.
    pub operands: Vec<Operand>,
    /// The key at which the outcomes differ, where the operands do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Row>,
    /// The outcome on the left side of the equation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Row>,
    /// The outcome on the right side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Row>,
    /// The call that failed, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same, as it came.
    #[serde(skip)]
    pub cause: Option<GuestError>,
}

impl Counterexample {
    /// The error that it is, for a check that was asked for.
    pub fn refusal(self, saved: Option<&Path>) -> LawError {
        LawError::Broken {
            law: self.law,
            what: told(&self.what, saved),
            source: self.cause,
        }
    }

    /// The error that it is where a replay was asked for: a failed call would fail the replay itself, with its own
    /// code.
    pub fn refusal_of_run(self, saved: Option<&Path>) -> LawError {
        match self.cause {
            None => self.refusal(saved),
            Some(source) => {
                let key = self
                    .operands
                    .first()
                    .and_then(|operand| operand.key.as_ref());
                let what = match key {
                    Some(key) => format!("{}, at {}", self.what, named(key)),
                    None => self.what,
                };
                LawError::Failed {
                    law: self.law,
                    what: told(&what, saved),
                    source,
                }
            }
        }
    }
}

/// A key in words: `page "/a"`.
fn named(key: &Row) -> String {
    let pairs: Vec<_> = key
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    pairs.join(", ")
}

fn told(what: &str, saved: Option<&Path>) -> String {
    match saved {
        None => what.to_owned(),
        Some(path) => format!("{what}; the case is kept in `{}`", path.display()),
    }
}

/// A state, or events, that an equation is about.
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
    /// The events that it comes of.
    pub events: Vec<Event>,
}
