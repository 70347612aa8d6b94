//! The function `fold` in TypeScript.

use backfold_declaration::{Aggregate, Comparison, Condition, Kept, Kind, Period, Test};

use super::super::outline::{Finite, Outline, float, operator};
use super::words::{conjunct, integer, property, quoted};

pub(super) struct TypeScript<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) fields: Vec<String>,
    /// Whether it is TypeScript, not JavaScript.
    pub(super) is_typed: bool,
}

impl<'a> TypeScript<'a> {
    pub(super) fn new(outline: &'a Outline<'a>, is_typed: bool) -> Self {
        TypeScript {
            fields: outline.field_names(|name| property(&name.to_ascii_lowercase())),
            is_typed,
            outline,
        }
    }

    /// The lines of `fold`.
    pub(super) fn fold(&self) -> Vec<String> {
        let declaration = self.outline.declaration;
        let mut lines = Vec::new();
        for reject in &declaration.reject {
            let test = self.test_of(&reject.when);
            lines.push(format!("if ({test}) reject({});", quoted(&reject.reason)));
        }
        for Finite {
            input,
            when,
            reason,
        } in self.outline.finite()
        {
            let mut tests: Vec<_> = when
                .map(|when| conjunct(self.test_of(when)))
                .into_iter()
                .collect();
            if self.outline.input(input).nullable && when.is_none_or(|when| when.input != input) {
                tests.push(format!("{} !== null", self.field(input)));
            }
            tests.push(format!("!Number.isFinite({})", self.field(input)));
            lines.push(format!(
                "if ({}) reject({});",
                tests.join(" && "),
                quoted(&reason)
            ));
        }
        lines.push(self.at());
        for kept in &declaration.keep {
            let when = kept.when.as_ref().map(|when| self.test_of(when));
            let guards: Vec<_> = self.outline.guards(kept);
            let when = when.map(|when| {
                if guards.is_empty() {
                    when
                } else {
                    conjunct(when)
                }
            });
            let guards = guards
                .into_iter()
                .map(|input| format!("{} !== null", self.field(input)));
            let tests: Vec<_> = when.into_iter().chain(guards).collect();
            let update = self.update(kept);
            lines.push(match tests.as_slice() {
                [] => update,
                tests => format!("if ({}) {update}", tests.join(" && ")),
            });
        }
        lines
    }

    pub(super) fn field(&self, input: usize) -> String {
        format!("e.{}", self.fields[input])
    }

    pub(super) fn at(&self) -> String {
        let parts = self.outline.declaration.keys.iter().map(|key| {
            let field = self.field(key.input);
            let part = key.period.map_or(field.clone(), |period| {
                let part = match period {
                    Period::Minute => format!("truncate({field}, 60)"),
                    Period::Hour => format!("truncate({field}, 3600)"),
                    Period::Day => format!("day({field})"),
                    Period::Week => format!("weekOf({field})"),
                    Period::Month => format!("monthOf({field})"),
                    Period::Year => format!("yearOf({field})"),
                };
                match self.outline.input(key.input).nullable {
                    true => format!("{field} === null ? null : {part}"),
                    false => part,
                }
            });
            format!("{}: {part}", property(&key.name))
        });
        let parts: Vec<_> = parts.collect();
        let line = format!("const s = at({{ {} }});", parts.join(", "));
        match line.len() {
            0..=110 => line,
            _ => format!("const s = at({{\n  {},\n}});", parts.join(",\n  ")),
        }
    }

    pub(super) fn update(&self, kept: &Kept) -> String {
        let name = property(&kept.name);
        let kind = |input: usize| self.outline.input(input).kind;
        let field = |input: usize| self.field(input);
        match kept.aggregate {
            Aggregate::Count(_) => format!("s.{name}.add(1);"),
            Aggregate::Sum(input) if kind(input) == Kind::Int64 => {
                format!("s.{name}.add({});", field(input))
            }
            Aggregate::First { value, at } | Aggregate::Last { value, at } => {
                format!("s.{name}.insert({}, {});", field(at), field(value))
            }
            Aggregate::Distinct(input) if kind(input) == Kind::Float64 => {
                format!("s.{name}.insert(bytesOf({}));", field(input))
            }
            Aggregate::Quantile { value, .. } if kind(value) == Kind::Int64 => {
                format!("s.{name}.insert(Number({}));", field(value))
            }
            Aggregate::Sum(input)
            | Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Any(input)
            | Aggregate::All(input)
            | Aggregate::Distinct(input)
            | Aggregate::Quantile { value: input, .. } => {
                format!("s.{name}.insert({});", field(input))
            }
        }
    }

    pub(super) fn test_of(&self, condition: &Condition) -> String {
        let field = self.field(condition.input);
        let nullable = self.outline.input(condition.input).nullable;
        let present = |test: String| match nullable {
            true => format!("{field} !== null && {test}"),
            false => test,
        };
        let one_of = |values: Vec<String>, negated: bool| {
            let tests = |operator: &str, by: &str| {
                let tests = values
                    .iter()
                    .map(|value| format!("{field} {operator} {value}"));
                tests.collect::<Vec<_>>().join(by)
            };
            match negated {
                true => present(tests("!==", " && ")),
                false => tests("===", " || "),
            }
        };
        let order = |comparison: Comparison, number: String| {
            present(format!("{field} {} {number}", operator(comparison)))
        };
        match &condition.test {
            Test::Text { any_of, negated } => {
                one_of(any_of.iter().map(|text| quoted(text)).collect(), *negated)
            }
            Test::Boolean(wanted) => match (nullable, wanted) {
                (true, wanted) => format!("{field} === {wanted}"),
                (false, true) => field,
                (false, false) => format!("!{field}"),
            },
            Test::Int64(comparison, numbers) => {
                let numbers: Vec<_> = numbers.iter().map(|number| integer(*number)).collect();
                match comparison {
                    Comparison::Equal => one_of(numbers, false),
                    Comparison::NotEqual => one_of(numbers, true),
                    comparison => order(*comparison, numbers[0].clone()),
                }
            }
            Test::Float64(comparison, numbers) => {
                let numbers: Vec<_> = numbers.iter().map(|number| float(*number)).collect();
                match comparison {
                    Comparison::Equal => one_of(numbers, false),
                    Comparison::NotEqual => one_of(numbers, true),
                    comparison => order(*comparison, numbers[0].clone()),
                }
            }
        }
    }
}
