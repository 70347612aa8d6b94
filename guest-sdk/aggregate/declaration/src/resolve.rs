//! The types of fields, from the places where they are used.

use crate::error::{Entry, Error};
use crate::expression::Field;
use crate::field::{Encoding, Kind, Origin, Written, name_of};
use crate::{Input, names};

/// What a use of a field asks of its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The types that it takes, the one that it takes where nothing else is said first.
    pub(crate) kinds: &'static [Kind],
    /// How it is said in an error: "`sum` takes", "a key is".
    pub(crate) said: &'static str,
}

/// The fields of a declaration, each once, with all their uses.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Vec<Used>,
}

#[derive(Debug)]
struct Used {
    origin: Origin,
    nullable: bool,
    written: Option<(Written, Entry)>,
    uses: Vec<(Entry, Wanted)>,
}

impl Fields {
    /// Counts a use of a field, and returns the field's number.
    ///
    /// # Errors
    /// If the field was written with another type before.
    pub(crate) fn add(
        &mut self,
        field: &Field,
        entry: &Entry,
        wanted: Wanted,
    ) -> Result<usize, Error> {
        let known = self
            .fields
            .iter()
            .position(|used| used.origin == field.origin);
        let number = known.unwrap_or_else(|| {
            self.fields.push(Used {
                origin: field.origin.clone(),
                nullable: field.origin.may_lack(),
                written: None,
                uses: Vec::new(),
            });
            self.fields.len() - 1
        });
        let used = &mut self.fields[number];
        used.nullable |= field.nullable;
        used.uses.push((entry.clone(), wanted));
        match (&used.written, field.written) {
            (Some((before, place)), Some(now)) if *before != now => {
                let problem = format!(
                    "`{}` is {} here, and {} in {place}; a field has one type in a declaration",
                    used.origin,
                    name_of(now),
                    name_of(*before)
                );
                return Err(Error::new(entry.clone(), problem));
            }
            (None, Some(now)) => used.written = Some((now, entry.clone())),
            _ => {}
        }
        Ok(number)
    }

    /// The field whose value may not be missing.
    pub(crate) fn is_nullable(&self, field: usize) -> bool {
        self.fields[field].nullable
    }

    /// The types of all fields.
    ///
    /// # Errors
    /// If a field is used in places that have no type in common.
    pub(crate) fn resolve(self) -> Result<Vec<Input>, Error> {
        let names = names::of_inputs(self.fields.iter().map(|used| &used.origin));
        self.fields
            .iter()
            .zip(names)
            .map(|(used, name)| {
                let (kind, encoding) = used.resolve()?;
                Ok(Input {
                    name,
                    origin: used.origin.clone(),
                    kind,
                    encoding,
                    nullable: used.nullable,
                })
            })
            .collect()
    }
}

impl Used {
    fn resolve(&self) -> Result<Written, Error> {
        let given = self.origin.kinds();
        let mut possible: Vec<Kind> = match (&self.written, given) {
            (Some(((kind, _), entry)), [_, ..]) if !given.contains(kind) => {
                let problem = format!("`{}` is {}", self.origin, listed(given));
                return Err(Error::new(entry.clone(), problem));
            }
            (Some(((kind, _), _)), _) => vec![*kind],
            (None, []) => PATH_KINDS.to_vec(),
            (None, given) => given.to_vec(),
        };
        for (at, (entry, wanted)) in self.uses.iter().enumerate() {
            let before = possible.clone();
            possible.retain(|kind| wanted.kinds.contains(kind));
            if possible.is_empty() {
                let because = match (&self.written, at) {
                    (Some((written, place)), _) => {
                        format!("`{}` is {} in {place}", self.origin, name_of(*written))
                    }
                    (None, 0) => format!("`{}` is {}", self.origin, listed(&before)),
                    (None, _) => {
                        let places: Vec<_> = self.uses[..at]
                            .iter()
                            .map(|(entry, _)| entry.to_string())
                            .collect();
                        let said = format!("`{}` is {}", self.origin, listed(&before));
                        format!("{said} by its use in {}", places.join(", "))
                    }
                };
                let problem = format!("{} {}, but {because}", wanted.said, listed(wanted.kinds));
                return Err(Error::new(entry.clone(), problem));
            }
        }
        if let Some((written, _)) = self.written {
            return Ok(written);
        }
        // Of the types that the uses take where nothing is said, the one that says most of the value.
        let defaults = self.uses.iter().map(|(_, wanted)| wanted.kinds[0]);
        let kind = defaults
            .filter(|kind| possible.contains(kind))
            .min_by_key(|kind| RANK.iter().position(|ranked| ranked == kind))
            .unwrap_or(possible[0]);
        Ok((kind, Encoding::Standard))
    }
}

const PATH_KINDS: [Kind; 7] = [
    Kind::Utf8,
    Kind::Int64,
    Kind::Float64,
    Kind::Boolean,
    Kind::Timestamp,
    Kind::Date,
    Kind::Binary,
];

const RANK: [Kind; 5] = [
    Kind::Timestamp,
    Kind::Boolean,
    Kind::Int64,
    Kind::Utf8,
    Kind::Float64,
];

/// `int64`, `int64 or float64`, `utf8, int64 or date`.
fn listed(kinds: &[Kind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => "nothing".to_owned(),
    }
}
