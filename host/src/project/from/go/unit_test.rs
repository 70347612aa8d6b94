//! The unit tests of a pipeline in Go.

use backfold_declaration::Aggregate;

use super::super::outline::Outline;
use super::super::seen::{Cell, Seen, SeenRow};
use super::fold::Go;
use super::words::literal;

const LAWS: &str = "
func TestTheLawsHold(t *testing.T) {
	events := events(t)
	guesttest.Laws(t, pipeline, nil, func(r *rand.Rand) any { return events[r.IntN(len(events))] })
}
";

/// The file `main_test.go`.
pub(in super::super) fn test(outline: &Outline<'_>, seen: &Seen) -> String {
    Go::new(outline).test(seen)
}

fn check(bind: &str, value: &str, wanted: &str, name: &str) -> String {
    format!(
        "\tif {bind} := {value}; got != {wanted} {{\n\t\tt.Errorf(\"{name} is %v\", got)\n\t}}\n"
    )
}

impl Go<'_> {
    /// The checks of a row.
    fn checks(&self, row: &SeenRow) -> String {
        let declaration = self.outline.declaration;
        let columns = declaration.key_columns();
        let key = self.keys.iter().zip(columns.iter().zip(&row.key));
        let key = key.map(|(name, (column, cell))| {
            format!("{name}: {}", literal(cell, column.kind, column.nullable))
        });
        let key: Vec<_> = key.collect();
        let mut body = format!(
            "\tstate := folded.State(Group{{{}}})\n\tif state == nil {{\n\t\tt.Fatal(\"the key is missing\")\n\t}}\n",
            key.join(", ")
        );
        for (number, cell) in &row.states {
            let (kept, name) = (&declaration.keep[*number], &self.kept[*number]);
            let kind = declaration.state_columns(kept)[0].kind;
            let bind = match kept.aggregate {
                Aggregate::Min(_) | Aggregate::Max(_) => "got, _",
                _ => "got",
            };
            if *cell != Cell::Null {
                let (value, wanted) = (format!("state.{name}.Value()"), literal(cell, kind, false));
                body.push_str(&check(bind, &value, &wanted, &kept.name));
            }
        }
        let views = self.outline.views();
        for (number, cell) in &row.views {
            let (column, name) = (&views[*number].2, &self.views[*number]);
            let wanted = literal(cell, column.kind, column.nullable);
            // A literal of a struct ends a condition early unless it stands in parentheses.
            let wanted = match wanted.contains('{') {
                true => format!("({wanted})"),
                false => wanted,
            };
            let value = format!("present(state).{name}");
            body.push_str(&check("got", &value, &wanted, &column.name));
        }
        body
    }

    pub(super) fn test(&self, seen: &Seen) -> String {
        let mut body = format!(
            "\tfolded := guesttest.FoldJSON(t, pipeline, nil, events(t)...)\n\
             \tif got := [3]int{{folded.Len(), len(folded.Rejections), folded.PassedOver}}; got != [3]int{{{}, {}, {}}} {{\n\
             \t\tt.Fatalf(\"keys, rejected and passed over are %v\", got)\n\t}}\n",
            seen.keys, seen.rejected, seen.passed_over
        );
        if let Some(row) = &seen.row {
            body.push_str(&self.checks(row));
        }
        let laws = if self.outline.has_laws() { LAWS } else { "" };
        format!(
            "package main

import (
{}	\"os\"
	\"strings\"
	\"testing\"

{}	\"backfold.dev/guest/guesttest\"
)

// events are the lines of the sample.
func events(t *testing.T) []any {{
	text, err := os.ReadFile(\"events.jsonl\")
	if err != nil {{
		t.Fatal(err)
	}}
	var events []any
	for line := range strings.Lines(string(text)) {{
		events = append(events, line)
	}}
	return events
}}

func TestTheSample(t *testing.T) {{
{body}}}
{laws}",
            if laws.is_empty() {
                ""
            } else {
                "\t\"math/rand/v2\"\n"
            },
            if body.contains("guest.") {
                "\t\"backfold.dev/guest\"\n"
            } else {
                ""
            }
        )
    }
}
