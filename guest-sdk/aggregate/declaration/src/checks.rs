//! From a declaration as it is written to one that makes sense.

use crate::condition;
use crate::error::{Entry, Error};
use crate::expression::{self, Call, Field, When};
use crate::field::Kind;
use crate::function::{AGGREGATES, Aggregate, Period};
use crate::resolve::{Fields, Wanted};
use crate::{Declaration, Kept, KeyColumn, Only, Reject, Source, names};

/// The most columns of a key.
const MAX_KEYS: usize = 16;

const TIME: Wanted = Wanted {
    kinds: &[Kind::Timestamp],
    said: "a time is of type",
};
const KEY: Wanted = Wanted {
    kinds: &[
        Kind::Utf8,
        Kind::Int64,
        Kind::Boolean,
        Kind::Timestamp,
        Kind::Date,
        Kind::Binary,
    ],
    said: "a key is of type",
};
const ANY: Wanted = Wanted {
    kinds: &[
        Kind::Utf8,
        Kind::Int64,
        Kind::Float64,
        Kind::Boolean,
        Kind::Timestamp,
        Kind::Date,
        Kind::Binary,
    ],
    said: "the value is of type",
};
const COUNTABLE: Wanted = Wanted {
    kinds: &[
        Kind::Utf8,
        Kind::Int64,
        Kind::Float64,
        Kind::Timestamp,
        Kind::Date,
        Kind::Binary,
    ],
    said: "`distinct` takes",
};
const SUMMAND: Wanted = Wanted {
    kinds: &[Kind::Int64, Kind::Float64],
    said: "`sum` takes",
};
const EXTREME: Wanted = Wanted {
    kinds: &[Kind::Int64, Kind::Float64, Kind::Timestamp, Kind::Date],
    said: "`min` and `max` take",
};
const LOGIC: Wanted = Wanted {
    kinds: &[Kind::Boolean],
    said: "`any` and `all` take",
};
const NUMBER: Wanted = Wanted {
    kinds: &[Kind::Float64, Kind::Int64],
    said: "`quantile` takes",
};

/// A condition under which records are rejected: its entry, the number of its field, and the reason.
type Rejects = (Entry, (usize, When), String);

/// An entry with the number of its condition's field.
type Pending = Option<(usize, When)>;

impl Source {
    /// Parses the declaration, and resolves the types of its fields.
    ///
    /// # Errors
    /// The entry at fault, and why it makes no sense.
    pub fn check(&self) -> Result<Declaration, Error> {
        if self.key.is_empty() {
            return Err(missing("key", "day = \"day_of(ts)\""));
        }
        if self.keep.is_empty() {
            return Err(missing("keep", "events = \"count\""));
        }
        if let Some((name, _)) = self.key.get(MAX_KEYS) {
            let problem = format!("a key has at most {MAX_KEYS} columns");
            return Err(Error::new(Entry::Key(name.clone()), problem));
        }
        let mut fields = Fields::default();
        let event_time = self.event_time(&mut fields)?;
        let reject = self.rejects(&mut fields)?;
        let keys = self.keys(&mut fields)?;
        let keep = self.kept(&mut fields, event_time)?;
        if event_time.is_some_and(|at| fields.is_nullable(at)) {
            let problem =
                "the event time may not be missing: it stands with a `?`, here or in another place";
            return Err(Error::new(Entry::EventTime, problem));
        }
        let inputs = fields.resolve()?;

        let reject = reject
            .into_iter()
            .map(|(entry, pending, reason)| {
                let when = condition::resolve(&entry, pending, &inputs)?;
                Ok(Reject { when, reason })
            })
            .collect::<Result<_, Error>>()?;
        let mut kept = Vec::new();
        for (entry, name, aggregate, pending) in keep {
            let when = pending
                .map(|pending| condition::resolve(&entry, pending, &inputs))
                .transpose()?;
            kept.push(Kept {
                name,
                aggregate,
                when,
            });
        }
        let declaration = Declaration {
            only: self.only()?,
            reject,
            event_time,
            keys,
            keep: kept,
            inputs,
        };
        declaration.check_names()?;
        Ok(declaration)
    }

    fn only(&self) -> Result<Vec<Only>, Error> {
        let only = self.only.iter().map(|(path, any_of)| {
            let entry = || Entry::Where(path.clone());
            if path.is_empty() {
                return Err(Error::new(entry(), "a path has at least one character"));
            }
            if any_of.is_empty() {
                return Err(Error::new(entry(), "it needs at least one value"));
            }
            Ok(Only {
                path: path.clone(),
                any_of: any_of.clone(),
            })
        });
        only.collect()
    }

    fn event_time(&self, fields: &mut Fields) -> Result<Option<usize>, Error> {
        let Some(text) = &self.event_time else {
            return Ok(None);
        };
        let at = |problem| Error::new(Entry::EventTime, problem);
        let field = expression::field(text).map_err(at)?;
        fields.add(&field, &Entry::EventTime, TIME).map(Some)
    }

    fn rejects(&self, fields: &mut Fields) -> Result<Vec<Rejects>, Error> {
        let mut rejects = Vec::new();
        for (condition, reason) in &self.reject {
            let entry = Entry::Reject(condition.clone());
            let when = expression::when(condition)
                .map_err(|problem| Error::new(entry.clone(), problem))?;
            if reason.trim().is_empty() {
                return Err(Error::new(
                    entry,
                    "it needs a reason, which the quarantine names",
                ));
            }
            let pending = condition::add(fields, &entry, when)?;
            rejects.push((entry, pending, reason.clone()));
        }
        Ok(rejects)
    }

    fn keys(&self, fields: &mut Fields) -> Result<Vec<KeyColumn>, Error> {
        let mut keys = Vec::new();
        for (name, text) in &self.key {
            let entry = Entry::Key(name.clone());
            let at = |problem| Error::new(entry.clone(), problem);
            let (input, period) = match expression::key(text).map_err(at)? {
                expression::Key::Field(field) => (fields.add(&field, &entry, KEY)?, None),
                expression::Key::Call(call) => {
                    let period = Period::named(&call.function).map_err(at)?;
                    let [field] = call.arguments.as_slice() else {
                        return Err(at(format!("`{}` takes one field", call.function)));
                    };
                    (fields.add(field, &entry, TIME)?, Some(period))
                }
            };
            keys.push(KeyColumn {
                name: name.clone(),
                input,
                period,
            });
        }
        Ok(keys)
    }

    fn kept(
        &self,
        fields: &mut Fields,
        event_time: Option<usize>,
    ) -> Result<Vec<(Entry, String, Aggregate, Pending)>, Error> {
        let mut kept = Vec::new();
        for (name, text) in &self.keep {
            let entry = Entry::Keep(name.clone());
            let parsed =
                expression::keep(text).map_err(|problem| Error::new(entry.clone(), problem))?;
            let aggregate = aggregate(fields, &entry, &parsed.call, event_time)?;
            let when = parsed
                .when
                .map(|when| condition::add(fields, &entry, when))
                .transpose()?;
            kept.push((entry, name.clone(), aggregate, when));
        }
        Ok(kept)
    }
}

fn missing(what: &str, example: &str) -> Error {
    let problem = format!("the declaration has no `{what}`, such as {what} = {{ {example} }}");
    Error::new(Entry::Whole, problem)
}

fn aggregate(
    fields: &mut Fields,
    entry: &Entry,
    call: &Call,
    event_time: Option<usize>,
) -> Result<Aggregate, Error> {
    let at = |problem: String| Error::new(entry.clone(), problem);
    let name = call.function.as_str();
    if !AGGREGATES.contains(&name) {
        let advice = match name {
            "avg" | "mean" | "average" => {
                "; keep a sum and a count, and divide where the table is read"
            }
            _ => "",
        };
        return Err(at(format!(
            "`{name}` is no function of `keep`; these are: {}{advice}",
            AGGREGATES.join(", ")
        )));
    }
    let takes = |what: &str| at(format!("`{name}` takes {what}"));
    let mut add = |field: &Field, wanted| fields.add(field, entry, wanted);
    Ok(match (name, call.arguments.as_slice()) {
        ("count", []) => Aggregate::Count(None),
        ("count", [field]) => Aggregate::Count(Some(add(field, ANY)?)),
        ("count", _) => return Err(takes("no field or one")),
        ("sum", [field]) => Aggregate::Sum(add(field, SUMMAND)?),
        ("min", [field]) => Aggregate::Min(add(field, EXTREME)?),
        ("max", [field]) => Aggregate::Max(add(field, EXTREME)?),
        ("any", [field]) => Aggregate::Any(add(field, LOGIC)?),
        ("all", [field]) => Aggregate::All(add(field, LOGIC)?),
        ("distinct", [field]) => Aggregate::Distinct(add(field, COUNTABLE)?),
        ("first" | "last", [field, rest @ ..]) if rest.len() < 2 => {
            let value = add(field, ANY)?;
            let time = match (rest.first(), event_time) {
                (Some(time), _) => add(time, TIME)?,
                (None, Some(time)) => time,
                (None, None) => {
                    return Err(at(format!(
                        "`{name}` needs a time: declare `event_time`, or name the field of the time as in `{name}({}, \
                         updated_at)`",
                        field.origin
                    )));
                }
            };
            match name {
                "first" => Aggregate::First { value, at: time },
                _ => Aggregate::Last { value, at: time },
            }
        }
        ("first" | "last", _) => {
            return Err(takes(
                "a field, and the field of its time if that is not the event time",
            ));
        }
        ("quantile", [field, rest @ ..]) if !rest.is_empty() => {
            let mut quantiles = Vec::new();
            for quantile in rest {
                let number = quantile.number().filter(|q| (0.0..=1.0).contains(q));
                quantiles.push(number.ok_or_else(|| {
                    takes(&format!(
                        "quantiles from 0 to 1, such as 0.95; `{}` is none",
                        quantile.origin
                    ))
                })?);
            }
            Aggregate::Quantile {
                value: add(field, NUMBER)?,
                quantiles,
            }
        }
        ("quantile", _) => return Err(takes("a field and one quantile or more, such as 0.95")),
        _ => return Err(takes("one field")),
    })
}

impl Declaration {
    fn check_names(&self) -> Result<(), Error> {
        let mut columns = Vec::new();
        for (column, key) in self.key_columns().into_iter().zip(&self.keys) {
            columns.push((column, Entry::Key(key.name.clone())));
        }
        for kept in &self.keep {
            let of = self.state_columns(kept).into_iter();
            for column in of.chain(self.view_columns(kept)) {
                columns.push((column, Entry::Keep(kept.name.clone())));
            }
        }
        names::unique(columns.iter().map(|(column, entry)| (column, entry)))
    }
}
