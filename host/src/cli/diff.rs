//! `backfold diff`: compares two builds.

use std::path::PathBuf;

use anyhow::Result;
use backfold::cutover::{DiffOptions, KeyValue};
use backfold::replay;

use super::answer::Answer;
use super::arguments::JobArguments;
use super::context::Context;

/// Show the differences between two builds of the table
///
/// Rows are compared by key, each build is read once, and memory does not grow with the number of rows. Sums, means and
/// nulls are shown for columns in which they differ.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold diff job.toml                          compare the live build with the newest one
  backfold diff job.toml 01JZ8… 01JZ9…            compare two builds
  backfold diff job.toml --where page=/a          compare only the rows of one page
  backfold diff job.toml --tolerance mean=1e-9    let means differ by as much
  backfold diff job.toml --keys changed.jsonl     write the keys of all rows that are not equal")]
pub(crate) struct Diff {
    #[command(flatten)]
    job: JobArguments,

    /// The old build; by default the live one
    #[arg(value_name = "OLD")]
    old: Option<String>,

    /// The new build; by default the newest complete one
    #[arg(value_name = "NEW")]
    new: Option<String>,

    /// Compare only the rows with this value of a key column, written as `diff` shows it; may be repeated for other
    /// columns
    #[arg(long = "where", value_name = "KEY=VALUE")]
    only: Vec<KeyValue>,

    /// How many keys of each class to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    limit: usize,

    /// Let the numbers of a column differ by at most this much, and count as equal; may be repeated
    #[arg(long = "tolerance", value_name = "COLUMN=NUMBER", value_parser = tolerance)]
    tolerances: Vec<(String, f64)>,

    /// Write the key of each added, removed and changed row to this file: JSON Lines (.jsonl) or Parquet (.parquet)
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

impl Diff {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let job = self.job.load()?;
        let (old, new, store) = (self.old.as_deref(), self.new.as_deref(), context.store());
        let options = DiffOptions {
            samples: self.limit,
            only: self.only,
            tolerances: self.tolerances.into_iter().collect(),
            keys_file: self.keys,
            ..DiffOptions::default()
        };
        let comparing = replay::diff(&job, old, new, options, &store);
        let diff = context.watch(comparing).await?;
        Answer::new(diff.to_string(), &diff)
    }
}

/// A column and the difference that it may have.
fn tolerance(text: &str) -> Result<(String, f64), String> {
    let split = text.rsplit_once('=');
    let (column, number) =
        split.ok_or_else(|| format!("`{text}` has no `=`: write `COLUMN=1e-9`"))?;
    let tolerance = number
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    Ok((column.to_owned(), tolerance))
}
