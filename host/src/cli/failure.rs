//! Output of errors: what happened, where, why, and what to do.

use std::process::ExitCode;

use backfold::cutover::{Check, CutoverError, GateReport};
use backfold::doctor::DoctorError;
use backfold::error::{Class, Code, Coded};
use backfold::guest::Details;
use backfold::page::PageError;
use backfold::project::ProjectError;
use serde::Serialize;
use serde_json::{Value, json};

use super::human::plain;
use super::output::{Format, print_document};
use super::paint::Paint;

/// An error with everything that is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    code: String,
    class: Class,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    message: String,
    causes: Vec<String>,
    /// The lines that the component said about it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: Vec<String>,
    /// The checks of the gate that refused, held or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<Check>,
    advice: &'static str,
    /// The gate that refused, for the text.
    #[serde(skip)]
    gate: Option<GateReport>,
}

impl Failure {
    /// Collects the messages of `error` and its causes, and the code of the outermost error that has one.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let code = error.chain().find_map(code_of);
        let details = error.chain().find_map(|e| e.downcast_ref::<Details>());
        let messages = error.chain().filter(|e| !e.is::<Details>());
        let mut messages = messages.map(ToString::to_string);
        let advice = code.map_or(
            "This is a bug: please report it, with the command.",
            |code| code.advice,
        );
        let gate = error.chain().find_map(refused_by);
        Failure {
            checks: gate.map_or_else(Vec::new, |gate| gate.checks.clone()),
            gate: gate.cloned(),
            code: code.map_or_else(|| "BF0000".into(), ToString::to_string),
            class: code.map_or(Class::Retry, |code| code.class),
            stage: error
                .chain()
                .find_map(|e| e.downcast_ref::<backfold::Error>())
                .map(|e| e.stage().to_string()),
            message: messages.next().unwrap_or_default(),
            causes: messages.collect(),
            details: details.map_or(Vec::new(), |details| details.lines().to_vec()),
            advice: details.and_then(Details::remedy).unwrap_or(advice),
        }
    }

    /// The same for an output that shows the checks of the gate already.
    pub(crate) fn after_checks(self) -> Self {
        Failure { gate: None, ..self }
    }

    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.class.exit_code())
    }

    /// The error as JSON.
    pub(crate) fn document(&self) -> Value {
        json!(self)
    }

    /// The error as text.
    fn text(&self, paint: Paint) -> String {
        let mut text = format!(
            "{}: {}\n",
            paint.red(format_args!("error[{}]", self.code)),
            plain(&self.message)
        );
        if let Some(stage) = &self.stage {
            text.push_str(&format!("  {} {}\n", paint.dim("in:"), plain(stage)));
        }
        if let Some(gate) = &self.gate {
            for line in gate_text(gate, paint).lines() {
                text.push_str(&format!("  {line}\n"));
            }
        }
        for cause in &self.causes {
            text.push_str(&format!("  {} {}\n", paint.dim("because:"), plain(cause)));
        }
        for (place, line) in self.details.iter().enumerate() {
            let head = if place == 0 { "said:" } else { "     " };
            text.push_str(&format!("  {} {}\n", paint.dim(head), plain(line)));
        }
        text.push_str(&format!("  {} {}\n", paint.cyan("do:"), self.advice));
        text.push_str(&format!(
            "  {} backfold explain {}\n",
            paint.dim("more:"),
            self.code
        ));
        text
    }

    /// Prints the error in the given format, and returns the exit code.
    pub(crate) fn print(&self, command: Option<&str>, format: Format) -> ExitCode {
        if format == Format::Text {
            return self.print_text();
        }
        let mut document = json!({ "ok": false, "error": self.document() });
        if let Some(command) = command {
            document["command"] = command.into();
        }
        match print_document(&document, format) {
            Ok(()) => self.exit_code(),
            Err(_) => self.print_text(),
        }
    }

    /// Prints the error as text, and returns the exit code.
    pub(crate) fn print_text(&self) -> ExitCode {
        eprint!("{}", self.text(Paint::stderr()));
        self.exit_code()
    }
}

/// An error of a project, which may be one of another stage.
pub(crate) fn coded(error: ProjectError) -> anyhow::Error {
    match error {
        ProjectError::Replay(error) => (*error).into(),
        error => error.into(),
    }
}

/// The verdict in an error of a chain, where the gate refused.
fn refused_by<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a GateReport> {
    match error.downcast_ref()? {
        backfold::Error::Cutover(CutoverError::GateRefused { report }) => Some(report),
        _ => None,
    }
}

/// The checks of the gate, one per line.
pub(crate) fn gate_text(gate: &GateReport, paint: Paint) -> String {
    gate.table(|passed| match passed {
        true => paint.green("✓"),
        false => paint.red("✗"),
    })
}

/// The code of one error in a chain.
fn code_of(error: &(dyn std::error::Error + 'static)) -> Option<&'static Code> {
    error
        .downcast_ref::<backfold::Error>()
        .map(backfold::Error::code)
        .or_else(|| {
            error
                .downcast_ref::<backfold::job::JobError>()
                .map(Coded::code)
        })
        .or_else(|| error.downcast_ref::<ProjectError>().map(Coded::code))
        .or_else(|| error.downcast_ref::<DoctorError>().map(Coded::code))
        .or_else(|| error.downcast_ref::<PageError>().map(Coded::code))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use backfold::job::JobError;

    use super::*;

    fn unreadable() -> Failure {
        let source = io::Error::new(
            io::ErrorKind::NotFound,
            "no such file\n  do: something \u{1b}[31mforged",
        );
        Failure::of(
            &JobError::Unreadable {
                path: PathBuf::from("job.toml"),
                source,
            }
            .into(),
        )
    }

    #[test]
    fn text_has_message_cause_and_advice() {
        insta::assert_snapshot!(unreadable().text(Paint::none()), @r#"
        error[BF0002]: cannot read the job file job.toml
          because: no such file\n  do: something \u{1b}[31mforged
          do: Give the job file as the first argument of the command, or run it in the folder with `job.toml`.
          more: backfold explain BF0002
        "#);
    }

    #[test]
    fn json_has_the_same() {
        insta::assert_snapshot!(format!("{:#}", unreadable().document()), @r#"
        {
          "advice": "Give the job file as the first argument of the command, or run it in the folder with `job.toml`.",
          "causes": [
            "no such file\n  do: something \u001b[31mforged"
          ],
          "class": "usage",
          "code": "BF0002",
          "message": "cannot read the job file job.toml"
        }
        "#);
    }

    #[test]
    fn an_error_without_a_code_is_a_bug() {
        let failure = Failure::of(&anyhow::anyhow!("surprise"));
        assert_eq!(
            (failure.code.as_str(), failure.class),
            ("BF0000", Class::Retry)
        );
    }
}
