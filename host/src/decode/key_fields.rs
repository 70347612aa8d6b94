//! Values that the key of an object has for all of its records, in place of values that a record lacks.
//!
//! If a record lacks the value at a path of one name, and the key has a column of that name, the value of that column
//! counts as the record's own: a JSON string, number or boolean, to which all rules for values apply.

use super::column::Misfit;
use super::json::{Span, only_name};
use super::plan::Plan;
use crate::schema::{Encoding, Kind};
use crate::source::KeyFields;

/// The value at `path` that the key of an object has for all of its records, as JSON of the type that an input of
/// `kind` takes, or as a string if the text is not of that type; `None` if the key has no such column.
pub(super) fn column(
    key_fields: &KeyFields,
    path: &str,
    kind: Kind,
    encoding: Encoding,
) -> Option<Vec<u8>> {
    let Some(text) = key_fields.columns.get(&only_name(path)?)? else {
        return Some(b"null".to_vec());
    };
    Some(match kind {
        Kind::Int64 | Kind::Float64 => number(text),
        Kind::Timestamp if encoding != Encoding::Standard => number(text),
        Kind::Date if is_compact(text) => {
            string(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
        }
        Kind::Boolean if text.eq_ignore_ascii_case("true") => b"true".to_vec(),
        Kind::Boolean if text.eq_ignore_ascii_case("false") => b"false".to_vec(),
        _ => string(text),
    })
}

/// Whether `text` is a date without hyphens, such as `20260503`.
fn is_compact(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number without its leading zeros, as in `hour=05`; any other text as a string.
fn number(text: &str) -> Vec<u8> {
    let (minus, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let kept = digits.trim_start_matches('0');
    let is_whole = kept.starts_with(|c: char| c.is_ascii_digit());
    let kept = if is_whole {
        kept.to_owned()
    } else if kept.len() < digits.len() {
        format!("0{kept}")
    } else {
        return string(text);
    };
    let number = format!("{minus}{kept}");
    match serde_json::from_str::<&serde_json::value::RawValue>(&number) {
        Ok(_) => number.into_bytes(),
        Err(_) => string(text),
    }
}

/// Adds to the reason of a rejection that the value is part of the key.
pub(super) fn misfit(Misfit(reason): Misfit) -> Misfit {
    Misfit(format!("in the key of its object: {reason}"))
}

/// The span of a whole JSON text.
pub(super) fn whole(json: &[u8]) -> Span {
    Span {
        start: 0,
        // A key is far shorter than 4 GiB.
        end: json.len() as u32,
        escaped: json.contains(&b'\\'),
    }
}

fn string(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}

/// The values of an object's key, for each input and each condition.
pub(super) struct PlannedKeyFields {
    pub(super) topic: Option<String>,
    pub(super) partition: Option<i32>,
    /// The offset of the record with ordinal 0, which is 0 if the key has none; `None` if the offsets of the records
    /// are not consecutive.
    pub(super) first_offset: Option<i64>,
    /// A value per input, as JSON; `None` for an input that is not a path, and if the key has no such column.
    pub(super) inputs: Vec<Option<Vec<u8>>>,
    /// A value per condition, as JSON; `None` if the key has no such column.
    pub(super) conditions: Vec<Option<Vec<u8>>>,
}

impl PlannedKeyFields {
    /// The values of a key for the inputs and conditions of `plan`.
    pub(super) fn of(key_fields: Option<&KeyFields>, plan: &Plan) -> Option<Box<Self>> {
        let key_fields = key_fields?;
        let inputs = plan.inputs.iter().map(|input| {
            let path = plan.within_value(input.path.as_deref()?);
            column(key_fields, path, input.kind, input.encoding)
        });
        let conditions = plan.only.iter().map(|condition| {
            // A condition compares the text of a value, whatever the kind of an input at the same path.
            column(
                key_fields,
                plan.within_value(&condition.path),
                Kind::Utf8,
                Encoding::Standard,
            )
        });
        Some(Box::new(PlannedKeyFields {
            topic: key_fields.topic.clone(),
            partition: key_fields.partition,
            first_offset: (!key_fields.scattered).then(|| key_fields.offset.unwrap_or(0)),
            inputs: inputs.collect(),
            conditions: conditions.collect(),
        }))
    }
}
