//! The sample of a generated project: events of the job's own archive, with no more than the fields that the pipeline
//! reads, or events that are made up.

use backfold_declaration::{Comparison, Condition, Encoding, Input, Kind, Only, Origin, Test};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::DateTime;
use serde_json::{Map, Value};

use super::outline::Outline;
use super::seen::microseconds;
use crate::row_json::Row;

/// The number of events that are made up.
const MADE_UP: usize = 20;

/// 2026-01-03T08:15:00Z, in microseconds.
const BEGINS: i64 = 1_767_428_100_000_000;

/// A bit over seven hours: events of several days.
const STEP: i64 = 26_000_250_000;

/// The sample as lines of JSON: these events, or some that are made up; one for each reason to reject; and one that is
/// passed over, if any is.
pub(super) fn lines(outline: &Outline<'_>, taken: &[Row]) -> String {
    let declaration = outline.declaration;
    let mut events: Vec<Event> = taken
        .iter()
        .filter_map(|row| Event::taken(outline, row))
        .collect();
    if events.is_empty() {
        events = (0..MADE_UP)
            .map(|number| Event::made_up(outline, number))
            .collect();
    }
    for (number, event) in events.iter_mut().enumerate() {
        event.meet(&declaration.only, &declaration.inputs, number);
    }
    let mut others = Vec::new();
    for reject in &declaration.reject {
        let input = outline.input(reject.when.input);
        let values = candidates(outline, reject.when.input).into_iter();
        let rejected = values
            .chain(["other".into()])
            .find(|value| meets(&reject.when.test, value));
        if let (Origin::Path(path), Some(value)) = (&input.origin, rejected) {
            let mut event = events[0].clone();
            event.set(path, value);
            others.push(event);
        }
    }
    if let Some(only) = declaration.only.first() {
        let mut other = "other".to_owned();
        while only.any_of.contains(&other) {
            other.push('-');
        }
        let mut event = events[0].clone();
        event.set(&only.path, other.into());
        others.push(event);
    }
    let lines = events.into_iter().chain(others);
    lines
        .map(|event| Value::Object(event.0).to_string() + "\n")
        .collect()
}

#[derive(Clone)]
struct Event(Map<String, Value>);

impl Event {
    /// An event of the archive; `None` where JSON cannot say one of its values.
    fn taken(outline: &Outline<'_>, row: &Row) -> Option<Event> {
        let mut event = Event(Map::new());
        for input in &outline.declaration.inputs {
            let value = row.get(&input.name).unwrap_or(&Value::Null);
            if let (Origin::Path(path), false) = (&input.origin, value.is_null()) {
                event.set(path, written(input, value)?);
            }
        }
        Some(event)
    }

    fn made_up(outline: &Outline<'_>, number: usize) -> Event {
        let mut event = Event(Map::new());
        for (place, input) in outline.declaration.inputs.iter().enumerate() {
            let Origin::Path(path) = &input.origin else {
                continue;
            };
            if input.nullable && (number + place) % 4 == 3 {
                continue;
            }
            let value = match input.kind {
                Kind::Timestamp => instant(BEGINS + STEP * number as i64 + place as i64),
                _ => {
                    let mut values = candidates(outline, place);
                    let rejects = outline.declaration.reject.iter();
                    let rejects: Vec<_> = rejects
                        .filter(|reject| reject.when.input == place)
                        .collect();
                    let is_accepted = |value: &Value| {
                        !rejects.iter().any(|reject| meets(&reject.when.test, value))
                    };
                    if values.iter().any(is_accepted) {
                        values.retain(is_accepted);
                    }
                    values[(number * (place + 1) + number / 3) % values.len()].clone()
                }
            };
            if let Some(value) = written(input, &value) {
                event.set(path, value);
            }
        }
        event
    }

    /// Gives the event values with which it is not passed over, where it has none of its own.
    fn meet(&mut self, only: &[Only], inputs: &[Input], number: usize) {
        for only in only {
            let is_read =
                |input: &&Input| matches!(&input.origin, Origin::Path(path) if *path == only.path);
            let kind = inputs.iter().find(is_read).map(|input| input.kind);
            let has = self.get(&only.path).map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            if has.is_some_and(|has| only.any_of.contains(&has)) {
                continue;
            }
            let text = &only.any_of[number % only.any_of.len()];
            let value = match kind {
                Some(Kind::Boolean | Kind::Int64 | Kind::Float64) => {
                    serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
                }
                _ => text.as_str().into(),
            };
            self.set(&only.path, value);
        }
    }

    fn get(&self, path: &str) -> Option<&Value> {
        let names = names(path);
        let (last, outer) = names.split_last()?;
        let mut within = &self.0;
        for name in outer {
            within = within.get(name)?.as_object()?;
        }
        within.get(last)
    }

    /// Sets the value at a path. A path through a value that is no object sets nothing.
    fn set(&mut self, path: &str, value: Value) {
        let names = names(path);
        let Some((last, outer)) = names.split_last() else {
            return;
        };
        let mut within = &mut self.0;
        for name in outer {
            let inner = within
                .entry(name.as_str())
                .or_insert_with(|| Map::new().into());
            let Some(inner) = inner.as_object_mut() else {
                return;
            };
            within = inner;
        }
        within.insert(last.clone(), value);
    }
}

/// The names of a path: cut at dots, except where a backslash stands before one.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match (character, names.last_mut()) {
            ('.', _) => names.push(String::new()),
            ('\\', Some(name)) => name.extend(characters.next()),
            (other, Some(name)) => name.push(other),
            (_, None) => {}
        }
    }
    names
}

/// Values of a field, those first with which its conditions compare.
fn candidates(outline: &Outline<'_>, place: usize) -> Vec<Value> {
    let declaration = outline.declaration;
    let of_rejects = declaration.reject.iter().map(|reject| &reject.when);
    let of_kept = declaration
        .keep
        .iter()
        .filter_map(|kept| kept.when.as_ref());
    let conditions = of_rejects.chain(of_kept).filter(|when| when.input == place);
    let mut values: Vec<Value> = Vec::new();
    for Condition { test, .. } in conditions {
        match test {
            Test::Text { any_of, .. } => {
                values.extend(any_of.iter().map(|text| text.as_str().into()))
            }
            Test::Boolean(_) => {}
            Test::Int64(_, numbers) => {
                for number in numbers {
                    let near = [*number, number.saturating_sub(1), number.saturating_add(1)];
                    values.extend(near.map(Value::from));
                }
            }
            Test::Float64(_, numbers) => {
                values.extend(
                    numbers
                        .iter()
                        .flat_map(|number| [*number, number - 1.0, number + 1.0])
                        .map(Value::from),
                );
            }
        }
    }
    let input = outline.input(place);
    values.extend(match input.kind {
        Kind::Boolean => vec![true.into(), false.into(), true.into()],
        Kind::Int64 => [7, 42, 1200, 350].map(Value::from).to_vec(),
        Kind::Float64 => [0.25, 12.5, 3.75, 100.1].map(Value::from).to_vec(),
        Kind::Timestamp => vec![instant(BEGINS)],
        Kind::Date => (1..=4)
            .map(|day| format!("2026-01-{day:02}").into())
            .collect(),
        Kind::Binary => (1..=4_u8)
            .map(|byte| BASE64.encode([byte, 255 - byte]).into())
            .collect(),
        Kind::Utf8 | Kind::Json => ["a", "b", "c"]
            .map(|end| format!("{}-{end}", input.name).into())
            .to_vec(),
    });
    values
}

fn instant(microseconds: i64) -> Value {
    let at = DateTime::from_timestamp_micros(microseconds).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        .into()
}

/// Whether a value meets a test.
fn meets(test: &Test, value: &Value) -> bool {
    match test {
        Test::Text { any_of, negated } => value
            .as_str()
            .is_some_and(|value| any_of.iter().any(|text| text == value) != *negated),
        Test::Boolean(wanted) => value.as_bool() == Some(*wanted),
        Test::Int64(comparison, numbers) => value
            .as_i64()
            .is_some_and(|value| compares(value, *comparison, numbers)),
        Test::Float64(comparison, numbers) => value
            .as_f64()
            .is_some_and(|value| compares(value, *comparison, numbers)),
    }
}

fn compares<T: PartialOrd + Copy>(value: T, comparison: Comparison, numbers: &[T]) -> bool {
    let first = |compare: fn(&T, &T) -> bool| {
        numbers
            .first()
            .is_some_and(|number| compare(&value, number))
    };
    match comparison {
        Comparison::Equal => numbers.contains(&value),
        Comparison::NotEqual => !numbers.contains(&value),
        Comparison::Less => first(T::lt),
        Comparison::AtMost => first(T::le),
        Comparison::Greater => first(T::gt),
        Comparison::AtLeast => first(T::ge),
    }
}

/// A value of a column in the form that the field has in JSON; `None` where it has none.
fn written(input: &Input, value: &Value) -> Option<Value> {
    let since_1970 = |unit: i64| Some(microseconds(value)?.div_euclid(unit).into());
    match (input.kind, input.encoding) {
        (Kind::Timestamp, Encoding::EpochSeconds) => since_1970(1_000_000),
        (Kind::Timestamp, Encoding::EpochMilliseconds) => since_1970(1_000),
        (Kind::Timestamp, Encoding::EpochMicroseconds) => since_1970(1),
        (Kind::Timestamp, Encoding::EpochNanoseconds) => {
            Some(microseconds(value)?.checked_mul(1_000)?.into())
        }
        (Kind::Binary, Encoding::Hex) => {
            let bytes = BASE64.decode(value.as_str()?).ok()?;
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Some(digits.collect::<String>().into())
        }
        // Times and days beyond the calendar are numbers, and floats that are none are texts.
        (Kind::Timestamp | Kind::Date, _) => value.is_string().then(|| value.clone()),
        (Kind::Float64, _) => value.is_number().then(|| value.clone()),
        _ => Some(value.clone()),
    }
}
