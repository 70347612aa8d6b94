//! The unit tests of a pipeline in Python.

use backfold_declaration::Aggregate;

use super::super::outline::{Outline, quoted};
use super::super::seen::{Cell, Seen};
use super::fold::Python;
use super::words::literal;

/// The file `test_pipeline.py`.
pub(in super::super) fn test(outline: &Outline<'_>, seen: &Seen) -> String {
    Python::new(outline).test(seen)
}

fn check(value: &str, cell: &Cell) -> String {
    match cell {
        Cell::Null | Cell::Boolean(_) => format!("assert {value} is {}", literal(cell)),
        _ => format!("assert {value} == {}", literal(cell)),
    }
}

impl Python<'_> {
    pub(super) fn test(&self, seen: &Seen) -> String {
        let class = &self.class;
        let mut body = format!(
            "def test_the_sample() -> None:\n    folded = fold_json({class}, EVENTS)\n    \
             assert (len(folded), len(folded.rejections), folded.passed_over) == ({}, {}, {})\n",
            seen.keys, seen.rejected, seen.passed_over
        );
        if let Some(row) = &seen.row {
            let key: Vec<_> = row.key.iter().map(literal).collect();
            let comma = if key.len() == 1 { "," } else { "" };
            body.push_str(&format!("    key = ({}{comma})\n", key.join(", ")));
            if !row.states.is_empty() {
                body.push_str("    state = folded.state(*key)\n");
            }
            for (number, cell) in &row.states {
                let kept = &self.outline.declaration.keep[*number];
                let value = match kept.aggregate {
                    Aggregate::Count(_) | Aggregate::Sum(_) => "",
                    _ => ".value",
                };
                let check = check(&format!("state.{}{value}", kept.name), cell);
                body.push_str(&format!("    {check}\n"));
            }
            let views = self.outline.views();
            for (number, cell) in &row.views {
                let name = quoted(&views[*number].2.name);
                let check = check(&format!("folded.view(*key)[{name}]"), cell);
                body.push_str(&format!("    {check}\n"));
            }
        }
        let types: Vec<_> = ["Date", "Timestamp"]
            .into_iter()
            .filter(|name| body.contains(&format!("{name}(")) || body.contains(&format!("{name}.")))
            .collect();
        let types = match types.as_slice() {
            [] => String::new(),
            types => format!("from backfold import {}\n", types.join(", ")),
        };
        let (import, laws) = match self.outline.has_laws() {
            true => (
                ", laws",
                format!(
                    "\n\ndef test_states_do_not_depend_on_where_history_is_cut() -> None:\n    \
                     laws({class}, lambda r: r.choice(EVENTS))\n"
                ),
            ),
            false => ("", String::new()),
        };
        format!(
            "\"\"\"Tests that need no component: `python3 -m pytest`.\"\"\"\n\nimport json\nfrom pathlib import Path\n\n\
             from pipeline import {class}\n\n{types}from backfold.testing import fold_json{import}\n\n\
             LINES = (Path(__file__).parent / \"events.jsonl\").read_text(\"utf-8\").split(\"\\n\")\n\
             EVENTS = [json.loads(line) for line in LINES if line]\n\n\n{body}{laws}"
        )
    }
}
