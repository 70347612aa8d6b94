//! The unit tests of a pipeline in TypeScript.

use backfold_declaration::Aggregate;

use super::super::outline::Outline;
use super::super::seen::{Cell, Seen};
use super::fold::TypeScript;
use super::words::{SAFE, literal, property};

const LAWS: &str = "
// States do not depend on where history is cut into batches and parts.
test('the laws hold', () => {
  laws(pipeline, (random) => random.pick(events));
});
";

/// The file `pipeline.test.ts` or `pipeline.test.js`.
pub(in super::super) fn test(outline: &Outline<'_>, seen: &Seen, is_typed: bool) -> String {
    TypeScript::new(outline, is_typed).test(seen)
}

impl TypeScript<'_> {
    pub(super) fn test(&self, seen: &Seen) -> String {
        let declaration = self.outline.declaration;
        let mut body = format!(
            "  const folded = foldJson(pipeline, events);\n  assert.equal(folded.rows.length, {});\n  \
             assert.equal(folded.rejections.length, {});\n  assert.equal(folded.passedOver, {});\n",
            seen.keys, seen.rejected, seen.passed_over
        );
        if let Some(row) = &seen.row {
            let key = declaration.keys.iter().zip(&row.key);
            let key = key.map(|(key, cell)| format!("{}: {}", property(&key.name), literal(cell)));
            let key: Vec<_> = key.collect();
            body.push_str(&format!(
                "  const row = folded.row({{ {} }});\n",
                key.join(", ")
            ));
            for (number, cell) in &row.states {
                let kept = &declaration.keep[*number];
                let beyond = matches!(cell, Cell::Int64(number) if number.unsigned_abs() > SAFE);
                // `show` may not read such a sum as a number.
                if beyond && matches!(kept.aggregate, Aggregate::Count(_) | Aggregate::Sum(_)) {
                    continue;
                }
                let name = property(&kept.name);
                body.push_str(&format!(
                    "  assert.equal(row?.state.{name}, {});\n",
                    literal(cell)
                ));
            }
            let views = self.outline.views();
            for (number, cell) in &row.views {
                let name = property(&views[*number].2.name);
                body.push_str(&format!(
                    "  assert.equal(row?.shown.{name}, {});\n",
                    literal(cell)
                ));
            }
        }
        let day = if body.contains("dayOf(") {
            "import { dayOf } from '@backfold/guest';\n"
        } else {
            ""
        };
        let check = if self.is_typed { "" } else { "// @ts-check\n" };
        let (import, laws) = match self.outline.has_laws() {
            true => ("laws, ", LAWS),
            false => ("", ""),
        };
        format!(
            "{check}// Unit tests under Node: no component is needed. `npm test` runs them.
import assert from 'node:assert/strict';
import {{ readFileSync }} from 'node:fs';
import {{ test }} from 'node:test';
{day}import {{ foldJson, {import}parseLines }} from '@backfold/guest/testing';
import pipeline from './pipeline.js';

const events = parseLines(readFileSync('events.jsonl', 'utf8'));

test('the sample', () => {{
{body}}});
{laws}"
        )
    }
}
