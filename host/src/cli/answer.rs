//! The result of a command, printed in the format that `--output` names.

use std::process::ExitCode;

use backfold::job::JobError;
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Format, out, print_document};

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The result as text.
    text: String,
    /// The result as JSON.
    result: Value,
    /// The error that determines the exit code although there is a result.
    refused: Option<Failure>,
}

impl Answer {
    /// A result in both forms.
    pub(crate) fn new(text: String, result: &impl Serialize) -> anyhow::Result<Self> {
        Ok(Answer {
            text,
            result: serde_json::to_value(result)?,
            refused: None,
        })
    }

    /// [`new`](Answer::new) for a result that is JSON without fail.
    pub(crate) fn of(text: String, result: &impl Serialize) -> Self {
        Answer {
            text,
            result: serde_json::to_value(result).unwrap_or_default(),
            refused: None,
        }
    }

    /// The same result, together with an error that determines the exit code.
    pub(crate) fn refused(self, error: &anyhow::Error) -> Self {
        Answer {
            refused: Some(Failure::of(error)),
            ..self
        }
    }

    /// Prints the result, and returns the exit code.
    pub(crate) fn print(self, command: &str, format: Format) -> ExitCode {
        let printed = match format {
            Format::Text => out(&self.text),
            Format::Json | Format::Jsonl => {
                let mut document = json!({ "ok": self.refused.is_none(), "command": command, "result": self.result });
                if let Some(failure) = &self.refused {
                    document["error"] = failure.document();
                }
                print_document(&document, format)
            }
        };
        match (printed, self.refused) {
            (Err(source), _) => {
                let error = JobError::System {
                    what: "write to standard output",
                    source,
                };
                Failure::of(&error.into()).print_text()
            }
            (Ok(()), None) => ExitCode::SUCCESS,
            (Ok(()), Some(failure)) if format == Format::Text => {
                failure.after_checks().print_text()
            }
            (Ok(()), Some(failure)) => failure.exit_code(),
        }
    }
}
