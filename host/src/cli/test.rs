//! `backfold test`: folds a small file, and compares the table with an expected one.

use std::path::PathBuf;

use anyhow::Result;
use backfold::replay::{self, Comparison, Expectation, FileTest, FileTestOptions};
use backfold::row_json::Row;
use serde::Serialize;

use super::answer::Answer;
use super::arguments::ParamArguments;
use super::context::Context;
use super::human::{count, counted, plain};
use super::paint::Paint;
use super::table::{Side, Table};

/// Fold a small file and show the resulting table, or compare it with an expected table
///
/// The file holds records as an archive does: JSON, plain, gzip or zstd. No job and no database are needed.
/// The expected table is a JSON array of rows, each with all key columns and the other columns to compare.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold test clicks.wasm --input events.jsonl
  backfold test clicks.wasm --input events.jsonl --expect table.json --update
  backfold test clicks.wasm --input events.jsonl --expect table.json

Exit code 3 means that the table differs from the expected one.")]
pub(crate) struct Test {
    /// The component's `.wasm` file
    #[arg(value_name = "COMPONENT")]
    component: PathBuf,

    /// The file with the records; for several files, a folder or a pattern in quotes
    #[arg(long, value_name = "FILE")]
    input: PathBuf,

    /// The file with the expected table
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// Write the table to the file of --expect instead of comparing it
    #[arg(long, requires = "expect")]
    update: bool,

    #[command(flatten)]
    params: ParamArguments,
}

/// The table of a file, and how it differs from an expectation.
#[derive(Serialize)]
struct Tested<'a> {
    #[serde(flatten)]
    file_test: &'a FileTest,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'a Comparison>,
}

impl Test {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let options = FileTestOptions {
            component: self.component,
            params: self.params.collect(),
            input: self.input,
        };
        let test = replay::test(&options, context.cancel.clone()).await?;
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

/// The largest number of differences or rejections of a kind in the text.
const SHOWN: usize = 20;

fn describe(test: &FileTest, paint: Paint) -> String {
    let descriptor = &test.descriptor;
    let header = descriptor.table_columns().map(|column| {
        use backfold::schema::Kind;
        let side = match column.kind {
            Kind::Int64 | Kind::Float64 => Side::Right,
            _ => Side::Left,
        };
        (column.name.clone(), side)
    });
    let mut table = Table::of(header.collect());
    for row in &test.rows {
        let cells = test.columns.iter().map(|column| match row.get(column) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => String::new(),
        });
        table.push(cells.collect());
    }
    let mut text = table.render(0, paint);
    let counts = &test.counts;
    text.push_str(&format!(
        "\n{} of {}",
        counted(test.rows.len() as u64, "row"),
        counted(counts.records, "record")
    ));
    if counts.not_wanted > 0 {
        text.push_str(&format!(", {} not wanted", count(counts.not_wanted)));
    }
    text.push('\n');
    if test.rejected > 0 {
        let rejected = counted(test.rejected, "record");
        text.push_str(&format!("\n{} {rejected}:\n", paint.red("rejected")));
    }
    for rejection in test.rejections.iter().take(SHOWN) {
        let at = rejection
            .path
            .as_ref()
            .map_or_else(String::new, |path| format!("{path}: "));
        let line = format!("{}: {at}{}", rejection.position, rejection.reason);
        text.push_str(&format!("  {}\n", plain(&line)));
    }
    text + &more(test.rejected as usize)
}

/// The differences between the table and the expected one, one per line.
fn differences(comparison: &Comparison, paint: Paint) -> String {
    if *comparison == Comparison::default() {
        return format!("\n{}: the table is the expected one\n", paint.green("same"));
    }
    let mut text = String::from("\n");
    let unmatched = [
        ("missing", &comparison.missing),
        ("unexpected", &comparison.unexpected),
    ];
    for (name, rows) in unmatched {
        for row in rows.iter().take(SHOWN) {
            text.push_str(&format!(
                "{} {}\n",
                paint.red(format_args!("{name:<10}")),
                row_text(row)
            ));
        }
        text.push_str(&more(rows.len()));
    }
    for row in comparison.different.iter().take(SHOWN) {
        text.push_str(&format!(
            "{} {}: {}, expected {}\n",
            paint.red("different "),
            row_text(&row.key),
            row_text(&row.found),
            row_text(&row.expected)
        ));
    }
    text + &more(comparison.different.len())
}

/// The number of items that are not shown, if there are any.
fn more(all: usize) -> String {
    match all.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("  and {} more\n", count(more as u64)),
    }
}

/// `page="/a" views=1`
fn row_text(row: &Row) -> String {
    let pairs: Vec<_> = row
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    plain(&pairs.join(" ")).into_owned()
}
