//! `[pipeline]`: the declaration of the component `aggregate`.

use std::ops::Range;

use backfold_declaration::{Declaration, Entry, Source};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Job;
use super::error::{JobError, Origin};
use super::locate::Text;

/// The name of the component that `[pipeline]` declares.
pub(super) const COMPONENT: &str = crate::guest::AGGREGATE;

const SECTIONS: [&str; 5] = ["where", "reject", "event_time", "key", "keep"];

/// Reads and checks the `[pipeline]` of a job that has one. Returns the parameters that say the same to the component.
pub(super) fn read(at: &Text<'_>) -> Result<Vec<(String, String)>, JobError> {
    let file = DeTable::parse(at.text).map_err(|error| at.explain(&error))?;
    let sections = match find(file.get_ref(), "pipeline").map(Spanned::get_ref) {
        Some(DeValue::Table(sections)) => sections,
        _ => return Ok(Vec::new()),
    };
    let mut reader = Reader {
        at,
        source: Source::default(),
        spans: Vec::new(),
    };
    for (section, value) in in_order(sections) {
        reader.section(section, value)?;
    }
    let Reader { source, spans, .. } = reader;
    source.check().map_err(|error| {
        let (section, key) = error.entry.place();
        let of_entry = spans
            .iter()
            .find(|(of, name, _)| *of == section && name.as_deref() == key);
        let whole = || find_key(file.get_ref(), "pipeline").map_or(0..0, Spanned::span);
        let span = of_entry.map_or_else(whole, |(_, _, span)| span.clone());
        JobError::Value {
            origin: at.origin(span),
            key: match &error.entry {
                Entry::Whole => "pipeline".to_owned(),
                entry => format!("pipeline.{entry}"),
            },
            problem: error.problem,
        }
    })?;
    Ok(source.to_params())
}

impl Job {
    /// What the component `aggregate` does in this job; `None` for a job with another component.
    ///
    /// # Errors
    /// If a parameter of the command line, which takes the place of a part of `[pipeline]`, makes no sense.
    pub fn declaration(&self) -> Result<Option<Declaration>, backfold_declaration::Error> {
        let declared = self.declared()?;
        Ok(declared.map(|(_, declaration)| declaration))
    }

    /// As [`Job::declaration`], with the declaration as it is written.
    pub(crate) fn declared(
        &self,
    ) -> Result<Option<(Source, Declaration)>, backfold_declaration::Error> {
        if self.component != std::path::Path::new(COMPONENT) {
            return Ok(None);
        }
        let source = Source::from_params(|name| self.params.get(name).cloned())?;
        let declaration = source.check()?;
        Ok(Some((source, declaration)))
    }
}

struct Reader<'a> {
    at: &'a Text<'a>,
    source: Source,
    /// Where the entries stand: section, key, place.
    spans: Vec<(&'static str, Option<String>, Range<usize>)>,
}

type Key<'a, 'i> = &'a Spanned<std::borrow::Cow<'i, str>>;

impl Reader<'_> {
    fn section(&mut self, key: Key<'_, '_>, value: &Spanned<DeValue<'_>>) -> Result<(), JobError> {
        let Some(section) = SECTIONS.into_iter().find(|known| known == key.get_ref()) else {
            return Err(JobError::UnknownKey {
                place: self.at.place(Some(key.span())),
                key: key.get_ref().to_string(),
                section: "pipeline".to_owned(),
                expected: SECTIONS.map(str::to_owned).into(),
            });
        };
        if section == "event_time" {
            let text = self.text(section, None, value)?;
            self.spans.push((section, None, key.span()));
            self.source.event_time = Some(text);
            return Ok(());
        }
        let DeValue::Table(entries) = value.get_ref() else {
            let form = match section {
                "where" => "a table of paths with the values that count",
                "reject" => "a table of conditions, each with the reason",
                _ => "a table of columns, each with its expression",
            };
            return Err(self.unfit(value.span(), section, None, format!("expected {form}")));
        };
        match section {
            "where" => self.only("", entries),
            _ => {
                for (key, value) in in_order(entries) {
                    let name = key.get_ref().to_string();
                    let text = self.text(section, Some(&name), value)?;
                    self.spans.push((section, Some(name.clone()), key.span()));
                    match section {
                        "reject" => self.source.reject.push((name, text)),
                        "key" => self.source.key.push((name, text)),
                        _ => self.source.keep.push((name, text)),
                    }
                }
                Ok(())
            }
        }
    }

    /// The conditions of `where`. A dotted key without quotes is a table in a table.
    fn only(&mut self, outer: &str, entries: &DeTable<'_>) -> Result<(), JobError> {
        for (key, value) in in_order(entries) {
            let path = match outer {
                "" => key.get_ref().to_string(),
                outer => format!("{outer}.{}", key.get_ref()),
            };
            let values: Vec<_> = match value.get_ref() {
                DeValue::Table(inner) => {
                    self.only(&path, inner)?;
                    continue;
                }
                DeValue::Array(values) => values.iter().collect(),
                _ => vec![value],
            };
            let scalars = values.into_iter().map(|value| {
                scalar(value.get_ref()).ok_or_else(|| {
                    let problem = "expected text, a number or a boolean, or a list of these";
                    self.unfit(value.span(), "where", Some(&path), problem.to_owned())
                })
            });
            let any_of = scalars.collect::<Result<_, _>>()?;
            self.spans.push(("where", Some(path.clone()), key.span()));
            self.source.only.push((path, any_of));
        }
        Ok(())
    }

    /// An expression: text, or a function with its field as in `{ day_of = "ts" }`.
    fn text(
        &self,
        section: &'static str,
        name: Option<&str>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<String, JobError> {
        match value.get_ref() {
            DeValue::String(text) => return Ok(text.to_string()),
            DeValue::Table(call) if matches!(section, "key" | "keep") && call.len() == 1 => {
                if let Some((function, DeValue::String(field))) = call
                    .iter()
                    .next()
                    .map(|(function, field)| (function.get_ref(), field.get_ref()))
                {
                    return Ok(format!("{function}({field})"));
                }
            }
            _ => {}
        }
        let problem = match section {
            "key" => "expected text, such as \"page_id\" or \"day_of(ts)\"",
            "keep" => "expected text, such as \"sum(duration_ms)\"",
            "reject" => "expected the reason as text",
            _ => "expected a field as text, such as \"ts\"",
        };
        Err(self.unfit(value.span(), section, name, problem.to_owned()))
    }

    fn unfit(
        &self,
        span: Range<usize>,
        section: &'static str,
        name: Option<&str>,
        problem: String,
    ) -> JobError {
        let entry = name.map_or_else(String::new, |name| format!(".{name}"));
        JobError::Value {
            origin: Origin::File(self.at.place(Some(span))),
            key: format!("pipeline.{section}{entry}"),
            problem,
        }
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The entries of a table in the order of the file: that of the columns.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(Key<'a, 'i>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn find<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    let mut entries = table.iter();
    entries
        .find(|(key, _)| key.get_ref() == name)
        .map(|(_, value)| value)
}

fn find_key<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<Key<'a, 'i>> {
    table.keys().find(|key| key.get_ref() == name)
}
