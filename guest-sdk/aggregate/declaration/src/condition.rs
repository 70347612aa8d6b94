//! Conditions: the type that their values imply, and the test in that type.

use crate::error::{Entry, Error};
use crate::expression::{Literal, When};
use crate::field::Kind;
use crate::resolve::{Fields, Wanted};
use crate::{Comparison, Condition, Input, Test};

/// Counts the field of a condition, whose type the values imply.
pub(crate) fn add(fields: &mut Fields, entry: &Entry, when: When) -> Result<(usize, When), Error> {
    let all = |test: fn(&Literal) -> bool| when.literals.iter().all(test);
    let is_integer = |literal: &Literal| !literal.is_quoted && literal.text.parse::<i64>().is_ok();
    let is_number = |literal: &Literal| !literal.is_quoted && finite(&literal.text).is_some();
    let is_boolean = |literal: &Literal| !literal.is_quoted && literal.text.parse::<bool>().is_ok();
    let is_equality = matches!(when.comparison, Comparison::Equal | Comparison::NotEqual);
    let kinds: &[Kind] = match is_equality {
        true if all(is_integer) => &[Kind::Int64, Kind::Float64, Kind::Utf8],
        true if all(is_number) => &[Kind::Float64, Kind::Utf8],
        true if all(is_boolean) => &[Kind::Boolean, Kind::Utf8],
        true => &[Kind::Utf8],
        false if all(is_integer) => &[Kind::Int64, Kind::Float64],
        false if all(is_number) => &[Kind::Float64],
        false => {
            let problem = "`<`, `<=`, `>` and `>=` compare with a number";
            return Err(Error::new(entry.clone(), problem));
        }
    };
    if !is_equality && when.literals.len() > 1 {
        let problem = "only `=` and `!=` take several values";
        return Err(Error::new(entry.clone(), problem));
    }
    let wanted = Wanted {
        kinds,
        said: "this comparison takes",
    };
    let input = fields.add(&when.field, entry, wanted)?;
    Ok((input, when))
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The condition in the type of its field.
pub(crate) fn resolve(
    entry: &Entry,
    (input, when): (usize, When),
    inputs: &[Input],
) -> Result<Condition, Error> {
    let texts = when.literals.iter().map(|literal| literal.text.as_str());
    let negated = when.comparison == Comparison::NotEqual;
    let unfit = |kind: Kind| {
        let problem = format!(
            "`{}` is of type {kind}, with which this value cannot be compared",
            when.field.origin
        );
        Error::new(entry.clone(), problem)
    };
    let test = match inputs[input].kind {
        Kind::Utf8 => Test::Text {
            any_of: texts.map(str::to_owned).collect(),
            negated,
        },
        Kind::Boolean => match when.literals.as_slice() {
            [one] => Test::Boolean((one.text == "true") != negated),
            _ => {
                return Err(Error::new(
                    entry.clone(),
                    "a boolean compares with one value",
                ));
            }
        },
        kind @ Kind::Int64 => {
            let numbers = texts.map(|text| text.parse().map_err(|_| unfit(kind)));
            Test::Int64(when.comparison, numbers.collect::<Result<_, _>>()?)
        }
        kind @ Kind::Float64 => {
            let numbers = texts.map(|text| finite(text).ok_or_else(|| unfit(kind)));
            Test::Float64(when.comparison, numbers.collect::<Result<_, _>>()?)
        }
        kind => return Err(unfit(kind)),
    };
    Ok(Condition { input, test })
}
