//! The result of a test as text: a table, its rejections, and how it differs from an expected one.

use backfold::replay::{Comparison, FileTest};
use backfold::row_json::Row;
use serde::Serialize;

use super::human::{count, counted, plain};
use super::paint::Paint;
use super::presence::add_absent;
use super::table::{Fields, Side, Table};

/// The table of a file, and how it differs from an expectation.
#[derive(Serialize)]
pub(crate) struct Tested<'a> {
    #[serde(flatten)]
    pub(crate) file_test: &'a FileTest,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comparison: Option<&'a Comparison>,
}

/// The largest number of differences or rejections of a kind in the text.
const SHOWN: usize = 20;

/// The table of a file, and the records that are not in it.
pub(crate) fn describe(test: &FileTest, paint: Paint) -> String {
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
    let mut absent = Fields::default();
    add_absent(&mut absent, &test.presence, paint);
    text.push_str(&absent.render(paint));
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
        if let Some(failure) = &rejection.failure {
            for line in &failure.details {
                text.push_str(&format!("      {}\n", plain(line.trim_end())));
            }
        }
    }
    text + &more(test.rejected as usize)
}

/// The differences between the table and the expected one, one per line.
pub(crate) fn differences(comparison: &Comparison, paint: Paint) -> String {
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
