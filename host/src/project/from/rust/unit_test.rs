//! The unit tests of a pipeline in Rust.

use backfold_declaration::Aggregate;

use super::super::outline::Outline;
use super::super::seen::{Cell, Seen, SeenRow};
use super::fold::Rust;
use super::words::{literal, raw};

/// The unit tests at the end of the file.
pub(in super::super) fn tests(outline: &Outline<'_>, seen: &Seen) -> String {
    Rust::new(outline).tests(seen)
}

fn check(value: &str, cell: &Cell, is_optional: bool) -> String {
    let literal = literal(cell);
    match (cell, is_optional) {
        (Cell::Boolean(true), false) => format!("        assert!({value});\n"),
        (Cell::Boolean(false), false) => format!("        assert!(!{value});\n"),
        (Cell::Null, _) | (_, false) => format!("        assert_eq!({value}, {literal});\n"),
        (_, true) => format!("        assert_eq!({value}, Some({literal}));\n"),
    }
}

impl Rust<'_> {
    /// The checks of a row.
    fn checks(&self, row: &SeenRow) -> String {
        let declaration = self.outline.declaration;
        let keys = declaration.keys.iter().zip(&row.key);
        let keys = keys.zip(declaration.key_columns());
        let key = keys.map(|((key, cell), column)| {
            let literal = match (column.nullable, cell) {
                (true, Cell::Null) | (false, _) => literal(cell),
                (true, _) => format!("Some({})", literal(cell)),
            };
            format!("            {}: {literal},\n", raw(&key.name))
        });
        let mut body = format!(
            "        let key = Group {{\n{}        }};\n",
            key.collect::<String>()
        );
        if !row.states.is_empty() {
            body.push_str("        let state = folded.state(&key).expect(\"the key is there\");\n");
        }
        for (number, cell) in &row.states {
            let kept = &declaration.keep[*number];
            let value = format!("state.{}.value()", raw(&kept.name));
            let is_optional = matches!(kept.aggregate, Aggregate::Min(_) | Aggregate::Max(_));
            body.push_str(&check(&value, cell, is_optional));
        }
        let views = self.outline.views();
        if !row.views.is_empty() {
            body.push_str("        let view = folded.view(&key).expect(\"the key is there\");\n");
        }
        for (number, cell) in &row.views {
            let column = &views[*number].2;
            let value = format!("view.{}", raw(&column.name));
            body.push_str(&check(&value, cell, column.nullable));
        }
        body
    }

    pub(super) fn tests(&self, seen: &Seen) -> String {
        let pipeline = &self.pipeline;
        // A row without anything to check needs no key.
        let row = seen
            .row
            .as_ref()
            .filter(|row| !(row.states.is_empty() && row.views.is_empty()));
        let body = row.map_or_else(String::new, |row| self.checks(row));
        let (import, laws) = match self.outline.has_laws() {
            true => (
                "{fold_json, laws}",
                format!(
                    "
    #[test]
    fn states_do_not_depend_on_where_history_is_cut() {{
        laws::check::<{pipeline}>(&[], proptest::sample::select(events()));
    }}
"
                ),
            ),
            false => ("fold_json", String::new()),
        };
        format!(
            "
#[cfg(test)]
mod tests {{
    use backfold_guest::testing::{import};
    use serde_json::Value;

    use super::*;

    fn events() -> Vec<Value> {{
        let parse = |line| serde_json::from_str(line).expect(\"a line is JSON\");
        include_str!(\"../events.jsonl\").lines().map(parse).collect()
    }}

    #[test]
    fn the_sample() {{
        let folded = fold_json::<{pipeline}>(&[], &events());
        assert_eq!(folded.len(), {});
        assert_eq!(folded.rejections().len(), {});
        assert_eq!(folded.passed_over(), {});
{body}    }}
{laws}}}
",
            seen.keys, seen.rejected, seen.passed_over
        )
    }
}
