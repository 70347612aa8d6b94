//! The function `fold` in C.

use backfold_declaration::{Aggregate, Comparison, Condition, Kept, Kind, Test};

use super::super::outline::{Finite, Outline, float, operator};
use super::words::{WORDS, conjunct, integer, period_of, quoted};

pub(super) struct C<'a> {
    pub(super) outline: &'a Outline<'a>,
    pub(super) fields: Vec<String>,
}

impl<'a> C<'a> {
    pub(super) fn new(outline: &'a Outline<'a>) -> Self {
        C {
            fields: outline.field_names(|name| {
                let is_taken =
                    WORDS.contains(&name) || name.to_ascii_lowercase().starts_with("bf_");
                if is_taken {
                    format!("of_{name}")
                } else {
                    name.to_owned()
                }
            }),
            outline,
        }
    }

    /// The lines of `fold`, without the last one.
    pub(super) fn fold(&self) -> Vec<String> {
        let declaration = self.outline.declaration;
        let mut lines = Vec::new();
        for reject in &declaration.reject {
            let test = self.test_of(&reject.when);
            lines.push(format!("if ({test}) return {};", quoted(&reject.reason)));
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
                tests.push(format!("{}.present", self.field(input)));
            }
            tests.push(format!("!isfinite({})", self.value(input)));
            lines.push(format!(
                "if ({}) return {};",
                tests.join(" && "),
                quoted(&reason)
            ));
        }
        let parts = declaration.keys.iter().map(|key| {
            let (field, value) = (self.field(key.input), self.value(key.input));
            key.period.map_or(field.clone(), |period| {
                let part = period_of(period, &value);
                match self.outline.input(key.input).nullable {
                    true => {
                        let of = period.kind().name();
                        format!("(bf_{of}_or_null){{{field}.present, {part}}}")
                    }
                    false => part,
                }
            })
        });
        let parts: Vec<_> = parts.collect();
        lines.push(format!("kept *s = bf_at((group){{{}}});", parts.join(", ")));
        for kept in &declaration.keep {
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
                .map(|input| format!("{}.present", self.field(input)));
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
        format!("e->{}", self.fields[input])
    }

    /// The value of a field that is present.
    pub(super) fn value(&self, input: usize) -> String {
        match self.outline.input(input).nullable {
            true => self.field(input) + ".value",
            false => self.field(input),
        }
    }

    pub(super) fn update(&self, kept: &Kept) -> String {
        let name = &kept.name;
        let kind = |input: usize| self.outline.input(input).kind;
        let call = |function: &str, input: usize| {
            format!("{function}(&s->{name}, {});", self.value(input))
        };
        let timed = |function: &str, at: usize, value: usize| {
            let (at, kind, value) = (self.value(at), kind(value).name(), self.value(value));
            format!("bf_{function}_{kind}(&s->{name}, {at}, {value});")
        };
        match kept.aggregate {
            Aggregate::Count(_) => format!("s->{name} += 1;"),
            Aggregate::Sum(input) if kind(input) == Kind::Float64 => {
                call("bf_sum_add_float64", input)
            }
            Aggregate::Sum(input) => format!("s->{name} += {};", self.value(input)),
            Aggregate::Min(input) => call(&format!("bf_min_{}", kind(input)), input),
            Aggregate::Max(input) => call(&format!("bf_max_{}", kind(input)), input),
            Aggregate::Any(input) => format!("s->{name} |= {};", self.value(input)),
            Aggregate::All(input) => format!("s->{name} &= {};", self.value(input)),
            Aggregate::First { value, at } => timed("first", at, value),
            Aggregate::Last { value, at } => timed("last", at, value),
            Aggregate::Distinct(input) => call(&format!("bf_hll_add_{}", kind(input)), input),
            Aggregate::Quantile { value, .. } if kind(value) == Kind::Int64 => {
                format!(
                    "bf_dd_sketch_add(&s->{name}, (double){});",
                    self.value(value)
                )
            }
            Aggregate::Quantile { value, .. } => call("bf_dd_sketch_add", value),
        }
    }

    pub(super) fn test_of(&self, condition: &Condition) -> String {
        let (field, value) = (self.field(condition.input), self.value(condition.input));
        let nullable = self.outline.input(condition.input).nullable;
        let present = |test: String| match nullable {
            true => format!("{field}.present && {test}"),
            false => test,
        };
        let joined = |tests: Vec<String>, negated: bool| match (negated, nullable) {
            (true, _) => present(tests.join(" && ")),
            (false, true) => present(conjunct(tests.join(" || "))),
            (false, false) => tests.join(" || "),
        };
        let numbers = |comparison: Comparison, numbers: Vec<String>| {
            let operator = operator(comparison);
            let tests = numbers
                .iter()
                .map(|number| format!("{value} {operator} {number}"));
            joined(tests.collect(), comparison == Comparison::NotEqual)
        };
        match &condition.test {
            Test::Text { any_of, negated } => {
                let not = if *negated { "!" } else { "" };
                let tests = any_of
                    .iter()
                    .map(|text| format!("{not}bf_same_bytes({value}, bf_text({}))", quoted(text)));
                joined(tests.collect(), *negated)
            }
            Test::Boolean(true) => present(value.clone()),
            Test::Boolean(false) => present(format!("!{value}")),
            Test::Int64(comparison, of) => numbers(
                *comparison,
                of.iter().map(|number| integer(*number)).collect(),
            ),
            Test::Float64(comparison, of) => numbers(
                *comparison,
                of.iter().map(|number| float(*number)).collect(),
            ),
        }
    }
}
