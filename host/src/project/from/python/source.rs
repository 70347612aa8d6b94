//! The source of a pipeline in Python.

use std::collections::BTreeSet;

use backfold_declaration::{Aggregate, Encoding, Kept, Kind, Origin, Period};

use super::super::outline::{Outline, Refusal, encoding_name, float, indented, quoted};
use super::fold::Python;
use super::words::{KEYWORDS, MONTH, WEEK, YEAR, annotation, monoid_name, type_of};

/// The file `pipeline.py`.
///
/// # Errors
/// The entry that Python cannot say.
pub(in super::super) fn source(outline: &Outline<'_>) -> Result<String, Refusal> {
    outline.refuse_names(|name| {
        if KEYWORDS.contains(&name) {
            Some(format!(
                "`{name}` is a keyword of Python, and no name of a column"
            ))
        } else if name.starts_with("__") {
            Some(format!(
                "`{name}` is a private name in a class of Python, and no name of a column"
            ))
        } else {
            None
        }
    })?;
    Ok(Python::new(outline).source())
}

fn view(kept: &Kept, number: usize) -> String {
    let name = &kept.name;
    match &kept.aggregate {
        Aggregate::Distinct(_) => format!("round(s.{name}.estimate())"),
        Aggregate::Quantile { quantiles, .. } => {
            format!("s.{name}.quantile({})", float(quantiles[number]))
        }
        _ => format!("s.{name}"),
    }
}

impl Python<'_> {
    pub(super) fn source(&self) -> String {
        let declaration = self.outline.declaration;
        let mut body = String::new();
        for (period, helper) in [
            (Period::Week, WEEK),
            (Period::Month, MONTH),
            (Period::Year, YEAR),
        ] {
            if self.outline.has_period(period) {
                body.push_str(helper);
            }
        }
        body.push_str("\n\n");
        body.push_str(&self.record());
        body.push_str(&format!(
            "\n\nclass {}(Pipeline, name={}, version=\"0.1.0\"):\n    class Key:\n",
            self.class,
            quoted(self.outline.name)
        ));
        for (number, column) in declaration.key_columns().iter().enumerate() {
            let of = annotation(column.kind, column.nullable);
            let line = self.outline.key_line(number);
            body.push_str(&format!("        {}: {of}  # {line}\n", column.name));
        }
        body.push_str("\n    class State:\n");
        for (number, kept) in declaration.keep.iter().enumerate() {
            let of = self.monoid(kept);
            let line = self.outline.keep_line(number);
            body.push_str(&format!("        {}: {of}  # {line}\n", kept.name));
        }
        let views = self.outline.views();
        if !views.is_empty() {
            body.push_str("\n    class Shown(TypedDict):\n");
            for (_, _, column) in &views {
                let of = annotation(column.kind, column.nullable);
                body.push_str(&format!("        {}: {of}\n", column.name));
            }
        }
        body.push_str("\n    def fold(self, e: Record) -> None:\n");
        body.push_str(&indented(&self.fold(), "        "));
        if !views.is_empty() {
            body.push_str("\n    def show(self, s: State) -> Shown:\n        return {\n");
            for (kept, number, column) in &views {
                let value = view(kept, *number);
                body.push_str(&format!("            {}: {value},\n", quoted(&column.name)));
            }
            body.push_str("        }\n");
        }
        let about = self.outline.about().replace(['"', '\\'], "'");
        format!("\"\"\"{about}\"\"\"\n\n{}{body}", self.imports())
    }

    /// What the source imports.
    fn imports(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let mut sdk = BTreeSet::from(["Pipeline", "event"]);
        let keys = declaration.key_columns();
        let kinds = keys.iter().map(|column| column.kind);
        for kind in kinds.chain(declaration.inputs.iter().map(|input| input.kind)) {
            if matches!(kind, Kind::Timestamp | Kind::Date) {
                sdk.insert(type_of(kind));
            }
        }
        for kept in &declaration.keep {
            sdk.insert(monoid_name(&kept.aggregate));
        }
        let origins: Vec<_> = (0..self.fields.len())
            .filter_map(|input| self.origin(input))
            .collect();
        sdk.extend(origins.iter().map(|origin| {
            origin
                .split_once('(')
                .map_or(origin.as_str(), |(function, _)| function)
        }));
        let is_finite_checked = !outline.finite().is_empty();
        if is_finite_checked || !declaration.reject.is_empty() {
            sdk.insert("Reject");
        }
        let mut typing = Vec::new();
        if !origins.is_empty() {
            typing.push("Annotated");
        }
        if !outline.views().is_empty() {
            typing.push("TypedDict");
        }
        let mut text = String::new();
        if is_finite_checked {
            text.push_str("import math\n");
        }
        if !typing.is_empty() {
            text.push_str(&format!("from typing import {}\n", typing.join(", ")));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let sdk: Vec<_> = sdk.into_iter().collect();
        let line = format!("from backfold import {}\n", sdk.join(", "));
        text.push_str(&match line.len() {
            0..=120 => line,
            _ => format!("from backfold import (\n    {},\n)\n", sdk.join(",\n    ")),
        });
        text
    }

    /// The mark of a field whose place is not the path of its name.
    fn origin(&self, input: usize) -> Option<String> {
        let (field, input) = (&self.fields[input], self.outline.input(input));
        let encoding = match input.encoding {
            Encoding::Standard => String::new(),
            encoding => format!(", encoding={}", quoted(encoding_name(encoding))),
        };
        Some(match &input.origin {
            Origin::Path(path) if path == field && encoding.is_empty() => return None,
            Origin::Path(path) => format!("path({}{encoding})", quoted(path)),
            Origin::RecordKey => "record_key".to_owned(),
            Origin::RecordHeader(name) => format!("record_header({})", quoted(name)),
            Origin::RecordTime => "record_time".to_owned(),
            Origin::SourceName => "source_name".to_owned(),
            Origin::Partition => "partition".to_owned(),
            Origin::Offset => "offset".to_owned(),
        })
    }

    /// The class of an event.
    fn record(&self) -> String {
        let declaration = self.outline.declaration;
        let mut arguments = Vec::new();
        if !declaration.only.is_empty() {
            let only = declaration.only.iter().map(|only| {
                let values: Vec<_> = only.any_of.iter().map(|value| quoted(value)).collect();
                format!("{}: [{}]", quoted(&only.path), values.join(", "))
            });
            let only: Vec<_> = only.collect();
            arguments.push(format!("only={{{}}}", only.join(", ")));
        }
        if let Some(time) = declaration.event_time {
            arguments.push(format!("time={}", quoted(&self.fields[time])));
        }
        let arguments = match arguments.as_slice() {
            [] => String::new(),
            arguments => format!("({})", arguments.join(", ")),
        };
        let mut text = format!(
            "@event{arguments}\nclass Record:\n    \"\"\"What is read from a record.\"\"\"\n\n"
        );
        for (number, input) in declaration.inputs.iter().enumerate() {
            let of = annotation(input.kind, input.nullable);
            let of = match self.origin(number) {
                Some(origin) => format!("Annotated[{of}, {origin}]"),
                None => of,
            };
            text.push_str(&format!("    {}: {of}\n", self.fields[number]));
        }
        text
    }

    fn monoid(&self, kept: &Kept) -> String {
        let name = monoid_name(&kept.aggregate);
        let of = |input: usize| format!("{name}[{}]", type_of(self.outline.input(input).kind));
        match kept.aggregate {
            Aggregate::Count(_) => "Sum[int]".to_owned(),
            Aggregate::Any(_) | Aggregate::All(_) | Aggregate::Quantile { .. } => name.to_owned(),
            Aggregate::Sum(input)
            | Aggregate::Min(input)
            | Aggregate::Max(input)
            | Aggregate::Distinct(input)
            | Aggregate::First { value: input, .. }
            | Aggregate::Last { value: input, .. } => of(input),
        }
    }
}
