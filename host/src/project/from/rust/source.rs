//! The source of a pipeline in Rust.

use backfold_declaration::{Aggregate, Column, Encoding, Input, Kept, Kind, Origin, Period};

use super::super::outline::{Outline, Refusal, encoding_name, float, indented};
use super::fold::Rust;
use super::words::{
    MONTH, NEVER_NAMES, WEEK, YEAR, YEAR_AT, is_borrowed, is_name, owned, raw, type_of,
};

/// The file `src/lib.rs`, without its unit tests.
///
/// # Errors
/// The entry that Rust cannot say.
pub(in super::super) fn source(outline: &Outline<'_>) -> Result<String, Refusal> {
    outline.refuse_names(|name| {
        let problem = format!("`{name}` is a keyword of Rust, and no name of a column");
        NEVER_NAMES.contains(&name).then_some(problem)
    })?;
    Ok(Rust::new(outline).source())
}

/// A struct with a comment at each field.
fn structure<'a>(
    name: &str,
    is_borrowed: bool,
    fields: impl Iterator<Item = (&'a str, String)>,
    comments: impl Iterator<Item = String>,
) -> String {
    let fields: String = fields
        .zip(comments)
        .map(|((field, of), comment)| {
            let comment = match comment.as_str() {
                "" => String::new(),
                comment => format!("    /// `{}`\n", comment.replace('`', "'")),
            };
            // Columns may have other names than fields in Rust.
            let is_usual = !field.contains(|c: char| c.is_ascii_uppercase());
            let allow = if is_usual {
                ""
            } else {
                "    #[allow(non_snake_case)]\n"
            };
            format!("{comment}{allow}    {}: {of},\n", raw(field))
        })
        .collect();
    let lifetime = if is_borrowed { "<'a>" } else { "" };
    format!("struct {name}{lifetime} {{\n{fields}}}\n")
}

/// What the attribute of an event's field says.
fn options(name: &str, input: &Input, is_event_time: bool) -> Vec<String> {
    let mut options = Vec::new();
    match &input.origin {
        Origin::Path(path) if path == name => {}
        Origin::Path(path) => options.push(format!("path = {path:?}")),
        Origin::RecordKey => options.push("record_key".to_owned()),
        Origin::RecordHeader(name) => options.push(format!("record_header = {name:?}")),
        Origin::RecordTime => options.push("record_time".to_owned()),
        Origin::SourceName => options.push("source_name".to_owned()),
        Origin::Partition => options.push("partition".to_owned()),
        Origin::Offset => options.push("offset".to_owned()),
    }
    if input.encoding != Encoding::Standard {
        options.push(format!("encoding = \"{}\"", encoding_name(input.encoding)));
    }
    if is_event_time {
        options.push("event_time".to_owned());
    }
    options
}

fn view_of(kept: &Kept, number: usize) -> String {
    let name = raw(&kept.name);
    match &kept.aggregate {
        Aggregate::Distinct(_) => format!("state.{name}.estimate().round() as i64"),
        Aggregate::Quantile { quantiles, .. } => {
            format!("state.{name}.quantile({})", float(quantiles[number]))
        }
        _ => format!("state.{name}.value()"),
    }
}

impl Rust<'_> {
    pub(super) fn source(&self) -> String {
        let (outline, declaration) = (self.outline, self.outline.declaration);
        let mut text = format!(
            "//! {}\n\nuse backfold_guest::prelude::*;\n\n",
            outline.about()
        );
        text.push_str(&self.record());
        text.push_str("\n/// The key.\n#[derive(Key)]\n");
        let keys = declaration.key_columns();
        let lines = (0..keys.len()).map(|number| outline.key_line(number));
        let fields = keys.iter().map(|column| {
            let of = type_of(column.kind, column.nullable, true);
            (column.name.as_str(), of)
        });
        text.push_str(&structure(
            "Group",
            is_borrowed(keys.iter().map(|key| key.kind)),
            fields,
            lines,
        ));
        text.push_str("\n/// What is kept for a key.\n#[derive(Monoid)]\n");
        let lines = (0..declaration.keep.len()).map(|number| outline.keep_line(number));
        let fields = declaration.keep.iter();
        let fields = fields.map(|kept| (kept.name.as_str(), self.monoid(kept)));
        text.push_str(&structure("Kept", false, fields, lines));
        let views = outline.views();
        if !views.is_empty() {
            text.push_str(
                "\n/// What readers of the table see beside the sketches.\n#[derive(View)]\n",
            );
            let fields = views.iter().map(|(_, _, column)| {
                let of = type_of(column.kind, column.nullable, false);
                (column.name.as_str(), of)
            });
            text.push_str(&structure(
                "Shown",
                false,
                fields,
                std::iter::repeat(String::new()),
            ));
        }
        text.push_str(&self.pipeline(&views));
        let (has_month, has_year) = (
            outline.has_period(Period::Month),
            outline.has_period(Period::Year),
        );
        for (is_used, helper) in [
            (outline.has_period(Period::Week), WEEK),
            (has_month, MONTH),
            (has_year, YEAR),
            (has_month || has_year, YEAR_AT),
        ] {
            if is_used {
                text.push_str(helper);
            }
        }
        text.push_str(&format!("\nbackfold_guest::export!({});\n", self.pipeline));
        text
    }

    /// The struct of an event.
    fn record(&self) -> String {
        let declaration = self.outline.declaration;
        let mut text = "/// What is read from a record.\n#[derive(Event)]\n".to_owned();
        for only in &declaration.only {
            let values: Vec<_> = only
                .any_of
                .iter()
                .map(|value| format!("{value:?}"))
                .collect();
            let path = match is_name(&only.path) {
                true => only.path.clone(),
                false => format!("{:?}", only.path),
            };
            text.push_str(&format!(
                "#[event(only({path} = [{}]))]\n",
                values.join(", ")
            ));
        }
        let is_borrowed = is_borrowed(declaration.inputs.iter().map(|input| input.kind));
        let lifetime = if is_borrowed { "<'a>" } else { "" };
        text.push_str(&format!("struct Record{lifetime} {{\n"));
        for (number, (name, input)) in self.fields.iter().zip(&declaration.inputs).enumerate() {
            let is_event_time = declaration.event_time == Some(number);
            let options = options(name, input, is_event_time);
            if !options.is_empty() {
                text.push_str(&format!("    #[event({})]\n", options.join(", ")));
            }
            if is_event_time && !self.is_used(number) {
                text.push_str("    #[allow(dead_code, reason = \"ranges of time need it\")]\n");
            }
            let of = type_of(input.kind, input.nullable, true);
            text.push_str(&format!("    {}: {of},\n", raw(name)));
        }
        text + "}\n"
    }

    /// Whether `fold` reads a field.
    fn is_used(&self, input: usize) -> bool {
        let declaration = self.outline.declaration;
        declaration.keys.iter().any(|key| key.input == input)
            || declaration
                .reject
                .iter()
                .any(|reject| reject.when.input == input)
            || declaration.keep.iter().any(|kept| {
                kept.when.as_ref().is_some_and(|when| when.input == input)
                    || self.outline.values(kept).contains(&input)
            })
    }

    fn monoid(&self, kept: &Kept) -> String {
        let of = |input: usize| owned(self.outline.input(input).kind);
        match kept.aggregate {
            Aggregate::Count(_) => "Sum<i64>".to_owned(),
            Aggregate::Sum(input) => format!("Sum<{}>", of(input)),
            Aggregate::Min(input) => format!("Min<{}>", of(input)),
            Aggregate::Max(input) => format!("Max<{}>", of(input)),
            Aggregate::Any(_) => "Any".to_owned(),
            Aggregate::All(_) => "All".to_owned(),
            Aggregate::First { value, .. } => format!("First<{}>", of(value)),
            Aggregate::Last { value, .. } => format!("Last<{}>", of(value)),
            Aggregate::Distinct(_) => "Hll".to_owned(),
            Aggregate::Quantile { .. } => "DdSketch".to_owned(),
        }
    }

    fn pipeline(&self, views: &[(&Kept, usize, Column)]) -> String {
        let name = &self.pipeline;
        let declaration = self.outline.declaration;
        let lifetime = |kinds: &mut dyn Iterator<Item = Kind>, name: &str| match is_borrowed(kinds)
        {
            true => "<".to_owned() + name + ">",
            false => String::new(),
        };
        let inputs = || declaration.inputs.iter().map(|input| input.kind);
        let keys = declaration.key_columns();
        let mut keys = keys.iter().map(|key| key.kind);
        let of_record = lifetime(&mut inputs(), "'a");
        let any_record = lifetime(&mut inputs(), "'_");
        let of_group = lifetime(&mut keys, "'a");
        let view = if views.is_empty() { "NoView" } else { "Shown" };
        let present = match views {
            [] => "    fn present(&self, _: &Kept) -> NoView {\n        NoView\n    }\n".to_owned(),
            views => {
                let fields = views.iter().map(|(kept, number, column)| {
                    format!(
                        "            {}: {},\n",
                        raw(&column.name),
                        view_of(kept, *number)
                    )
                });
                format!(
                    "    fn present(&self, state: &Kept) -> Shown {{\n        Shown {{\n{}        }}\n    }}\n",
                    fields.collect::<String>()
                )
            }
        };
        format!(
            "
/// The pipeline.
struct {name};

impl Pipeline for {name} {{
    type Event<'a> = Record{of_record};
    type Key<'a> = Group{of_group};
    type State = Kept;
    type View = {view};

    fn open(_: &mut Params) -> Result<Self, ParamError> {{
        Ok({name})
    }}

    fn fold(&self, e: Record{any_record}, out: &mut Out<'_, Self>) -> Result<(), Reject> {{
{}        Ok(())
    }}

{present}}}
",
            indented(&self.fold(), "        ")
        )
    }
}
