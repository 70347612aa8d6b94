//! The function `fold` in Go.

use backfold_declaration::{Aggregate, Comparison, Condition, Kept, Kind, Test};

use super::super::outline::{Finite, Outline, float, operator, quoted};
use super::words::{conjunct, exported, period_of, type_of, unique};

pub(super) struct Go<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) fields: Vec<String>,
    pub(super) keys: Vec<String>,
    pub(super) kept: Vec<String>,
    pub(super) views: Vec<String>,
}

impl<'a> Go<'a> {
    pub(super) fn new(outline: &'a Outline<'a>) -> Self {
        let declaration = outline.declaration;
        let views = outline.views();
        Go {
            fields: outline.field_names(exported),
            keys: unique(declaration.keys.iter().map(|key| key.name.as_str())),
            kept: unique(declaration.keep.iter().map(|kept| kept.name.as_str())),
            views: unique(views.iter().map(|(_, _, column)| column.name.as_str())),
            outline,
        }
    }

    /// The lines of `fold`, without the last one.
    pub(super) fn fold(&self) -> Vec<String> {
        let declaration = self.outline.declaration;
        let mut lines = Vec::new();
        let mut reject = |test: String, reason: &str| {
            lines.push(format!("if {test} {{"));
            lines.push(format!("\treturn guest.Reject({})", quoted(reason)));
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
            let mut tests: Vec<_> = when
                .map(|when| conjunct(self.test_of(when)))
                .into_iter()
                .collect();
            if self.outline.input(input).nullable && when.is_none_or(|when| when.input != input) {
                tests.push(format!("{}.Valid", self.field(input)));
            }
            tests.push(format!("!isFinite({})", self.value(input)));
            reject(tests.join(" && "), &reason);
        }
        let parts = declaration.keys.iter().zip(&self.keys).map(|(key, name)| {
            let (field, value) = (self.field(key.input), self.value(key.input));
            let part = key.period.map_or(field.clone(), |period| {
                let part = period_of(period, &value);
                match self.outline.input(key.input).nullable {
                    true => format!(
                        "guest.Null[{}]{{V: {part}, Valid: {field}.Valid}}",
                        type_of(period.kind(), false)
                    ),
                    false => part,
                }
            });
            format!("{name}: {part}")
        });
        let parts: Vec<_> = parts.collect();
        lines.push(format!("s := out.At(Group{{{}}})", parts.join(", ")));
        for (kept, name) in declaration.keep.iter().zip(&self.kept) {
            let when = kept.when.as_ref().map(|when| self.test_of(when));
            let guards = self.outline.guards(kept);
            let when = when.map(|when| {
                if guards.is_empty() {
                    when
                } else {
                    conjunct(when)
                }
            });
            let guards = guards
                .into_iter()
                .map(|input| format!("{}.Valid", self.field(input)));
            let tests: Vec<_> = when.into_iter().chain(guards).collect();
            let update = format!("s.{name}.{}", self.update(kept));
            if tests.is_empty() {
                lines.push(update);
                continue;
            }
            lines.push(format!("if {} {{", tests.join(" && ")));
            lines.push(format!("\t{update}"));
            lines.push("}".to_owned());
        }
        lines
    }

    pub(super) fn field(&self, input: usize) -> String {
        format!("e.{}", self.fields[input])
    }

    /// The value of a field that is present.
    pub(super) fn value(&self, input: usize) -> String {
        match self.outline.input(input).nullable {
            true => self.field(input) + ".V",
            false => self.field(input),
        }
    }

    pub(super) fn update(&self, kept: &Kept) -> String {
        let kind = |input: usize| self.outline.input(input).kind;
        match kept.aggregate {
            Aggregate::Count(_) => "Add(1)".to_owned(),
            Aggregate::Sum(input) => format!("Add({})", self.value(input)),
            Aggregate::First { value, at } | Aggregate::Last { value, at } => {
                format!("Insert({}, {})", self.value(at), self.value(value))
            }
            Aggregate::Distinct(input) => {
                let value = self.value(input);
                match kind(input) {
                    Kind::Int64 => format!("InsertInt64({value})"),
                    Kind::Float64 => format!("InsertFloat64({value})"),
                    Kind::Timestamp | Kind::Date => format!("InsertInt64(int64({value}))"),
                    Kind::Binary => format!("InsertBytes([]byte({value}))"),
                    _ => format!("Insert({value})"),
                }
            }
            Aggregate::Quantile { value, .. } if kind(value) == Kind::Int64 => {
                format!("Insert(float64({}))", self.value(value))
            }
            Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Any(input)
            | Aggregate::All(input)
            | Aggregate::Quantile { value: input, .. } => format!("Insert({})", self.value(input)),
        }
    }

    pub(super) fn test_of(&self, condition: &Condition) -> String {
        let (field, value) = (self.field(condition.input), self.value(condition.input));
        let nullable = self.outline.input(condition.input).nullable;
        let present = |test: String| match nullable {
            true => format!("{field}.Valid && {test}"),
            false => test,
        };
        let one_of = |values: Vec<String>, negated: bool| {
            let (operator, by) = if negated {
                ("!=", " && ")
            } else {
                ("==", " || ")
            };
            let tests = values
                .iter()
                .map(|other| format!("{value} {operator} {other}"));
            let tests = tests.collect::<Vec<_>>().join(by);
            match nullable && !negated {
                true => present(conjunct(tests)),
                false => present(tests),
            }
        };
        let numbers = |comparison: Comparison, numbers: Vec<String>| match comparison {
            Comparison::Equal => one_of(numbers, false),
            Comparison::NotEqual => one_of(numbers, true),
            comparison => present(format!("{value} {} {}", operator(comparison), numbers[0])),
        };
        match &condition.test {
            Test::Text { any_of, negated } => {
                one_of(any_of.iter().map(|text| quoted(text)).collect(), *negated)
            }
            Test::Boolean(true) => present(value.clone()),
            Test::Boolean(false) => present(format!("!{value}")),
            Test::Int64(comparison, of) => {
                numbers(*comparison, of.iter().map(i64::to_string).collect())
            }
            Test::Float64(comparison, of) => numbers(
                *comparison,
                of.iter().map(|number| float(*number)).collect(),
            ),
        }
    }
}
