//! `backfold report`: writes a page about a build.

use std::path::PathBuf;

use anyhow::Result;
use backfold::job::JobError;
use backfold::page::{self, PageOptions};
use backfold::replay;
use backfold::replay::review::Review;
use chrono::Utc;
use serde::Serialize;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;
use super::human::{plain, size};
use super::output::Format;

/// Write a page about a build: may it go live, what does it change, how to go back
///
/// The page is one HTML file of at most 200 KB. It needs no server and no network, so it can be mailed, kept with a
/// ticket, or published by CI. It shows the build as far as it is: a run may be under way, refused or killed. The gate and
/// the diff are those of the last run; no table is read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold report job.toml                        the newest build, as <table>-<build>.html
  backfold report job.toml 01JZ9… --out build.html
  backfold report job.toml --out - > build.html
  backfold report job.toml --output json | jq -r .result.file")]
pub(crate) struct Report {
    #[command(flatten)]
    job: JobArguments,

    /// The build; by default the newest one, whether it is complete or not
    #[arg(value_name = "BUILD")]
    build: Option<String>,

    /// The file to write, or `-` for standard output; by default `<table>-<build>.html` in the current folder
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The page that was written.
#[derive(Debug, Serialize)]
struct Written<'a> {
    table: &'a str,
    build: &'a str,
    /// One word, such as `ready`.
    verdict: &'static str,
    file: PathBuf,
    size_bytes: usize,
}

impl Report {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let is_stdout = self.out.as_ref().is_some_and(|out| out.as_os_str() == "-");
        if is_stdout && context.format != Format::Text {
            let message = "`--out -` writes the page to standard output, where `--output json` writes its document: \
                           name a file, or leave one of them out";
            return Err(JobError::CommandLine {
                message: message.to_owned(),
            }
            .into());
        }
        let job = self.job.load()?;
        let review = replay::review(&job, self.build.as_deref(), &context.store()).await?;
        let options = PageOptions {
            job: self.job.named(),
            now: Utc::now(),
        };
        let page = page::render(&review, &options);
        match (is_stdout, self.out) {
            (true, _) => Answer::new(page, &()),
            (false, out) => {
                let file = out.unwrap_or_else(|| default_file(&review));
                page::write(&file, &page)?;
                let written = Written {
                    table: &review.table,
                    build: &review.build,
                    verdict: review.verdict.name(),
                    size_bytes: page.len(),
                    file,
                };
                Answer::new(describe(&written), &written)
            }
        }
    }
}

fn default_file(review: &Review) -> PathBuf {
    format!("{}-{}.html", review.table, review.build).into()
}

fn describe(written: &Written<'_>) -> String {
    format!(
        "{}: {}, build {} is {}\n",
        plain(&written.file.display().to_string()),
        size(written.size_bytes as u64),
        written.build,
        written.verdict
    )
}
