//! The checks that a job asks in SQL.

use super::CutoverError;
use super::diff::number;
use super::live::Live;
use super::options::{Assertion, GateOptions};
use super::verdict::Check;
use crate::store::{Answer, BuildInfo, Question, Scalar, StateStore};

/// Asks all questions of the job about a loaded build, one after another.
///
/// # Errors
/// Where the store fails. A question that it refuses or is not done with in time is a check that fails.
pub(super) async fn checks(
    store: &dyn StateStore,
    build: &BuildInfo,
    live: &Live,
    options: &GateOptions,
) -> Result<Vec<Check>, CutoverError> {
    let mut checks = Vec::with_capacity(options.checks.len());
    for (place, assertion) in options.checks.iter().enumerate() {
        let asked = Asked::new(place, assertion);
        let nothing = live.nothing().filter(|_| assertion.sql.needs_live());
        let check = match (nothing, store.assertions()) {
            (Some(why), _) => asked.not_asked(why),
            (None, None) => asked.failed(
                "not asked".to_owned(),
                format!("the store {} cannot be asked in SQL", store.name()),
            ),
            (None, Some(assertions)) => {
                let question = Question {
                    sql: assertion.sql.clone(),
                    shadow: build.clone(),
                    live: live.build.as_ref().map(|live| live.info.clone()),
                    timeout: options.check_timeout,
                };
                asked.answered(assertions.ask(&question).await?)
            }
        };
        checks.push(check);
    }
    Ok(checks)
}

/// A question of the job.
struct Asked<'a> {
    assertion: &'a Assertion,
    /// The name of its check.
    name: String,
    wanted: String,
}

impl<'a> Asked<'a> {
    /// The question at this place in `gate.checks`, from 0.
    fn new(place: usize, assertion: &'a Assertion) -> Self {
        let name = match &assertion.name {
            Some(name) => format!("assertion.{name}"),
            None => format!("assertion.{}", place + 1),
        };
        let bound = |bound| number(Some(bound));
        let wanted = match (assertion.min, assertion.max) {
            (None, None) => "true".to_owned(),
            (Some(min), None) => format!("at least {}", bound(min)),
            (None, Some(max)) => format!("at most {}", bound(max)),
            (Some(min), Some(max)) => format!("{} to {}", bound(min), bound(max)),
        };
        Asked {
            assertion,
            name,
            wanted,
        }
    }

    fn not_asked(self, why: String) -> Check {
        Check {
            name: self.name,
            passed: true,
            text: format!("not asked: {why}"),
            found: "not asked".to_owned(),
            wanted: self.wanted,
        }
    }

    fn failed(self, found: String, why: String) -> Check {
        let sql = self.assertion.sql.text();
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject = match &self.assertion.name {
            Some(name) => format!("{name} (`{sql}`)"),
            None => format!("`{sql}`"),
        };
        Check {
            name: self.name,
            passed: false,
            text: format!("{subject}: {why}"),
            found,
            wanted: self.wanted,
        }
    }

    fn answered(self, answer: Answer) -> Check {
        let value = match answer {
            Answer::Unusable(why) => return self.failed("no usable answer".to_owned(), why),
            Answer::Value(value) => value,
        };
        let (passed, found) = self.judge(&value);
        match (passed, &value) {
            (true, _) => Check {
                text: format!("the database said {found}"),
                name: self.name,
                passed,
                found,
                wanted: self.wanted,
            },
            (false, Scalar::Other(_)) => {
                let why = match self.is_bounded() {
                    true => format!("it gave {found}, and a number is wanted"),
                    false => format!("it gave {found}, and true or false, 1 or 0 is wanted"),
                };
                self.failed(found, why)
            }
            (false, _) => {
                let why = format!("it gave {found}, and {} is wanted", self.wanted);
                self.failed(found, why)
            }
        }
    }

    fn is_bounded(&self) -> bool {
        self.assertion.min.is_some() || self.assertion.max.is_some()
    }

    /// Whether the value is what is wanted, and the value in words.
    fn judge(&self, value: &Scalar) -> (bool, String) {
        let (min, max) = (self.assertion.min, self.assertion.max);
        match value {
            Scalar::Null => (false, "null".to_owned()),
            Scalar::Boolean(truth) => (*truth && !self.is_bounded(), truth.to_string()),
            Scalar::Number(number, text) => {
                // A number that is none is within no bounds.
                let passed = match self.is_bounded() {
                    true => {
                        min.unwrap_or(f64::NEG_INFINITY) <= *number
                            && *number <= max.unwrap_or(f64::INFINITY)
                    }
                    false => *number == 1.0,
                };
                (passed, text.clone())
            }
            Scalar::Other(text) => (false, text.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
