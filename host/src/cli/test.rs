//! `backfold test`: folds a small file, and compares the table with an expected one.

use std::path::PathBuf;

use anyhow::Result;
use backfold::guest::Cache;
use backfold::job::JobError;
use backfold::replay::{self, Expectation, FileTestOptions};

use super::answer::Answer;
use super::build::SettingArguments;
use super::context::Context;
use super::human::plain;
use super::project_test::ProjectTest;
use super::tested::{Tested, describe, differences};

/// Test a project, or fold a small file and compare the table with an expected one
///
/// In a project (see `backfold new`): run its unit tests, build it, fold its events.jsonl, and compare the table with
/// its expected.json; with --watch again on each save.
/// With --input, a component and a file of your own: no project, no job and no database are needed. The file holds
/// records as an archive does: JSON, plain, gzip or zstd, or as the decoding and the layout of --job say. The expected
/// table is a JSON array of rows, each with all key columns and the other columns to compare.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold test                                                       test the project in this folder
  backfold test --watch                                               test it on each save
  backfold test --update                                              write its table to expected.json
  backfold test clicks.wasm --input events.jsonl
  backfold test clicks.wasm --input events.jsonl --expect table.json --update
  backfold test clicks.wasm --input events.jsonl --expect table.json
  backfold test clicks.wasm --input events.csv --job job.toml

Exit code 3 means that a unit test fails, or that the table differs from the expected one.")]
pub(crate) struct Test {
    /// The folder of a project; with --input, a component's `.wasm` file
    #[arg(value_name = "DIR", default_value = ".")]
    target: PathBuf,

    /// The file with the records; for several files, a folder or a pattern in quotes
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// The file with the expected table
    #[arg(long, value_name = "FILE", requires = "input")]
    expect: Option<PathBuf>,

    /// Write the table to the expected file instead of comparing it
    #[arg(long)]
    update: bool,

    /// Test a project again whenever one of its files is saved, until Ctrl-C
    #[arg(long, conflicts_with_all = ["input", "update"])]
    watch: bool,

    #[command(flatten)]
    settings: SettingArguments,
}

impl Test {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let Some(input) = self.input else {
            let test = ProjectTest {
                folder: self.target,
                options: self.settings.options(false, context),
                update: self.update,
                watch: self.watch,
            };
            return test.execute(context).await;
        };
        if self.update && self.expect.is_none() {
            let message = "--update needs --expect FILE, the file to write".to_owned();
            return Err(JobError::CommandLine { message }.into());
        }
        let job = self.settings.loaded()?;
        let options = FileTestOptions {
            params: job
                .as_ref()
                .map_or_else(|| self.settings.given(), |job| job.component_params()),
            limits: job
                .as_ref()
                .map(|job| job.limits.clone())
                .unwrap_or_default(),
            job,
            component: self.target,
            cache: Cache::of_user(),
            progress: context.progress.clone(),
            input,
        };
        let test = replay::test(&options, context.cancel.clone());
        let test = context.watch_compiling(test).await?;
        let mut text = describe(&test, context.paint);
        let Some(path) = self.expect else {
            let comparison = None;
            return Answer::new(
                text,
                &Tested {
                    file_test: &test,
                    comparison,
                },
            );
        };
        if self.update {
            Expectation::write(&path, &test).map_err(backfold::Error::from)?;
            text.push_str(&format!(
                "\nwritten to {}\n",
                plain(&path.display().to_string())
            ));
        }
        let expectation =
            Expectation::read(&path, &test.descriptor).map_err(backfold::Error::from)?;
        let comparison = expectation.compare(&test);
        text.push_str(&differences(&comparison, context.paint));
        let refusal = expectation.refusal(&comparison);
        let answer = Answer::new(
            text,
            &Tested {
                file_test: &test,
                comparison: Some(&comparison),
            },
        )?;
        Ok(match refusal {
            Some(error) => answer.refused(&backfold::Error::from(error).into()),
            None => answer,
        })
    }
}
