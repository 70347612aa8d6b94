//! The function `fold` in Python.

use backfold_declaration::{Aggregate, Comparison, Condition, Kept, Test};

use super::super::outline::{Finite, Outline, float, quoted};
use super::words::{CLASSES, KEYWORDS, USED, period_of};

pub(super) struct Python<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) fields: Vec<String>,
    pub(super) class: String,
}

fn equality(
    field: &str,
    values: &[String],
    negated: bool,
    present: impl Fn(String) -> String,
) -> String {
    match (values, negated) {
        ([one], false) => format!("{field} == {one}"),
        ([one], true) => present(format!("{field} != {one}")),
        (several, false) => format!("{field} in ({})", several.join(", ")),
        (several, true) => present(format!("{field} not in ({})", several.join(", "))),
    }
}

fn compare(
    field: &str,
    comparison: Comparison,
    numbers: &[String],
    present: impl Fn(String) -> String,
) -> String {
    let order = |operator| present(format!("{field} {operator} {}", numbers[0]));
    match comparison {
        Comparison::Equal => equality(field, numbers, false, present),
        Comparison::NotEqual => equality(field, numbers, true, present),
        Comparison::Less => order("<"),
        Comparison::AtMost => order("<="),
        Comparison::Greater => order(">"),
        Comparison::AtLeast => order(">="),
    }
}

impl<'a> Python<'a> {
    pub(super) fn new(outline: &'a Outline<'a>) -> Self {
        Python {
            fields: outline.field_names(|name| {
                match KEYWORDS.contains(&name) || USED.contains(&name) {
                    true => format!("{name}_"),
                    false => name.to_owned(),
                }
            }),
            class: outline.type_name(&CLASSES),
            outline,
        }
    }

    /// The lines of `fold`.
    pub(super) fn fold(&self) -> Vec<String> {
        let declaration = self.outline.declaration;
        let mut lines = Vec::new();
        for reject in &declaration.reject {
            lines.push(format!("if {}:", self.test_of(&reject.when)));
            lines.push(format!("    raise Reject({})", quoted(&reject.reason)));
        }
        for Finite {
            input,
            when,
            reason,
        } in self.outline.finite()
        {
            let mut tests: Vec<_> = when.map(|when| self.test_of(when)).into_iter().collect();
            if self.outline.input(input).nullable && when.is_none_or(|when| when.input != input) {
                tests.push(format!("{} is not None", self.field(input)));
            }
            tests.push(format!("not math.isfinite({})", self.field(input)));
            lines.push(format!("if {}:", tests.join(" and ")));
            lines.push(format!("    raise Reject({})", quoted(&reason)));
        }
        lines.push(self.at());
        for kept in &declaration.keep {
            let when = kept.when.as_ref().map(|when| self.test_of(when));
            let guards = self.outline.guards(kept).into_iter();
            let guards = guards.map(|input| format!("{} is not None", self.field(input)));
            let tests: Vec<_> = when.into_iter().chain(guards).collect();
            let update = self.update(kept);
            match tests.as_slice() {
                [] => lines.push(update),
                tests => {
                    lines.push(format!("if {}:", tests.join(" and ")));
                    lines.push(format!("    {update}"));
                }
            }
        }
        lines
    }

    pub(super) fn field(&self, input: usize) -> String {
        format!("e.{}", self.fields[input])
    }

    /// The call that finds the state of the key.
    pub(super) fn at(&self) -> String {
        let keys = &self.outline.declaration.keys;
        // A method has an argument of that name.
        let is_named = keys.iter().all(|key| key.name != "self");
        let parts: Vec<_> = keys
            .iter()
            .map(|key| {
                let field = self.field(key.input);
                let part = key.period.map_or(field.clone(), |period| {
                    let part = period_of(period, &field);
                    match self.outline.input(key.input).nullable {
                        true => format!("{part} if {field} is not None else None"),
                        false => part,
                    }
                });
                match is_named {
                    true => format!("{}={part}", key.name),
                    false => part,
                }
            })
            .collect();
        let call = format!("s = self.at({})", parts.join(", "));
        match call.len() {
            0..=100 => call,
            _ => format!("s = self.at(\n    {},\n)", parts.join(",\n    ")),
        }
    }

    pub(super) fn update(&self, kept: &Kept) -> String {
        let name = &kept.name;
        match kept.aggregate {
            Aggregate::Count(_) => format!("s.{name} += 1"),
            Aggregate::Sum(input) => format!("s.{name} += {}", self.field(input)),
            Aggregate::First { value, at } | Aggregate::Last { value, at } => {
                format!("s.{name}.insert({}, {})", self.field(at), self.field(value))
            }
            Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Any(input)
            | Aggregate::All(input)
            | Aggregate::Distinct(input)
            | Aggregate::Quantile { value: input, .. } => {
                format!("s.{name}.insert({})", self.field(input))
            }
        }
    }

    pub(super) fn test_of(&self, condition: &Condition) -> String {
        let field = self.field(condition.input);
        let nullable = self.outline.input(condition.input).nullable;
        let present = |test: String| match nullable {
            true => format!("{field} is not None and {test}"),
            false => test,
        };
        match &condition.test {
            Test::Text { any_of, negated } => {
                let texts: Vec<_> = any_of.iter().map(|text| quoted(text)).collect();
                equality(&field, &texts, *negated, present)
            }
            Test::Boolean(wanted) => match (nullable, wanted) {
                (true, true) => format!("{field} is True"),
                (true, false) => format!("{field} is False"),
                (false, true) => field,
                (false, false) => format!("not {field}"),
            },
            Test::Int64(comparison, numbers) => {
                let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
                compare(&field, *comparison, &numbers, present)
            }
            Test::Float64(comparison, numbers) => {
                let numbers: Vec<_> = numbers.iter().map(|number| float(*number)).collect();
                compare(&field, *comparison, &numbers, present)
            }
        }
    }
}
