//! What the key of an object says of its records, in the place of what they lack.
//!
//! A path of one name that a record lacks is that column of its object's key, as if the record had the value: a
//! string, a number, a boolean, in JSON. So whatever holds of a record's own values holds of these.

use super::column::Misfit;
use super::json::{Span, only_name};
use super::plan::Plan;
use crate::schema::{Encoding, Kind};
use crate::source::KeyFields;

/// The value at `path` that the key of an object has for all its records, as JSON: what an input of that `kind`
/// takes, if the text of the column can be that; `None` if the key has no such column.
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

/// Whether it is a date without hyphens.
fn is_compact(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number as it is, but for zeros in front, as in `hour=05`; anything else is a string.
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

/// Why a value of a key is refused.
pub(super) fn misfit(Misfit(reason): Misfit) -> Misfit {
    Misfit(format!("in the key of its object: {reason}"))
}

/// All of a JSON value that stands alone.
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

/// What the key of the object that is being read says, for each input and each condition.
pub(super) struct PlannedKeyFields {
    pub(super) topic: Option<String>,
    pub(super) partition: Option<i32>,
    /// The offset of the record of ordinal 0, which is 0 where the key names none; `None` where that of the others does
    /// not follow from it.
    pub(super) first_offset: Option<i64>,
    /// The values of inputs that are paths, as JSON.
    pub(super) inputs: Vec<Option<Vec<u8>>>,
    /// The values that conditions look at, as JSON.
    pub(super) conditions: Vec<Option<Vec<u8>>>,
}

impl PlannedKeyFields {
    /// What a key says of what `plan` wants.
    pub(super) fn of(key_fields: Option<&KeyFields>, plan: &Plan) -> Option<Box<Self>> {
        let key_fields = key_fields?;
        let inputs = plan.inputs.iter().map(|input| {
            let path = plan.within_value(input.path.as_deref()?);
            column(key_fields, path, input.kind, input.encoding)
        });
        let conditions = plan.only.iter().map(|condition| {
            // Of whatever kind it is elsewhere, a condition looks at its text.
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
