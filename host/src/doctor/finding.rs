//! A finding, and the report of all findings.

use serde::Serialize;

use crate::error::{Code, Coded, WithCauses};
use crate::replay::Error;

/// What a finding means for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it has to be.
    Fine,
    /// It may be a problem, or could not be looked at.
    Note,
    /// It stops a build or a run.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The thing.
    pub about: String,
    /// What was found means.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The code of the error that a run would end with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Finding {
    pub(super) fn fine(about: impl Into<String>, found: impl Into<String>) -> Self {
        Finding {
            about: about.into(),
            verdict: Verdict::Fine,
            found: found.into(),
            remedy: None,
            code: None,
        }
    }

    pub(super) fn note(
        about: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Finding {
            verdict: Verdict::Note,
            remedy: Some(remedy.into()),
            ..Finding::fine(about, found)
        }
    }

    pub(super) fn problem(
        about: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Finding {
            verdict: Verdict::Problem,
            ..Finding::note(about, found, remedy)
        }
    }

    /// The error that a run would end with.
    pub(super) fn error(about: impl Into<String>, error: impl Into<Error>) -> Self {
        let error = error.into();
        let code = error.code();
        Finding {
            code: Some(code.to_string()),
            ..Finding::problem(about, WithCauses(&error).to_string(), code.advice)
        }
    }
}

/// All findings, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// How many findings are problems.
    pub fn problems(&self) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.verdict == Verdict::Problem)
            .count()
    }

    /// The error of a report with problems.
    pub fn refusal(&self) -> Option<DoctorError> {
        match self.problems() {
            0 => None,
            problems => Some(DoctorError::Problems { problems }),
        }
    }
}

/// What a report ends with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// Something stops a build or a run.
    #[error("{problems} of the findings are problems")]
    Problems {
        /// How many.
        problems: usize,
    },
}

impl Coded for DoctorError {
    fn code(&self) -> &'static Code {
        &codes::PROBLEMS
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use crate::error::{Class, Code};

    pub(crate) const PROBLEMS: Code = Code::new(
        1101,
        Class::Usage,
        "Follow the remedies, from the first on: a later problem may come of an earlier one.",
    );

    pub(crate) const ALL: &[&Code] = &[&PROBLEMS];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobError;

    #[test]
    fn only_problems_are_an_error() {
        let mut report = Report::default();
        report.add(Finding::fine("a", "here"));
        report.add(Finding::note("b", "old", "renew it"));
        assert!(report.refusal().is_none());
        let code = "x".to_owned();
        report.add(Finding::error("c", JobError::UnknownCode { code }));
        assert_eq!(report.problems(), 1);
        let found = &report.findings[2];
        assert_eq!(found.code.as_deref(), Some("BF0010"));
        assert!(found.remedy.is_some());
        assert!(report.refusal().is_some());
    }
}
