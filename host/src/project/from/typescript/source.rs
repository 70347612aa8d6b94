//! The source of a pipeline in TypeScript.

use std::collections::BTreeSet;

use backfold_declaration::{Aggregate, Column, Encoding, Entry, Input, Kept, Kind, Origin, Period};

use super::super::outline::{Outline, Refusal, encoding_name, float, indented};
use super::fold::TypeScript;
use super::words::{column_of, constructor, name_of, property, quoted};

/// A function of a number.
struct Helper {
    about: &'static str,
    name: &'static str,
    argument: &'static str,
    /// The type of its result.
    of: &'static str,
    body: &'static str,
}

const WEEK: &Helper = &Helper {
    about: "The Monday of an instant's week.",
    name: "weekOf",
    argument: "at",
    of: "number",
    body: "  return Math.floor((day(at) + 3) / 7) * 7 - 3;\n",
};

const MONTH: &Helper = &Helper {
    about: "The first day of an instant's month.",
    name: "monthOf",
    argument: "at",
    of: "number",
    body: "  const first = new Date(day(at) * 86_400_000);
  return dayOf(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
",
};

const YEAR: &Helper = &Helper {
    about: "The first day of an instant's year.",
    name: "yearOf",
    argument: "at",
    of: "number",
    body: "  return dayOf(new Date(day(at) * 86_400_000).getUTCFullYear(), 1, 1);\n",
};

const BYTES: &Helper = &Helper {
    about: "The bytes by which a sketch counts a float.",
    name: "bytesOf",
    argument: "value",
    of: "Uint8Array",
    body: "  const bytes = new DataView(new ArrayBuffer(8));
  // -0 counts as 0, and all that is no number as one value.
  bytes.setFloat64(0, Number.isNaN(value) ? NaN : value + 0, true);
  return new Uint8Array(bytes.buffer);
",
};

/// The file `pipeline.ts` or `pipeline.js`.
///
/// # Errors
/// The entry that TypeScript cannot say.
pub(in super::super) fn source(outline: &Outline<'_>, is_typed: bool) -> Result<String, Refusal> {
    outline.refuse_names(|name| {
        if name.contains(|c: char| c.is_ascii_uppercase()) {
            Some(format!(
                "the SDK of TypeScript writes columns in small letters, and `{name}` has capitals"
            ))
        } else if name == "__proto__" {
            Some(format!("`{name}` has a meaning of its own in JavaScript"))
        } else {
            None
        }
    })?;
    if let Some(only) = outline
        .declaration
        .only
        .iter()
        .find(|only| only.path == "__proto__")
    {
        let problem = "`__proto__` has a meaning of its own in JavaScript";
        return Err(Refusal::new(Entry::Where(only.path.clone()), problem));
    }
    Ok(TypeScript::new(outline, is_typed).source())
}

/// The field that is read from a record.
fn read(input: &Input, is_event_time: bool) -> String {
    let of_path = |path: &str| {
        let mut options = Vec::new();
        if is_event_time {
            options.push("eventTime: true".to_owned());
        }
        if input.encoding != Encoding::Standard {
            options.push(format!("encoding: '{}'", encoding_name(input.encoding)));
        }
        let options = match options.as_slice() {
            [] => String::new(),
            options => format!(", {{ {} }}", options.join(", ")),
        };
        format!("{}({}{options})", constructor(input.kind), quoted(path))
    };
    let as_kind = |field: String| match input.kind {
        Kind::Binary => format!("asBytes({field})"),
        _ => field,
    };
    match &input.origin {
        Origin::Path(path) if input.nullable => format!("nullable({})", of_path(path)),
        Origin::Path(path) => of_path(path),
        Origin::RecordKey => as_kind("recordKey()".to_owned()),
        Origin::RecordHeader(name) => as_kind(format!("recordHeader({})", quoted(name))),
        Origin::Partition => "partition()".to_owned(),
        Origin::RecordTime if is_event_time => "recordTime({ eventTime: true })".to_owned(),
        origin => {
            let field = match origin {
                Origin::RecordTime => "recordTime()",
                Origin::SourceName => "sourceName()",
                _ => "offset()",
            };
            match input.nullable {
                true => format!("nullable({field})"),
                false => field.to_owned(),
            }
        }
    }
}

/// The column of a view: its integers are estimates, far below 2^53.
fn shown_of(column: &Column) -> String {
    match column.kind {
        Kind::Int64 => "int()".to_owned(),
        kind => column_of(kind, column.nullable),
    }
}

fn view(kept: &Kept, number: usize) -> String {
    let name = property(&kept.name);
    match &kept.aggregate {
        Aggregate::Distinct(_) => format!("Math.round(s.{name}.estimate())"),
        Aggregate::Quantile { quantiles, .. } => {
            format!("s.{name}.quantile({})", float(quantiles[number]))
        }
        _ => format!("s.{name}"),
    }
}

impl TypeScript<'_> {
    pub(super) fn source(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let mut text = String::new();
        for helper in self.helpers() {
            text.push('\n');
            text.push_str(&helper);
        }
        text.push_str(&format!(
            "\nexport default pipeline({{\n  name: {},\n  version: '0.1.0',\n",
            quoted(outline.name)
        ));
        if !declaration.only.is_empty() {
            text.push_str("\n  // Other records are passed over.\n  only: {\n");
            for only in &declaration.only {
                let values: Vec<_> = only.any_of.iter().map(|value| quoted(value)).collect();
                text.push_str(&format!(
                    "    {}: [{}],\n",
                    name_of(&only.path),
                    values.join(", ")
                ));
            }
            text.push_str("  },\n");
        }
        text.push_str("\n  // What is read from a record, by path.\n  event: {\n");
        for (number, input) in declaration.inputs.iter().enumerate() {
            let field = read(input, declaration.event_time == Some(number));
            text.push_str(&format!("    {}: {field},\n", self.fields[number]));
        }
        text.push_str("  },\n\n  key: {\n");
        for (number, column) in declaration.key_columns().iter().enumerate() {
            let (name, of) = (
                property(&column.name),
                column_of(column.kind, column.nullable),
            );
            text.push_str(&format!(
                "    {name}: {of}, // {}\n",
                outline.key_line(number)
            ));
        }
        text.push_str("  },\n\n  // What is kept for a key.\n  state: {\n");
        for (number, kept) in declaration.keep.iter().enumerate() {
            let (name, of) = (property(&kept.name), self.monoid(kept));
            text.push_str(&format!(
                "    {name}: {of}, // {}\n",
                outline.keep_line(number)
            ));
        }
        text.push_str("  },\n");
        text.push_str(&self.functions());
        text.push_str("});\n");
        let check = if self.is_typed { "" } else { "// @ts-check\n" };
        format!("{check}// {}\n{}{text}", outline.about(), self.imports())
    }

    /// `fold`, and what is shown.
    fn functions(&self) -> String {
        let views = self.outline.views();
        let (mut shown, mut show) = (String::new(), String::new());
        for (kept, number, column) in &views {
            let (name, of) = (property(&column.name), shown_of(column));
            shown.push_str(&format!("    {name}: {of},\n"));
            show.push_str(&format!("    {name}: {},\n", view(kept, *number)));
        }
        let fold = format!(
            "\n  fold(e, at) {{\n{}  }},\n",
            indented(&self.fold(), "    ")
        );
        if views.is_empty() {
            return fold;
        }
        format!(
            "\n  // What readers of the table see beside the sketches.\n  shown: {{\n{shown}  }},\n{fold}\n  \
             show: (s) => ({{\n{show}  }}),\n"
        )
    }

    fn imports(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let mut used = BTreeSet::from(["pipeline"]);
        let mut calls: Vec<String> = Vec::new();
        calls.extend(declaration.inputs.iter().map(|input| read(input, false)));
        let columns = declaration.key_columns().into_iter();
        calls.extend(columns.map(|column| column_of(column.kind, column.nullable)));
        calls.extend(declaration.keep.iter().map(|kept| self.monoid(kept)));
        let views = outline.views().into_iter();
        calls.extend(views.map(|(_, _, column)| shown_of(&column)));
        for call in &calls {
            // `nullable(text('page'))` calls both; what stands in quotes is no call.
            let code = call.split('\'').next().unwrap_or_default();
            used.extend(code.split(['(', ')']).filter(|name| !name.is_empty()));
        }
        if !declaration.reject.is_empty() || !outline.finite().is_empty() {
            used.insert("reject");
        }
        for period in declaration.keys.iter().filter_map(|key| key.period) {
            used.extend(match period {
                Period::Minute | Period::Hour => &["truncate"][..],
                Period::Day | Period::Week => &["day"],
                Period::Month | Period::Year => &["day", "dayOf"],
            });
        }
        let used: Vec<_> = used.into_iter().collect();
        let line = format!("import {{ {} }} from '@backfold/guest';\n", used.join(", "));
        match line.len() {
            0..=120 => line,
            _ => format!(
                "import {{\n  {},\n}} from '@backfold/guest';\n",
                used.join(",\n  ")
            ),
        }
    }

    /// Functions that the SDK does not have, as far as they are used.
    fn helpers(&self) -> Vec<String> {
        let outline = self.outline;
        let counts_floats = outline.declaration.keep.iter().any(|kept| {
            matches!(kept.aggregate, Aggregate::Distinct(input) if outline.input(input).kind == Kind::Float64)
        });
        let helpers = [
            (outline.has_period(Period::Week), WEEK),
            (outline.has_period(Period::Month), MONTH),
            (outline.has_period(Period::Year), YEAR),
            (counts_floats, BYTES),
        ];
        let used = helpers.into_iter().filter(|(is_used, _)| *is_used);
        used.map(|(_, helper)| self.function(helper)).collect()
    }

    /// A function with the types of TypeScript, or with those of a comment in JavaScript.
    fn function(&self, helper: &Helper) -> String {
        let Helper {
            about,
            name,
            argument,
            of,
            body,
        } = helper;
        match self.is_typed {
            true => {
                format!("/** {about} */\nfunction {name}({argument}: number): {of} {{\n{body}}}\n")
            }
            false => format!(
                "/** {about} @param {{number}} {argument} */\nfunction {name}({argument}) {{\n{body}}}\n"
            ),
        }
    }

    fn monoid(&self, kept: &Kept) -> String {
        let of = |input: usize| match self.outline.input(input).kind {
            Kind::Int64 => String::new(),
            kind => column_of(kind, false),
        };
        match kept.aggregate {
            Aggregate::Count(_) => "sum()".to_owned(),
            Aggregate::Sum(input) if self.outline.input(input).kind == Kind::Float64 => {
                "floatSum()".to_owned()
            }
            Aggregate::Sum(_) => "sum()".to_owned(),
            Aggregate::Min(input) => format!("min({})", of(input)),
            Aggregate::Max(input) => format!("max({})", of(input)),
            Aggregate::Any(_) => "any()".to_owned(),
            Aggregate::All(_) => "all()".to_owned(),
            Aggregate::First { value, .. } => {
                format!(
                    "first({})",
                    column_of(self.outline.input(value).kind, false)
                )
            }
            Aggregate::Last { value, .. } => {
                format!("last({})", column_of(self.outline.input(value).kind, false))
            }
            Aggregate::Distinct(_) => "hll()".to_owned(),
            Aggregate::Quantile { .. } => "ddSketch()".to_owned(),
        }
    }
}
