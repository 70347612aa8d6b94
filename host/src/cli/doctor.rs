//! `backfold doctor`: shows what is missing for a language or for a job.

use std::path::{Path, PathBuf};

use anyhow::Result;
use backfold::doctor::{self, Finding, Report, Verdict};
use backfold::job::{Job, Overrides};
use backfold::project::Language;

use super::answer::Answer;
use super::context::Context;
use super::human::plain;
use super::paint::Paint;

/// Show what is missing for a language or a job, and how to get it; nothing is written
///
/// For a language: the programs that it needs, which of them were found, and the commands that install the others.
/// For a job: the component, the work folder, credentials and where they come from, the source with its first records
/// decoded, and the target with the rights that a build needs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold doctor                          the language of the project in this folder, or all languages
  backfold doctor python                   what Python needs
  backfold doctor job.toml                 what a run of the job needs
  backfold doctor job.toml --output json

Exit code 2 means that something stops a build or a run.")]
pub(crate) struct Doctor {
    /// A language (rust, python, ts, js, go, c, zig) or a job file
    #[arg(value_name = "LANG | JOB")]
    about: Option<String>,
}

impl Doctor {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let here = Path::new(".");
        let report = match &self.about {
            None => doctor::folder(here),
            Some(name) => match Language::of_name(name) {
                Some(language) => doctor::languages(Some(language), here),
                None => {
                    let job = Job::load(&PathBuf::from(name), &Overrides::default())?;
                    let store = context.store();
                    context.watch(doctor::job(&job, &store)).await
                }
            },
        };
        let answer = Answer::new(describe(&report, context.paint), &report)?;
        Ok(match report.refusal() {
            Some(error) => answer.refused(&error.into()),
            None => answer,
        })
    }
}

fn describe(report: &Report, paint: Paint) -> String {
    let lines = report.findings.iter().map(|finding| line(finding, paint));
    lines.collect()
}

fn line(finding: &Finding, paint: Paint) -> String {
    let mark = match finding.verdict {
        Verdict::Fine => paint.green("✓"),
        Verdict::Note => paint.cyan("•"),
        Verdict::Problem => paint.red("✗"),
    };
    let code = finding.code.as_ref();
    let code = code.map_or_else(String::new, |code| format!(" [{code}]"));
    let mut text = format!(
        "{mark} {}: {}{code}\n",
        paint.bold(plain(&finding.about)),
        plain(&finding.found)
    );
    if let Some(remedy) = &finding.remedy {
        text.push_str(&format!("    {} {}\n", paint.cyan("do:"), plain(remedy)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_stands_with_its_remedy() {
        let finding = |verdict, remedy: Option<&str>| Finding {
            about: "source".into(),
            verdict,
            found: "gone\u{1b}[2J".into(),
            remedy: remedy.map(Into::into),
            code: remedy.map(|_| "BF0202".into()),
        };
        let report = Report {
            findings: vec![
                finding(Verdict::Fine, None),
                finding(Verdict::Problem, Some("bring it back")),
            ],
        };
        insta::assert_snapshot!(describe(&report, Paint::none()), @r"
        ✓ source: gone\u{1b}[2J
        ✗ source: gone\u{1b}[2J [BF0202]
            do: bring it back
        ");
    }
}
