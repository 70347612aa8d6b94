//! A declaration as the generators of all languages see it.

use backfold_declaration::{
    Aggregate, Column, Comparison, Condition, Declaration, Encoding, Entry, Input, Kept, Kind,
    Origin, Source,
};

/// A declaration, and the names of what is written for it.
pub(super) struct Outline<'a> {
    /// The name of the project.
    pub(super) name: &'a str,
    /// The name of the job file from which it comes.
    pub(super) job: &'a str,
    /// The declaration as it is written.
    pub(super) source: &'a Source,
    /// What it means.
    pub(super) declaration: &'a Declaration,
}

/// An entry of a declaration that cannot be written in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) entry: Entry,
    pub(super) problem: String,
}

impl Refusal {
    pub(super) fn new(entry: Entry, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Refusal { entry, problem }
    }
}

/// A number that is checked before it is kept: its field, the condition under which it counts, and the reason for which
/// its record is rejected.
pub(super) struct Finite<'a> {
    pub(super) input: usize,
    pub(super) when: Option<&'a Condition>,
    pub(super) reason: String,
}

impl Outline<'_> {
    /// The field with this number.
    pub(super) fn input(&self, number: usize) -> &Input {
        &self.declaration.inputs[number]
    }

    /// The fields whose values a state takes, those first that come first in a call.
    pub(super) fn values(&self, kept: &Kept) -> Vec<usize> {
        match kept.aggregate {
            Aggregate::Count(input) => input.into_iter().collect(),
            Aggregate::Sum(input)
            | Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Any(input)
            | Aggregate::All(input)
            | Aggregate::Distinct(input)
            | Aggregate::Quantile { value: input, .. } => vec![input],
            Aggregate::First { value, at } | Aggregate::Last { value, at } => vec![at, value],
        }
    }

    /// Those of these fields that a record may lack, each once.
    pub(super) fn nullable(&self, inputs: &[usize]) -> Vec<usize> {
        let mut nullable = Vec::new();
        for input in inputs {
            if self.input(*input).nullable && !nullable.contains(input) {
                nullable.push(*input);
            }
        }
        nullable
    }

    /// The fields that have to be present for a state, apart from that of its condition, which a missing value does not
    /// meet.
    pub(super) fn guards(&self, kept: &Kept) -> Vec<usize> {
        let of_condition = kept.when.as_ref().map(|when| when.input);
        let mut guards = self.nullable(&self.values(kept));
        guards.retain(|input| Some(*input) != of_condition);
        guards
    }

    /// The numbers that have to be finite, in the order in which they are checked.
    pub(super) fn finite(&self) -> Vec<Finite<'_>> {
        let mut found: Vec<Finite<'_>> = Vec::new();
        for kept in &self.declaration.keep {
            let (Aggregate::Sum(input) | Aggregate::Quantile { value: input, .. }) = kept.aggregate
            else {
                continue;
            };
            let when = kept.when.as_ref();
            // What is checked without a condition need not be checked again.
            let is_known = |other: &Finite<'_>| {
                other.input == input && (other.when.is_none() || other.when == when)
            };
            if self.input(input).kind == Kind::Float64 && !found.iter().any(is_known) {
                let reason = format!("{}: the number is not finite", kept.name);
                found.push(Finite {
                    input,
                    when,
                    reason,
                });
            }
        }
        found
    }

    /// The line of the declaration for a column of the key.
    pub(super) fn key_line(&self, number: usize) -> String {
        line(&self.source.key[number])
    }

    /// The line of the declaration for a state.
    pub(super) fn keep_line(&self, number: usize) -> String {
        line(&self.source.keep[number])
    }

    /// The view columns, each with its state and its number among those of the state.
    pub(super) fn views(&self) -> Vec<(&Kept, usize, Column)> {
        let kept = self.declaration.keep.iter();
        let views = kept.flat_map(|kept| {
            let columns = self.declaration.view_columns(kept).into_iter();
            columns
                .enumerate()
                .map(move |(number, column)| (kept, number, column))
        });
        views.collect()
    }

    /// Whether some key has this period.
    pub(super) fn has_period(&self, period: backfold_declaration::Period) -> bool {
        let mut keys = self.declaration.keys.iter();
        keys.any(|key| key.period == Some(period))
    }

    /// Whether a unit test sees the same value of a field as the host: not the name and the time of a file.
    pub(super) fn is_of_record(&self, input: usize) -> bool {
        !matches!(
            self.input(input).origin,
            Origin::SourceName | Origin::RecordTime
        )
    }

    /// Whether unit tests can cut the records into parts: not where the pipeline reads their offsets, which are others then.
    pub(super) fn has_laws(&self) -> bool {
        let inputs = &self.declaration.inputs;
        inputs.iter().all(|input| input.origin != Origin::Offset)
    }

    /// What the source says of itself, on one line.
    pub(super) fn about(&self) -> String {
        format!(
            "What `aggregate` keeps by the declaration in {}, as source.",
            one_line(self.job)
        )
    }

    /// Refuses names of columns that a language cannot have.
    pub(super) fn refuse_names(
        &self,
        problem: impl Fn(&str) -> Option<String>,
    ) -> Result<(), Refusal> {
        for key in &self.declaration.keys {
            if let Some(problem) = problem(&key.name) {
                return Err(Refusal::new(Entry::Key(key.name.clone()), problem));
            }
        }
        for kept in &self.declaration.keep {
            let views = self.declaration.view_columns(kept);
            let names = std::iter::once(&kept.name).chain(views.iter().map(|view| &view.name));
            for name in names {
                if let Some(problem) = problem(name) {
                    return Err(Refusal::new(Entry::Keep(kept.name.clone()), problem));
                }
            }
        }
        Ok(())
    }

    /// A name in the language for each field, none twice.
    pub(super) fn field_names(&self, name: impl Fn(&str) -> String) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for input in &self.declaration.inputs {
            // Other names have a meaning in some languages.
            let plain = input.name.trim_matches('_');
            let stem = match plain.bytes().next() {
                Some(b'0'..=b'9') | None => name(&format!("field_{plain}")),
                Some(_) => name(plain),
            };
            let is_taken = |name: &str| names.iter().any(|taken| taken.eq_ignore_ascii_case(name));
            let mut unique = stem.clone();
            let mut number = 2;
            while is_taken(&unique) {
                unique = format!("{}{number}", stem.trim_end_matches('_'));
                number += 1;
            }
            names.push(unique);
        }
        names
    }

    /// The name of a type for the pipeline: that of the project in capitals, `PageViews`, unless it is one of these.
    pub(super) fn type_name(&self, taken: &[&str]) -> String {
        let name = pascal(&self.name.replace('-', "_"));
        match taken.contains(&name.as_str()) {
            true => format!("{name}Pipeline"),
            false => name,
        }
    }
}

fn line((name, text): &(String, String)) -> String {
    one_line(&format!("{name} = {text}"))
}

/// A text for a comment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// `total_ms` as `TotalMs`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

/// A text in double quotes, as JSON, Python, JavaScript and Go write it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A float as all languages write it: `5.0`, `1e300`.
pub(super) fn float(number: f64) -> String {
    format!("{number:?}")
}

/// Lines at an indentation.
pub(super) fn indented(lines: &[String], by: &str) -> String {
    let lines = lines.iter().flat_map(|line| line.split('\n'));
    lines
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("{by}{line}\n"),
        })
        .collect()
}

/// The name of an encoding, as Python, Go and TypeScript write it.
pub(super) fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Standard => "standard",
        Encoding::EpochSeconds => "epoch-seconds",
        Encoding::EpochMilliseconds => "epoch-milliseconds",
        Encoding::EpochMicroseconds => "epoch-microseconds",
        Encoding::EpochNanoseconds => "epoch-nanoseconds",
        Encoding::Hex => "hex",
    }
}

/// The operator of a comparison with one number, in most languages.
pub(super) fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
    }
}
