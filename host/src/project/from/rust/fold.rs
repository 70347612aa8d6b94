//! The function `fold` in Rust.

use backfold_declaration::{Aggregate, Comparison, Condition, Kept, Kind, Test};

use super::super::outline::{Finite, Outline, float, operator};
use super::words::{LOCALS, NEVER_NAMES, TYPES, period_of, raw};

pub(super) struct Rust<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) fields: Vec<String>,
    pub(super) pipeline: String,
}

/// Lines within the tests, if there are any.
fn within(tests: Vec<String>, lines: Vec<String>) -> Vec<String> {
    if tests.is_empty() {
        return lines;
    }
    let mut all = vec![format!("if {} {{", tests.join(" && "))];
    all.extend(lines.into_iter().map(|line| format!("    {line}")));
    all.push("}".to_owned());
    all
}

impl<'a> Rust<'a> {
    pub(super) fn new(outline: &'a Outline<'a>) -> Self {
        Rust {
            fields: outline.field_names(|name| {
                let name = name.to_ascii_lowercase();
                match NEVER_NAMES.contains(&name.as_str()) || LOCALS.contains(&name.as_str()) {
                    true => format!("{name}_"),
                    false => name,
                }
            }),
            pipeline: outline.type_name(&TYPES),
            outline,
        }
    }

    /// The lines of `fold`.
    pub(super) fn fold(&self) -> Vec<String> {
        let declaration = self.outline.declaration;
        let mut lines = Vec::new();
        let mut reject = |test: String, reason: &str| {
            lines.push(format!("if {test} {{"));
            lines.push(format!("    return Err(Reject({reason:?}));"));
            lines.push("}".to_owned());
        };
        for each in &declaration.reject {
            reject(self.test_of(&each.when), &each.reason);
        }
        for Finite {
            input,
            when,
            reason,
        } in self.outline.finite()
        {
            let field = self.field(input);
            let is_infinite = match self.outline.input(input).nullable {
                true => format!("{field}.is_some_and(|number| !number.is_finite())"),
                false => format!("!{field}.is_finite()"),
            };
            let test = when.map(|when| self.test_of(when) + " && ");
            reject(test.unwrap_or_default() + &is_infinite, &reason);
        }
        lines.push("let key = Group {".to_owned());
        for key in &declaration.keys {
            let field = self.field(key.input);
            let part = key.period.map_or(field.clone(), |period| {
                match self.outline.input(key.input).nullable {
                    true => format!("{field}.map(|at| {})", period_of(period, "at")),
                    false => period_of(period, &field),
                }
            });
            lines.push(format!("    {}: {part},", raw(&key.name)));
        }
        lines.push("};".to_owned());
        lines.push("out.at(key, |s| {".to_owned());
        for kept in &declaration.keep {
            lines.extend(
                self.update(kept)
                    .into_iter()
                    .map(|line| format!("    {line}")),
            );
        }
        lines.push("});".to_owned());
        lines
    }

    pub(super) fn field(&self, input: usize) -> String {
        format!("e.{}", raw(&self.fields[input]))
    }

    /// The lines that bring a state up to date.
    pub(super) fn update(&self, kept: &Kept) -> Vec<String> {
        let nullable = self.outline.nullable(&self.outline.values(kept));
        // A value that is taken out of an option has the name of its field.
        let value = |input: usize| match nullable.contains(&input) {
            true => raw(&self.fields[input]),
            false => self.field(input),
        };
        let kind = |input: usize| self.outline.input(input).kind;
        let name = raw(&kept.name);
        let update = match kept.aggregate {
            Aggregate::Count(_) => format!("s.{name} += 1;"),
            Aggregate::Sum(input) => format!("s.{name} += {};", value(input)),
            Aggregate::First { value: of, at } | Aggregate::Last { value: of, at } => {
                let borrow = match kind(of) {
                    Kind::Utf8 | Kind::Binary | Kind::Json => "",
                    _ => "&",
                };
                format!("s.{name}.insert({}, {borrow}{});", value(at), value(of))
            }
            Aggregate::Distinct(input) => {
                let item = match kind(input) {
                    Kind::Timestamp => ".microseconds",
                    Kind::Date => ".days",
                    _ => "",
                };
                format!("s.{name}.insert({}{item});", value(input))
            }
            Aggregate::Quantile { value: input, .. } => {
                let number = if kind(input) == Kind::Int64 {
                    " as f64"
                } else {
                    ""
                };
                format!("s.{name}.insert({}{number});", value(input))
            }
            Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Any(input)
            | Aggregate::All(input) => format!("s.{name}.insert({});", value(input)),
        };
        let mut lines = vec![update];
        if let Aggregate::Count(_) = kept.aggregate {
            let guards = self.outline.guards(kept).into_iter();
            let guards = guards.map(|input| self.field(input) + ".is_some()");
            lines = within(guards.collect(), lines);
        } else if !nullable.is_empty() {
            lines = within(vec![self.taken_out(&nullable)], lines);
        }
        let when = kept.when.as_ref().map(|when| self.test_of(when));
        within(when.into_iter().collect(), lines)
    }

    /// The test that takes the values of fields out of their options.
    fn taken_out(&self, nullable: &[usize]) -> String {
        let names = nullable.iter().map(|input| raw(&self.fields[*input]));
        let fields = nullable.iter().map(|input| self.field(*input));
        let (names, fields): (Vec<_>, Vec<_>) = names.zip(fields).unzip();
        match (names.as_slice(), fields.as_slice()) {
            ([name], [field]) => format!("let Some({name}) = {field}"),
            _ => format!(
                "let (Some({})) = ({})",
                names.join("), Some("),
                fields.join(", ")
            ),
        }
    }

    pub(super) fn test_of(&self, condition: &Condition) -> String {
        let field = self.field(condition.input);
        let nullable = self.outline.input(condition.input).nullable;
        // The test of a value that is there.
        let of_value = |test: &dyn Fn(&str) -> String| match nullable {
            true => format!("{field}.is_some_and(|value| {})", test("value")),
            false => test(&field),
        };
        let one_of = |patterns: Vec<String>, negated: bool| {
            of_value(&|value| match (patterns.as_slice(), negated) {
                ([one], false) => format!("{value} == {one}"),
                ([one], true) => format!("{value} != {one}"),
                (several, false) => format!("matches!({value}, {})", several.join(" | ")),
                (several, true) => format!("!matches!({value}, {})", several.join(" | ")),
            })
        };
        match &condition.test {
            Test::Text { any_of, negated } => one_of(
                any_of.iter().map(|text| format!("{text:?}")).collect(),
                *negated,
            ),
            Test::Boolean(wanted) => match (nullable, wanted) {
                (true, wanted) => format!("{field} == Some({wanted})"),
                (false, true) => field,
                (false, false) => format!("!{field}"),
            },
            Test::Int64(Comparison::Equal, numbers) => {
                one_of(numbers.iter().map(i64::to_string).collect(), false)
            }
            Test::Int64(Comparison::NotEqual, numbers) => {
                one_of(numbers.iter().map(i64::to_string).collect(), true)
            }
            Test::Int64(comparison, numbers) => {
                of_value(&|value| format!("{value} {} {}", operator(*comparison), numbers[0]))
            }
            Test::Float64(comparison, numbers) if numbers.len() > 1 => {
                let numbers: Vec<_> = numbers.iter().map(|number| float(*number)).collect();
                let not = if *comparison == Comparison::NotEqual {
                    "!"
                } else {
                    ""
                };
                of_value(&|value| format!("{not}[{}].contains(&{value})", numbers.join(", ")))
            }
            Test::Float64(comparison, numbers) => {
                let number = float(numbers[0]);
                of_value(&|value| format!("{value} {} {number}", operator(*comparison)))
            }
        }
    }
}
