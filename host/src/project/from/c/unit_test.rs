//! The unit tests of a pipeline in C.

use backfold_declaration::Aggregate;

use super::super::outline::Outline;
use super::super::seen::{Cell, Seen};
use super::fold::C;
use super::words::literal;

const LAWS: &str = "
// States do not depend on where history is cut into batches and parts.
static void the_laws_hold(void) {
  bf_test_open(0);
  bf_test_file(\"events.jsonl\");
  bf_test_laws();
}
";

/// The file `test_pipeline.c`.
pub(in super::super) fn test(outline: &Outline<'_>, seen: &Seen) -> String {
    C::new(outline).test(seen)
}

fn check(value: &str, cell: &Cell, is_optional: bool) -> String {
    match (cell, is_optional) {
        (Cell::Null, _) => format!("  BF_EXPECT(!{value}.present);\n"),
        (cell, true) => {
            format!(
                "  BF_EXPECT({value}.present && {value}.value == {});\n",
                literal(cell)
            )
        }
        (cell, false) => format!("  BF_EXPECT({value} == {});\n", literal(cell)),
    }
}

impl C<'_> {
    pub(super) fn test(&self, seen: &Seen) -> String {
        let declaration = self.outline.declaration;
        let mut body = format!(
            "  BF_EXPECT(bf_test_states() == {} && bf_test_rejections() == {} && bf_test_passed_over() == {});\n",
            seen.keys, seen.rejected, seen.passed_over
        );
        if let Some(row) = &seen.row {
            let columns = declaration.key_columns();
            let key =
                columns
                    .iter()
                    .zip(&row.key)
                    .map(|(column, cell)| match (column.nullable, cell) {
                        (_, Cell::Null) => "{false}".to_owned(),
                        (true, cell) => format!("{{true, {}}}", literal(cell)),
                        (false, cell) => literal(cell),
                    });
            let key: Vec<_> = key.collect();
            body.push_str(&format!(
                "  group key = {{{}}};\n  const kept *s = bf_test_state(key);\n  BF_EXPECT(s != NULL);\n  if (!s) return;\n",
                key.join(", ")
            ));
            for (number, cell) in &row.states {
                let kept = &declaration.keep[*number];
                let is_optional = matches!(kept.aggregate, Aggregate::Min(_) | Aggregate::Max(_));
                body.push_str(&check(&format!("s->{}", kept.name), cell, is_optional));
            }
            let views = self.outline.views();
            if !row.views.is_empty() {
                body.push_str("  shown view = bf_test_view(key);\n");
            }
            for (number, cell) in &row.views {
                let column = &views[*number].2;
                body.push_str(&check(
                    &format!("view.{}", column.name),
                    cell,
                    column.nullable,
                ));
            }
        }
        let (laws, call) = match self.outline.has_laws() {
            true => (LAWS, "  the_laws_hold();\n"),
            false => ("", ""),
        };
        format!(
            "// Unit tests of the pipeline, natively: `make test`.
#include \"pipeline.c\"
#include \"backfold/testing.h\"

static void the_sample(void) {{
  bf_test_open(0);
  bf_test_file(\"events.jsonl\");
  bf_test_fold();
{body}}}
{laws}
int main(void) {{
  the_sample();
{call}  return bf_test_end();
}}
"
        )
    }
}
